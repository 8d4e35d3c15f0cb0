"""Recommendations for other programs: a name and the module whose `render(advice, config, now)` writes them."""

import datetime as dt
import importlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from probe.config import schema
    from reports import present

EXPORTS: Mapping[str, str] = MappingProxyType({"env": "reports.exports.env", "litellm": "reports.exports.litellm"})
"""Name -> module, imported when it is asked for. A new export is one file and one row."""


def render(name: str, advice: "Sequence[present.Advice]", config: "schema.Config", now: dt.datetime) -> str:
    """The whole file in a format of `EXPORTS`."""
    rendered: str = importlib.import_module(EXPORTS[name]).render(advice, config, now)
    return rendered
