"""Google's native API and gateways that carry it: `POST {base_url}/v1beta/models/{model}:generateContent`."""

import base64
import json
import re
import urllib.parse
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from probe import model
from probe.picture import container
from probe.protocols import reading

if TYPE_CHECKING:
    from probe.config import schema

PIXELS_1K: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "1:1": (1024, 1024),
        "2:3": (848, 1264),
        "3:2": (1264, 848),
        "3:4": (896, 1200),
        "4:3": (1200, 896),
        "4:5": (928, 1152),
        "5:4": (1152, 928),
        "9:16": (768, 1376),
        "16:9": (1376, 768),
        "21:9": (1584, 672),
        "1:4": (512, 2048),
        "4:1": (2048, 512),
        "1:8": (384, 3072),
        "8:1": (3072, 384),
    }
)
"""Pixels at 1K by aspect ratio (Google's table); 2K and 4K are exactly twice and four times that."""

FACTORS: Mapping[str, float] = MappingProxyType({"512": 0.5, "1K": 1, "2K": 2, "4K": 4})

MARKDOWN_PICTURE = re.compile(r"!\[[^\]]{0,200}\]\(\s{0,9}(data:image/[^)\"]+|https://[^)\s]+)")
"""Gateways that answer through a chat route put the picture, or a link to it, into a text part."""


def order(channel: "schema.Channel", tier: "schema.TierSpec") -> model.Order:
    """`imageSize` and `aspectRatio`; a quality means nothing here."""
    image_size, aspect_ratio = tier.image_size or "1K", tier.aspect_ratio or "16:9"
    width_px, height_px = PIXELS_1K[aspect_ratio]
    factor = FACTORS[image_size]
    return model.Order(
        protocol="gemini",
        model=channel.model,
        width_px=round(width_px * factor),
        height_px=round(height_px * factor),
        image_size=image_size,
        aspect_ratio=aspect_ratio,
        operation=tier.operation,
    )


def request(channel: "schema.Channel", order: model.Order, prompt: str, reference: bytes | None) -> model.Request:
    """One picture, pictures only; `maxOutputTokens` is never set, since thoughts count against it."""
    parts: list[dict[str, Any]] = [{"text": prompt}]
    if order.operation == "edit":
        if reference is None:
            raise ValueError("an edit needs a reference picture")
        data = base64.b64encode(reference).decode()
        parts.append({"inlineData": {"mimeType": container.media_type(reference), "data": data}})
    image_config = {"aspectRatio": order.aspect_ratio, "imageSize": order.image_size}
    if order.model.startswith("gemini-2.5"):
        del image_config["imageSize"]  # it knows 1K only and refuses the field
    body = {
        "contents": [{"role": "user", "parts": parts}],
        "generationConfig": {"responseModalities": ["IMAGE"], "imageConfig": image_config},
    }
    url = f"{_base(channel)}/models/{urllib.parse.quote(order.model, safe='')}:generateContent"
    return model.Request("POST", url, {"content-type": "application/json"}, json.dumps(body).encode(), _auth(channel))


def read(reply: model.Reply) -> reading.Reading:
    """The last picture part that is no draft, else the last link; IMAGE tokens of `usageMetadata`."""
    text, body, fault = reading.answer(reply)
    if not isinstance(body, dict):
        return reading.Reading(text, fault)
    parts = [
        part
        for candidate in reading.items(body.get("candidates"))
        for part in reading.items(reading.field(candidate, "content", "parts"))
        if not part.get("thought")
    ]
    shown = [found for part in parts if (found := _picture_of(part))]
    encoded = [found for found in shown if not found.startswith("https://")]
    picture = reading.picture_bytes(encoded[-1]) if encoded else None
    details = reading.items(reading.field(body, "usageMetadata", "candidatesTokensDetails"))
    tokens = next((item.get("tokenCount") for item in details if item.get("modality") == "IMAGE"), None)
    return reading.Reading(
        text,
        model.Fault.BAD_BASE64 if encoded and picture is None else fault,
        picture,
        picture_count=len(encoded),
        picture_url=shown[-1] if shown and not encoded else None,
        image_tokens=reading.whole_number(tokens),
    )


def _picture_of(part: dict[str, Any]) -> str | None:
    """The base64 of a part, in either spelling or as Markdown in a text; or the link in its Markdown."""
    inline = part.get("inlineData") or part.get("inline_data")
    data = reading.field(inline, "data")
    if isinstance(data, str) and data:
        return data
    text = part.get("text")
    match = MARKDOWN_PICTURE.search(text) if isinstance(text, str) else None
    return match[1].strip() if match else None


def listing(channel: "schema.Channel") -> model.Request:
    """`GET {base_url}/v1beta/models`: what this key may ask for, free of charge."""
    return model.Request("GET", f"{_base(channel)}/models?pageSize=1000", auth_header=_auth(channel))


def _base(channel: "schema.Channel") -> str:
    return channel.base_url.rstrip("/").removesuffix("/v1beta") + "/v1beta"


def _auth(channel: "schema.Channel") -> str:
    """Google takes its own header; gateways want a bearer token."""
    if channel.auth_header:
        return "authorization" if channel.auth_header == "bearer" else channel.auth_header
    host = urllib.parse.urlsplit(channel.base_url).hostname or ""
    return "x-goog-api-key" if host.endswith("googleapis.com") else "authorization"
