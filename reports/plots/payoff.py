"""What a second and third attempt bring: share, price and time of a usable picture, a row a tier, channels by colour and mark."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from reports import figures, words
from reports.plots import style

ATTEMPTS = (1, 2, 3)
DODGE, MOST_DODGED = 0.05, 0.3  # attempts between the marks of two channels, and between the first and the last
MOST_NAMED = 42  # characters of the channels' names in a panel
ROOM = 0.35  # below the lowest mark, for the words, as a share of what is above


def draw(data: figures.PayOff, width_in: float) -> Figure:
    """Share, USD and minutes side by side, each with one scale for all tiers; the share alone where there is no room."""
    narrow = style.is_narrow(width_in)
    figure = style.figure(width_in, 1.3 + 1.5 * len(data.panels))
    grid = figure.subplots(max(1, len(data.panels)), 1 if narrow else 3, sharex=True, sharey="col", squeeze=False)
    for row, panel in zip(grid, data.panels, strict=True):
        _named(row[0], panel)
        for index, axes in enumerate(row):
            for line in panel.lines:
                values = ([100 * share for share in line.shares], line.usd, line.minutes)[index]
                _line(axes, values, data.channels.index(line.channel), len(data.channels))
            axes.grid(axis="y")
            axes.set_axisbelow(True)
            axes.set_xlim(0.8, 3.2)
            axes.set_xticks(ATTEMPTS, [words.count(each, "attempt") if each == 1 else str(each) for each in ATTEMPTS])
    titles = ("get through, %", "USD a usable picture", "minutes a usable picture")
    for axes, title in zip(grid[0], titles, strict=False):
        axes.annotate(title, (1, 1), xytext=(0, 5), xycoords="axes fraction", textcoords="offset points", ha="right")
    lowest = min((100 * share for panel in data.panels for line in panel.lines for share in line.shares), default=90.0)
    grid[0][0].set_ylim(lowest - ROOM * (103 - lowest), 103)
    for axes in grid[0][1:]:
        _log_axis(axes, money=axes is grid[0][1])
    _legend(figure, data, narrow=narrow)
    return figure


def _named(axes: Axes, panel: figures.PayOffPanel) -> None:
    """How many canaries each channel has, or from how few to how many where there is no room for names."""
    axes.set_title(style.label(panel.tier), loc="left")
    told = ", ".join(f"{style.label(line.channel)} n {line.n:,}" for line in panel.lines)
    if len(told) > MOST_NAMED:
        told = style.counts(line.n for line in panel.lines)
    lines = [style.too_few(panel.too_few)] * bool(panel.too_few) + [told] * bool(told)
    axes.annotate("\n".join(lines), (0.02, 0.04), xycoords="axes fraction", fontsize=7.5)


def _line(axes: Axes, values: Sequence[float], index: int, channels: int) -> None:
    """Equal values of channels lie side by side."""
    step = min(DODGE, MOST_DODGED / channels)
    axes.plot(
        [attempts + step * (index - (channels - 1) / 2) for attempts in ATTEMPTS],
        values,
        marker=style.marker(index),
        color=style.colour(index),
        markersize=5,
        linewidth=1.1,
    )


def _log_axis(axes: Axes, *, money: bool) -> None:
    """Ticks as people say them, close enough that two are always seen."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.set_ylim(low / 1.5, high * 1.5)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: words.usd(value) if money else f"{value:.3g}"))
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_locator(NullLocator())


def _legend(figure: Figure, data: figures.PayOff, *, narrow: bool) -> None:
    style.legend(
        figure,
        style.channels(data.channels),
        "as things stand at the period's end" if narrow else "as things stand at the period's end, list prices",
    )
