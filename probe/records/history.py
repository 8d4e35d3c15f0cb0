"""Questions about what was stored, answered in frozen rows; read-only, beside a live writer, standard library only."""

import dataclasses
import datetime as dt
import pathlib
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Self

from probe import model
from probe.records import columns, database, errors, schema

SHORTEST_PREFIX = 8
"""Characters of a request id that must be given at least."""


class Point(NamedTuple):
    """What detection and plots need of one outcome, without its evidence."""

    sent_at: dt.datetime
    kind: model.Kind
    latency_s: float | None
    trigger: model.Trigger
    excluded: model.Exclusion | None
    fingerprint: str


@dataclasses.dataclass(frozen=True, slots=True)
class Heartbeat:
    """The daemon's latest sign of life."""

    at: dt.datetime
    pid: int
    digest: str  # of the config it runs with
    stale_after_s: float
    note: str

    def stale(self, now: dt.datetime) -> bool:
        return (now - self.at).total_seconds() > self.stale_after_s


@dataclasses.dataclass(frozen=True, slots=True)
class Skip:
    """A scheduled slot that was not sent."""

    path: model.Path
    slot: int
    at: dt.datetime
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class Alarm:
    """What people were told about a path; `cleared_at` is None while it is on."""

    id: int
    path: model.Path
    state: model.State
    since: dt.datetime | None  # estimated start of the state
    raised_at: dt.datetime
    reason: str
    cleared_at: dt.datetime | None


@dataclasses.dataclass(frozen=True, slots=True)
class Intent:
    """A paid request that was about to be sent and whose outcome is not stored."""

    id: str
    path: model.Path
    trigger: model.Trigger
    sent_at: dt.datetime
    reserved_usd: float
    pid: int
    state: str  # open, unknown_outcome


def open(path: pathlib.Path) -> "History":  # noqa: A001 - history.open
    """Open the database for reading, as it is at this moment.

    Raises RecordsError where there is none, or it is not ours, damaged, or of an older schema. A newer
    schema is read as far as it has what is asked for.
    """
    path = path.resolve()
    if not path.exists():
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
    return History(path, connection, version, immutable=immutable)


class History:
    """One consistent view of the database, from its first question until it is closed; open again to see newer rows.

    `immutable`: read where nothing can be written beside the database; rows still in the -wal file are missing.
    """

    def __init__(self, path: pathlib.Path, connection: sqlite3.Connection, version: int, *, immutable: bool) -> None:
        self.path = path
        self.version = version
        self.immutable = immutable
        self._connection = connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def _rows(self, sql: str, *parameters: Any) -> Iterator[tuple[Any, ...]]:
        """The rows of a query as they are asked for; SQLite's errors become RecordsError."""
        try:
            yield from self._connection.execute(sql, parameters)
        except sqlite3.Error as error:
            raise database.explain(error, self.path, "read the database") from error

    # --- outcomes ----------------------------------------------------------------------------------------------

    def outcomes(
        self,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        *,
        path: model.Path | None = None,
        channel: str | None = None,
        triggers: Iterable[model.Trigger] | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[model.Judged]:
        """Outcomes with their verdicts, sent in [since, until), in order of sending; read as they are asked for."""
        where, parameters = selection(since, until, path=path, channel=channel, triggers=triggers)
        order = "DESC" if newest_first else "ASC"
        sql = f"{columns.JUDGED} WHERE {where} ORDER BY sent_at {order}, seq {order} LIMIT ?"
        for row in self._rows(sql, *parameters, -1 if limit is None else limit):
            yield columns.judged(row)

    def series(
        self,
        path: model.Path,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        *,
        triggers: Iterable[model.Trigger] | None = None,
    ) -> Iterator[Point]:
        """The outcomes of one path in order of sending, light."""
        where, parameters = selection(since, until, path=path, triggers=triggers)
        sql = f"""
            SELECT sent_at, kind, latency_s, trigger, excluded, fingerprint FROM outcome JOIN verdict USING (seq)
            WHERE {where} ORDER BY sent_at, seq
        """  # noqa: S608 - made of constants
        for sent_at, kind, latency_s, trigger, excluded, fingerprint in self._rows(sql, *parameters):
            yield Point(
                columns.instant(sent_at),
                model.Kind(kind),
                latency_s,
                model.Trigger(trigger),
                columns.EXCLUSIONS.get(excluded),
                fingerprint,
            )

    def find(self, request_id: str) -> tuple[model.Judged, ...]:
        """The outcomes that carry this id: ours, gateway, trace, upstream or edge; or the one id that begins so.

        A beginning needs SHORTEST_PREFIX characters; raises RecordsError where several ids begin so.
        """
        wanted = columns.storable(request_id.strip())
        found = self._with_ids(sorted({seq for seq, _ in self._ids(wanted, wanted)}))
        if found or len(wanted) < SHORTEST_PREFIX:
            return found
        matches = list(self._ids(wanted, wanted + "\U0010ffff"))
        values = sorted({value for _, value in matches})
        if len(values) > 1:
            raise errors.RecordsError(
                f"{len(values)} stored ids begin with {wanted!r}: write more of it, for example {values[0]!r}"
            )
        return self._with_ids(sorted({seq for seq, _ in matches}))

    def _ids(self, first: str, last: str) -> Iterator[tuple[Any, ...]]:
        sql = """
            SELECT seq, value FROM request_id WHERE value BETWEEN ?1 AND ?2
            UNION SELECT seq, id FROM outcome WHERE id BETWEEN ?1 AND ?2
        """
        yield from self._rows(sql, first, last)

    def _with_ids(self, seqs: Iterable[int]) -> tuple[model.Judged, ...]:
        return tuple(
            columns.judged(row) for seq in seqs for row in self._rows(f"{columns.JUDGED} WHERE outcome.seq = ?", seq)
        )

    def paths(self) -> tuple[model.Path, ...]:
        """Every path that has an outcome."""
        return tuple(model.Path(*row) for row in self._rows("SELECT DISTINCT channel, tier FROM outcome"))

    def span(self) -> tuple[dt.datetime, dt.datetime] | None:
        """When the first and the last outcome were sent; None: there is none."""
        ((first,),) = self._rows("SELECT min(sent_at) FROM outcome")
        ((last,),) = self._rows("SELECT max(sent_at) FROM outcome")
        return None if first is None else (columns.instant(first), columns.instant(last))

    # --- money -------------------------------------------------------------------------------------------------

    def spent_usd(self, day: dt.date) -> float:
        """List prices reserved in the budget of that UTC day, those of unknown outcome included."""
        ((spent,),) = self._rows(
            "SELECT coalesce(sum(reserved_usd), 0.0) FROM intent WHERE budget_day = ?", day.isoformat()
        )
        return float(spent)

    def open_intents(self) -> tuple[Intent, ...]:
        """Paid requests without a stored outcome: in flight, or of unknown outcome after a crash."""
        sql = """
            SELECT id, channel, tier, trigger, sent_at, reserved_usd, pid, state FROM intent
            WHERE state <> 'settled' ORDER BY sent_at
        """
        return tuple(
            Intent(
                identity,
                model.Path(channel, tier),
                model.Trigger(trigger),
                columns.instant(sent_at),
                reserved,
                pid,
                state,
            )
            for identity, channel, tier, trigger, sent_at, reserved, pid, state in self._rows(sql)
        )

    # --- the daemon's state --------------------------------------------------------------------------------------

    def states(self) -> tuple[model.PathState, ...]:
        """The states the daemon published last."""
        sql = "SELECT channel, tier, state, since, checked_at, p_degraded, reason, next_at FROM path_state"
        return tuple(
            model.PathState(
                model.Path(channel, tier),
                model.State(state),
                columns.maybe_instant(since),
                columns.maybe_instant(checked_at),
                p_degraded,
                reason,
                columns.maybe_instant(next_at),
            )
            for channel, tier, state, since, checked_at, p_degraded, reason, next_at in self._rows(sql)
        )

    def heartbeat(self) -> Heartbeat | None:
        """The daemon's latest heartbeat; None: there never was a daemon."""
        for at, *rest in self._rows("SELECT at, pid, digest, stale_after_s, note FROM daemon"):
            return Heartbeat(columns.instant(at), *rest)
        return None

    def skips(self, since: dt.datetime | None = None, until: dt.datetime | None = None) -> tuple[Skip, ...]:
        """Scheduled slots not sent in [since, until)."""
        where, parameters = period("at", since, until)
        sql = f"SELECT channel, tier, slot, at, reason FROM skip WHERE {where} ORDER BY at"  # noqa: S608
        return tuple(
            Skip(model.Path(channel, tier), slot, columns.instant(at), reason)
            for channel, tier, slot, at, reason in self._rows(sql, *parameters)
        )

    def alarms(
        self, since: dt.datetime | None = None, until: dt.datetime | None = None, *, only_open: bool = False
    ) -> tuple[Alarm, ...]:
        """Alarms raised in [since, until), oldest first."""
        where, parameters = period("raised_at", since, until)
        sql = f"""
            SELECT id, channel, tier, state, since, raised_at, reason, cleared_at FROM alarm
            WHERE {where} {"AND cleared_at IS NULL" if only_open else ""} ORDER BY raised_at, id
        """  # noqa: S608 - made of constants
        return tuple(
            Alarm(
                number,
                model.Path(channel, tier),
                model.State(state),
                columns.maybe_instant(began),
                columns.instant(raised_at),
                reason,
                columns.maybe_instant(cleared_at),
            )
            for number, channel, tier, state, began, raised_at, reason, cleared_at in self._rows(sql, *parameters)
        )


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


def selection(
    since: dt.datetime | None,
    until: dt.datetime | None,
    *,
    path: model.Path | None = None,
    channel: str | None = None,
    triggers: Iterable[model.Trigger] | None = None,
) -> tuple[str, list[Any]]:
    """An SQL condition on the table `outcome`, with its parameters."""
    where, parameters = period("sent_at", since, until)
    conditions = [where]
    if path is not None:
        conditions.append("(channel, tier) = (?, ?)")
        parameters += [*path]
    if channel is not None:
        conditions.append("channel = ?")
        parameters.append(channel)
    if triggers is not None:
        wanted = [str(trigger) for trigger in triggers]
        conditions.append(f"trigger IN ({', '.join('?' * len(wanted))})")
        parameters += wanted
    return " AND ".join(conditions), parameters
