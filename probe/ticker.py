"""The one door to apscheduler: periodic jobs on a clock that never jumps."""

import asyncio
import contextlib
import datetime as dt
import time
from collections.abc import Awaitable, Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

EPOCH = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - a fixed origin; the zone below is attached to it


class MonotonicZone(dt.tzinfo):
    """A time zone that answers with the monotonic clock.

    apscheduler asks the time as `datetime.now(zone)` and so follows the wall clock: set back by an
    hour, it stays silent for an hour. A zone is the place where another clock can be handed in.
    """

    def fromutc(self, _utc: dt.datetime) -> dt.datetime:
        return (EPOCH + dt.timedelta(seconds=time.monotonic())).replace(tzinfo=self)

    def utcoffset(self, _at: dt.datetime | None) -> dt.timedelta:
        return dt.timedelta(0)

    def dst(self, _at: dt.datetime | None) -> None:
        return None

    def tzname(self, _at: dt.datetime | None) -> str:
        return "monotonic"


class Every(BaseTrigger):  # type: ignore[misc]  # apscheduler has no types
    """Fires every so many seconds; after a gap at the next beat of the old pace, never to catch up."""

    def __init__(self, period_s: float) -> None:
        self._period = dt.timedelta(seconds=period_s)

    def get_next_fire_time(self, previous: dt.datetime | None, now: dt.datetime) -> dt.datetime:
        if previous is None:
            return now
        beats = -((previous - now) // self._period)  # rounded up
        return previous + max(beats, 1) * self._period


class Ticker:
    """Runs coroutine functions, each at its period in seconds of real time and once at a time."""

    def __init__(self, jobs: dict[Callable[[], Awaitable[None]], float], first_after_s: float = 0.0) -> None:
        zone = MonotonicZone()
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler = AsyncIOScheduler(timezone=zone, job_defaults=defaults)
        self._turns = [asyncio.Lock() for _ in jobs]
        first = dt.datetime.now(zone) + dt.timedelta(seconds=first_after_s)
        for turn, (job, period_s) in zip(self._turns, jobs.items(), strict=True):
            every = Every(period_s)
            self._scheduler.add_job(_run, every, (job, turn), name=job.__name__, next_run_time=first)
        self._scheduler.start()

    async def pause(self) -> None:
        """Begin no further turn, and wait for those under way."""
        self._scheduler.pause()
        await asyncio.sleep(0)  # one that was just submitted takes its turn
        for turn in self._turns:
            async with turn:
                pass

    def shutdown(self) -> None:
        """End it; a turn under way is cancelled."""
        self._scheduler.shutdown(wait=False)


async def _run(job: Callable[[], Awaitable[None]], turn: asyncio.Lock) -> None:
    async with turn:
        # Only `shutdown` cancels a turn, and apscheduler would log that as a failure.
        with contextlib.suppress(asyncio.CancelledError):
            await job()
