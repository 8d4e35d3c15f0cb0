"""The pre-screen: is a prompt, or a reference picture, flagged by omni-moderation? Free, and it leaves this machine.

It knows nothing of brands, likeness or attire: clean is not "will pass". A service that does not answer leaves
the content "not checked", which says nothing either way.
"""

import base64
import dataclasses
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from probe import client, model
from probe.config import secrets
from probe.picture import container
from probe.taxonomy import waits

if TYPE_CHECKING:
    from probe.config import schema

ANSWER_WITHIN_S = 30.0
ANSWER_CAP_BYTES = 4 * 2**20
PICTURE_CAP_BYTES = 20 * 2**20
LONGEST_PAUSE_S = 120.0

State = Literal["flagged", "clean", "not checked"]


@dataclasses.dataclass(frozen=True, slots=True)
class Screen:
    """What the service said of one prompt."""

    state: State
    categories: tuple[str, ...] = ()  # what flagged it, worst first
    reason: str = ""  # why it was not checked
    retry_after_s: float | None = None  # the service asked for a pause
    again: bool = False  # asking again later may help


async def screen(
    prompt: str,
    picture: bytes | None,
    spec: "schema.Moderation",
    http: client.Client,
    key: secrets.Secret,
) -> Screen:
    """Ask about one prompt, with its reference picture where there is one."""
    content: Any = prompt
    if picture is not None:
        if len(picture) > PICTURE_CAP_BYTES:
            return Screen("not checked", reason=f"the picture is over {PICTURE_CAP_BYTES >> 20} MB")
        link = f"data:{container.media_type(picture)};base64,{base64.b64encode(picture).decode()}"
        content = [{"type": "text", "text": prompt}, {"type": "image_url", "image_url": {"url": link}}]
    (found,) = await ask(content, 1, spec, http, key)
    return found


async def screen_all(
    prompts: Sequence[str], spec: "schema.Moderation", http: client.Client, key: secrets.Secret
) -> list[Screen]:
    """Ask about several prompts in one request; one answer each, in order."""
    return await ask(list(prompts), len(prompts), spec, http, key)


async def ask(
    content: Any, count: int, spec: "schema.Moderation", http: client.Client, key: secrets.Secret
) -> list[Screen]:
    body = json.dumps({"model": spec.model, "input": content}).encode()
    request = model.Request("POST", f"{spec.base_url}/moderations", {"content-type": "application/json"}, body)
    reply = await http.send(request, key=key, deadline_s=ANSWER_WITHIN_S, cap_bytes=ANSWER_CAP_BYTES)
    return read(reply, count)


def read(reply: model.Reply, count: int) -> list[Screen]:
    """One Screen per input; the service's own outage is `not checked`, never clean."""
    if reply.fault is not None:
        return [
            Screen("not checked", reason=f"the moderation service did not answer: {reply.fault}", again=True)
        ] * count
    if reply.status != 200:
        again = reply.status in {408, 409, 429} or (reply.status or 0) >= 500
        reason = f"the moderation service answered HTTP {reply.status}"
        return [Screen("not checked", reason=reason, again=again, retry_after_s=pause_s(reply))] * count
    try:
        results = json.loads(reply.body)["results"]
        found = [one(result) for result in results]
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return [Screen("not checked", reason="the moderation service's answer cannot be read")] * count
    if len(found) != count:
        return [Screen("not checked", reason="the moderation service's answer is incomplete")] * count
    return found


def one(result: Any) -> Screen:
    flagged = result["flagged"]
    if not isinstance(flagged, bool):
        raise TypeError("flagged is no truth value")
    scores = result.get("category_scores") or {}
    names = [str(name)[:40] for name, on in (result.get("categories") or {}).items() if on is True]
    ranked = sorted(names, key=lambda name: -scores[name] if isinstance(scores.get(name), int | float) else 0.0)
    return Screen("flagged" if flagged else "clean", tuple(ranked[:5]) if flagged else ())


def pause_s(reply: model.Reply) -> float | None:
    """The pause that the reply's headers ask for, at most two minutes, seconds; None: they name none."""
    asked_s = waits.header_s(reply.headers)
    return None if asked_s is None else min(max(asked_s, 0.0), LONGEST_PAUSE_S)
