"""APIYI's log: `GET /api/log/self` with the system token of the profile page, bare.

Source: docs.apiyi.com/api-capabilities/log-query. `pageSize` is camel case, `request_id` finds one row, the
window is at most a day, 30 days are kept. The look-up is free.
"""

import datetime as dt
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any

from probe import model
from probe.gatewaylogs import entry

EARLIER, LATER = dt.timedelta(hours=1), dt.timedelta(hours=22)
"""The window around the sending: a request is logged when it ends."""

PAGE = 200
IDS = 4
"""How many ids of a reply are asked for."""


def requests(url: str, wanted: entry.Wanted) -> Sequence[model.Request]:
    """One look-up per id; without ids one by model and time."""
    sent_at = wanted.sent_at or wanted.now - LATER
    window = {"start_timestamp": stamp(sent_at - EARLIER), "end_timestamp": stamp(sent_at + LATER)}
    if wanted.ids:
        return [request(url, {**window, "request_id": name, "pageSize": "10"}) for name in wanted.ids[:IDS]]
    if wanted.sent_at is None:
        return []
    window["end_timestamp"] = stamp(sent_at + EARLIER)
    return [request(url, {**window, "type": "2", "model_name": wanted.model, "pageSize": str(PAGE)})]


def request(url: str, query: Mapping[str, str]) -> model.Request:
    return model.Request("GET", f"{url}/api/log/self?{urllib.parse.urlencode({'p': '0', **query})}", bare_key=True)


def stamp(at: dt.datetime) -> str:
    return str(int(at.timestamp()))


def read(reply: model.Reply, wanted: entry.Wanted) -> entry.Entry:
    rows = entry.rows_of(reply)
    return rows if isinstance(rows, entry.Entry) else entry.match(map(row, rows), wanted)


def row(found: Mapping[str, Any]) -> entry.Row:
    return entry.Row(
        ids=tuple(filter(None, (entry.text(found.get("request_id")),))),
        model=entry.text(found.get("model_name")),
        done_at=entry.moment(found.get("created_at")),
        duration_s=entry.number(found.get("duration_for_view")),
        charged_usd=entry.usd(found.get("quota")),
        error=entry.text(found.get("error_code")),
        said=entry.text(found.get("content")),
        status=entry.status(entry.object_in(found.get("other")).get("status_code")),
        group=entry.text(found.get("token_group")),
    )
