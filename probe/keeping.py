"""Data for years: closed months are smoothed and kept, and outcomes past their time removed, bit by bit at night."""

import dataclasses
import datetime as dt
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from probe import model
from probe.config import hours
from probe.inference import months, segments
from probe.records import archive, columns, history

if TYPE_CHECKING:
    from probe import records
    from probe.config import schema

log = logging.getLogger("tierwatch")

OFF_PEAK = hours.parse("02:00-06:00")
"""When old outcomes are removed, in the time zone of `[alerts]`."""

BATCH = 250
"""Outcomes removed in one transaction: a few hundredths of a second, in which other writes wait."""

PAUSE_S = 0.5
"""Between two of them, for everybody else."""

MOST = 20_000
"""Outcomes removed in one turn; the next turn goes on."""


@dataclasses.dataclass(frozen=True, slots=True)
class Cut:
    """Outcomes sent before `since` have had their time, failures those before `failures_since`."""

    since: dt.datetime
    failures_since: dt.datetime


def turn(
    config: "schema.Config",
    book: "records.Records",
    now: dt.datetime,
    *,
    sleep: Callable[[float], None],
    stopping: Callable[[], bool],
) -> None:
    """One turn of the daemon: close what can be closed, and at night remove what is past its time.

    Seconds of work, in transactions of hundredths; ends early when the daemon stops. Raises RecordsError.
    """
    for begin in closable(config, now):
        if stopping():
            return
        close(config, book, begin)
    if OFF_PEAK.until(now, hours.zone(config.alerts.timezone)):
        removed = remove(config, book, now, most=MOST, sleep=sleep, stopping=stopping)
        if removed:
            log.info("removed outcomes=%d reason=older than [monitor] keep_outcomes, counted in roll-ups", removed)


# --- closed months ----------------------------------------------------------------------------------------------------


def closable(config: "schema.Config", now: dt.datetime) -> tuple[dt.datetime, ...]:
    """The beginnings of the months that are over, and not stored yet.

    Over by the clock and by what was stored since: a clock that runs ahead for an hour closes nothing.
    """
    with history.open(config.database) as past:
        over = [begin for begin in past.archived.months_open() if months.after(begin) + months.MARGIN <= now]
        days = past.archived.days() if over else ()
    return tuple(begin for begin in over if sum(day >= months.after(begin) for day in days) >= months.MARGIN.days)


def close(config: "schema.Config", book: "records.Records", begin: dt.datetime) -> None:
    """Smooth the month that began then, and keep what it was like."""
    with history.open(config.database) as past:
        pieces = smoothed(past, begin)
    book.archive.keep_month(pieces)


def smoothed(past: history.History, begin: dt.datetime) -> dict[model.Path, months.Piece]:
    """The month of every path that was watched in it."""
    import numpy as np  # noqa: PLC0415 - kept off the start of the daemon

    until = months.after(begin)
    sent: dict[model.Path, np.ndarray] = {}
    failed: dict[model.Path, np.ndarray] = {}
    sampled: dict[model.Path, np.ndarray] = {}
    for path in past.paths():
        rows = list(past.cells(begin - months.MARGIN, until + months.MARGIN, path=path))
        told = [
            (sent_at, kind != model.Kind.OK, trigger in model.SAMPLE_TRIGGERS)
            for trigger, sent_at, kind, excluded, *_ in rows
            if trigger != model.Trigger.OWN_TRAFFIC
            and model.health_of(columns.KINDS[kind], columns.EXCLUSIONS[excluded]) is not None
        ]
        if told:
            at, bad, sample = zip(*told, strict=True)
            sent[path] = np.array(at, dtype="datetime64[ms]").astype(np.int64) / 1000
            failed[path], sampled[path] = np.array(bad), np.array(sample)
    found = segments.past(
        {path: segments.Signals(sent[path], failed[path]) for path in sent},
        begin,
        until,
        before=months.MARGIN,
        after=months.MARGIN,
    )
    return {
        path: months.piece(each, until, sent[path][sampled[path]], failed[path][sampled[path]])
        for path, each in found.items()
    }


# --- what is past its time --------------------------------------------------------------------------------------------


def cut(config: "schema.Config", past: history.History, now: dt.datetime) -> Cut:
    """Where the time kept ends, at a whole day; never within or behind a month that is not closed yet.

    Age is told by the clock and by the days on which something was sent, whichever is less: a clock that runs
    ahead makes nothing old.
    """
    monitor, days = config.monitor, past.archived.days()
    today = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    def ends(kept_s: float) -> dt.datetime:
        kept = dt.timedelta(seconds=kept_s)
        return min(today - kept, *days[: kept.days][-1:])

    since = min([ends(monitor.keep_outcomes), *(each - months.MARGIN for each in past.archived.months_open())])
    return Cut(since, min(since, ends(monitor.keep_failures)))


def remove(
    config: "schema.Config",
    book: "records.Records",
    now: dt.datetime,
    *,
    most: int,
    sleep: Callable[[float], None],
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Remove up to so many outcomes that are past their time, and what hangs on none (`LOOSE`); how many outcomes.

    Raises RecordsError.

    1. say first that what is older counts in the roll-ups for good;
    2. then remove in small transactions with pauses, so that nobody waits long for the database.
    """
    with history.open(config.database) as past:
        found = cut(config, past, now)
        expired = past.archived.expired(found.since, found.failures_since, most)
    if expired:
        book.archive.keep_since(found.since)
    removed = 0
    for first in range(0, len(expired), BATCH):
        if stopping():
            return removed
        batch = expired[first : first + BATCH]
        book.archive.remove(batch)
        removed += len(batch)
        sleep(PAUSE_S)
    for table, loose in archive.LOOSE.items():
        before = found.failures_since if loose.with_failures else found.since
        while not stopping() and book.archive.remove_loose(table, before, BATCH) == BATCH:
            sleep(PAUSE_S)
    return removed
