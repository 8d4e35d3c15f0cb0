"""The daemon: asks the plan what is due, probes it, publishes the states, and drains before it ends."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import logging
import math
import os
import pathlib
import time
from collections.abc import Callable

from probe import clock as clocks
from probe import config as configs
from probe import model, plan, records, run, ticker
from probe.inference import states
from probe.records import history

log = logging.getLogger("tierwatch")

TICK_S = 1.0
FASTEST_TICK_S = 0.02
"""Ticks keep this distance in real time, however fast the clock runs."""

BEAT_S = 10.0
MEMORY = dt.timedelta(days=60)
"""How far back the states look when they are rebuilt at start."""

GAP_S = 10.0
"""A tick later than this means that the process or the machine stood still."""


class Daemon:
    """One running daemon: the only mutable state is what is in flight and which slots were handled.

    `on_outcome` is told of each outcome; `stop` begins the drain.
    """

    def __init__(
        self,
        tools: run.Tools,
        *,
        on_outcome: Callable[[model.Judged], None] = lambda _judged: None,
    ) -> None:
        self._standstill = Standstill(tools.clock)
        self.tools = dataclasses.replace(tools, interrupted_since=self._standstill.since)
        self.plan = plan.plan(tools.config)
        self.busy: set[model.Path] = set()  # from its slot until it is stored
        self.in_flight: dict[model.Path, dt.datetime] = {}  # sent, with the time
        self.states: tuple[model.PathState, ...] = ()
        self._board = states.Board(tools.config, {})
        self.on_outcome = on_outcome
        self._last_slot: dict[model.Path, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._places = {channel.name: asyncio.Semaphore(channel.parallel) for channel in tools.config.channel}
        self._all_places = asyncio.Semaphore(tools.config.monitor.parallel)
        # The schedule runs on the monotonic clock from here on: a wall clock set back must not silence it.
        self._origin = (tools.clock.now(), tools.clock.monotonic_s())

    async def run(self) -> None:
        """Run until stopped.

        1. write off what a crash left open, and publish the states that history gives;
        2. tick: send what is due, beat, write what the disk refused;
        3. on the first signal send nothing new and wait for requests in flight up to the grace time;
        4. on the second signal, or when the grace time is over, cancel them: they stay counted as spent.
        """
        book, clock = self.tools.book, self.tools.clock
        lost = await asyncio.to_thread(book.abandon, clock.now())
        if lost:
            log.warning("unknown_outcome count=%d reason=found open at start, counted as spent, never resent", lost)
        self._board = await asyncio.to_thread(self._remember, clock.now())
        await self._publish()
        scheduler = ticker.start({self._tick: max(TICK_S / clock.speed, FASTEST_TICK_S), self._beat: BEAT_S})
        try:
            await self._stopping.wait()
            scheduler.pause()
            await self._drain()
        finally:
            scheduler.shutdown(wait=False)
            await asyncio.to_thread(book.abandon, clock.now(), also_own=True)
            await run.flush(self.tools)

    def stop(self) -> None:
        """First call: drain. Second call: cancel what is in flight."""
        if self.stopping:
            log.warning("cancelled in_flight=%d", len(self._tasks))
            for task in self._tasks:
                task.cancel()
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        """True once the drain has begun."""
        return self._stopping.is_set()

    async def _tick(self) -> None:
        """Start a probe for each slot that is due; a path still busy skips its slot."""
        self._standstill.tick()
        now = self.schedule_now()
        for line, slot in plan.due(self.plan, now, self._last_slot):
            self._last_slot[line.path] = slot
            if line.path in self.busy:
                await self._skip(line.path, slot, "overrun")
                continue
            self._start(line.path, slot)

    def schedule_now(self) -> dt.datetime:
        """The time the schedule goes by: wall time at start plus what the monotonic clock counted since."""
        started_at, started_s = self._origin
        return started_at + dt.timedelta(seconds=self.tools.clock.monotonic_s() - started_s)

    def _start(self, path: model.Path, slot: int) -> None:
        self.busy.add(path)
        task = asyncio.create_task(self._probe(path, slot), name=str(path))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _probe(self, path: model.Path, slot: int) -> None:
        """One slot: wait for a place, probe, publish. A bug here is logged and must not stop the other paths."""
        try:
            async with self._places[path.channel], self._all_places:
                if self.stopping:
                    return
                now = self.in_flight[path] = self.tools.clock.now()
                canary = run.canary(self.tools.config, path, model.Trigger.SCHEDULED, now, slot)
                judged = await run.probe(canary, self.tools)
            self._board.add(judged)
            await self._publish()
            self.on_outcome(judged)
        except records.SlotTaken:
            log.info("slot taken path=%s slot=%d reason=sent before a restart", path, slot)
        except records.BudgetExhausted as spent:
            await self._skip(path, slot, "budget")
            log.warning("skipped path=%s slot=%d reason=%s", path, slot, spent)
        except records.RecordsError as error:
            log.error("not sent path=%s slot=%d reason=%s", path, slot, error)  # noqa: TRY400 - the reason says it all
        except Exception:
            log.exception("bug path=%s slot=%d", path, slot)
        finally:
            self.in_flight.pop(path, None)
            self.busy.discard(path)

    async def _skip(self, path: model.Path, slot: int, reason: str) -> None:
        with contextlib.suppress(records.RecordsError):  # a skip that cannot be written is no reason to stop
            await asyncio.to_thread(self.tools.book.skip, path, slot, self.tools.clock.now(), reason)

    async def _beat(self) -> None:
        """Write what the disk refused before, say that we live, and what each path is now."""
        await run.flush(self.tools)
        await self._publish()
        at = self.tools.clock.now()
        try:
            await asyncio.to_thread(
                self.tools.book.beat,
                at,
                pid=os.getpid(),
                digest=self.tools.config.digest,
                stale_after_s=3 * BEAT_S * self.tools.clock.speed + 60,
            )
        except records.RecordsError as error:
            log.error("no heartbeat reason=%s", error)  # noqa: TRY400 - the reason says it all

    async def _publish(self) -> None:
        """Say what each path is now, for `status`; a request in flight that hangs is evidence already."""
        now = self.tools.clock.now()
        pending = [states.Pending(path, since) for path, since in self.in_flight.items()]
        due = {line.path: plan.next_at(line, now) for line in self.plan.lines}
        found = self._board.states(now, pending)
        self.states = tuple(dataclasses.replace(state, next_at=due.get(state.path)) for state in found)
        try:
            await asyncio.to_thread(self.tools.book.publish, self.states, now)
        except records.RecordsError as error:
            log.error("states not published reason=%s", error)  # noqa: TRY400 - the reason says it all

    def _remember(self, now: dt.datetime) -> states.Board:
        """What stored outcomes say, so that a restart changes no state."""
        calm_s = {line.path: line.interval_s for line in self.plan.lines}
        with history.open(configs.database(pathlib.Path(self.tools.config.source))) as past:
            return states.board(past.outcomes(since=now - MEMORY), self.tools.config, calm_s=calm_s)

    async def _drain(self) -> None:
        grace_s = self.tools.config.monitor.shutdown_grace / self.tools.clock.speed
        if self._tasks:
            log.info("draining in_flight=%d grace_s=%.0f", len(self._tasks), grace_s)
            _, late = await asyncio.wait(set(self._tasks), timeout=grace_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


class Standstill:
    """Notices that this process or machine stood still, by late ticks and by the clock that counts sleep."""

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
