"""Latency smoke: bands of quantiles over time on a log axis, a panel a path, with timeouts at the deadline."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from reports import figures
from reports.plots import style

FAINT = 0.25
"""Of a band, seen on white and on black; the middle half lies over the other one."""


def draw(data: figures.Latency, width_in: float) -> Figure:
    """Panels share both axes, so that heights compare."""
    narrow = style.is_narrow(width_in)
    across = 1 if narrow else min(3, max(1, len(data.panels)))
    down = max(1, math.ceil(len(data.panels) / across))
    figure = style.figure(width_in, 1.0 + (1.15 if narrow else 1.45) * down)
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    for axes in grid.flat[len(data.panels) :]:
        axes.set_axis_off()
    for axes, panel in zip(grid.flat, data.panels, strict=False):
        _panel(axes, panel)
        axes.set_xlim(data.since, data.until)
        style.time_axis(axes, narrow=True)
        axes.tick_params(labelbottom=True, labelsize=7.5)
    _seconds_axis(grid.flat[0], data)
    _legend(figure, data.series)
    return figure


def _panel(axes: Axes, panel: figures.LatencyPanel) -> None:
    axes.set_title(f"{style.label(panel.name)}, n {panel.n:,}", loc="left")
    found = [(smoke.at, smoke.quantiles_s or (math.nan,) * 5) for smoke in panel.smoke]
    at = [each[0] for each in found]
    q05, q25, q50, q75, q95 = ([each[1][index] for each in found] for index in range(5))
    blue = style.OKABE_ITO[0]
    axes.fill_between(at, q05, q95, color=blue, alpha=FAINT, linewidth=0)  # type: ignore[arg-type]  # dates
    axes.fill_between(at, q25, q75, color=blue, alpha=FAINT, linewidth=0)  # type: ignore[arg-type]
    axes.plot(at, q50, color=blue, linewidth=1.4)  # type: ignore[arg-type]
    if panel.deadline_s:
        axes.axhline(panel.deadline_s, color=style.INK, linewidth=0.8, linestyle=(0, (4, 3)))
        axes.plot(
            panel.timeouts,  # type: ignore[arg-type]
            [panel.deadline_s] * len(panel.timeouts),
            "x",
            color=style.FAILING,
            markersize=4.5,
        )
    if not panel.is_drawable:
        axes.annotate("too few" if panel.n else "no data", (0.5, 0.45), xycoords="axes fraction", ha="center")
        axes.set_facecolor(style.NO_DATA)
    axes.grid(axis="y")


TICKS_S = {
    1: "1 s",
    2: "2 s",
    5: "5 s",
    10: "10 s",
    20: "20 s",
    60: "1 min",
    120: "2 min",
    300: "5 min",
    600: "10 min",
    1800: "30 min",
}


def _seconds_axis(axes: Axes, data: figures.Latency) -> None:
    """A log axis whose ticks are times people say."""
    values = [
        *(value for panel in data.panels for smoke in panel.smoke for value in smoke.quantiles_s or ()),
        *(panel.deadline_s for panel in data.panels if panel.deadline_s),
    ]
    axes.set_yscale("log")
    low, high = (min(values) / 1.3, max(values) * 1.3) if values else (1.0, 600.0)
    axes.set_ylim(low, high)
    shown = {value_s: name for value_s, name in TICKS_S.items() if low <= value_s <= high}
    axes.set_yticks(list(shown), list(shown.values()))
    axes.set_yticks([], minor=True)


def _legend(figure: Figure, series: str) -> None:
    blue = style.OKABE_ITO[0]
    handles = [
        Line2D([], [], color=blue, label="median"),
        Patch(facecolor=blue, alpha=1 - (1 - FAINT) ** 2, label="middle half"),
        Patch(facecolor=blue, alpha=FAINT, label="5-95 %"),
        Line2D([], [], color=style.INK, linestyle="--", label="deadline"),
        Line2D([], [], color=style.FAILING, marker="x", linestyle="", label="timed out"),
    ]
    style.legend(figure, handles, f"successes of {series} canaries, UTC")
