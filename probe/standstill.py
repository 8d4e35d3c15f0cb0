"""Notices that this process or this machine stood still: a probe that spanned it says nothing about its channel."""

import math
import time

from probe import clock as clocks

GAP_S = 10.0
"""A tick later than this means that the process or the machine stood still."""


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
    """Seconds this machine was suspended since boot."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
