"""The report as plain text of at most `width` columns, with colour only where it is asked for."""

import datetime as dt
import itertools
import unicodedata
from collections.abc import Iterator, Sequence

from probe import escape
from reports import blocks, words

WIDTH = 80
MARGIN = 8  # columns of the labels on the first screen
NARROWEST = 20  # columns of a sentence, however long its label is
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
        first, *rest = wrapped(line.text, max(self.width - columns_of(label), NARROWEST))
        yield self.paint(label, line.tone) + first
        yield from (" " * columns_of(label) + row for row in rest)

    def table(self, block: blocks.Table) -> Iterator[str]:
        """Columns aligned, numbers to the right; columns that do not fit go on below, under the first one again."""
        if block.caption:
            yield from wrapped(block.caption, self.width)
        body = [[escape.visible(blocks.plain(cell, self.near)) for cell in row] for row in block.rows]
        head = [escape.visible(column) for column in block.columns]
        widths = fitting([max(map(columns_of, column)) for column in zip(head, *body, strict=True)], self.width)
        right = [block.is_number(index) for index in range(len(head))]
        for part in parts(widths, self.width):
            if part[0] != 0:
                yield ""
                part.insert(0, 0)
            for cells, row in zip([head, *block.rows], [head, *body], strict=True):
                tones = [blocks.tone(cell) for cell in cells]
                for line in itertools.zip_longest(
                    *(wrapped(row[index], widths[index]) for index in part), fillvalue=""
                ):
                    yield "  ".join(
                        self.paint(padded(words, widths[index], right[index]), tones[index])
                        for index, words in zip(part, line, strict=True)
                    )
        if block.note:
            yield from wrapped(block.note, self.width)

    def paint(self, text: str, tone: blocks.Tone) -> str:
        return f"\x1b[{COLOURS[tone]}m{text}\x1b[0m" if self.colour and tone in COLOURS else text


NO_BREAK = "\xa0"
"""A space at which no line ends: a number keeps its per-cent sign."""


def wrapped(text: str, width: int, hanging: int = 0) -> list[str]:
    """At least one line of at most `width` (1 or more) columns; what cannot be shown is escaped first."""
    rows, row, indent = [], "", ""
    for word in escape.visible(text).replace(" %", f"{NO_BREAK}%").split(" "):
        if row.strip() and columns_of(f"{row} {word}") > width:
            rows.append(row)
            row = indent = " " * hanging
        row = f"{row} {word}" if row.strip() else f"{indent}{word}"
        while columns_of(row) > width:
            kept = fits(row, width)
            rows.append(row[:kept])
            row, indent = " " * hanging + row[kept:], " " * hanging
    return [each.replace(NO_BREAK, " ") for each in [*rows, row]]


def fits(text: str, width: int) -> int:
    """How many characters of a text that is too long fit into so many columns; at least one."""
    columns = itertools.accumulate(map(columns_of, text))
    return max(1, sum(each <= width for each in columns))


def fitting(widths: Sequence[int], width: int) -> list[int]:
    """Widths of columns, none so wide that it could not stand beside the first one; longer cells are wrapped."""
    first = min(widths[0], width // 2) if len(widths) > 1 else min(widths[0], width)
    return [first, *(min(each, width - first - 2) for each in widths[1:])]


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
