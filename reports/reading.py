"""Reads a period from history, once, into a `Window`: the only place where sections' facts meet the database."""

import collections
import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

from probe import model
from probe.inference import charges, strictness
from reports import delivered, own, past, present, window
from reports.outcomes import Outcomes

if TYPE_CHECKING:
    from probe.config import schema
    from probe.records import history
    from probe.records.rows import Point

DEFAULT_PERIOD = dt.timedelta(days=14)

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
    series = read_series(config, stored, since, until, choice)
    before_since = since - choice.compare if choice.compare else None
    before = read_series(config, stored, before_since, since, choice) if before_since else {}
    skips: dict[model.Path, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for skip in stored.skips(since, until):
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
    pasts = past.read(facts, since, until)
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
        own_traffic=own.read(config, stored, since, until, choice.takes),
        pictures=delivered.read(stored, tuple(facts), since, until, choice.takes),
        prices=charges.off_list(charge for charge in stored.charges(since, until) if choice.takes(charge.path)),
        moderation=read_strictness(stored, until, choice),
    )


def read_series(
    config: "schema.Config", stored: "history.History", since: dt.datetime, until: dt.datetime, choice: Choice
) -> dict[model.Path, dict[window.Series, Outcomes]]:
    """The outcomes of every chosen path: those of the config first, in its order, then those that have left it."""
    known = dict.fromkeys([*config.paths(), *sorted(stored.paths())])
    found = {}
    for path in filter(choice.takes, known):
        points: dict[window.Series, list[Point]] = collections.defaultdict(list)
        for point in stored.points(since, until, path=path):
            points[window.SERIES[point.trigger]].append(point)
        # Own traffic at tiers that are not watched stands in its own section alone.
        if points.keys() - {window.Series.OWN} or path in config.paths():
            found[path] = {series: Outcomes.of(taken) for series, taken in points.items()}
    return found


def read_strictness(stored: "history.History", until: dt.datetime, choice: Choice) -> tuple[strictness.Strictness, ...]:
    """What sentinels said until the period's end, of chosen channels; the tier they were sent on does not matter."""
    sent = list(
        stored.outcomes(until=until, triggers=[model.Trigger.SENTINEL], limit=MOST_SENTINELS, newest_first=True)
    )
    taken = (one for one in reversed(sent) if not choice.channels or one.outcome.path.channel in choice.channels)
    return strictness.read(taken)
