"""When did it change: the posterior of a change point, given the evidence that a running statistic has summed."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Step(NamedTuple):
    """One piece of evidence: sent `at_s` (epoch), `elapsed_days` after the one before, and its likelihood ratios."""

    at_s: float
    elapsed_days: float
    ratios: tuple[float, ...]


class Moment(NamedTuple):
    """An estimated moment: median, 5 % and 95 % quantiles."""

    at: dt.datetime
    low: dt.datetime
    high: dt.datetime


def exactly(at: dt.datetime) -> Moment:
    """A moment known without doubt."""
    return Moment(at, at, at)


def moment(steps: Iterable[Step], weights: Sequence[float]) -> Moment | None:
    """The change point's posterior under a flat prior over time; None without evidence.

    A Shiryaev-Roberts statistic is the sum over all intervals of their length times the likelihood
    ratio of everything seen since, so each interval's share of the sum is its posterior probability.
    """
    likelihoods, masses = list(weights), list[tuple[float, float, float]]()
    for step in reversed(list(steps)):
        likelihoods = [value * ratio for value, ratio in zip(likelihoods, step.ratios, strict=True)]
        masses.append((step.at_s, step.elapsed_days, step.elapsed_days * sum(likelihoods)))
    masses.reverse()
    total = sum(mass for _, _, mass in masses)
    if total <= 0:
        return None
    median, low, high = (_quantile(masses, share * total) for share in (0.5, 0.05, 0.95))
    return Moment(median, low, high)


def _quantile(masses: Sequence[tuple[float, float, float]], wanted: float) -> dt.datetime:
    """The time by which `wanted` of the mass has gone by; even within an interval."""
    gone, at_s = 0.0, masses[-1][0]
    for end_s, elapsed_days, mass in masses:
        if mass > 0 and gone + mass >= wanted:
            at_s = end_s - elapsed_days * 86_400 * (1 - (wanted - gone) / mass)
            break
        gone += mass
    return dt.datetime.fromtimestamp(at_s, dt.UTC)
