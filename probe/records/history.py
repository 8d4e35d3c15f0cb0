"""Questions about what was stored, answered in frozen rows; read-only, beside a live writer, standard library only."""

import datetime as dt
import json
import pathlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Self, TypeVar

from probe import model
from probe.records import columns, database, errors, rows, schema, told

SHORTEST_PREFIX = 8
"""Characters of a request id that must be given at least."""

LAST_CHARACTER = "\U0010ffff"
"""Sorts after every other: what begins with p lies between p and p + this."""


T = TypeVar("T")

COUNTED_BY = {
    "channel": "channel",
    "tier": "tier",
    "trigger": "trigger",
    "kind": "kind",
    "detail": "detail",
    "excluded": "coalesce(excluded, '')",
    "fingerprint": "fingerprint",
    "day": "substr(sent_at, 1, 10)",
    "hour": "substr(sent_at, 1, 13)",
}
"""What `counts` can tell apart: name -> SQL. `day` is 2026-08-13, `hour` 2026-08-13T02, both UTC."""


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

    def _decoded(self, decode: Callable[[tuple[Any, ...]], T], sql: str, *parameters: Any) -> Iterator[T]:
        """The rows of a query, decoded; a word that only a newer program knows becomes RecordsError."""
        for row in self._rows(sql, *parameters):
            try:
                value = decode(row)
            except json.JSONDecodeError as error:
                raise database.damaged(self.path, error) from error
            except (KeyError, ValueError) as error:
                raise errors.RecordsError(
                    f"{self.path}: holds a value this program does not know ({error}). Upgrade tierwatch."
                ) from error
            yield value

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
        yield from self._decoded(columns.judged, sql, *parameters, -1 if limit is None else limit)

    def points(
        self,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        *,
        path: model.Path | None = None,
        channel: str | None = None,
        triggers: Iterable[model.Trigger] | None = None,
    ) -> Iterator[rows.Point]:
        """Like `outcomes`, without the evidence."""
        where, parameters = selection(since, until, path=path, channel=channel, triggers=triggers)
        sql = f"""
            SELECT channel, tier, sent_at, trigger, kind, detail, excluded, latency_s, price_usd, charged_usd, billed,
                fingerprint
            FROM outcome JOIN verdict USING (seq) WHERE {where} ORDER BY sent_at, seq
        """  # noqa: S608 - made of constants
        yield from self._decoded(rows.point, sql, *parameters)

    def counts(
        self,
        since: dt.datetime | None = None,
        until: dt.datetime | None = None,
        *,
        by: Sequence[str] = ("channel", "tier", "trigger", "kind"),
    ) -> dict[tuple[str, ...], int]:
        """How many outcomes sent in [since, until) there are of each combination of `by` (names of COUNTED_BY)."""
        where, parameters = period("sent_at", since, until)
        groups = ", ".join(COUNTED_BY[name] for name in by)
        sql = f"""
            SELECT {groups}, count(*) FROM outcome JOIN verdict USING (seq)
            WHERE {where} GROUP BY {", ".join(str(number) for number in range(1, len(by) + 1))}
        """  # noqa: S608 - made of constants
        return {tuple(group): number for *group, number in self._rows(sql, *parameters)}

    def find(self, request_id: str) -> tuple[model.Judged, ...]:
        """The outcomes that carry this id: ours, gateway, trace, upstream or edge; or the one id that begins so.

        A beginning needs SHORTEST_PREFIX characters; raises RecordsError where several ids begin so.
        """
        wanted = columns.storable(request_id.strip())
        found = self._with_id(wanted)
        if found or len(wanted) < SHORTEST_PREFIX:
            return found
        sql = """
            SELECT value FROM request_id WHERE value BETWEEN ?1 AND ?2
            UNION SELECT id FROM outcome WHERE id BETWEEN ?1 AND ?2 LIMIT 3
        """
        begin_so = [value for (value,) in self._rows(sql, wanted, wanted + LAST_CHARACTER)]
        if len(begin_so) > 1:
            raise errors.RecordsError(
                f"Several stored ids begin with {wanted!r}, for example {' and '.join(begin_so)}. Write more of it."
            )
        return self._with_id(begin_so[0]) if begin_so else ()

    def _with_id(self, value: str) -> tuple[model.Judged, ...]:
        where = (
            "outcome.seq IN (SELECT seq FROM request_id WHERE value = ?1 UNION SELECT seq FROM outcome WHERE id = ?1)"
        )
        return tuple(self._decoded(columns.judged, f"{columns.JUDGED} WHERE {where} ORDER BY outcome.seq", value))

    def of_prompt(self, prompt_id: str) -> tuple[model.Judged, ...]:
        """Every outcome of one prompt, in order of sending."""
        sql = f"{columns.JUDGED} WHERE prompt_id = ? ORDER BY sent_at, outcome.seq"
        return tuple(self._decoded(columns.judged, sql, columns.storable(prompt_id)))

    def paths(self) -> tuple[model.Path, ...]:
        """Every path that has an outcome."""
        return tuple(model.Path(*row) for row in self._rows("SELECT DISTINCT channel, tier FROM outcome"))

    def span(self) -> tuple[dt.datetime, dt.datetime] | None:
        """When the first and the last outcome were sent; None: there is none."""
        ((first,),) = self._rows("SELECT min(sent_at) FROM outcome")
        ((last,),) = self._rows("SELECT max(sent_at) FROM outcome")
        return None if first is None else (columns.instant(first), columns.instant(last))

    # --- triage ------------------------------------------------------------------------------------------------

    def triages(self, name: str | None = None, limit: int = 100) -> tuple[rows.Triage, ...]:
        """What triage found, latest first: about one subject, by one triage's own id, or all."""
        sql = """
            SELECT id, subject, at, document FROM triage WHERE ?1 IS NULL OR subject = ?1 OR id = ?1
            ORDER BY at DESC, id DESC LIMIT ?2
        """
        return tuple(self._decoded(rows.triage, sql, None if name is None else columns.storable(name), limit))

    def prompt_key(self) -> bytes | None:
        """The key of the hashes of own prompts; None: no prompt was ever hashed here."""
        return next((key for (key,) in self._rows("SELECT key FROM prompt_key")), None)

    # --- money -------------------------------------------------------------------------------------------------

    def spent_usd(self, day: dt.date) -> float:
        """List prices reserved in the budget of that UTC day, those of unknown outcome included."""
        ((spent,),) = self._rows(
            "SELECT coalesce(sum(reserved_usd), 0.0) FROM intent WHERE budget_day = ?", day.isoformat()
        )
        return float(spent)

    def open_intents(
        self, since: dt.datetime | None = None, until: dt.datetime | None = None
    ) -> tuple[rows.Intent, ...]:
        """Paid requests of [since, until) without a stored outcome: in flight, or of unknown outcome after a crash."""
        where, parameters = period("sent_at", since, until)
        sql = f"""
            SELECT id, channel, tier, trigger, sent_at, reserved_usd, pid, state FROM intent
            WHERE state IN ('open', 'unknown_outcome') AND {where} ORDER BY sent_at
        """  # noqa: S608 - made of constants
        return tuple(self._decoded(rows.intent, sql, *parameters))

    # --- the daemon's state --------------------------------------------------------------------------------------

    def states(self) -> tuple[model.PathState, ...]:
        """The states the daemon published last."""
        sql = "SELECT channel, tier, state, since, checked_at, p_degraded, reason, next_at FROM path_state"
        return tuple(self._decoded(rows.path_state, sql))

    def heartbeat(self) -> rows.Heartbeat | None:
        """The daemon's latest heartbeat; None: there never was a daemon."""
        return next(self._decoded(rows.heartbeat, "SELECT at, pid, digest, stale_after_s, note FROM daemon"), None)

    def skips(self, since: dt.datetime | None = None, until: dt.datetime | None = None) -> tuple[rows.Skip, ...]:
        """Scheduled slots not sent in [since, until)."""
        where, parameters = period("at", since, until)
        sql = f"SELECT channel, tier, slot, at, reason FROM skip WHERE {where} ORDER BY at"  # noqa: S608
        return tuple(self._decoded(rows.skip, sql, *parameters))

    def alarms(
        self, since: dt.datetime | None = None, until: dt.datetime | None = None, *, only_open: bool = False
    ) -> tuple[rows.Alarm, ...]:
        """Alarms raised in [since, until), oldest first."""
        where, parameters = period("raised_at", since, until)
        sql = f"""
            SELECT id, channel, tier, state, since, raised_at, reason, cleared_at FROM alarm
            WHERE {where} {"AND cleared_at IS NULL" if only_open else ""} ORDER BY raised_at, id
        """  # noqa: S608 - made of constants
        return tuple(self._decoded(rows.alarm, sql, *parameters))

    # --- what people were told -----------------------------------------------------------------------------------

    def alerts(self, at: dt.datetime) -> told.Told:
        """Incidents, silences and routes on record at `at`, and the messages made about them."""
        return told.read(self._rows, at)

    def messages(self, limit: int = 20) -> tuple[told.Message, ...]:
        """Messages that wait, oldest first, then those settled last, latest first."""
        return (*told.waiting(self._rows), *told.latest(self._rows, limit))


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
        parameters += [columns.storable(each) for each in path]
    if channel is not None:
        conditions.append("channel = ?")
        parameters.append(columns.storable(channel))
    if triggers is not None:
        wanted = [str(trigger) for trigger in triggers]
        conditions.append(f"trigger IN ({', '.join('?' * len(wanted))})")
        parameters += wanted
    return " AND ".join(conditions), parameters
