"""The usual alarm rules of uptime monitors and quality control, to compare the detector with.

Each watches one path at its scheduled spacing, some ask for a quick retry after a failure; all say "up
again" after two successes in a row, and start afresh.
"""

import abc
import collections
from collections.abc import Callable, Mapping
from types import MappingProxyType

CUSUM_REFERENCE, CUSUM_THRESHOLD = 5 / 32, 50 / 32
"""Tuned for 24 canaries a day at 3 % failing: in control 842.9 canaries (35 days) to a false alarm."""


class Rule(abc.ABC):
    """What all rules share: an alarm stays on until two successes in a row."""

    def __init__(self, *, quick: bool = False) -> None:
        self.quick = quick  # retry soon after a failure
        self.degraded = False
        self.failed_in_a_row = self.ok_in_a_row = 0

    def update(self, at_s: float, *, failed: bool) -> None:
        """Take in one outcome, sent at `at_s`."""
        self.failed_in_a_row = self.failed_in_a_row + 1 if failed else 0
        self.ok_in_a_row = 0 if failed else self.ok_in_a_row + 1
        if not self.degraded:
            self.degraded = self.fires(at_s, failed=failed)
        elif self.ok_in_a_row >= 2:
            self.degraded = False
            self.restart()

    def restart(self) -> None:  # noqa: B027 - only rules that sum or keep a window have something to forget
        """Forget what raised the alarm."""

    @property
    def wants_retry(self) -> bool:
        """A failure is to be confirmed soon."""
        return self.quick and self.failed_in_a_row > 0 and not self.degraded

    @abc.abstractmethod
    def fires(self, at_s: float, *, failed: bool) -> bool:
        """Does the rule raise an alarm on this outcome?"""


class InARow(Rule):
    """So many failures in a row (Uptime Kuma: 1, Gatus: 3)."""

    def __init__(self, k: int, *, quick: bool = False) -> None:
        super().__init__(quick=quick)
        self.k = k

    def fires(self, at_s: float, *, failed: bool) -> bool:
        return self.failed_in_a_row >= self.k


class Window(Rule):
    """At least `m` failures among the last `n`."""

    def __init__(self, m: int, n: int) -> None:
        super().__init__()
        self.m, self.latest = m, collections.deque[bool](maxlen=n)

    def fires(self, at_s: float, *, failed: bool) -> bool:
        self.latest.append(failed)
        return sum(self.latest) >= self.m

    def restart(self) -> None:
        self.latest.clear()


class BurnRate(Rule):
    """The share failing exceeds `factor` times the allowed one in a long and in a short window (SRE Workbook, ch. 5)."""

    def __init__(self, factor: float, long_s: float, short_s: float, least: int, allowed: float) -> None:
        super().__init__()
        self.factor, self.windows_s, self.least, self.allowed = factor, (long_s, short_s), least, allowed
        self.latest = collections.deque[tuple[float, bool]](maxlen=1000)

    def fires(self, at_s: float, *, failed: bool) -> bool:
        self.latest.append((at_s, failed))
        shares, failures = [], []
        for window_s in self.windows_s:
            inside = [was for sent_s, was in self.latest if sent_s > at_s - window_s]
            shares.append(sum(inside) / len(inside))
            failures.append(sum(inside))
        return failures[0] >= self.least and min(shares) >= self.factor * self.allowed

    def restart(self) -> None:
        self.latest.clear()


class Cusum(Rule):
    """Bernoulli CUSUM: S <- max(0, S + failed - k), an alarm at S >= h."""

    def __init__(self, k: float, h: float) -> None:
        super().__init__()
        self.k, self.h, self.sum = k, h, 0.0

    def fires(self, at_s: float, *, failed: bool) -> bool:
        # Rounding keeps the sum on its lattice, so that reaching h is not a matter of the last bit.
        self.sum = round(max(0.0, self.sum + failed - self.k), 9)
        return self.sum >= self.h - 1e-9

    def restart(self) -> None:
        self.sum = 0.0


RULES: Mapping[str, Callable[[], Rule]] = MappingProxyType(
    {
        "1-failure": lambda: InARow(1),
        "2-in-a-row": lambda: InARow(2),
        "3-in-a-row": lambda: InARow(3),
        "2-in-a-row-retry": lambda: InARow(2, quick=True),
        "3-in-a-row-retry": lambda: InARow(3, quick=True),
        "3-of-10": lambda: Window(3, 10),
        "burn-rate": lambda: BurnRate(6, 12 * 3600, 3900, 3, 0.03),
        "cusum": lambda: Cusum(CUSUM_REFERENCE, CUSUM_THRESHOLD),
    }
)
