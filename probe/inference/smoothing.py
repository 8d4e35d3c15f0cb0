"""A continuous-time hidden Markov model: what it assumes, the posterior by cell, and histories drawn from it.

A path is healthy or in trouble of some kind and degree. Every function works on cells of equal length.
"""

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

HEALTHY_FAILING = 0.03
MOST_FAILING = 0.95
SAMPLES = 200

TINY = 1e-300  # a probability whose logarithm is still a number
TERMS = 60  # of a power series whose argument is a few units at most: far below the rounding of floats


class Trouble(NamedTuple):
    """One kind of incident: how long it lasts on average, and to what degrees it fails, each as likely at first."""

    share: float  # of all incidents
    minutes: float
    degrees: tuple[float, ...]  # shares failing
    degree_minutes: float = math.inf  # then it goes on to any of its degrees, the same one, too


class Course(NamedTuple):
    """How trouble comes and goes. States: healthy, then the degrees of each kind of trouble in turn."""

    per_day: float  # incidents a healthy day
    troubles: tuple[Trouble, ...]
    start: tuple[float, ...]  # P(state) before the first canary


COURSE = Course(
    per_day=0.5,
    troubles=(
        Trouble(0.5, minutes=40.0, degrees=(0.7,)),
        Trouble(0.5, minutes=480.0, degrees=(0.2, 0.5, 0.95), degree_minutes=45.0),
    ),
    start=(0.95, 0.005, 0.015, 0.015, 0.015),
)
"""Half of all trouble comes at once and is soon over, half lasts and comes by degrees: a model that knows one kind alone
is too sure of where trouble begins. Chosen in the worlds of `bench/report_truth.py --choose`."""


def transition(minutes: float, course: Course = COURSE) -> "Floats":
    """Transition probabilities over so many minutes: exp(Q t), as its power series."""
    import numpy as np  # noqa: PLC0415 - kept off the start of every command

    rates = _generator(course) * minutes
    step = term = np.eye(len(rates))
    for k in range(1, TERMS):
        term = term @ rates / k
        step = step + term
    return step


def _generator(course: Course) -> "Floats":
    """Rates from state to state by the minute, Q; rows sum to 0."""
    import numpy as np  # noqa: PLC0415

    rates, first = np.zeros((len(course.start), len(course.start))), 1
    for trouble in course.troubles:
        its = slice(first, first + len(trouble.degrees))
        rates[0, its] = course.per_day / 1440 * trouble.share / len(trouble.degrees)
        rates[its, its] = 1 / trouble.degree_minutes / len(trouble.degrees)
        rates[its, 0] = 1 / trouble.minutes
        first = its.stop
    np.fill_diagonal(rates, 0.0)
    np.fill_diagonal(rates, -rates.sum(axis=1))
    return rates


def levels(healthy: float, course: Course = COURSE) -> "Floats":
    """Share failing by state, healthy first; degraded is at least twice as bad as healthy."""
    import numpy as np  # noqa: PLC0415

    degrees = [share for trouble in course.troubles for share in trouble.degrees]
    return np.array([healthy, *(max(share, min(2 * healthy, MOST_FAILING)) for share in degrees)])


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


def forward(likelihoods: "Floats", step: "Floats", course: Course = COURSE) -> "Floats":
    """P(state | canaries up to the cell)."""
    import numpy as np  # noqa: PLC0415

    return _scan(likelihoods, step, np.array(course.start))


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
