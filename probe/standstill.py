"""Notices that this process or this machine stood still: a probe that spanned it says nothing about its channel."""

import math
import time

from probe import clock as clocks

GAP_S = 10.0
"""A tick later than this means that the process or the machine stood still."""

COUNTS_SLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""The clock that goes on while the machine sleeps: BOOTTIME on Linux, MONOTONIC on macOS, which has no BOOTTIME."""


class Standstill:
    """Seen by late ticks and by the clock that counts sleep."""

    def __init__(self, clock: clocks.Clock) -> None:
        self._clock = clock
        self._asleep_s = _asleep_s()
        self._ticked_s = time.monotonic()
        self._woke_s = -math.inf  # seconds of the clock

    def tick(self) -> None:
        """Call every second."""
        now_s, asleep_s = time.monotonic(), _asleep_s()
        if now_s - self._ticked_s > GAP_S or asleep_s - self._asleep_s > GAP_S:
            self._woke_s = self._clock.monotonic_s()
        self._ticked_s, self._asleep_s = now_s, asleep_s

    def since(self, started_s: float) -> bool:
        """Did it happen after `started_s`, in seconds of the clock?"""
        self.tick()
        return self._woke_s > started_s


def _asleep_s() -> float:
    """Seconds this machine slept, from some beginning; `time.monotonic` stands still meanwhile on both systems."""
    return time.clock_gettime(COUNTS_SLEEP) - time.monotonic()
