"""Outcomes with their verdicts, and summaries of earlier time, as one JSON object a line: `export` and `import`."""

import dataclasses
import functools
import itertools
import json
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from probe import model
from probe.records import cells, columns, summaries

SCHEMA_VERSION = 1

LATER = ("source", "batch", "served_model")
"""Fields of an outcome that earlier exports lack."""

LONGEST = 1 << 20
"""Characters of a line that are read at most; our own lines hold a body of at most 16 KiB."""

NUMBERS: Mapping[Any, tuple[type, ...]] = {float: (int, float), int: (int,)}
"""JSON writes 90.0 as 90 in some programs; True is no number."""


class LineError(ValueError):
    """A line of a file that is no exported outcome."""


def write(judged: model.Judged) -> str:
    """One line, without the line break."""
    outcome = cells.outcome_row(judged.outcome)
    document: dict[str, Any] = {"schema_version": SCHEMA_VERSION, **dict(zip(columns.OUTCOME, outcome, strict=False))}
    document["timings"] = columns.facts(judged.outcome.timings)
    document["evidence"] = cells.evidence_facts(judged.outcome.evidence)
    verdict = dict(zip(columns.VERDICT, cells.verdict_cells(judged.verdict), strict=True))
    document["verdict"] = {**verdict, "request_ids": columns.facts(judged.verdict.request_ids)}
    return columns.compact(document)


def write_summary(summary: summaries.Summary) -> str:
    """One line, likewise."""
    return columns.compact({"schema_version": SCHEMA_VERSION, **summaries.document(summary)})


def read(file: typing.IO[str]) -> Iterator[model.Judged | summaries.Summary]:
    """The outcomes and summaries of a file, one by one; raises LineError naming the line that is none, and why."""
    for number in itertools.count(1):
        try:
            line = file.readline(LONGEST + 1)
            if len(line) > LONGEST:
                raise ValueError(f"longer than {LONGEST:,} characters")
            found = parse(line) if line.strip() else None
        except (ValueError, OverflowError, RecursionError) as error:
            raise LineError(
                f"line {number} is no outcome that `tierwatch export` wrote: {error}. Mend it and import "
                "the file again; what is stored already is left out."
            ) from error
        if not line:
            return
        if found:
            yield found


def parse(line: str) -> model.Judged | summaries.Summary:
    """Read one line; raises ValueError naming what is wrong, OverflowError for a time that is none in UTC."""
    document = columns.storable(json.loads(line))
    if not isinstance(document, dict) or document.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"schema_version is not {SCHEMA_VERSION}")
    try:
        if "summary" in document:
            return summaries.read(document)
        verdict = document["verdict"]
        outcome = {**dict.fromkeys(LATER, ""), **document, "timings": columns.compact(document["timings"])}
        judgement = {**verdict, "request_ids": columns.compact(verdict["request_ids"])}
        evidence = columns.compact(document["evidence"])
        row = (*(outcome[each] for each in columns.TOLD), evidence, *(judgement[each] for each in columns.VERDICT))
        judged = columns.judged(row)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    columns.when(judged.outcome.sent_at)  # only a time with its zone can be stored
    if wrong := next(misfits(judged, model.Judged, ""), None):
        raise ValueError(f"{wrong} has a value of the wrong type")
    return judged


def misfits(value: Any, hint: Any, name: str) -> Iterator[str]:
    """The names of the fields within `value` that are not of the type they are declared with."""
    if dataclasses.is_dataclass(hint) or hasattr(hint, "_fields"):
        if not isinstance(value, typing.cast("type", hint)):
            yield name
            return
        for field, inner in hints(hint).items():
            yield from misfits(getattr(value, field), inner, f"{name}.{field}".lstrip("."))
    elif not fits(value, hint):
        yield name


def fits(value: Any, hint: Any) -> bool:
    """Is `value` of the type `hint`? For the types that the nouns of `model` use."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        return any(not any(misfits(value, each, "value")) for each in inner)
    if origin is typing.Literal:
        return value in inner
    if origin is tuple:
        return isinstance(value, tuple) and all(fits(each, inner[0]) for each in value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(value, dict) and all(isinstance(each, str) for pair in value.items() for each in pair)
    if hint in NUMBERS:
        return isinstance(value, NUMBERS[hint]) and not isinstance(value, bool)
    return isinstance(value, hint)


@functools.cache
def hints(kind: type) -> Mapping[str, Any]:
    return typing.get_type_hints(kind)
