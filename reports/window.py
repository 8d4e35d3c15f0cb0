"""The facts of one period, read from history once; every section is a function of this and of nothing else."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from probe import model


class Series(StrEnum):
    """Outcomes that may be counted together. A rate is taken over one series, never over two."""

    SCHEDULED = "scheduled"  # on the fixed grid: an unbiased sample of time
    SIMULATED = "simulated"  # made up by a scenario
    EXTRA = "extra"  # sent because of what was seen before: never a rate
    OWN = "own traffic"


SERIES: Mapping[model.Trigger, Series] = MappingProxyType(
    {
        model.Trigger.SCHEDULED: Series.SCHEDULED,
        model.Trigger.BURST: Series.EXTRA,
        model.Trigger.RECOVERY: Series.EXTRA,
        model.Trigger.CHECK_FALLBACK: Series.EXTRA,
        model.Trigger.MANUAL: Series.EXTRA,
        model.Trigger.TRIAGE: Series.EXTRA,
        model.Trigger.OWN_TRAFFIC: Series.OWN,
        model.Trigger.SIMULATED: Series.SIMULATED,
    }
)


class Shot(NamedTuple):
    """One outcome, as little of it as reports need. `health`: counts for, against, or not at all (None)."""

    sent_at: dt.datetime
    trigger: model.Trigger
    kind: model.Kind
    detail: str
    health: bool | None
    excluded: model.Exclusion | None
    latency_s: float | None
    price_usd: float
    charged_usd: float | None
    billed: model.Billed

    @property
    def series(self) -> Series:
        return SERIES[self.trigger]

    @property
    def is_paid_canary(self) -> bool:
        """Did we send and pay for it ourselves?"""
        return self.series in {Series.SCHEDULED, Series.EXTRA}


@dataclasses.dataclass(frozen=True, slots=True)
class Degraded:
    """A stretch during which a path was degraded, with 90 % ranges of its ends; `end` None = still on at `until`."""

    start: dt.datetime
    start_range: tuple[dt.datetime, dt.datetime] | None = None
    end: dt.datetime | None = None
    end_range: tuple[dt.datetime, dt.datetime] | None = None
    failing: float | None = None  # estimated share failing within it


@dataclasses.dataclass(frozen=True, slots=True)
class PathFacts:
    """What is known of one path in the period."""

    path: model.Path
    price_usd: float | None = None  # list price; None: not in the config
    deadline_s: float | None = None
    usable_within_s: float | None = None
    target_success: float | None = None
    upstream: str = ""
    state: model.PathState | None = None  # as published by the daemon; None: never, or the period is past
    shots: tuple[Shot, ...] = ()  # by time sent
    degraded: tuple[Degraded, ...] = ()  # by time
    skips: Mapping[str, int] = dataclasses.field(default_factory=dict)  # scheduled slots not sent, by reason
    unknown_outcomes: int = 0  # sent (and counted as paid) but never heard of again

    def of(self, *series: Series) -> tuple[Shot, ...]:
        """The outcomes of these series."""
        return tuple(shot for shot in self.shots if shot.series in series)

    @property
    def rate_series(self) -> Series | None:
        """The one series a rate of this path may be taken over: scheduled canaries, else simulated; None: neither."""
        present = {shot.series for shot in self.shots}
        return next((series for series in (Series.SCHEDULED, Series.SIMULATED) if series in present), None)

    @property
    def sample(self) -> tuple[Shot, ...]:
        """The outcomes of `rate_series` that say something about the channel's health."""
        series = self.rate_series
        return tuple(shot for shot in self.shots if shot.series is series and shot.health is not None)

    @property
    def degraded_now(self) -> Degraded | None:
        """The stretch that is still on at the period's end."""
        return self.degraded[-1] if self.degraded and self.degraded[-1].end is None else None


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """One period of all chosen paths, in the order of the config."""

    since: dt.datetime
    until: dt.datetime
    now: dt.datetime
    paths: tuple[PathFacts, ...]
    budget_usd_per_day: float
    spent_today_usd: float  # list prices reserved on the UTC day of `until`
    beat_at: dt.datetime | None = None  # the daemon's latest sign of life
    watched: bool = False  # that sign is fresh

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(facts.path.channel for facts in self.paths))

    @property
    def tiers(self) -> tuple[str, ...]:
        """Lightest first: by resolution, then quality; names the program does not know come last."""
        return tuple(sorted({facts.path.tier for facts in self.paths}, key=weight))

    def find(self, path: model.Path) -> PathFacts | None:
        return next((facts for facts in self.paths if facts.path == path), None)

    @property
    def is_simulated(self) -> bool:
        """Is there anything here that a scenario made up?"""
        return any(shot.series is Series.SIMULATED for facts in self.paths for shot in facts.shots)


WEIGHTS = ("low", "medium", "high", "xhigh", "max")


def weight(tier: str) -> tuple[float, int, str]:
    """Sort key of a tier name: `1k-high` before `2k-low` before `4k-low`."""
    resolution, _, quality = tier.partition("-")
    pixels = float(resolution[:-1]) if resolution[:-1].isdecimal() and resolution[-1:].lower() == "k" else 1e9
    return (pixels, WEIGHTS.index(quality) if quality in WEIGHTS else len(WEIGHTS), tier)


def shot(judged: model.Judged) -> Shot:
    """What reports need of one judged outcome."""
    outcome, verdict = judged.outcome, judged.verdict
    return Shot(
        outcome.sent_at,
        outcome.trigger,
        verdict.kind,
        verdict.detail,
        model.health(judged),
        outcome.excluded,
        outcome.latency_s,
        outcome.price_usd,
        outcome.charged_usd,
        verdict.billed,
    )


def bucket(shots: Iterable[Shot], since: dt.datetime, until: dt.datetime, count: int) -> list[list[Shot]]:
    """Sort outcomes into `count` equal stretches of [since, until)."""
    sorted_in: list[list[Shot]] = [[] for _ in range(count)]
    length_s = (until - since).total_seconds()
    for each in shots:
        index = int((each.sent_at - since).total_seconds() / length_s * count)
        if 0 <= index < count:
            sorted_in[index].append(each)
    return sorted_in
