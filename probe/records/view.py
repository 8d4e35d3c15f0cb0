"""The read door: one consistent view of the database, beside a live writer, with the standard library only."""

import contextlib
import datetime as dt
import json
import pathlib
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from probe.records import columns, database, errors, schema

T = TypeVar("T")

LAST_CHARACTER = "\U0010ffff"
"""Sorts after every other: what begins with p lies between p and p + this."""


def open(path: pathlib.Path) -> "View":  # noqa: A001 - view.open
    """Open the database for reading, as it is at this moment.

    Raises RecordsError where there is none, or it is not ours, damaged, or of an older schema. A newer
    schema is read as far as it has what is asked for.
    """
    path = path.resolve()
    if not database.exists(path):
        raise errors.RecordsError(
            f"{path}: there is no database yet. `tierwatch daemon` makes one, `tierwatch demo` shows one."
        )
    try:
        connection, immutable = database.reader(path)
        try:
            version = database.check(connection, path, "reader")
            if version < schema.VERSION:
                raise errors.RecordsError(
                    f"{path}: has schema {version}, and this program reads schema {schema.VERSION}. "
                    "Restart the daemon with this version of tierwatch; it brings the database up to date."
                )
            connection.execute("BEGIN")
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise database.explain(error, path, "read the database") from error
    return View(path, connection, immutable=immutable)


class View:
    """One moment of the database, from the first question until it is closed.

    `immutable`: read where nothing can be written beside the database; rows still in the -wal file are missing.
    """

    def __init__(self, path: pathlib.Path, connection: sqlite3.Connection, *, immutable: bool) -> None:
        self.path = path
        self.immutable = immutable
        self._connection = connection

    def close(self) -> None:
        self._connection.close()

    def rows(self, sql: str, *parameters: Any) -> Iterator[tuple[Any, ...]]:
        """The rows of a query as they are asked for; SQLite's errors become RecordsError."""
        try:
            yield from self._connection.execute(sql, parameters)
        except sqlite3.Error as error:
            raise database.explain(error, self.path, "read the database") from error

    def arrived(self) -> int:
        """The latest arrival of all (`seq`)."""
        ((last,),) = self.rows("SELECT coalesce(max(seq), 0) FROM outcome")
        return int(last)

    def decoded(self, decode: Callable[[tuple[Any, ...]], T], sql: str, *parameters: Any) -> Iterator[T]:
        """The rows of a query, decoded; a word that only a newer program knows becomes RecordsError."""
        for row in self.rows(sql, *parameters):
            with self.understood():
                value = decode(row)
            yield value

    @contextlib.contextmanager
    def understood(self) -> Iterator[None]:
        """While rows are decoded: what only a newer program knows becomes RecordsError."""
        try:
            yield
        except json.JSONDecodeError as error:
            raise database.damaged(self.path, error) from error
        except (KeyError, ValueError) as error:
            raise errors.RecordsError(
                f"{self.path}: holds a value this program does not know ({error}). Upgrade tierwatch."
            ) from error


def period(column: str, since: dt.datetime | None, until: dt.datetime | None) -> tuple[str, list[Any]]:
    """An SQL condition for since <= column < until, with its parameters."""
    conditions, parameters = ["1"], []
    if since is not None:
        conditions.append(f"{column} >= ?")
        parameters.append(columns.when(since))
    if until is not None:
        conditions.append(f"{column} < ?")
        parameters.append(columns.when(until))
    return " AND ".join(conditions), parameters
