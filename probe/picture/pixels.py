"""What the pixels of a decoded picture show at a glance: luma, blankness and a perceptual fingerprint."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageStat
from scipy import fft

BLANK_SIDE_PX = 64
BLANK_DEVIATION = 2.0
"""A picture whose 64 x 64 reduction deviates less than this (of 255) in every channel shows nothing."""
HASH_SIDE_PX = 32
HASH_FREQUENCIES = 8


def eight_bits(image: Image.Image) -> Image.Image:
    """The same picture; greys of 16 bits, which Pillow would clip when it converts them, are scaled to 8."""
    if not image.mode.startswith("I"):
        return image
    return Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))


def luma(image: Image.Image) -> NDArray[np.uint8]:
    """The picture as luma, rows first; transparent parts are shown on grey."""
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, (128, 128, 128, 255)), rgba)
    return np.asarray(image.convert("L"))


def blank(image: Image.Image) -> bool:
    """Uniform or nearly so, colour and transparency included; wholly transparent is blank whatever lies beneath."""
    small = image.convert("RGBA") if image.has_transparency_data else image.convert("RGB")
    small = small.resize((BLANK_SIDE_PX, BLANK_SIDE_PX), Image.Resampling.BOX)
    if small.mode == "RGBA":
        small = small.convert("RGBa")
    return max(ImageStat.Stat(small).stddev) < BLANK_DEVIATION


def fingerprint(grey: NDArray[np.uint8]) -> str:
    """A 64-bit perceptual hash as 16 hex digits: which of the 64 lowest DCT terms of a 32 x 32 reduction lie above their median.

    Re-encoding and resizing change few bits, another picture about half of them (pHash: Zauner 2010). The
    constant term is left out of the median, for it says only how bright the picture is.
    """
    small = Image.fromarray(grey).resize((HASH_SIDE_PX, HASH_SIDE_PX), Image.Resampling.BOX)
    terms = fft.dctn(np.asarray(small, dtype=np.float64))[:HASH_FREQUENCIES, :HASH_FREQUENCIES].ravel()
    bits = terms > np.median(terms[1:])
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"
