"""The OpenAI Images API and its resellers: `POST {base_url}/images/generations` and `/images/edits`."""

import json
import secrets
from typing import TYPE_CHECKING

from probe import model
from probe.picture import container
from probe.protocols import reading

if TYPE_CHECKING:
    from probe.config import schema


def order(channel: "schema.Channel", tier: "schema.TierSpec") -> model.Order:
    """Size and quality; `auto` promises no pixels."""
    width, _, height = (tier.size or "auto").partition("x")
    return model.Order(
        protocol="openai-images",
        model=channel.model,
        width_px=int(width) if height else 0,
        height_px=int(height) if height else 0,
        quality=tier.quality,
        operation=tier.operation,
    )


def request(channel: "schema.Channel", order: model.Order, prompt: str, reference: bytes | None) -> model.Request:
    """One picture. `response_format` is never sent: the official models refuse it."""
    fields: dict[str, object] = {"model": order.model, "prompt": prompt, "n": 1, "size": order.size}
    if order.quality:
        fields["quality"] = order.quality
    base = channel.base_url.rstrip("/")
    if order.operation == "edit":
        if reference is None:
            raise ValueError("an edit needs a reference picture")
        body, content_type = _multipart(fields, reference)
        return model.Request("POST", f"{base}/images/edits", {"content-type": content_type}, body, _auth(channel))
    body = json.dumps(fields).encode()
    headers = {"content-type": "application/json"}
    return model.Request("POST", f"{base}/images/generations", headers, body, _auth(channel))


def read(reply: model.Reply) -> reading.Reading:
    """`data[0].b64_json`, else `data[0].url`; echo of size and quality; image tokens and, at OpenRouter, cost of `usage`."""
    text, body, fault = reading.answer(reply)
    if not isinstance(body, dict):
        return reading.Reading(text, fault)
    pictures = [item for item in reading.items(body.get("data")) if item.get("b64_json")]
    urls = [item["url"] for item in reading.items(body.get("data")) if isinstance(item.get("url"), str) and item["url"]]
    picture = reading.picture_bytes(pictures[-1]["b64_json"]) if pictures else None
    if pictures and picture is None:
        fault = model.Fault.BAD_BASE64
    if not pictures and urls and urls[-1].startswith("data:"):
        # Some gateways put the picture itself where a link belongs.
        picture = reading.picture_bytes(urls[-1])
        pictures, fault = [{"url": urls[-1]}], None if picture else model.Fault.BAD_BASE64
    usage = body.get("usage")
    tokens = reading.field(usage, "output_tokens_details", "image_tokens")
    return reading.Reading(
        text,
        fault,
        picture,
        picture_count=len(pictures),
        picture_url=urls[-1] if urls and not pictures else None,
        image_tokens=reading.whole_number(tokens if tokens is not None else reading.field(usage, "output_tokens")),
        echoed_size=reading.word(body.get("size")),
        echoed_quality=reading.word(body.get("quality")),
        charged_usd=reading.usd(reading.field(usage, "cost")),
    )


def listing(channel: "schema.Channel") -> model.Request:
    """`GET {base_url}/models`: what this key may ask for, free of charge."""
    return model.Request("GET", f"{channel.base_url.rstrip('/')}/models", auth_header=_auth(channel))


def _auth(channel: "schema.Channel") -> str:
    return "x-goog-api-key" if channel.auth_header == "x-goog-api-key" else "authorization"


def _multipart(fields: dict[str, object], picture: bytes) -> tuple[bytes, str]:
    """A multipart/form-data body with the fields and one picture named `image`, and its content type."""
    boundary = secrets.token_hex(16)
    head = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    kind = container.media_type(picture)  # the official API goes by the stated type
    part = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="reference.{kind.partition("/")[2]}"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    )
    body = (head + part).encode() + picture + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"
