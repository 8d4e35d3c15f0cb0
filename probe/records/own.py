"""Own requests as rows: each stored once, however many sources tell of it, with what its gateway's log says."""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import sqlite_utils

from probe import model, taxonomy
from probe.records import cells, columns, rollups, rows, verdicts

RANKS: Mapping[str, int] = {"recorder": 2, "litellm": 1}
"""Who is believed of two that tell of one request: nearest to the program first; gateways' logs are 0."""

PROGRAMS = ", ".join(f"'{source}'" for source in ("", *RANKS))
"""Sources, for SQL, that are no gateways' logs: our own canaries and what programs tell."""

SAME_START = dt.timedelta(seconds=5)
"""Requests of one channel that began so close together may be one, where an id is missing on either side."""

MOST_REPLACED = 100_000
"""So many arrivals long it is known what an outcome replaced: a daemon reads new arrivals within seconds."""

MOST_UNMAPPED = 100_000
"""Requests without a path that are held; beyond that the oldest go."""


class Request(NamedTuple):
    """One own request, ready to be stored: with its path and verdict, or as one that no path is known for."""

    row: cells.Row | None
    entry: rows.GatewayEntry | None = None
    unmapped: rows.Unmapped | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """What became of some requests. `new`: stored as outcomes; `known`: told of before, by this source or another."""

    new: tuple[columns.OutcomeRow, ...] = ()
    known: int = 0
    canaries: int = 0  # of `known`: rows of a gateway's log that are our own canaries
    unmapped: int = 0


class Stored(NamedTuple):
    """An outcome that may be the same request."""

    seq: int
    sent_at: dt.datetime
    source: str
    trigger: str

    @property
    def rank(self) -> int:
        """A canary is never replaced."""
        return RANKS.get(self.source, 0) if self.trigger == model.Trigger.OWN_TRAFFIC else 9


def take(db: sqlite_utils.Database, requests: Sequence[Request]) -> Taken:
    """Store requests of one source in one transaction.

    1. Those whose outcome is there already, by our id, by an id of the gateway, or by channel and start,
       only add what the gateway's log says of them.
    2. Where the new source stands nearer to the program than the one that told before, it replaces it.
    3. The others are new outcomes; those without a path are held apart.
    """
    mapped: dict[str, Request] = {}
    for each in requests:
        if each.row:
            mapped.setdefault(each.row.outcome.id, each)
    same = Same(db, mapped)
    fresh: dict[str, Request] = {}
    entries: list[tuple[rows.GatewayEntry, int | None]] = []
    replaced: dict[int, str] = {}
    known = canaries = 0
    for identity, request in mapped.items():
        stored = same.find(identity, request)
        if stored is not None and rank(request) > stored.rank:
            replaced[stored.seq] = identity
            stored = None
        if stored is None:
            fresh[identity] = request
            continue
        known += 1
        canaries += stored.trigger != model.Trigger.OWN_TRAFFIC
        if request.entry is not None:
            entries.append((request.entry, stored.seq))
    last = verdicts.arrived(db)  # before any goes: no arrival's number is given twice
    former = forget(db, replaced)
    new = [request.row for request in fresh.values() if request.row is not None]
    seqs = dict(zip(fresh, verdicts.append(db, new, taxonomy.RULES_VERSION, last), strict=True))
    entries += [(each.entry, seqs[identity]) for identity, each in fresh.items() if each.entry is not None]
    entries += [(each.entry, None) for each in requests if each.row is None and each.entry is not None]
    put_entries(db, entries)
    repoint(db, former, {seq: seqs[identity] for seq, identity in replaced.items()})
    unmapped = hold(db, [each.unmapped for each in requests if each.unmapped is not None])
    return Taken(tuple(each.outcome for each in new), known, canaries, unmapped)


def rank(request: Request) -> int:
    return RANKS.get(request.row.outcome.source, 0) if request.row else 0


def ids_of(request: Request) -> tuple[str, ...]:
    """Ids that only this one request has: a trace or a client's own id may span several attempts."""
    found = request.row.ids if request.row else model.RequestIds()
    own = (request.entry.request_id,) if request.entry else ()
    return tuple(columns.storable(value) for value in (*own, *found.gateway, *found.upstream))


class Same:
    """Finds the stored outcome that is the same request as a new one."""

    def __init__(self, db: sqlite_utils.Database, requests: Mapping[str, Request]) -> None:
        self._db = db
        self._by_id = {
            identity: stored(found) for identity, *found in select(db, f"id, {STORED}", "outcome", "id", requests)
        }
        self._names = {identity: ids_of(each) for identity, each in requests.items()}
        names = {name for each in self._names.values() for name in each}
        joined = "request_id JOIN outcome USING (seq)"
        self._by_name = {
            name: stored(found)
            for name, hop, *found in select(db, f"value, hop, {STORED}", joined, "value", names)
            if hop in {"gateway", "upstream"}
        }
        joined = "gateway_entry JOIN outcome USING (seq)"
        self._by_name |= {
            name: stored(found) for name, *found in select(db, f"request_id, {STORED}", joined, "request_id", names)
        }
        lacking = [each for each in requests.items() if may_lack_its_id(each[1]) and not self._named(each[0])]
        self._near = {
            channel: self._candidates(channel, [each for _, each in lacking if channel_of(each) == channel])
            for channel in {channel_of(each) for _, each in lacking}
        }

    def find(self, identity: str, request: Request) -> Stored | None:
        return self._named(identity) or self._at_its_time(request)

    def _named(self, identity: str) -> Stored | None:
        found = self._by_id.get(identity)
        if found is None and self._by_name:
            return next((self._by_name[name] for name in self._names[identity] if name in self._by_name), None)
        return found

    def _at_its_time(self, request: Request) -> Stored | None:
        """The nearest in time, each taken once: what a program lost has no id, and a log knows its start to a second."""
        if not self._near or request.row is None or not may_lack_its_id(request):
            return None
        near, at = self._near.get(channel_of(request), []), columns.instant(request.row.outcome.sent_at)
        told_by_gateway = request.row.outcome.source not in RANKS
        fitting = [each for each in near if abs(each.sent_at - at) <= SAME_START and (each.rank > 0) is told_by_gateway]
        best = min(fitting, key=lambda each: abs(each.sent_at - at), default=None)
        if best is not None:
            near.remove(best)
        return best

    def _candidates(self, channel: str, requests: Sequence[Request]) -> list[Stored]:
        """Outcomes of these minutes that were sent and lack a gateway's id, or that a gateway's log alone told of."""
        times = [columns.instant(each.row.outcome.sent_at) for each in requests if each.row]
        sql = f"""
            SELECT {STORED} FROM outcome WHERE channel = ? AND sent_at BETWEEN ? AND ?
            AND coalesce(excluded, '') <> '{model.Exclusion.LOCAL_NETWORK}' AND CASE WHEN source IN ({PROGRAMS})
                THEN NOT EXISTS (SELECT 1 FROM request_id WHERE seq = outcome.seq AND hop = 'gateway')
                    AND NOT EXISTS (SELECT 1 FROM gateway_entry WHERE seq = outcome.seq)
                ELSE 1 END
        """  # noqa: S608 - made of constants
        first, last = columns.when(min(times) - SAME_START), columns.when(max(times) + SAME_START)
        return [stored(found) for found in self._db.conn.execute(sql, [channel, first, last])]


STORED = "outcome.seq, sent_at, source, trigger"


def stored(found: Sequence[Any]) -> Stored:
    seq, sent_at, source, trigger = found
    return Stored(seq, columns.instant(sent_at), source, trigger)


def channel_of(request: Request) -> str:
    return request.row.outcome.channel if request.row else ""


def may_lack_its_id(request: Request) -> bool:
    """May the same request be stored without a common id? A log's row always; a program's where it was sent, and got none."""
    if request.row is None:
        return False
    outcome = request.row.outcome
    was_sent = outcome.excluded != model.Exclusion.LOCAL_NETWORK
    return outcome.source not in RANKS or (was_sent and not request.row.ids.gateway)


def select(db: sqlite_utils.Database, wanted: str, table: str, column: str, values: Any) -> Iterator[tuple[Any, ...]]:
    """Rows of a table whose column is one of these storable values."""
    found = [*values]
    if found:
        sql = f"SELECT {wanted} FROM {table} WHERE {column} IN ({verdicts.marks(found)})"  # noqa: S608 - ours
        yield from db.conn.execute(sql, found)


def forget(db: sqlite_utils.Database, seqs: Mapping[int, str]) -> dict[int, str]:
    """Remove outcomes that were made from a farther source; their ids. Their entries wait for what replaces them."""
    if not seqs:
        return {}
    rollups.take_out(db, seqs)
    former = {seq: identity for identity, seq in select(db, "id, seq", "outcome", "seq", seqs)}
    db.conn.execute("PRAGMA defer_foreign_keys = ON")  # the entries are pointed elsewhere before the commit
    verdicts.remove(db, seqs)
    return former


def repoint(db: sqlite_utils.Database, former: Mapping[int, str], seqs: Mapping[int, int]) -> None:
    """Say what replaced the outcomes that were removed, to their entries and to a daemon that knows them."""
    for table in ("gateway_entry", "replaced"):
        sql = f"UPDATE {table} SET seq = ? WHERE seq = ?"  # noqa: S608 - ours
        db.conn.executemany(sql, [(now, before) for before, now in seqs.items()])
    told = [(identity, seqs[before]) for before, identity in former.items()]
    db.conn.executemany("INSERT OR REPLACE INTO replaced (id, seq) VALUES (?, ?)", told)
    if told:
        db.conn.execute("DELETE FROM replaced WHERE seq <= (SELECT max(seq) FROM outcome) - ?", [MOST_REPLACED])


def put_entries(db: sqlite_utils.Database, entries: Sequence[tuple[rows.GatewayEntry, int | None]]) -> None:
    """Keep what gateways' logs say; a row told again is replaced, and keeps its outcome."""
    told = [
        columns.row({**columns.fields(entry), "began_at": columns.when(entry.began_at), "seq": seq})
        for entry, seq in entries
    ]
    if told:
        names = ", ".join(told[0])
        latest = ", ".join(f"{name} = excluded.{name}" for name in told[0] if name != "seq")
        sql = f"""
            INSERT INTO gateway_entry ({names}) VALUES ({verdicts.marks(told[0])})
            ON CONFLICT (request_id, gateway) DO UPDATE SET {latest}, seq = coalesce(excluded.seq, seq)
        """  # noqa: S608 - ours
        db.conn.executemany(sql, [tuple(each.values()) for each in told])


def hold(db: sqlite_utils.Database, unmapped: Sequence[rows.Unmapped]) -> int:
    """Hold requests without a path; how many of them are new."""
    told = [columns.row({**columns.fields(each), "sent_at": columns.when(each.sent_at)}) for each in unmapped]
    if not told:
        return 0
    before = db.conn.total_changes
    sql = f"INSERT OR IGNORE INTO unmapped ({', '.join(told[0])}) VALUES ({verdicts.marks(told[0])})"  # noqa: S608
    db.conn.executemany(sql, [tuple(each.values()) for each in told])
    added = db.conn.total_changes - before
    db.conn.execute(
        "DELETE FROM unmapped WHERE rowid IN (SELECT rowid FROM unmapped ORDER BY sent_at DESC LIMIT -1 OFFSET ?)",
        [MOST_UNMAPPED],
    )
    return int(added)


def release(db: sqlite_utils.Database, ids: Sequence[str]) -> None:
    """Requests that were held have found their path."""
    db.conn.executemany("DELETE FROM unmapped WHERE id = ?", [(columns.storable(each),) for each in ids])


def lose(db: sqlite_utils.Database, day: dt.date, lost: Mapping[str, int]) -> None:
    """Count own requests that could not be taken in, by reason."""
    sql = """
        INSERT INTO own_lost (day, reason, count) VALUES (?, ?, ?)
        ON CONFLICT (day, reason) DO UPDATE SET count = count + excluded.count
    """
    db.conn.executemany(sql, [(day.isoformat(), columns.storable(reason), count) for reason, count in lost.items()])


def advance(db: sqlite_utils.Database, positions: Mapping[str, str], at: dt.datetime) -> None:
    """Say how far sources have been read; an empty position forgets one."""
    for name, position in positions.items():
        if position:
            db.table("source").insert({"name": name, "position": position, "at": columns.when(at)}, replace=True)
        else:
            db.conn.execute("DELETE FROM source WHERE name = ?", [name])
