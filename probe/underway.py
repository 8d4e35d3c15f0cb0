"""Canaries under way: each waits for a place, is paid for where the budget allows it, and is seen to its end."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from probe import extras, model, plan, prompts, records, run
from probe.records import history

if TYPE_CHECKING:
    import datetime as dt

log = logging.getLogger("tierwatch")


class Underway:
    """What is being sent, and how it ends: in peace, in a hurry, or cancelled.

    `came` is told of each outcome. A bug, there or here, is logged and must not stop the other paths.
    """

    def __init__(self, tools: run.Tools, drawn: plan.Plan, came: Callable[[model.Judged], Awaitable[None]]) -> None:
        self.busy: set[model.Path] = set()  # from its slot until it is stored
        self.in_flight: dict[model.Path, dt.datetime] = {}  # sent, with the time; sentinels are not among them
        self.tasks: set[asyncio.Task[None]] = set()
        self._came = came
        self._stopping = asyncio.Event()  # set by the first signal
        self._hurried = asyncio.Event()  # by the second
        self.use(tools, drawn)

    def use(self, tools: run.Tools, drawn: plan.Plan) -> None:
        """Send with these from now on; what is in flight ends with what it began with."""
        self._tools, self._plan = tools, drawn
        self._places = {channel.name: asyncio.Semaphore(channel.parallel) for channel in tools.config.channel}
        self._all_places = asyncio.Semaphore(tools.config.monitor.parallel)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this beside all else, and see to its end in the drain."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def canary(self, path: model.Path, trigger: model.Trigger, slot: int | None = None) -> None:
        """Send a canary as soon as there is a place; the path is busy until its outcome is stored."""
        self.busy.add(path)
        self.start(self._canary(path, trigger, slot))

    def sentinel(self, path: model.Path) -> None:
        """Send a sentinel, which neither holds up the path's canaries nor tells anything of its state."""
        self.start(self._sentinel(path))

    def skip(self, path: model.Path, slot: int, reason: model.SkipReason) -> None:
        """Write down that a slot was not sent."""
        self.start(self._skip(path, slot, reason))

    async def _canary(self, path: model.Path, trigger: model.Trigger, slot: int | None) -> None:
        try:
            async with self._place(path) as tools:
                if tools is None or (slot is None and not await self._affordable(tools, path, trigger)):
                    return
                now = self.in_flight[path] = tools.clock.now()
                judged = await run.probe(run.canary(tools.config, path, trigger, now, slot), tools)
            await self._came(judged)
        except records.SlotTaken:
            log.info("slot taken path=%s slot=%d reason=sent before a restart", path, slot)
        except records.BudgetExhausted as spent:
            if slot is not None:
                await self._skip(path, slot, model.SkipReason.BUDGET)
            log.warning("skipped path=%s trigger=%s reason=%s", path, trigger, spent)
        except records.RecordsError as error:
            log.error("not sent path=%s trigger=%s reason=%s", path, trigger, error)  # noqa: TRY400 - the reason says it all
        except Exception:
            log.exception("bug path=%s trigger=%s", path, trigger)
        finally:
            self.in_flight.pop(path, None)
            self.busy.discard(path)

    async def _sentinel(self, path: model.Path) -> None:
        trigger = model.Trigger.SENTINEL
        try:
            async with self._place(path) as tools:
                if tools is None:
                    return
                canary = run.canary(tools.config, path, trigger, tools.clock.now(), series=prompts.SENTINELS)
                judged = await run.probe(canary, tools)
            await self._came(judged)
        except (records.BudgetExhausted, records.RecordsError) as reason:
            log.warning("skipped path=%s trigger=%s reason=%s", path, trigger, reason)
        except Exception:
            log.exception("bug path=%s trigger=%s", path, trigger)

    @contextlib.asynccontextmanager
    async def _place(self, path: model.Path) -> AsyncIterator[run.Tools | None]:
        """Wait for a place; gives the tools in force by then, None where the path is not to be asked any more."""
        if path.channel not in self._places:  # a reload came in between
            yield None
            return
        async with self._places[path.channel], self._all_places:
            yield None if self.stopping or path not in self._tools.config.paths() else self._tools

    async def _affordable(self, tools: run.Tools, path: model.Path, trigger: model.Trigger) -> bool:
        """Does the day's budget allow a canary beside the grid now?"""
        now, price_usd = tools.clock.now(), tools.config.price_usd(path)

        def look() -> bool:
            with history.open(tools.config.database) as past:
                return extras.purse(tools.config, self._plan, past, now).allows(trigger, price_usd, now)

        return await asyncio.to_thread(look)

    async def _skip(self, path: model.Path, slot: int, reason: model.SkipReason) -> None:
        with contextlib.suppress(records.RecordsError):  # a skip that cannot be written is no reason to stop
            await asyncio.to_thread(self._tools.book.skip, path, slot, self._tools.clock.now(), reason)

    # --- the end -------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """First call: send nothing new. Second call: wait for nothing more."""
        if self.stopping:
            log.warning("cancelled in_flight=%d", len(self.in_flight))
            self._hurried.set()
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        """True once the drain has begun."""
        return self._stopping.is_set()

    async def stopped(self) -> None:
        """Wait for the first call of `stop`."""
        await self._stopping.wait()

    async def drain(self) -> None:
        """Wait for requests in flight up to the grace time, then cancel them."""
        grace_s = self._tools.config.monitor.shutdown_grace
        if self.in_flight:
            log.info("draining in_flight=%d grace_s=%.0f", len(self.in_flight), grace_s)
        if self.tasks:
            await self.patiently(asyncio.wait(set(self.tasks)), grace_s / self._tools.clock.speed)
        late = set(self.tasks)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def patiently(self, work: Coroutine[Any, Any, object], within_s: float) -> None:
        """Do this until it is done, for so many real seconds at most, and never beyond the second signal."""
        working, hurried = asyncio.create_task(work), asyncio.create_task(self._hurried.wait())
        await asyncio.wait({working, hurried}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        for task in (working, hurried):
            task.cancel()
        await asyncio.gather(working, hurried, return_exceptions=True)
