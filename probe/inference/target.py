"""Is a path below what was promised for long? A standing finding, apart from alarms, which compare with what is usual."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from probe.inference import change, statistics, words

WINDOW = dt.timedelta(days=30)
LEAST_CANARIES = 40


class Standing(NamedTuple):
    """A path that is surely below its target."""

    since: change.Moment
    successes: int
    n: int  # scheduled canaries since then
    target: float

    def words(self) -> str:
        """`below target since 3 Nov: 90.1 % ok of 95 % promised`."""
        since = self.since.at
        ok, promised = words.percent(self.successes / self.n, 1), words.percent(self.target)
        return f"below target since {since.day} {since:%b}: {ok} ok of {promised} promised"


def standing(canaries: Sequence[tuple[dt.datetime, bool]], target: float, now: dt.datetime) -> Standing | None:
    """The finding for one path from its scheduled canaries (sent_at, ok) in order of time; None: not surely below.

    Sure means that the target lies above the 95 % confidence sequence of the last 30 days, which may be
    looked at daily. The start is the change point between the target's rate and the rate seen.
    """
    recent = [(sent_at, ok) for sent_at, ok in canaries if sent_at > now - WINDOW]
    successes, n = sum(ok for _, ok in recent), len(recent)
    if n < LEAST_CANARIES or statistics.confidence_sequence(successes, n).high >= target:
        return None
    since = _since(recent, target)
    after = [ok for sent_at, ok in recent if sent_at >= since.at]
    return Standing(since, sum(after), len(after), target)


def _since(canaries: Sequence[tuple[dt.datetime, bool]], target: float) -> change.Moment:
    failed = sum(not ok for _, ok in canaries)
    worse = (failed + 0.5) / (len(canaries) + 1)
    lost, kept = worse / (1 - target), (1 - worse) / target
    steps, before = list[change.Step](), canaries[0][0]
    for sent_at, ok in canaries:
        elapsed_days = (sent_at - before).total_seconds() / 86_400
        steps.append(change.Step(sent_at.timestamp(), elapsed_days, (kept if ok else lost,)))
        before = sent_at
    return change.moment(steps, [1.0]) or change.exactly(canaries[0][0])
