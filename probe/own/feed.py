"""What the daemon hears of own traffic: the spool, taken in here, and what other commands have stored."""

import datetime as dt
import logging
import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from probe.own import files, spool
from probe.records import history

if TYPE_CHECKING:
    from probe.config import schema
    from probe.records import Records, rows

log = logging.getLogger("tierwatch")


class Feed:
    """`after` is the arrival up to which everything has been given out already."""

    def __init__(self, book: "Records", now: Callable[[], dt.datetime]) -> None:
        self._book, self._now = book, now
        self._unreadable: set[pathlib.Path] = set()  # told once
        self.after = 0

    def take(self, config: "schema.Config") -> tuple["rows.News", ...]:
        """Take in what the spool holds; all own outcomes that arrived since the last call, by time of sending.

        Raises RecordsError where nothing can be stored now: the spool keeps it.
        """
        folder = pathlib.Path(config.monitor.spool)
        if any(spool.waiting(folder)):
            self._spool(config, folder)
        with history.open(config.database) as past:
            self.after, new = past.traffic.after(self.after)
        return new

    def _spool(self, config: "schema.Config", folder: pathlib.Path) -> None:
        try:
            key = spool.share_key(folder, self._book)
        except spool.KeyUnknownError as error:
            self._tell(folder, error)
            return
        for path in spool.waiting(folder):
            with history.open(config.database) as past:
                self._file(config, past, key, path)

    def _tell(self, path: pathlib.Path, error: Exception) -> None:
        """Once, what cannot be read and why."""
        if path not in self._unreadable:
            log.warning("spool not read path=%s reason=%s", path, error)
            self._unreadable.add(path)

    def _file(self, config: "schema.Config", past: history.History, key: bytes, path: pathlib.Path) -> None:
        try:
            tally = spool.take_file(config, self._book, past, self._now, key, path)
        except (OSError, files.NotLinesError) as error:
            self._tell(path, error)
            return
        if tally.new or tally.bad or tally.unmapped or tally.dropped:
            log.info(
                "own traffic file=%s new=%d known=%d unmapped=%d bad=%d dropped=%d",
                path.name, tally.new, tally.known, tally.unmapped, tally.bad, tally.dropped,
            )  # fmt: skip
