"""Strips over time, one a path: the height of red is the share failing; brackets are degraded stretches."""

import datetime as dt
from collections.abc import Iterable, Sequence

from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from reports import figures
from reports.plots import style

BRACKET = 0.07  # above its strip, in rows
MOST_BRACKETS = 40  # of one strip; more are drawn as plain bars, without ranges
SHORTEST_BAR = 1 / 300  # of the period: a bar is seen however short it was


def draw(data: figures.Timeline, width_in: float) -> Figure:
    """One row a path, the first on top; its name stands beside it, or above where there is no room."""
    narrow = style.is_narrow(width_in)
    height = 0.40 if narrow else 0.62  # of a strip, in rows
    figure = style.figure(width_in, 1.25 + (0.58 if narrow else 0.36) * len(data.strips))
    axes = figure.add_subplot()
    for row, strip in enumerate(reversed(data.strips)):
        _strip(axes, row, strip, data.edges, height)
        counted = f"{strip.failed:,} of {strip.n:,} failed" if strip.n else "no data"
        on = strip.brackets[-1] if strip.brackets and strip.brackets[-1].still_on else None
        state = "slow" if on and on.slow else "degraded"
        if narrow:
            now = f", {state.upper()}" if on else ""
            at = (data.edges[0], row + height / 2 + 2.5 * BRACKET)
            axes.annotate(f"{style.label(strip.name, narrow=True)}: {counted}{now}", at, va="bottom")
            continue
        now = f"\n{state} since {on.start:%b %d %H:%M}" if on else ""
        style.beside(axes, f"{counted}{now}", (data.edges[-1], row), va="center", fontsize=8)
    names = [] if narrow else [style.label(strip.name) for strip in reversed(data.strips)]
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlim(data.edges[0], data.edges[-1])  # type: ignore[arg-type]  # matplotlib takes dates
    axes.set_ylim(-0.5, len(data.strips) - (0.3 if narrow else 0.4))
    style.time_axis(axes, narrow=narrow)
    _legend(figure, data.series, narrow=narrow)
    return figure


def _strip(axes: Axes, row: int, strip: figures.Strip, edges: Sequence[dt.datetime], height: float) -> None:
    """Pale where there is data, red from below by the share failing, hatched grey where there is none."""
    bottom = row - height / 2
    cells = list(zip(edges, edges[1:], strip.failing, strict=False))
    for colour, hatch, wanted in ((style.OK, "", True), (style.NO_DATA, "////", False)):
        runs = _runs((left, right) for left, right, share in cells if (share is not None) is wanted)
        if runs:
            axes.broken_barh(
                [(left, right - left) for left, right in runs],  # type: ignore[misc]  # dates
                (bottom, height),
                facecolor=colour if not hatch else "none",
                edgecolor=colour if hatch else "none",
                hatch=hatch,
                linewidth=0,
            )
    failing = [_box(left, right, bottom, height * share) for left, right, share in cells if share]
    axes.add_collection(PolyCollection(failing, facecolor=style.FAILING, linewidth=0))  # one: each costs a page as much
    y = row + height / 2 + BRACKET
    if len(strip.brackets) > MOST_BRACKETS:
        shortest = SHORTEST_BAR * (edges[-1] - edges[0])
        spans = [(each.start, max(each.end - each.start, shortest)) for each in strip.brackets]
        axes.broken_barh(spans, (y - BRACKET, 1.5 * BRACKET), facecolor=style.INK, linewidth=0)  # type: ignore[arg-type]
        return
    _brackets(axes, y, strip.brackets, edges[0])


def _box(left: dt.datetime, right: dt.datetime, bottom: float, height: float) -> list[tuple[float, float]]:
    first, last = dates.date2num([left, right])  # type: ignore[no-untyped-call]
    return [(first, bottom), (first, bottom + height), (last, bottom + height), (last, bottom)]


def _runs(spans: Iterable[tuple[dt.datetime, dt.datetime]]) -> list[tuple[dt.datetime, dt.datetime]]:
    """Neighbouring spans as one."""
    found: list[tuple[dt.datetime, dt.datetime]] = []
    for left, right in spans:
        if found and found[-1][1] == left:
            found[-1] = (found[-1][0], right)
        else:
            found.append((left, right))
    return found


def _brackets(axes: Axes, y: float, brackets: Sequence[figures.Bracket], left: dt.datetime) -> None:
    """Lines with feet; an end that is still open has an arrow head, an end's 90 % range is drawn thick and pale.

    Dotted: perhaps. What began before the left edge runs into the strip without a foot.
    """
    ranges: list[list[tuple[float, float]]] = []
    lines: list[list[tuple[float, float]]] = []
    styles = [":" if not bracket.sure else "-" for bracket in brackets]
    for bracket in brackets:
        ranges += [
            _line([(max(at, left), y) for at in span])
            for span in (bracket.start_range, bracket.end_range)
            if span and span[1] > left
        ]
        points = [(max(bracket.start, left), y), (bracket.end, y)]
        if bracket.start >= left:
            points.insert(0, (bracket.start, y - BRACKET))
        if bracket.still_on:
            axes.plot((bracket.end,), (y,), marker=">", markersize=4, color=style.INK, clip_on=False)  # type: ignore[arg-type]
        else:
            points.append((bracket.end, y - BRACKET))
        lines.append(_line(points))
    axes.add_collection(LineCollection(ranges, color=style.INK, linewidth=4.5, alpha=0.3, capstyle="butt"))
    axes.add_collection(
        LineCollection(lines, color=style.INK, linestyles=styles, linewidth=1.4, capstyle="projecting", clip_on=False)
    )


def _line(points: Sequence[tuple[dt.datetime, float]]) -> list[tuple[float, float]]:
    times = dates.date2num([at for at, _ in points])  # type: ignore[no-untyped-call]
    return [(at, y) for at, (_, y) in zip(times, points, strict=True)]


def _legend(figure: Figure, series: str, *, narrow: bool) -> None:
    newline = "\n" if narrow else " "
    handles = [
        Patch(facecolor=style.OK, label="ok"),
        Patch(facecolor=style.FAILING, label="share failing (height)"),
        Patch(facecolor="none", edgecolor=style.NO_DATA, hatch="////", linewidth=0, label="no data"),
        Line2D(
            [],
            [],
            color=style.INK,
            marker=3,
            markersize=5,
            label=f"degraded (dotted: perhaps),{newline}ends' 90 % range in grey; > still on",
        ),
    ]
    style.legend(figure, handles, f"{series} canaries, UTC", handlelength=1.6)
