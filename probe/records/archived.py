"""What stays of time whose outcomes are no longer kept, and which outcomes are next: roll-ups, closed months; read-only."""

import collections
import datetime as dt
from collections.abc import Iterator
from typing import Any

from probe import model
from probe.inference import months
from probe.records import columns, rollups, summaries
from probe.records import view as views


class Archived:
    """Part of a `history.History`, and as old as that."""

    def __init__(self, view: views.View) -> None:
        self._rows, self._decoded = view.rows, view.decoded

    def rollups(self, since: dt.datetime, until: dt.datetime) -> Iterator[tuple[Any, ...]]:
        """Roll-ups of the hours that begin in [since, until), by hour; sentinels are in none.

        (channel, tier, trigger, hour, kind, exclusion, billed, price_usd, count, latencies): see `rollups`.
        """
        sql = """
            SELECT channel, tier, trigger, hour, kind, nullif(excluded, ''), billed, price_usd, count, latencies
            FROM rollup WHERE hour >= substr(?, 1, 13) AND hour < substr(?, 1, 13) AND trigger <> ? ORDER BY hour
        """
        yield from self._rows(sql, columns.when(since), columns.when(until), model.Trigger.SENTINEL)

    def months(self, since: dt.datetime, until: dt.datetime) -> dict[model.Path, list[months.Piece]]:
        """The closed months that are stored and touch [since, until), by path, in order of time."""
        sql = """
            SELECT channel, tier, month, failing, failing_low, failing_high, degraded, calm_failed, calm_n, segments
            FROM month WHERE month >= substr(?, 1, 7) AND month < substr(?, 1, 7) ORDER BY month
        """
        found: dict[model.Path, list[months.Piece]] = collections.defaultdict(list)
        for path, piece in self._decoded(
            lambda row: (model.Path(*row[:2]), summaries.month(row[2:])), sql, columns.when(since), columns.when(until)
        ):
            found[path].append(piece)
        return found

    def months_open(self) -> tuple[dt.datetime, ...]:
        """The beginnings of the months that have canaries which tell of health, and are not stored yet, this one too.

        Never of one that began before the rows are all there: an import may hold roll-ups without their month.
        """
        telling = [kind.value for kind in model.Kind if model.health_of(kind, None) is not None]
        sql = f"""
            SELECT DISTINCT substr(hour, 1, 7) FROM rollup
            WHERE trigger NOT IN (?, ?) AND excluded = '' AND kind IN ({", ".join("?" * len(telling))})
                AND substr(hour, 1, 7) || '-01T00:00:00.000Z' >= {rollups.KEPT_SINCE}
            EXCEPT SELECT month FROM month ORDER BY 1
        """  # noqa: S608 - made of constants
        found = self._rows(sql, model.Trigger.OWN_TRAFFIC, model.Trigger.SENTINEL, *telling)
        return tuple(dt.datetime.fromisoformat(f"{begin}-01T00:00:00+00:00") for (begin,) in found)

    def summaries(
        self, since: dt.datetime | None = None, until: dt.datetime | None = None
    ) -> Iterator[summaries.Summary]:
        """What stands for the outcomes sent in [since, until) that are no longer kept; nothing where all of them are."""
        kept_since = self.kept_since()
        if kept_since is None or (since and since >= kept_since):
            return
        first = columns.when(since) if since else ""
        last = columns.when(min(kept_since, until) if until else kept_since)
        yield summaries.Summary("kept", {"since": columns.when(kept_since)})
        for table, columns_of, begin in (
            ("rollup", rollups.COLUMNS, "hour || ':00:00.000Z'"),
            ("month", summaries.MONTH_COLUMNS, "month || '-01T00:00:00.000Z'"),
        ):
            sql = f"SELECT {', '.join(columns_of)} FROM {table} WHERE {begin} >= ? AND {begin} < ? ORDER BY 1, 2, 3"  # noqa: S608
            for row in self._rows(sql, first, last):
                yield summaries.Summary(table, dict(zip(columns_of, row, strict=True)))

    def expired(self, since: dt.datetime, failures_since: dt.datetime, limit: int = -1) -> list[int]:
        """The first of the outcomes sent before `since`, failures before `failures_since`, by arrival (`seq`).

        The latest arrival is never among them: arrivals are counted from it.
        """
        sql = """
            SELECT seq FROM outcome JOIN verdict USING (seq)
            WHERE sent_at < ?1 AND (kind = 'ok' OR sent_at < ?2) AND seq < (SELECT max(seq) FROM outcome)
            ORDER BY sent_at LIMIT ?3
        """
        earlier = min(since, failures_since)
        found = self._rows(sql, columns.when(since), columns.when(earlier), limit)
        return [seq for (seq,) in found]

    def days(self) -> tuple[dt.datetime, ...]:
        """The UTC days on which something was sent that is counted, the latest first."""
        sql = "SELECT DISTINCT substr(hour, 1, 10) FROM rollup ORDER BY 1 DESC"
        return tuple(self._decoded(lambda row: dt.datetime.fromisoformat(f"{row[0]}T00:00:00+00:00"), sql))

    def kept_since(self) -> dt.datetime | None:
        """What was sent before is told by roll-ups alone, its rows are no longer all there; None: they are."""
        return next((columns.instant(since) for (since,) in self._rows("SELECT since FROM kept")), None)
