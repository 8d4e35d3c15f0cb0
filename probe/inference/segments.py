"""Degraded intervals of the past with their uncertainty, and availability as a share of time.

A continuous-time hidden Markov model over canary evidence on a grid of five-minute cells: a path is
healthy or fails to one of three degrees. Adaptive probing looks more often at trouble, so a share of
canaries is biased (twice too high, measured); a share of time is not. Model: docs/detection.md.
"""

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from probe import model
from probe.inference.change import Moment

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CELL_S = 300.0
NOTHING = dt.timedelta(0)
SEVERITIES = (0.25, 0.5, 0.95)
START = (0.95, 0.017, 0.017, 0.016)
HEALTHY_FAILING = 0.03
SAMPLES = 200

TINY = 1e-300  # a probability whose logarithm is still a number


class Course(NamedTuple):
    """How trouble comes and goes: incidents a healthy day, their mean length, and how long they keep one degree."""

    per_day: float = 0.5
    minutes: float = 240.0
    degree_minutes: float = 60.0


COURSE = Course()
"""Real trouble comes by degrees and often lasts: a model in which it keeps the degree that it began with, or is soon
over, is too sure of its ends. Chosen in the worlds of `bench/report_truth.py --choose`."""


class Signals(NamedTuple):
    """The canaries of one path as columns of equal length."""

    sent_s: "Floats"  # seconds from the epoch
    failed: "NDArray[np.bool_]"


@dataclasses.dataclass(frozen=True, slots=True)
class Segment:
    """A stretch in which a path was more likely degraded than not; `end` is None while it lasts."""

    start: Moment  # median, 5 % and 95 % over sampled histories
    end: Moment | None
    failing: float  # share failing, posterior mean while degraded
    p_degraded: float  # the highest in the stretch


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
    course: Course = COURSE,
    seed: int = 0,
) -> dict[model.Path, Past]:
    """Smooth every path over [since, until), in the light of the canaries so long before and after.

    Those further off are passed over. `healthy_failing` is what share fails on a path that is as usual. A segment that reaches beyond either end is told whole, as far as
    that light reaches.
    """
    import numpy as np  # noqa: PLC0415 - kept off the start of every command

    cell = dt.timedelta(seconds=CELL_S)
    inside = slice(before // cell, before // cell + max(1, -(-(until - since) // cell)))
    first_at, cells = since - inside.start * cell, inside.stop + after // cell
    step = np.array(transition(CELL_S / 60, course))
    rng = np.random.default_rng(seed)
    found = {}
    for path, of_path in signals.items():
        failing = levels(healthy_failing.get(path, HEALTHY_FAILING))
        likelihoods = _likelihoods(of_path, first_at, cells, failing)
        filtered = _filter(likelihoods, step)
        smoothed = _smooth(filtered, likelihoods, step)
        runs = _sample(filtered, step, rng)
        found[path] = _past(first_at, smoothed, runs, failing, inside)
    return found


def transition(minutes: float, course: Course = COURSE) -> list[list[float]]:
    """Transition probabilities over so many minutes, healthy state first.

    exp(Q t) in closed form: healthy -> each severity at a k-th of the incident rate, back at 1 / mean
    length, and meanwhile every `course.degree_minutes` another severity, each as likely (the same one, too).
    """
    k = len(SEVERITIES)
    onset, end = course.per_day / 1440, 1 / course.minutes
    relaxed = 1 - math.exp(-(onset + end) * minutes)
    broken, mended = onset / (onset + end) * relaxed, end / (onset + end) * relaxed
    unchanged = math.exp(-(end + 1 / course.degree_minutes) * minutes)
    elsewhere = (1 - mended - unchanged) / k  # another degree, or left and degraded again: to any degree alike
    rows = [[1 - broken, *[broken / k] * k]]
    rows += [[mended, *[elsewhere + unchanged * (i == j) for j in range(k)]] for i in range(k)]
    return rows


def levels(healthy: float) -> "Floats":
    """Share failing by state, healthy first; degraded is at least twice as bad as healthy."""
    import numpy as np  # noqa: PLC0415

    return np.array([healthy, *(max(share, min(2 * healthy, SEVERITIES[-1])) for share in SEVERITIES)])


def _likelihoods(signals: Signals, since: dt.datetime, cells: int, failing: "Floats") -> "Floats":
    """P(canaries of the cell | state), shape (cells, states)."""
    import numpy as np  # noqa: PLC0415

    at = np.floor((signals.sent_s - since.timestamp()) / CELL_S).astype(np.int64)
    inside = (at >= 0) & (at < cells)
    ok, failed = (np.bincount(at[inside & chosen], minlength=cells) for chosen in (~signals.failed, signals.failed))
    logs = ok[:, None] * np.log1p(-failing) + failed[:, None] * np.log(failing)
    likelihoods: Floats = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return likelihoods


def _scan(factors: "Floats", step: "Floats", start: "Floats") -> "Floats":
    """`row = (row before @ step) * factor`, each scaled to sum 1; the first row is start * factor.

    The same as row by row, and far quicker: about sqrt(n) blocks of equal length are gone through side by
    side, first for what each does to any state it may begin in, then, the beginnings known, for its rows.
    """
    import numpy as np  # noqa: PLC0415

    n, states = len(factors) - 1, factors.shape[1]
    length = math.isqrt(max(n - 1, 0)) + 1
    blocks = -(-n // length)
    padded = np.ones((blocks * length, states))
    padded[:n] = factors[1:]
    by_block = padded.reshape(blocks, length, states)
    effects = np.broadcast_to(np.eye(states), (blocks, states, states))
    for k in range(length):
        effects = (effects @ step) * by_block[:, k, None]
        effects = effects / effects.sum(axis=(1, 2), keepdims=True)
    first = start * factors[0]
    now = np.empty((blocks, states))
    begin = first / first.sum()
    for block in range(blocks):
        now[block] = begin
        begin = begin @ effects[block]
        begin = begin / begin.sum()
    rows = np.empty_like(by_block)
    for k in range(length):
        now = (now @ step) * by_block[:, k]
        now /= now.sum(axis=-1, keepdims=True)
        rows[:, k] = now
    return np.concatenate([first[None] / first.sum(), rows.reshape(-1, states)[:n]])


def _filter(likelihoods: "Floats", step: "Floats") -> "Floats":
    """P(state | canaries up to the cell)."""
    import numpy as np  # noqa: PLC0415

    return _scan(likelihoods, step, np.array(START))


def _smooth(filtered: "Floats", likelihoods: "Floats", step: "Floats") -> "Floats":
    """P(state | all canaries)."""
    import numpy as np  # noqa: PLC0415

    states = filtered.shape[1]
    onward = _scan(likelihoods[::-1], step.T, np.ones(states))[::-1]  # ~ P(canaries from the cell on | state)
    smoothed = filtered.copy()
    smoothed[:-1] *= onward[1:] @ step.T
    smoothed /= smoothed.sum(axis=-1, keepdims=True)
    return smoothed


class _Runs(NamedTuple):
    """Histories as runs of one state, in order of history, then of time; columns of equal length."""

    history: "NDArray[np.int64]"  # 0 to SAMPLES - 1
    start: "NDArray[np.int64]"  # first cell
    end: "NDArray[np.int64]"  # behind its last cell
    state: "NDArray[np.int64]"


def _sample(filtered: "Floats", step: "Floats", rng: "np.random.Generator") -> _Runs:
    """Histories drawn backward from the posterior, from change to change of state rather than cell by cell.

    A history that is in state j at cell c was in j at all cells from t on with a probability that is a
    product over the cells; where its logarithm passes an exponential draw, the history leaves j.
    """
    import numpy as np  # noqa: PLC0415

    cells, states = filtered.shape
    # P(state at the cell | next state, canaries up to the cell), shape (cells, next state, state).
    backward = filtered[:, None, :] * step.T
    backward /= backward.sum(axis=-1, keepdims=True)
    stay = np.maximum(np.diagonal(backward, axis1=1, axis2=2), TINY)
    # Summed -log P(stay) before each cell, a row a state, each row above the one before: one sorted line.
    hazard = np.zeros((states, cells))
    np.cumsum(-np.log(stay[:-1].T), axis=1, out=hazard[:, 1:])
    hazard += np.concatenate([[0.0], np.cumsum(hazard[:, -1])[:-1]])[:, None]
    line = hazard.ravel()
    history, end = np.arange(SAMPLES), np.full(SAMPLES, cells)
    state = _choose(np.broadcast_to(filtered[-1], (SAMPLES, states)), rng)
    found = []
    while len(history):
        limit = line[state * cells + end - 1] - rng.exponential(size=len(state))
        start = np.maximum(np.searchsorted(line, limit) - state * cells, 0)
        found.append((history, start, end, state))
        history, end, state = (each[start > 0] for each in (history, start, state))
        left = backward[end - 1, state]
        left[np.arange(len(state)), state] = 0.0
        state = _choose(left, rng)
    runs = _Runs(*(np.concatenate(column) for column in zip(*found, strict=True)))
    order = np.lexsort((runs.start, runs.history))
    return _Runs(*(column[order] for column in runs))


def _choose(weights: "Floats", rng: "np.random.Generator") -> "NDArray[np.int64]":
    """One index a row, drawn by the row's weights."""
    import numpy as np  # noqa: PLC0415

    limits = np.cumsum(weights, axis=-1)
    chosen: NDArray[np.int64] = (rng.random((len(limits), 1)) * limits[:, -1:] >= limits[:, :-1]).sum(axis=-1)
    return chosen


def _past(first_at: dt.datetime, smoothed: "Floats", runs: _Runs, failing: "Floats", inside: slice) -> Past:
    """The cells `inside` summed up, with the segments that touch them."""
    import numpy as np  # noqa: PLC0415

    p_degraded, spans = 1 - smoothed[:, 0], _spans(runs)
    lengths = np.clip(runs.end, inside.start, inside.stop) - np.clip(runs.start, inside.start, inside.stop)
    by_history = np.bincount(runs.history, failing[runs.state] * lengths) / (inside.stop - inside.start)
    low, high = np.quantile(by_history, (0.05, 0.95))
    return Past(
        first_at + dt.timedelta(seconds=inside.start * CELL_S),
        p_degraded[inside],
        failing=float((smoothed[inside] @ failing).mean()),
        failing_low=float(low),
        failing_high=float(high),
        degraded=float(p_degraded[inside].mean()),
        segments=tuple(
            _segment(first_at, first, last, smoothed, spans, failing)
            for first, last in _stretches(p_degraded > 0.5)
            if last >= inside.start and first < inside.stop
        ),
    )


def _spans(runs: _Runs) -> _Runs:
    """The degraded stretches of every history: runs of different degrees that meet are one (of state 1)."""
    import numpy as np  # noqa: PLC0415

    bad = runs.state > 0
    follows = np.concatenate([[False], bad[:-1]]) & (runs.start > 0)
    begins = bad & ~follows
    ends = bad & ~np.concatenate([follows[1:] & bad[1:], [False]])
    return _Runs(runs.history[begins], runs.start[begins], runs.end[ends], runs.state[begins])


def _stretches(flags: "NDArray[np.bool_]") -> list[tuple[int, int]]:
    """First and last cell of every run of True."""
    import numpy as np  # noqa: PLC0415

    edges = np.diff(np.concatenate(([0], flags.astype(np.int8), [0])))
    return list(zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True))


def _segment(since: dt.datetime, first: int, last: int, smoothed: "Floats", spans: _Runs, failing: "Floats") -> Segment:
    """A run of cells with the spread of its ends over the histories that are degraded in its middle."""
    middle, cells = (first + last) // 2, len(smoothed)
    inside = (spans.start <= middle) & (middle < spans.end)
    trouble = smoothed[first : last + 1, 1:]
    return Segment(
        start=_moment(since, spans.start[inside]),
        end=None if last == cells - 1 else _moment(since, spans.end[inside]),
        failing=float((trouble @ failing[1:]).sum() / trouble.sum()),
        p_degraded=float(trouble.sum(axis=-1).max()),
    )


def _moment(since: dt.datetime, cells: "NDArray[np.int64]") -> Moment:
    import numpy as np  # noqa: PLC0415

    median, low, high = (float(value) for value in np.quantile(cells, (0.5, 0.05, 0.95)))
    return Moment(*(since + dt.timedelta(seconds=cell * CELL_S) for cell in (median, low, high)))
