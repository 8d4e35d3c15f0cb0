"""The log of new-api gateways: `GET /api/log/token` with the key itself as bearer, its newest thousand rows.

Source: QuantumNous/new-api model/log.go and controller/token.go. Older versions want the key in the URL, where
a key must not stand; they answer "Token not provided". Errors are rows of type 5, kept only where the
administrator switched that on.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from probe import model
from probe.gatewaylogs import entry

ERROR = 5


def requests(url: str, wanted: entry.Wanted) -> Sequence[model.Request]:
    if not wanted.ids and wanted.sent_at is None:
        return []
    return [model.Request("GET", f"{url}/api/log/token")]


def read(reply: model.Reply, wanted: entry.Wanted) -> entry.Entry:
    rows = entry.rows_of(reply)
    return rows if isinstance(rows, entry.Entry) else entry.match(map(row, rows), wanted)


def row(found: Mapping[str, Any]) -> entry.Row:
    error = (code(found) or "error") if found.get("type") == ERROR else ""
    return entry.Row(
        ids=tuple(filter(None, (entry.text(found.get("request_id")), entry.text(found.get("upstream_request_id"))))),
        model=entry.text(found.get("model_name")),
        done_at=entry.moment(found.get("created_at")),
        duration_s=entry.number(found.get("use_time")),
        quota=int(entry.number(found.get("quota")) or 0),
        error=error,
    )


def code(found: Mapping[str, Any]) -> str:
    """The error code inside `other`, which is JSON in a string; else the words."""
    try:
        other = json.loads(entry.text(found.get("other")) or "{}")
    except (ValueError, RecursionError):
        other = {}
    named = entry.text(other.get("error_code")) if isinstance(other, dict) else ""
    return named or entry.text(found.get("content"))
