"""OpenRouter's look-up of one generation: `GET /api/v1/generation?id=gen-...` with the key as bearer.

Source: openrouter.ai/docs, "Generation response": `total_cost` in USD, `generation_time` in ms, `cancelled`,
`finish_reason`. A generation shows up some seconds after it ended; until then the answer is 404.
"""

import json
import urllib.parse
from collections.abc import Sequence

from probe import model
from probe.gatewaylogs import entry

FAILED = frozenset({"error", "content_filter"})


def requests(url: str, wanted: entry.Wanted) -> Sequence[model.Request]:
    named = [name for name in wanted.ids if name.startswith("gen-")]
    return [
        model.Request("GET", f"{url}/api/v1/generation?{urllib.parse.urlencode({'id': name})}") for name in named[:2]
    ]


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
    finish = entry.text(data.get("finish_reason"))
    error = "cancelled" if data.get("cancelled") is True else finish if finish in FAILED else ""
    milliseconds = entry.number(data.get("generation_time"))
    return entry.Entry(
        "failed" if error else "finished",
        duration_s=milliseconds / 1000 if milliseconds is not None else None,
        charged_usd=entry.number(data.get("total_cost")),
        error=error,
    )
