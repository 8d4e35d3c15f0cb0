"""The gateway's own log: every request that was served, as APIYI's and new-api's look-ups show it."""

import collections
import dataclasses
import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any

from probe import model, tokens
from probe.standin import calls, replies, scenario, voices

QUOTA_PER_USD = 500_000
REMEMBERED = 100_000  # entries; older ones are forgotten
LONGEST_SPAN = dt.timedelta(days=1)
LARGEST_PAGE, DEFAULT_PAGE = 5000, 10


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One request as the gateway saw it, whether or not its client was still there."""

    request_id: str
    done_at: dt.datetime  # it shows from then on
    duration_s: float
    order: model.Order
    quota: int  # 0 = not billed
    error_code: str  # "" on success
    message: str
    status: int
    path: str


def entry(call: calls.Call, order: model.Order, answer: scenario.Answer, row: replies.Row, ids: voices.Ids) -> Entry:
    """What the gateway writes: what was made is billed, whoever was still there to receive it."""
    billed = row.pictured or row.kind is model.Kind.TIMEOUT
    duration_s = answer.made_s if billed else answer.latency_s
    return Entry(
        request_id=voices.own_id(call.who, ids),
        done_at=call.at + dt.timedelta(seconds=duration_s),
        duration_s=duration_s,
        order=order,
        quota=round(QUOTA_PER_USD * price_usd(order)) if billed else 0,
        error_code="" if billed else row.kind.value,
        message="" if billed else said(row, ids),
        status=row.status,
        path=call.request.url.path,
    )


def said(row: replies.Row, ids: voices.Ids) -> str:
    """The words of an error as the gateway got them; what has none is told by its status."""
    try:
        return str(json.loads(voices.say(row, voices.PERSONALITIES["openai"], ids, {}))["error"]["message"])
    except (ValueError, LookupError, TypeError):
        return f"bad response status code {row.status}"


def price_usd(order: model.Order) -> float:
    """What one picture costs: 0.03 USD flat on reverse channels, else the list price, 0.10 where there is none."""
    if voices.reverse(order.model):
        return 0.03
    listed = tokens.list_price_usd(order.model, order.width_px, order.height_px, order.quality, order.image_size)
    return 0.1 if listed is None else listed


class Log:
    """Entries in the order of arrival."""

    def __init__(self) -> None:
        self.entries: collections.deque[Entry] = collections.deque(maxlen=REMEMBERED)

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)

    def newest(self, now: dt.datetime) -> Iterator[tuple[int, Entry]]:
        """(number, entry) of what is finished at `now`, newest first."""
        numbered = list(enumerate(self.entries, 1))
        return (pair for pair in reversed(numbered) if pair[1].done_at <= now)


class QueryError(Exception):
    """A query that the look-up refuses, in the gateway's own words."""


def apiyi(log: Log, query: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
    """`GET /api/log/self` of APIYI; raises QueryError.

    Its quirks: `p` counts from 0, only `pageSize` sets the page (any other spelling leaves 10), the
    window is at most a day, and `request_id` finds exactly one row.
    """
    size = whole(query.get("pageSize"), DEFAULT_PAGE)
    if size > LARGEST_PAGE:
        raise QueryError(f"每页条数不能超过 {LARGEST_PAGE}")
    until = moment(query.get("end_timestamp"), now)
    since = moment(query.get("start_timestamp"), until - LONGEST_SPAN)
    if until - since > LONGEST_SPAN:
        raise QueryError("查询时间跨度不能超过 1 天")
    kind, wanted, model_name = query.get("type", "0"), query.get("request_id"), query.get("model_name")
    found = [
        apiyi_row(entry)
        for _, entry in log.newest(now)
        if since <= entry.done_at <= until
        and kind in ("0", "", "2")
        and wanted in (None, "", entry.request_id)
        and model_name in (None, "", entry.order.model)
    ]
    first = whole(query.get("p"), 0) * size
    return {"success": True, "message": "", "data": found[first : first + size]}


def apiyi_row(entry: Entry) -> dict[str, Any]:
    other = {"billing_type": "per_call", "request_path": entry.path, "group_ratio": 1, "model_ratio": 0}
    return {
        "request_id": entry.request_id,
        "created_at": int(entry.done_at.timestamp()),
        "type": 2,
        "content": content(entry),
        "username": "standin",
        "token_name": "default",
        "token_group": "default",
        "model_name": entry.order.model,
        "quota": entry.quota,
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "duration_for_view": round(entry.duration_s, 1),
        "is_stream": False,
        "error_code": entry.error_code,
        "other": json.dumps(other),
    }


def new_api(log: Log, query: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
    """`GET /api/log/token` of new-api: the newest thousand rows of a key; errors are rows of type 5."""
    wanted = query.get("request_id")
    rows = [new_api_row(number, entry) for number, entry in log.newest(now) if wanted in (None, "", entry.request_id)]
    return {"success": True, "message": "", "data": rows[:1000]}


def new_api_row(number: int, entry: Entry) -> dict[str, Any]:
    other: dict[str, Any] = {"request_path": entry.path}
    if entry.error_code:
        other |= {"error_type": "new_api_error", "error_code": entry.error_code, "status_code": entry.status}
    return {
        "id": number,
        "user_id": 1,
        "created_at": int(entry.done_at.timestamp()),
        "type": 5 if entry.error_code else 2,
        "content": content(entry),
        "username": "standin",
        "token_name": "default",
        "model_name": entry.order.model,
        "quota": entry.quota,
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "use_time": round(entry.duration_s),
        "is_stream": False,
        "channel": 1,
        "channel_name": "",
        "token_id": 1,
        "group": "default",
        "ip": "",
        "request_id": entry.request_id,
        "other": json.dumps(other),
    }


def content(entry: Entry) -> str:
    """The line a person reads: the error, or what was made."""
    return entry.message or f"大小 {entry.order.size}, 品质 {entry.order.quality or 'standard'}, 生成数量 1"


def usage(log: Log, now: dt.datetime) -> dict[str, Any]:
    """`GET /api/usage/token/`: what the key has spent of a granted 1000 USD."""
    granted = 1000 * QUOTA_PER_USD
    used = sum(entry.quota for _, entry in log.newest(now))
    data = {
        "object": "token_usage",
        "name": "default",
        "total_granted": granted,
        "total_used": used,
        "total_available": granted - used,
        "unlimited_quota": False,
        "model_limits": {},
        "model_limits_enabled": False,
        "expires_at": 0,
    }
    return {"code": True, "message": "ok", "data": data}


def whole(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 8 else default


def moment(text: str | None, default: dt.datetime) -> dt.datetime:
    """A Unix time in seconds."""
    if not text or not text.isdecimal() or len(text) > 11:
        return default
    return dt.datetime.fromtimestamp(int(text), dt.UTC)
