"""Reads a period from history, once, into a `Window`: the only place where sections' facts meet the database."""

import collections
import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from probe import model
from probe.inference import charges, months, strictness
from reports import delivered, outcomes, own, past, present, states, window
from reports.outcomes import Outcomes

if TYPE_CHECKING:
    from probe.config import schema
    from probe.records import history
    from probe.records.rows import Skip

DEFAULT_PERIOD = dt.timedelta(days=14)

BY_ROWS = dt.timedelta(days=62)
"""The latest months are read row by row, at least so many days; earlier ones from roll-ups and stored segments."""

MOST_SENTINELS = 5_000
"""The latest that are read: years of them."""


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """Which paths and which period; None or empty = all, or the default."""

    since: dt.datetime | None = None
    until: dt.datetime | None = None
    compare: dt.timedelta | None = None  # how much time before the period to compare it with
    channels: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()  # advice for these alone

    def takes(self, path: model.Path) -> bool:
        return (not self.channels or path.channel in self.channels) and (not self.tiers or path.tier in self.tiers)

    def asks(self, advice: present.Advice) -> bool:
        return (not self.tiers or advice.tier in self.tiers) and (not self.jobs or advice.job in self.jobs)


ALL = Choice()


def read(config: "schema.Config", stored: "history.History", now: dt.datetime, choice: Choice = ALL) -> window.Window:
    """The window.

    1. what is so at the period's end;
    2. the outcomes of the period by path and series, with degraded stretches and occupancy from all canaries;
    3. skipped slots, requests never heard of again, alarms, money, and whether the daemon lives.
    """
    until = choice.until or now
    since = choice.since or until - DEFAULT_PERIOD
    at_end = present.read(config, stored, until, published=until >= now)
    border = by_rows_from(stored, until)
    series = read_series(config, stored, since, until, border, choice)
    before_since = since - choice.compare if choice.compare else None
    before = read_series(config, stored, before_since, since, border, choice) if before_since else {}
    skips: dict[model.Path, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    skipped = stored.skips(since, until)
    for skip in skipped:
        skips[skip.path][skip.reason] += 1
    lost = collections.Counter(
        intent.path
        for intent in stored.open_intents()
        if intent.state == "unknown_outcome" and since <= intent.sent_at < until
    )
    alarms: dict[model.Path, list[dt.datetime]] = collections.defaultdict(list)
    for alarm in stored.alarms(since, until):
        alarms[alarm.path].append(alarm.raised_at)
    facts = {
        path: window.PathFacts(
            at_end.find(path),
            taken,
            before.get(path, {}),
            skips=skips[path],
            unknown_outcomes=lost[path],
            alarms=tuple(alarms[path]),
        )
        for path, taken in series.items()
    }
    pasts = past.read(facts, since, until, read_closed(stored, since, border))
    beat = stored.heartbeat()
    return window.Window(
        since,
        until,
        now,
        tuple(past.agreed(each, pasts[path]) for path, each in facts.items()),
        tuple(advice for advice in at_end.advice if choice.asks(advice)),
        config.budget.usd_per_day,
        stored.spent_usd(until.astimezone(dt.UTC).date()),
        beat.at if beat else None,
        watched=beat is not None and not beat.stale(now),
        before_since=before_since,
        by_hour_until=border if border > (before_since or since) else None,
        kept_since=stored.archived.kept_since(),
        own_traffic=own.read(config, stored, since, until, choice.takes),
        pictures=delivered.read(stored, tuple(facts), since, until, choice.takes),
        prices=charges.off_list(charge for charge in stored.charges(since, until) if choice.takes(charge.path)),
        moderation=read_strictness(stored, until, choice),
        fine_elsewhere=frozenset(
            path.tier for path, one in at_end.paths.items() if path not in facts and one.state.state in states.FINE
        ),
        budget_gone=budget_gone(skipped, series, until),
    )


def by_rows_from(stored: "history.History", until: dt.datetime) -> dt.datetime:
    """Where the rows begin that are read; what was sent before is read from roll-ups, by the hour."""
    begin, kept_since = months.start(until - BY_ROWS), stored.archived.kept_since()
    return min(max(begin, kept_since or begin), until)


def budget_gone(
    skipped: "Sequence[Skip]", series: Mapping[model.Path, Mapping[window.Series, Outcomes]], until: dt.datetime
) -> bool:
    """Did the day's money end before the day: a slot was left out for it, and no canary has been sent since?"""
    today = until.astimezone(dt.UTC).date()
    short = [skip.at for skip in skipped if skip.reason is model.SkipReason.BUDGET]
    refused = [at for at in short if at.astimezone(dt.UTC).date() == today]
    sent_s = [
        float(taken.sent_s[-1])
        for of in series.values()
        for each in window.PAID
        if len(taken := of.get(each, outcomes.NONE))
    ]
    return bool(refused) and max(refused).timestamp() > max(sent_s, default=0.0)


def read_series(
    config: "schema.Config",
    stored: "history.History",
    since: dt.datetime,
    until: dt.datetime,
    border: dt.datetime,
    choice: Choice,
) -> dict[model.Path, dict[window.Series, Outcomes]]:
    """The outcomes of every chosen path: those of the config first, in its order, then those that have left it."""
    found = {}
    with stored.understood():
        rolled = read_rolled(stored, since, min(until, border)) if since < border else {}
        known = dict.fromkeys([*config.paths(), *sorted({*stored.paths(), *rolled})])
        for path in filter(choice.takes, known):
            taken = read_rows(stored, max(since, border), until, path) if border < until else {}
            for series, earlier in rolled.get(path, {}).items():
                taken[series] = outcomes.joined([earlier, taken.get(series, outcomes.NONE)])
            # Own traffic at tiers that are not watched stands in its own section alone.
            if taken.keys() - {window.Series.OWN} or path in config.paths():
                found[path] = taken
    return found


def read_closed(
    stored: "history.History", since: dt.datetime, border: dt.datetime
) -> dict[model.Path, list[months.Piece]]:
    """The closed months between, as far as they are stored for every month without a gap; the rest is smoothed now."""
    found = stored.archived.months(since, border)
    begin, last = months.start(since), months.start(border)
    stored_months = {piece.since for pieces in found.values() for piece in pieces}
    while begin < last and begin in stored_months:
        begin = months.after(begin)
    return {path: [piece for piece in pieces if piece.until <= begin] for path, pieces in found.items()}


def read_rows(
    stored: "history.History", since: dt.datetime, until: dt.datetime, path: model.Path
) -> dict[window.Series, Outcomes]:
    rows: dict[window.Series, list[tuple[Any, ...]]] = collections.defaultdict(list)
    for trigger, *row in stored.cells(since, until, path=path):
        rows[SERIES[trigger]].append(tuple(row))
    return {series: Outcomes.of(*zip(*taken, strict=True)) for series, taken in rows.items()}


def read_rolled(
    stored: "history.History", since: dt.datetime, until: dt.datetime
) -> dict[model.Path, dict[window.Series, Outcomes]]:
    rows: dict[tuple[model.Path, window.Series], list[tuple[Any, ...]]] = collections.defaultdict(list)
    for channel, tier, trigger, *row in stored.archived.rollups(since, until):
        rows[model.Path(channel, tier), SERIES[trigger]].append(tuple(row))
    found: dict[model.Path, dict[window.Series, Outcomes]] = collections.defaultdict(dict)
    for (path, series), taken in rows.items():
        found[path][series] = Outcomes.rolled(*zip(*taken, strict=True)).since(since)
    return found


SERIES = {str(trigger): series for trigger, series in window.SERIES.items()}


def read_strictness(stored: "history.History", until: dt.datetime, choice: Choice) -> tuple[strictness.Strictness, ...]:
    """What sentinels said until the period's end, of chosen channels; the tier they were sent on does not matter."""
    sent = list(
        stored.outcomes(until=until, triggers=[model.Trigger.SENTINEL], limit=MOST_SENTINELS, newest_first=True)
    )
    taken = (one for one in reversed(sent) if not choice.channels or one.outcome.path.channel in choice.channels)
    return strictness.read(taken)
