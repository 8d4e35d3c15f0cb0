"""Degraded intervals of the past with their uncertainty, and availability as a share of time.

A continuous-time hidden Markov model over canary evidence on a grid of five-minute cells: a path is
healthy or fails to one of three degrees. Adaptive probing looks more often at trouble, so a share of
canaries is biased (twice too high, measured); a share of time is not. Model: docs/detection.md.
"""

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from probe import model
from probe.inference.change import Moment

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CELL_S = 300.0
SEVERITIES = (0.25, 0.5, 0.95)
START = (0.95, 0.017, 0.017, 0.016)
INCIDENTS_PER_DAY, INCIDENT_MINUTES = 0.5, 150.0  # assumed
HEALTHY_FAILING = 0.03
SAMPLES = 200


class Signal(NamedTuple):
    """One canary: when it was sent and whether it failed."""

    at: dt.datetime
    failed: bool


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
    signals: Mapping[model.Path, Sequence[Signal]],
    since: dt.datetime,
    until: dt.datetime,
    *,
    healthy_failing: Mapping[model.Path, float] | None = None,
    seed: int = 0,
) -> dict[model.Path, Past]:
    """Smooth every path over [since, until) at once; canaries outside the window are passed over."""
    import numpy as np  # noqa: PLC0415 - kept off the start of every command

    paths = list(signals)
    cells = max(1, math.ceil((until - since).total_seconds() / CELL_S))
    failing = np.array([[(healthy_failing or {}).get(path, HEALTHY_FAILING), *SEVERITIES] for path in paths])
    step = np.array(transition(CELL_S / 60))
    likelihoods = _likelihoods([signals[path] for path in paths], since, cells, failing)
    filtered = _filter(likelihoods, step)
    smoothed = _smooth(filtered, likelihoods, step)
    sampled = _sample(filtered, step, np.random.default_rng(seed))
    return {path: _past(since, smoothed[:, k], sampled[:, k], failing[k]) for k, path in enumerate(paths)}


def transition(
    minutes: float, incidents_per_day: float = INCIDENTS_PER_DAY, incident_minutes: float = INCIDENT_MINUTES
) -> list[list[float]]:
    """Transition probabilities over so many minutes, healthy state first.

    exp(Q t) in closed form: healthy -> each severity at a k-th of the incident rate, back at 1 / mean
    length, and never from one severity straight to another.
    """
    k = len(SEVERITIES)
    onset, end = incidents_per_day / 1440, 1 / incident_minutes
    relaxed = 1 - math.exp(-(onset + end) * minutes)
    broken, mended = onset / (onset + end) * relaxed, end / (onset + end) * relaxed
    unchanged = math.exp(-end * minutes)
    elsewhere = (1 - mended - unchanged) / k  # left, and degraded again to any degree alike
    rows = [[1 - broken, *[broken / k] * k]]
    rows += [[mended, *[elsewhere + unchanged * (i == j) for j in range(k)]] for i in range(k)]
    return rows


def _likelihoods(signals: Sequence[Sequence[Signal]], since: dt.datetime, cells: int, failing: "Floats") -> "Floats":
    """P(canaries of the cell | state), shape (cells, paths, states)."""
    import numpy as np  # noqa: PLC0415

    counts = np.zeros((2, cells, len(signals)))  # ok, failed
    for k, of_path in enumerate(signals):
        for signal in of_path:
            cell = math.floor((signal.at - since).total_seconds() / CELL_S)
            if 0 <= cell < cells:
                counts[int(signal.failed), cell, k] += 1
    logs = counts[0][..., None] * np.log1p(-failing) + counts[1][..., None] * np.log(failing)
    likelihoods: Floats = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return likelihoods


def _filter(likelihoods: "Floats", step: "Floats") -> "Floats":
    """P(state | canaries up to the cell)."""
    import numpy as np  # noqa: PLC0415

    filtered = np.empty_like(likelihoods)
    now = np.array(START) * likelihoods[0]
    for cell in range(len(likelihoods)):
        if cell:
            now = (now @ step) * likelihoods[cell]
        now = now / now.sum(axis=-1, keepdims=True)
        filtered[cell] = now
    return filtered


def _smooth(filtered: "Floats", likelihoods: "Floats", step: "Floats") -> "Floats":
    """P(state | all canaries)."""
    import numpy as np  # noqa: PLC0415

    ahead = np.empty_like(filtered)
    ahead[-1] = now = np.ones_like(filtered[0])
    for cell in range(len(filtered) - 2, -1, -1):
        now = (likelihoods[cell + 1] * now) @ step.T
        now = now / now.sum(axis=-1, keepdims=True)
        ahead[cell] = now
    smoothed = filtered * ahead
    smoothed /= smoothed.sum(axis=-1, keepdims=True)
    return smoothed


def _sample(filtered: "Floats", step: "Floats", rng: "np.random.Generator") -> "NDArray[np.int8]":
    """Histories drawn backward from the posterior, shape (cells, paths, SAMPLES)."""
    import numpy as np  # noqa: PLC0415

    cells, paths, states = filtered.shape
    # Cumulative P(state | next state, canaries up to the cell), shape (cells, state, paths * next state).
    backward = np.cumsum(filtered[:, :, None, :] * step.T, axis=-1)
    backward /= backward[..., -1:]
    limits = np.ascontiguousarray(backward.reshape(cells, paths * states, states).transpose(0, 2, 1))
    first = np.cumsum(filtered[-1], axis=-1)[:, : states - 1]
    uniform = rng.random((cells, paths, SAMPLES))
    drawn = np.zeros((cells, paths, SAMPLES), dtype=np.int8)
    drawn[-1] = (uniform[-1][:, :, None] > first[:, None, :]).sum(axis=-1)
    rows = states * np.arange(paths)[:, None]
    for cell in range(cells - 2, -1, -1):
        place = rows + drawn[cell + 1]
        for state in range(states - 1):
            drawn[cell] += uniform[cell] > limits[cell, state].take(place)
    return drawn


def _past(since: dt.datetime, smoothed: "Floats", sampled: "NDArray[np.int8]", failing: "Floats") -> Past:
    import numpy as np  # noqa: PLC0415

    p_degraded = 1 - smoothed[:, 0]
    low, high = np.quantile(failing[sampled].mean(axis=0), (0.05, 0.95))
    return Past(
        since,
        p_degraded,
        failing=float((smoothed @ failing).mean()),
        failing_low=float(low),
        failing_high=float(high),
        degraded=float(p_degraded.mean()),
        segments=tuple(
            _segment(since, first, last, smoothed, sampled > 0, failing) for first, last in _runs(p_degraded > 0.5)
        ),
    )


def _runs(flags: "NDArray[np.bool_]") -> list[tuple[int, int]]:
    """First and last cell of every run of True."""
    import numpy as np  # noqa: PLC0415

    edges = np.diff(np.concatenate(([0], flags.astype(np.int8), [0])))
    return list(zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True))


def _segment(
    since: dt.datetime, first: int, last: int, smoothed: "Floats", degraded: "NDArray[np.bool_]", failing: "Floats"
) -> Segment:
    """A run of cells with the spread of its ends over the histories that are degraded in its middle."""
    import numpy as np  # noqa: PLC0415

    middle, cells = (first + last) // 2, len(smoothed)
    inside = degraded[:, degraded[middle]]
    before, after = ~inside[: middle + 1][::-1], ~inside[middle:]
    starts = np.where(before.any(axis=0), middle + 1 - before.argmax(axis=0), 0)
    ends = np.where(after.any(axis=0), middle + after.argmax(axis=0), cells)
    trouble = smoothed[first : last + 1, 1:]
    return Segment(
        start=_moment(since, starts),
        end=None if last == cells - 1 else _moment(since, ends),
        failing=float((trouble @ failing[1:]).sum() / trouble.sum()),
        p_degraded=float(trouble.sum(axis=-1).max()),
    )


def _moment(since: dt.datetime, cells: "NDArray[np.int64]") -> Moment:
    import numpy as np  # noqa: PLC0415

    median, low, high = (float(value) for value in np.quantile(cells, (0.5, 0.05, 0.95)))
    return Moment(*(since + dt.timedelta(seconds=cell * CELL_S) for cell in (median, low, high)))
