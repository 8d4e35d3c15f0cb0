"""Do channels fail together: the share failing of one while another fails, against while the other is fine, a row a pair."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reports import figures, words
from reports.plots import style


def draw(data: figures.Concordance, width_in: float) -> Figure:
    """The first row on top; two marks far apart mean that the one is no fall-back for the other."""
    narrow = style.is_narrow(width_in)
    figure = style.figure(width_in, 1.5 + (0.5 if narrow else 0.36) * len(data.rows))
    axes = figure.add_subplot()
    rows = data.rows[::-1]
    for index, row in enumerate(rows):
        _row(axes, index, row)
    for index in range(1, len(rows)):
        if rows[index].tier != rows[index - 1].tier:
            axes.axhline(index - 0.5, color=style.RULE, linewidth=0.6)
    axes.set_yticks(range(len(rows)), [_name(row, narrow=narrow) for row in rows])
    axes.tick_params(axis="y", length=0)
    highest = max(rate.high for row in rows for rate in (row.while_failing, row.while_fine))
    right = min(100.5, 100 * highest + 3)
    axes.set_xlim(-0.5, right)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.set_xlabel("failing, % (whiskers: 95 %)")
    style.beside(axes, "n fine; fails", (right, len(rows) - 0.4), va="bottom")
    for index, row in enumerate(rows):
        style.beside(axes, f"{row.while_fine.n:,}; {row.while_failing.n:,}", (right, index), va="center")
    _legend(figure, data, narrow=narrow)
    return figure


ONE_LINE = 40
"""Characters of a name in the margin; more are two lines."""


def _name(row: figures.Beside, *, narrow: bool) -> str:
    """`4k-high: vip beside official`."""
    one, other = (style.label(each, narrow=narrow) for each in (f"{row.tier}: {row.name}", f"beside {row.other}"))
    return f"{one}\n{other}" if narrow or len(one) + len(other) > ONE_LINE else f"{one} {other}"


def _row(axes: Axes, index: int, row: figures.Beside) -> None:
    together = row.while_failing.low > row.while_fine.high
    colour = style.FAILING if together else style.OKABE_ITO[0]
    mark = style.WORSE if together else "D"
    shown = [(row.while_fine, 0.13, "o", style.INK, style.PAPER), (row.while_failing, -0.13, mark, colour, colour)]
    for rate, offset, marker, ink, fill in shown:
        style.whiskers(axes, rate, index + offset, marker, ink, fill)


def _legend(figure: Figure, data: figures.Concordance, *, narrow: bool) -> None:
    blue = style.OKABE_ITO[0]
    handles = [
        Line2D([], [], color=style.INK, marker="o", markerfacecolor=style.PAPER, label="while the other is fine"),
        Line2D([], [], color=blue, marker="D", label="while the other fails"),
        Line2D([], [], color=style.FAILING, marker=style.WORSE, label="clearly more: they fail together"),
    ]
    too_few = f"; {words.count(data.too_few, 'other pair')}: too few" if data.too_few else ""
    left_out = f"; {words.count(data.left_out, 'pair')} less surely together not drawn" if data.left_out else ""
    style.legend(
        figure,
        handles,
        f"{data.series} canaries,{chr(10) if narrow else ' '}windows of {data.window}{too_few}{left_out}",
    )
