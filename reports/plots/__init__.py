"""The one door to matplotlib: plot blocks drawn as PNG or SVG, the same bytes for the same data."""

import contextlib
import io
import logging
import pathlib
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

# Before its import: where no home can be written, as under a service manager, it tells people of its own cache folder.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

import matplotlib as mpl  # noqa: E402
from matplotlib.backends import backend_svg  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from reports import blocks, figures  # noqa: E402
from reports.plots import concordance, cost, detail, kinds, latency, payoff, rates, style, timeline  # noqa: E402

DPI = 160

FIGURES: Mapping[type, Callable[[Any, float], Figure]] = MappingProxyType(
    {
        figures.Timeline: timeline.draw,
        figures.Rates: rates.draw,
        figures.Latency: latency.draw,
        figures.Kinds: kinds.draw,
        figures.Costs: cost.draw,
        figures.PayOff: payoff.draw,
        figures.Concordance: concordance.draw,
        figures.Detail: detail.draw,
    }
)
"""Kind of data -> `draw(data, width_in)`. A new figure is its data, one file and one row."""


def png(plot: blocks.Plot, width_in: float = style.WIDE_IN) -> bytes:
    buffer = io.BytesIO()
    with settings(plot, width_in):
        drawn(plot, width_in).savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def svg(plot: blocks.Plot, width_in: float = style.WIDE_IN) -> str:
    """A whole SVG document."""
    buffer = io.StringIO()
    with settings(plot, width_in):
        # `savefig` would draw all of it twice, the first time for the layout, which drawing makes anyway.
        backend_svg.FigureCanvasSVG(drawn(plot, width_in)).print_svg(buffer, metadata={"Date": None})  # type: ignore[no-untyped-call]
    return buffer.getvalue()


def inline_svg(plot: blocks.Plot, width_in: float) -> str:
    """An `<svg>` element for a page: transparent, in the page's own colours (CSS variables of `COLOURS`), without ids of groups."""
    found = svg(plot, width_in)
    found = found[found.index("<svg") :]
    found = re.sub(r"<metadata>.*?</metadata>", "", found, flags=re.DOTALL)
    found = re.sub(r'<g id="[^"]*"', "<g", found)
    found = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", found))
    for colour, variable in COLOURS.items():
        found = found.replace(colour, variable)
    return found


COLOURS = {
    style.INK: "var(--ink)",
    style.RULE: "var(--rule)",
    style.NO_DATA: "var(--no-data)",
    style.PAPER: "var(--paper)",
    style.OK: "var(--ok)",
    style.FAILING: "var(--failing)",
    style.OKABE_ITO[0]: "var(--blue)",
    style.OKABE_ITO[6]: "var(--soft)",
}
"""Colours of a figure -> variables of the page, so that figures follow its light and dark."""


def write(report: blocks.Report, folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """Every plot of a report as NAME.png and NAME.svg; yields each file when it is written. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for section in report.sections:
        for block in section.blocks:
            if isinstance(block, blocks.Plot):
                for path, content in (
                    (folder / f"{block.name}.png", png(block)),
                    (folder / f"{block.name}.svg", svg(block).encode()),
                ):
                    path.write_bytes(content)
                    yield path


def settings(plot: blocks.Plot, width_in: float) -> contextlib.AbstractContextManager[None]:
    """The salt makes ids stable, and different between figures that share a page."""
    return mpl.rc_context({**style.SETTINGS, "svg.hashsalt": f"{plot.name} {width_in}"})


def drawn(plot: blocks.Plot, width_in: float) -> Figure:
    figure = FIGURES[type(plot.data)](plot.data, width_in)
    title = textwrap.fill(plot.title, 44 if style.is_narrow(width_in) else 110)
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")
    return figure
