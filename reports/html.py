"""The report as one HTML page: no script, nothing loaded from elsewhere, light and dark, for phone, desk and paper."""

import pathlib
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import jinja2
import markupsafe

from probe import escape
from reports import blocks, plots, words
from reports.plots import style

TEMPLATE = pathlib.Path(__file__).with_name("page.html")
WIDTHS_IN = {"wide": style.WIDE_IN, "narrow": style.NARROW_IN}


def render(report: blocks.Report, links: Mapping[str, str] = MappingProxyType({})) -> str:
    """The whole page, with links to other pages by their names.

    Every text is escaped by the template engine; figures are drawn twice (desk and phone).
    """
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, finalize=shown, keep_trailing_newline=True
    )
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))

    def content(cell: blocks.Cell) -> markupsafe.Markup:
        return cell_content(cell, blocks.plain(cell, report.until))

    return template.render(
        report=report,
        links=links,
        period=words.period(report.since, report.until),
        made_at=words.moment(report.made_at),
        kind=lambda block: type(block).__name__,
        tone=blocks.tone,
        content=content,
        drawn=drawn,
    )


def shown(value: Any) -> Any:
    """What is put into the page: characters that reorder or hide text are shown as escapes there too."""
    return held_together(escape.visible(value)) if type(value) is str else value


def held_together(text: str) -> str:
    """No line ends between a number and its unit, or within a date."""
    return HELD.sub("\N{NO-BREAK SPACE}", text)


HELD = re.compile(r"(?<=\d) (?=(?:%|s|min|h|d|ms)(?!\w))|(?<=\b[A-Z][a-z]{2}) (?=\d\d\b)")
"""Spaces at which no line ends: `4.6 min`, `90 %`, `Nov 23`."""


def cell_content(cell: blocks.Cell, text: str) -> markupsafe.Markup:
    """A cell's words; what stands in brackets, its range, small."""
    if isinstance(cell, blocks.Strip):
        return markupsafe.Markup('<span class="strip">{}</span>').format(marks(text))
    main, bracket, rest = held_together(escape.visible(text)).partition(" (")
    if bracket and isinstance(cell, (blocks.Rate, blocks.Share, blocks.Seconds, blocks.Moment)):
        return markupsafe.Markup("{} <small>({}</small>").format(main, rest)
    return markupsafe.escape(held_together(escape.visible(text)))


def marks(strip: str) -> markupsafe.Markup:
    """The marks of a strip; failing and silent stretches stand out by more than their letters."""
    found = re.sub(r"[1-9X]+", r"<b>\g<0></b>", strip)
    return markupsafe.Markup(re.sub(r"\.+", r"<i>\g<0></i>", found))  # noqa: S704 - letters, digits and dots alone


def drawn(plot: blocks.Plot, size: str) -> markupsafe.Markup:
    # Our own figure: matplotlib escapes the texts in it.
    return markupsafe.Markup(plots.inline_svg(plot, WIDTHS_IN[size]))  # noqa: S704
