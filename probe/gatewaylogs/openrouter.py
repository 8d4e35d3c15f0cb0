"""OpenRouter's look-up of one generation: `GET /api/v1/generation?id=gen-...` with the key as bearer.

Source: openrouter.ai/docs, "Generation response": `total_cost` in USD, `generation_time` in ms, `cancelled`,
`finish_reason`. A generation shows up some seconds after it ended; until then the answer is 404.
"""

import json
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from probe import model
from probe.gatewaylogs import entry

if TYPE_CHECKING:
    from probe.config import schema

FAILED = frozenset({"error", "content_filter"})


def requests(log: "schema.GatewayLog", wanted: entry.Wanted) -> Sequence[model.Request]:
    named = [name for name in wanted.ids if name.startswith("gen-")]
    return [request(log.url, name) for name in named[:2]]


def request(url: str, name: str) -> model.Request:
    return model.Request("GET", f"{url}/api/v1/generation?{urllib.parse.urlencode({'id': name})}")


def read(reply: model.Reply, _: entry.Wanted) -> entry.Entry:
    if reply.status == 404:
        return entry.Entry("absent")
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        body = None
    data = body.get("data") if isinstance(body, dict) else None
    if reply.status != 200 or not isinstance(data, dict):
        return entry.Entry("unanswered", reason=f"HTTP {reply.status}")
    return row(data).entry(by_time=False)


def row(data: Mapping[str, Any]) -> entry.Row:
    """A generation; each response of a provider within it was an attempt of OpenRouter's own."""
    finish = entry.text(data.get("finish_reason"))
    milliseconds = entry.number(data.get("generation_time"))
    tried = data.get("provider_responses")
    return entry.Row(
        ids=tuple(filter(None, (entry.text(data.get("id")), entry.text(data.get("upstream_id"))))),
        model=entry.text(data.get("model")),
        done_at=entry.moment(data.get("created_at")),
        duration_s=milliseconds / 1000 if milliseconds is not None else None,
        charged_usd=entry.number(data.get("total_cost")) or 0.0,
        error="cancelled" if data.get("cancelled") is True else finish if finish in FAILED else "",
        group=entry.text(data.get("provider_name")),
        attempts=len(tried) if isinstance(tried, list) and tried else None,
    )
