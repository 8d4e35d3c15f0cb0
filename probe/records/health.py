"""How the database is, told without changing anything: file, schema, damage, the SQLite library, who writes it."""

import contextlib
import dataclasses
import fcntl
import os
import pathlib
import sqlite3

from probe.records import database, errors, rollups, schema

WAL_RESET_FIXED = (3, 51, 3)
WAL_RESET_BACKPORTS = ((3, 44, 6), (3, 50, 7))
"""Releases without the WAL-reset bug: these, later ones of the same branch, and everything from 3.51.3 on.

Source: sqlite.org/wal.html#walresetbug.
"""


LARGE_WAL_BYTES = 64 << 20
"""A -wal file grows to this only where another program reads the database without end."""


@dataclasses.dataclass(frozen=True, slots=True)
class Health:
    """What was found in a sound database."""

    size_bytes: int
    wal_bytes: int
    version: int  # of its schema
    outcomes: int
    unknown_outcomes: int  # paid requests whose answer a crash lost
    budget_day: str  # the UTC day that pays now; "" where nothing was sent yet
    miscounted: int  # roll-ups that differ from the rows
    immutable: bool  # read without its -wal file, since nothing can be written beside it


def look(path: pathlib.Path) -> Health | None:
    """Check every page (`quick_check`) and every roll-up, seconds for a million outcomes; None: there is no file yet.

    Raises RecordsError where it is damaged, not ours, or of a newer schema; roll-ups of an older one are not checked.
    """
    path = path.resolve()
    if not database.exists(path):
        return None
    try:
        connection, immutable = database.reader(path)
        with contextlib.closing(connection):
            connection.execute("BEGIN")  # all of it at one moment, beside a daemon that writes
            version = database.identify(connection, path)
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise database.damaged(path, found)
            database.refuse_newer(version, path)
            (outcomes,) = connection.execute("SELECT count(*) FROM outcome").fetchone()
            (unknown,) = connection.execute("SELECT count(*) FROM intent WHERE state = 'unknown_outcome'").fetchone()
            day = connection.execute("SELECT day FROM budget").fetchone()
            miscounted = len(rollups.differences(connection)) if version == schema.VERSION else 0
    except sqlite3.Error as error:
        raise database.explain(error, path, "read the database") from error
    size_bytes, wal_bytes = path.stat().st_size, database.wal_bytes(path)
    return Health(size_bytes, wal_bytes, version, outcomes, unknown, day[0] if day else "", miscounted, immutable)


def has_wal_reset_bug(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Can this SQLite lose commits when two connections write and checkpoint at once?"""
    if version >= WAL_RESET_FIXED or version < (3, 7, 0):
        return False
    return not any(version[:2] == fixed[:2] and version >= fixed for fixed in WAL_RESET_BACKPORTS)


def daemon_pid(path: pathlib.Path) -> str | None:
    """The PID of the daemon that holds this database; None: none does. Raises UnavailableError where that is hidden."""
    beside = database.daemon_lock_path(path.resolve())
    try:
        descriptor = os.open(beside, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise errors.UnavailableError(f"{beside}: cannot be read: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
    finally:
        os.close(descriptor)
    return None
