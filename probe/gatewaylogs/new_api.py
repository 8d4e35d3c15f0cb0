"""The log of new-api gateways: `GET /api/log/token` with the key itself as bearer, its newest thousand rows.

Source: QuantumNous/new-api model/log.go and controller/token.go. Older versions want the key in the URL, where
a key must not stand; they answer "Token not provided". Errors are rows of type 5, kept only where the
administrator switched that on.
"""

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
    other = entry.object_in(found.get("other"))
    error = (
        (entry.text(other.get("error_code")) or entry.text(found.get("content")) or "error")
        if found.get("type") == ERROR
        else ""
    )
    return entry.Row(
        ids=tuple(filter(None, (entry.text(found.get("request_id")), entry.text(found.get("upstream_request_id"))))),
        model=entry.text(found.get("model_name")),
        done_at=entry.moment(found.get("created_at")),
        duration_s=entry.number(found.get("use_time")),
        charged_usd=entry.usd(found.get("quota")),
        error=error,
        said=entry.text(found.get("content")),
        status=entry.status(other.get("status_code")),
        group=entry.text(found.get("group")),
    )
