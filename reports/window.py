"""The facts of one period, read from history once; every section is a function of this and of nothing else."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from probe import model
from probe.inference import charges, detect, segments, strictness
from reports import delivered, outcomes, own, present, states
from reports.outcomes import Outcomes


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
PAID = (Series.SCHEDULED, Series.EXTRA)
"""Canaries that were really sent."""


LEARNED = detect.FEW_OBSERVATIONS
"""With fewer canaries of its own a path is not called healthy."""


@dataclasses.dataclass(frozen=True, slots=True)
class Degraded:
    """A stretch during which a path was degraded, or perhaps; `end` None = still on at the period's end."""

    start: present.Estimate
    end: present.Estimate | None
    failing: float | None  # estimated share failing within it; None: it is slow rather than failing
    likely: float = 1.0  # that it was degraded at some time in it

    @property
    def is_sure(self) -> bool:
        """Is it more likely than not?"""
        return self.likely > segments.SURELY


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

    now: present.PathNow
    series: Mapping[Series, Outcomes] = dataclasses.field(default_factory=dict)
    before: Mapping[Series, Outcomes] = dataclasses.field(default_factory=dict)  # of the period compared with
    degraded: tuple[Degraded, ...] = ()  # by time
    occupancy: Occupancy | None = None  # None: no canaries
    skips: Mapping[str, int] = dataclasses.field(default_factory=dict)  # scheduled slots not sent, by reason
    unknown_outcomes: int = 0  # sent (and counted as paid) but never heard of again
    alarms: tuple[dt.datetime, ...] = ()  # when each was raised

    @property
    def path(self) -> model.Path:
        return self.now.path

    @property
    def state(self) -> model.State:
        return self.now.state.state

    @property
    def p_degraded(self) -> float:
        """How likely it is degraded now; 0 where nobody said."""
        return self.now.state.p_degraded or 0.0

    @property
    def is_learning(self) -> bool:
        """Called healthy by what is usual elsewhere: too little of its own was seen to say so."""
        few = self.now.observations is not None and self.now.observations < LEARNED
        return self.state in states.FINE and few

    @property
    def is_healthy(self) -> bool:
        """Known to be healthy."""
        return self.state is model.State.HEALTHY and not self.is_learning

    @property
    def is_below_target(self) -> bool:
        """Healthy by what is usual for it, and surely below what was promised: the reason of a healthy path."""
        return self.is_healthy and bool(self.now.state.reason)

    @property
    def is_bad(self) -> bool:
        """Should it not be used?"""
        return self.state in states.BAD

    @property
    def is_fine(self) -> bool:
        """May it be said to be fine: healthy, or suspect and still more likely healthy than not?"""
        return self.state in states.FINE and self.p_degraded < 0.5 and not self.is_learning

    def of(self, series: Series) -> Outcomes:
        """Every outcome of one series."""
        return self.series.get(series, outcomes.NONE)

    def sample(self, series: Series) -> Outcomes:
        """The outcomes of one series that say something about the channel's health."""
        taken = self.of(series)
        return taken.where(taken.telling)

    def sample_before(self, series: Series) -> Outcomes:
        """`sample` of the period compared with."""
        taken = self.before.get(series, outcomes.NONE)
        return taken.where(taken.telling)

    def canaries(self) -> Outcomes:
        """Every canary, whatever for: evidence, of which no rate may be taken."""
        return outcomes.joined(self.series[each] for each in CANARIES if each in self.series)


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """One period of all chosen paths, in the order of the config."""

    since: dt.datetime
    until: dt.datetime
    now: dt.datetime
    paths: tuple[PathFacts, ...]
    advice: tuple[present.Advice, ...]
    budget_usd_per_day: float
    spent_usd: float  # list prices reserved on the UTC day of `until`
    beat_at: dt.datetime | None = None  # the daemon's latest sign of life
    watched: bool = False  # that sign is fresh
    before_since: dt.datetime | None = None  # start of the period compared with, which ends at `since`; None: none
    by_hour_until: dt.datetime | None = None  # what was sent before is told by roll-ups; None: all of it by rows
    kept_since: dt.datetime | None = None  # rows of what was sent before are gone, but for failures; None: all there
    own_traffic: own.Own = own.NONE  # the user's own requests
    pictures: tuple[delivered.Delivered, ...] = ()  # what pictures came, by path
    prices: tuple[charges.Price, ...] = ()  # that differ from the listed ones, by path
    moderation: tuple[strictness.Strictness, ...] = ()  # how strict it is, by sentinels, whenever they were sent
    fine_elsewhere: frozenset[str] = frozenset()  # tiers at which a channel that was not chosen is fine
    budget_gone: bool = False  # the latest scheduled slot was left out for want of money

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
        return tuple(series for series in SAMPLES if any(len(facts.of(series)) for facts in self.paths))

    @property
    def is_empty(self) -> bool:
        return not any(len(taken) for facts in self.paths for taken in facts.series.values())

    @property
    def checked_at(self) -> dt.datetime | None:
        """When the latest evidence on any path was sent."""
        return max((at for facts in self.paths if (at := facts.now.state.checked_at)), default=None)

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
