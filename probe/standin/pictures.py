"""Pictures for the stand-in: real detail down to single pixels, exactly the ordered size, different for each seed.

A picture is two periodic "dead leaves" textures (discs of all sizes over noise of all octaves, made
once) laid over each other at offsets drawn from the seed, under a coloured light. Making and
encoding 3840x2160 takes about a third of a CPU second.
"""

import functools
import io
import random
import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

ENLARGED_FROM = 0.4
"""Edge of an "enlarged" picture before it is enlarged, as a share of the ordered edge (3840 -> 1536)."""


def picture(width_px: int, height_px: int, seed: str, image_format: str = "png", flaw: str = "") -> bytes:
    """An encoded picture; `flaw` is one of enlarged, blank, truncated, undecodable, or "" for a sound one."""
    import numpy as np  # noqa: PLC0415 - heavy, and only a server that makes pictures needs it

    if flaw == "undecodable":
        return MAGIC[image_format] + random.Random(seed).randbytes(4096)  # noqa: S311 - noise, no secret
    if flaw == "blank":
        pixels = np.full((height_px, width_px, 3), 246, np.uint8)
    elif flaw == "enlarged":
        pixels = enlarged(width_px, height_px, seed)
    else:
        pixels = scene(width_px, height_px, seed)
    data = encode(pixels, image_format)
    return data[: len(data) * 3 // 5] if flaw == "truncated" else data


def scene(width_px: int, height_px: int, seed: str) -> "np.ndarray":
    """Pixels (height, width, 3) of a detail-rich picture."""
    import numpy as np  # noqa: PLC0415

    draw = random.Random(seed)  # noqa: S311 - reproducible by purpose
    light = np.linspace(draw.uniform(0.2, 1.0), draw.uniform(0.2, 1.0), width_px, dtype=np.float32)
    shade = (light * 48).astype(np.uint8)[np.newaxis, :, np.newaxis]
    layers = []
    for height, width in TEXTURES:
        cut = draw.randrange(height), draw.randrange(width)
        tile = np.roll(texture(height, width), cut, (0, 1))[:, :: draw.choice((1, -1)), draw.sample(range(3), 3)]
        repeats = (-(-height_px // height), -(-width_px // width), 1)
        layers.append(np.tile(tile, repeats)[:height_px, :width_px])
    pixels: np.ndarray = (layers[0] >> 1) + (layers[1] >> 2)
    pixels += shade
    return pixels


def enlarged(width_px: int, height_px: int, seed: str) -> "np.ndarray":
    """A smaller scene enlarged with Lanczos to the ordered pixels: what is sold as 4K and is none."""
    import numpy as np  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    small = scene(max(1, round(width_px * ENLARGED_FROM)), max(1, round(height_px * ENLARGED_FROM)), seed)
    return np.asarray(Image.fromarray(small).resize((width_px, height_px), Image.Resampling.LANCZOS))


TEXTURES = ((1792, 2048), (1536, 1600))
"""Sizes of the two textures, rows x columns; unequal, so that their overlay repeats late."""


@functools.cache
def texture(height_px: int, width_px: int) -> "np.ndarray":
    """A periodic dead-leaves texture, uint8 (height, width, 3), the same in every process."""
    import numpy as np  # noqa: PLC0415
    from PIL import Image, ImageDraw  # noqa: PLC0415

    rng = np.random.default_rng(height_px * 10_000 + width_px)
    canvas = Image.new("RGB", (width_px, height_px))
    draw = ImageDraw.Draw(canvas)
    # Large discs cover the ground; the rest follow the power law r^-3 of dead leaves: equal area,
    # hence equal detail, at every scale.
    ground = np.full(60, 360.0)
    leaves = 1.5 / np.sqrt(rng.uniform(1.5**2 / 300**2, 1, 9000))
    radii = np.concatenate((ground, np.sort(leaves)[::-1]))
    centres = rng.uniform(0, 1, (len(radii), 2)) * (width_px, height_px)
    colours = rng.integers(20, 236, (len(radii), 3))
    for radius, (x, y), colour in zip(radii.tolist(), centres.tolist(), colours.tolist(), strict=True):
        for left in wrapped(x, radius, width_px):
            for top in wrapped(y, radius, height_px):
                draw.ellipse((left - radius, top - radius, left + radius, top + radius), fill=tuple(colour))
    noise = octaves(height_px, width_px, rng)[:, :, np.newaxis]
    pixels: np.ndarray = np.clip(np.asarray(canvas, np.float32) + noise, 0, 255).astype(np.uint8)
    return pixels


def wrapped(centre: float, radius: float, edge_px: int) -> Iterator[float]:
    """Where a disc's centre lies on a periodic axis, seen from one period: again beyond an edge that it crosses."""
    yield centre
    if centre < radius:
        yield centre + edge_px
    if centre > edge_px - radius:
        yield centre - edge_px


def octaves(height_px: int, width_px: int, rng: "np.random.Generator") -> "np.ndarray":
    """Periodic 1/f noise, standard deviation 18 grey levels, with a floor of white noise (5) for single pixels."""
    import numpy as np  # noqa: PLC0415

    spectrum = np.fft.rfft2(rng.standard_normal((height_px, width_px)).astype(np.float32))
    frequency = np.hypot(np.fft.fftfreq(height_px)[:, np.newaxis], np.fft.rfftfreq(width_px)[np.newaxis, :])
    frequency[0, 0] = np.inf
    pink = np.fft.irfft2(spectrum / frequency, s=(height_px, width_px))
    white = rng.standard_normal((height_px, width_px))
    noise: np.ndarray = (18 * pink / pink.std() + 5 * white).astype(np.float32)
    return noise


MAGIC = {"png": b"\x89PNG\r\n\x1a\n", "jpeg": b"\xff\xd8\xff\xe0", "webp": b"RIFF\x00\x10\x00\x00WEBPVP8 "}
"""First bytes by format."""


def encode(pixels: "np.ndarray", image_format: str) -> bytes:
    """The pixels as png, jpeg or webp."""
    from PIL import Image  # noqa: PLC0415

    if image_format == "png":
        return png(pixels)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, image_format, quality=92, method=0)
    return buffer.getvalue()


def png(pixels: "np.ndarray") -> bytes:
    """An RGB PNG with the filter Up in every row and Huffman coding alone.

    Four times faster than Pillow's fastest level, which searches a filter for each row and then
    matches strings; noise has none.
    """
    import numpy as np  # noqa: PLC0415

    height_px, width_px, _ = pixels.shape
    flat = pixels.reshape(height_px, 3 * width_px)
    rows = np.empty((height_px, 1 + 3 * width_px), np.uint8)
    rows[:, 0] = 2  # filter type Up
    rows[:, 1:] = flat
    rows[1:, 1:] -= flat[:-1]
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, 9, zlib.Z_HUFFMAN_ONLY)
    data = packer.compress(rows.data) + packer.flush()
    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    return MAGIC["png"] + b"".join(chunk(*part) for part in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b"")))


def chunk(name: bytes, data: bytes) -> bytes:
    """One PNG chunk with its length and CRC."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(name)))
