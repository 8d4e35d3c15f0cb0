"""Questions about what was stored, answered in frozen rows; read-only (`view`), standard library only."""

import datetime as dt
import functools
import pathlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Self

from probe import model
from probe.inference import charges as charging
from probe.records import columns, errors, rows
from probe.records import view as views

if TYPE_CHECKING:
    from probe.records import archived, told, traffic

SHORTEST_PREFIX = 8
"""Characters of a request id that must be given at least."""


def open(path: pathlib.Path) -> "History":  # noqa: A001 - history.open
    """Open the database for reading, as it is at this moment; raises RecordsError as `view.open` does."""
    return History(views.open(path))


class History:
    """The questions, over one view of the database: from its first question until it is closed; open again for newer rows."""

    def __init__(self, view: views.View) -> None:
        self._view = view
        self._rows, self._decoded = view.rows, view.decoded
        self.understood = view.understood
        self.immutable = view.immutable

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._view.close()

    @functools.cached_property
    def archived(self) -> "archived.Archived":
        """What stays of time whose outcomes are no longer kept."""
        from probe.records import archived  # noqa: PLC0415 - `status` asks for none of it, and is called every minute

        return archived.Archived(self._view)

    @functools.cached_property
    def traffic(self) -> "traffic.Traffic":
        """Own requests, and how far they were read."""
        from probe.records import traffic  # noqa: PLC0415 - as above

        return traffic.Traffic(self._view)

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
        begin_so = [value for (value,) in self._rows(sql, wanted, wanted + views.LAST_CHARACTER)]
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

    def size(self) -> int:
        """How many outcomes there are."""
        ((size,),) = self._rows("SELECT count(*) FROM outcome")
        return int(size)

    def paths(self) -> tuple[model.Path, ...]:
        """Every path that has an outcome."""
        return tuple(model.Path(*row) for row in self._rows("SELECT DISTINCT channel, tier FROM outcome"))

    def arrived(self) -> int:
        """The latest arrival of all."""
        return self._view.arrived()

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

    def last_slot(self, path: model.Path) -> int | None:
        """The latest slot for which a canary was paid, whenever that was."""
        sql = "SELECT max(slot) FROM intent WHERE (channel, tier) = (?, ?) AND slot IS NOT NULL"
        ((last,),) = self._rows(sql, *path)
        return None if last is None else int(last)

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

    def open_intents(self) -> tuple[rows.Intent, ...]:
        """Paid requests without a stored outcome: in flight, or of unknown outcome after a crash."""
        sql = """
            SELECT id, channel, tier, trigger, sent_at, reserved_usd, pid, state FROM intent
            WHERE state IN ('open', 'unknown_outcome') ORDER BY sent_at
        """
        return tuple(self._decoded(rows.intent, sql))

    def charges(self, since: dt.datetime | None = None, until: dt.datetime | None = None) -> Iterator[charging.Charge]:
        """What was charged for pictures sent in [since, until), in order, by the gateway's log or else by the answer."""
        where, parameters = views.period("sent_at", since, until)
        sql = f"""
            SELECT channel, tier, sent_at, price_usd, coalesce(entry.charged_usd, outcome.charged_usd) AS charged
            FROM outcome JOIN verdict USING (seq) LEFT JOIN gateway_entry AS entry ON entry.rowid = {columns.ENTRY}
            WHERE (outcome.charged_usd > 0 OR outcome.seq IN (SELECT seq FROM gateway_entry WHERE charged_usd > 0))
                AND charged > 0 AND price_usd > 0 AND kind IN ('ok', 'degraded_image') AND {where}
            ORDER BY sent_at, outcome.seq
        """  # noqa: S608 - made of constants
        yield from self._decoded(rows.charge, sql, *parameters)

    # --- the daemon's state --------------------------------------------------------------------------------------

    def states(self) -> tuple[model.PathState, ...]:
        """The states the daemon published last."""
        sql = "SELECT channel, tier, state, since, checked_at, p_degraded, reason, next_at FROM path_state"
        return tuple(self._decoded(rows.path_state, sql))

    def heartbeat(self) -> rows.Heartbeat | None:
        """The daemon's latest heartbeat; None: there never was a daemon."""
        return next(self._decoded(rows.heartbeat, rows.HEARTBEAT), None)

    def skips(self, since: dt.datetime | None = None, until: dt.datetime | None = None) -> tuple[rows.Skip, ...]:
        """Scheduled slots not sent in [since, until)."""
        where, parameters = views.period("at", since, until)
        sql = f"SELECT channel, tier, slot, at, reason FROM skip WHERE {where} ORDER BY at"  # noqa: S608
        return tuple(self._decoded(rows.skip, sql, *parameters))

    def alarms(self, since: dt.datetime | None = None, until: dt.datetime | None = None) -> tuple[rows.Alarm, ...]:
        """Alarms raised in [since, until), oldest first."""
        where, parameters = views.period("raised_at", since, until)
        sql = f"""
            SELECT id, channel, tier, state, since, raised_at, reason, cleared_at FROM alarm
            WHERE {where} ORDER BY raised_at, id
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


def selection(
    since: dt.datetime | None,
    until: dt.datetime | None,
    *,
    path: model.Path | None = None,
    channel: str | None = None,
    triggers: Iterable[model.Trigger] | None = None,
) -> tuple[str, list[Any]]:
    """An SQL condition on the table `outcome`, with its parameters; sentinels are in it only where their trigger is named."""
    where, parameters = views.period("sent_at", since, until)
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
