"""Pictures enlarged by the nearest neighbour and left as they were: columns and rows that are plain copies of each other."""

import numpy as np
from numpy.typing import NDArray

FEWEST_CHANGES = 32
"""Fewer columns that differ from the one before would lie on some grid by chance."""
SMALLEST_RATIO = 0.1
LARGEST_RATIO = 0.7
"""Above this, most columns differ anyway, and a motif's own repeats could do the rest."""
FEWEST_PRESENT = 0.5
"""So many borders of the grid must show, or a coarser one is the right one."""


def ratio(luma: NDArray[np.uint8]) -> float | None:
    """The ratio that a picture was enlarged from by copying pixels; None: it was not, or something was done to it since."""
    across = cells((luma[:, 1:] != luma[:, :-1]).any(0))
    down = cells((luma[1:] != luma[:-1]).any(1))
    if across is None or down is None:
        return None
    height_px, width_px = luma.shape
    if abs(across * height_px - down * width_px) > max(height_px, width_px):
        return None  # not the same ratio, to one pixel
    return float(across / width_px if width_px >= height_px else down / height_px)


def cells(changes: NDArray[np.bool_]) -> int | None:
    """How many cells an axis has whose changes all lie on borders of cells of one grid; None: there is no such grid.

    `changes[x]` tells whether pixel x + 1 differs from pixel x. Of several grids that hold all changes, the coarsest.
    """
    length = len(changes) + 1
    borders = np.flatnonzero(changes) + 1
    if len(borders) < FEWEST_CHANGES or len(borders) > LARGEST_RATIO * length:
        return None
    for number in range(max(len(borders) + 1, int(SMALLEST_RATIO * length)), int(LARGEST_RATIO * length) + 2):
        if fits(borders[:FEWEST_CHANGES], number, length) and fits(borders, number, length):
            return number if len(borders) >= FEWEST_PRESENT * number else None
    return None


def fits(borders: NDArray[np.intp], number: int, length: int) -> bool:
    """May these all be borders of `number` cells over the length, wherever the resizer lets the first one begin?

    A border lies up to one pixel behind a multiple of length / number (rounding decides where both are the same): modulo
    the cell, all borders lie within one pixel.
    """
    behind = np.sort(borders * number % length)
    gaps = np.diff(behind, append=behind[0] + length)
    return bool(gaps.max() >= length - number)
