"""How well alarms meet the incidents of a scenario: what was caught, how soon, and what was alarmed for nothing."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from probe import model, protocols
from probe.backtest import playing
from probe.standin import scenario as scenarios

if TYPE_CHECKING:
    from probe.config import schema

STEP = dt.timedelta(minutes=5)
WORSE_SHARE, WORSE_LATENCY = 0.10, 1.5
"""An incident is a stretch with so many more failing than usual, or so many times the usual latency."""

GRACE = dt.timedelta(minutes=30)
"""An alarm this soon after an incident is still its alarm: canaries sent within it are answered later."""


class Incident(NamedTuple):
    """A stretch in which a path truly is worse than usual."""

    path: model.Path
    begins: dt.datetime
    ends: dt.datetime


def incidents(config: "schema.Config", played: scenarios.Scenario) -> tuple[Incident, ...]:
    """Where a path truly is worse than its steady rows say: 10 points more failing, or 1.5 times as slow."""
    usual, found = dataclasses.replace(played, incidents=()), list[Incident]()
    for path in config.paths():
        order, begins, at = protocols.order(config, path), None, played.start
        while at <= played.end:
            bad = at < played.end and _worse(played, usual, path, order, at)
            if bad and begins is None:
                begins = at
            if not bad and begins is not None:
                found.append(Incident(path, begins, at))
                begins = None
            at += STEP
    return tuple(found)


def _worse(
    played: scenarios.Scenario, usual: scenarios.Scenario, path: model.Path, order: model.Order, at: dt.datetime
) -> bool:
    (failing, median_s), (before, before_s) = (_level(one, path, order, at) for one in (played, usual))
    return failing >= before + WORSE_SHARE or median_s >= WORSE_LATENCY * before_s


def _level(played: scenarios.Scenario, path: model.Path, order: model.Order, at: dt.datetime) -> tuple[float, float]:
    """Share of requests without a usable picture, and median latency, seconds."""
    now = scenarios.behaviour(played, *path, at, strength=0.5)
    delivered = now.delivers.judged(order) is model.Kind.OK
    return (1 - now.success if delivered else 1.0), now.latency.median_s * now.latency_factor


@dataclasses.dataclass(frozen=True, slots=True)
class Score:
    """What the runs showed, over all paths."""

    days: float
    canaries_per_day: float
    usd_per_day: float
    skipped_per_day: float
    incidents: int  # over all runs
    caught: int
    delays_s: tuple[float, ...]  # of those caught, ascending
    false_alarms_per_30_days: float

    @property
    def mean_delay_s(self) -> float | None:
        return sum(self.delays_s) / len(self.delays_s) if self.delays_s else None

    @property
    def delay_95_s(self) -> float | None:
        """So many seconds or fewer in 95 of 100 incidents that were caught."""
        return self.delays_s[min(len(self.delays_s) - 1, int(0.95 * len(self.delays_s)))] if self.delays_s else None


def score(played: Sequence[playing.Run], truth: Sequence[Incident], days: float) -> Score:
    """Compare alarms with the incidents of the scenario; an alarm outside every incident of its path is false."""
    delays, false_alarms = list[float](), 0
    for run in played:
        for incident in truth:
            delay_s = _delay_s(incident, run)
            if delay_s is not None:
                delays.append(delay_s)
        false_alarms += sum(not any(_belongs(alarm, one) for one in truth) for alarm in run.alarms)
    total = days * len(played)
    return Score(
        days=total,
        canaries_per_day=sum(run.canaries for run in played) / total,
        usd_per_day=sum(run.usd for run in played) / total,
        skipped_per_day=sum(run.skipped for run in played) / total,
        incidents=len(truth) * len(played),
        caught=len(delays),
        delays_s=tuple(sorted(delays)),
        false_alarms_per_30_days=30 * false_alarms / total,
    )


def _belongs(alarm: playing.Alarm, incident: Incident) -> bool:
    return alarm.path == incident.path and incident.begins <= alarm.raised_at <= incident.ends + GRACE


def _delay_s(incident: Incident, run: playing.Run) -> float | None:
    """From the incident's begin to its alarm, 0 where one was on already; None: missed."""
    for alarm in run.alarms:
        on = alarm.raised_at <= incident.begins and (alarm.cleared_at is None or alarm.cleared_at > incident.begins)
        if alarm.path == incident.path and on:
            return 0.0
        if _belongs(alarm, incident):
            return (alarm.raised_at - incident.begins).total_seconds()
    return None
