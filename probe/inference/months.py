"""Closed months of a path: smoothed once, kept, and joined to longer periods, so that nobody smooths years again."""

import dataclasses
import datetime as dt
import functools
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from probe.inference import segments

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MARGIN = dt.timedelta(days=3)
"""Canaries so long before and after a month help to smooth it; it is closed when that time has passed."""

MEET = dt.timedelta(seconds=segments.CELL_S)
"""Segments of two pieces that come so close are one."""


@dataclasses.dataclass(frozen=True, slots=True)
class Calm:
    """Canaries of the unbiased sample, each weighed by the probability that the path was not degraded."""

    failed: float = 0.0
    n: float = 0.0

    def __add__(self, other: "Calm") -> "Calm":
        return Calm(self.failed + other.failed, self.n + other.n)


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """One path over [since, until): shares of time as in `segments.Past`, and the segments that touch it, by time."""

    since: dt.datetime
    until: dt.datetime
    failing: float
    failing_low: float
    failing_high: float
    degraded: float
    calm: Calm
    segments: tuple[segments.Segment, ...]


def piece(past: segments.Past, until: dt.datetime, sent_s: "NDArray[np.float64]", failed: "NDArray[np.bool_]") -> Piece:
    """A smoothed path with the calm among the unbiased sample, which was sent at `sent_s`, and failed or not."""
    import numpy as np  # noqa: PLC0415 - kept off the start of every command

    cells = ((sent_s - past.since.timestamp()) // segments.CELL_S).astype(int)
    inside = (cells >= 0) & (cells < len(past.p_degraded))
    weights = 1 - past.p_degraded[np.where(inside, cells, 0)]
    calm = Calm(float(weights[inside & failed].sum()), float(weights[inside].sum()))
    shares = (past.failing, past.failing_low, past.failing_high, past.degraded)
    return Piece(past.since, until, *shares, calm, past.segments)


def joined(pieces: Sequence[Piece], since: dt.datetime) -> Piece:
    """Pieces in order of time as one, from `since` on; raises ValueError where there is none.

    1. shares are weighed by time, their spreads add in quadrature: the pieces were smoothed apart;
    2. segments that meet at a border are one;
    3. those that ended before `since` are left out, and what is cut of the first piece is taken to have been
       like the rest of it.
    """
    spans_s = [(each.until - max(each.since, since)).total_seconds() for each in pieces]
    weights = [span_s / sum(spans_s) for span_s in spans_s]

    def mean(values: Sequence[float]) -> float:
        return math.fsum(weight * value for weight, value in zip(weights, values, strict=True))

    failing = mean([each.failing for each in pieces])
    below, above = (
        math.hypot(*(weight * distance for weight, distance in zip(weights, distances, strict=True)))
        for distances in (
            [each.failing - each.failing_low for each in pieces],
            [each.failing_high - each.failing for each in pieces],
        )
    )
    return Piece(
        max(since, pieces[0].since),
        pieces[-1].until,
        failing,
        failing - below,
        failing + above,
        mean([each.degraded for each in pieces]),
        functools.reduce(Calm.__add__, (each.calm for each in pieces)),
        tuple(
            segment
            for segment in _met(itertools.chain.from_iterable(each.segments for each in pieces))
            if segment.end is None or segment.end.at > since
        ),
    )


def _met(found: "itertools.chain[segments.Segment]") -> Iterator[segments.Segment]:
    """Segments by start; those that overlap or meet are one, with the first start and the last end."""
    before: segments.Segment | None = None
    for segment in found:
        if before is None:
            before = segment
        elif before.end is None or segment.start.at <= before.end.at + MEET:
            before = dataclasses.replace(
                before,
                end=segment.end,
                failing=(before.failing + segment.failing) / 2,
                p_degraded=max(before.p_degraded, segment.p_degraded),
            )
        else:
            yield before
            before = segment
    if before is not None:
        yield before


def start(at: dt.datetime) -> dt.datetime:
    """When its month began, UTC."""
    return at.astimezone(dt.UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def after(begin: dt.datetime) -> dt.datetime:
    """When the month after the one that began then begins."""
    return start(begin + dt.timedelta(days=31))
