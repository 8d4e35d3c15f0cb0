"""What is normal for one tier: the share failing and the latencies of its healthy successes, learned while calm."""

import bisect
import collections
import math

from probe.inference import statistics

SLOW_QUANTILE, HANGING_QUANTILE = 0.90, 0.99
LATENCIES_NEEDED, LATENCIES_KEPT = 100, 500
CANARIES_KEPT = 1000  # counts are halved beyond, so that a baseline follows slow change


class Latencies:
    """The latest healthy latencies of one source, seconds."""

    __slots__ = ("ordered", "recent")

    def __init__(self) -> None:
        self.ordered: list[float] = []
        self.recent: collections.deque[float] = collections.deque()

    def learn(self, latency_s: float) -> None:
        bisect.insort(self.ordered, latency_s)
        self.recent.append(latency_s)
        if len(self.recent) > LATENCIES_KEPT:
            del self.ordered[bisect.bisect_left(self.ordered, self.recent.popleft())]

    def quantile_bound_s(self, q: float) -> float | None:
        """Upper bound, 80 % sure, of the q-quantile: an order statistic, whatever the distribution; None: too few."""
        n = len(self.ordered)
        if n < LATENCIES_NEEDED:
            return None
        rank = math.ceil(n * q + 0.84 * math.sqrt(n * q * (1 - q)))
        return self.ordered[min(rank, n) - 1]

    def median_s(self) -> float | None:
        n = len(self.ordered)
        return self.ordered[n // 2] if n >= LATENCIES_NEEDED else None


class Baseline:
    """Counts of outcomes sent while the path was calm; frozen by its owner from suspicion on.

    Own traffic asks for other pictures than canaries do, so its latencies are kept apart.
    """

    __slots__ = ("canary_latencies", "failed", "n", "own_latencies")

    def __init__(self) -> None:
        self.failed = 0
        self.n = 0
        self.canary_latencies = Latencies()
        self.own_latencies = Latencies()

    def learn(self, *, failed: bool, latency_s: float | None, own: bool) -> None:
        """Take in one outcome."""
        self.n += 1
        self.failed += failed
        if self.n > CANARIES_KEPT:
            self.shrink(CANARIES_KEPT // 2)
        if not failed and latency_s is not None:
            self.latencies(own=own).learn(latency_s)

    def shrink(self, n: int) -> None:
        """Keep the share failing but only the weight of `n` outcomes, so that new ones count for more."""
        if self.n > n:
            self.failed = round(self.failed * n / self.n)
            self.n = n

    def latencies(self, *, own: bool) -> Latencies:
        return self.own_latencies if own else self.canary_latencies

    def failing_bound(self, healthy_success: float) -> float:
        """p0: 80 % upper bound of Beta(1 + f, 30 + n - f), and at least what `healthy_success` allows."""
        return max(1 - healthy_success, statistics.beta_quantile(0.8, 1 + self.failed, 30 + self.n - self.failed))

    def failing_mean(self) -> float:
        """Posterior mean of the share failing while healthy, under the same Beta(1, 30) prior."""
        return (1 + self.failed) / (31 + self.n)
