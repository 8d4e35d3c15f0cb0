"""What stored outcomes say by a config: the states that neither a restart nor a reload changes."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING

from probe import model, plan
from probe.inference import replay, states
from probe.records import history

if TYPE_CHECKING:
    from probe.config import schema

LATE = dt.timedelta(days=1)
"""No request takes longer than this."""


@dataclasses.dataclass(frozen=True, slots=True)
class Memory:
    """What a restart must know."""

    board: states.Board
    latest: frozenset[str]  # ids of outcomes that may also arrive by other ways meanwhile
    arrived: int  # the last arrival among all outcomes
    slots: Mapping[model.Path, int]  # the latest that was paid for on a path
    sentinels: Mapping[model.Path, dt.datetime]  # when the latest was sent on a path


def recall(config: "schema.Config", now: dt.datetime) -> Memory:
    """Read history and replay it; seconds of work for a large one. Raises RecordsError."""
    calm_s = {line.path: line.interval_s for line in plan.plan(config).lines}
    latest: set[str] = set()
    board = states.Board(config, calm_s)
    with history.open(config.database) as past:
        for judged in past.outcomes(since=now - replay.MEMORY):  # one at a time: all of them would fill the memory
            if judged.outcome.sent_at > now - LATE:
                latest.add(judged.outcome.id)
            board.add(judged)
        slots = {path: slot for path in config.paths() if (slot := past.last_slot(path)) is not None}
        return Memory(board, frozenset(latest), past.arrived(), slots, past.latest_sent(model.Trigger.SENTINEL))
