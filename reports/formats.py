"""The output formats: a name and the module whose `render(report)` makes it."""

import importlib
from collections.abc import Mapping
from types import MappingProxyType

from reports import blocks

FORMATS: Mapping[str, str] = MappingProxyType(
    {"text": "reports.text", "markdown": "reports.markdown", "html": "reports.html", "json": "reports.json"}
)
"""Format -> module, imported when it is asked for. A new format is one file and one row."""


def render(report: blocks.Report, name: str) -> str:
    """The whole report in a format of `FORMATS`."""
    rendered: str = importlib.import_module(FORMATS[name]).render(report)
    return rendered
