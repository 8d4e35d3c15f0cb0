"""The archive: closed months, what other databases tell of their past, and the removal of outcomes that it stands for."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import sqlite_utils

from probe import model
from probe.inference import months
from probe.records import columns, summaries, verdicts
from probe.records import door as doors

BATCH = 500
"""Summaries a transaction: between two of them other writers get their turn."""


class Loose(NamedTuple):
    """Which rows of a table are of earlier times, and whether they stay as long as failures or as outcomes."""

    earlier: str
    with_failures: bool = False


LOOSE: Mapping[str, Loose] = MappingProxyType(
    {
        "intent": Loose("budget_day < substr(?, 1, 10) AND state = 'settled'"),
        "skip": Loose("at < ?"),
        "gateway_entry": Loose("began_at < ? AND seq IS NULL"),
        "triage": Loose("at < ?", with_failures=True),
        "message": Loose(
            "made_at < ? AND state <> 'waiting'"
            " AND (incident IS NULL OR incident IN (SELECT number FROM incident WHERE cleared_at IS NOT NULL))",
            with_failures=True,
        ),
    }
)
"""Tables whose rows hang on no outcome, and have their time like outcomes."""


class Archive:
    """What stays for years, over the same door as all records; see `Records` for what a write may raise."""

    def __init__(self, door: doors.Door) -> None:
        self._door = door

    def keep_month(self, pieces: Mapping[model.Path, months.Piece]) -> None:
        """Keep what a closed month was like, path by path."""
        kept = [
            columns.row({"channel": path.channel, "tier": path.tier, **summaries.month_row(piece)})
            for path, piece in pieces.items()
        ]
        with self._door.writing("store a closed month") as db:
            db.table("month").insert_all(kept, replace=True)

    def keep_since(self, since: dt.datetime) -> None:
        """What was sent before stays counted in the roll-ups, whatever becomes of its rows; never earlier again."""
        with self._door.writing("say since when outcomes are kept") as db:
            keep_since(db, columns.when(since))

    def add_summaries(self, told: Iterable[summaries.Summary]) -> int:
        """Keep what another database tells of time whose outcomes it no longer has, in transactions of BATCH rows.

        What is here already stays as it is. Returns how many were new.
        """
        added = 0
        for batch in doors.batches(told, BATCH):
            with self._door.writing("store summaries") as db:
                for table, row in batch:
                    if table == "kept":
                        keep_since(db, row["since"])
                        continue
                    names = ", ".join(row)
                    sql = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({verdicts.marks(row)})"  # noqa: S608 - ours
                    added += db.conn.execute(sql, [*row.values()]).rowcount
        return added

    def remove(self, seqs: Sequence[int]) -> None:
        """Remove outcomes sent before `keep_since`, with all that hangs on them, in one transaction."""
        with self._door.writing(f"remove {len(seqs)} old outcomes") as db:
            db.conn.executemany("DELETE FROM gateway_entry WHERE seq = ?", [(seq,) for seq in seqs])
            verdicts.remove(db, seqs)

    def remove_loose(self, table: str, before: dt.datetime, most: int) -> int:
        """Remove up to so many rows of a table of LOOSE that are earlier, in one transaction; returns how many."""
        sql = f"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE {LOOSE[table].earlier} LIMIT ?)"  # noqa: S608
        with self._door.writing(f"remove old rows of {table}") as db:
            return int(db.conn.execute(sql, [columns.when(before), most]).rowcount)


def keep_since(db: sqlite_utils.Database, since: str) -> None:
    sql = "INSERT INTO kept (id, since) VALUES (1, ?) ON CONFLICT DO UPDATE SET since = max(since, excluded.since)"
    db.conn.execute(sql, [since])
