"""What can still be read of a damaged database, saved into a new one."""

import contextlib
import dataclasses
import datetime as dt
import itertools
import json
import os
import pathlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence

import sqlite_utils

from probe import taxonomy
from probe.records import columns, database, errors, rollups, schema, summaries, verdicts
from probe.records import door as doors

BATCH = 500
"""Rows read, and written in one transaction, at once."""

FAR_ENOUGH = 25_600
"""How many rowids are tried one by one where damage hides how many a table has."""

HEADER_BYTES = 100
MOST_BYTES = 1 << 40
"""A header that tells of more is damaged itself."""

WITHOUT_ROWID = ("overruled", "rollup", "month")
"""Tables that have no rowid to step over damage with."""

ONE_ROW = ("daemon", "budget", "prompt_key", "kept")
"""Tables with a single row, or none."""

BY_SEQ = ("outcome", "evidence", "verdict")
"""Tables whose rowid is the outcome's `seq`, one row for each outcome: they tell each other how far to look."""


@dataclasses.dataclass(frozen=True, slots=True)
class Recovered:
    """Rows saved and lost, by table; `judged_again`: outcomes whose verdict was lost and whose evidence was not.

    `lost` is None where rows were lost and nothing tells how many there were.

    `kept_since`: since when outcomes are kept, found from the roll-ups because the database's own word for it
    was lost; None: it was not lost, or no roll-up counts more outcomes than there are.
    """

    saved: Mapping[str, int]
    lost: Mapping[str, int | None]
    judged_again: int
    kept_since: dt.datetime | None


def recover(path: pathlib.Path, target: pathlib.Path) -> Recovered:
    """Save every row of a damaged database that can still be read into a new one.

    1. copy table by table, past what cannot be read;
    2. where it is lost since when outcomes are kept, find that from the roll-ups, so that none of them is lost;
    3. judge outcomes again whose verdict is lost, and drop those that have no evidence either;
    4. rebuild the look-up of request ids and the roll-ups from what was saved.

    The damaged file is only read. Raises RecordsError where `target` exists, where the file is not even
    a database, or where another schema wrote it.
    """
    path, target = path.resolve(), target.resolve()
    database.refuse_existing(target)
    if not database.exists(path):
        raise errors.RecordsError(f"{path}: there is no such file.")
    try:
        with whole(path, target.parent) as readable_path:
            source, _ = database.reader(readable_path)
            with contextlib.closing(source):
                return rescue(source, target, path)
    except sqlite3.Error as error:
        if database.name(error).startswith("SQLITE_CORRUPT"):
            raise errors.RecordsError(
                f"{path}: nothing of it can be read: where its tables lie is lost. Restore a backup."
            ) from error
        raise database.explain(error, path, "read the database") from error
    except OSError as error:
        raise database.unavailable(error, target) from error


@contextlib.contextmanager
def whole(path: pathlib.Path, folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """The file itself; where it was cut short, a copy for a while with empty pages in place of those that are gone.

    SQLite reads no page of a file that is shorter than its header says.
    """
    with path.open("rb") as file:
        head = file.read(HEADER_BYTES)
    page_bytes = int.from_bytes(head[16:18]) or 1
    told_bytes = int.from_bytes(head[28:32]) * (65_536 if page_bytes == 1 else page_bytes)
    if len(head) < HEADER_BYTES or not path.stat().st_size < told_bytes <= MOST_BYTES:
        yield path
        return
    with tempfile.TemporaryDirectory(dir=folder) as name:
        copy = pathlib.Path(shutil.copy(path, name))
        os.truncate(copy, told_bytes)
        if database.wal_bytes(path):
            shutil.copy(database.wal_path(path), name)
        yield copy


def rescue(source: sqlite3.Connection, target: pathlib.Path, path: pathlib.Path) -> Recovered:
    """Fill the new database `target` from what can be read of `source`, which stands for `path`."""
    version = database.identify(source, path)
    if version != schema.VERSION:
        raise errors.RecordsError(
            f"{path}: has schema {version}, and this program can recover schema {schema.VERSION} only. "
            "Use the version of tierwatch that wrote it."
        )
    door = doors.open(target, database.LOCK_WAIT_S)
    saved: dict[str, int] = {}
    lost: dict[str, int | None] = {}
    try:
        with door.reading() as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:  # in the order of their making: what is referred to comes first
            if table != "request_id":
                saved[table], lost[table] = copy_table(source, door, table)
        if not kept_is_sound(door):
            saved["kept"], lost["kept"] = 0, 1
        kept_since = find_kept_since(door) if lost["kept"] else None
        dropped, judged_again = judge_the_unjudged(door)
        for table, count in dropped.items():
            saved[table] -= count
            lost[table] = None if (known := lost[table]) is None else known + count
        index_request_ids(door)
        with door.writing("count the outcomes by hour") as db:
            rollups.rebuild(db)
    finally:
        door.close()
    return Recovered(saved, lost, judged_again, kept_since)


def copy_table(source: sqlite3.Connection, door: doors.Door, table: str) -> tuple[int, int | None]:
    """Copy the readable rows of one table; (saved, lost), see `Recovered`. Rows that refer to lost ones are lost too."""
    saved = refused = 0
    is_whole = True
    rows = readable(source, table)
    while batch := list(itertools.islice(rows, BATCH)):
        with door.writing(f"save {table}") as db:
            for row in batch:
                if row is None:
                    is_whole = False
                    continue
                try:
                    db.conn.execute(f"INSERT INTO {table} VALUES ({verdicts.marks(row)})", row)  # noqa: S608
                    saved += 1
                except sqlite3.IntegrityError:
                    refused += 1
    told = rows_told(source, table)
    if told is not None and told >= saved + refused:
        return saved, told - saved
    return saved, refused if is_whole else 1 if table in ONE_ROW else None


def rows_told(source: sqlite3.Connection, table: str) -> int | None:
    """How many rows a table had, as the whole indexes of it tell that can be read; None where none can.

    Damage seldom strikes a table and all its indexes: each is pages of its own.
    """
    table = "outcome" if table in BY_SEQ else table
    without_rowid = table in WITHOUT_ROWID  # then the index of the primary key is the table itself
    sql = "SELECT name FROM pragma_index_list(?) WHERE NOT partial AND NOT (? AND origin = 'pk')"
    found = []
    for (index,) in source.execute(sql, [table, without_rowid]).fetchall():
        with contextlib.suppress(sqlite3.DatabaseError):  # `sum`: SQLite counts by an index of its own choice
            found += source.execute(f"SELECT coalesce(sum(1), 0) FROM {table} INDEXED BY {index}").fetchone()  # noqa: S608
    return max(found, default=None)


def readable(source: sqlite3.Connection, table: str) -> Iterator[tuple[object, ...] | None]:
    """The rows of a table that can be read, None where damage hides some: where a batch fails, row by row."""
    if table in WITHOUT_ROWID:
        yield from around_damage(source, table)
        return
    batch = f"SELECT rowid, * FROM {table} NOT INDEXED WHERE rowid > ? ORDER BY rowid LIMIT {BATCH}"  # noqa: S608
    single = f"SELECT * FROM {table} NOT INDEXED WHERE rowid = ?"  # noqa: S608 - one of our own tables
    last, after = last_rowid(source, table), 0
    while after < last:
        try:
            rows = in_order(source.execute(batch, [after]).fetchall(), after, last)
        except sqlite3.DatabaseError:
            yield None
            for rowid in range(after + 1, min(after + BATCH, last) + 1):
                with contextlib.suppress(sqlite3.DatabaseError):
                    yield from source.execute(single, [rowid]).fetchall()
            after += BATCH
            continue
        yield from (row[1:] for row in rows)
        after = rows[-1][0] if rows else last


def around_damage(source: sqlite3.Connection, table: str) -> Iterator[tuple[object, ...] | None]:
    """The rows of a table without rowid from its beginning up to damage, and from its end back to it; None between."""
    columns_of = source.execute("SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk", [table])
    names = [name for (name,) in columns_of]
    key, marks = ", ".join(names), ", ".join("?" * len(names))
    backwards = ", ".join(f"{name} DESC" for name in names)
    last: Sequence[object] | None = None
    try:
        for row in source.execute(f"SELECT {key}, * FROM {table} ORDER BY {key}"):  # noqa: S608 - one of our own tables
            last = row[: len(names)]
            yield row[len(names) :]
        (found,) = source.execute(f"PRAGMA quick_check({table})").fetchone()
        is_whole = found == "ok"
    except sqlite3.DatabaseError:
        is_whole = False
        beyond = f"WHERE ({key}) > ({marks})" if last else ""
        with contextlib.suppress(sqlite3.DatabaseError):
            yield from source.execute(f"SELECT * FROM {table} {beyond} ORDER BY {backwards}", last or ())  # noqa: S608
    if not is_whole:
        yield None


def in_order(rows: list[tuple[int, ...]], after: int, last: int) -> list[tuple[int, ...]]:
    """The rows, if their rowids rise from `after` to `last`; on a damaged page they may not, without an error."""
    if any(not low < high for low, high in itertools.pairwise([after, *(row[0] for row in rows), last + 1])):
        raise sqlite3.DatabaseError("rows out of order")
    return rows


def last_rowid(source: sqlite3.Connection, table: str) -> int:
    """The highest rowid of a table, by itself or by those that share its numbers; FAR_ENOUGH where none can tell."""
    if table in ONE_ROW:
        return 1
    found = []
    for each in BY_SEQ if table in BY_SEQ else (table,):
        with contextlib.suppress(sqlite3.DatabaseError):
            found += source.execute(f"SELECT coalesce(max(rowid), 0) FROM {each} NOT INDEXED").fetchone()  # noqa: S608
    return max(found, default=FAR_ENOUGH)


def kept_is_sound(door: doors.Door) -> bool:
    """Is what was saved of `kept` a time since which outcomes can be kept, or nothing?"""
    with door.reading() as connection:
        rows = connection.execute("SELECT since FROM kept").fetchall()
    try:
        for (since,) in rows:
            summaries.read_kept({"since": since})
    except (TypeError, ValueError):
        return False
    return True


def find_kept_since(door: doors.Door) -> dt.datetime | None:
    """Since when outcomes are kept, as the roll-ups show, and from now on the new database says so too; None: always."""
    with door.writing("find since when outcomes are kept") as db:
        db.conn.execute("DELETE FROM kept")
        rollups.find_kept(db, columns.when(dt.datetime.now(dt.UTC)))
        rows = db.conn.execute("SELECT since FROM kept").fetchall()
    return next((columns.instant(since) for (since,) in rows), None)


def judge_the_unjudged(door: doors.Door) -> tuple[Mapping[str, int], int]:
    """Give a verdict to outcomes that lost theirs; (dropped by table: garbled, or without evidence too; judged)."""
    judged = 0
    missing = "seq NOT IN (SELECT seq FROM verdict)"
    useless = {
        "evidence": "NOT json_valid(facts)",
        "verdict": "NOT json_valid(request_ids)",
        "outcome": f"{missing} AND seq NOT IN (SELECT seq FROM evidence)",  # noqa: S608
    }
    with door.writing("judge what lost its verdict") as db:
        dropped = {
            table: db.conn.execute(f"DELETE FROM {table} WHERE {rows}").rowcount  # noqa: S608
            for table, rows in useless.items()
        }
        rows = db.conn.execute(f"SELECT seq, facts FROM evidence WHERE {missing}").fetchall()  # noqa: S608
        for seq, facts in rows:
            verdict = taxonomy.judge(columns.evidence_of(json.loads(facts)))
            verdicts.set_verdicts(db, verdicts.arriving_judgement(db), {seq: verdict})
            judged += 1
    return dropped, judged


def index_request_ids(door: doors.Door) -> None:
    """Fill the look-up of request ids from the verdicts, batch by batch."""
    after, more = 0, True
    while more:
        with door.writing("index the request ids") as db:
            after, more = index_batch(db, after)


def index_batch(db: sqlite_utils.Database, after: int) -> tuple[int, bool]:
    """Index the ids of the next BATCH verdicts beyond `after`; (the last one, were there any)."""
    sql = "SELECT seq, request_ids FROM verdict WHERE seq > ? ORDER BY seq LIMIT ?"
    rows = db.conn.execute(sql, [after, BATCH]).fetchall()
    ids = ((value, hop, seq) for seq, found in rows for hop, values in json.loads(found).items() for value in values)
    db.conn.executemany("INSERT OR IGNORE INTO request_id (value, hop, seq) VALUES (?, ?, ?)", ids)
    return (rows[-1][0] if rows else after), bool(rows)
