"""Everything that is written: intents and their ledger, outcomes with verdicts, skips, alarms, the daemon's state."""

import contextlib
import datetime as dt
import itertools
import os
import pathlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

import sqlite_utils

from probe import model, taxonomy
from probe.records import columns, database, errors, process, schema

BATCH = 500
"""Rows a transaction of `store_all`: between two of them other writers get their turn."""

CHECKPOINT_BYTES = 4 << 20
"""The -wal file is written back into the database beyond this size."""

ROUNDING_USD = 1e-9
"""Sums of prices are compared with the cap to this precision: 100 x 0.05 is not over 5."""

SAME_PICTURE_BITS = 2
"""Perceptual fingerprints (64 bits) that differ in no more bits are the same picture."""

PICTURES_COMPARED = 500
"""How many of a channel's latest pictures a new one is compared with."""


def open(path: pathlib.Path, lock_wait_s: float) -> "Records":  # noqa: A001 - see probe.records.open
    """See `probe.records.open`."""
    path = path.resolve()
    try:
        with database.lock(database.lock_path(path), lock_wait_s):
            if not path.exists():
                create(path)
            connection, _ = database.reader(path)  # looks before it touches: a foreign file stays as it is
            with contextlib.closing(connection):
                version = database.check(connection, path, "writer")
            database.refuse_newer(version, path)
            connection = database.writer(path)
            if version < schema.VERSION:
                connection.execute("BEGIN IMMEDIATE")
                schema.migrate(utils_database(connection))
                connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise database.explain(error, path, "open the database") from error
    return Records(path, connection, lock_wait_s)


def create(path: pathlib.Path) -> None:
    """Make the database under another name and move it into place whole, so that no crash leaves half of one."""
    beside = path.with_name(path.name + "-wal")
    if beside.exists():
        raise errors.RecordsError(
            f"{beside} exists without {path}, and may hold results. Put the database back beside it, or move it away."
        )
    new = path.with_name(path.name + ".new")
    for left_over in (new, new.with_name(new.name + "-wal"), new.with_name(new.name + "-shm")):
        left_over.unlink(missing_ok=True)
    new.touch()
    with contextlib.closing(database.writer(new)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        schema.migrate(utils_database(connection))
        connection.execute("COMMIT")
    new.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def utils_database(connection: sqlite3.Connection) -> sqlite_utils.Database:
    """sqlite-utils over a connection of our own.

    Given a path it would open the file with pysqlite3 where that is installed: another SQLite library,
    whose errors are not `sqlite3.Error`. Its plugins are not run.
    """
    return sqlite_utils.Database(connection, strict=True, execute_plugins=False)


class Records:
    """The write door. Several threads and processes may write; each write is one durable transaction.

    A write may wait for others (at most `lock_wait_s`, then WriteError): call it from a thread where
    an event loop must not stand still.
    """

    def __init__(self, path: pathlib.Path, connection: sqlite3.Connection, lock_wait_s: float) -> None:
        self.path = path
        self._connection = connection
        self._db = utils_database(connection)
        self._lock_wait_s = lock_wait_s
        self._mutex = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection. The last one to close writes the -wal file back, so it holds the lock where it can."""
        with contextlib.ExitStack() as stack, self._mutex:
            with contextlib.suppress(errors.WriteError):  # SQLite's own locks still keep a close safe
                stack.enter_context(database.lock(database.lock_path(self.path), self._lock_wait_s))
            self._connection.close()

    @contextlib.contextmanager
    def _writing(self, doing: str) -> Iterator[sqlite_utils.Database]:
        """One transaction under the lock: committed when the block ends, undone when it raises.

        `doing` completes "could not ..." where it fails.
        """
        with self._mutex, database.lock(database.lock_path(self.path), self._lock_wait_s):
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                (version,) = self._connection.execute("PRAGMA user_version").fetchone()
                database.refuse_newer(version, self.path)  # migrated under our feet
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
        wal = self.path.with_name(self.path.name + "-wal")
        if not wal.exists() or wal.stat().st_size < CHECKPOINT_BYTES:
            return
        # What was written is durable in the -wal file already, and the next write tries again.
        with contextlib.suppress(sqlite3.OperationalError):
            self._connection.execute("PRAGMA busy_timeout = 0").fetchone()
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._connection.execute(f"PRAGMA busy_timeout = {database.LOCK_WAIT_S * 1000:.0f}").fetchone()

    # --- money -------------------------------------------------------------------------------------------------

    def reserve(self, canary: model.Canary, at: dt.datetime, cap_usd: float) -> None:
        """Commit the intent to send a canary, if the day's cap allows its list price. Only then may it be sent.

        The cap is on the list prices reserved in a budget day over all processes, whatever came of them.
        Raises BudgetExhausted; SlotTaken where the path's slot has an intent; WriteError: do not send.
        """
        pid, identity = process.own()
        with self._writing(f"record the intent to send {canary.path}") as db:
            day = budget_day(db, at)
            (spent_usd,) = db.conn.execute(
                "SELECT coalesce(sum(reserved_usd), 0.0) FROM intent WHERE budget_day = ?", [day]
            ).fetchone()
            taken = (
                canary.slot is not None
                and db.conn.execute(
                    "SELECT 1 FROM intent WHERE (channel, tier, slot) = (?, ?, ?)", [*canary.path, canary.slot]
                ).fetchone()
            )
            # `not <=` rather than `>`: a cap or price of NaN allows nothing.
            affordable = spent_usd + canary.price_usd <= cap_usd + ROUNDING_USD
            if affordable and not taken:
                db.table("intent").insert(
                    columns.row(
                        {
                            "id": canary.id,
                            "channel": canary.path.channel,
                            "tier": canary.path.tier,
                            "trigger": canary.trigger,
                            "slot": canary.slot,
                            "sent_at": columns.when(at),
                            "budget_day": day,
                            "reserved_usd": float(canary.price_usd),
                            "pid": pid,
                            "process": identity,
                            "state": "open",
                        }
                    )
                )
        if taken:
            raise errors.SlotTaken(canary.path, canary.slot)
        if not affordable:
            raise errors.BudgetExhausted(spent_usd, cap_usd, canary.price_usd)

    def abandon(self, at: dt.datetime) -> int:
        """Call the open intents of processes that are gone `unknown_outcome`: counted as spent, never sent again.

        Returns how many there were.
        """
        with self._writing("close the intents of ended processes") as db:
            still_open = db.conn.execute("SELECT id, pid, process FROM intent WHERE state = 'open'").fetchall()
            gone = [identity for identity, pid, started in still_open if process.identity(pid) != started]
            db.conn.executemany(
                "UPDATE intent SET state = 'unknown_outcome' WHERE id = ?", [(identity,) for identity in gone]
            )
        return len(gone)

    # --- outcomes ----------------------------------------------------------------------------------------------

    def seen_before(self, channel: str, picture: model.Picture) -> bool:
        """Did this channel deliver the same picture among its latest ones? Ask before judging, and set `repeated`.

        The same: equal bytes, or perceptual fingerprints that differ in at most SAME_PICTURE_BITS bits.
        """
        with self._mutex:
            latest = self._connection.execute(
                "SELECT picture_sha256, picture_fingerprint FROM outcome INDEXED BY outcome_picture "
                "WHERE channel = ? AND picture_sha256 IS NOT NULL ORDER BY seq DESC LIMIT ?",
                [columns.storable(channel), PICTURES_COMPARED],
            ).fetchall()
        return any(
            sha256 == picture.sha256 or same_picture(fingerprint or "", picture.fingerprint)
            for sha256, fingerprint in latest
        )

    def store(self, outcome: model.Outcome, verdict: model.Verdict) -> bool:
        """Keep an outcome with its verdict and close its intent, in one transaction.

        False: an outcome of this id was there already, and stays as it was. Raises WriteError: keep it
        and store it again.
        """
        return self.store_all([model.Judged(outcome, verdict)]) == 1

    def store_all(self, judged: Iterable[model.Judged]) -> int:
        """Like `store` for many, in transactions of BATCH rows; returns how many were new."""
        added = 0
        for batch in batches(judged, BATCH):
            with self._writing(f"store {len(batch)} outcome{'s' if len(batch) > 1 else ''}") as db:
                added += insert(db, batch)
        return added

    # --- the daemon's state --------------------------------------------------------------------------------------

    def skip(self, path: model.Path, slot: int, at: dt.datetime, reason: str) -> None:
        """A scheduled slot was not sent, and why. The first reason stays."""
        row = {"channel": path.channel, "tier": path.tier, "slot": slot, "at": columns.when(at), "reason": reason}
        with self._writing("record a skipped slot") as db:
            db.table("skip").insert(columns.row(row), ignore=True)

    def beat(self, at: dt.datetime, *, pid: int, digest: str, stale_after_s: float, note: str = "") -> None:
        """The daemon lives, with this configuration; not heard of for `stale_after_s` it counts as dead."""
        row = {
            "id": 1,
            "at": columns.when(at),
            "pid": pid,
            "digest": digest,
            "stale_after_s": float(stale_after_s),
            "note": note,
        }
        with self._writing("record the heartbeat") as db:
            db.table("daemon").insert(columns.row(row), replace=True)

    def publish(self, states: Sequence[model.PathState], at: dt.datetime) -> None:
        """Replace what `status` reads by these states, one a path."""
        rows = [
            columns.row(
                {
                    "channel": state.path.channel,
                    "tier": state.path.tier,
                    "state": state.state,
                    "since": columns.maybe_when(state.since),
                    "checked_at": columns.maybe_when(state.checked_at),
                    "p_degraded": state.p_degraded,
                    "reason": state.reason,
                    "next_at": columns.maybe_when(state.next_at),
                    "published_at": columns.when(at),
                }
            )
            for state in states
        ]
        with self._writing("publish the states of the paths") as db:
            db.conn.execute("DELETE FROM path_state")
            db.table("path_state").insert_all(rows)

    def raise_alarm(
        self, path: model.Path, state: model.State, at: dt.datetime, *, since: dt.datetime | None, reason: str
    ) -> bool:
        """Open an alarm on a path; False: one is open already, and stays as it was."""
        row = {
            "channel": path.channel,
            "tier": path.tier,
            "state": state,
            "since": columns.maybe_when(since),
            "raised_at": columns.when(at),
            "reason": reason,
        }
        with self._writing(f"record the alarm of {path}") as db:
            is_open = db.conn.execute(
                "SELECT 1 FROM alarm WHERE (channel, tier) = (?, ?) AND cleared_at IS NULL", [*path]
            ).fetchone()
            if not is_open:
                db.table("alarm").insert(columns.row(row))
        return not is_open

    def clear_alarm(self, path: model.Path, at: dt.datetime) -> bool:
        """Close the open alarm of a path; False: there was none."""
        with self._writing(f"clear the alarm of {path}") as db:
            cleared = db.conn.execute(
                "UPDATE alarm SET cleared_at = ? WHERE (channel, tier) = (?, ?) AND cleared_at IS NULL",
                [columns.when(at), *path],
            ).rowcount
        return bool(cleared)


def budget_day(db: sqlite_utils.Database, at: dt.datetime) -> str:
    """The UTC day whose budget pays now, never before one already begun: a clock set back reopens no spent day.

    A clock that then stays back for 24 hours is believed: it had been wrong before, and a date far
    ahead must not hold the budget for ever.
    """
    today = at.astimezone(dt.UTC).date().isoformat()
    day, back_at = db.conn.execute("SELECT day, clock_back_at FROM budget").fetchone() or (today, None)
    if today < day:
        since = columns.maybe_instant(back_at)
        if since is None or at < since:
            back_at = columns.when(at)
        elif at - since >= dt.timedelta(days=1):
            day, back_at = today, None
    else:
        day, back_at = today, None
    db.table("budget").insert({"id": 1, "day": day, "clock_back_at": back_at}, replace=True)
    return str(day)


def same_picture(first: str, second: str) -> bool:
    """Do two perceptual fingerprints (hex digits) mean the same picture? Never where one is missing."""
    if not first or not second or len(first) != len(second):
        return False
    try:
        return (int(first, 16) ^ int(second, 16)).bit_count() <= SAME_PICTURE_BITS
    except ValueError:
        return first == second


def insert(db: sqlite_utils.Database, judged: Sequence[model.Judged]) -> int:
    """Add the outcomes whose id is new, with evidence, verdict and request ids; close the intents of all."""
    by_id = {columns.storable(each.outcome.id): each for each in reversed(judged)}  # the first of an id wins
    marks = ", ".join("?" * len(by_id))
    db.conn.execute(f"UPDATE intent SET state = 'settled' WHERE id IN ({marks})", [*by_id])  # noqa: S608
    for (known,) in db.conn.execute(f"SELECT id FROM outcome WHERE id IN ({marks})", [*by_id]).fetchall():  # noqa: S608
        del by_id[known]
    (last,) = db.conn.execute("SELECT coalesce(max(seq), 0) FROM outcome").fetchone()
    new = dict(enumerate(reversed(by_id.values()), start=last + 1))
    judgement = current_judgement(db) if new else 0
    add(db, "outcome", ({"seq": seq, **columns.outcome_row(each.outcome)} for seq, each in new.items()))
    add(
        db,
        "evidence",
        (
            {"seq": seq, "facts": columns.compact(columns.evidence_facts(each.outcome.evidence))}
            for seq, each in new.items()
        ),
    )
    set_verdicts(db, judgement, {seq: each.verdict for seq, each in new.items()})
    return len(new)


def set_verdicts(db: sqlite_utils.Database, judgement: int, verdicts: dict[int, model.Verdict]) -> None:
    """Make these the current verdicts of the outcomes `seq`, with their ids looked up by them."""
    marks = ", ".join("?" * len(verdicts))
    for table in ("verdict", "request_id"):
        db.conn.execute(f"DELETE FROM {table} WHERE seq IN ({marks})", [*verdicts])  # noqa: S608
    add(
        db,
        "verdict",
        ({"seq": seq, "judgement": judgement, **columns.verdict_row(each)} for seq, each in verdicts.items()),
    )
    add(
        db,
        "request_id",
        (
            columns.row({"value": value, "hop": hop, "seq": seq})
            for seq, each in verdicts.items()
            for hop, value in dict.fromkeys(each.request_ids.all())
        ),
    )


def current_judgement(db: sqlite_utils.Database) -> int:
    """The judgement under which arriving outcomes are judged by the rules of this program; made when first needed."""
    found = db.conn.execute(
        "SELECT id FROM judgement WHERE rules_version = ? AND NOT rejudging", [taxonomy.RULES_VERSION]
    ).fetchone()
    if found:
        return int(found[0])
    return begin_judgement(db, taxonomy.RULES_VERSION, rejudging=False)


def begin_judgement(db: sqlite_utils.Database, rules_version: str, *, rejudging: bool) -> int:
    """A new row of `judgement`; returns its id."""
    now = columns.when(dt.datetime.now(dt.UTC))
    row = {"rules_version": rules_version, "began_at": now, "rejudging": int(rejudging)}
    db.table("judgement").insert(columns.row(row))
    (number,) = db.conn.execute("SELECT last_insert_rowid()").fetchone()
    return int(number)


def add(db: sqlite_utils.Database, table: str, rows: Iterable[dict[str, Any]]) -> None:
    db.table(table).insert_all(rows)


def batches(items: Iterable[model.Judged], size: int) -> Iterator[list[model.Judged]]:
    """Lists of at most `size` items, in order."""
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch
