"""The token law of the GPT image models, the token table of the Gemini ones, and list prices in USD."""

from collections.abc import Mapping
from types import MappingProxyType

GPT_IMAGE_2_FACTORS: Mapping[str, int] = MappingProxyType({"low": 16, "medium": 48, "high": 96})
GPT_IMAGE_25_FACTORS: Mapping[str, int] = MappingProxyType(
    {"low": 16, "medium": 24, "high": 48, "xhigh": 64, "max": 96}
)
"""Factor F of the token law by quality and model generation. In 2.5 `high` costs what 2's `medium` does."""

USD_PER_OUTPUT_TOKEN = 30e-6
"""List price of GPT image output, USD a token (30 USD per million)."""

GEMINI_TOKENS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "gemini-3.1-flash-image": {"512": 747, "1K": 1120, "2K": 1680, "4K": 2520},
        "gemini-3-pro-image": {"1K": 1120, "2K": 1120, "4K": 2000},
        "gemini-3.1-flash-lite-image": {"1K": 1120},
        "gemini-2.5-flash-image": {"1K": 1290},
        "gemini-nano-banana-2.1": {"1K": 1120, "2K": 1680, "4K": 2520},
    }
)
"""Image tokens by model and `imageSize` (Google's price page; 2.1's 2K and 4K assume 3.1-flash's counts)."""

GEMINI_USD_PER_TOKEN: Mapping[str, float] = MappingProxyType(
    {
        "gemini-3.1-flash-image": 60e-6,
        "gemini-3-pro-image": 120e-6,
        "gemini-3.1-flash-lite-image": 30e-6,
        "gemini-2.5-flash-image": 30e-6,
        "gemini-nano-banana-2.1": 30e-6,
    }
)
"""List price of Gemini image output, USD a token."""


def factors(model: str) -> Mapping[str, int] | None:
    """Factors by quality for a GPT image model name (reseller suffixes allowed); None where the law is unknown."""
    if model.startswith("gpt-image-2.5"):
        return GPT_IMAGE_25_FACTORS
    if model == "gpt-image-2" or model.startswith("gpt-image-2-"):
        return GPT_IMAGE_2_FACTORS
    return None


def gpt_image_tokens(width_px: int, height_px: int, factor: int) -> int:
    """Output tokens of one picture: ceil(F * s * (2,000,000 + W*H) / 4,000,000), s = floor(F * short / long + 0.5).

    Fitted to 72 published or observed counts of April to September 2026 (72 match); not an official
    statement. Orientation does not matter; n pictures multiply. Integers throughout: floats would
    round a few sizes wrongly.
    """
    short, long = sorted((width_px, height_px))
    s = (2 * factor * short + long) // (2 * long)
    return -(-factor * s * (2_000_000 + width_px * height_px) // 4_000_000)


def qualities_by_tokens(model: str, width_px: int, height_px: int, tokens: int) -> tuple[str, ...]:
    """Qualities whose count equals `tokens` at this size; empty where none does or the law is unknown."""
    known = factors(model) or {}
    return tuple(name for name, factor in known.items() if gpt_image_tokens(width_px, height_px, factor) == tokens)


def list_price_usd(
    model: str, width_px: int, height_px: int, quality: str | None, image_size: str | None
) -> float | None:
    """List price of one picture by tokens, USD; None where neither law nor table knows the model."""
    known = factors(model)
    if known and quality and quality in known:
        return gpt_image_tokens(width_px, height_px, known[quality]) * USD_PER_OUTPUT_TOKEN
    counts = GEMINI_TOKENS.get(model)
    if counts and image_size and image_size in counts:
        return counts[image_size] * GEMINI_USD_PER_TOKEN[model]
    return None
