"""What a report is made of: a few frozen kinds of block and of table cell that every renderer knows, and nothing else.

A cell's `text(near)` is what a person reads, the same words in text, Markdown and HTML; `near` is the
report's end, against which moments are shortened.
"""

import dataclasses
import datetime as dt
from typing import Literal

from reports import figures, words

Tone = Literal["", "good", "warn", "bad", "unknown"]


@dataclasses.dataclass(frozen=True, slots=True)
class Word:
    """A word that carries a judgement, so that a renderer may colour it; it must read without colour."""

    word: str
    tone: Tone = ""

    def text(self, near: dt.datetime) -> str:
        return self.word


@dataclasses.dataclass(frozen=True, slots=True)
class Rate:
    """A share of `n` with its interval (Wilson 95 % where not said otherwise); `mark` says the tone without colour."""

    good: int
    n: int
    low: float
    high: float
    tone: Tone = ""
    mark: str = ""

    @property
    def share(self) -> float:
        return self.good / self.n

    def text(self, near: dt.datetime) -> str:
        mark = f"{self.mark} " if self.mark else ""
        return f"{mark}{words.percent(self.share)} ({words.percents(self.low, self.high)}, n {self.n:,})"


@dataclasses.dataclass(frozen=True, slots=True)
class Share:
    """A share of time, with its 90 % range where it was estimated."""

    value: float
    low: float | None = None
    high: float | None = None

    def text(self, near: dt.datetime) -> str:
        if self.low is None or self.high is None:
            return words.percent(self.value, 1)
        return f"{words.percent(self.value, 1)} ({words.percents(self.low, self.high, 1)})"


@dataclasses.dataclass(frozen=True, slots=True)
class Seconds:
    """A latency with its interval; `high_s` None with a `low_s` = it lies beyond the deadline."""

    value_s: float
    low_s: float | None = None
    high_s: float | None = None

    def text(self, near: dt.datetime) -> str:
        if self.low_s is None:
            return words.seconds(self.value_s)
        return words.seconds_with_range(self.value_s, self.low_s, self.high_s)


@dataclasses.dataclass(frozen=True, slots=True)
class Usd:
    """Money, with its range where it is not sure."""

    value_usd: float
    low_usd: float | None = None
    high_usd: float | None = None

    def text(self, near: dt.datetime) -> str:
        if self.low_usd is None or self.high_usd is None:
            return words.usd(self.value_usd)
        low, high = words.usd(self.low_usd), words.usd(self.high_usd)
        return low if low == high else f"{low} to {high}"


@dataclasses.dataclass(frozen=True, slots=True)
class Moment:
    """A point in time, with its 90 % range where it was estimated."""

    at: dt.datetime
    low: dt.datetime | None = None
    high: dt.datetime | None = None

    def text(self, near: dt.datetime) -> str:
        if self.low is None or self.high is None:
            return words.clock(self.at, near)
        return f"{words.clock(self.at, near)} ({words.around(self.low, self.high, self.at)})"


@dataclasses.dataclass(frozen=True, slots=True)
class Missing:
    """Why there is no number here: `no data`, `too few (n 11)`. Never a zero."""

    reason: str = "no data"

    def text(self, near: dt.datetime) -> str:
        return self.reason


STRIP_LEGEND = "o under 5 % failing, 1-9 tenths failing, X all failing, . no data"


@dataclasses.dataclass(frozen=True, slots=True)
class Strip:
    """Shares failing of equal stretches of time, oldest first; None = no data in that stretch."""

    failing: tuple[float | None, ...]

    def text(self, near: dt.datetime) -> str:
        """One character a stretch (`STRIP_LEGEND`)."""
        return "".join(strip_mark(share) for share in self.failing)


def strip_mark(failing: float | None) -> str:
    """The mark of one stretch; something ok never reads as all failing."""
    if failing is None:
        return "."
    if failing < 0.05:
        return "o"
    return "X" if failing == 1 else str(min(9, max(1, round(10 * failing))))


Cell = str | int | Word | Rate | Share | Seconds | Usd | Moment | Missing | Strip
Row = tuple[Cell, ...]


def plain(cell: Cell, near: dt.datetime) -> str:
    """A cell as a person reads it, without colour."""
    if isinstance(cell, str):
        return cell
    return f"{cell:,}" if isinstance(cell, int) else cell.text(near)


def tone(cell: Cell) -> Tone:
    """The judgement that a cell carries."""
    return cell.tone if isinstance(cell, (Word, Rate)) else "unknown" if isinstance(cell, Missing) else ""


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One sentence of the first screen; `label` is the word in the margin, empty where a new matter starts."""

    text: str
    label: str = ""
    tone: Tone = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Headline:
    """Sentences to be read first, in order of weight."""

    lines: tuple[Line, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """Rows of typed cells; `caption` says what they are and which outcomes they count, `note` how to read them."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    caption: str = ""
    note: str = ""

    def is_number(self, column: int) -> bool:
        """Are its cells numbers, to be set to the right edge?"""
        return all(isinstance(row[column], (int, Usd, Missing)) for row in self.rows) and any(
            isinstance(row[column], (int, Usd)) for row in self.rows
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Plot:
    """A figure for `reports.plots` to draw; `title` is its question, `alt` what it shows, in words."""

    name: str
    title: str
    data: figures.Data
    alt: str


@dataclasses.dataclass(frozen=True, slots=True)
class Note:
    """A sentence beside the tables: a limit, or what to do next."""

    text: str


Block = Headline | Table | Plot | Note


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """Blocks under one question."""

    key: str
    question: str
    blocks: tuple[Block, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """Everything a renderer needs: the period, when it was made, and the sections in reading order."""

    title: str
    since: dt.datetime
    until: dt.datetime
    made_at: dt.datetime
    sections: tuple[Section, ...]
