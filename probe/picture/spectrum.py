"""The spectrum of a picture's detail: of its richest regions, less the noise floor of its smoothest ones.

Grain is flat and everywhere alike, so it stands in both and cancels. Frequencies are fractions of the highest one
the pixels can carry, so that a picture enlarged from a ratio r has no detail of its own above r.
"""

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

Floats = NDArray[np.float64]

TILE_PX = 128
TILES = 24
"""So many of the richest and of the smoothest tiles; fewer in a small picture."""
COARSE_PX = 4
"""Richness is told from means over squares of this side, which grain hardly moves."""
LEFT_OF_NOISE = 0.05
"""The noise floor is known to about this share of itself."""
FAINTEST = 0.003
"""Power below which rounding to 8 bits leaves nothing."""

BURIED = 0.2
"""Detail below this share of the noise cannot be told from it."""
WHITE_DB = 1.0
"""Grain has the same power at all high frequencies; a texture that fills the picture, which also leaves little, has not."""
FLAT = 0.3
"""Power at low frequencies (in grey levels squared) below which a motif shows nothing."""
DIP_DB = 10.0
"""Detail that lies so far below what edges would have is no longer there."""
HIGHEST = 0.95
"""Above this every resizer and every lens has cut."""


@dataclasses.dataclass(frozen=True, slots=True)
class Spectrum:
    """Power by frequency, both of one length: frequency is index / (length - 1)."""

    detail: Floats  # of the richest tiles, less the noise
    noise: Floats  # of the smoothest tiles

    def _band(self, low: float, high: float) -> NDArray[np.bool_]:
        frequency = np.linspace(0, 1, len(self.detail))
        return (frequency >= low) & (frequency <= high)

    def _level_db(self, low: float, high: float) -> float:
        """Mean level over a band, levelled by the 1 / f^2 that edges have, dB."""
        band = self._band(low, high)
        frequency = np.linspace(0, 1, len(self.detail))[band]
        power = np.maximum(self.detail[band], LEFT_OF_NOISE * self.noise[band] + FAINTEST)
        return float(10 * np.log10(power * frequency**2).mean())

    def shortfall_db(self, ratio: float) -> float:
        """How far the detail above a ratio lies below what the detail just under it leads to expect, dB."""
        return self._level_db(0.55 * ratio, 0.85 * ratio) - self._level_db(1.2 * ratio, min(1.8 * ratio, HIGHEST))

    def sag_db(self, ratio: float) -> float:
        """How far the detail just under a ratio has sunk already: small where it reaches up to the ratio, dB."""
        return self._level_db(0.2 * ratio, 0.5 * ratio) - self._level_db(0.55 * ratio, 0.85 * ratio)

    def buried(self, ratio: float) -> bool:
        """Is what lies above a ratio too little to be told beside grain?"""
        band = self._band(1.2 * ratio, min(1.8 * ratio, HIGHEST))
        floor, top = self.noise[band].mean(), self.noise[self._band(0.85, HIGHEST)].mean()
        white = floor < top * 10 ** (WHITE_DB / 10)
        return bool(white and self.detail[band].mean() < BURIED * floor)

    @property
    def flat(self) -> bool:
        """Has the motif too little detail of any size?"""
        return bool(self.detail[self._band(0.08, 0.3)].mean() < FLAT)

    @property
    def reach(self) -> float:
        """The frequency at which the detail first dips far below what edges have; 1.0 where it never does."""
        frequency = np.linspace(0, 1, len(self.detail))
        power = np.maximum(self.detail, LEFT_OF_NOISE * self.noise + FAINTEST)
        level_db = ndimage.uniform_filter1d(10 * np.log10(power * frequency**2 + 1e-12), 5)
        dips = (level_db < self._level_db(0.05, 0.2) - DIP_DB) & self._band(0.25, HIGHEST)
        return float(frequency[dips].min()) if dips.any() else 1.0


def read(luma: NDArray[np.uint8]) -> Spectrum:
    """The spectrum over rows and columns of the richest tiles and of the smoothest ones.

    Medians over the tiles, so that one tile with a pattern decides nothing.
    """
    order = np.argsort(richness(luma), axis=None)
    count = max(4, min(TILES, len(order) // 4))
    across = luma.shape[1] // TILE_PX
    noise = tiles_power(luma, order[:count], across)
    return Spectrum(detail=tiles_power(luma, order[-count:], across) - noise, noise=noise)


def richness(luma: NDArray[np.uint8]) -> Floats:
    """Mean square of the differences between coarse squares, one value a tile."""
    rows, columns = luma.shape[0] // TILE_PX, luma.shape[1] // TILE_PX
    side = TILE_PX // COARSE_PX
    found = np.zeros((rows, columns))
    for row in range(rows):
        strip = luma[row * TILE_PX : (row + 1) * TILE_PX, : columns * TILE_PX]
        coarse = strip.reshape(side, COARSE_PX, columns, side, COARSE_PX).mean((1, 4), dtype=np.float32)
        found[row] = (np.diff(coarse, axis=0) ** 2).mean((0, 2)) + (np.diff(coarse, axis=2) ** 2).mean((0, 2))
    return found


def tiles_power(luma: NDArray[np.uint8], tiles: NDArray[np.intp], across: int) -> Floats:
    """Median power spectrum of the tiles, rows and columns together."""
    window = np.hanning(TILE_PX)
    powers = []
    for row, column in (divmod(int(tile), across) for tile in tiles):
        pixels = luma[row * TILE_PX : (row + 1) * TILE_PX, column * TILE_PX : (column + 1) * TILE_PX].astype(float)
        pixels -= pixels.mean()
        along = np.abs(fft.rfft(pixels * window, axis=1)) ** 2
        down = np.abs(fft.rfft(pixels.T * window, axis=1)) ** 2
        powers.append((along + down).mean(0) / 2)
    return np.asarray(np.median(powers, axis=0) / (window**2).sum())
