"""The facts of one period, read from history once; every section is a function of this and of nothing else."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType

from probe import model
from probe.inference import recommend
from probe.records.rows import Point
from reports import states


class Series(StrEnum):
    """Outcomes that may be counted together. A rate is taken over one series, never over two."""

    SCHEDULED = "scheduled"  # on the fixed grid: an unbiased sample of time
    SIMULATED = "simulated"  # made up by a scenario
    EXTRA = "extra"  # sent because of what was seen before: evidence, never a rate
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

SAMPLES = (Series.SCHEDULED, Series.SIMULATED)
"""The series that rates may be taken over (`model.SAMPLE_TRIGGERS`), each for itself."""

CANARIES = (Series.SCHEDULED, Series.EXTRA, Series.SIMULATED)


def health(point: Point) -> bool | None:
    """Does it count for (True) or against (False) the channel's health, or not at all (None)?"""
    return model.health_of(point.kind, point.excluded)


def is_paid(point: Point) -> bool:
    """Is it a canary that was really sent?"""
    return SERIES[point.trigger] in {Series.SCHEDULED, Series.EXTRA}


@dataclasses.dataclass(frozen=True, slots=True)
class Estimate:
    """A moment with its 90 % range."""

    at: dt.datetime
    low: dt.datetime
    high: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Degraded:
    """A stretch during which a path was more likely degraded than not; `end` None = still on at the period's end."""

    start: Estimate
    end: Estimate | None
    failing: float | None  # estimated share failing within it; None: it is slow rather than failing


@dataclasses.dataclass(frozen=True, slots=True)
class Occupancy:
    """Shares of time rather than of canaries, so that looking more often at trouble does not bias them."""

    failing: float  # time average of the share failing, with its 90 % range
    low: float
    high: float
    degraded: float  # share of time degraded


@dataclasses.dataclass(frozen=True, slots=True)
class PathFacts:
    """What is known of one path in the period."""

    path: model.Path
    state: model.PathState
    since: Estimate | None = None  # of a degraded or recovering state
    failing: float | None = None  # share failing now, where that raised the alarm
    price_usd: float | None = None  # list price; None: not in the config
    deadline_s: float | None = None
    usable_within_s: float | None = None
    target_success: float | None = None
    points: tuple[Point, ...] = ()  # every outcome, by time sent
    degraded: tuple[Degraded, ...] = ()  # by time
    occupancy: Occupancy | None = None  # None: no canaries
    skips: Mapping[str, int] = dataclasses.field(default_factory=dict)  # scheduled slots not sent, by reason
    unknown_outcomes: int = 0  # sent (and counted as paid) but never heard of again

    def of(self, *series: Series) -> tuple[Point, ...]:
        """The outcomes of these series."""
        return tuple(point for point in self.points if SERIES[point.trigger] in series)

    def sample(self, series: Series) -> tuple[Point, ...]:
        """The outcomes of one series that say something about the channel's health."""
        return tuple(point for point in self.of(series) if health(point) is not None)

    @property
    def is_bad(self) -> bool:
        """Should it not be used?"""
        return self.state.state in states.BAD


@dataclasses.dataclass(frozen=True, slots=True)
class Advice:
    """What to use for a tier (or a job at that tier), and until when that stands."""

    tier: str
    job: str  # name of a `[[job]]`; "": any work at this tier
    batch: recommend.Recommendation
    urgent: recommend.Recommendation | None  # for work that somebody waits for; None: the job says what waiting costs
    checked_at: dt.datetime | None  # latest evidence on the chosen path
    valid_until: dt.datetime | None  # without new evidence; an alarm ends it at once


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """One period of all chosen paths, in the order of the config."""

    since: dt.datetime
    until: dt.datetime
    now: dt.datetime
    paths: tuple[PathFacts, ...]
    advice: tuple[Advice, ...]
    budget_usd_per_day: float
    spent_usd: float  # list prices reserved on the UTC day of `until`
    beat_at: dt.datetime | None = None  # the daemon's latest sign of life
    watched: bool = False  # that sign is fresh

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(facts.path.channel for facts in self.paths))

    @property
    def tiers(self) -> tuple[str, ...]:
        """Lightest first: by resolution, then quality; names the program does not know come last."""
        return tuple(sorted({facts.path.tier for facts in self.paths}, key=weight))

    @property
    def series(self) -> tuple[Series, ...]:
        """The series of which there are rates: one table or plot for each."""
        present = {SERIES[point.trigger] for facts in self.paths for point in facts.points}
        return tuple(series for series in SAMPLES if series in present)

    @property
    def is_now(self) -> bool:
        """Does the period reach until now?"""
        return self.until >= self.now


WEIGHTS = ("low", "medium", "high", "xhigh", "max")


def weight(tier: str) -> tuple[float, int, str]:
    """Sort key of a tier name: `1k-high` before `2k-low` before `4k-low`."""
    resolution, _, quality = tier.partition("-")
    pixels = float(resolution[:-1]) if resolution[:-1].isdecimal() and resolution[-1:].lower() == "k" else 1e9
    return (pixels, WEIGHTS.index(quality) if quality in WEIGHTS else len(WEIGHTS), tier)


def bucket(points: Iterable[Point], since: dt.datetime, until: dt.datetime, count: int) -> list[list[Point]]:
    """Sort outcomes into `count` equal stretches of [since, until)."""
    sorted_in: list[list[Point]] = [[] for _ in range(count)]
    length_s = (until - since).total_seconds()
    for each in points:
        index = int((each.sent_at - since).total_seconds() / length_s * count)
        if 0 <= index < count:
            sorted_in[index].append(each)
    return sorted_in
