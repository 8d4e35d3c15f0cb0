"""One request as it arrives: its fields, the channel and tier it finds, and whether it is let in."""

import dataclasses
import datetime as dt
import email
import email.policy
import fnmatch
import json
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from starlette.requests import Request

from probe import model
from probe.standin import orders, rows, scenario, voices

LARGEST_REQUEST = 64 * 1024 * 1024
BAD_KEY = "bad"
"""Every key is good but one that contains this word."""


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """One request on its way: what it says, and who it meets."""

    request: Request
    protocol: str
    model: str
    channel: rows.Channel | None  # None: nobody serves this model
    who: voices.Personality
    at: dt.datetime

    @property
    def language(self) -> str:
        return "zh" if self.request.headers.get("accept-language", "").lower().startswith("zh") else "en"


def call(request: Request, protocol: str, name: str, played: scenario.Scenario, at: dt.datetime) -> Call:
    """The request for model `name` with the channel it finds and the personality that answers."""
    channel = find_channel(played, name)
    vertex = "vertex" if "/publishers/google/" in request.url.path else ""
    who = voices.personality((channel.personality if channel else "") or vertex, protocol, name)
    return Call(request, protocol, name, channel, who, at)


def find_channel(played: scenario.Scenario, name: str) -> rows.Channel | None:
    """The channel that names the model; else the first row whose glob matches the name, or stands within it.

    A scenario without any row serves every model.
    """
    for channel in played.channels:
        if fnmatch.fnmatchcase(name, channel.model):
            return channel
    globs = [row.channel for row in (*played.steady, *played.incidents)]
    if any(fnmatch.fnmatchcase(name, glob) for glob in globs):
        return rows.Channel(name, name)
    for glob in globs:
        if fnmatch.fnmatchcase(name, f"*{glob}*"):
            return rows.Channel(glob, name)
    return None if globs or played.channels else rows.Channel(name, name)


TIERS_BY_IMAGE_SIZE: Mapping[str, str] = MappingProxyType(
    {"512": "1k-low", "1K": "1k-low", "2K": "2k-high", "4K": "4k-high"}
)
"""Gemini knows no quality: the default tier of each resolution stands for all of it."""
EDGES: Mapping[str, int] = MappingProxyType({"1k": 1280, "2k": 2048, "4k": 3840})
QUALITIES: Mapping[str, str] = MappingProxyType({"xhigh": "high", "max": "high"})


def tier(order: model.Order) -> str:
    """The built-in tier nearest to an order: by its longest edge, in octaves, and its quality."""
    if order.image_size:
        return TIERS_BY_IMAGE_SIZE[order.image_size]
    longest_px = max(order.width_px, order.height_px)
    resolution = min(EDGES, key=lambda name: abs(math.log(longest_px / EDGES[name])))
    quality = order.quality or "low"
    return f"{resolution}-{QUALITIES.get(quality, quality)}"


def admit(call: Call) -> rows.Channel:
    """The channel a request may use; raises Refused for a missing or bad key, then for a model that nobody serves."""
    key = key_of(call.request)
    if not key:
        raise orders.Refused(call.who.no_key)
    if BAD_KEY in key:
        raise orders.Refused(call.who.bad_key, key=masked(key))
    if call.channel is None:
        raise orders.Refused(call.who.no_model)
    return call.channel


def key_of(request: Request) -> str:
    """The key in any of the three places where it may stand."""
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    return bearer or request.headers.get("x-goog-api-key", "") or request.query_params.get("key", "")


def masked(key: str) -> str:
    return f"{key[:6]}***{key[-3:]}"


async def fields(request: Request, protocol: str) -> dict[str, Any]:
    """The fields of a JSON or multipart body; raises Refused where it is neither, or too large."""
    original = voices.ORIGINALS[protocol]
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > LARGEST_REQUEST:
            raise orders.Refused(f"{original}-413")
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("multipart/form-data"):
        return form(bytes(data), content_type)
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise orders.Refused(f"{original}-bad-json") from error
    if not isinstance(body, dict):
        raise orders.Refused(f"{original}-bad-json")
    return body


def form(data: bytes, content_type: str) -> dict[str, Any]:
    """The parts of a multipart form: text as text, files as bytes."""
    head = b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n"
    message = email.message_from_bytes(head + data, policy=email.policy.HTTP)
    found: dict[str, Any] = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found[name] = content if part.get_filename() else content.decode("utf-8", "replace")
    return found


def server_timeout_s(call: Call) -> float:
    """Real seconds after which Google gives up by the client's own wish (`X-Server-Timeout`)."""
    asked = call.request.headers.get("x-server-timeout", "")
    heeds = call.protocol == "gemini" and not call.who.gateway and asked.isdecimal() and len(asked) < 8
    return float(asked) if heeds else math.inf


def protocol_of(name: str) -> str:
    """The protocol in which a model is called, by its name."""
    return "gemini" if name.startswith("gemini") else "openai-images"


def listed_in(request: Request) -> str:
    """The protocol in which a list of models is asked for: /v1beta and Google's key header mean Gemini."""
    google = request.url.path.startswith("/v1beta") or "x-goog-api-key" in request.headers
    return "gemini" if google else "openai-images"


def listing(protocol: str, name: str) -> dict[str, Any]:
    """One entry of a list of models."""
    if protocol == "gemini":
        return {"name": f"models/{name}", "displayName": name, "supportedGenerationMethods": ["generateContent"]}
    return {"id": name, "object": "model", "created": 1_777_371_362, "owned_by": "standin"}
