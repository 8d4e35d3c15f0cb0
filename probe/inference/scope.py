"""How far an incident has spread over the tiers of a channel: "has it reached 2K?" as probabilities."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from probe.inference.detect import Observation
from probe.inference.view import SEVERITIES

SPREADS_PER_DAY = 2.0
"""How often an incident reaches the next lighter tier (assumed)."""


class Scope(NamedTuple):
    """The tiers from `lightest` up to the heaviest, and how probable it is that just these are degraded."""

    tiers: tuple[str, ...]
    probability: float


def posterior(
    observations: Iterable[Observation], tiers: Sequence[str], healthy_failing: Sequence[float], since: dt.datetime
) -> tuple[Scope, ...]:
    """Probabilities of each scope now, narrowest first, given that the heaviest tier is degraded since then.

    A filter over (scope, severity): at first the heaviest tier alone, or any wider run, equally likely;
    with time an incident widens tier by tier. `tiers` run from light to heavy, `healthy_failing` beside them.
    """
    count = len(tiers)
    weights = {(lightest, share): 1.0 for lightest in range(count) for share in SEVERITIES}
    last = since
    for seen in sorted(observations, key=lambda one: one.at):
        if seen.at < since or seen.failed is None:
            continue
        spread = 1 - 2.0 ** (-SPREADS_PER_DAY * (seen.at - last).total_seconds() / 86_400)
        weights, last = _widen(weights, spread), seen.at
        tier = tiers.index(seen.tier)
        for (lightest, share), weight in weights.items():
            failing = share if tier >= lightest else healthy_failing[tier]
            weights[lightest, share] = weight * (failing if seen.failed else 1 - failing)
        total = sum(weights.values())
        weights = {key: weight / total for key, weight in weights.items()}
    total = sum(weights.values())
    return tuple(
        Scope(tuple(tiers[lightest:]), sum(weights[lightest, share] for share in SEVERITIES) / total)
        for lightest in range(count - 1, -1, -1)
    )


def _widen(weights: dict[tuple[int, float], float], spread: float) -> dict[tuple[int, float], float]:
    """Move a share of each scope's weight to the next wider one."""
    return {
        (lightest, share): weight * (1 - spread if lightest else 1.0) + spread * weights.get((lightest + 1, share), 0.0)
        for (lightest, share), weight in weights.items()
    }
