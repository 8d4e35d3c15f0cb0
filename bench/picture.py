"""Native or enlarged: how often `probe.picture` is right, on pictures whose native detail is certain, and what it costs.

    python bench/picture.py FOLDER --results FILE [--half first|second|both] [--pictures 200] [--minutes 10] [--details]

FOLDER holds photographs and artwork as large as possible. On Debian, for each PACKAGE of plasma-workspace-wallpapers,
breeze, gnome-backgrounds, mate-backgrounds, lomiri-wallpapers, lomiri-wallpapers-16.04, lomiri-wallpapers-20.04,
ukui-wallpapers, lxqt-themes, digikam-data, stellarium-data, marble-data, desktop-base, sway-backgrounds,
plasma-workspace-data, xfdesktop4-data, endless-sky-data, kstars-data, wesnoth-1.16-data:

    apt-get download PACKAGE && dpkg-deb -x PACKAGE_*.deb FOLDER/PACKAGE

Regions of them are shrunk by 1.5 to 2 to 1920 pixels, so that native detail is certain; synthetic pictures make up the
number. Photographs that a camera enlarged itself (EXIF DigitalZoomRatio above 1) are left out. All regions of a file
lie in one half: thresholds are chosen on the first, and the second is what is reported. Bounds: 95 %, Wilson for rows
(one trial a picture), bootstrap over files for sums.

A half takes about twenty CPU minutes. FILE keeps what was measured: after `--minutes` it stops, and the same command goes on.
"""

import argparse
import collections
import hashlib
import json
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import picture_motifs as motifs

from probe import picture
from probe.inference import statistics
from probe.picture import detail, pixels
from probe.standin import pictures as standin
from probe.taxonomy import delivered

HALVES = ("first", "second")
RIGHT_WITHIN = 0.01
FAMILIES = {
    "untouched": "untouched pictures called enlarged (target: at most 2 %)",
    "reworked": "native, then reworked, called enlarged",
    "softened": "native but soft, called enlarged",
    "plain": "enlarged from 50 % or less by a plain kernel, found (target: at least 95 %)",
    "afterwards": "enlarged from 50 % or less, then reworked, found (target: at least 85 %)",
    "milder": "enlarged from 60 or 67 % by a plain kernel, found",
}
LIMITS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9)
"""Candidates for `delivered.ENLARGED_BELOW`."""


class Trial(NamedTuple):
    """One picture and what was measured on it."""

    family: str
    row: str
    source: str
    synthetic: bool
    ratio: float | None  # it was enlarged from; None: it was not
    share: float | None  # effective resolution

    def found(self, limit: float = delivered.ENLARGED_BELOW) -> bool:
        return self.share is not None and self.share < limit

    @property
    def right(self) -> bool:
        return self.share is not None and self.ratio is not None and abs(self.share - self.ratio) <= RIGHT_WITHIN


class Results:
    """What was measured so far: a file with a line a picture, valid for one state of the code."""

    def __init__(self, path: pathlib.Path) -> None:
        code = hashlib.sha256()
        for source in sorted([*pathlib.Path(picture.__file__).parent.glob("*.py"), pathlib.Path(motifs.__file__)]):
            code.update(source.read_bytes())
        self._path, head = path, {"code": code.hexdigest()}
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        if lines and lines[0] != head:
            raise SystemExit(f"{path} was measured with other code: remove it, or name another file")
        if not lines:
            path.write_text(json.dumps(head) + "\n")
        self.by_half: dict[str, dict[str, list[Trial]]] = {half: {} for half in HALVES}
        for line in lines[1:]:
            self.by_half[line["half"]][line["name"]] = [Trial(*trial) for trial in line["trials"]]

    def take(self, native: motifs.Native, trials: list[Trial]) -> None:
        self.by_half[native.half][native.name] = trials
        with self._path.open("a") as file:
            file.write(json.dumps({"half": native.half, "name": native.name, "trials": trials}) + "\n")


def measure(native: motifs.Native) -> list[Trial]:
    return [
        Trial(
            family, row, native.source, native.synthetic, ratio, detail.measure(pixels.luma(image)).effective_resolution
        )
        for family, row, ratio, image in motifs.variants(native)
    ]


def tell(by_picture: Iterable[list[Trial]], *, details: bool) -> None:
    trials = [trial for each in by_picture for trial in each]
    for family, title in FAMILIES.items():
        own = [trial for trial in trials if trial.family == family]
        print(f"\n{title}")
        tell_sum("all", own)
        for name, synthetic in (("photographs and artwork", False), ("synthetic", True)):
            tell_sum(name, [trial for trial in own if trial.synthetic is synthetic])
        for name, found in by_row(own, Trial.found).items() if details else ():
            bounds = statistics.wilson(sum(found), len(found))
            print(f"  {name:34} {np.mean(found):7.1%}  ({bounds.low:.1%} to {bounds.high:.1%}), n = {len(found)}")
        if details and family in ("untouched", "reworked"):
            called = sorted({f"{trial.source}: {trial.row}" for trial in own if trial.found()})
            print("".join(f"    called enlarged: {each}\n" for each in called), end="")


def tell_sum(name: str, trials: list[Trial]) -> None:
    if not trials:
        return
    found = [trial for trial in trials if trial.found()]
    low, high = spread(trials)
    print(f"  {name:34} {len(found) / len(trials):7.1%}  ({low:.1%} to {high:.1%}), n = {len(trials)}", end="")
    right = [trial.right for trial in found if trial.ratio is not None]
    print(f", ratio right in {np.mean(right):.1%} of those found" if right else "")


def by_row(trials: list[Trial], read: Callable[[Trial], bool]) -> dict[str, list[bool]]:
    rows = collections.defaultdict(list)
    for trial in trials:
        rows[trial.row].append(read(trial))
    return rows


def spread(trials: list[Trial], rounds: int = 2000) -> tuple[float, float]:
    """95 % interval of the share found.

    Wilson where each source has one trial or none was found; else bootstrap over sources, since one source's trials depend
    on each other.
    """
    rows = by_row([Trial("", trial.source, *trial[2:]) for trial in trials], Trial.found)
    found = np.array([sum(values) for values in rows.values()])
    count = np.array([len(values) for values in rows.values()])
    if count.max() == 1 or not found.any():
        bounds = statistics.wilson(int((found > 0).sum()), len(found))
        return bounds.low, bounds.high
    drawn = np.random.default_rng(1).integers(0, len(found), (rounds, len(found)))
    shares = found[drawn].sum(1) / count[drawn].sum(1)
    return float(np.quantile(shares, 0.025)), float(np.quantile(shares, 0.975))


def choose(by_picture: Iterable[list[Trial]]) -> None:
    """What each candidate for the threshold would call enlarged, on the half that thresholds are chosen on."""
    trials = [trial for each in by_picture for trial in each]
    print(
        "\nchoosing ENLARGED_BELOW: share of trials called enlarged\n  below"
        + "".join(f"{each:>12}" for each in FAMILIES)
    )
    for limit in LIMITS:
        shares = (np.mean([trial.found(limit) for trial in trials if trial.family == family]) for family in FAMILIES)
        print(f"  {limit:5.2f}" + "".join(f"{share:12.1%}" for share in shares))


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
    picture.inspect(standin.encode(np.random.default_rng(0).integers(0, 255, (600, 600, 3), np.uint8), "png"), None)
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # imports are done; the peak starts anew here
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


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=pathlib.Path)
    parser.add_argument("--results", type=pathlib.Path, help="what was measured, a line a picture; made where missing")
    parser.add_argument("--half", choices=(*HALVES, "both"), default="second")
    parser.add_argument("--pictures", type=int, default=200, help="at least so many per half")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop measuring after so long")
    parser.add_argument("--details", action="store_true", help="a row for each manipulation and ratio")
    parser.add_argument("--cost", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.cost:
        return cost_of(given.cost)
    if not given.results:
        parser.error("--results FILE is needed: it keeps what was measured")
    results, until_s = Results(given.results), time.monotonic() + given.minutes * 60
    for half in HALVES if given.half == "both" else (given.half,):
        done = results.by_half[half]
        for native in motifs.natives(given.folder, half, given.pictures):
            if native.name in done:
                continue
            if time.monotonic() > until_s:
                raise SystemExit(f"{half} half: {len(done)} pictures measured; run the same command to go on")
            results.take(native, measure(native))
        trials = [trial for each in done.values() for trial in each]
        photographs = sum(not each[0].synthetic for each in done.values())
        print(
            f"\n{half} half: {len(done)} pictures ({photographs} from files) of {len({t.source for t in trials})} sources"
        )
        if half == HALVES[0]:
            choose(done.values())
        tell(done.values(), details=given.details)
    return cost()


if __name__ == "__main__":
    main()
