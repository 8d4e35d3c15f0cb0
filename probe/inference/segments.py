"""Degraded intervals of the past with their uncertainty, and availability as a share of time.

A continuous-time hidden Markov model over canary evidence on a grid of five-minute cells: a path is
healthy or in trouble of some kind and degree. Adaptive probing looks more often at trouble, so a share of
canaries is biased (twice too high, measured); a share of time is not. Model: docs/reports.md.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from probe import model
from probe.inference import smoothing
from probe.inference.change import Moment

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

CELL_S = 300.0
NOTHING = dt.timedelta(0)

SURELY = 0.5
"""A cell is told as degraded where that is more likely than not."""

SOMEWHERE, TOLD = 0.05, 0.37
"""Mild trouble fails so seldom that it can be pinned to no cell: cells next to each other with more than the first are
told too, where so many of the sampled histories have trouble somewhere in them. Chosen in the worlds of
`bench/report_truth.py --choose`, for at most 0.3 false stretches a month."""

FEW = 4.0
"""How many canaries the model's own idea of what fails in a stretch counts for, against those sent in it (assumed)."""


class Signals(NamedTuple):
    """The canaries of one path as columns of equal length."""

    sent_s: "Floats"  # seconds from the epoch
    failed: "NDArray[np.bool_]"


class Cells(NamedTuple):
    """One path cell by cell: what was sent, and what the model makes of it."""

    first_at: dt.datetime  # when the first cell begins
    sent: "Integers"
    failed: "Integers"
    levels: "Floats"  # share failing by state
    smoothed: "Floats"  # P(state | all canaries), shape (cells, states)

    @property
    def p_degraded(self) -> "Floats":
        return 1 - self.smoothed[:, 0]


@dataclasses.dataclass(frozen=True, slots=True)
class Segment:
    """A stretch in which a path was more likely degraded than not, or perhaps; `end` is None while it lasts."""

    start: Moment  # median, 5 % and 95 % over sampled histories
    end: Moment | None
    failing: float  # share failing while degraded
    p_degraded: float  # that it was degraded at some time in the stretch


@dataclasses.dataclass(frozen=True, slots=True)
class Past:
    """One path over the window, cell by cell and summed."""

    since: dt.datetime  # start of the first cell
    p_degraded: "Floats"  # by cell of CELL_S
    failing: float  # occupancy: time average of the share failing
    failing_low: float  # 5 % and 95 % quantiles over sampled histories
    failing_high: float
    degraded: float  # share of time degraded
    segments: tuple[Segment, ...]


def past(
    signals: Mapping[model.Path, Signals],
    since: dt.datetime,
    until: dt.datetime,
    *,
    before: dt.timedelta = NOTHING,
    after: dt.timedelta = NOTHING,
    healthy_failing: Mapping[model.Path, float] = MappingProxyType({}),
    course: smoothing.Course = smoothing.COURSE,
    seed: int = 0,
) -> dict[model.Path, Past]:
    """Smooth every path over [since, until), in the light of the canaries so long before and after.

    Those further off are passed over. `healthy_failing` is what share fails on a path that is as usual. A segment
    that reaches beyond either end is told whole, as far as that light reaches.
    """
    import numpy as np  # noqa: PLC0415 - kept off the start of every command

    cell = dt.timedelta(seconds=CELL_S)
    inside = slice(before // cell, before // cell + max(1, -(-(until - since) // cell)))
    first_at, cells = since - inside.start * cell, inside.stop + after // cell
    step = smoothing.transition(CELL_S / 60, course)
    rng = np.random.default_rng(seed)
    found = {}
    for path, of_path in signals.items():
        levels = smoothing.levels(healthy_failing.get(path, smoothing.HEALTHY_FAILING), course)
        ok, failed = _counts(of_path, first_at, cells)
        likelihoods = smoothing.likelihoods(ok, failed, levels)
        filtered = smoothing.forward(likelihoods, step, course)
        smoothed = smoothing.smooth(filtered, likelihoods, step)
        runs = smoothing.sample(filtered, step, rng)
        found[path] = _past(Cells(first_at, ok + failed, failed, levels, smoothed), runs, inside)
    return found


def _counts(signals: Signals, since: dt.datetime, cells: int) -> "tuple[Integers, Integers]":
    """Canaries by cell: those that were fine, those that failed."""
    import numpy as np  # noqa: PLC0415

    at = np.floor((signals.sent_s - since.timestamp()) / CELL_S).astype(np.int64)
    inside = (at >= 0) & (at < cells)
    ok, failed = (np.bincount(at[inside & chosen], minlength=cells) for chosen in (~signals.failed, signals.failed))
    return ok, failed


def _past(cells: Cells, runs: smoothing.Runs, inside: slice) -> Past:
    """The cells `inside` summed up, with the segments that touch them."""
    import numpy as np  # noqa: PLC0415

    p_degraded, spans = cells.p_degraded[inside], _spans(runs)
    lengths = np.clip(runs.end, inside.start, inside.stop) - np.clip(runs.start, inside.start, inside.stop)
    by_history = np.bincount(runs.history, cells.levels[runs.state] * lengths) / (inside.stop - inside.start)
    low, high = np.quantile(by_history, (0.05, 0.95))
    return Past(
        cells.first_at + dt.timedelta(seconds=inside.start * CELL_S),
        p_degraded,
        failing=float((cells.smoothed[inside] @ cells.levels).mean()),
        failing_low=float(low),
        failing_high=float(high),
        degraded=float(p_degraded.mean()),
        segments=tuple(
            _segment(cells, spans, first, last)
            for first, last in _told(cells, spans)
            if last >= inside.start and first < inside.stop
        ),
    )


def _spans(runs: smoothing.Runs) -> smoothing.Runs:
    """The degraded stretches of every history: runs of different degrees that meet are one (of state 1)."""
    import numpy as np  # noqa: PLC0415

    bad = runs.state > 0
    follows = np.concatenate([[False], bad[:-1]]) & (runs.start > 0)
    begins = bad & ~follows
    ends = bad & ~np.concatenate([follows[1:] & bad[1:], [False]])
    return smoothing.Runs(runs.history[begins], runs.start[begins], runs.end[ends], runs.state[begins])


def _stretches(flags: "NDArray[np.bool_]") -> list[tuple[int, int]]:
    """First and last cell of every run of True."""
    import numpy as np  # noqa: PLC0415

    edges = np.diff(np.concatenate(([0], flags.astype(np.int8), [0])))
    return list(zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True))


def _told(cells: Cells, spans: smoothing.Runs) -> list[tuple[int, int]]:
    """First and last cell of every stretch to tell, by time.

    1. runs of cells that are more likely degraded than not;
    2. apart from those, runs of doubtful cells with more than one failure that were degraded somewhere, as
       likely as `TOLD`. One that lasts is left to the alarm.
    """
    surely, found = cells.p_degraded > SURELY, []
    for first, last in _stretches(cells.p_degraded > SOMEWHERE):
        if surely[first : last + 1].any():
            found += [(first + a, first + b) for a, b in _stretches(surely[first : last + 1])]
        elif last < len(surely) - 1 and cells.failed[first : last + 1].sum() > 1:
            found += [(first, last)] if len(_within(spans, first, last).history) > TOLD * smoothing.SAMPLES else []
    return found


def _within(spans: smoothing.Runs, first: int, last: int) -> smoothing.Runs:
    """The degraded stretches of histories that touch these cells, as one a history: its first start, its last end."""
    import numpy as np  # noqa: PLC0415

    touching = np.flatnonzero((spans.start <= last) & (first < spans.end))
    _, firsts, counts = np.unique(spans.history[touching], return_index=True, return_counts=True)
    begins, ends = touching[firsts], touching[firsts + counts - 1]
    return smoothing.Runs(spans.history[begins], spans.start[begins], spans.end[ends], spans.state[begins])


def _segment(cells: Cells, spans: smoothing.Runs, first: int, last: int) -> Segment:
    """A run of cells with the spread of its ends over the histories that are degraded in its middle.

    Where no cell is surely degraded, over those that are degraded anywhere in it. What fails is told by the canaries
    in it, each weighed by the probability that it met trouble: between canaries the model forgets how bad it was.
    """
    import numpy as np  # noqa: PLC0415

    middle, trouble = (first + last) // 2, cells.smoothed[first : last + 1, 1:]
    in_trouble, of_run = trouble.sum(axis=-1), _within(spans, first, last)
    if in_trouble.max() > SURELY:
        chosen = np.isin(of_run.history, _within(spans, middle, middle).history)
        of_run = smoothing.Runs(*(column[chosen] for column in of_run))
    usual = float((trouble @ cells.levels[1:]).sum() / in_trouble.sum())
    sent, lost = (float(counts[first : last + 1] @ in_trouble) for counts in (cells.sent, cells.failed))
    return Segment(
        start=_moment(cells.first_at, of_run.start),
        end=None if last == len(cells.smoothed) - 1 else _moment(cells.first_at, of_run.end),
        failing=(lost + FEW * usual) / (sent + FEW),
        p_degraded=max(float(in_trouble.max()), len(of_run.history) / smoothing.SAMPLES),
    )


def _moment(since: dt.datetime, cells: "NDArray[np.int64]") -> Moment:
    """When trouble turned: a turn between two cells may lie anywhere in either."""
    import numpy as np  # noqa: PLC0415

    median, low, high = (float(value) for value in np.quantile(cells, (0.5, 0.05, 0.95)))
    low, high = low - 1, high + 1
    return Moment(*(since + dt.timedelta(seconds=cell * CELL_S) for cell in (median, low, high)))
