"""Kinds of failure over time as shares of attempts, a panel a channel; the caller's own faults hang below the line."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports import figures
from reports.plots import style


def draw(data: figures.Kinds, width_in: float) -> Figure:
    narrow = style.is_narrow(width_in)
    figure = style.figure(width_in, 1.5 + 1.25 * len(data.panels))
    grid = figure.subplots(max(1, len(data.panels)), 1, sharex=True, sharey=True, squeeze=False)
    for axes, panel in zip(grid.flat, data.panels, strict=True):
        _panel(axes, panel, data)
        style.time_axis(axes, narrow=narrow)
    _percent_axis(grid.flat[0], data)
    _legend(figure, data, narrow=narrow)
    return figure


def _panel(axes: Axes, panel: figures.KindsPanel, data: figures.Kinds) -> None:
    total = sum(panel.attempts)
    axes.set_title(
        f"{style.label(panel.name)}, n {total:,}" if total else f"{style.label(panel.name)}, no data", loc="left"
    )
    tried = []
    for left, right, attempts, counts in zip(data.edges, data.edges[1:], panel.attempts, panel.counts, strict=False):
        if attempts:
            tried.append((left, right - left, [100 * count / attempts for count in counts]))
        else:
            axes.axvspan(left, right, facecolor="none", edgecolor=style.NO_DATA, hatch="////", linewidth=0)  # type: ignore[arg-type]
    above, below = [0.0] * len(tried), [0.0] * len(tried)
    for index, kind in enumerate(data.kinds):
        heights = [shares[index] for _, _, shares in tried]
        own = kind in data.own_faults
        axes.bar(
            [left for left, _, _ in tried],  # type: ignore[arg-type]
            [-height for height in heights] if own else heights,
            width=[width for _, width, _ in tried],  # type: ignore[arg-type]
            bottom=below if own else above,
            align="edge",
            color=_colour(index),
            hatch=style.HATCHES[index % len(style.HATCHES)],
            edgecolor=style.PAPER,
            linewidth=0.3,
        )
        if own:
            below = [base - height for base, height in zip(below, heights, strict=True)]
        else:
            above = [base + height for base, height in zip(above, heights, strict=True)]
    if total and not any(map(any, panel.counts)):
        axes.annotate("no failure", (0.5, 0.45), xycoords="axes fraction", ha="center")
    axes.axhline(0, color=style.INK, linewidth=0.8)
    axes.set_xlim(data.edges[0], data.edges[-1])  # type: ignore[arg-type]
    axes.grid(axis="y")
    axes.set_axisbelow(True)


def _colour(index: int) -> str:
    colours = (style.FAILING, *style.OKABE_ITO)
    return colours[index % len(colours)]


def _percent_axis(axes: Axes, data: figures.Kinds) -> None:
    """Both directions in positive per cent."""
    above, below = (_highest(data, own=own) for own in (False, True))
    top = max(1.08 * above, 5.0)
    axes.set_ylim(-max(1.2 * below, 0.15 * top) if below else 0, top)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{abs(value):.0f} %"))


def _highest(data: figures.Kinds, *, own: bool) -> float:
    """The highest stack of the caller's own faults, or of all others, per cent of attempts."""
    mine = [index for index, kind in enumerate(data.kinds) if (kind in data.own_faults) is own]
    stacks = [
        100 * sum(counts[index] for index in mine) / attempts
        for panel in data.panels
        for attempts, counts in zip(panel.attempts, panel.counts, strict=True)
        if attempts
    ]
    return max(stacks, default=0.0)


def _legend(figure: Figure, data: figures.Kinds, *, narrow: bool) -> None:
    handles = [
        Patch(
            facecolor=_colour(index),
            hatch=style.HATCHES[index % len(style.HATCHES)],
            edgecolor=style.PAPER,
            linewidth=0.3,
            label=f"{kind} (below)" if kind in data.own_faults else kind,
        )
        for index, kind in enumerate(data.kinds)
    ]
    title = f"share of {data.series} canaries, UTC" if handles else f"no failures of {data.series} canaries"
    if not data.own_faults.isdisjoint(data.kinds):
        title += f"{chr(10) if narrow else '; '}below the line: yours or the account's"
    style.legend(figure, handles, title)
