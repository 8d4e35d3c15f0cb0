"""What is asked of a gateway's log and what it answers, and the reading that the adapters share."""

import dataclasses
import datetime as dt
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from probe import model
from probe.config import secrets

QUOTA_PER_USD = 500_000
"""Quota units a dollar in the new-api family, unless an administrator changed it."""

SAME_START_S = 10.0
"""A row of the right model that began so close to our sending is taken for ours, if it is the only one."""

EARLIER, LATER = dt.timedelta(hours=1), dt.timedelta(hours=22)
"""The window around the sending, at most a day: a request is logged when it ends."""

IDS = 4
"""How many ids of a reply are asked for."""

USUAL_PAGE = 10
"""Rows of a page where a gateway ignores what was asked."""

State = Literal["finished", "failed", "absent", "unanswered"]


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """The request to look up. Timeouts have no id: then model and time may still find it."""

    ids: tuple[str, ...]
    sent_at: dt.datetime | None
    model: str
    now: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log. `unanswered`: the log could not be read, and `reason` says why."""

    state: State
    duration_s: float | None = None  # the gateway's own work, not the delivery
    charged_usd: float | None = None
    error: str = ""
    reason: str = ""
    by_time: bool = False  # found by model and time, since there was no id

    @property
    def billed(self) -> bool:
        return bool(self.charged_usd)


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One request as a log shows it, as far as it is used; what comes after `error` only some logs tell."""

    ids: tuple[str, ...]  # the gateway's own first
    model: str
    done_at: dt.datetime | None
    duration_s: float | None
    charged_usd: float
    error: str  # "": it succeeded
    said: str = ""  # its line for people: the error in words, or what was made
    status: int | None = None  # HTTP status of the failure
    group: str = ""  # which price and route the key's group gets
    attempts: int | None = None  # of the gateway's own, where it tells them

    @property
    def began_at(self) -> dt.datetime | None:
        """When it came in; None where the row does not tell."""
        if self.done_at is None or self.duration_s is None:
            return None
        return self.done_at - dt.timedelta(seconds=self.duration_s)

    def entry(self, *, by_time: bool) -> Entry:
        state: State = "failed" if self.error else "finished"
        return Entry(
            state, self.duration_s, self.charged_usd, secrets.cut(secrets.scrubbed(self.error), 200), by_time=by_time
        )


def without_key(found: Entry, key: secrets.Secret) -> Entry:
    """The same, with a key that the gateway quotes taken out of its words."""
    redact = secrets.Redactor([key])
    return dataclasses.replace(found, error=redact(found.error), reason=redact(found.reason))


def rows_of(reply: model.Reply) -> list[Mapping[str, Any]] | Entry:
    """The rows of a `{"success", "message", "data": [...]}` answer, or why there are none.

    A bad token is 401 on APIYI and a 200 with `success: false` elsewhere.
    """
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        return Entry("unanswered", reason=f"HTTP {reply.status} and no JSON")
    data = body.get("data") if isinstance(body, dict) else None
    if reply.status != 200 or not isinstance(body, dict) or body.get("success") is False:
        words = body.get("message") if isinstance(body, dict) else None
        return Entry(
            "unanswered", reason=f"HTTP {reply.status}: {secrets.cut(secrets.scrubbed(text(words)), 200) or 'refused'}"
        )
    if isinstance(data, dict):  # newer pages are objects
        data = data.get("items")
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []


def queries(wanted: Wanted) -> list[dict[str, str]]:
    """What to ask a log of the new-api family: one look-up per id; without ids one by model and time."""

    def window(around: dt.datetime, later: dt.timedelta) -> dict[str, str]:
        since, until = around - EARLIER, around + later
        return {"start_timestamp": str(int(since.timestamp())), "end_timestamp": str(int(until.timestamp()))}

    if wanted.ids:
        sent_at = wanted.sent_at or wanted.now - LATER
        return [{**window(sent_at, LATER), "request_id": name} for name in wanted.ids[:IDS]]
    return [{**window(wanted.sent_at, EARLIER), "model_name": wanted.model}] if wanted.sent_at else []


def find(reply: model.Reply, row: Callable[[Mapping[str, Any]], Row], wanted: Wanted, *pages: int) -> Entry:
    """The row that carries a wanted id; without ids the only row of that model that began when ours was sent.

    `pages` are the lengths of a full page: one that does not reach back to our sending may leave ours out.
    """
    found = rows_of(reply)
    if isinstance(found, Entry):
        return found
    rows = [row(each) for each in found]
    named = next((row for row in rows if set(row.ids) & set(wanted.ids)), None)
    if named is not None:
        return named.entry(by_time=False)
    same = [row for row in rows if row.model == wanted.model and began_together(row, wanted)] if not wanted.ids else []
    if len(same) == 1:
        return same[0].entry(by_time=True)
    if same:
        return Entry("unanswered", reason=f"{len(same)} requests of this model began then, and ours has no id")
    if len(rows) in {USUAL_PAGE, *pages} and not reaches_back(rows, wanted):
        return Entry("unanswered", reason=f"it shows its newest {len(rows)} requests only")
    return Entry("absent")


def reaches_back(rows: Sequence[Row], wanted: Wanted) -> bool:
    """Do rows, newest first, go back to before our sending? What ended before is not ours."""
    sent_at = wanted.sent_at
    return sent_at is not None and any(row.done_at is not None and row.done_at < sent_at for row in rows)


def began_together(row: Row, wanted: Wanted) -> bool:
    if wanted.sent_at is None or row.began_at is None:
        return False
    return abs((row.began_at - wanted.sent_at).total_seconds()) <= SAME_START_S


def usd(quota: Any) -> float:
    """Quota units as USD; refunds and nonsense are 0."""
    return (number(quota) or 0.0) / QUOTA_PER_USD


def status(value: Any) -> int | None:
    """An HTTP status, as a number or as text."""
    found = int(value) if isinstance(value, str) and value.isdecimal() and len(value) == 3 else value
    return found if isinstance(found, int) and 100 <= found <= 599 else None


def object_in(value: Any) -> Mapping[str, Any]:
    """The object in a text that is JSON, as these logs keep it; empty where there is none."""
    try:
        found = json.loads(value) if isinstance(value, str) and value else value
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def number(value: Any) -> float | None:
    """A finite number of at most a year's worth of anything, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value < 1e12 else None


def moment(value: Any) -> dt.datetime | None:
    """A Unix time in seconds, or ISO 8601."""
    seconds = number(value)
    try:
        if seconds is not None:
            return dt.datetime.fromtimestamp(seconds, dt.UTC)
        at = dt.datetime.fromisoformat(text(value))
        return at.astimezone(dt.UTC) if at.tzinfo else at.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None
