"""The report as plain text of at most `width` columns, with colour only where it is asked for."""

import datetime as dt
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence

from probe import escape
from reports import blocks, words

WIDTH = 80
MARGIN = 8  # columns of the labels on the first screen
COLOURS: dict[blocks.Tone, str] = {"good": "32", "warn": "33", "bad": "1;31", "unknown": "35"}
"""SGR codes by tone."""


def render(report: blocks.Report, *, colour: bool = False) -> str:
    """The whole report; sections under their questions in capitals."""
    printer = Printer(report.until, WIDTH, colour)
    lines = [f"{escape.visible(report.title)}  {words.period(report.since, report.until)}", ""]
    for section in report.sections:
        if section.question:
            lines += [escape.visible(section.question).upper(), ""]
        for block in section.blocks:
            if not isinstance(block, blocks.Plot):
                lines += [*printer.lines(block), ""]
    return "\n".join(line.rstrip() for line in lines).rstrip("\n") + "\n"


class Printer:
    """Lays blocks out in columns; `near` is the moment that times are shortened against."""

    def __init__(self, near: dt.datetime, width: int, colour: bool) -> None:
        self.near = near
        self.width = width
        self.colour = colour

    def lines(self, block: blocks.Headline | blocks.Table | blocks.Note) -> Iterator[str]:
        match block:
            case blocks.Headline(lines):
                margin = max(columns_of(escape.visible(line.label)) for line in lines)
                for line in lines:
                    yield from self.sentence(line, max(margin, MARGIN))
            case blocks.Table():
                yield from self.table(block)
            case blocks.Note(text):
                yield from wrapped(text, self.width)

    def sentence(self, line: blocks.Line, margin: int) -> Iterator[str]:
        """A sentence, wrapped beside its label where it has one."""
        if not line.label:
            first, *rest = wrapped(line.text, self.width, hanging=2)
            yield from (self.paint(first, line.tone), *rest)
            return
        label = f"  {padded(escape.visible(line.label), margin)} "
        first, *rest = wrapped(line.text, self.width - columns_of(label))
        yield self.paint(label, line.tone) + first
        yield from (" " * columns_of(label) + row for row in rest)

    def table(self, block: blocks.Table) -> Iterator[str]:
        """Columns aligned, numbers to the right; columns that do not fit go on below, under the first one again."""
        if block.caption:
            yield from wrapped(block.caption, self.width)
        head = [escape.visible(column) for column in block.columns]
        body = [[escape.visible(blocks.plain(cell, self.near)) for cell in row] for row in block.rows]
        widths = [max(columns_of(row[index]) for row in [head, *body]) for index in range(len(head))]
        right = [block.is_number(index) for index in range(len(head))]
        for part in parts(widths, self.width):
            if part[0] != 0:
                yield ""
                part.insert(0, 0)
            yield "  ".join(padded(head[index], widths[index], right[index]) for index in part)
            for cells, row in zip(block.rows, body, strict=True):
                shown = (
                    self.paint(padded(row[index], widths[index], right[index]), blocks.tone(cells[index]))
                    for index in part
                )
                yield "  ".join(shown)
        if block.note:
            yield from wrapped(block.note, self.width)

    def paint(self, text: str, tone: blocks.Tone) -> str:
        return f"\x1b[{COLOURS[tone]}m{text}\x1b[0m" if self.colour and tone in COLOURS else text


NO_BREAK = "\xa0"
"""A space at which no line ends: a number keeps its per-cent sign."""


def wrapped(text: str, width: int, hanging: int = 0) -> list[str]:
    """At least one line of at most `width` columns; what cannot be shown is escaped first."""
    whole = escape.visible(text).replace(" %", f"{NO_BREAK}%")
    rows = textwrap.wrap(whole, max(width, 20), subsequent_indent=" " * hanging, break_on_hyphens=False)
    return [row.replace(NO_BREAK, " ") for row in rows] or [""]


def parts(widths: Sequence[int], width: int) -> list[list[int]]:
    """Which columns stand side by side; every part but the first leaves room for the first column."""
    found = [[0]]
    used = widths[0]
    for index in range(1, len(widths)):
        if used + 2 + widths[index] > width and (len(found[-1]) > 1 or found[-1][0] != 0):
            found.append([])
            used = widths[0]
        found[-1].append(index)
        used += 2 + widths[index]
    return found


def padded(text: str, width: int, right: bool = False) -> str:
    padding = " " * (width - columns_of(text))
    return padding + text if right else text + padding


def columns_of(text: str) -> int:
    """Terminal columns of a text: East Asian wide characters take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
