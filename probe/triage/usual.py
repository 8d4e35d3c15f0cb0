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
        canaries = (
            habits.Sent(hour_of(dt.datetime.fromisoformat(sent_at)), model.Kind(kind), latency_s)
            for trigger, sent_at, kind, excluded, latency_s, *_ in history.cells(
                at - MONTH, at - around.REACH, path=path
            )
            if trigger in model.SAMPLE_TRIGGERS and not excluded
        )
        return habits.read(canaries, hour_of(at))


def hour_of(at: dt.datetime) -> int:
    """Hours since the first midnight; stored times are UTC and say no zone."""
    return at.toordinal() * 24 + at.hour
