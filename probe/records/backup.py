"""A checked copy of the database as it is at one moment, while it is written."""

import contextlib
import os
import pathlib
import sqlite3

from probe.records import database, errors
from probe.records import door as doors


def copy(path: pathlib.Path, target: pathlib.Path) -> None:
    """Copy the database as it is at this moment into a new file, which has its name only when checked and durable.

    Writers go on meanwhile. Raises RecordsError where `target` exists or the copy is not sound.
    """
    path, target = path.resolve(), target.resolve()
    database.refuse_existing(target)
    if not database.exists(path):
        raise errors.RecordsError(f"{path}: there is no database yet, and nothing to copy.")
    part = target.with_name(target.name + ".part")
    try:
        part.unlink(missing_ok=True)
        source, immutable = database.reader(path)
        with contextlib.closing(source):
            database.check(source, path, "reader")
            if immutable and database.wal_bytes(path):
                raise errors.RecordsError(
                    f"{path}: its -wal file cannot be read here, so that a backup would miss the latest results. "
                    "Run it where the folder can be written."
                )
            with contextlib.closing(sqlite3.connect(part)) as copied:
                source.backup(copied)
                copied.execute("PRAGMA journal_mode = DELETE").fetchone()  # one file, readable anywhere
                (found,) = copied.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise database.damaged(path, found)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.rename(target)
        doors.sync_folder(target.parent)
    except sqlite3.Error as error:
        raise database.explain(error, path, f"copy the database to {target}") from error
    except OSError as error:
        raise database.unavailable(error, target) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
