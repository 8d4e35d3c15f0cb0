"""What is wrong with a delivered picture, compared with the order: the names of its flaws, worst first."""

import math
from collections.abc import Iterator

from probe import model, tokens

WEB_ROUTE_PX = 1_572_864
"""1024x1536: routes that go through a chat page deliver this many pixels in some shape, whatever was ordered."""
WEB_ROUTE_TOLERANCE = 0.002
GEMINI_TIERS = (("512", 768.0), ("1K", 1536.0), ("2K", 3072.0), ("4K", math.inf))
"""Tier name and the square root of pixels it stays below (backends differ from the published sizes by some pixels)."""
RATIO_TOLERANCE = 0.06
ENLARGED_BELOW = 0.7
"""Detail on less than this share of the long edge: a picture drawn smaller and enlarged. Chosen on the first half of
`bench/picture.py`: lower, fewer enlarged from two thirds are found; from 0.8 on, soft native pictures are called so."""


def flaws(evidence: model.Evidence) -> tuple[str, ...]:
    """Names of everything wrong with the picture, worst first; empty where nothing is known to be."""
    return tuple(_flaws(evidence))


def _flaws(evidence: model.Evidence) -> Iterator[str]:
    picture, order = evidence.picture, evidence.order
    if picture is not None:
        if picture.flaw:
            yield picture.flaw
        if picture.blank:
            yield "blank"
        if picture.repeated:
            yield "repeated"
    size = _delivered_px(evidence)
    if order is not None and size is not None and (wrong := wrong_size(order, *size)):
        if picture is not None and is_web_route(*size):
            yield f"web_route_{wrong}"
        yield wrong
    if order is not None and (reduced := reduced_quality(evidence)):
        yield reduced
    if (
        picture is not None
        and picture.effective_resolution is not None
        and picture.effective_resolution < ENLARGED_BELOW
    ):
        yield "enlarged"


def _delivered_px(evidence: model.Evidence) -> tuple[int, int] | None:
    """Pixels of the decoded picture, else as echoed; None where neither is known."""
    picture = evidence.picture
    if picture is not None and picture.width_px > 0 and picture.height_px > 0:
        return picture.width_px, picture.height_px
    width, _, height = (evidence.echoed_size or "").partition("x")
    if width.isdecimal() and height.isdecimal() and 0 < len(width) < 6 and 0 < len(height) < 6:
        return int(width), int(height)
    return None


def wrong_size(order: model.Order, width_px: int, height_px: int) -> str:
    """`size_reduced`, `size_raised`, `ratio_changed`, or nothing where the size is the one ordered or cannot be judged."""
    if order.image_size and (order.protocol == "gemini" or not (order.width_px and order.height_px)):
        return _wrong_tier(order, width_px, height_px)
    if order.aspect_ratio and not order.width_px:
        return _wrong_ratio(order, width_px, height_px)
    if not (order.width_px and order.height_px) or (width_px, height_px) == (order.width_px, order.height_px):
        return ""
    share = width_px * height_px / (order.width_px * order.height_px)
    if math.isclose(share, 1.0, rel_tol=0.01):
        return "ratio_changed"
    return "size_reduced" if share < 1 else "size_raised"


def _wrong_tier(order: model.Order, width_px: int, height_px: int) -> str:
    names = [name for name, _ in GEMINI_TIERS]
    ordered = (order.image_size or "").upper().removesuffix("PX").replace("0.5K", "512")
    if ordered not in names:
        return ""
    side = math.sqrt(width_px * height_px)
    delivered = next(name for name, below in GEMINI_TIERS if side < below)
    if names.index(delivered) != names.index(ordered):
        return "size_reduced" if names.index(delivered) < names.index(ordered) else "size_raised"
    return _wrong_ratio(order, width_px, height_px)


def _wrong_ratio(order: model.Order, width_px: int, height_px: int) -> str:
    ratio = _ratio(order.aspect_ratio)
    return "ratio_changed" if ratio and abs(width_px / height_px / ratio - 1) > RATIO_TOLERANCE else ""


def _ratio(text: str | None) -> float | None:
    """`16:9` -> 1.78; None for what is no ratio."""
    wide, colon, high = (text or "").partition(":")
    if not colon or not wide.isdecimal() or not high.isdecimal() or len(text or "") > 12 or int(high) == 0:
        return None
    return int(wide) / int(high) or None


def is_web_route(width_px: int, height_px: int) -> bool:
    """Is this the pixel count of a chat page's own pictures?"""
    return abs(width_px * height_px - WEB_ROUTE_PX) <= WEB_ROUTE_PX * WEB_ROUTE_TOLERANCE


def usage_untrusted(evidence: model.Evidence) -> bool:
    """Does the reported token count fit no quality, at the delivered size or the ordered one? Then nothing follows from it."""
    order, size = evidence.order, _delivered_px(evidence)
    if order is None or size is None or evidence.image_tokens is None or tokens.factors(order.model) is None:
        return False
    sizes = {size, (order.width_px, order.height_px)}
    return not any(tokens.qualities_by_tokens(order.model, *each, evidence.image_tokens) for each in sizes)


def reduced_quality(evidence: model.Evidence) -> str:
    """`quality_reduced` by the echoed quality, `quality_reduced_by_tokens` by the token law; nothing where neither says so.

    Token counts that fit no quality are not trusted (per-call channels report placeholders).
    """
    order = evidence.order
    if order is None or not order.quality or order.quality == "auto":
        return ""
    factors = tokens.factors(order.model) or tokens.GPT_IMAGE_25_FACTORS
    ordered = factors.get(order.quality)
    echoed = factors.get((evidence.echoed_quality or "").lower())
    if ordered is None:
        return ""
    if echoed is not None and echoed < ordered:
        return "quality_reduced"
    size = _delivered_px(evidence)
    if evidence.image_tokens is None or size is None or tokens.factors(order.model) is None:
        return ""
    rendered = tokens.qualities_by_tokens(order.model, *size, evidence.image_tokens)
    if rendered and order.quality not in rendered and all(factors[name] < ordered for name in rendered):
        return "quality_reduced_by_tokens"
    return ""
