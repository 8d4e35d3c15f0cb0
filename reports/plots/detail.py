"""Effective resolution over time: how much of the ordered edge carries detail, a dot a picture, a panel a path."""

import math
import textwrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from probe.taxonomy import delivered
from reports import figures
from reports.plots import style

TITLE_CHARACTERS = 42
"""What fits above the narrowest panel."""

MARGIN = 0.015
"""Room beside the first and the last picture, as a share of the period: a mark is never cut in half."""


def draw(data: figures.Detail, width_in: float) -> Figure:
    """Panels share both axes, so that heights compare."""
    narrow = style.is_narrow(width_in)
    across = 1 if narrow else min(3, max(1, len(data.panels)))
    down = max(1, math.ceil(len(data.panels) / across))
    figure = style.figure(width_in, 1.0 + (1.15 if narrow else 1.35) * down)
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    margin = MARGIN * (data.until - data.since)
    for axes in grid.flat[len(data.panels) :]:
        axes.set_axis_off()
    for axes, panel in zip(grid.flat, data.panels, strict=False):
        _panel(axes, panel)
        axes.set_xlim(data.since - margin, data.until + margin)
        axes.set_ylim(0, 108)
        axes.set_yticks([0, 25, 50, 75, 100])
        style.time_axis(axes, narrow=True)
        axes.tick_params(labelbottom=True, labelsize=7.5)
    _legend(figure, narrow=narrow)
    return figure


def _panel(axes: Axes, panel: figures.DetailPanel) -> None:
    ordered = f" ({style.label(panel.ordered)})" if panel.ordered else ""
    title = f"{style.label(panel.name)}{ordered}, n {len(panel.points):,}"
    axes.set_title(textwrap.fill(title, TITLE_CHARACTERS), loc="left")
    if not panel.points:
        axes.annotate("no picture tells", (0.5, 0.45), xycoords="axes fraction", ha="center")
        axes.set_facecolor(style.NO_DATA)
    for marker, colour, low, high in (
        ("o", style.OKABE_ITO[0], delivered.ENLARGED_BELOW, math.inf),
        ("x", style.FAILING, 0, delivered.ENLARGED_BELOW),
    ):
        taken = [(at, 100 * share) for at, share in panel.points if low <= share < high]
        axes.plot(
            [at for at, _ in taken],  # type: ignore[arg-type]  # dates
            [share for _, share in taken],
            marker,
            color=colour,
            markersize=3.5,
            alpha=0.7,
        )
    axes.grid(axis="y")
    axes.set_axisbelow(True)


def _legend(figure: Figure, *, narrow: bool) -> None:
    blue = style.OKABE_ITO[0]
    handles = [
        Line2D([], [], color=blue, marker="o", markersize=4, linestyle="", label="a picture"),
        Line2D(
            [],
            [],
            color=style.FAILING,
            marker="x",
            markersize=4,
            linestyle="",
            label=f"under {100 * delivered.ENLARGED_BELOW:.0f} %: drawn smaller, enlarged",
        ),
    ]
    style.legend(
        figure,
        handles,
        "edge that carries detail, %; UTC" if narrow else "share of the long edge that carries detail, %; UTC",
    )
