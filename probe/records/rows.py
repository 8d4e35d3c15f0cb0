"""What history tells besides whole outcomes: frozen rows, and how each is read from its query."""

import dataclasses
import datetime as dt
from typing import Any, NamedTuple

from probe import model
from probe.inference import charges, points
from probe.records import columns

Found = tuple[Any, ...]
"""A row as SQLite returns it, in the order of the query in `history`."""


NOT_RELOADED = "the config was not reloaded"
"""How a heartbeat's note begins while the config file is refused."""


@dataclasses.dataclass(frozen=True, slots=True)
class Heartbeat:
    """The daemon's latest sign of life."""

    at: dt.datetime
    pid: int
    digest: str  # of the config it runs with
    stale_after_s: float
    note: str

    def stale(self, now: dt.datetime) -> bool:
        """Is it too old? One from the future is too: after a clock was set back a living daemon has dated it anew."""
        return abs((now - self.at).total_seconds()) > self.stale_after_s

    @property
    def refuses_config(self) -> bool:
        """Does the daemon run with an older config because the file is not sound?"""
        return self.note.startswith(NOT_RELOADED)


@dataclasses.dataclass(frozen=True, slots=True)
class Skip:
    """A scheduled slot that was not sent."""

    path: model.Path
    slot: int
    at: dt.datetime
    reason: model.SkipReason


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


@dataclasses.dataclass(frozen=True, slots=True)
class Triage:
    """What triage found about one request, as it was shown."""

    id: str
    subject: str  # our id of the request, or a digest of the pasted reply
    at: dt.datetime
    document: str  # JSON, as `tierwatch triage --json` prints it


@dataclasses.dataclass(frozen=True, slots=True)
class GatewayEntry:
    """What a gateway's own log says of one request."""

    gateway: str  # its kind: apiyi, new-api, openrouter, litellm
    request_id: str
    began_at: dt.datetime
    model: str  # that served it
    asked_model: str = ""  # "": the same, or not told
    token_group: str = ""
    duration_s: float | None = None  # its own work, delivery not included
    charged_usd: float | None = None
    error: str = ""  # "": it succeeded
    attempts: int | None = None  # of its own, where it tells them


class News(NamedTuple):
    """An own outcome that arrived, and the ids of those that told of the same request before and are gone."""

    judged: model.Judged
    replaces: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Unmapped:
    """An own request that no path is known for."""

    id: str
    sent_at: dt.datetime
    host: str
    model: str
    ordered: str  # size and quality, as asked
    reason: str
    line: str  # all that is known of it, as a line of the spool


@dataclasses.dataclass(frozen=True, slots=True)
class Stray:
    """Own requests of one sort that no path is known for."""

    host: str
    model: str
    ordered: str
    reason: str
    count: int
    first_at: dt.datetime
    last_at: dt.datetime


def own_point(found: Found) -> points.Point:
    channel, tier, sent_at, kind, detail, excluded, *rest = found
    return points.Point(
        model.Path(channel, tier),
        columns.instant(sent_at),
        columns.KINDS[kind],
        detail,
        columns.EXCLUSIONS[excluded],
        *rest,
    )


def charge(found: Found) -> charges.Charge:
    channel, tier, sent_at, listed_usd, charged_usd = found
    return charges.Charge(model.Path(channel, tier), columns.instant(sent_at), listed_usd, charged_usd)


def stray(found: Found) -> Stray:
    host, named, ordered, reason, count, first_at, last_at = found
    return Stray(host, named, ordered, reason, count, columns.instant(first_at), columns.instant(last_at))


HEARTBEAT = "SELECT at, pid, digest, stale_after_s, note FROM daemon"


def heartbeat(found: Found) -> Heartbeat:
    """Read the row of HEARTBEAT."""
    at, *rest = found
    return Heartbeat(columns.instant(at), *rest)


def skip(found: Found) -> Skip:
    channel, tier, slot, at, reason = found
    return Skip(model.Path(channel, tier), slot, columns.instant(at), model.SkipReason(reason))


def alarm(found: Found) -> Alarm:
    number, channel, tier, state, since, raised_at, reason, cleared_at = found
    return Alarm(
        number,
        model.Path(channel, tier),
        model.State(state),
        columns.maybe_instant(since),
        columns.instant(raised_at),
        reason,
        columns.maybe_instant(cleared_at),
    )


def intent(found: Found) -> Intent:
    identity, channel, tier, trigger, sent_at, *rest = found
    return Intent(identity, model.Path(channel, tier), columns.TRIGGERS[trigger], columns.instant(sent_at), *rest)


def triage(found: Found) -> Triage:
    identity, subject, at, document = found
    return Triage(identity, subject, columns.instant(at), document)


def path_state(found: Found) -> model.PathState:
    channel, tier, state, since, checked_at, p_degraded, reason, next_at = found
    return model.PathState(
        model.Path(channel, tier),
        model.State(state),
        columns.maybe_instant(since),
        columns.maybe_instant(checked_at),
        p_degraded,
        reason,
        columns.maybe_instant(next_at),
    )
