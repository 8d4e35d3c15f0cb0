"""The database file: its locks, its checks, its connections, and its errors in words."""

import contextlib
import fcntl
import os
import pathlib
import sqlite3
import stat
import time
from collections.abc import Iterator

from probe.records import errors, schema

LOCK_WAIT_S = 60.0
"""How long a write waits for another process before it gives up."""

CHECK_UP_TO_BYTES = {"writer": 512 << 20, "reader": 16 << 20}
"""Larger files are not checked page by page when opened: that reads the whole file, a millisecond for about 1 MB.

Unchecked, a damaged page may be read as fewer rows, or as outcomes without their evidence, with no error from SQLite.
"""

REMEDIES = {
    "SQLITE_FULL": "the disk is full; free some space",
    "SQLITE_IOERR_SHMSIZE": "the disk is full; free some space",
    "SQLITE_IOERR": "the disk reports an I/O error; look at the system log",
    "SQLITE_READONLY": "the file or its file system is read-only; make it writable",
    "SQLITE_BUSY": "another program holds it locked; close that program",
    "SQLITE_LOCKED": "another program holds it locked; close that program",
    "SQLITE_CANTOPEN": "the file or its folder cannot be opened; check that they exist, and their permissions",
    "SQLITE_PERM": "permission denied; check the permissions of the file and its folder",
    "SQLITE_NOMEM": "memory is exhausted",
}
"""Faults that may pass, by SQLite's own name (its extended names begin with these), each with its remedy."""


class HeldError(errors.UnavailableError):
    """Another process holds the lock."""


@contextlib.contextmanager
def lock(path: pathlib.Path, wait_s: float) -> Iterator[None]:
    """Hold the lock file `path` alone; raises HeldError when another process still does after `wait_s`.

    The kernel frees a flock when its process ends, however it ends.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise unavailable(error, path) from error
    try:
        give_up_at = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= give_up_at:
                    raise HeldError(
                        f"{path}: another process has held this lock for {wait_s:g} s. "
                        f"See which with `fuser -v {path}`; end it if it hangs."
                    ) from None
                time.sleep(0.01)
            except OSError as error:
                raise unavailable(error, path) from error
        yield
    finally:
        os.close(descriptor)


def lock_path(path: pathlib.Path) -> pathlib.Path:
    """The lock file every writer of this database holds while it writes."""
    return path.with_name(path.name + ".lock")


def daemon_lock_path(path: pathlib.Path) -> pathlib.Path:
    """The lock file that the one daemon of this database holds while it runs; its PID stands in it."""
    return path.with_name(path.name + ".daemon.lock")


def exists(path: pathlib.Path) -> bool:
    """Does a file lie there? Raises RecordsError where it is a folder, or where that cannot be known."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise errors.RecordsError(
            f"{path}: cannot be looked at: {error.strerror}. Check the permissions of its folder, or name another file."
        ) from error
    if stat.S_ISDIR(mode):
        raise errors.RecordsError(f"{path}: is a folder. Name a file.")
    return True


def file_identity(path: pathlib.Path) -> tuple[int, int] | None:
    """Which file lies at a path (device, inode); None: there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def wal_path(path: pathlib.Path) -> pathlib.Path:
    """The file in which SQLite keeps what was written last, until it is written back into the database."""
    return path.with_name(path.name + "-wal")


def wal_bytes(path: pathlib.Path) -> int:
    """Size of the -wal file; 0: there is none, or nothing in it (readers leave an empty one behind)."""
    wal = wal_path(path)
    return wal.stat().st_size if wal.exists() else 0


def writer(path: pathlib.Path, wait_s: float) -> sqlite3.Connection:
    """A connection that writes durably: WAL, synchronous=FULL, no checkpoint but ours. For callers that hold the lock.

    The file must exist. FULL because NORMAL loses acknowledged rows at power loss; no automatic
    checkpoints because SQLite up to 3.51.2 may lose commits when two connections write and checkpoint
    at once (sqlite.org/wal.html#walresetbug). Several threads may use it in turn. It waits `wait_s` for a
    program that writes without our lock.
    """
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw", uri=True, timeout=wait_s, isolation_level=None, check_same_thread=False
    )
    try:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 0", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def reader(path: pathlib.Path) -> tuple[sqlite3.Connection, bool]:
    """A connection that cannot write, and whether it reads the main file alone (`immutable`).

    It does where SQLite cannot create or write the files beside the database, as on a read-only file
    system or a full disk: rows that still wait in the -wal file are then not seen.
    """
    for immutable in (False, True):
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode=ro{'&immutable=1' if immutable else ''}", uri=True, isolation_level=None
        )
        try:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            connection.close()
            if immutable or not name(error).startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_IOERR_SHM")):
                raise
        except BaseException:
            connection.close()
            raise
        else:
            return connection, immutable
    raise AssertionError("unreachable: the second turn returns or raises")


def check(connection: sqlite3.Connection, path: pathlib.Path, role: str) -> int:
    """Is this a sound database of ours? Returns its schema version; raises RecordsError.

    `role` is `writer` or `reader`: a reader checks small files only, to stay fast.
    """
    version = identify(connection, path)
    if path.stat().st_size <= CHECK_UP_TO_BYTES[role]:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise damaged(path, found)
    return version


def identify(connection: sqlite3.Connection, path: pathlib.Path) -> int:
    """The schema version of a database of ours; raises RecordsError for another program's."""
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application_id != schema.APPLICATION_ID:
        raise foreign(path)
    return int(version)


def refuse_newer(version: int, path: pathlib.Path) -> None:
    """Raise RecordsError where a later version of this program has written the database."""
    if version > schema.VERSION:
        raise errors.RecordsError(
            f"{path}: has schema {version}, and this program writes schema {schema.VERSION}. "
            "Upgrade tierwatch, or name another database; reports can still read it."
        )


def foreign(path: pathlib.Path) -> errors.RecordsError:
    return errors.RecordsError(
        f"{path}: is not a tierwatch database. Nothing was changed. "
        "Name another file as `database` in config.toml, or move this one away."
    )


def damaged(path: pathlib.Path, found: object) -> errors.RecordsError:
    return errors.RecordsError(
        f"{path}: is damaged ({' '.join(str(found).split())}). Nothing was changed. "
        "Restore a backup, or save what is readable with `tierwatch recover`."
    )


def unavailable(error: OSError, path: pathlib.Path) -> errors.UnavailableError:
    return errors.UnavailableError(
        f"{path}: cannot be written: {error.strerror or error}. Check that its folder exists, "
        "its permissions, and the space left on the disk."
    )


def name(error: sqlite3.Error) -> str:
    """SQLite's own name of an error, such as SQLITE_BUSY_SNAPSHOT; "" where Python raised it."""
    return getattr(error, "sqlite_errorname", "") or ""


def explain(error: sqlite3.Error, path: pathlib.Path, doing: str) -> errors.RecordsError:
    """Our error for one of SQLite's: UnavailableError where it may pass, else one that names the remedy."""
    code = name(error)
    for known, remedy in REMEDIES.items():
        if code.startswith(known):
            return errors.UnavailableError(f"{path}: could not {doing}: {remedy} ({code}).")
    if code.startswith("SQLITE_NOTADB"):
        return foreign(path)
    if code.startswith("SQLITE_CORRUPT"):
        return damaged(path, error)
    return errors.RecordsError(f"{path}: could not {doing}: {error} ({code or type(error).__name__}).")


def refuse_existing(target: pathlib.Path) -> None:
    """Raise RecordsError where a file lies at `target`, or none can."""
    if exists(target):
        raise errors.RecordsError(f"{target}: exists already and is never overwritten. Name a new file.")
