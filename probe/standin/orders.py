"""What a request orders, and the refusals of the originals for what they do not accept."""

import dataclasses
import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from probe import model
from probe.protocols import gemini
from probe.standin import voices


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """A valid request: the order, and what else shapes the answer."""

    order: model.Order
    prompt: str
    output_format: str = "png"
    count: int = 1
    stream: bool = False
    background: str = "opaque"


class Refused(Exception):  # noqa: N818 - no error: the right answer to what was sent
    """A request its original would refuse: the named reply, and the words to fill in."""

    def __init__(self, reply: str, **words: str) -> None:
        super().__init__(reply)
        self.reply = reply
        self.words = words


OPENAI_FIELDS = frozenset(
    {
        "model",
        "prompt",
        "n",
        "size",
        "quality",
        "output_format",
        "output_compression",
        "background",
        "moderation",
        "complexity",
        "stream",
        "partial_images",
        "safety_identifier",
        "user",
    }
)
EDIT_FIELDS = OPENAI_FIELDS | {"image", "image[]", "images", "mask", "markup", "input_fidelity"}
GATEWAY_FIELDS = frozenset({"response_format"})  # reverse channels accept what the official API refuses
FORMATS = ("png", "jpeg", "webp")
SIZE = re.compile(r"(\d{1,6})x(\d{1,6})")
SMALLEST_PX, LARGEST_PX, LONGEST_PX = 655_360, 8_294_400, 3840
LEGACY_SIZES = ("1024x1024", "1536x1024", "1024x1536")  # all that gpt-image-1.x knows


def openai(body: Mapping[str, Any], operation: model.Operation = "generate") -> Wanted:
    """What an Images API call orders; raises Refused, in the order in which the original looks."""
    name = str(body.get("model") or "")
    allowed = OPENAI_FIELDS if operation == "generate" else EDIT_FIELDS
    if voices.reverse(name):
        allowed |= GATEWAY_FIELDS
    for field in body:
        if field not in allowed:
            raise Refused("openai-unknown-parameter", field=str(field)[:64])
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        raise Refused("openai-missing-parameter", field="prompt")
    if len(prompt) > 32_000:
        raise Refused("openai-prompt-too-long", length=str(len(prompt)))
    if operation == "edit" and not any(body.get(field) for field in ("image", "image[]", "images")):
        raise Refused("openai-missing-parameter", field="image")
    quality = openai_quality(name, body.get("quality"))
    width_px, height_px = openai_size(name, body.get("size"))
    count = one_of_range("n", body.get("n"), 1, 10)
    output_format = one_of("output_format", body.get("output_format"), FORMATS, FORMATS[0])
    background = one_of("background", body.get("background"), ("auto", "opaque", "transparent"), "auto")
    one_of("moderation", body.get("moderation"), ("auto", "low"), "auto")
    return Wanted(
        model.Order("openai-images", name, width_px, height_px, quality, operation=operation),
        prompt,
        output_format,
        1 if voices.reverse(name) else count,
        stream=body.get("stream") in (True, "true"),
        background="transparent" if background == "transparent" else "opaque",
    )


def openai_quality(name: str, value: Any) -> str:
    """The resolved quality: `auto` and nothing mean low."""
    known: tuple[str, ...] = ("low", "medium", "high")
    if name.startswith(("gpt-image-2.5", "gpt-image-2.6")):
        known = (*known, "xhigh", "max")
    if name.endswith("-all"):
        return "medium"  # it takes no quality
    return one_of("quality", value, (*known, "auto"), "auto").replace("auto", "low")


def one_of(field: str, value: Any, known: tuple[str, ...], default: str) -> str:
    """The value or the default; raises Refused with the original's sentence."""
    if value in (None, ""):
        return default
    if value not in known:
        supported = ", ".join(f"'{word}'" for word in known[:-1]) + f", and '{known[-1]}'"
        raise Refused("openai-invalid-value", field=field, value=str(value)[:64], supported=supported)
    return str(value)


def one_of_range(field: str, value: Any, low: int, high: int) -> int:
    """A whole number, also as a form field's text; raises Refused."""
    text = str(low if value is None else value)
    if not re.fullmatch(r"\d{1,4}", text) or not low <= int(text) <= high:
        raise Refused("openai-out-of-range", field=field, value=text[:64], low=str(low), high=str(high))
    return int(text)


def openai_size(name: str, value: Any) -> tuple[int, int]:
    """Pixels of a size; raises Refused with one of the four sentences of the original.

    Reverse channels refuse no size: -vip snaps it to legal edges, -all takes none at all.
    """
    if name.endswith("-all"):
        return 1254, 1254
    text = str(value or "auto")
    if text == "auto":
        return (2048, 2048) if voices.reverse(name) else (1024, 1024)
    match = SIZE.fullmatch(text)
    if not match:
        raise Refused("openai-size-format", size=text[:64])
    width_px, height_px = int(match[1]), int(match[2])
    if voices.reverse(name):
        return snapped(width_px, height_px)
    if name.startswith("gpt-image-1"):
        one_of("size", text, (*LEGACY_SIZES, "auto"), "auto")
        return width_px, height_px
    for reply, legal in SIZE_RULES:
        if not legal(width_px, height_px):
            raise Refused(reply, size=text)
    return width_px, height_px


SIZE_RULES: tuple[tuple[str, Callable[[int, int], bool]], ...] = (
    ("openai-size-divisible", lambda width_px, height_px: width_px % 16 == 0 == height_px % 16),
    ("openai-size-edge", lambda width_px, height_px: max(width_px, height_px) <= LONGEST_PX),
    ("openai-size-below", lambda width_px, height_px: width_px * height_px >= SMALLEST_PX),
    ("openai-size-exceeds", lambda width_px, height_px: width_px * height_px <= LARGEST_PX),
    ("openai-size-ratio", lambda width_px, height_px: max(width_px, height_px) <= 3 * min(width_px, height_px)),
)
"""Reply that refuses a size, and when a size is legal; the first rule that is broken answers."""


def snapped(width_px: int, height_px: int) -> tuple[int, int]:
    """What a -vip channel makes of a size: within the pixel limits, edges multiples of 16 and at most 3840."""
    width_px, height_px = max(16, width_px), max(16, height_px)
    pixels = width_px * height_px
    scale = math.sqrt(min(max(pixels, SMALLEST_PX), LARGEST_PX) / pixels)
    scale = min(scale, LONGEST_PX / max(width_px, height_px))
    rounding = math.ceil if scale > 1 else round
    return tuple(max(16, 16 * rounding(edge * scale / 16)) for edge in (width_px, height_px))  # type: ignore[return-value]


GEMINI_FIELDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "": frozenset(
            {
                "contents",
                "generationConfig",
                "systemInstruction",
                "safetySettings",
                "tools",
                "toolConfig",
                "cachedContent",
                "labels",
                "model",
                "serviceTier",
            }
        ),
        "generation_config": frozenset(
            {
                "responseModalities",
                "imageConfig",
                "candidateCount",
                "maxOutputTokens",
                "temperature",
                "topP",
                "topK",
                "seed",
                "stopSequences",
                "thinkingConfig",
                "responseMimeType",
                "responseSchema",
                "presencePenalty",
                "frequencyPenalty",
                "mediaResolution",
            }
        ),
        "generation_config.image_config": frozenset({"aspectRatio", "imageSize"}),
    }
)
"""Known fields by where they stand; anything else is answered "Cannot find field."."""


GEMINI_SIZES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "gemini-3.1-flash-image": ("512", "1K", "2K", "4K"),
        "gemini-3.1-flash-lite-image": ("1K",),
        "gemini-2.5-flash-image": (),  # 1K, and imageSize must be left out
    }
)
"""Accepted `imageSize` by model; every other model takes 1K, 2K and 4K."""


def google(model_name: str, body: Mapping[str, Any], location: str | None = None) -> Wanted:
    """What a generateContent call orders; raises Refused like Google, fields first, then their values.

    `location` is that of a Vertex address: image models of Gemini 3 live in `global` only.
    """
    if location not in {None, "global"}:
        raise Refused("vertex-region", location=location)
    config = section(body, "generationConfig")
    image = section(config, "imageConfig")
    for where, part in (("", body), ("generation_config", config), ("generation_config.image_config", image)):
        for field in part:
            if field not in GEMINI_FIELDS[where]:
                raise Refused("google-unknown-name", field=field[:64], place=f" at '{where}'" if where else "")
    modalities = [str(word).upper() for word in items(config.get("responseModalities"))]
    if modalities and "IMAGE" not in modalities:
        raise Refused("google-modalities", modalities=", ".join(modalities)[:64], model=model_name)
    prompt = prompt_of(body)
    if not prompt.strip():
        raise Refused("google-no-contents")
    ratio, size = str(image.get("aspectRatio", "1:1")), image.get("imageSize")
    if ratio not in gemini.PIXELS_1K:
        raise Refused("google-aspect-ratio", value=ratio[:64])
    if size is not None and size not in GEMINI_SIZES.get(model_name, ("1K", "2K", "4K")):
        raise Refused("google-image-size", value=str(size)[:64])
    size = str(size or "1K")
    width_px, height_px = (round(edge * gemini.FACTORS[size]) for edge in gemini.PIXELS_1K[ratio])
    order = model.Order("gemini", model_name, width_px, height_px, image_size=size, aspect_ratio=ratio)
    return Wanted(order, prompt, "png" if model_name.startswith("gemini-2.5") else "jpeg")


def prompt_of(body: Mapping[str, Any]) -> str:
    """All text parts of `contents`."""
    parts = (part for content in items(body.get("contents")) for part in items(section(content).get("parts")))
    return "\n".join(str(section(part).get("text", "")) for part in parts)


def section(value: Any, *keys: str) -> Mapping[str, Any]:
    """A table inside a table; an empty one where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """A list; one thing alone counts as a list of it, nothing as an empty one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
