"""A real daemon on a fast clock, which runs until a test has seen what it waits for."""

import asyncio
import datetime as dt

from probe import clock, daemon, records, run
from probe.records import history

START = dt.datetime(2026, 8, 13, tzinfo=dt.UTC)
SPEED = 400.0


def watch(config, during, *, start=START, on_daemon=lambda _watching: None, **hooks):
    """Run a daemon while `during(watching, clock)` lasts, then stop it; what it saw, in order."""
    seen = []

    async def go():
        ticking = clock.FastClock(start, SPEED)
        with records.open(config.database) as book:
            watching = daemon.Daemon(run.tools(config, ticking, book), on_outcome=seen.append, **hooks)
            on_daemon(watching)
            running = asyncio.create_task(watching.run())
            try:
                await during(watching, ticking)
                watching.stop()
                await running
            finally:
                await run.close(watching.tools)

    asyncio.run(go())
    return seen


async def until(so):
    """Wait until this is so, at most 20 real seconds."""
    async with asyncio.timeout(20):
        while not so():  # noqa: ASYNC110 - the daemon has no event for it
            await asyncio.sleep(0.005)


def outcomes(count):
    """Until so many of the grid have come, at most three hours of the clock: a busy machine is slow, not wrong."""

    async def during(watching, ticking):
        told, before = [], watching.on_outcome
        watching.on_outcome = lambda judged: (told.extend([judged] if judged.outcome.slot else []), before(judged))
        while len(told) < count and ticking.monotonic_s() < 3 * 3600:
            await ticking.sleep(30)

    return during


def past(config):
    return history.open(config.database)
