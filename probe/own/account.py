"""One own request as one source tells it, and the line that tells it (docs/own-traffic.md): every source becomes this."""

import datetime as dt
import functools
import itertools
import urllib.parse
from collections.abc import Mapping
from typing import Any, NamedTuple

from probe import headers, model
from probe.config import secrets
from probe.own import fields
from probe.records import rows

TEXT_CHARACTERS = 16_384
FAULT_CHARACTERS = 2_000
URL_CHARACTERS = 2_000
ERROR_CHARACTERS = 500
HEADERS_KEPT = 64
WORD_CHARACTERS = 200

RECORDER = "recorder"

UNSENT = frozenset({model.Fault.DNS, model.Fault.REFUSED, model.Fault.CONNECT_TIMEOUT})
"""Faults after which the request certainly never left the machine."""

EXCLUSIONS: Mapping[model.Fault, model.Exclusion] = {
    model.Fault.OWN_POOL: model.Exclusion.OWN_POOL,
    model.Fault.BAD_REQUEST: model.Exclusion.OWN_CONFIG,
    model.Fault.CANCELLED: model.Exclusion.CANCELLED,
    **dict.fromkeys(UNSENT, model.Exclusion.LOCAL_NETWORK),
}
"""Faults that may be the caller's own. Nobody looked whether its network was up: that it was not is assumed."""

NO_ORDER = model.Order("", "")


class Account(NamedTuple):
    """One request. `channel` and `host` are empty where the source does not tell them."""

    id: str
    source: str
    sent_at: dt.datetime
    evidence: model.Evidence
    channel: str = ""
    host: str = ""
    tier: str = ""  # where the source names it
    latency_s: float | None = None
    headers_s: float | None = None
    pictures: int = 1  # ordered at once
    prompt_id: str = ""
    attempt: int = 1
    batch: str = ""
    served_model: str = ""
    charged_usd: float | None = None
    entry: rows.GatewayEntry | None = None  # what the gateway's own log says of it

    @property
    def order(self) -> model.Order:
        return self.evidence.order or NO_ORDER

    @property
    def excluded(self) -> model.Exclusion | None:
        return EXCLUSIONS.get(self.evidence.fault) if self.evidence.fault else None


def of(told: fields.Line) -> Account:
    """A line whose fields are checked. Words that are too long are cut."""
    fault, elapsed_s, status = told.get("fault"), told.get("elapsed_s"), told.get("status")
    entry = told.get("gateway")
    return Account(
        id=told["id"][:WORD_CHARACTERS],
        source=word(told.get("source")) or RECORDER,
        sent_at=told["sent_at"],
        evidence=model.Evidence(
            status=status,
            headers=headers_of(told.get("headers") or {}),
            text=scrubbed_word(told.get("text"), TEXT_CHARACTERS),
            fault=fault,
            fault_text=scrubbed_word(told.get("fault_text"), FAULT_CHARACTERS),
            elapsed_s=elapsed_s,
            order=order_of(
                told["model"][:WORD_CHARACTERS],
                told.get("operation") == "edit",
                word(told.get("size")),
                word(told.get("quality")),
                word(told.get("image_size")),
                word(told.get("aspect_ratio")),
            ),
            picture=picture_of(told.get("picture")),
            picture_count=told.get("picture_count"),
            image_tokens=told.get("image_tokens"),
            echoed_size=word(told.get("echoed_size")) or None,
            echoed_quality=word(told.get("echoed_quality")) or None,
            sent=fault not in UNSENT,
        ),
        channel=word(told.get("channel")),
        host=host_of(told.get("url") or ""),
        tier=word(told.get("tier")),
        latency_s=elapsed_s if status is not None and fault is None else None,
        headers_s=told.get("headers_s"),
        pictures=told.get("n") or 1,
        prompt_id=told.get("prompt_id") or "",
        attempt=told.get("attempt") or 1,
        batch=word(told.get("batch")),
        served_model=word(told.get("served_model")),
        charged_usd=told.get("charged_usd"),
        entry=entry and entry_of(entry),
    )


def line(told: Account) -> dict[str, Any]:
    """The account as an object of the documented shape: `of` reads it back."""
    evidence, order, picture, entry = told.evidence, told.order, told.evidence.picture, told.entry
    found = {
        "schema_version": fields.SCHEMA_VERSION,
        "id": told.id,
        "source": told.source,
        "sent_at": told.sent_at.isoformat(timespec="milliseconds"),
        "elapsed_s": evidence.elapsed_s,
        "headers_s": told.headers_s,
        "url": f"https://{told.host}" if told.host else "",
        "channel": told.channel,
        "tier": told.tier,
        "model": order.model,
        "size": order.size if order.width_px else "",
        "quality": order.quality,
        "image_size": order.image_size,
        "aspect_ratio": order.aspect_ratio,
        "operation": order.operation,
        "n": told.pictures,
        "attempt": told.attempt,
        "batch": told.batch,
        "prompt_id": told.prompt_id,
        "status": evidence.status,
        "headers": dict(evidence.headers),
        "text": evidence.text,
        "fault": evidence.fault and str(evidence.fault),
        "fault_text": evidence.fault_text,
        "picture_count": evidence.picture_count,
        "picture": picture
        and {
            "format": picture.format,
            "width": picture.width_px,
            "height": picture.height_px,
            "bytes": picture.image_bytes,
        },
        "image_tokens": evidence.image_tokens,
        "echoed_size": evidence.echoed_size,
        "echoed_quality": evidence.echoed_quality,
        "served_model": told.served_model,
        "charged_usd": told.charged_usd,
        "gateway": entry and _entry_line(entry),
    }
    return {name: value for name, value in found.items() if value not in (None, "", {})}


def _entry_line(entry: rows.GatewayEntry) -> dict[str, Any]:
    return {
        "kind": entry.gateway,
        "id": entry.request_id,
        "began_at": entry.began_at.isoformat(timespec="milliseconds"),
        "model": entry.model,
        "asked_model": entry.asked_model,
        "group": entry.token_group,
        "duration_s": entry.duration_s,
        "charged_usd": entry.charged_usd,
        "error": entry.error,
        "attempts": entry.attempts,
    }


def word(told: str | None) -> str:
    return told[:WORD_CHARACTERS] if told else ""


def scrubbed_word(told: str | None, most: int) -> str:
    return secrets.scrubbed(secrets.cut(told, most)) if told else ""


@functools.lru_cache(maxsize=4096)
def order_of(named: str, edit: bool, size: str, quality: str, image_size: str, aspect_ratio: str) -> model.Order:
    """Programs order the same few things all day."""
    width, _, height = size.lower().partition("x")
    pixels = (int(width), int(height)) if is_pixels(width) and is_pixels(height) else (0, 0)
    return model.Order(
        protocol="gemini" if image_size or "gemini" in named else "openai-images",
        model=named,
        width_px=pixels[0],
        height_px=pixels[1],
        quality=quality or None,
        image_size=image_size or None,
        aspect_ratio=aspect_ratio or None,
        operation="edit" if edit else "generate",
    )


def is_pixels(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 6


@functools.lru_cache(maxsize=4096)
def host_of(url: str) -> str:
    """With its port; "" where this is no address."""
    try:
        return urllib.parse.urlsplit(url[:URL_CHARACTERS]).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


def picture_of(told: fields.Picture | None) -> model.Picture | None:
    if told is None:
        return None
    width_px, height_px = told.get("width") or 0, told.get("height") or 0
    return model.Picture(width_px, height_px, word(told.get("format")), told.get("bytes") or 0)


def entry_of(told: fields.Gateway) -> rows.GatewayEntry:
    return rows.GatewayEntry(
        gateway=told["kind"][:WORD_CHARACTERS],
        request_id=told["id"][:WORD_CHARACTERS],
        began_at=told["began_at"],
        model=word(told.get("model")),
        asked_model=word(told.get("asked_model")),
        token_group=word(told.get("group")),
        duration_s=told.get("duration_s"),
        charged_usd=told.get("charged_usd"),
        error=scrubbed_word(told.get("error"), ERROR_CHARACTERS),
        attempts=told.get("attempts"),
    )


def headers_of(told: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for name, value in itertools.islice(told.items(), HEADERS_KEPT):
        key = name.lower()
        if isinstance(value, str) and headers.kept(key):
            found[key] = scrubbed_word(value, WORD_CHARACTERS)
    return found
