"""Reads what the month before a failure showed of its path and of the paths beside it."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from probe import model
from probe.inference import habits
from probe.triage import around

if TYPE_CHECKING:
    from probe.records.history import History

MONTH = dt.timedelta(days=30)


def months(paths: Iterable[model.Path], at: dt.datetime, history: "History") -> Mapping[model.Path, habits.Month]:
    """A month of scheduled canaries by path; it ends where what is weighed as a neighbour of the failure begins."""
    return {path: month(path, at, history) for path in paths}


def month(path: model.Path, at: dt.datetime, history: "History") -> habits.Month:
    with history.understood():
        return habits.read(
            habits.Sent(sent_at[:HOUR], model.Kind(kind), latency_s)
            for trigger, sent_at, kind, excluded, latency_s, *_ in history.cells(
                at - MONTH, at - around.REACH, path=path
            )
            if trigger in model.SAMPLE_TRIGGERS and not excluded
        )


HOUR = len("2026-11-24T06")
"""So much of a stored time says the hour."""
