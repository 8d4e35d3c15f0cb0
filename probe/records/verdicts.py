"""Outcomes and their verdicts as rows: adding them, judging history again, and taking that back."""

import dataclasses
import datetime as dt
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlite_utils

from probe import model, taxonomy
from probe.records import cells, columns, rollups

Judge = Callable[[model.Evidence], model.Verdict]

OUTCOME = ("seq", *columns.OutcomeRow._fields)
VERDICT = ("seq", "judgement", *columns.VERDICT)


@dataclasses.dataclass(frozen=True, slots=True)
class Rejudging:
    """What judging history again did: how many outcomes it looked at, and how many verdicts changed.

    `kinds` counts those whose kind changed, by (before, now).
    """

    judged: int = 0
    changed: int = 0
    kinds: Mapping[tuple[model.Kind, model.Kind], int] = dataclasses.field(default_factory=dict)

    def __add__(self, more: "Rejudging") -> "Rejudging":
        kinds = Counter(self.kinds) + Counter(more.kinds)
        return Rejudging(self.judged + more.judged, self.changed + more.changed, kinds)


def add(db: sqlite_utils.Database, judged: Sequence[model.Judged], rules_version: str) -> int:
    """Add the outcomes whose id is new, with evidence, verdict and request ids; returns how many were."""
    by_id = {columns.storable(each.outcome.id): each for each in reversed(judged)}  # the first of an id wins
    sql = f"SELECT id FROM outcome WHERE id IN ({marks(by_id)})"  # noqa: S608 - question marks only
    for (known,) in db.conn.execute(sql, [*by_id]).fetchall():
        del by_id[known]
    append(db, [cells.row(each) for each in reversed(by_id.values())], rules_version)
    return len(by_id)


def append(db: sqlite_utils.Database, new: Sequence[cells.Row], rules_version: str, after: int | None = None) -> range:
    """Add outcomes of which none is there yet; returns their seqs, in the order given.

    These follow `after`, by default the last arrival: whoever removes rows before says which was the last.
    """
    last = arrived(db) if after is None else after
    seqs = range(last + 1, last + 1 + len(new))
    insert(db, "outcome", OUTCOME, ((seq, *each.outcome) for seq, each in zip(seqs, new, strict=True)))
    insert(db, "evidence", ("seq", "facts"), ((seq, each.facts) for seq, each in zip(seqs, new, strict=True)))
    if new:
        put_verdicts(db, arriving_judgement(db, rules_version), seqs, [(each.verdict, each.ids) for each in new])
        rollups.add(db, seqs)
    return seqs


def arrived(db: sqlite_utils.Database) -> int:
    """The latest arrival of all."""
    (last,) = db.conn.execute("SELECT coalesce(max(seq), 0) FROM outcome").fetchone()
    return int(last)


def set_verdicts(db: sqlite_utils.Database, judgement: int, verdicts: Mapping[int, model.Verdict]) -> None:
    """Make these the current verdicts of the outcomes `seq`, counted so and found by the ids in them."""
    rollups.take_out(db, verdicts)
    for table in ("verdict", "request_id"):
        db.conn.execute(f"DELETE FROM {table} WHERE seq IN ({marks(verdicts)})", [*verdicts])  # noqa: S608
    told = [(cells.verdict_cells(each), each.request_ids) for each in verdicts.values()]
    put_verdicts(db, judgement, [*verdicts], told)
    rollups.add(db, verdicts)


def put_verdicts(
    db: sqlite_utils.Database,
    judgement: int,
    seqs: Sequence[int],
    verdicts: Sequence[tuple[tuple[Any, ...], model.RequestIds]],
) -> None:
    """Like `set_verdicts`, as cells with the ids in them, of outcomes that have none and are not counted yet."""
    told = zip(seqs, verdicts, strict=True)
    insert(db, "verdict", VERDICT, ((seq, judgement, *verdict) for seq, (verdict, _) in told))
    ids = {
        (seq, hop, columns.storable(value)): None
        for seq, (_, found) in zip(seqs, verdicts, strict=True)
        for hop, value in found.all()
    }
    insert(db, "request_id", ("seq", "hop", "value"), ids)


def arriving_judgement(db: sqlite_utils.Database, rules_version: str = taxonomy.RULES_VERSION) -> int:
    """The judgement of outcomes that were judged by these rules when they arrived; begun when first needed."""
    sql = "SELECT id FROM judgement WHERE rules_version = ? AND NOT rejudging"
    for (number,) in db.conn.execute(sql, [rules_version]).fetchall():
        return int(number)
    return begin_judgement(db, rules_version, rejudging=False)


def begin_judgement(db: sqlite_utils.Database, rules_version: str, *, rejudging: bool) -> int:
    """A new row of `judgement`; returns its id."""
    now = columns.when(dt.datetime.now(dt.UTC))
    insert(db, "judgement", ("rules_version", "began_at", "rejudging"), [(rules_version, now, int(rejudging))])
    (number,) = db.conn.execute("SELECT last_insert_rowid()").fetchone()
    return int(number)


def rejudge(db: sqlite_utils.Database, judge: Judge, judgement: int, after: int, size: int) -> tuple[int, Rejudging]:
    """Judge the next `size` outcomes beyond seq `after` again; those without evidence any more keep their verdict.

    Returns the last seq looked at and what changed.
    """
    sql = f"""
        SELECT seq, facts, judgement, {", ".join(columns.VERDICT)} FROM verdict JOIN evidence USING (seq)
        WHERE seq > ? ORDER BY seq LIMIT ?
    """  # noqa: S608 - made of constants
    rows = db.conn.execute(sql, [after, size]).fetchall()
    changed: dict[int, model.Verdict] = {}
    overruled: list[tuple[Any, ...]] = []
    kinds: Counter[tuple[model.Kind, model.Kind]] = Counter()
    for seq, facts, former, *found in rows:
        before, now = columns.verdict_of(tuple(found)), judge(columns.evidence_of(json.loads(facts)))
        if cells.verdict_cells(now) == cells.verdict_cells(dataclasses.replace(before, runner_up=now.runner_up)):
            continue
        changed[seq] = now
        overruled.append((seq, judgement, former, columns.compact(found)))
        if now.kind is not before.kind:
            kinds[before.kind, now.kind] += 1
    insert(db, "overruled", ("seq", "overruled_by", "judgement", "verdict"), overruled)
    set_verdicts(db, judgement, changed)
    return (rows[-1][0] if rows else after), Rejudging(len(rows), len(changed), kinds)


def undo(db: sqlite_utils.Database, judgement: int, size: int) -> int:
    """Put back up to `size` of the verdicts a re-judging replaced; returns how many, 0 when all are back."""
    sql = "SELECT seq, judgement, verdict FROM overruled WHERE overruled_by = ? LIMIT ?"
    rows = db.conn.execute(sql, [judgement, size]).fetchall()
    for former in sorted({row[1] for row in rows}):
        verdicts = {seq: columns.verdict_of(tuple(json.loads(found))) for seq, was, found in rows if was == former}
        set_verdicts(db, former, verdicts)
    seqs = [row[0] for row in rows]
    db.conn.execute(f"DELETE FROM overruled WHERE overruled_by = ? AND seq IN ({marks(seqs)})", [judgement, *seqs])  # noqa: S608
    return len(rows)


def remove(db: sqlite_utils.Database, seqs: Collection[int]) -> None:
    """Remove outcomes and what hangs on them, but for gateways' entries; they stay counted."""
    numbers = ", ".join(str(int(seq)) for seq in seqs)
    for table in ("request_id", "overruled", "verdict", "evidence", "outcome"):
        db.conn.execute(f"DELETE FROM {table} WHERE seq IN ({numbers})")  # noqa: S608 - numbers


def forget(db: sqlite_utils.Database, judgement: int) -> None:
    """Remove a re-judging under which no verdict stands."""
    db.conn.execute("DELETE FROM judgement WHERE id = ?", [judgement])


def last_rejudging(db: sqlite_utils.Database) -> int | None:
    """The latest re-judging that was not undone; None: there is none."""
    (number,) = db.conn.execute("SELECT max(id) FROM judgement WHERE rejudging").fetchone()
    return None if number is None else int(number)


def insert(db: sqlite_utils.Database, table: str, names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Add rows of these columns to a table that exists; the names are ours, never those of an upstream answer.

    Straight to SQLite: `insert_all` looks at every row for columns to make, which takes most of the time.
    """
    sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks(names)})"  # noqa: S608 - ours
    db.conn.executemany(sql, rows)


def marks(values: Iterable[object]) -> str:
    """As many question marks, separated by commas."""
    return ", ".join("?" for _ in values)
