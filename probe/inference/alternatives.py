"""Ways of being degraded, and how an outcome weighs for each against being healthy."""

from typing import NamedTuple

from probe.inference.baseline import SLOW_QUANTILE

FAILING = ((0.1, 0.075), (0.25, 0.225), (0.5, 0.3), (0.9, 0.15))
"""Failure alternatives: (share of requests that fail, weight). Chosen by `bench/detection.py --choose`."""

SLOW = ((0.4, 0.125), (0.8, 0.125))
"""Latency alternatives: (share of successes slower than the healthy 90 % quantile, weight)."""


class Evidence(NamedTuple):
    """An outcome weighed against its tier's baseline."""

    tier: int  # index, light to heavy
    at_s: float  # when it was sent, epoch
    failed: bool | None  # None: still unanswered
    slow: bool | None  # None: it failed, or nobody can tell yet
    latency_s: float | None
    p0: float  # share failing that still counts as healthy


class Alternative(NamedTuple):
    """A way of being degraded: a share of requests failing on the tiers from `scope` up, or of successes being slow."""

    share: float
    weight: float
    scope: int | None  # index of the lightest tier that fails; None: the view's own tier is slow

    def ratio(self, evidence: Evidence, own: int) -> float:
        """P(evidence | this alternative) / P(evidence | healthy); 1 where it says nothing."""
        if self.scope is None:
            if evidence.tier != own or evidence.slow is None:
                return 1.0
            return self.share / (1 - SLOW_QUANTILE) if evidence.slow else (1 - self.share) / SLOW_QUANTILE
        if evidence.tier < self.scope or evidence.failed is None:
            return 1.0
        # Degraded is at least twice the baseline: an alternative below p0 would turn the ratio round.
        share = max(self.share, min(2 * evidence.p0, 0.95))
        return share / evidence.p0 if evidence.failed else (1 - share) / (1 - evidence.p0)


def shiryaev_roberts(r: float, elapsed: float, ratio: float) -> float:
    """One step of the statistic; `elapsed` is the time (days here) that a change had to happen in."""
    return (r + elapsed) * ratio
