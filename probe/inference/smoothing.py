"""A continuous-time hidden Markov model: what it assumes, the posterior by cell, and histories drawn from it.

A path is healthy or fails to one of three degrees. Every function works on cells of equal length.
"""

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

SEVERITIES = (0.25, 0.5, 0.95)
START = (0.95, 0.017, 0.017, 0.016)
HEALTHY_FAILING = 0.03
SAMPLES = 200

TINY = 1e-300  # a probability whose logarithm is still a number


class Course(NamedTuple):
    """How trouble comes and goes: incidents a healthy day, their mean length, and how long they keep one degree."""

    per_day: float = 0.5
    minutes: float = 240.0
    degree_minutes: float = 45.0


COURSE = Course()
"""Real trouble comes by degrees and often lasts: a model in which it keeps the degree that it began with, or is soon
over, is too sure of its ends. Chosen in the worlds of `bench/report_truth.py --choose`."""


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


def likelihoods(ok: "Integers", failed: "Integers", failing: "Floats") -> "Floats":
    """P(canaries of the cell | state), shape (cells, states)."""
    import numpy as np  # noqa: PLC0415

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


def forward(likelihoods: "Floats", step: "Floats") -> "Floats":
    """P(state | canaries up to the cell)."""
    import numpy as np  # noqa: PLC0415

    return _scan(likelihoods, step, np.array(START))


def smooth(filtered: "Floats", likelihoods: "Floats", step: "Floats") -> "Floats":
    """P(state | all canaries)."""
    import numpy as np  # noqa: PLC0415

    states = filtered.shape[1]
    onward = _scan(likelihoods[::-1], step.T, np.ones(states))[::-1]  # ~ P(canaries from the cell on | state)
    smoothed = filtered.copy()
    smoothed[:-1] *= onward[1:] @ step.T
    smoothed /= smoothed.sum(axis=-1, keepdims=True)
    return smoothed


class Runs(NamedTuple):
    """Histories as runs of one state, in order of history, then of time; columns of equal length."""

    history: "NDArray[np.int64]"  # 0 to SAMPLES - 1
    start: "NDArray[np.int64]"  # first cell
    end: "NDArray[np.int64]"  # behind its last cell
    state: "NDArray[np.int64]"


def sample(filtered: "Floats", step: "Floats", rng: "np.random.Generator") -> Runs:
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
    runs = Runs(*(np.concatenate(column) for column in zip(*found, strict=True)))
    order = np.lexsort((runs.start, runs.history))
    return Runs(*(column[order] for column in runs))


def _choose(weights: "Floats", rng: "np.random.Generator") -> "NDArray[np.int64]":
    """One index a row, drawn by the row's weights."""
    import numpy as np  # noqa: PLC0415

    limits = np.cumsum(weights, axis=-1)
    chosen: NDArray[np.int64] = (rng.random((len(limits), 1)) * limits[:, -1:] >= limits[:, :-1]).sum(axis=-1)
    return chosen
