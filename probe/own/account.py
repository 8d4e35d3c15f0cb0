"""One own request as one source tells it, and the line that tells it (docs/own-traffic.md): every source becomes this."""

import datetime as dt
import functools
import itertools
import re
import urllib.parse
from collections.abc import Mapping
from typing import Any, NamedTuple

from probe import headers, model
from probe.config import secrets
from probe.records import rows

SCHEMA_VERSION = 1

TEXT_CHARACTERS = 16_384
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

PROMPT_ID = re.compile(re.escape(model.OWN_PROMPT) + "[0-9a-f]{16}")

scrubbed = secrets.Redactor(())
"""Takes out what looks like a key: lines and logs are written by others."""


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


def of(told: Mapping[str, Any]) -> Account:
    """An object of the documented shape; raises ValueError."""
    if told.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"schema_version is not {SCHEMA_VERSION}")
    fault = _fault(told.get("fault"))
    elapsed_s = _seconds(told, "elapsed_s")
    answered = told.get("status") is not None and fault is None
    url = _text(told, "url", 2000)
    return Account(
        id=_needed(told, "id"),
        source=_text(told, "source") or RECORDER,
        sent_at=_instant(told),
        evidence=model.Evidence(
            status=whole(told, "status", 100, 999),
            headers=_headers(told.get("headers")),
            text=_scrubbed(told, "text", TEXT_CHARACTERS),
            fault=fault,
            fault_text=_scrubbed(told, "fault_text", 2000),
            elapsed_s=elapsed_s,
            order=_order(told),
            picture=_picture(told.get("picture")),
            picture_count=whole(told, "picture_count", 0, 100),
            image_tokens=whole(told, "image_tokens", 0, 10_000_000),
            echoed_size=_text(told, "echoed_size") or None,
            echoed_quality=_text(told, "echoed_quality") or None,
            sent=fault not in UNSENT,
        ),
        channel=_text(told, "channel"),
        host=_host(url),
        tier=_text(told, "tier"),
        latency_s=elapsed_s if answered else None,
        headers_s=_seconds(told, "headers_s"),
        pictures=whole(told, "n", 1, 100) or 1,
        prompt_id=_prompt_id(told),
        attempt=whole(told, "attempt", 1, 1000) or 1,
        batch=_text(told, "batch"),
        served_model=_text(told, "served_model"),
        charged_usd=_number(told, "charged_usd", 0, 1e6),
        entry=_entry(told.get("gateway")),
    )


def line(told: Account) -> dict[str, Any]:
    """The account as an object of the documented shape: `of` reads it back."""
    evidence, order, picture, entry = told.evidence, told.order, told.evidence.picture, told.entry
    found = {
        "schema_version": SCHEMA_VERSION,
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


def _order(told: Mapping[str, Any]) -> model.Order:
    names = ("size", "quality", "image_size", "aspect_ratio")
    return _order_of(_needed(told, "model"), told.get("operation") == "edit", *[_text(told, name) for name in names])


@functools.lru_cache(maxsize=4096)
def _order_of(named: str, edit: bool, size: str, quality: str, image_size: str, aspect_ratio: str) -> model.Order:
    """Programs order the same few things all day."""
    width, _, height = size.lower().partition("x")
    pixels = (int(width), int(height)) if _is_pixels(width) and _is_pixels(height) else (0, 0)
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


@functools.lru_cache(maxsize=4096)
def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).netloc.rpartition("@")[2].lower()


def _is_pixels(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 6


def _picture(told: Any) -> model.Picture | None:
    if not isinstance(told, dict):
        return None
    return model.Picture(
        width_px=whole(told, "width", 0, 100_000) or 0,
        height_px=whole(told, "height", 0, 100_000) or 0,
        format=_text(told, "format"),
        image_bytes=whole(told, "bytes", 0, 1 << 40) or 0,
    )


def _entry(told: Any) -> rows.GatewayEntry | None:
    if not isinstance(told, dict):
        return None
    return rows.GatewayEntry(
        gateway=_needed(told, "kind"),
        request_id=_needed(told, "id"),
        began_at=_instant(told, "began_at"),
        model=_text(told, "model"),
        asked_model=_text(told, "asked_model"),
        token_group=_text(told, "group"),
        duration_s=_seconds(told, "duration_s"),
        charged_usd=_number(told, "charged_usd", 0, 1e6),
        error=_scrubbed(told, "error", 500),
        attempts=whole(told, "attempts", 1, 1000),
    )


def _headers(told: Any) -> dict[str, str]:
    if not isinstance(told, dict):
        return {}
    found = {}
    for name, value in itertools.islice(told.items(), HEADERS_KEPT):
        key = name.lower()
        if isinstance(value, str) and headers.kept(key):
            found[key] = scrubbed(value[:WORD_CHARACTERS])
    return found


def _fault(told: Any) -> model.Fault | None:
    try:
        return model.Fault(told) if told is not None else None
    except ValueError as error:
        raise ValueError(f"fault {str(told)[:40]!r} is none of {', '.join(model.Fault)}") from error


def _prompt_id(told: Mapping[str, Any]) -> str:
    """Only a keyed hash is taken: a prompt in its place must not be stored."""
    found = _text(told, "prompt_id")
    if found and not PROMPT_ID.fullmatch(found):
        raise ValueError("prompt_id is no keyed hash (own- and 16 hex digits)")
    return found


def _instant(told: Mapping[str, Any], name: str = "sent_at") -> dt.datetime:
    value = told.get(name)
    try:
        at = dt.datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ValueError(f"{name} is no time with its zone, such as 2026-08-13T02:41:00Z")
    at = at if at.tzinfo is dt.UTC else at.astimezone(dt.UTC)
    finer_us = at.microsecond % 1000  # records keep milliseconds
    return at.replace(microsecond=at.microsecond - finer_us) if finer_us else at


def _needed(told: Mapping[str, Any], name: str) -> str:
    found = _text(told, name)
    if not found:
        raise ValueError(f"{name} is missing")
    return found


def _text(told: Mapping[str, Any], name: str, most: int = WORD_CHARACTERS) -> str:
    value = told.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{name} is no text")  # noqa: TRY004 - one kind of error for a bad line
    return value if len(value) <= most else value[:most]


def _scrubbed(told: Mapping[str, Any], name: str, most: int) -> str:
    found = _text(told, name, most)
    return scrubbed(found) if found else ""


def _number(told: Mapping[str, Any], name: str, low: float, high: float) -> float | None:
    value = told.get(name)
    if value is None:
        return None
    kind = type(value)  # True is no number
    if (kind is not float and kind is not int) or not low <= value <= high:  # NaN lies nowhere
        raise ValueError(f"{name} is no number from {low:g} to {high:g}")
    return float(value)


def _seconds(told: Mapping[str, Any], name: str) -> float | None:
    return _number(told, name, 0, 86_400 * 7)


def whole(told: Mapping[str, Any], name: str, low: int, high: int) -> int | None:
    """A whole number; None where it is not told. Raises ValueError for anything else."""
    value = told.get(name)
    if value is None or (type(value) is int and low <= value <= high):
        return value
    found = _number(told, name, low, high)
    if found is None or not found.is_integer():
        raise ValueError(f"{name} is no whole number")
    return int(found)
