"""Slots handed out one by one while the daemon runs, by a clock that never jumps."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

from probe import clock as clocks
from probe import model, plan

Slot = tuple[plan.Line, int]


class Slots:
    """What is due now, each slot once; the schedule's time is wall time at its beginning, counted on monotonically.

    So a wall clock that is set back does not silence it, and one that is set ahead starts no burst.
    """

    def __init__(self, clock: clocks.Clock) -> None:
        self._clock = clock
        self._sent: dict[model.Path, int] = {}
        self._sentinels: dict[model.Path, int] = {}
        self._origin = (clock.now(), clock.monotonic_s())

    def begin(
        self, drawn: plan.Plan, sent: Mapping[model.Path, int], sentinels_at: Mapping[model.Path, dt.datetime]
    ) -> None:
        """Go on after the slots that were `sent` before.

        Where the clock was ahead when an earlier daemon ran, they lie ahead: the schedule then begins behind them,
        since a slot that is spent once is not sent again.
        """
        ahead = dt.datetime.fromtimestamp(max(sent.values(), default=0), dt.UTC)
        self._origin = (max(self._clock.now(), ahead), self._clock.monotonic_s())
        self._sent = dict(sent)
        for line in drawn.sentinels:
            if line.path in sentinels_at:
                self._sentinels[line.path] = plan.slot(line, sentinels_at[line.path])

    def now(self) -> dt.datetime:
        """The time the schedule goes by."""
        began_at, began_s = self._origin
        return began_at + dt.timedelta(seconds=self._clock.monotonic_s() - began_s)

    def due(self, drawn: plan.Plan) -> Iterator[Slot]:
        """Canaries to send now."""
        return self._taken(drawn.lines, self._sent)

    def due_sentinels(self, drawn: plan.Plan) -> Iterator[Slot]:
        """Sentinels to send now."""
        return self._taken(drawn.sentinels, self._sentinels)

    def _taken(self, lines: Iterable[plan.Line], last: dict[model.Path, int]) -> Iterator[Slot]:
        for line, slot in plan.due(tuple(lines), self.now(), last):
            last[line.path] = slot
            yield line, slot

    def next_at(self, line: plan.Line) -> dt.datetime:
        """When the next slot of a path begins, by the wall clock as it is now."""
        now = self.now()
        return self._clock.now() + (plan.next_at(line, now) - now)
