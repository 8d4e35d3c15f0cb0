"""Rates, quantiles and prices of one series of outcomes, as cells; with too few outcomes a cell says so."""

import collections
import math

from probe import model
from probe.inference import statistics
from reports import blocks, window
from reports.outcomes import Flags, Outcomes

ENOUGH = statistics.FEW_SAMPLES
ENOUGH_FOR_P90 = 50


def rate(sample: Outcomes) -> blocks.Rate | blocks.Missing:
    """Share ok of outcomes that all count for or against health, with Wilson's 95 % interval."""
    n, ok = len(sample), int(sample.ok.sum())
    if n == 0:
        return blocks.Missing("no data")
    if n < ENOUGH:
        return blocks.Missing(f"too few ({ok} of {n} ok)")
    return blocks.Rate(ok, n, *statistics.wilson(ok, n))


def latencies_s(sample: Outcomes) -> tuple[list[float], int]:
    """Latencies of successes, and how many timeouts rank behind them; other failures have no latency."""
    successes_s = [each for each in sample.latency_s[sample.ok].tolist() if not math.isnan(each)]
    return successes_s, int(sample.timed_out.sum())


def quantile(successes_s: list[float], timeouts: int, share: float) -> blocks.Cell:
    """A quantile of latencies with its 95 % order-statistic interval; timeouts rank last."""
    n = len(successes_s) + timeouts
    found = statistics.latency_quantile(successes_s, share, timeouts)
    if found is None or n < (ENOUGH_FOR_P90 if share > 0.5 else ENOUGH):
        return blocks.Missing(f"too few (n {n})" if n else "no data")
    if math.isinf(found.value):
        return blocks.Word("timed out", "bad")
    return blocks.Seconds(found.value, found.low, None if math.isinf(found.high) else found.high)


def told_kinds(counts: collections.Counter[model.Kind], most: int = 3) -> str:
    """`processing_error 14, timeout 5`, the rest as one number."""
    common = counts.most_common(most)
    told = [f"{kind} {count}" for kind, count in common]
    rest = counts.total() - sum(count for _, count in common)
    return ", ".join([*told, f"other {rest}"] if rest else told)


def usable(sample: Outcomes, facts: window.PathFacts) -> Flags:
    """Judged ok, and not later than the path's `usable_within_s`."""
    limit_s = facts.now.usable_within_s
    return sample.ok if limit_s is None else sample.ok & ~(sample.latency_s > limit_s)


def usd_per_usable(sample: Outcomes, facts: window.PathFacts) -> blocks.Usd | blocks.Missing:
    """List price times what was billed, over usable pictures, one attempt each; a range where billing is unknown."""
    n, good, price_usd = len(sample), int(usable(sample, facts).sum()), facts.now.price_usd
    if price_usd is None or n < ENOUGH:
        return blocks.Missing(f"too few (n {n})" if n else "no data")
    if good == 0:
        return blocks.Missing(f"none usable (n {n})")
    surely = int((sample.ok | sample.is_billed("yes")).sum())
    perhaps = int((~sample.ok & sample.is_billed("unknown")).sum())
    low_usd, high_usd = price_usd * surely / good, price_usd * (surely + perhaps) / good
    return blocks.Usd((low_usd + high_usd) / 2, low_usd, high_usd) if perhaps else blocks.Usd(low_usd)
