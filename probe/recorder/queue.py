"""The bounded queue between a program and its spool file, and the thread that writes it."""

import atexit
import collections
import json
import logging
import os
import pathlib
import threading
import time
from typing import Any

MOST_WAITING = 1_000
MOST_WAITING_BYTES = 64 * 2**20
"""Of request bodies that wait to be hashed; beyond either bound requests are dropped and counted."""

log = logging.getLogger("tierwatch.recorder")


class Queue:
    """What waits to be written to one spool folder."""

    def __init__(self, spool: pathlib.Path) -> None:
        self.spool = spool
        self._start()

    def _start(self) -> None:
        """Empty and without a thread, as at first or after a fork."""
        self.dropped = 0
        self._untold = 0  # dropped, and not yet said in the file
        self._items: collections.deque[tuple[Any, int]] = collections.deque()
        self._bytes = 0
        self._writing = False
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None

    def put(self, item: Any, weight: int) -> None:
        """Never waits for the disk."""
        with self._change:
            if len(self._items) >= MOST_WAITING or self._bytes + weight > MOST_WAITING_BYTES:
                self.dropped += 1
                self._untold += 1
                return
            self._items.append((item, weight))
            self._bytes += weight
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="tierwatch-recorder", daemon=True)
                self._thread.start()
            self._change.notify_all()

    def flush(self, timeout_s: float) -> bool:
        """Wait until nothing waits; False where that took longer."""
        with self._change:
            return self._change.wait_for(lambda: not self._items and not self._writing, timeout_s)

    def _take(self) -> tuple[Any, int]:
        """The next item, and how many were dropped since the last one."""
        with self._change:
            self._writing = False
            self._change.notify_all()
            self._change.wait_for(lambda: bool(self._items))
            item, weight = self._items.popleft()
            self._bytes -= weight
            self._writing = True
            untold, self._untold = self._untold, 0
            return item, untold

    def _run(self) -> None:
        """Write for as long as the program lives. What cannot be written is dropped."""
        from probe.recorder import facts, spooling  # noqa: PLC0415 - in this thread, not at the program's start

        file = spooling.File(self.spool)
        while True:
            item, untold = self._take()
            lost = 1
            try:
                line = facts.line(item, file.key)
                lost = 0 if line is None else 1
                note = {"schema_version": facts.SCHEMA_VERSION, "dropped": untold} if untold else None
                told = [json.dumps(each, ensure_ascii=False) for each in (line, note) if each is not None]
                if not told or file.write(told):
                    continue
            except Exception:  # the program must not notice
                log.debug("not recorded", exc_info=True)
            with self._change:
                self.dropped += lost
                self._untold += lost + untold


_QUEUES: dict[str, Queue] = {}
_LOCK = threading.Lock()


def to(spool: str) -> Queue:
    """The queue of a spool folder: one in each process."""
    name = os.path.abspath(os.path.expanduser(spool))  # noqa: PTH100, PTH111 - pathlib raises where there is no home
    with _LOCK:
        if name not in _QUEUES:
            _QUEUES[name] = Queue(pathlib.Path(name))
        return _QUEUES[name]


def flush(timeout_s: float) -> bool:
    """Flush every queue within this time in all."""
    until_s = time.monotonic() + timeout_s
    done = [each.flush(max(0.0, until_s - time.monotonic())) for each in _QUEUES.values()]
    return all(done)


def dropped() -> int:
    return sum(each.dropped for each in _QUEUES.values())


def _after_fork() -> None:
    """A child has neither the thread nor the locks of its parent, and a file of its own."""
    global _LOCK  # noqa: PLW0603 - the parent may have held it
    _LOCK = threading.Lock()
    for each in _QUEUES.values():
        each._start()  # noqa: SLF001 - ours


os.register_at_fork(after_in_child=_after_fork)
atexit.register(flush, 2.0)
