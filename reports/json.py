"""The report as one JSON document: the same blocks, with the raw values of every cell."""

import dataclasses
import datetime as dt
import json
import math
from typing import Any

from reports import blocks, words

SCHEMA_VERSION = 1
"""Rises when a key changes its meaning or goes; new keys do not raise it."""


def render(report: blocks.Report) -> str:
    """Indented, with a line feed at the end; plots are told by name, question and answer in words."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "title": report.title,
        "since": words.rfc3339(report.since),
        "until": words.rfc3339(report.until),
        "made_at": words.rfc3339(report.made_at),
        "sections": [
            {
                "key": section.key,
                "question": section.question,
                "blocks": [block(each, report.until) for each in section.blocks],
            }
            for section in report.sections
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def block(each: blocks.Block, near: dt.datetime) -> dict[str, Any]:
    match each:
        case blocks.Headline(lines):
            return {"block": "headline", "lines": [dataclasses.asdict(line) for line in lines]}
        case blocks.Table():
            return {
                "block": "table",
                "caption": each.caption,
                "columns": list(each.columns),
                "rows": [[cell(one, near) for one in row] for row in each.rows],
                "note": each.note,
            }
        case blocks.Plot():
            return {"block": "plot", "name": each.name, "title": each.title, "alt": each.alt}
        case blocks.Note(text):
            return {"block": "note", "text": text}


def cell(each: blocks.Cell, near: dt.datetime) -> Any:
    """A plain string or number as it is; any other cell as its fields, its kind, and its words."""
    if isinstance(each, (str, int)):
        return each
    fields = {name: value(content) for name, content in dataclasses.asdict(each).items()}
    return {"cell": type(each).__name__.lower(), **fields, "text": each.text(near)}


def value(content: Any) -> Any:
    if isinstance(content, dt.datetime):
        return words.rfc3339(content)
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content
