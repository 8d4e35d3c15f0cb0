"""The daemon: asks the plan what is due, probes it, publishes the states, and drains before it ends."""

import asyncio
import dataclasses
import functools
import logging
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from probe import config as configs
from probe import (
    extras,
    keeping,
    memory,
    model,
    plan,
    records,
    reload,
    run,
    sdnotify,
    slots,
    standstill,
    ticker,
    underway,
)
from probe.alerts import desk
from probe.inference import channels, states
from probe.own import feed
from probe.records import health, rows

if TYPE_CHECKING:
    import datetime as dt

    from probe.run import Tools  # the name `run` is a method in the class

log = logging.getLogger("tierwatch")

TICK_S = 1.0
FASTEST_TICK_S = 0.02
"""Ticks keep this distance in real time, however fast the clock runs."""

BEAT_S = 10.0
OWN_S = 5.0
"""How often own traffic is taken in."""

LOOK_S = 5.0
"""How often the config's files are looked at; a change is read when it has settled, at the second look."""

KEEP_S = 1800.0
"""How often closed months are stored and old outcomes looked for."""

LAST_WORDS_S = 15.0
"""At the end: for turns under way, and again for alerts that are due."""

STOP_S = 60.0
"""What the end of the drain may take beyond the grace time."""


class Daemon:
    """One running daemon: the config in force, what is under way by it, and what each path is by what came back.

    `on_outcome` is told of each outcome, `on_reload` of the tools that a new config gave; `stop` begins the drain.
    """

    def __init__(
        self,
        tools: run.Tools,
        *,
        on_outcome: Callable[[model.Judged], None] = lambda _judged: None,
        on_reload: Callable[[run.Tools], None] = lambda _tools: None,
    ) -> None:
        self._standstill = standstill.Standstill(tools.clock)
        self.tools = dataclasses.replace(tools, interrupted_since=self._standstill.since)
        self.plan = plan.plan(tools.config)
        self.underway = underway.Underway(self.tools, self.plan, self._came)
        self.states: tuple[model.PathState, ...] = ()
        self._board = states.Board(tools.config, {})
        self._arrived: list[model.Judged] = []  # while the board is being rebuilt
        self._own = feed.Feed(tools.book, tools.clock.now)
        self.note = ""  # what a person must know, for `status`
        self.on_outcome = on_outcome
        self.on_reload = on_reload
        self._desk = desk.Desk(tools.config, tools.book, tools.clock)
        self._files = reload.Files(tools.config)
        self._reloading = asyncio.Lock()
        self._slots = slots.Slots(tools.clock)
        self._no_extra_until_s: dict[model.Path, float] = {}  # seconds of the clock
        self._told_wal_bytes = 0

    async def run(self) -> None:
        """Run until stopped.

        1. write off what a crash left open, and publish the states that history gives;
        2. tick: send what is due, beat, write what the disk refused;
        3. on the first signal send nothing new and wait for requests in flight up to the grace time;
        4. on the second signal, or when the grace time is over, cancel them: they stay counted as spent;
        5. write what is still to be written, and send the alerts that are due.
        """
        book, clock = self.tools.book, self.tools.clock
        lost = await asyncio.to_thread(book.abandon, clock.now())
        if lost:
            log.warning("unknown_outcome count=%d reason=found open at start, counted as spent, never resent", lost)
        async with self._reloading:
            known = await asyncio.to_thread(memory.recall, self.tools.config, clock.now())
            self._board, self._own.after = known.board, known.arrived
            self._slots.begin(self.plan, known.slots, known.sentinels)
        await self._publish()
        ticking = ticker.Ticker(
            {
                self._tick: max(TICK_S / clock.speed, FASTEST_TICK_S),
                self._beat: BEAT_S,
                self._hear: OWN_S,
                self._look: LOOK_S,
                self._keep: KEEP_S,
                self._desk.deliver: desk.DELIVER_S,
            },
            first_after_s=until_next_second_s(self._slots.now()) / clock.speed,
        )
        sdnotify.send(READY=1)
        log.info("started digest=%s paths=%d", self.tools.config.digest[:12], len(self.plan.lines))
        try:
            await self.underway.stopped()
            await self.underway.drain()
            await self.underway.patiently(ticking.pause(), LAST_WORDS_S)
        finally:
            ticking.shutdown()
            await asyncio.to_thread(book.abandon, clock.now(), also_own=True)
            await run.flush(self.tools)
            for judged in self.tools.unsaved:
                log.error("lost outcome id=%s reason=the database refused it to the end", judged.outcome.id)
            await self.underway.patiently(self._desk.deliver(), LAST_WORDS_S)
            await self._desk.close()
        log.info("ended")

    def stop(self) -> None:
        """First call: drain. Second call: wait for nothing more."""
        self.underway.stop()
        sdnotify.stopping(self.tools.config.monitor.shutdown_grace + STOP_S)

    async def _tick(self) -> None:
        """Start a probe for each slot that is due; a path still busy skips its slot. Waits for nothing.

        Where own traffic has just told how a path is, its scheduled canary is not paid for. A drain may take
        minutes: in it, ticks only show that the daemon lives and that no time is missing.
        """
        self._standstill.tick()
        sdnotify.send(WATCHDOG=1)
        if self.underway.stopping:
            return
        for line, slot in self._slots.due(self.plan):
            if line.path in self.underway.busy:
                self.underway.skip(line.path, slot, model.SkipReason.OVERRUN)
            elif self._board.own_is_fresh(line.path, self.tools.clock.now(), line.interval_s):
                self.underway.skip(line.path, slot, model.SkipReason.OWN_TRAFFIC)
            else:
                self.underway.canary(line.path, model.Trigger.SCHEDULED, slot)
        for line, _slot in self._slots.due_sentinels(self.plan):
            self.underway.sentinel(line.path)
        # One that is excluded, refused or unaffordable is no evidence, and would be wanted again at once.
        now_s, spacing_s = self.tools.clock.monotonic_s(), self.tools.config.detection.confirm_every
        for path, trigger in extras.wanted(self.tools.config, self._board, self.underway.busy, self.tools.clock.now()):
            if now_s >= self._no_extra_until_s.get(path, 0.0):
                self._no_extra_until_s[path] = now_s + spacing_s
                self.underway.canary(path, trigger)

    async def _came(self, judged: model.Judged) -> None:
        """An outcome of ours is stored: what each path is may have changed, unless it was a sentinel's."""
        if judged.outcome.trigger is not model.Trigger.SENTINEL:
            self._board.add(judged)
            if self._reloading.locked():
                self._arrived.append(judged)
            await self._publish()
        self.on_outcome(judged)

    async def _hear(self) -> None:
        """Take in own traffic, and say what it changes."""
        try:
            told = await asyncio.to_thread(self._own.take, self.tools.config)
        except records.RecordsError as error:
            log.error("own traffic not taken in yet reason=%s", error)  # noqa: TRY400 - the reason says it all
            return
        for news in told:
            self._board.add(news.judged, news.replaces)
        if told:
            await self._publish()

    async def _keep(self) -> None:
        """Keep the data of years in order; never in the way of a canary."""
        tools = self.tools
        work = functools.partial(keeping.turn, sleep=time.sleep, stopping=lambda: self.underway.stopping)
        try:
            await asyncio.to_thread(work, tools.config, tools.book, tools.clock.now())
        except records.RecordsError as error:
            log.error("not kept in order reason=%s", error)  # noqa: TRY400 - the reason says it all

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
                note=self.note,
            )
        except records.RecordsError as error:
            log.error("no heartbeat reason=%s", error)  # noqa: TRY400 - the reason says it all
        self._look_at_wal()
        healthy = sum(state.state is model.State.HEALTHY for state in self.states)
        words = f"{healthy} of {len(self.states)} paths healthy, {len(self.underway.in_flight)} requests in flight"
        sdnotify.send(STATUS=f"{words}; {self.note}" if self.note else words)

    def _look_at_wal(self) -> None:
        """Say that the -wal file grows, at its first health.LARGE_WAL_BYTES and whenever it has doubled."""
        size = self.tools.book.wal_bytes()
        if size < health.LARGE_WAL_BYTES:
            self._told_wal_bytes = 0
        elif size >= 2 * self._told_wal_bytes:
            self._told_wal_bytes = size
            log.warning("the -wal file grows megabytes=%d reason=another program reads on and on", size >> 20)

    async def _publish(self) -> None:
        """Say what each path is now, for `status`; a request in flight that hangs is evidence already."""
        now = self.tools.clock.now()
        pending = [channels.Pending(path, since) for path, since in self.underway.in_flight.items()]
        due = {line.path: self._slots.next_at(line) for line in self.plan.lines}
        found = self._board.states(now, pending)
        self.states = tuple(dataclasses.replace(state, next_at=due.get(state.path)) for state in found)
        try:
            await asyncio.to_thread(self.tools.book.publish, self.states, now)
        except records.RecordsError as error:
            log.error("states not published reason=%s", error)  # noqa: TRY400 - the reason says it all
        await self._desk.see(self.states, self._board, now)

    def reload(self) -> None:
        """Read the config and its keys again, now."""
        self.underway.start(self._reload())

    async def _look(self) -> None:
        """Reload where a file of the config has changed."""
        if await asyncio.to_thread(self._files.changed):
            await self._reload()

    async def _reload(self) -> None:
        """Take over the config as its files are now, whole or not at all.

        1. read and check it, with its keys; what is wrong is said in log and status, and nothing changes;
        2. rebuild the states by it, so that paths that stay keep theirs;
        3. put it in force in one step; requests in flight end with what they began with.
        """
        if self.underway.stopping:
            return
        async with self._reloading:
            sdnotify.reloading()
            self._arrived.clear()
            try:
                tools = await asyncio.to_thread(reload.load, self.tools)
                known = await asyncio.to_thread(memory.recall, tools.config, tools.clock.now())
            except configs.ConfigError as error:
                self.note = f"{rows.NOT_RELOADED}: {'; '.join(error.faults)}"
                log.error("not reloaded reason=%s", error)  # noqa: TRY400 - the reason says it all
            except records.RecordsError as error:
                self._files.again()
                log.error("not reloaded yet reason=%s", error)  # noqa: TRY400 - as above
            except Exception:
                self.note = f"{rows.NOT_RELOADED}: a bug, see the log"
                log.exception("bug in reload")
            else:
                for judged in self._arrived:
                    if judged.outcome.id not in known.latest:
                        known.board.add(judged)
                self._take_over(tools, known)
            sdnotify.send(READY=1)
        await self._beat()

    def _take_over(self, tools: "Tools", known: memory.Memory) -> None:
        """Put a new config in force, with the states that history gives by it."""
        # Whatever is in flight ends with the connections and the key that it began with.
        self.underway.start(run.close(self.tools, after=set(self.underway.tasks)))
        self.tools, self._board, self._own.after, self.note = tools, known.board, known.arrived, ""
        self.plan = plan.plan(tools.config)
        self.underway.use(tools, self.plan)
        self._files = reload.Files(tools.config)
        self._desk.use(tools.config)
        self.on_reload(tools)
        log.info("reloaded digest=%s paths=%d", tools.config.digest[:12], len(self.plan.lines))


def until_next_second_s(at: "dt.datetime") -> float:
    """Slots begin at whole seconds: ticks just after them find each at once."""
    return 1.002 - at.microsecond / 1e6
