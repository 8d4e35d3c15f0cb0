"""The data of each figure: frozen values made by sections, drawn by `reports.plots`; None = no or too few data."""

import dataclasses
import datetime as dt


@dataclasses.dataclass(frozen=True, slots=True)
class Bracket:
    """A degraded stretch with the ranges of its ends; `end` is the edge of the picture while it is still on."""

    start: dt.datetime
    end: dt.datetime
    start_range: tuple[dt.datetime, dt.datetime] | None
    end_range: tuple[dt.datetime, dt.datetime] | None
    still_on: bool
    sure: bool = True  # more likely than not
    slow: bool = False  # rather than failing


@dataclasses.dataclass(frozen=True, slots=True)
class Strip:
    """One path: shares failing between the edges (None = no data), and how many canaries that is."""

    name: str
    failing: tuple[float | None, ...]
    n: int
    failed: int
    brackets: tuple[Bracket, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Timeline:
    edges: tuple[dt.datetime, ...]
    strips: tuple[Strip, ...]
    series: str


@dataclasses.dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % interval."""

    share: float
    low: float
    high: float
    n: int


@dataclasses.dataclass(frozen=True, slots=True)
class RateRow:
    """One path; None = too few canaries, of which there are `n`. `bad` = its state at the end, where it should not be used."""

    name: str
    tier: str
    period: Rate | None
    latest: Rate | None
    n: int
    bad: str


@dataclasses.dataclass(frozen=True, slots=True)
class Rates:
    rows: tuple[RateRow, ...]  # rows of one tier stand together
    period: str  # how long
    latest: str
    series: str


@dataclasses.dataclass(frozen=True, slots=True)
class Smoke:
    """Quantiles 5, 25, 50, 75, 95 % of the successes of one stretch, seconds; None = too few."""

    at: dt.datetime  # its middle
    quantiles_s: tuple[float, ...] | None


@dataclasses.dataclass(frozen=True, slots=True)
class LatencyPanel:
    """One path."""

    name: str
    smoke: tuple[Smoke, ...]
    timeouts: tuple[dt.datetime, ...]
    deadline_s: float | None
    n: int

    @property
    def is_drawable(self) -> bool:
        """One band makes no line."""
        return sum(band.quantiles_s is not None for band in self.smoke) >= 2


@dataclasses.dataclass(frozen=True, slots=True)
class Latency:
    panels: tuple[LatencyPanel, ...]
    since: dt.datetime
    until: dt.datetime
    series: str


@dataclasses.dataclass(frozen=True, slots=True)
class KindsPanel:
    """One channel: for each stretch how many attempts, and how many of each kind (in the order of `Kinds.kinds`)."""

    name: str
    attempts: tuple[int, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Kinds:
    edges: tuple[dt.datetime, ...]
    kinds: tuple[str, ...]
    own_faults: frozenset[str]  # kinds that are the caller's or the account's
    panels: tuple[KindsPanel, ...]
    series: str


@dataclasses.dataclass(frozen=True, slots=True)
class Cost:
    """One channel at one tier: USD with its range, share usable with its 95 % interval."""

    channel: str
    usd: float
    usd_range: tuple[float, float]
    share: float
    share_range: tuple[float, float]
    n: int


@dataclasses.dataclass(frozen=True, slots=True)
class CostPanel:
    tier: str
    points: tuple[Cost, ...]
    too_few: tuple[str, ...]  # channels that cannot be drawn


@dataclasses.dataclass(frozen=True, slots=True)
class Costs:
    panels: tuple[CostPanel, ...]
    channels: tuple[str, ...]
    series: str


@dataclasses.dataclass(frozen=True, slots=True)
class PayOffLine:
    """One channel: what 1, 2, 3 attempts bring."""

    channel: str
    shares: tuple[float, ...]  # of pictures that get through
    usd: tuple[float, ...]  # a usable picture
    minutes: tuple[float, ...]  # a usable picture
    n: int


@dataclasses.dataclass(frozen=True, slots=True)
class PayOffPanel:
    tier: str
    lines: tuple[PayOffLine, ...]
    too_few: tuple[str, ...]  # channels that cannot be drawn


@dataclasses.dataclass(frozen=True, slots=True)
class PayOff:
    panels: tuple[PayOffPanel, ...]
    channels: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Beside:
    """Share failing of one channel in windows where another failed, and where it did not."""

    name: str  # of the one
    other: str
    tier: str
    while_failing: Rate
    while_fine: Rate


@dataclasses.dataclass(frozen=True, slots=True)
class Concordance:
    rows: tuple[Beside, ...]  # rows of one tier stand together
    too_few: int  # pairs that cannot be drawn
    left_out: int  # pairs that less surely fail together
    window: str  # how long
    series: str


@dataclasses.dataclass(frozen=True, slots=True)
class DetailPanel:
    """One path: share of the long edge that carries detail, picture by picture; those that cannot tell left out."""

    name: str
    ordered: str
    points: tuple[tuple[dt.datetime, float], ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Detail:
    panels: tuple[DetailPanel, ...]
    since: dt.datetime
    until: dt.datetime


Data = Timeline | Rates | Latency | Kinds | Costs | PayOff | Concordance | Detail
