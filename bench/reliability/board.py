"""The scoreboard: what a figure is, what it may need, and how a row is printed."""

import dataclasses
import os
import pathlib
import random
import shutil
import time


class NotRun(Exception):  # noqa: N818 - a lack of the machine, not an error
    """This machine lacks something; the message names it."""


@dataclasses.dataclass(frozen=True)
class Row:
    figure: str
    name: str
    value: float | str
    target: str
    met: bool | None  # None: nothing is promised
    n: str
    seed: int
    seconds: float

    def text(self):
        mark = {True: "ok  ", False: "MISS", None: "    "}[self.met]
        value = f"{self.value:.4g}" if isinstance(self.value, float) else str(self.value)
        return (
            f"{self.figure:<4}{mark} {self.name:<61} {value:>8}  {self.target:<8} "
            f"n {self.n:<32} seed {self.seed:<6} {self.seconds:.0f} s"
        )


@dataclasses.dataclass
class Case:
    """One turn of one figure: its seed, a folder of its own, and how much may be spent."""

    figure: str
    seed: int
    full: bool
    folder: pathlib.Path
    started_s: float = dataclasses.field(default_factory=time.monotonic)

    def __post_init__(self):
        self.draw = random.Random(self.seed)

    def times(self, short, full):
        return full if self.full else short

    def row(self, name, value, n, *, at_most=None, at_least=None):
        target, met = "", None
        if at_most is not None:
            target, met = (f"<= {at_most:g}" if at_most else "0"), value <= at_most
        if at_least is not None:
            target, met = f">= {at_least:g}", value >= at_least
        return Row(self.figure, name, value, target, met, str(n), self.seed, time.monotonic() - self.started_s)

    def path(self, name):
        """A fresh folder."""
        found = self.folder / name
        found.mkdir(parents=True)
        return found


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise NotRun(f"needs {program} (Debian, Ubuntu: apt install {program})")


def need_root():
    if os.geteuid() != 0:
        raise NotRun("needs root, to mount file systems of its own")


def hostile():
    """The folder of third-party material, or NotRun."""
    named = os.environ.get("TIERWATCH_HOSTILE", "")
    if not named or not pathlib.Path(named).is_dir():
        raise NotRun("needs third-party material: set TIERWATCH_HOSTILE to its folder")
    return pathlib.Path(named)
