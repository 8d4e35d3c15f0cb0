"""What this machine offers: the database and its library, the disk, the daemon that runs, the clock."""

import datetime as dt
import os
import pathlib
import shutil
import sqlite3
import statistics
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from probe import plan, records
from probe.doctor import finding
from probe.records import health, history, rows

if TYPE_CHECKING:
    from probe.config import schema

OUTCOME_BYTES = 2500
"""What one canary adds to the database, evidence and indexes included (measured: 1.9 to 2.4 kB)."""

LEAST_FREE_BYTES = 200 * 2**20
"""With less than this something else may fill the disk at any moment."""

MOST_AHEAD_S = 10.0
"""A clock further off than this dates failures wrongly against the gateways' logs."""


def examine(config: "schema.Config", now: dt.datetime) -> Iterator[finding.Finding]:
    """Database, SQLite, disk and daemon, by the files alone."""
    path = config.database
    yield from database(path, now)
    yield sqlite()
    yield disk(path.parent, plan.plan(config))
    yield daemon(config, path, now)


def database(path: pathlib.Path, now: dt.datetime) -> Iterator[finding.Finding]:
    try:
        found = health.look(path)
    except records.RecordsError as error:
        yield finding.fault("database", str(error))
        return
    if not os.access(path.parent, os.W_OK) or (found and not os.access(path, os.W_OK)):
        yield finding.fault("database", f"{path}: cannot be written by this user; mend the permissions")
    if found is None:
        yield finding.ok("database", f"{path}: does not exist yet; the daemon makes it")
        return
    yield finding.ok(
        "database",
        f"{path}: quick_check ok, schema {found.version}, {found.outcomes:,} outcomes, "
        f"{found.size_bytes / 1e6:,.1f} MB + {found.wal_bytes / 1e6:,.1f} MB in its -wal file",
    )
    if found.miscounted:
        text = (
            f"{found.miscounted} roll-ups differ from the outcomes they count: another program wrote here. "
            "`tierwatch recover FILE` counts them anew, in a new file"
        )
        yield finding.fault("database", text)
    if found.wal_bytes >= health.LARGE_WAL_BYTES:
        text = f"{path}-wal grows: a program reads the database without end; find it with `fuser -v {path}` and end it"
        yield finding.fault("database", text)
    if found.unknown_outcomes:
        text = f"{found.unknown_outcomes} requests of unknown outcome: cut off by a crash or stop, counted as spent"
        yield finding.note("database", text)
    if found.budget_day > now.date().isoformat():
        text = (
            f"the budget day is {found.budget_day}, in the future: the clock was ahead once. "
            "That day's budget pays until the clock has been right for 24 hours"
        )
        yield finding.fault("database", text)


def sqlite() -> finding.Finding:
    version = sqlite3.sqlite_version
    if not health.has_wal_reset_bug():
        return finding.ok("sqlite", f"SQLite {version}")
    return finding.note(
        "sqlite",
        f"SQLite {version} has the WAL-reset bug (mended in 3.51.3, 3.50.7 and 3.44.6): two connections that write "
        "and checkpoint at once may lose commits. tierwatch does both under one lock, so it is not met here; "
        "let no other program write the database",
    )


def disk(folder: pathlib.Path, drawn: plan.Plan) -> finding.Finding:
    try:
        free_bytes = shutil.disk_usage(folder).free
    except OSError as error:
        return finding.fault("disk", f"{folder}: {error.strerror}; make the folder")
    a_year_bytes = 365 * OUTCOME_BYTES * sum(line.canaries_per_day for line in drawn.lines)
    text = f"{free_bytes / 1e9:,.1f} GB free under {folder}; a year of this plan takes {a_year_bytes / 1e9:,.1f} GB"
    if free_bytes < LEAST_FREE_BYTES + a_year_bytes / 12:
        return finding.fault("disk", f"{text}. Free some space: nothing is sent that cannot be recorded")
    return finding.ok("disk", text)


def daemon(config: "schema.Config", path: pathlib.Path, now: dt.datetime) -> finding.Finding:
    """Does one run, is it alive, and does it use this config?"""
    try:
        pid = health.daemon_pid(path)
        if pid is None:
            return finding.note("daemon", "none runs; start it with `tierwatch daemon`")
        with history.open(path) as past:
            beat = past.heartbeat()
    except records.RecordsError as error:
        return finding.fault("daemon", str(error))
    return sign_of_life(pid, beat, config.digest, now)


def sign_of_life(pid: str, beat: rows.Heartbeat | None, digest: str, now: dt.datetime) -> finding.Finding:
    if beat is None:
        return finding.note("daemon", f"PID {pid} has just started")
    age_s = (now - beat.at).total_seconds()
    if beat.stale(now):
        return finding.fault("daemon", f"PID {pid} runs and gave no sign of life for {age_s:.0f} s; restart it")
    if beat.note:
        return finding.fault("daemon", f"PID {pid}: {beat.note}")
    if beat.digest != digest:
        return finding.fault("daemon", f"PID {pid} runs with an older config; `kill -HUP {pid}` makes it read this one")
    return finding.ok("daemon", f"PID {pid} runs with this config, last sign of life {age_s:.0f} s ago")


def clock(ahead_s: Sequence[float]) -> finding.Finding:
    """This machine's clock against the dates of the answers; their median, so that no one host decides."""
    if not ahead_s:
        return finding.note("clock", "not compared: no answer carried a date")
    off_s = statistics.median(ahead_s)
    hosts = f"{len(ahead_s)} answer{'s' if len(ahead_s) > 1 else ''}"
    if abs(off_s) <= MOST_AHEAD_S:
        return finding.ok("clock", f"within {MOST_AHEAD_S:.0f} s of the dates of {hosts}")
    side = "ahead of" if off_s > 0 else "behind"
    return finding.fault("clock", f"{abs(off_s):,.0f} s {side} the dates of {hosts}; set it, by NTP if you can")
