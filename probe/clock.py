"""Time as a value that is handed in: the wall clock, a monotonic clock and sleep, at real or at faster speed."""

import asyncio
import dataclasses
import datetime as dt
import time
from typing import Protocol


class Clock(Protocol):
    """What code that waits or dates things is given. All seconds are seconds of this clock."""

    @property
    def speed(self) -> float:
        """Seconds of this clock per real second; divide by it to get a real time-out."""
        ...

    def now(self) -> dt.datetime:
        """Aware UTC wall-clock time."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never jump."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds of this clock."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class RealClock:
    """The machine's own clocks."""

    speed: float = 1.0

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclasses.dataclass(frozen=True, slots=True)
class FastClock:
    """A clock that starts at `start` and runs `speed` times real time (demo and tests)."""

    start: dt.datetime
    speed: float
    origin_s: float = dataclasses.field(default_factory=time.monotonic)

    def now(self) -> dt.datetime:
        return self.start + dt.timedelta(seconds=self.monotonic_s())

    def monotonic_s(self) -> float:
        return (time.monotonic() - self.origin_s) * self.speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)
