"""From the classify door's input object to Evidence: tolerant of anything, since people and programs write it."""

import json
import math
from collections.abc import Mapping
from typing import Any

from probe import hosts, model
from probe.taxonomy import unwrap

HEADER_LIMIT = 64
HEADER_VALUE_LIMIT = 2_000
_INTEGER_LIMIT = 10**15
_TIMES = str.maketrans({"*": "x", "\u00d7": "x"})


def evidence_of(reply: Mapping[str, Any]) -> model.Evidence:
    """What `classify` was given, as Evidence; wrong types are left out, never raised on.

    Keys: status headers body exception elapsed_s request observed (any may be null or absent).
    """
    request, observed = _mapping(reply.get("request")), _mapping(reply.get("observed"))
    body, exception, elapsed_s = reply.get("body"), reply.get("exception"), reply.get("elapsed_s")
    if elapsed_s is not None or observed:
        elapsed_s = _first_number(elapsed_s, observed.get("elapsed_s"), observed.get("seconds"))
    return model.Evidence(
        status=_status(reply.get("status")),
        headers=_headers(reply.get("headers")),
        text=unwrap.shorten(body if isinstance(body, str) else _text(body)),
        fault_text=unwrap.shorten(_text(exception)) if exception is not None else "",
        elapsed_s=elapsed_s,
        order=_order(request) if request else None,
        **(_delivered(observed) if observed else {}),
    )


def _delivered(observed: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody saw of the picture and of what the answer says of it, as fields of Evidence."""
    return {
        "picture": _picture(observed),
        "image_tokens": _integer(observed.get("image_tokens")),
        "echoed_size": _word(observed.get("size")),
        "echoed_quality": _word(observed.get("quality")),
    }


def _order(request: Mapping[str, Any]) -> model.Order:
    """The order a request object describes."""
    size = _word(request.get("size")) or ""
    image_size = _word(request.get("image_size")) or _word(request.get("imageSize")) or _word(request.get("resolution"))
    if size.upper() in ("512", "1K", "2K", "4K"):
        size, image_size = "", size
    if image_size and image_size.lower().partition("x")[2]:  # not `512px`
        size, image_size = image_size, None
    width, _, height = size.lower().replace(" ", "").translate(_TIMES).partition("x")
    named = _word(request.get("model")) or ""
    protocol = _word(request.get("protocol")) or ("gemini" if image_size or "gemini" in named else "openai-images")
    return model.Order(
        protocol=protocol,
        model=named,
        width_px=_pixels(width) if height else 0,
        height_px=_pixels(height),
        quality=_word(request.get("quality")),
        image_size=image_size,
        aspect_ratio=_word(request.get("aspect_ratio")) or _word(request.get("aspectRatio")),
        operation="edit" if request.get("operation") == "edit" else "generate",
        relayed=hosts.relayed(base_url) if (base_url := _word(request.get("base_url"))) else None,
    )


def _picture(observed: Mapping[str, Any]) -> model.Picture | None:
    """The picture somebody looked at; None where nothing about one was observed."""
    width_px, height_px = _integer(observed.get("width")) or 0, _integer(observed.get("height")) or 0
    blank = observed.get("blank") is True
    flaw = _word(observed.get("flaw")) or ""
    if not (width_px and height_px) and not blank and not flaw:
        return None
    return model.Picture(
        width_px=width_px,
        height_px=height_px,
        format=(_word(observed.get("format")) or "").lower(),
        image_bytes=_integer(observed.get("bytes")) or 0,
        flaw=flaw,
        blank=blank,
        effective_resolution=_number(observed.get("effective_resolution")),
        repeated=observed.get("repeated") is True,
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _headers(value: Any) -> dict[str, str]:
    if not value:
        return {}
    pairs = list(_mapping(value).items())[:HEADER_LIMIT]
    return {key.lower(): _text(item)[:HEADER_VALUE_LIMIT] for key, item in pairs}


def _status(value: Any) -> int | None:
    number = _integer(value)
    return number if number is not None and 100 <= number <= 999 else None


def _text(value: Any) -> str:
    """A string as it is, null as nothing, anything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _word(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    return str(value).strip()[:100] or None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, int) and abs(value) > _INTEGER_LIMIT:
        return None
    return float(value) if math.isfinite(value) else None


def _first_number(*values: Any) -> float | None:
    for value in values:
        if value is not None and (number := _number(value)) is not None and number >= 0:
            return number
    return None


def _integer(value: Any) -> int | None:
    if value is None or type(value) is int:
        return value if value is None or abs(value) <= _INTEGER_LIMIT else None
    if isinstance(value, str) and value.strip().isdecimal() and len(value.strip()) < 10:
        return int(value)
    number = _number(value)
    return int(number) if number is not None else None


def _pixels(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 6 else 0
