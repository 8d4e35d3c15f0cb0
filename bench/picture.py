"""Native or enlarged: how often `probe.picture` is right, on pictures whose native detail is certain, and what it costs.

    python bench/picture.py [FOLDER] [--half first|second|both] [--pictures 160] [--details]

FOLDER holds photographs and artwork as large as possible (Debian: `apt-get download` and `dpkg-deb -x` of plasma-workspace-wallpapers,
breeze, gnome-backgrounds, mate-backgrounds, lomiri-wallpapers, lomiri-wallpapers-16.04 and -20.04, ukui-wallpapers, lxqt-themes,
digikam-data, stellarium-data, xfdesktop4-data). Regions of them are shrunk by 1.5 to 2 to 1920 pixels, so that native detail
is certain; synthetic pictures make up the number. Photographs that a camera enlarged itself (EXIF DigitalZoomRatio above 1)
are left out. All regions of a file lie in one half: thresholds in `probe/picture` were chosen on the first half, the second
one is what is reported. Bounds: 95 %, Wilson for rows (one trial a picture), bootstrap over files for sums. A half takes
about fifteen CPU minutes.
"""

import argparse
import collections
import dataclasses
import functools
import io
import pathlib
import random
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from probe import picture
from probe.inference import statistics
from probe.picture import detail, pixels
from probe.standin import pictures as standin
from probe.taxonomy import delivered

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


@dataclasses.dataclass(frozen=True)
class Native:
    """A picture whose every pixel is its own."""

    source: str  # file or seed: what lies in one half together
    half: str
    image: Image.Image


@dataclasses.dataclass(frozen=True)
class Trial:
    family: str
    name: str
    source: str
    found: bool
    right: bool  # the ratio told is the one it was enlarged from, within 0.01


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
    seed = 0
    while count < wanted:
        seed += 1
        if half_of(f"seed {seed}") == half:
            count += 1
            yield Native(f"seed {seed}", half, synthetic(seed))


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
                yield Native(source, half_of(source), small)


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
    """(family, row, ratio it was enlarged from or None, picture)."""
    draw = random.Random(native.source)
    image = native.image
    yield "untouched", "as it is", None, image
    for name, done in AFTERWARDS.items():
        yield "reworked", name, None, done(image, draw)
    for sigma in (1, 2, 3):
        soft = image.filter(ImageFilter.GaussianBlur(sigma))
        yield "softened", f"blur {sigma}", None, soft
        yield "softened", f"blur {sigma}, JPEG 90", None, compressed(soft, draw, 90)
    for kernel in KERNELS:
        for name, ratio in RATIOS.items():
            yield "plain", f"{kernel} from {name}", ratio, enlarged(image, ratio, kernel)
        ratio = draw.uniform(0.25, 0.5)
        yield "plain", f"{kernel} from any <= 50 %", ratio, enlarged(image, ratio, kernel)
    for after, done in AFTERWARDS.items():
        for name, ratio in RATIOS.items():
            yield (
                "afterwards",
                f"{after} from {name}",
                ratio,
                done(enlarged(image, ratio, draw.choice(list(KERNELS))), draw),
            )


def measure(native: Native) -> Iterator[Trial]:
    for family, name, ratio, image in variants(native):
        share = detail.measure(pixels.luma(image)).effective_resolution
        found = share is not None and share < delivered.ENLARGED_BELOW
        right = found and ratio is not None and abs(share - ratio) <= 0.01
        yield Trial(family, name, native.source, found, right)


FAMILIES = {
    "untouched": "untouched pictures called enlarged (target: at most 2 %)",
    "reworked": "native, then reworked, called enlarged",
    "softened": "native but soft, called enlarged",
    "plain": "enlarged by a plain kernel, found (target: at least 95 %)",
    "afterwards": "enlarged, then reworked, found (target: at least 85 %)",
}


def tell(trials: list[Trial], *, details: bool) -> None:
    for family, title in FAMILIES.items():
        own = [trial for trial in trials if trial.family == family]
        low, high = spread(own)
        share = np.mean([trial.found for trial in own])
        right = np.mean([trial.right for trial in own if trial.found]) if family in ("plain", "afterwards") else np.nan
        print(f"\n{title}\n  {'all':34} {share:7.1%}  ({low:.1%} to {high:.1%}), n = {len(own)}", end="")
        print("" if np.isnan(right) else f", ratio right in {right:.1%} of those found")
        rows = collections.defaultdict(list)
        for trial in own:
            rows[trial.name].append(trial.found)
        for name, found in rows.items() if details else ():
            bounds = statistics.wilson(sum(found), len(found))
            print(f"  {name:34} {np.mean(found):7.1%}  ({bounds.low:.1%} to {bounds.high:.1%}), n = {len(found)}")
        if details and family in ("untouched", "reworked"):
            called = sorted({trial.source for trial in own if trial.found})
            print("".join(f"    called enlarged: {source}\n" for source in called), end="")


def spread(trials: list[Trial], rounds: int = 2000) -> tuple[float, float]:
    """95 % interval of the share found: bootstrap over sources, since one source's trials depend on each other."""
    by_source = collections.defaultdict(list)
    for trial in trials:
        by_source[trial.source].append(trial.found)
    found = np.array([sum(values) for values in by_source.values()])
    count = np.array([len(values) for values in by_source.values()])
    drawn = np.random.default_rng(1).integers(0, len(found), (rounds, len(found)))
    shares = found[drawn].sum(1) / count[drawn].sum(1)
    return float(np.quantile(shares, 0.025)), float(np.quantile(shares, 0.975))


def cost() -> None:
    """CPU seconds and peak memory of `inspect` on a 3840x2160 picture, each in a process of its own."""
    print("\n3840x2160, whole inspection (decode, walk, hash, blankness, detail)")
    for image_format in ("png", "jpeg", "webp"):
        done = subprocess.run(
            [sys.executable, __file__, "--cost", image_format], capture_output=True, text=True, check=True
        )
        print(f"  {done.stdout.strip()}")


def cost_of(image_format: str) -> None:
    data = made_elsewhere(image_format)
    picture.inspect(standin_small(), None)  # imports are not part of it
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew here
    base_mb = peak_mb()
    started_s = time.process_time()
    found = picture.inspect(data, None)
    spent_s = time.process_time() - started_s
    print(
        f"{image_format:5} {len(data) / 1e6:5.1f} MB  {spent_s:.2f} CPU seconds, peak {peak_mb() - base_mb:.0f} MB above"
        f" {base_mb:.0f} MB; effective resolution {found.effective_resolution}"
    )


def peak_mb() -> float:
    """Peak resident memory (Linux); `ru_maxrss` would include the parent's from before the exec."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def made_elsewhere(image_format: str) -> bytes:
    """A picture from another process, so that making it does not count as this one's peak."""
    code = (
        "import sys; from probe.standin import pictures; "
        f"sys.stdout.buffer.write(pictures.picture(3840, 2160, 'a', {image_format!r}))"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout


def standin_small() -> bytes:
    return standin.encode(np.random.default_rng(0).integers(0, 255, (600, 600, 3), np.uint8), "png")


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=pathlib.Path)
    parser.add_argument("--half", choices=("first", "second", "both"), default="second")
    parser.add_argument("--pictures", type=int, default=160, help="at least so many per half")
    parser.add_argument("--details", action="store_true", help="a row for each manipulation and ratio")
    parser.add_argument("--cost", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.cost:
        cost_of(given.cost)
        return
    for half in ("first", "second") if given.half == "both" else (given.half,):
        trials, count = [], 0
        for native in natives(given.folder, half, given.pictures):
            trials += measure(native)
            count += 1
        print(f"\n{half} half: {count} pictures of {len({trial.source for trial in trials})} sources")
        tell(trials, details=given.details)
    cost()


if __name__ == "__main__":
    main()
