"""Share ok with its interval, a row a path: the whole period against its latest part."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reports import figures
from reports.plots import style


def draw(data: figures.Rates, width_in: float) -> Figure:
    """The first row on top; the axis reaches down to the lowest interval."""
    narrow = style.is_narrow(width_in)
    figure = style.figure(width_in, 1.45 + 0.34 * max(3, len(data.rows)))
    axes = figure.add_subplot()
    lowest = min((point.low for row in data.rows for point in (row.period, row.latest) if point), default=0.0)
    left = max(0.0, 100 * lowest - 3)
    for index, row in enumerate(reversed(data.rows)):
        _row(axes, index, row, left)
    tiers = [row.tier for row in reversed(data.rows)]
    for index in range(1, len(tiers)):
        if tiers[index] != tiers[index - 1]:
            axes.axhline(index - 0.5, color=style.RULE, linewidth=0.6)
    axes.set_yticks(range(len(data.rows)), [style.label(row.name, narrow=narrow) for row in reversed(data.rows)])
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(left, 100.6)
    axes.set_ylim(-0.6, len(data.rows) - 0.4)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.set_xlabel("ok, % (whiskers: 95 %)")
    style.beside(axes, "n (latest)", (100.6, len(data.rows) - 0.4), va="bottom")
    for index, row in enumerate(reversed(data.rows)):
        counted = f"{row.n:,} ({row.latest.n:,})" if row.latest else f"{row.n:,}"
        bad = f"\n! {row.bad}" if row.bad else ""
        style.beside(axes, f"{counted}{bad}", (100.6, index), va="center")
    _legend(figure, data)
    return figure


def _row(axes: Axes, index: int, row: figures.RateRow, left: float) -> None:
    if row.period is None:
        axes.axhspan(index - 0.32, index + 0.32, facecolor="none", edgecolor=style.NO_DATA, hatch="////", linewidth=0)
        axes.annotate(
            "too few" if row.n else "no data", (left, index), xytext=(4, 0), textcoords="offset points", va="center"
        )
        return
    shown = [(row.period, 0.14, "o", style.INK, style.PAPER)]
    if row.latest:
        changed = row.latest.high < row.period.low
        colour = style.FAILING if changed else style.OKABE_ITO[0]
        shown.append((row.latest, -0.14, style.WORSE if changed else "D", colour, colour))
    for point, offset, marker, colour, fill in shown:
        style.whiskers(axes, point, index + offset, marker, colour, fill)


def _legend(figure: Figure, data: figures.Rates) -> None:
    blue = style.OKABE_ITO[0]
    handles = [
        Line2D([], [], color=style.INK, marker="o", markerfacecolor=style.PAPER, label=f"whole period, {data.period}"),
        Line2D([], [], color=blue, marker="D", label=f"latest {data.latest}"),
        Line2D([], [], color=style.FAILING, marker=style.WORSE, label="latest, clearly worse"),
    ]
    marked = "; ! bad at its end, whatever the share" if any(row.bad for row in data.rows) else ""
    style.legend(figure, handles, f"{data.series} canaries{marked}")
