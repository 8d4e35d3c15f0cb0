"""Rates, quantiles and prices of one series of outcomes, as cells; with too few outcomes a cell says so."""

import collections
import math
from collections.abc import Iterable, Sequence

from probe import model
from probe.inference import statistics
from reports import blocks, window, words

ENOUGH = statistics.FEW_SAMPLES
ENOUGH_FOR_P90 = 50


def rate(shots: Sequence[window.Shot], tone: blocks.Tone = "") -> blocks.Rate | blocks.Missing:
    """Share ok of outcomes that all count for or against health, with Wilson's 95 % interval."""
    n = len(shots)
    ok = sum(shot.health is True for shot in shots)
    if n == 0:
        return blocks.Missing("no data")
    if n < ENOUGH:
        return blocks.Missing(f"too few ({ok} of {n} ok)")
    low, high = statistics.wilson(ok, n)
    return blocks.Rate(ok, n, low, high, tone)


def latencies_s(shots: Iterable[window.Shot]) -> tuple[list[float], int]:
    """Latencies of successes, and how many timeouts rank behind them; other failures have no latency."""
    shots = list(shots)
    successes_s = [shot.latency_s for shot in shots if shot.health is True and shot.latency_s is not None]
    return successes_s, sum(shot.health is False and shot.kind is model.Kind.TIMEOUT for shot in shots)


def quantile(successes_s: Sequence[float], timeouts: int, share: float) -> blocks.Cell:
    """A quantile of latencies with its 95 % order-statistic interval; timeouts rank last."""
    n = len(successes_s) + timeouts
    found = statistics.latency_quantile(successes_s, share, timeouts)
    if found is None or n < (ENOUGH_FOR_P90 if share > 0.5 else ENOUGH):
        return blocks.Missing(f"too few (n {n})" if n else "no data")
    if math.isinf(found.value):
        return blocks.Word("timed out", "bad")
    return blocks.Seconds(found.value, found.low, None if math.isinf(found.high) else found.high)


def kinds(shots: Iterable[window.Shot]) -> collections.Counter[model.Kind]:
    """How often each kind other than ok came."""
    return collections.Counter(shot.kind for shot in shots if shot.kind is not model.Kind.OK and not shot.excluded)


def told_kinds(counts: collections.Counter[model.Kind], most: int = 3) -> str:
    """`processing_error 14, timeout 5`, the rest as one number."""
    common = counts.most_common(most)
    told = [f"{kind} {count}" for kind, count in common]
    rest = counts.total() - sum(count for _, count in common)
    return ", ".join([*told, f"other {rest}"] if rest else told)


def usable(shot: window.Shot, facts: window.PathFacts) -> bool:
    """Judged ok, and not later than the path's `usable_within_s`."""
    late = facts.usable_within_s is not None and (shot.latency_s or 0) > facts.usable_within_s
    return shot.health is True and not late


def usd_per_usable(facts: window.PathFacts) -> blocks.Usd | blocks.Missing:
    """List price times what was billed, over usable pictures, one attempt each; a range where billing is unknown."""
    shots = facts.sample
    good = sum(usable(shot, facts) for shot in shots)
    if facts.price_usd is None or len(shots) < ENOUGH:
        return blocks.Missing(f"too few (n {len(shots)})" if shots else "no data")
    if good == 0:
        return blocks.Missing(f"none usable (n {len(shots)})")
    surely = sum(shot.health is True or shot.billed == "yes" for shot in shots)
    perhaps = sum(shot.health is False and shot.billed == "unknown" for shot in shots)
    low_usd, high_usd = (facts.price_usd * count / good for count in (surely, surely + perhaps))
    if perhaps == 0:
        return blocks.Usd(low_usd)
    return blocks.Usd((low_usd + high_usd) / 2, low_usd, high_usd)


def told_series(series: window.Series | None) -> str:
    """How a table names the series it counts."""
    return words.plural_of(f"{series} canary") if series is window.Series.SCHEDULED else str(series or "-")
