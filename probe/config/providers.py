"""What providers published that a config can run into: legal sizes and words, retirement dates, times they need.

State of 24 November 2026.
"""

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from probe import tokens

PROTOCOLS = ("openai-images", "gemini")
"""The names of `probe.protocols.PROTOCOLS`, which lies on a higher floor."""

EDGE_STEP_PX = 16
EDGE_MAX_PX = 3840
PIXELS_MIN, PIXELS_MAX = 655_360, 8_294_400
RATIO_MAX = 3
GPT_IMAGE_1_SIZES = ("1024x1024", "1536x1024", "1024x1536")

QUALITIES = ("low", "medium", "high", "xhigh", "max")

VIP_LANDSCAPES: Mapping[str, str] = MappingProxyType(
    {
        "1k": "1280x1280 1280x848 1280x960 1280x1024 1280x720 1280x544",
        "2k": "2048x2048 2048x1360 2048x1536 2048x1632 2048x1152 2048x864",
        "4k": "2880x2880 3520x2336 3312x2480 3216x2560 3840x2160 3840x1632",
    }
)
VIP_SIZES = frozenset(
    size
    for row in VIP_LANDSCAPES.values()
    for landscape in row.split()
    for size in (landscape, "x".join(reversed(landscape.split("x"))))
)
"""Sizes that the `-vip` reseller route makes as ordered; it silently adjusts others."""

GEMINI_SIZES = ("512", "1K", "2K", "4K")
GEMINI_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
GEMINI_LONG_RATIOS = ("1:4", "4:1", "1:8", "8:1")
"""Known to the 3.1 flash models and Nano Banana 2.1 only."""

RETIRED: Mapping[str, str] = MappingProxyType(
    {
        "dall-e-2": "12 May 2026",
        "dall-e-3": "12 May 2026",
        "gpt-image-1": "23 Oct 2026",
        "gpt-image-1.5": "1 Dec 2026",
        "gpt-image-1-mini": "1 Dec 2026",
        "chatgpt-image-latest": "1 Dec 2026",
        "gemini-2.5-flash-image": "2 Oct 2026",
        "gemini-3.1-flash-image-preview": "25 Jun 2026",
        "gemini-3-pro-image-preview": "25 Jun 2026",
    }
)
"""Model -> the day on which its maker retires it (OpenAI's and Google's lists); resellers may differ."""

HUNDRED_SECOND_HOSTS = ("api-cf.",)
"""Starts of gateway host names behind an edge that answers 524 after about 100 s."""

EDGE_LIMIT_S = 100.0


class Need(NamedTuple):
    """Seconds that good pictures were seen to take; None matches everything."""

    model: str
    quality: str | None
    image_size: str | None
    seconds: float


NEEDS = (
    Need("gpt-image-2.5-sunburst-vip", "max", None, 160),
    Need("gpt-image-2-vip", None, None, 200),
    Need("gpt-image-2", "low", None, 8),
    Need("gpt-image-2", "medium", None, 40),
    Need("gpt-image-2", "high", None, 280),
    Need("gemini-3.1-flash-image", None, "4K", 150),
    Need("gemini-3-pro-image", None, "4K", 150),
    Need("gemini-3-pro-image", None, "2K", 60),
)
"""The longest published usual times by exact model; first match wins (pages of APIYI and google-genai's issues)."""


def retires_on(model: str) -> dt.date | None:
    """The day on which its maker retires a model; None: no such day was published."""
    day = RETIRED.get(model)
    return dt.datetime.strptime(day, "%d %b %Y").date() if day else None  # noqa: DTZ007 - a day has no zone


def size_mistake(model: str, width_px: int, height_px: int) -> str | None:
    """Why a GPT image model refuses this size; None where it takes it. Source: the limits in OpenAI's reference."""
    if model.startswith("gpt-image-1"):
        legal = f"{width_px}x{height_px}" in GPT_IMAGE_1_SIZES
        return None if legal else f"{model} makes only {', '.join(GPT_IMAGE_1_SIZES)}"
    short, long = sorted((width_px, height_px))
    if short == 0 or width_px % EDGE_STEP_PX or height_px % EDGE_STEP_PX:
        near = "x".join(str(max(1, round(edge / EDGE_STEP_PX)) * EDGE_STEP_PX) for edge in (width_px, height_px))
        return f"both edges must be multiples of 16, such as {near}"
    if long > EDGE_MAX_PX:
        return f"no edge may be longer than {EDGE_MAX_PX} px"
    if long > RATIO_MAX * short:
        return "the long edge may be at most 3 times the short one"
    if not PIXELS_MIN <= width_px * height_px <= PIXELS_MAX:
        return f"must have {PIXELS_MIN:,} to {PIXELS_MAX:,} pixels; this has {width_px * height_px:,}"
    return None


def qualities(model: str) -> tuple[str, ...]:
    """The qualities that a GPT image model knows; all of them where the model is unknown."""
    return tuple(tokens.factors(model) or QUALITIES)


def gemini_sizes(model: str) -> tuple[str, ...]:
    """The values of `image_size` that a Gemini model makes; all of them where the model is unknown."""
    return tuple(tokens.GEMINI_TOKENS.get(model.removesuffix("-preview"), GEMINI_SIZES))


def gemini_ratios(model: str) -> tuple[str, ...]:
    """The values of `aspect_ratio` that a Gemini model takes."""
    short_list = model.startswith(("gemini-2.5", "gemini-3-pro"))
    return GEMINI_RATIOS if short_list else GEMINI_RATIOS + GEMINI_LONG_RATIOS


def need_s(model: str, quality: str | None, image_size: str | None) -> float:
    """Seconds a good picture may take by what was published; 0 where nothing was."""
    for need in NEEDS:
        if need.model == model and need.quality in {None, quality} and need.image_size in {None, image_size}:
            return need.seconds
    return 0.0


def is_hundred_second_host(host: str) -> bool:
    return host.startswith(HUNDRED_SECOND_HOSTS)
