"""Time walls: failures that end at one elapsed time are cut by a timer in the path, whatever the errors say."""

import bisect
import math
from collections.abc import Sequence
from typing import NamedTuple

from probe.taxonomy import walls as limits

MIN_WALL_S = 8.0
"""Quicker failures are answers, not timers (serverless hosts give up after 10 s)."""
WIDTH_S, WIDTH_SHARE = 1.0, 0.01
"""Failures within one second, or 1 % of the time where that is more, end at the same time."""
FLANKS = 10
"""A cluster is compared with so many of its widths around it."""
MIN_FAILURES = 5
"""Fewer cannot be told from chance by the guard of `find_walls`."""
EDGE = 4
"""A timer's edge is sharp: the widths just before and just after hold at most one in so many of the cluster."""
CHANCE = 1e-3
"""At most this probability that failures without a timer look like one, over all places that are looked at."""
WALLS_LIMIT = 3


class Wall(NamedTuple):
    """Failures that end at one time."""

    low_s: float
    high_s: float
    failures: int
    of: int  # failures looked at
    chance: float  # of such a cluster without a timer, at most
    known: limits.Known | None  # whose limit it probably is

    def sentence(self) -> str:
        """What a person reads: `11 of 14 failures end at 60.1-60.3 s: ...`."""
        ends = f"{self.low_s:.1f}-{self.high_s:.1f}" if self.high_s - self.low_s >= 0.05 else f"{self.low_s:.1f}"
        who = self.known.who if self.known else "a timer"
        return f"{self.failures} of {self.of} failures end at {ends} s: {who} in the path, not the model"


def find_walls(
    failures_s: Sequence[float], successes_s: Sequence[float] = (), own_limits_s: Sequence[float] = ()
) -> tuple[Wall, ...]:
    """Elapsed times, in seconds, at which suspiciously many failures end; the most populous first.

    `own_limits_s` are our own deadlines: what ends there is no intermediary's. `successes_s` of the same
    path disprove a wall when several took longer.

    Guard against false alarms: around each failure, the others nearby are taken as spread evenly over
    FLANKS widths, which holds for any latency distribution that is smooth at that scale. With m failures
    there, k within one width have the chance P(Binomial(m - 1, 1 / FLANKS) >= k - 1); times the number of
    failures looked at (Bonferroni) it must not exceed CHANCE, and both edges must be sharp (EDGE), which
    a merely narrow distribution has not.
    """
    rest = sorted(
        time_s
        for time_s in failures_s
        if math.isfinite(time_s)
        and time_s >= MIN_WALL_S
        and not any(abs(time_s - limit_s) <= _width_s(limit_s) for limit_s in own_limits_s)
    )
    looked_at = len(rest)
    found: list[Wall] = []
    while len(found) < WALLS_LIMIT and (best := _densest(rest, looked_at)) is not None:
        low_s, high_s, chance = best
        inside = [time_s for time_s in rest if low_s <= time_s <= high_s]
        rest = [time_s for time_s in rest if not low_s <= time_s <= high_s]
        if not _passed(successes_s, high_s, len(inside)):
            middle_s = inside[len(inside) // 2]
            found.append(Wall(low_s, high_s, len(inside), len(failures_s), chance, limits.known(middle_s)))
    return tuple(sorted(found, key=lambda wall: -wall.failures))


def _width_s(time_s: float) -> float:
    return max(WIDTH_S, WIDTH_SHARE * time_s)


def _densest(times_s: Sequence[float], looked_at: int) -> tuple[float, float, float] | None:
    """First and last time of the least likely cluster, and its chance; None where none is unlikely enough."""
    best: tuple[float, float, float] | None = None
    for first, start_s in enumerate(times_s):
        width_s = _width_s(start_s)
        end = bisect.bisect_right(times_s, start_s + width_s)
        count = end - first
        before = first - bisect.bisect_left(times_s, start_s - width_s)
        after = bisect.bisect_right(times_s, times_s[end - 1] + width_s) - end
        if count < MIN_FAILURES or max(before, after) * EDGE > count:
            continue
        middle_s, reach_s = start_s + width_s / 2, FLANKS * width_s / 2
        nearby = bisect.bisect_right(times_s, middle_s + reach_s) - bisect.bisect_left(times_s, middle_s - reach_s)
        chance = looked_at * _at_least(count - 1, nearby - 1, 1 / FLANKS)
        if chance <= CHANCE and (best is None or chance < best[2]):
            best = (start_s, times_s[end - 1], chance)
    return best


def _at_least(k: int, n: int, p: float) -> float:
    """P(Binomial(n, p) >= k)."""
    return math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(max(k, 0), n + 1))


def _passed(successes_s: Sequence[float], high_s: float, failures: int) -> bool:
    """Did so many pictures arrive later that nothing can be cutting at this time?"""
    later = sum(time_s > high_s + _width_s(high_s) for time_s in successes_s)
    return later >= max(3, failures // 2)
