"""The pictures that `bench/picture.py` looks at: natives, whose every pixel is their own, and what is made of them."""

import dataclasses
import functools
import io
import itertools
import pathlib
import random
import sys
import zlib
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from probe.picture import pixels

LONG_PX, SHORT_PX = 1920, 1080
SHRINKS = (2.0, 1.75, 1.6, 1.5)
SHRINK_FILTERS = (Image.Resampling.LANCZOS, Image.Resampling.BICUBIC, Image.Resampling.BOX)
SAME_BITS = 6
KERNELS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
RATIOS = {"1080p": 1920 / 3840, "1.5K": 1536 / 3840, "1K": 1024 / 3840}
"""What a 3840x2160 picture may have been enlarged from."""
MILDER = {"60 %": 0.6, "1440p": 2560 / 3840}
FIRST_SEED = 10_001


@dataclasses.dataclass(frozen=True)
class Native:
    """A picture whose every pixel is its own."""

    name: str  # of the picture: source and number
    source: str  # file or seed: what lies in one half together
    half: str
    synthetic: bool
    image: Image.Image


def half_of(source: str) -> str:
    return ("first", "second")[zlib.crc32(source.encode()) % 2]


def natives(folder: pathlib.Path | None, half: str, wanted: int) -> Iterator[Native]:
    """Photographs of the half, then synthetic pictures until there are enough."""
    count = 0
    for native in photographs(folder) if folder else ():
        if native.half == half:
            count += 1
            yield native
    print(f"{half} half: {count} pictures from files, the rest synthetic", file=sys.stderr)
    for seed in itertools.count(FIRST_SEED):
        if count >= wanted:
            return
        source = f"seed {seed}"
        if half_of(source) == half:
            count += 1
            yield Native(source, source, half, True, synthetic(seed))


def photographs(folder: pathlib.Path) -> Iterator[Native]:
    """Distinct regions of the large files, shrunk."""
    seen: list[int] = []
    names = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"})
    for number, path in enumerate(names):
        if path.is_symlink():
            continue
        try:
            image = Image.open(path)
            zoomed = float(image.getexif().get_ifd(0x8769).get(0xA404, 1) or 1) > 1
            if zoomed or max(image.size) < LONG_PX * SHRINKS[-1] or min(image.size) < SHORT_PX * SHRINKS[-1]:
                continue
            image = image.convert("RGB")
        except (OSError, ValueError, Image.DecompressionBombError):
            continue
        shrink = next(factor for factor in SHRINKS[number % 3 :] if fits(image.size, factor) or factor == SHRINKS[-1])
        for region in regions(image, shrink):
            small = region.resize(
                (round(region.width / shrink), round(region.height / shrink)),
                SHRINK_FILTERS[number % len(SHRINK_FILTERS)],
            )
            mark = int(pixels.fingerprint(pixels.luma(small)), 16)
            if all((mark ^ other).bit_count() > SAME_BITS for other in seen):
                seen.append(mark)
                source = str(path.relative_to(folder))
                yield Native(f"{source} {len(seen)}", source, half_of(source), False, small)


def fits(size: tuple[int, int], shrink: float) -> bool:
    return max(size) >= LONG_PX * shrink and min(size) >= SHORT_PX * shrink


def regions(image: Image.Image, shrink: float) -> Iterator[Image.Image]:
    """Regions side by side, upright or across, whichever gives more."""
    long, short = round(LONG_PX * shrink), round(SHORT_PX * shrink)
    width, height = max(
        ((long, short), (short, long)), key=lambda shape: (image.width // shape[0]) * (image.height // shape[1])
    )
    left = (image.width % width) // 2
    top = (image.height % height) // 2
    for y in range(top, image.height - height + 1, height):
        for x in range(left, image.width - width + 1, width):
            yield image.crop((x, y, x + width, y + height))


def synthetic(seed: int) -> Image.Image:
    """Drawn at 1.5 times the size and shrunk, so that edges are as soft as a lens or a renderer makes them."""
    draw = random.Random(seed)
    size = LONG_PX * 3 // 2, SHORT_PX * 3 // 2
    return PAINTERS[seed % len(PAINTERS)](draw, *size).resize((LONG_PX, SHORT_PX), Image.Resampling.LANCZOS)


def leaves(draw: random.Random, width: int, height: int) -> Image.Image:
    """Dead leaves: discs of all sizes, each hiding what lies below it."""
    image = Image.new("RGB", (width, height), colour(draw))
    pen = ImageDraw.Draw(image)
    for _ in range(draw.choice((1500, 6000))):
        radius = 4 / draw.uniform(0.01, 1)
        x, y = draw.uniform(0, width), draw.uniform(0, height)
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour(draw))
    return image


def polygons(draw: random.Random, width: int, height: int) -> Image.Image:
    """Flat artwork: a gradient under some triangles, then a soft light."""
    ramp = np.linspace(colour(draw), colour(draw), height)[:, None, :].repeat(width, 1)
    image = Image.fromarray(ramp.astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for _ in range(draw.choice((40, 300))):
        x, y, reach = draw.uniform(0, width), draw.uniform(0, height), draw.uniform(30, 500)
        corners = [(x + draw.uniform(-reach, reach), y + draw.uniform(-reach, reach)) for _ in range(3)]
        pen.polygon(corners, fill=colour(draw))
    return image


def page(draw: random.Random, width: int, height: int) -> Image.Image:
    """A page of type in several sizes."""
    image = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(image)
    y = 20
    while y < height:
        points = draw.choice((18, 26, 40, 64))
        words = " ".join("".join(draw.choices("abcdefghilmnoprstuvz", k=draw.randint(2, 11))) for _ in range(40))
        pen.text((30, y), words, fill=(20, 20, 30), font=ImageFont.load_default(points))
        y += points * 3 // 2
    return image


def hair(draw: random.Random, width: int, height: int) -> Image.Image:
    """Strokes in every direction, as grass or fur."""
    image = Image.new("RGB", (width, height), colour(draw))
    pen = ImageDraw.Draw(image)
    for _ in range(12_000):
        x, y, reach = draw.uniform(0, width), draw.uniform(0, height), draw.uniform(10, 90)
        pen.line((x, y, x + draw.gauss(0, reach / 3), y - reach), fill=colour(draw), width=draw.randint(1, 4))
    return image


def clouds(draw: random.Random, width: int, height: int) -> Image.Image:
    """1/f noise, the statistics of natural scenes without any edge."""
    rng = np.random.default_rng(draw.getrandbits(32))
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    frequency[0, 0] = np.inf
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((height, width))) / frequency, s=(height, width))
    grey = 128 + draw.uniform(25, 45) * noise / noise.std()
    return Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).convert("RGB")


PAINTERS = (leaves, polygons, page, hair, clouds)


def colour(draw: random.Random) -> tuple[int, int, int]:
    return draw.randrange(20, 236), draw.randrange(20, 236), draw.randrange(20, 236)


def enlarged(image: Image.Image, ratio: float, kernel: str) -> Image.Image:
    small = image.resize((round(image.width * ratio), round(image.height * ratio)), Image.Resampling.LANCZOS)
    return small.resize(image.size, KERNELS[kernel])


def sharpened(image: Image.Image, draw: random.Random) -> Image.Image:
    return image.filter(ImageFilter.UnsharpMask(draw.uniform(1, 3), round(draw.uniform(60, 150)), 0))


def grained(image: Image.Image, draw: random.Random, sigma: float) -> Image.Image:
    noise = np.random.default_rng(draw.getrandbits(32)).normal(0, sigma, (image.height, image.width, 1))
    return Image.fromarray(np.clip(np.rint(np.asarray(image) + noise), 0, 255).astype(np.uint8))


def compressed(image: Image.Image, _: random.Random, quality: int) -> Image.Image:
    coded = io.BytesIO()
    image.save(coded, "JPEG", quality=quality)
    return Image.open(coded).convert("RGB")


AFTERWARDS: dict[str, Callable[[Image.Image, random.Random], Image.Image]] = {
    "unsharp mask": sharpened,
    "grain 1": functools.partial(grained, sigma=1),
    "grain 2": functools.partial(grained, sigma=2),
    "grain 3": functools.partial(grained, sigma=3),
    "JPEG 95": functools.partial(compressed, quality=95),
    "JPEG 90": functools.partial(compressed, quality=90),
    "JPEG 85": functools.partial(compressed, quality=85),
}


def variants(native: Native) -> Iterator[tuple[str, str, float | None, Image.Image]]:
    """(family, row, ratio it was enlarged from or None, picture).

    Of the ratios (and, before a rework, of the kernels) one is drawn for each picture: all of them would take three times as long,
    and trials of one picture tell less than those of another.
    """
    draw = random.Random(native.name)
    image = native.image
    yield "untouched", "as it is", None, image
    for name, done in AFTERWARDS.items():
        yield "reworked", name, None, done(image, draw)
    for sigma in (1, 2, 3):
        soft = image.filter(ImageFilter.GaussianBlur(sigma))
        yield "softened", f"blur {sigma}", None, soft
        yield "softened", f"blur {sigma}, JPEG 90", None, compressed(soft, draw, 90)
    for kernel in KERNELS:
        for family, (name, ratio) in (
            ("plain", draw.choice(list(RATIOS.items()))),
            ("plain", ("any <= 50 %", draw.uniform(0.25, 0.5))),
            ("milder", draw.choice(list(MILDER.items()))),
        ):
            yield family, f"{kernel} from {name}", ratio, enlarged(image, ratio, kernel)
    for after, done in AFTERWARDS.items():
        name, ratio = draw.choice(list(RATIOS.items()))
        kernel = draw.choice(list(KERNELS))
        yield "afterwards", f"{after} from {name}", ratio, done(enlarged(image, ratio, kernel), draw)
