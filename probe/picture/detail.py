"""Effective resolution: up to which share of its long edge a picture carries real detail.

Pixels that are plain copies of each other (`copies`) tell by themselves. Otherwise two independent cues have to agree
before a picture is said to carry less than its pixels: a trace of the enlargement (`traces`) and a spectrum that has no detail above the ratio that the trace names (`spectrum`). A soft
picture has the second only, a shrunk one at most the first. What a generator invents above the ratio
(super-resolution) leaves neither: it cannot be excluded.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from probe.picture import copies, spectrum, traces

SMALLEST_PX = 512
"""A shorter edge than this holds too few tiles to tell."""
SHORTFALL_DB = 4.0
"""Native pictures fall short by less, at a ratio for which they show a trace."""
SHORTFALL_ABOVE_HALF_DB = 5.0
"""Here only a narrow band is left to look at, and lenses and resizers cut close by."""
LARGEST_RATIO = 0.7
"""Above this, what enlarging takes away is what any lens takes away."""
RIVAL = 0.9
"""Enlarging repeats at one ratio; where another repeat is as strong, a pattern repeats, or a source's JPEG blocks do."""
INSIDE_SAG_DB = 8.0
"""Inside JPEG blocks the trace alone says little, so the detail must reach up to the ratio and end there."""
NATIVE_REACH = 0.75
"""Detail that reaches so far is called native, whatever ends it."""

SMALL = "small"
FLAT = "flat"
SOFT = "soft"


class Detail(NamedTuple):
    """What `measure` found."""

    effective_resolution: float | None  # share of the long edge; None: cannot tell
    motif: str  # why it cannot be told: small, flat, soft; "" where it can


def measure(luma: NDArray[np.uint8]) -> Detail:
    """Measure a picture given as luma, rows first."""
    if min(luma.shape) < SMALLEST_PX:
        return Detail(None, SMALL)
    copied = copies.ratio(luma)
    if copied is not None:
        return Detail(round(copied, 3), "")
    seen = spectrum.read(luma)
    ratio = enlarged_from(seen, traces.find(luma))
    if ratio is not None:
        return Detail(round(ratio, 3), "")
    if seen.flat:
        return Detail(None, FLAT)
    return Detail(round(seen.reach, 2), "") if seen.reach >= NATIVE_REACH else Detail(None, SOFT)


def enlarged_from(seen: spectrum.Spectrum, found: tuple[traces.Trace, ...]) -> float | None:
    """The ratio on which both cues agree, by the strongest trace; ratios up to one half come first."""
    for trace in found:
        if agrees(seen, trace):
            return trace.ratio
    for trace in found:
        if agrees_above_half(seen, trace):
            return 1 - trace.ratio
    return None


def agrees(seen: spectrum.Spectrum, trace: traces.Trace) -> bool:
    """Does the spectrum bear the trace out?

    The nearest neighbour repeats the detail above the ratio, so its spectrum falls short of nothing; its trace
    is beyond doubt. Under grain the spectrum may be unable to speak against the trace.
    """
    short = seen.shortfall_db(trace.ratio) >= SHORTFALL_DB
    if trace.inside_blocks:
        return trace.depth >= 1 or (short and seen.sag_db(trace.ratio) <= INSIDE_SAG_DB)
    if trace.depth >= traces.CERTAIN_DEPTH and not short:
        return True
    return trace.rival < RIVAL and (short or seen.buried(trace.ratio))


def agrees_above_half(seen: spectrum.Spectrum, trace: traces.Trace) -> bool:
    """Does the spectrum bear out 1 - ratio? Sampled at whole pixels, m repeats over W of them look like W - m."""
    ratio = 1 - trace.ratio
    if trace.inside_blocks or trace.rival >= RIVAL or ratio > LARGEST_RATIO or seen.buried(ratio):
        return False
    return seen.shortfall_db(ratio) >= SHORTFALL_ABOVE_HALF_DB
