"""How long it takes to see trouble, by spacing of canaries and own traffic: a table of simulations."""

import bisect
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Delay(NamedTuple):
    """Minutes from the start of trouble to the alarm."""

    mean: float
    late: float  # in 95 of 100 cases it is no later


class Delays(NamedTuple):
    """For an outage, a drop to 60 % success and a drop to 80 %."""

    outage: Delay
    to_60: Delay
    to_80: Delay


Row = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]

TABLE: Mapping[tuple[int, int], Row] = MappingProxyType(
    {
        (0, 10): ((16, 21), (61, 124), (180, 397)),
        (0, 20): ((21, 30), (78, 175), (228, 536)),
        (0, 40): ((31, 49), (117, 287), (348, 886)),
        (0, 80): ((51, 88), (205, 544), (607, 1627)),
        (0, 160): ((86, 158), (393, 1106), (1153, 3340)),
        (0, 320): ((165, 311), (767, 2208), (2259, 6431)),
        (0, 800): ((403, 762), (1909, 5606), (5493, 15996)),
        (1, 10): ((16, 23), (59, 122), (174, 389)),
        (1, 20): ((22, 36), (79, 178), (232, 535)),
        (1, 40): ((33, 65), (113, 293), (332, 846)),
        (1, 80): ((50, 111), (172, 444), (500, 1320)),
        (1, 160): ((70, 177), (238, 610), (677, 1812)),
        (1, 320): ((96, 228), (306, 783), (844, 2161)),
        (1, 800): ((114, 273), (369, 918), (1006, 2561)),
        (4, 10): ((15, 23), (55, 116), (161, 355)),
        (4, 20): ((20, 35), (66, 143), (191, 437)),
        (4, 40): ((24, 51), (82, 185), (231, 532)),
        (4, 80): ((30, 64), (93, 214), (264, 623)),
        (4, 160): ((33, 73), (103, 231), (291, 685)),
        (4, 320): ((35, 75), (114, 258), (324, 771)),
        (4, 800): ((38, 80), (129, 290), (370, 852)),
        (16, 10): ((11, 18), (37, 76), (105, 226)),
        (16, 20): ((12, 21), (38, 78), (110, 242)),
        (16, 40): ((13, 23), (39, 82), (113, 248)),
        (16, 80): ((13, 23), (40, 85), (116, 259)),
        (16, 160): ((13, 23), (41, 86), (118, 262)),
        (16, 320): ((13, 24), (42, 87), (122, 266)),
        (16, 800): ((14, 25), (43, 92), (124, 276)),
    }
)
"""(own requests an hour, minutes between canaries): (mean, 95 %) minutes for outage, 60 %, 80 %.

Made by `bench/detection.py --table`: 3 % failing while healthy, A = 30 days, bursts every 5 min, one path.
"""

OWN, CALM = (sorted({key[axis] for key in TABLE}) for axis in (0, 1))

STRICTER = (5.0, 15.0, 50.0)
"""Minutes more where the threshold is ten times 30 days, as with ten paths (the same simulations)."""


def expected(calm_s: float, a_days: float = 30.0, own_per_hour: float = 0.0) -> Delays:
    """Interpolated in the logarithms of both axes; beyond its ends the table's last spacing is scaled."""
    minutes = calm_s / 60
    inside = min(max(minutes, CALM[0]), CALM[-1])
    left, right, share = _between(CALM, inside)
    low, high, own_share = _between(OWN, min(own_per_hour, OWN[-1]), offset=1.0)
    stricter = math.log10(max(a_days, 30.0) / 30.0)
    stretch = max(1.0, minutes / CALM[-1]) if own_per_hour == 0 else 1.0

    def value(kind: int, which: int) -> float:
        corners = [[TABLE[own, calm][kind][which] for calm in (left, right)] for own in (low, high)]
        quiet, busy = (_weighted(a, b, share) for a, b in corners)
        return _weighted(quiet, busy, own_share) * stretch + STRICTER[kind] * stricter

    return Delays(*(Delay(value(kind, 0), value(kind, 1)) for kind in range(3)))


def _between(points: list[int], at: float, offset: float = 0.0) -> tuple[int, int, float]:
    """The neighbours of a value and how far it lies between them in the logarithm of (point + offset)."""
    right = min(max(bisect.bisect_left(points, at), 1), len(points) - 1)
    low, high = points[right - 1], points[right]
    share = math.log((at + offset) / (low + offset)) / math.log((high + offset) / (low + offset))
    return low, high, min(max(share, 0.0), 1.0)


def _weighted(low: float, high: float, share: float) -> float:
    return math.exp((1 - share) * math.log(low) + share * math.log(high))
