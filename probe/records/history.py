"""Questions about what was stored, answered in frozen rows; read-only, beside a live writer, standard library only."""

import contextlib
import datetime as dt
import functools
import json
import pathlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar

from probe import model
from probe.inference import charges as charging
from probe.inference import points as own_points
from probe.records import columns, database, errors, rows, schema

if TYPE_CHECKING:
    from probe.records import archived, told

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

    @functools.cached_property
    def archived(self) -> "archived.Archived":
        """What stays of time whose outcomes are no longer kept."""
        from probe.records import archived  # noqa: PLC0415 - `status` asks for none of it, and is called every minute

        return archived.Archived(self._rows, self._decoded)

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

    def cells(
        self, since: dt.datetime, until: dt.datetime, *, path: model.Path
    ) -> Iterator[tuple[str, str, str, str | None, float | None, float, str]]:
        """Like `outcomes`, as little as rates and plots need: for columns, thirty times faster to read.

        (trigger, time sent without the Z, kind, exclusion, latency_s, price_usd, billed), words as they are stored;
        a request that was not answered to the end has the time until it failed instead of a latency.
        """
        where, parameters = selection(since, until, path=path)
        ended = "(SELECT json_extract(facts, '$.elapsed_s') FROM evidence WHERE evidence.seq = outcome.seq)"
        sql = f"""
            SELECT trigger, substr(sent_at, 1, 23), kind, excluded,
                CASE WHEN latency_s IS NULL AND kind <> 'ok' THEN {ended} ELSE latency_s END, price_usd, billed
            FROM outcome JOIN verdict USING (seq) WHERE {where} ORDER BY sent_at, seq
        """  # noqa: S608 - made of constants
        yield from self._rows(sql, *parameters)

    def totals(self) -> Iterator[tuple[str, str, str, str, int]]:
        """(channel, tier, trigger, kind, outcomes) since the first one, those no longer kept among them."""
        sql = "SELECT channel, tier, trigger, kind, sum(count) FROM rollup GROUP BY 1, 2, 3, 4"
        yield from self._rows(sql)

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
            UNION SELECT id FROM outcome WHERE id BETWEEN ?1 AND ?2
            UNION SELECT request_id FROM gateway_entry WHERE request_id BETWEEN ?1 AND ?2 LIMIT 3
        """
        begin_so = [value for (value,) in self._rows(sql, wanted, wanted + LAST_CHARACTER)]
        if len(begin_so) > 1:
            raise errors.RecordsError(
                f"Several stored ids begin with {wanted!r}, for example {' and '.join(begin_so)}. Write more of it."
            )
        return self._with_id(begin_so[0]) if begin_so else ()

    def _with_id(self, value: str) -> tuple[model.Judged, ...]:
        where = (
            "outcome.seq IN (SELECT seq FROM request_id WHERE value = ?1 UNION SELECT seq FROM outcome WHERE id = ?1 "
            "UNION SELECT seq FROM gateway_entry WHERE request_id = ?1)"
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

    # --- own traffic -------------------------------------------------------------------------------------------

    def own(
        self, since: dt.datetime | None = None, until: dt.datetime | None = None, *, latest: int | None = None
    ) -> list[own_points.Point]:
        """Own requests sent in [since, until), in order, beside what their gateway's log says; at most the `latest`."""
        where, parameters = period("sent_at", since, until)
        sql = f"""
            SELECT channel, tier, sent_at, kind, detail, excluded, billed, latency_s,
                json_extract(evidence.facts, '$.elapsed_s'), price_usd, coalesce(entry.charged_usd, outcome.charged_usd),
                outcome.model, coalesce(nullif(entry.model, ''), served_model),
                coalesce(router.asked_model, ''), coalesce(router.model, ''), prompt_id, attempt, batch, source,
                coalesce(entry.token_group, ''), entry.duration_s, coalesce(entry.attempts, router.attempts),
                entry.error <> ''
            FROM outcome JOIN verdict USING (seq) LEFT JOIN evidence USING (seq)
            LEFT JOIN gateway_entry AS entry ON entry.rowid = (
                SELECT rowid FROM gateway_entry WHERE seq = outcome.seq AND gateway <> 'litellm' LIMIT 1
            )
            LEFT JOIN gateway_entry AS router ON router.rowid = (
                SELECT rowid FROM gateway_entry WHERE seq = outcome.seq AND gateway = 'litellm' LIMIT 1
            )
            WHERE source <> '' AND {where} ORDER BY sent_at DESC, outcome.seq DESC LIMIT ?
        """  # noqa: S608 - made of constants
        found = list(self._decoded(rows.own_point, sql, *parameters, -1 if latest is None else latest))
        return found[::-1]

    def charges(self, since: dt.datetime | None = None, until: dt.datetime | None = None) -> Iterator[charging.Charge]:
        """What was charged for pictures sent in [since, until), in order, by the gateway's log or else by the answer."""
        where, parameters = period("sent_at", since, until)
        sql = f"""
            SELECT channel, tier, sent_at, price_usd, coalesce(entry.charged_usd, outcome.charged_usd) AS charged
            FROM outcome JOIN verdict USING (seq) LEFT JOIN gateway_entry AS entry ON entry.rowid = (
                SELECT rowid FROM gateway_entry WHERE seq = outcome.seq AND gateway <> 'litellm' LIMIT 1
            )
            WHERE (outcome.charged_usd > 0 OR outcome.seq IN (SELECT seq FROM gateway_entry WHERE charged_usd > 0))
                AND charged > 0 AND price_usd > 0 AND kind IN ('ok', 'degraded_image') AND {where}
            ORDER BY sent_at, outcome.seq
        """  # noqa: S608 - made of constants
        yield from self._decoded(rows.charge, sql, *parameters)

    def told_after(self, seq: int, limit: int = 5000) -> tuple[int, tuple[rows.News, ...]]:
        """Own requests stored after the arrival `seq`, at most so many, and the arrival to go on from."""
        found = "SELECT seq FROM outcome WHERE seq > ? AND source <> '' ORDER BY seq LIMIT ?"
        seqs = [each for (each,) in self._rows(found, seq, limit)]
        if not seqs:
            return self.arrived(), ()
        former: dict[str, list[str]] = {}
        sql = "SELECT outcome.id, replaced.id FROM replaced JOIN outcome USING (seq) WHERE seq BETWEEN ? AND ?"
        for identity, before in self._rows(sql, seqs[0], seqs[-1]):
            former.setdefault(identity, []).append(before)
        sql = f"{columns.JUDGED} WHERE outcome.seq BETWEEN ? AND ? AND source <> '' ORDER BY sent_at, outcome.seq"
        told = self._decoded(columns.judged, sql, seqs[0], seqs[-1])
        return seqs[-1], tuple(rows.News(one, tuple(former.get(one.outcome.id, ()))) for one in told)

    def arrived(self) -> int:
        """The latest arrival of all."""
        ((last,),) = self._rows("SELECT coalesce(max(seq), 0) FROM outcome")
        return int(last)

    def last_slot(self, path: model.Path) -> int | None:
        """The latest slot for which a canary was paid, whenever that was."""
        sql = "SELECT max(slot) FROM intent WHERE (channel, tier) = (?, ?) AND slot IS NOT NULL"
        ((last,),) = self._rows(sql, *path)
        return None if last is None else int(last)

    def entries(self, request_id: str) -> tuple[rows.GatewayEntry, ...]:
        """What gateways' logs say of a request that was asked for by their id."""
        names = ", ".join(columns.shape_of(rows.GatewayEntry).names)
        sql = f"SELECT {names} FROM gateway_entry WHERE request_id = ?"  # noqa: S608 - made of constants
        return tuple(self._decoded(rows.gateway_entry, sql, columns.storable(request_id)))

    def strays(self, since: dt.datetime | None = None, until: dt.datetime | None = None) -> tuple[rows.Stray, ...]:
        """Own requests that no path is known for, by sort, most frequent first."""
        where, parameters = period("sent_at", since, until)
        sql = f"""
            SELECT host, model, ordered, reason, count(*), min(sent_at), max(sent_at) FROM unmapped WHERE {where}
            GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 2, 3
        """  # noqa: S608 - made of constants
        return tuple(self._decoded(rows.stray, sql, *parameters))

    def held(self) -> Iterator[tuple[str, str]]:
        """(id, line) of the own requests that no path is known for."""
        yield from self._rows("SELECT id, line FROM unmapped ORDER BY sent_at")

    def position(self, source: str) -> str | None:
        """How far a source has been read; None: never."""
        return next((found for (found,) in self._rows("SELECT position FROM source WHERE name = ?", source)), None)

    def lost(self, since: dt.datetime | None = None, until: dt.datetime | None = None) -> dict[str, int]:
        """Own requests that could not be taken in, by reason, counted on the days of [since, until)."""
        first = since.date().isoformat() if since else ""
        last = until.date().isoformat() if until else LAST_CHARACTER
        sql = "SELECT reason, sum(count) FROM own_lost WHERE day BETWEEN ? AND ? GROUP BY reason ORDER BY 2 DESC"
        return dict(self._rows(sql, first, last))

    def names(self, since: dt.datetime, until: dt.datetime, channel: str, prefix: str) -> tuple[str, ...]:
        """Ids of requests of a channel that begin so and that no gateway's log was asked for."""
        sql = """
            SELECT DISTINCT value FROM request_id JOIN outcome USING (seq)
            WHERE channel = ? AND sent_at >= ? AND sent_at < ? AND value BETWEEN ? AND ?
            AND value NOT IN (SELECT request_id FROM gateway_entry) ORDER BY value
        """
        found = self._rows(sql, channel, columns.when(since), columns.when(until), prefix, prefix + LAST_CHARACTER)
        return tuple(value for (value,) in found)

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

    def latest_sent(self, trigger: model.Trigger) -> dict[model.Path, dt.datetime]:
        """When the latest canary of a trigger was sent on each path that has one."""
        sql = "SELECT channel, tier, max(sent_at) FROM intent WHERE trigger = ? GROUP BY channel, tier"
        return {model.Path(channel, tier): columns.instant(at) for channel, tier, at in self._rows(sql, trigger)}

    def spent_usd(self, day: dt.date, trigger: model.Trigger | None = None) -> float:
        """List prices reserved in the budget of that UTC day, those of unknown outcome included; by a trigger or all."""
        ((spent,),) = self._rows(
            "SELECT coalesce(sum(reserved_usd), 0.0) FROM intent "
            "WHERE budget_day = ?1 AND (?2 IS NULL OR trigger = ?2)",
            day.isoformat(),
            trigger,
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

    def alerts(self, at: dt.datetime) -> "told.Told":
        """Incidents, silences and routes on record at `at`, and the messages made about them."""
        from probe.records import told  # noqa: PLC0415 - as above

        return told.read(self._rows, at)

    def messages(self, limit: int = 20) -> "tuple[told.Message, ...]":
        """Messages that wait, oldest first, then those settled last, latest first."""
        from probe.records import told  # noqa: PLC0415 - as above

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
    """An SQL condition on the table `outcome`, with its parameters; sentinels are in it only where their trigger is named."""
    where, parameters = period("sent_at", since, until)
    conditions = [where]
    if path is not None:
        conditions.append("(channel, tier) = (?, ?)")
        parameters += [columns.storable(each) for each in path]
    if channel is not None:
        conditions.append("channel = ?")
        parameters.append(columns.storable(channel))
    if triggers is None:
        conditions.append("trigger <> ?")
        parameters.append(model.Trigger.SENTINEL)
    else:
        # Our own words stand in the text: SQLite then knows that an index of the sentinels alone will do.
        wanted = " OR ".join(f"trigger = '{trigger.value}'" for trigger in triggers)
        conditions.append(f"({wanted or 0})")
    return " AND ".join(conditions), parameters
