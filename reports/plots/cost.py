"""Cost of a usable picture against the share that is usable, a panel a tier, channels by colour and mark."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter

from reports import figures, words
from reports.plots import style


def draw(data: figures.Costs, width_in: float) -> Figure:
    """Down and to the right is better; the line joins the channels that no other beats in both."""
    narrow = style.is_narrow(width_in)
    across = 1 if narrow else min(3, max(1, len(data.panels)))
    down = max(1, -(-len(data.panels) // across))
    figure = style.figure(width_in, 1.2 + 2.1 * down)
    grid = figure.subplots(down, across, sharey=True, squeeze=False)
    for axes in grid.flat[len(data.panels) :]:
        axes.set_axis_off()
    for axes, panel in zip(grid.flat, data.panels, strict=False):
        _panel(axes, panel, data.channels)
    _usd_axis(grid.flat[0], data)
    for row in grid:
        row[0].set_ylabel("USD a usable picture")
    for axes in grid[-1]:
        axes.set_xlabel("usable at the first attempt, %")
    _legend(figure, data, narrow=narrow)
    return figure


MOST_NAMED = 5
"""Channels of a panel that are named beside their marks; of more the legend says which is which."""


def _panel(axes: Axes, panel: figures.CostPanel, channels: tuple[str, ...]) -> None:
    for point in panel.points:
        _point(axes, point, channels.index(point.channel))
    best = frontier(panel.points)
    axes.plot(
        [100 * point.share for point in best],
        [point.usd for point in best],
        color=style.INK,
        linewidth=0.8,
        linestyle=":",
        zorder=1,
    )
    if len(panel.points) <= MOST_NAMED:
        _named(axes, panel.points)
        axes.set_title(style.label(panel.tier), loc="left")
    else:
        counts = style.counts(point.n for point in panel.points)
        axes.set_title(f"{style.label(panel.tier, narrow=True)}, {counts}", loc="left")
    if panel.too_few:
        axes.annotate(style.too_few(panel.too_few), (0.02, 0.02), xycoords="axes fraction", fontsize=7.5)
    axes.grid()
    axes.set_axisbelow(True)
    lowest = min((point.share_range[0] for point in panel.points), default=0.9)
    axes.set_xlim(max(0.0, 100 * lowest - 4), 100.9)  # room for a mark, and none for a tick at 101 %


def _point(axes: Axes, point: figures.Cost, index: int) -> None:
    axes.errorbar(
        [100 * point.share],
        [point.usd],
        xerr=[[100 * (point.share - point.share_range[0])], [100 * (point.share_range[1] - point.share)]],
        yerr=[[point.usd - point.usd_range[0]], [point.usd_range[1] - point.usd]],
        fmt=style.marker(index),
        color=style.colour(index),
        markersize=6,
        elinewidth=1.1,
        capsize=2.5,
    )


def _named(axes: Axes, points: Sequence[figures.Cost]) -> None:
    """The cheapest is named below, the dearest above, others before their whiskers: a name hides no mark."""
    for place, point in enumerate(sorted(points, key=lambda each: each.usd)):
        left, right = (100 * share for share in point.share_range)
        at, offset, align = (left, (-6, 0), "center")
        if place == 0:
            at, offset, align = (right, (0, -6), "top")
        elif place == len(points) - 1:
            at, offset, align = (right, (0, 6), "bottom")
        axes.annotate(
            f"{style.label(point.channel, narrow=True)}, n {point.n:,}",
            (at, point.usd),
            xytext=offset,
            textcoords="offset points",
            ha="right",
            va=align,
            fontsize=7.5,
            bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.6, "alpha": 0.85},
            zorder=1.5,
        )


def frontier(points: tuple[figures.Cost, ...]) -> list[figures.Cost]:
    """Points that no other beats in both cost and share, from cheap to sure."""
    found: list[figures.Cost] = []
    for point in sorted(points, key=lambda each: (each.usd, -each.share)):
        if not found or point.share > found[-1].share:
            found.append(point)
    return found


def _usd_axis(axes: Axes, data: figures.Costs) -> None:
    costs = [value for panel in data.panels for point in panel.points for value in point.usd_range if value > 0]
    if not costs:
        return
    axes.set_yscale("log")
    axes.set_ylim(min(costs) / 2.5, max(costs) * 2.5)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: words.usd(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _legend(figure: Figure, data: figures.Costs, *, narrow: bool) -> None:
    handles = style.channels(data.channels, linestyle="")
    handles.append(Line2D([], [], color=style.INK, linestyle=":", label="not beaten in both"))
    join = "\n" if narrow else " "
    style.legend(figure, handles, f"{data.series} canaries of the whole period,{join}list prices, whiskers: 95 %")
