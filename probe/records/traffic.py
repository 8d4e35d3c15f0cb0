"""Own traffic as it was stored: requests, those that fit no path, and how far each source has been read; read-only."""

import datetime as dt
from collections.abc import Iterator

from probe import model
from probe.inference import points as own_points
from probe.records import columns, rows
from probe.records import view as views

MOST_TOLD = 5000
"""Requests that `after` gives at once."""


class Traffic:
    """Part of a `history.History`, and as old as that."""

    def __init__(self, view: views.View) -> None:
        self._rows, self._decoded, self._arrived = view.rows, view.decoded, view.arrived

    def points(
        self, since: dt.datetime | None = None, until: dt.datetime | None = None, *, latest: int | None = None
    ) -> list[own_points.Point]:
        """Own requests sent in [since, until), in order, beside what their gateway's log says; at most the `latest`."""
        where, parameters = views.period("sent_at", since, until)
        sql = f"""
            SELECT channel, tier, sent_at, kind, detail, excluded, billed, latency_s,
                json_extract(evidence.facts, '$.elapsed_s'), price_usd, coalesce(entry.charged_usd, outcome.charged_usd),
                outcome.model, coalesce(nullif(entry.model, ''), served_model),
                coalesce(router.asked_model, ''), coalesce(router.model, ''), prompt_id, attempt, batch, source,
                coalesce(entry.token_group, ''), entry.duration_s, coalesce(entry.attempts, router.attempts),
                entry.error <> ''
            FROM outcome JOIN verdict USING (seq) LEFT JOIN evidence USING (seq)
            LEFT JOIN gateway_entry AS entry ON entry.rowid = {columns.ENTRY}
            LEFT JOIN gateway_entry AS router ON router.rowid = (
                SELECT rowid FROM gateway_entry WHERE seq = outcome.seq AND gateway = 'litellm' LIMIT 1
            )
            WHERE source <> '' AND {where} ORDER BY sent_at DESC, outcome.seq DESC LIMIT ?
        """  # noqa: S608 - made of constants
        found = list(self._decoded(rows.own_point, sql, *parameters, -1 if latest is None else latest))
        return found[::-1]

    def minutes(self, since: dt.datetime) -> list[tuple[model.Path, dt.datetime]]:
        """The paths and minutes in which own requests since then told of a path's health or might have."""
        sql = """
            SELECT DISTINCT channel, tier, substr(sent_at, 1, 16) || 'Z' FROM outcome
            WHERE source <> '' AND sent_at >= ? AND excluded IS NULL
        """
        return [
            (model.Path(channel, tier), columns.instant(at))
            for channel, tier, at in self._rows(sql, columns.when(since))
        ]

    def after(self, seq: int) -> tuple[int, tuple[rows.News, ...]]:
        """The next MOST_TOLD own requests stored after the arrival `seq`, and the arrival to go on from."""
        found = "SELECT seq FROM outcome WHERE seq > ? AND source <> '' ORDER BY seq LIMIT ?"
        seqs = [each for (each,) in self._rows(found, seq, MOST_TOLD)]
        if not seqs:
            return self._arrived(), ()
        former: dict[str, list[str]] = {}
        sql = "SELECT outcome.id, replaced.id FROM replaced JOIN outcome USING (seq) WHERE seq BETWEEN ? AND ?"
        for identity, before in self._rows(sql, seqs[0], seqs[-1]):
            former.setdefault(identity, []).append(before)
        sql = f"{columns.JUDGED} WHERE outcome.seq BETWEEN ? AND ? AND source <> '' ORDER BY sent_at, outcome.seq"
        told = self._decoded(columns.judged, sql, seqs[0], seqs[-1])
        return seqs[-1], tuple(rows.News(one, tuple(former.get(one.outcome.id, ()))) for one in told)

    def strays(self, since: dt.datetime | None = None, until: dt.datetime | None = None) -> tuple[rows.Stray, ...]:
        """Own requests that no path is known for, by sort, most frequent first."""
        where, parameters = views.period("sent_at", since, until)
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
        last = until.date().isoformat() if until else views.LAST_CHARACTER
        sql = "SELECT reason, sum(count) FROM own_lost WHERE day BETWEEN ? AND ? GROUP BY reason ORDER BY 2 DESC"
        return dict(self._rows(sql, first, last))

    def names(self, since: dt.datetime, until: dt.datetime, channel: str, prefix: str) -> tuple[str, ...]:
        """Ids of requests of a channel that begin so and that no gateway's log was asked for."""
        sql = """
            SELECT DISTINCT value FROM request_id JOIN outcome USING (seq)
            WHERE channel = ? AND sent_at >= ? AND sent_at < ? AND value BETWEEN ? AND ?
            AND value NOT IN (SELECT request_id FROM gateway_entry) ORDER BY value
        """
        found = self._rows(
            sql, channel, columns.when(since), columns.when(until), prefix, prefix + views.LAST_CHARACTER
        )
        return tuple(value for (value,) in found)
