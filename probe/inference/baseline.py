"""What is normal for one tier and one source of evidence: the share failing, and latencies of healthy successes."""

import bisect
import collections
import math

from probe.inference import statistics

SLOW_QUANTILE, HANGING_QUANTILE = 0.90, 0.99
LATENCIES_NEEDED, LATENCIES_KEPT = 100, 500
OUTCOMES_KEPT = 1000  # counts are halved beyond, so that a baseline follows slow change

PRIOR_SUCCESSES = 30  # of canaries, before any was seen: their prompts are known to be harmless
OWN_PRIOR_SUCCESSES = 10  # of own requests: nobody knows what they ask for, so they must show what is usual


class Baseline:
    """Counts and latencies of outcomes sent while the path was calm; its owner feeds nothing from suspicion on.

    Own traffic asks for other pictures than canaries do, so each source has its own.
    """

    __slots__ = ("_bound", "_latest_s", "_prior", "_sorted_s", "failed", "n")

    def __init__(self, prior_successes: int = PRIOR_SUCCESSES) -> None:
        self._prior = prior_successes
        self._bound = (-1, 1.0)  # the n for which it was found, and the bound
        self.failed = 0
        self.n = 0
        self._latest_s: collections.deque[float] = collections.deque()
        self._sorted_s: list[float] = []

    def learn(self, *, failed: bool, latency_s: float | None) -> None:
        """Take in one outcome."""
        self.n += 1
        self.failed += failed
        if self.n > OUTCOMES_KEPT:
            self.shrink(OUTCOMES_KEPT // 2)
        if not failed and latency_s is not None:
            bisect.insort(self._sorted_s, latency_s)
            self._latest_s.append(latency_s)
            if len(self._latest_s) > LATENCIES_KEPT:
                del self._sorted_s[bisect.bisect_left(self._sorted_s, self._latest_s.popleft())]

    def shrink(self, n: int) -> None:
        """Keep the share failing but only the weight of `n` outcomes, so that new ones count for more."""
        if self.n > n:
            self.failed = round(self.failed * n / self.n)
            self.n = n

    def failing_bound(self, healthy_success: float) -> float:
        """p0: 80 % upper bound of Beta(1 + f, prior + n - f), and at least what `healthy_success` allows.

        Found again when n has changed by 1 %: own requests come by the thousand.
        """
        if abs(self.n - self._bound[0]) * 100 >= self.n:
            successes = self._prior + self.n - self.failed
            self._bound = (self.n, statistics.beta_quantile(0.8, 1 + self.failed, successes))
        return max(1 - healthy_success, self._bound[1])

    def failing_mean(self) -> float:
        """Posterior mean of the share failing while healthy, under the same prior."""
        return (1 + self.failed) / (1 + self._prior + self.n)

    def latency_bound_s(self, q: float) -> float | None:
        """Upper bound, 80 % sure, of the q-quantile: an order statistic, whatever the distribution; None: too few."""
        n = len(self._sorted_s)
        if n < LATENCIES_NEEDED:
            return None
        rank = math.ceil(n * q + 0.84 * math.sqrt(n * q * (1 - q)))
        return self._sorted_s[min(rank, n) - 1]

    def median_s(self) -> float | None:
        """Healthy median latency; None: too few."""
        n = len(self._sorted_s)
        return self._sorted_s[n // 2] if n >= LATENCIES_NEEDED else None
