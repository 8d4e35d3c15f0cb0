"""APIYI's log: `GET /api/log/self` with the system token of the profile page, bare.

Source: docs.apiyi.com/api-capabilities/log-query. `pageSize` is camel case, `request_id` finds one row, the
window is at most a day, 30 days are kept. The look-up is free.
"""

import urllib.parse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from probe import model
from probe.gatewaylogs import entry

if TYPE_CHECKING:
    from probe.config import schema

PAGE = 200


def requests(log: "schema.GatewayLog", wanted: entry.Wanted) -> Sequence[model.Request]:
    """One look-up per id; without ids one by model and time."""
    size = {"pageSize": str(PAGE)}
    return [request(log.url, query | size | ({} if wanted.ids else {"type": "2"})) for query in entry.queries(wanted)]


def request(url: str, query: Mapping[str, str]) -> model.Request:
    return model.Request("GET", f"{url}/api/log/self?{urllib.parse.urlencode({'p': '0', **query})}", bare_key=True)


def read(reply: model.Reply, wanted: entry.Wanted) -> entry.Entry:
    return entry.find(reply, row, wanted, PAGE)


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
