"""Traces that enlarging leaves: neighbouring pixels differ more at some phases of the source's grid than at others.

A resizer that makes W pixels out of m computes each from the same few source pixels with weights that repeat m
times over the width, so the variance of differences between neighbours repeats m times too (Gallagher 2005;
Kirchner 2008). That holds for every kernel, survives sharpening, and grain only adds a constant. JPEG adds a
repeat of its own every 8 pixels, which is kept apart. Thresholds: chosen on the first half of `bench/picture.py`.
"""

import dataclasses
import math
import operator
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

Floats = NDArray[np.float64]

TILE_PX = 64
RICH_SHARE = 0.25
"""Only the richest quarter of the tiles is read: the smooth ones show what was done to noise, not to detail."""
FAINT = 0.02
"""A tile with less than this share of the richest ones' variance is not rich, whatever its rank."""
BOXES = (1, 2)
"""Differences between single pixels, and between sums of two: the second sees through grain and JPEG."""
NEIGHBOURS = 101
"""Over so many ratios around one, what is usual in this picture is measured."""
NORMAL_MEDIAN = 0.6745
"""Median of the absolute value of a standard normal variable."""

SMALLEST_RATIO = 0.22
"""A picture enlarged more than five times needs no microscope; lower down motifs have repeats of their own."""
LOWEST_REPEAT = 0.1
"""Rivals are looked for from here."""
STRENGTH = 7.0
"""Standard deviations of both axes together. Up to 2,000 ratios are tried, and motifs are no noise: chance reaches 5."""
LOPSIDED = 0.15
"""Enlarging leaves its trace along both axes: the weaker one has at least this share of the stronger one."""
BEYOND_CHANCE = 4.0
"""Or is at least so many standard deviations strong, beside however strong another."""
WEAKEST = 1.5
"""And at least so many standard deviations, which one axis in fifteen has by chance."""
DEPTH = 0.07
"""The variance must swing by this share of its mean; what shrinking leaves in a picture swings less."""
CERTAIN_DEPTH = 0.4
"""Nothing but enlarging swings so much: it needs no other evidence."""
OVERTONE = 0.5
"""Where half the frequency is so strong beside it, a trace is the overtone of a coarser grid: a source's JPEG blocks."""
NEAR = 4
"""Repeats so close to each other are one."""
MOST = 24
"""No more traces than this are handed on, the strongest."""

BLOCK_PX = 8
"""Side of a JPEG block."""
BLOCK_EDGE = 1.05
"""Borders of blocks that exceed every other position by this factor show a JPEG grid."""
BLOCK_STRENGTH = 6.0
"""So do repeats every 8 or 8/3 pixels of so many standard deviations, up or down."""
INSIDE_DEPTH = 0.13
"""Swing inside JPEG blocks, over both boxes together, that quantising alone does not reach."""
INSIDE_AGAINST = -0.02
"""No axis and no box may swing the other way by more than chance."""
INSIDE_SPREAD = 1.34
"""Standard deviation of the contrasts below, against that of a swing over all eight positions."""
INSIDE: Mapping[float, tuple[float, ...]] = MappingProxyType(
    {
        1 / 2: (-1 / 32, 6 / 32, -15 / 32, 20 / 32, -15 / 32, 6 / 32, -1 / 32),
        1 / 4: (2 / 9, -1 / 2, 0, 5 / 9, 0, -1 / 2, 2 / 9),
    }
)
"""Ratio -> contrast over the seven borders inside a JPEG block: its cosine, made blind to what is smooth over the block."""


@dataclasses.dataclass(frozen=True, slots=True)
class Trace:
    """A sign that the picture had `ratio` times its size before it was enlarged."""

    ratio: float
    strength: float  # standard deviations above what this picture shows at other ratios
    depth: float  # swing of the variance of differences as a share of its mean, grain taken out
    rival: float = 0.0  # strength of the strongest other repeat, as a share of this one
    inside_blocks: bool = False  # read inside JPEG blocks, which leave something alike


@dataclasses.dataclass(frozen=True, slots=True)
class Profile:
    """How the variance of differences runs along one axis, over the rich tiles.

    Swings are signed and counted in repeats: entry m is positive where the borders of the picture are borders
    of a grid of m cells too, as every resizer lays it.
    """

    swing: Floats
    swing_beside_blocks: Floats  # the same with the repeat of JPEG blocks taken out
    blocks: Floats  # mean by position in a JPEG block; [0] lies on the border between two
    relief: float  # what grain hides of a swing: 1 / (1 - share of the variance that the smoothest tiles have too)


def find(luma: NDArray[np.uint8]) -> tuple[Trace, ...]:
    """Every trace above the thresholds, the strongest first."""
    long_first = luma if luma.shape[1] >= luma.shape[0] else np.ascontiguousarray(luma.T)
    short_first = np.ascontiguousarray(long_first.T)
    long_px, short_px = short_first.shape
    pairs = [(profile(long_first, box), profile(short_first, box)) for box in BOXES]
    whole = [(a, b) for a, b in pairs if a is not None and b is not None]
    if len(whole) < len(BOXES):
        return ()  # no differences at all along one axis
    blocks = has_blocks(*whole[0])
    found = [trace for pair in whole for trace in beside_blocks(*pair, long_px, short_px, blocks=blocks)]
    if blocks:
        found += inside_blocks(whole)
    return tuple(sorted(found, key=lambda trace: trace.strength, reverse=True)[:MOST])


def profile(luma: NDArray[np.uint8], box: int) -> Profile | None:
    """The profile along the rows' direction; None where no neighbours differ."""
    height_px, width_px = luma.shape
    rows, columns = height_px // TILE_PX, width_px // TILE_PX
    squares = np.zeros((rows, columns * TILE_PX))
    for row in range(rows):  # strip by strip: the whole picture as integers of 4 bytes would be large
        strip = luma[row * TILE_PX : (row + 1) * TILE_PX, : columns * TILE_PX]
        found = differences(strip, box)
        squares[row, box : box + found.shape[1]] = np.einsum("yx,yx->x", found, found) / TILE_PX
    tiles = squares.reshape(rows, columns, TILE_PX)
    energy = tiles.mean(-1)
    smoothest, rich_from, richest = np.quantile(energy, [0.05, 1 - RICH_SHARE, 0.99])
    rich = (energy >= rich_from) & (energy >= FAINT * richest) & (energy > 0)
    if not rich.any():
        return None
    relative = tiles[rich] / energy[rich][:, None]
    weights = np.sqrt(energy[rich])
    blocks = (relative * weights[:, None]).reshape(-1, TILE_PX // BLOCK_PX, BLOCK_PX).mean((0, 1)) / weights.mean()
    return Profile(
        swing=spectrum_of(relative - 1, weights, rich, width_px),
        swing_beside_blocks=spectrum_of(relative - np.tile(blocks, TILE_PX // BLOCK_PX), weights, rich, width_px),
        blocks=blocks,
        relief=1 / max(1 - smoothest / np.average(energy[rich], weights=weights), 0.1),
    )


def differences(strip: NDArray[np.uint8], box: int) -> NDArray[np.int32]:
    """The sum of `box` pixels behind each border between two pixels, less the sum of `box` pixels before it."""
    pixels = strip.astype(np.int32)
    sums = np.add.reduce([pixels[:, shift : pixels.shape[1] - box + 1 + shift] for shift in range(box)])
    return np.asarray(sums[:, box:] - sums[:, :-box])


def spectrum_of(relative: Floats, weights: Floats, rich: NDArray[np.bool_], length_px: int) -> Floats:
    """Swing at every number of repeats over the axis, from the rich tiles' deviations from their mean."""
    columns = np.zeros((rich.shape[1], TILE_PX))
    np.add.at(columns, np.nonzero(rich)[1], relative * weights[:, None])
    along = np.zeros(length_px)
    along[: columns.size] = columns.ravel()
    return np.asarray(2 * fft.rfft(along).real / (TILE_PX * weights.sum()))


def usual(swing: Floats) -> Floats:
    """Standard deviation of a swing at each number of repeats, from its neighbours."""
    return np.asarray(ndimage.median_filter(np.abs(swing), NEIGHBOURS, mode="reflect") / NORMAL_MEDIAN + 1e-5)


def has_blocks(*axes: Profile) -> bool:
    """Does the picture carry a JPEG grid?

    Borders of blocks differ most, or the odd overtones of 8 pixels, which halving and quartering do not leave, stand out.
    """
    blocks = np.mean([axis.blocks for axis in axes], axis=0)
    if blocks[0] > BLOCK_EDGE * blocks[1:].max():
        return True
    odd = np.zeros(2)
    for axis in axes:
        length_px = 2 * (len(axis.swing) - 1)
        at = [round(length_px * overtone / BLOCK_PX) for overtone in (1, 3)]
        odd += (axis.swing / usual(axis.swing))[at]
    return bool(np.abs(odd).max() >= BLOCK_STRENGTH * math.sqrt(len(axes)))


def beside_blocks(long: Profile, short: Profile, long_px: int, short_px: int, *, blocks: bool) -> list[Trace]:
    """Traces at every ratio m / long_px; where the picture carries a JPEG grid, at ratios that it does not repeat at."""
    along = long.swing_beside_blocks if blocks else long.swing
    across = short.swing_beside_blocks if blocks else short.swing
    repeats = np.arange(int(LOWEST_REPEAT * long_px), long_px // 2 + 1)
    along_deviations = (along / usual(along))[repeats]
    # The other axis was rounded to whole pixels, up or down.
    all_across = across / usual(across)
    below = repeats * short_px // long_px
    above = np.minimum(below + 1, len(across) - 1)
    match = np.where(all_across[below] >= all_across[above], below, above)
    across_deviations = all_across[match]
    weaker = np.minimum(along_deviations, across_deviations)
    stronger = np.maximum(along_deviations, across_deviations)
    strength = (along_deviations + across_deviations) / math.sqrt(2)
    strength[weaker < np.clip(LOPSIDED * stronger, WEAKEST, BEYOND_CHANCE)] = 0
    if blocks:
        strength[repeats * BLOCK_PX % long_px == 0] = 0
    depth = (along[repeats] * long.relief + across[match] * short.relief) / 2
    at_half = np.maximum(np.rint(repeats / 2).astype(int) - repeats[0], 0)
    overtone = ndimage.maximum_filter1d(strength, 3)[at_half] > OVERTONE * strength
    strong = (strength >= STRENGTH) & (depth >= DEPTH)
    wanted = np.nonzero(strong & ~overtone & (repeats >= SMALLEST_RATIO * long_px))[0]
    found = []
    for at in wanted[np.argsort(strength[wanted])[: -MOST - 1 : -1]]:
        others = np.delete(strength, slice(max(at - NEAR, 0), at + NEAR + 1))
        found.append(
            Trace(
                ratio=float(repeats[at] / long_px),
                strength=float(strength[at]),
                depth=float(depth[at]),
                rival=float(others.max() / strength[at]) if others.max() >= STRENGTH else 0.0,
            )
        )
    return found


def inside_blocks(pairs: list[tuple[Profile, Profile]]) -> list[Trace]:
    """Traces at ratios 1/2 and 1/4, which repeat with JPEG blocks, from the borders inside the blocks alone."""
    if not all(axis.blocks[1:].any() for pair in pairs for axis in pair):
        return []  # nothing differs inside the blocks
    found = []
    for ratio, contrast in INSIDE.items():
        depth, strength, against = 0.0, 0.0, math.inf
        for pair in pairs:
            swings = [float(np.dot(contrast, axis.blocks[1:]) / axis.blocks[1:].mean()) for axis in pair]
            spreads = [
                INSIDE_SPREAD * usual(axis.swing_beside_blocks)[int(ratio * 2 * (len(axis.swing) - 1))] for axis in pair
            ]
            depth += sum(swings) / len(swings)
            strength = max(strength, sum(map(operator.truediv, swings, spreads)) / math.sqrt(len(pair)))
            against = min(against, *swings)
        if depth >= INSIDE_DEPTH and strength >= STRENGTH and against >= INSIDE_AGAINST:
            found.append(Trace(ratio, float(strength), depth, inside_blocks=True))
    return found
