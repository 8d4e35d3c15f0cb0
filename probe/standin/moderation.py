"""The moderation endpoint: marker words flag a prompt, with scores as the original reports them."""

import random
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

MARKERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "nude": ("sexual",),
        "lolicon": ("sexual", "sexual/minors"),
        "gore": ("violence", "violence/graphic"),
        "massacre": ("violence",),
        "suicide": ("self-harm",),
        "bomb-making": ("illicit", "illicit/violent"),
        "racist": ("hate", "harassment"),
    }
)
"""Words that make the stand-in flag a prompt, and the categories they stand for."""

TEXT_ONLY = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "sexual/minors",
)
TEXT_AND_IMAGE = (
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "violence",
    "violence/graphic",
)
WORDS = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in MARKERS), re.IGNORECASE)


def flagged(text: str) -> tuple[str, ...]:
    """Categories that the words of a text stand for."""
    found = (match.group().lower() for match in WORDS.finditer(text))
    return tuple(dict.fromkeys(category for word in found for category in MARKERS[word]))


def texts(value: Any) -> list[tuple[str, bool]]:
    """(text, has a picture) of each input: a string, strings, or one list of text and image parts."""
    if isinstance(value, str):
        return [(value, False)]
    if not isinstance(value, list):
        return []
    if all(isinstance(part, str) for part in value):
        return [(part, False) for part in value]
    parts = [part for part in value if isinstance(part, dict)]
    words = " ".join(str(part.get("text", "")) for part in parts)
    return [(words, any(part.get("type") == "image_url" for part in parts))]


def answer(value: Any, model_name: str, request_id: str) -> dict[str, Any]:
    """The body of `POST /moderations`; the same input always gets the same scores."""
    return {
        "id": f"modr-{request_id}",
        "model": model_name,
        "results": [result(text, pictured=pictured) for text, pictured in texts(value)],
    }


def result(text: str, *, pictured: bool) -> dict[str, Any]:
    found = flagged(text)
    draw = random.Random(text)  # noqa: S311 - reproducible by purpose
    categories = sorted((*TEXT_ONLY, *TEXT_AND_IMAGE))
    scores = {name: draw.uniform(0.82, 0.99) if name in found else draw.uniform(1e-6, 0.02) for name in categories}
    kinds = ["text", "image"] if pictured else ["text"]
    return {
        "flagged": bool(found),
        "categories": {name: name in found for name in categories},
        "category_scores": scores,
        "category_applied_input_types": {name: ["text"] if name in TEXT_ONLY else kinds for name in categories},
    }
