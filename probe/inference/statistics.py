"""Intervals, quantiles and comparisons of rates; standard library only, every formula with its source."""

import bisect
import functools
import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Literal, NamedTuple

FEW_SAMPLES = 20
"""Fewer scheduled canaries than this give no rate that may be compared."""

WIDE_INTERVAL = 0.20
"""A 95 % interval wider than this says too little to compare."""

SAMPLES_BEYOND = 5
"""A quantile is told only where at least so many samples are expected on either side of it."""

Comparison = Literal["better", "probably better", "no clear difference", "too few samples"]


class Interval(NamedTuple):
    """Both ends of an interval, in the unit of what it bounds."""

    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low


class Quantile(NamedTuple):
    """A quantile with its interval; infinite ends lie beyond the deadline (timeouts rank last)."""

    value: float
    low: float
    high: float


def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval for a proportion (Wilson 1927); (0, 1) where n is 0."""
    if n == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share, scale = successes / n, 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Interval(low, high)


def jeffreys(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Equal-tailed interval of Beta(1/2 + s, 1/2 + f) (Brown, Cai and DasGupta 2001), closed at 0 and at n."""
    tail, a, b = (1 - confidence) / 2, successes + 0.5, n - successes + 0.5
    low = 0.0 if successes == 0 else beta_quantile(tail, a, b)
    high = 1.0 if successes == n else beta_quantile(1 - tail, a, b)
    return Interval(low, high)


def confidence_sequence(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """An interval that stays valid however often it is looked at.

    {p : B(1/2+s, 1/2+f) / B(1/2, 1/2) / (p^s (1-p)^f) < 1/alpha}: Robbins' mixture martingale of a
    Bernoulli rate with Ville's inequality.
    """
    failures, share = n - successes, successes / n if n else 0.5
    limit = _log_beta(0.5 + successes, 0.5 + failures) - _log_beta(0.5, 0.5) + math.log(1 - confidence)

    def excess(p: float) -> float:
        return limit - successes * math.log(p) - failures * math.log1p(-p)

    low = 0.0 if successes == 0 else _crossing(excess, outside=1e-300, inside=share)
    high = 1.0 if failures == 0 else _crossing(excess, outside=1 - 1e-16, inside=share)
    return Interval(low, high)


def enough(successes: int, n: int) -> bool:
    """May this rate be compared: at least 20 scheduled canaries and a 95 % interval of at most 20 points?"""
    return n >= FEW_SAMPLES and wilson(successes, n).width <= WIDE_INTERVAL


def probability_better(successes_a: int, n_a: int, successes_b: int, n_b: int) -> float:
    """P(rate of A > rate of B) for independent Beta(1/2 + s, 1/2 + f) posteriors.

    Simpson's rule over the density of A times the distribution of B, with x = sin(t)^2, which keeps
    the integrand finite at both ends, over eight standard deviations of t.
    """
    a, b = successes_a + 0.5, n_a - successes_a + 0.5
    centre, reach = math.asin(math.sqrt(a / (a + b))), 4 / math.sqrt(a + b)
    low, high = max(0.0, centre - reach), min(math.pi / 2, centre + reach)
    steps, total = 400, 0.0
    width = (high - low) / steps
    for step in range(steps + 1):
        angle = low + step * width
        sine, cosine = math.sin(angle), max(0.0, math.cos(angle))
        log_density = math.log(2) - _log_beta(a, b) + _times_log(2 * a - 1, sine) + _times_log(2 * b - 1, cosine)
        weight = 1 if step in {0, steps} else 4 if step % 2 else 2
        total += weight * math.exp(log_density) * beta_cdf(sine * sine, successes_b + 0.5, n_b - successes_b + 0.5)
    return min(1.0, total * width / 3)


def compare(successes_a: int, n_a: int, successes_b: int, n_b: int) -> Comparison:
    """Is A better than B, in words; "too few samples" where either rate may not be compared."""
    if not (enough(successes_a, n_a) and enough(successes_b, n_b)):
        return "too few samples"
    probability = probability_better(successes_a, n_a, successes_b, n_b)
    if probability >= 0.95:
        return "better"
    return "probably better" if probability >= 0.80 else "no clear difference"


def quantile_ranks(n: int, q: float, confidence: float = 0.95) -> tuple[int, int] | None:
    """Ranks (1-based) of the order statistics that bound the q-quantile; None where n is too small.

    The equal-tailed distribution-free interval: l is the largest rank with P(B < l) <= tail and u the
    smallest with P(B >= u) <= tail, B binomial (n, q).
    """
    tail = (1 - confidence) / 2
    low = bisect.bisect_right(range(n), tail, key=lambda k: binomial_cdf(k, n, q))
    high = 1 + bisect.bisect_left(range(n), 1 - tail, key=lambda k: binomial_cdf(k, n, q))
    return (low, high) if low >= 1 and high <= n else None


def latency_quantile(latencies_s: Sequence[float], q: float, timeouts: int = 0) -> Quantile | None:
    """The q-quantile of seconds with its 95 % interval; None = too few samples to say (p90: under 50).

    `timeouts` rank behind every success, as infinite: leaving them out would make a hanging channel
    look fast.
    """
    ordered = sorted(latencies_s) + [math.inf] * timeouts
    ranks = quantile_ranks(len(ordered), q)
    if ranks is None or len(ordered) * min(q, 1 - q) < SAMPLES_BEYOND - 1e-9:
        return None
    value = ordered[max(0, math.ceil(q * len(ordered)) - 1)]
    return Quantile(value, ordered[ranks[0] - 1], ordered[ranks[1] - 1])


def binomial_cdf(k: int, n: int, p: float) -> float:
    """P(B <= k) for B binomial (n, p), through the incomplete beta function."""
    if k < 0:
        return 0.0
    return 1.0 if k >= n else beta_cdf(1 - p, n - k, k + 1)


def beta_cdf(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function I_x(a, b); continued fraction by Lentz's method (DLMF 8.17.22)."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - beta_cdf(1 - x, b, a)
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    fraction = d
    for m in range(1, 10_000):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + numerator * d
            d = 1 / (d if abs(d) > tiny else tiny)
            c = 1 + numerator / c
            c = c if abs(c) > tiny else tiny
            fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return fraction * math.exp(a * math.log(x) + b * math.log1p(-x) - _log_beta(a, b)) / a


@functools.lru_cache(maxsize=65_536)
def beta_quantile(probability: float, a: float, b: float) -> float:
    """The x with I_x(a, b) = probability: Newton's method kept inside a bracket; remembered, for baselines ask again."""
    low, high, x, log_beta = 0.0, 1.0, a / (a + b), _log_beta(a, b)
    for _ in range(200):
        excess = beta_cdf(x, a, b) - probability
        low, high = (low, x) if excess > 0 else (x, high)
        density = math.exp((a - 1) * math.log(x) + (b - 1) * math.log1p(-x) - log_beta)
        step = excess / density if density > 0 else math.inf
        following = x - step if low < x - step < high else (low + high) / 2
        if abs(following - x) <= 1e-15 * x or following in {low, high}:
            return following
        x = following
    return x


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _times_log(factor: float, value: float) -> float:
    """The product factor * log(value), where 0 * log(0) is 0."""
    if factor == 0:
        return 0.0
    return factor * math.log(value) if value > 0 else -math.inf


def _crossing(function: Callable[[float], float], outside: float, inside: float) -> float:
    """Where a function that is positive outside and negative inside crosses zero, by bisection."""
    for _ in range(200):
        middle = (outside + inside) / 2
        outside, inside = (middle, inside) if function(middle) > 0 else (outside, middle)
    return inside
