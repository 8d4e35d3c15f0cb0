"""Rates, quantiles and prices of one series of outcomes, as cells; with too few outcomes a cell says so."""

import collections
import math
from collections.abc import Iterable, Sequence

from probe import model
from probe.inference import statistics
from probe.records.rows import Point
from reports import blocks, window

ENOUGH = statistics.FEW_SAMPLES
ENOUGH_FOR_P90 = 50


def failures(points: Iterable[Point]) -> int:
    """How many count against the channel."""
    return sum(window.health(point) is False for point in points)


def rate(points: Sequence[Point]) -> blocks.Rate | blocks.Missing:
    """Share ok of outcomes that all count for or against health, with Wilson's 95 % interval."""
    n, ok = len(points), len(points) - failures(points)
    if n == 0:
        return blocks.Missing("no data")
    if n < ENOUGH:
        return blocks.Missing(f"too few ({ok} of {n} ok)")
    return blocks.Rate(ok, n, *statistics.wilson(ok, n))


def latencies_s(points: Sequence[Point]) -> tuple[list[float], int]:
    """Latencies of successes, and how many timeouts rank behind them; other failures have no latency."""
    successes_s = [point.latency_s for point in points if point.kind is model.Kind.OK and point.latency_s is not None]
    return successes_s, sum(point.kind is model.Kind.TIMEOUT for point in points)


def quantile(successes_s: Sequence[float], timeouts: int, share: float) -> blocks.Cell:
    """A quantile of latencies with its 95 % order-statistic interval; timeouts rank last."""
    n = len(successes_s) + timeouts
    found = statistics.latency_quantile(successes_s, share, timeouts)
    if found is None or n < (ENOUGH_FOR_P90 if share > 0.5 else ENOUGH):
        return blocks.Missing(f"too few (n {n})" if n else "no data")
    if math.isinf(found.value):
        return blocks.Word("timed out", "bad")
    return blocks.Seconds(found.value, found.low, None if math.isinf(found.high) else found.high)


def kinds(points: Iterable[Point]) -> collections.Counter[model.Kind]:
    """How often each kind other than ok came; our own faults left out."""
    return collections.Counter(point.kind for point in points if point.kind is not model.Kind.OK and not point.excluded)


def told_kinds(counts: collections.Counter[model.Kind], most: int = 3) -> str:
    """`processing_error 14, timeout 5`, the rest as one number."""
    common = counts.most_common(most)
    told = [f"{kind} {count}" for kind, count in common]
    rest = counts.total() - sum(count for _, count in common)
    return ", ".join([*told, f"other {rest}"] if rest else told)


def usable(point: Point, facts: window.PathFacts) -> bool:
    """Judged ok, and not later than the path's `usable_within_s`."""
    late = facts.usable_within_s is not None and (point.latency_s or 0) > facts.usable_within_s
    return point.kind is model.Kind.OK and not point.excluded and not late


def usd_per_usable(facts: window.PathFacts, points: Sequence[Point]) -> blocks.Usd | blocks.Missing:
    """List price times what was billed, over usable pictures, one attempt each; a range where billing is unknown."""
    good = sum(usable(point, facts) for point in points)
    if facts.price_usd is None or len(points) < ENOUGH:
        return blocks.Missing(f"too few (n {len(points)})" if points else "no data")
    if good == 0:
        return blocks.Missing(f"none usable (n {len(points)})")
    surely = sum(point.kind is model.Kind.OK or point.billed == "yes" for point in points)
    perhaps = sum(point.kind is not model.Kind.OK and point.billed == "unknown" for point in points)
    low_usd, high_usd = (facts.price_usd * count / good for count in (surely, surely + perhaps))
    if perhaps == 0:
        return blocks.Usd(low_usd)
    return blocks.Usd((low_usd + high_usd) / 2, low_usd, high_usd)
