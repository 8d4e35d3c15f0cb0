"""How every figure looks: Okabe-Ito colours that never carry a meaning alone, sizes, and the settings that keep bytes stable."""

import datetime as dt
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from matplotlib import dates
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from probe import escape
from reports import figures

INK, RULE, NO_DATA, PAPER = "#1b1b1f", "#c9c9d1", "#d9d9de", "#ffffff"
OK, FAILING = "#d9eaf6", "#d55e00"
OKABE_ITO = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#8a6d00", "#5b5b66")
"""Blue, orange, green, purple, sky, ochre (for yellow, which white swallows), grey; red means failing and nothing else."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
WORSE = "v"
"""The mark of what is clearly worse, beside its colour."""

HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "++++", "oo")

WIDE_IN, NARROW_IN = 9.0, 3.7
NARROW_BELOW_IN = 6.0

SETTINGS: Any = MappingProxyType(
    {
        "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same picture on every machine
        "font.size": 8.5,
        "text.parse_math": False,  # a $ in a name is a $
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": RULE,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 8.5,
        "xtick.color": INK,
        "ytick.color": INK,
        "grid.color": RULE,
        "grid.linewidth": 0.5,
        "hatch.linewidth": 0.6,
        "legend.frameon": False,
        "svg.fonttype": "none",  # text stays text: small, selectable, recoloured by the page
        "figure.facecolor": PAPER,
        "savefig.facecolor": PAPER,
    }
)


def is_narrow(width_in: float) -> bool:
    return width_in < NARROW_BELOW_IN


def figure(width_in: float, height_in: float) -> Figure:
    """An empty figure of its own: no pyplot, no global state."""
    return Figure(figsize=(width_in, height_in), layout="constrained")


def colour(index: int) -> str:
    """The colour of a channel by its place among the channels; its mark tells it apart from those that share it."""
    return OKABE_ITO[index % len(OKABE_ITO)]


def marker(index: int) -> str:
    """The mark of a channel, likewise: channels of one colour have different marks."""
    return MARKERS[(index + index // len(OKABE_ITO)) % len(MARKERS)]


def channels(names: Sequence[str], **options: Any) -> list[Artist]:
    """The legend's entries of all channels."""
    return [
        Line2D([], [], marker=marker(index), color=colour(index), label=label(name), **options)
        for index, name in enumerate(names)
    ]


LEGEND_COLUMN_IN, CHARACTER_IN, LINE_IN = 0.58, 0.062, 0.19
"""Of a legend: a column without its words, a character of them, and one line."""


def legend(figure: Figure, handles: Sequence[Artist], title: str, **options: Any) -> None:
    """The legend below the axes, under what the whole figure has in common: as many columns as fit.

    Every line but the first makes the figure higher, not its axes lower.
    """
    columns = next(
        (number for number in range(len(handles), 1, -1) if _legend_in(handles, number) <= figure.get_figwidth()), 1
    )
    rows = -(-len(handles) // columns)
    figure.set_figheight(figure.get_figheight() + LINE_IN * max(0, rows - 1))
    figure.legend(
        handles=handles,
        loc="outside lower left",
        title=title,
        alignment="left",
        columnspacing=1.2,
        ncols=columns,
        **options,
    )


def whiskers(axes: Axes, rate: figures.Rate, row: float, mark: str, ink: str, fill: str) -> None:
    """A share with its interval, in per cent along x, at a row."""
    axes.errorbar(
        [100 * rate.share],
        [row],
        xerr=[[100 * (rate.share - rate.low)], [100 * (rate.high - rate.share)]],
        fmt=mark,
        markersize=5,
        color=ink,
        markerfacecolor=fill,
        elinewidth=1.2,
        capsize=2.5,
    )


def _legend_in(handles: Sequence[Artist], columns: int) -> float:
    """Its width, inches: filled column by column, as matplotlib does, each as wide as its longest line."""
    lines = [max(map(len, str(handle.get_label()).splitlines()), default=0) for handle in handles]
    return sum(LEGEND_COLUMN_IN + CHARACTER_IN * int(column.max()) for column in np.array_split(lines, columns))


WIDE_CHARACTERS, NARROW_CHARACTERS = 36, 22
"""Of a name, which else would leave no room for what it names."""


def label(text: str, *, narrow: bool = False) -> str:
    """A text from outside, for a figure; of one that is too long the middle is left out.

    The fonts that come along have no others than these characters.
    """
    shown = escape.visible(text).encode("ascii", "backslashreplace").decode()
    most = NARROW_CHARACTERS if narrow else WIDE_CHARACTERS
    if len(shown) <= most:
        return shown
    tail = (most - len(LEFT_OUT)) // 2
    return f"{shown[: most - len(LEFT_OUT) - tail]}{LEFT_OUT}{shown[-tail:]}"


LEFT_OUT = "..."


def counts(each: Iterable[int]) -> str:
    """`n 84`, `n 30 to 340`: how many canaries each of several channels has."""
    found = sorted(each)
    return f"n {found[0]:,}" if found[0] == found[-1] else f"n {found[0]:,} to {found[-1]:,}"


MOST_TOO_FEW = 2


def too_few(names: Sequence[str]) -> str:
    """`too few: nano, vip`, `too few: 5 channels`: what cannot be drawn."""
    if len(names) > MOST_TOO_FEW:
        return f"too few: {len(names)} channels"
    return f"too few: {', '.join(label(name, narrow=True) for name in names)}"


def beside(axes: Axes, text: str, at: tuple[Any, float], **options: Any) -> None:
    """A text right of a point at the edge of the axes. A gap in points: pages drop a leading space."""
    axes.annotate(text, at, xytext=(4, 0), textcoords="offset points", annotation_clip=False, **options)


def time_axis(axes: Axes, *, narrow: bool) -> None:
    """Dates along x, in UTC, few enough not to touch."""
    locator = dates.AutoDateLocator(tz=dt.UTC, minticks=3, maxticks=4 if narrow else 9)  # type: ignore[no-untyped-call]
    # Else two hours, two days or two years have too many ticks for a narrow figure, and matplotlib warns.
    for unit, coarser in ((dates.MINUTELY, 60), (dates.HOURLY, 24), (dates.MONTHLY, 12)):
        locator.intervald[unit] = [*locator.intervald[unit], coarser]
    axes.xaxis.set_major_locator(locator)
    formatter = dates.ConciseDateFormatter(locator, tz=dt.UTC, show_offset=False)  # type: ignore[no-untyped-call]
    formatter.formats = ["%Y", "%b", "%b %d", "%H:%M", "%H:%M", "%S"]
    formatter.zero_formats = ["", "%b %Y", "%b %d", "%b %d", "%H:%M", "%H:%M"]
    axes.xaxis.set_major_formatter(formatter)
