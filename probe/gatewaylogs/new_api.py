"""The logs of new-api gateways: a key's newest thousand rows, or with `log.user` those of the whole account.

`GET /api/log/token` wants the key itself as bearer, `GET /api/log/self` the account's access token and its number.
Source: QuantumNous/new-api controller/log.go, model/log.go and controller/token.go. Older versions want the key in the
URL, where a key must not stand; they answer "Token not provided". Errors are rows of type 5, kept only where the
administrator switched that on.
"""

import urllib.parse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from probe import model
from probe.gatewaylogs import entry

if TYPE_CHECKING:
    from probe.config import schema

ERROR = 5

PAGE = 100
"""The most rows of a page of an account's log."""

NEWEST = 1000
"""Rows of a key's log."""


def requests(log: "schema.GatewayLog", wanted: entry.Wanted) -> Sequence[model.Request]:
    """The key's log; of an account's one look-up per id, without ids one by model and time."""
    queries = entry.queries(wanted)
    return [of_account(log, query) for query in queries] if log.user else [of_key(log)] if queries else []


def of_account(log: "schema.GatewayLog", query: Mapping[str, str], page: int = 1) -> model.Request:
    """Pages count from 1."""
    words = urllib.parse.urlencode({"p": page, "page_size": PAGE, **query})
    return model.Request("GET", f"{log.url}/api/log/self?{words}", {"new-api-user": log.user})


def of_key(log: "schema.GatewayLog") -> model.Request:
    return model.Request("GET", f"{log.url}/api/log/token")


def read(reply: model.Reply, wanted: entry.Wanted) -> entry.Entry:
    return entry.find(reply, row, wanted, PAGE, NEWEST)


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
