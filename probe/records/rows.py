"""What history tells besides outcomes, as frozen rows."""

import dataclasses
import datetime as dt
from typing import NamedTuple

from probe import model


class Point(NamedTuple):
    """One outcome without its evidence: as little as rates, detection and plots need, and ten times faster to read."""

    path: model.Path
    sent_at: dt.datetime
    trigger: model.Trigger
    kind: model.Kind
    detail: str
    excluded: model.Exclusion | None
    latency_s: float | None
    price_usd: float
    charged_usd: float | None
    billed: model.Billed
    fingerprint: str


@dataclasses.dataclass(frozen=True, slots=True)
class Heartbeat:
    """The daemon's latest sign of life."""

    at: dt.datetime
    pid: int
    digest: str  # of the config it runs with
    stale_after_s: float
    note: str

    def stale(self, now: dt.datetime) -> bool:
        return (now - self.at).total_seconds() > self.stale_after_s


@dataclasses.dataclass(frozen=True, slots=True)
class Skip:
    """A scheduled slot that was not sent."""

    path: model.Path
    slot: int
    at: dt.datetime
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class Alarm:
    """What people were told about a path; `cleared_at` is None while it is on."""

    id: int
    path: model.Path
    state: model.State
    since: dt.datetime | None  # estimated start of the state
    raised_at: dt.datetime
    reason: str
    cleared_at: dt.datetime | None


@dataclasses.dataclass(frozen=True, slots=True)
class Intent:
    """A paid request that was about to be sent and whose outcome is not stored."""

    id: str
    path: model.Path
    trigger: model.Trigger
    sent_at: dt.datetime
    reserved_usd: float
    pid: int
    state: str  # open, unknown_outcome
