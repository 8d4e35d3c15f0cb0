"""From the outbox to the services: at least once, with back-off through restarts, in order within an incident, never a flood."""

import asyncio
import collections
import concurrent.futures
import datetime as dt
import functools
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from probe.alerts import news, sending, text
from probe.config import secrets
from probe.records import outbox, told

log = logging.getLogger("tierwatch")

Send = Callable[[secrets.Secret, str, str, sending.Tone], str]
"""`sending.send`, or what a test puts in its place."""

FIRST_RETRY_S, LAST_RETRY_S = 60.0, 3600.0
"""Waits after failed attempts: doubling from the first to the last. The first is longer than any attempt may take."""

EXPIRY = dt.timedelta(days=7)
"""A message that cannot be delivered for so long is given up."""

PER_HOUR = 10
"""So many messages an hour and address; more come as one."""

DIGEST_EVERY = dt.timedelta(minutes=15)
LATE = dt.timedelta(minutes=30)
"""Messages that waited so long (quiet hours, a service that was down) come as one."""

HOUR = dt.timedelta(hours=1)
SENDERS = 8


def batches(
    due: Sequence[told.Message], sent_at: Sequence[dt.datetime], at: dt.datetime
) -> list[tuple[told.Message, ...]]:
    """What goes to one address now, each batch as one message; `sent_at` says when it got one in the last hour."""
    allowance = PER_HOUR - len(sent_at)
    if allowance <= 0 and at - max(sent_at) < DIGEST_EVERY:
        return []
    if len(due) > max(allowance, 1):
        return [tuple(due)]
    late = tuple(message for message in due if at - message.made_at >= LATE)
    fresh = [(message,) for message in due if message not in late]
    return [late, *fresh] if late else [*fresh]


def ready(waiting: Sequence[told.Message], at: dt.datetime) -> Iterator[told.Message]:
    """Those that are due, in order within an incident; what is severe does not wait for what quiet hours hold back."""
    held: set[tuple[str, int | None]] = set()
    for message in waiting:
        about = (message.destination, message.incident)
        if message.due_at <= at and (message.severe or about not in held):
            yield message
        elif message.incident is not None:
            held.add(about)


def again_at(message: told.Message, at: dt.datetime) -> dt.datetime:
    """When to try a message again that is tried now."""
    wait_s = min(FIRST_RETRY_S * 2.0 ** min(message.attempts, 30), LAST_RETRY_S)
    return at + dt.timedelta(seconds=wait_s)


TONES: Mapping[str, sending.Tone] = MappingProxyType({news.Event.RECOVERED: "success", news.Event.ROUTE: "info"})


def tone(batch: Sequence[told.Message]) -> sending.Tone:
    """The gravest of a batch."""
    if any(message.severe for message in batch):
        return "failure"
    tones = {TONES.get(message.event, "warning") for message in batch}
    return tones.pop() if len(tones) == 1 else "warning"


class Delivery:
    """Sends what waits; one round at a time."""

    def __init__(self, box: outbox.Outbox, now: Callable[[], dt.datetime], send: Send = sending.send) -> None:
        self._box, self._now, self._send = box, now, send
        self.addresses: Mapping[str, secrets.Secret] = {}
        self.zone: dt.tzinfo = dt.UTC
        self._turn = asyncio.Lock()
        # Threads of its own: services that hang must not hold up what the daemon has to write.
        self._senders = concurrent.futures.ThreadPoolExecutor(SENDERS, "alerts")

    async def round(self) -> None:
        """Send what is due: addresses side by side, each its messages in order. Raises RecordsError."""
        async with self._turn:
            waiting = await asyncio.to_thread(self._box.waiting)
            if not waiting:
                return
            at = self._now()
            lost = [each for each in waiting if at - each.made_at > EXPIRY or each.destination not in self.addresses]
            if lost:
                await asyncio.to_thread(
                    self._box.drop, lost, at, "given up: 7 days old, or its address left config.toml"
                )
                log.error("alerts given up count=%d see=tierwatch alerts list", len(lost))
            sent = await asyncio.to_thread(self._box.sent_since, at - HOUR)
            due = collections.defaultdict[str, list[told.Message]](list)
            for message in ready([each for each in waiting if each not in lost], at):
                due[message.destination].append(message)
            await asyncio.gather(
                *(self._address(name, batches(messages, sent.get(name, ()), at)) for name, messages in due.items())
            )

    def close(self) -> None:
        """Let its threads end; call it after the last round."""
        self._senders.shutdown(wait=False)

    async def _address(self, name: str, wanted: Sequence[tuple[told.Message, ...]]) -> None:
        """Its messages one after another, until one fails."""
        for batch in wanted:
            if not await self._batch(name, batch):
                return

    async def _batch(self, name: str, batch: tuple[told.Message, ...]) -> bool:
        """Claim, send, settle; was it delivered?"""
        at = self._now()
        taken = await asyncio.to_thread(self._box.claim, batch, [again_at(each, at) for each in batch])
        if not taken:
            return True
        letter = text.Letter(taken[0].title, taken[0].body) if len(taken) == 1 else text.digest(taken, self.zone)
        sending_it = functools.partial(self._send, self.addresses[name], *letter, tone(taken))
        failure = await asyncio.get_running_loop().run_in_executor(self._senders, sending_it)
        await asyncio.to_thread(self._box.settle, taken, self._now(), failure)
        if failure:
            log.warning("alert not delivered to=%s attempts=%d reason=%s", name, taken[0].attempts, failure)
        return not failure
