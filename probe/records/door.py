"""The one door through which everything is written: opening, one durable transaction at a time, checkpoints."""

import contextlib
import itertools
import os
import pathlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

import sqlite_utils

from probe.records import database, errors, rollups, schema

T = TypeVar("T")

CHECKPOINT_BYTES = 4 << 20
"""The -wal file is written back into the database beyond this size."""


def open(path: pathlib.Path, wait_s: float) -> "Door":  # noqa: A001 - door.open
    """See `probe.records.open`.

    1. make the database where there is none;
    2. look at it through a connection that cannot write, so that a file we refuse stays as it is;
    3. open it for writing and bring an older schema up to date.
    """
    path = path.resolve()
    try:
        with database.lock(database.lock_path(path), wait_s):
            if not database.exists(path):
                create(path, wait_s)
            connection, _ = database.reader(path)
            with contextlib.closing(connection):
                version = database.check(connection, path, "writer")
            database.refuse_newer(version, path)
            connection = database.writer(path, wait_s)
            rollups.prepare(connection)
            if version < schema.VERSION:
                migrate(connection)
    except sqlite3.Error as error:
        raise database.explain(error, path, "open the database") from error
    except OSError as error:
        raise database.unavailable(error, path) from error
    return Door(path, connection, wait_s)


def create(path: pathlib.Path, wait_s: float) -> None:
    """Make the database under another name and move it into place whole, so that no crash leaves half of one."""
    if database.wal_bytes(path):
        raise errors.RecordsError(
            f"{database.wal_path(path)} exists without {path}, and may hold results. "
            "Put the database back beside it, or move it away."
        )
    new = path.with_name(path.name + ".new")
    for left_over in (new, new.with_name(new.name + "-wal"), new.with_name(new.name + "-shm")):
        left_over.unlink(missing_ok=True)
    new.touch()
    with contextlib.closing(database.writer(new, wait_s)) as connection:
        rollups.prepare(connection)
        migrate(connection)
    new.rename(path)
    sync_folder(path.parent)


def sync_folder(path: pathlib.Path) -> None:
    """Make the names in a folder durable."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the database to this program's schema, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    schema.migrate(utils_database(connection))
    connection.execute("COMMIT")


def utils_database(connection: sqlite3.Connection) -> sqlite_utils.Database:
    """sqlite-utils over a connection of our own.

    Given a path it would open the file with pysqlite3 where that is installed: another SQLite library,
    whose errors are not `sqlite3.Error`. Its plugins are not run.
    """
    return sqlite_utils.Database(connection, strict=True, execute_plugins=False)


class Door:
    """One connection that writes, for several threads, beside other processes that do the same."""

    def __init__(self, path: pathlib.Path, connection: sqlite3.Connection, wait_s: float) -> None:
        self.path = path
        self._connection = connection
        self._db = utils_database(connection)
        self._wait_s = wait_s
        self._file = database.file_identity(path)
        self._mutex = threading.Lock()

    def close(self) -> None:
        """Close the connection. The last one to close writes the -wal file back, so it holds the lock where it can."""
        with contextlib.ExitStack() as stack, self._mutex:
            with contextlib.suppress(errors.UnavailableError):  # SQLite's own locks still keep a close safe
                stack.enter_context(database.lock(database.lock_path(self.path), self._wait_s))
            self._connection.close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, for a question that must see what this process wrote last; SQLite's errors become RecordsError."""
        try:
            with self._mutex:
                yield self._connection
        except sqlite3.Error as error:
            raise database.explain(error, self.path, "read the database") from error

    @contextlib.contextmanager
    def writing(self, doing: str) -> Iterator[sqlite_utils.Database]:
        """One transaction under the lock: committed when the block ends, undone when it raises.

        `doing` completes "could not ..." where SQLite fails; raises UnavailableError where that may pass.
        """
        with self._mutex, database.lock(database.lock_path(self.path), self._wait_s):
            if database.file_identity(self.path) != self._file:
                raise errors.RecordsError(
                    f"{self.path}: was moved, removed or replaced while it was open. Nothing was written. "
                    "Put it back, or restart to use the new one."
                )
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                (version,) = self._connection.execute("PRAGMA user_version").fetchone()
                database.refuse_newer(version, self.path)  # a newer program may have migrated it meanwhile
                yield self._db
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise database.explain(error, self.path, doing) from error
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            self._checkpoint()

    def _checkpoint(self) -> None:
        """Write the -wal file back and empty it, when it is large; does not wait for readers."""
        if database.wal_bytes(self.path) < CHECKPOINT_BYTES:
            return
        self._connection.execute("PRAGMA busy_timeout = 0").fetchone()
        # What was written is durable in the -wal file already, and the next write tries again.
        with contextlib.suppress(sqlite3.OperationalError):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._connection.execute(f"PRAGMA busy_timeout = {self._wait_s * 1000:.0f}").fetchone()


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most `size` items, in order: a transaction each, so that other writers get their turn."""
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch
