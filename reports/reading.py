"""Reads a period from history, once, into a `Window`: the only place where sections' facts meet the database."""

import collections
import dataclasses
import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from probe import model
from probe.inference import segments
from reports import present, window
from reports.outcomes import Outcomes

if TYPE_CHECKING:
    from probe.config import schema
    from probe.records import history
    from probe.records.rows import Point

DEFAULT_PERIOD = dt.timedelta(days=14)


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


def read(config: "schema.Config", past: "history.History", now: dt.datetime, choice: Choice = ALL) -> window.Window:
    """The window.

    1. what is so at the period's end;
    2. the outcomes of the period by path and series, with degraded stretches and occupancy from all canaries;
    3. skipped slots, requests never heard of again, money, and whether the daemon lives.
    """
    until = choice.until or now
    since = choice.since or until - DEFAULT_PERIOD
    at_end = present.read(config, past, until, published=until >= now)
    series = read_series(config, past, since, until, choice)
    before_since = since - choice.compare if choice.compare else None
    before = read_series(config, past, before_since, since, choice) if before_since else {}
    skips: dict[model.Path, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for skip in past.skips(since, until):
        skips[skip.path][skip.reason] += 1
    lost = collections.Counter(
        intent.path
        for intent in past.open_intents()
        if intent.state == "unknown_outcome" and since <= intent.sent_at < until
    )
    facts = {
        path: window.PathFacts(
            at_end.find(path), taken, before.get(path, {}), skips=skips[path], unknown_outcomes=lost[path]
        )
        for path, taken in series.items()
    }
    pasts = read_pasts({path: each.canaries() for path, each in facts.items()}, since, until)
    beat = past.heartbeat()
    return window.Window(
        since,
        until,
        now,
        tuple(agreed(each, pasts[path]) for path, each in facts.items()),
        tuple(advice for advice in at_end.advice if choice.asks(advice)),
        config.budget.usd_per_day,
        past.spent_usd(until.astimezone(dt.UTC).date()),
        beat.at if beat else None,
        watched=beat is not None and not beat.stale(now),
        before_since=before_since,
    )


def read_series(
    config: "schema.Config", past: "history.History", since: dt.datetime, until: dt.datetime, choice: Choice
) -> dict[model.Path, dict[window.Series, Outcomes]]:
    """The outcomes of every chosen path: those of the config first, in its order, then those that have left it."""
    known = dict.fromkeys([*config.paths(), *sorted(past.paths())])
    found = {}
    for path in filter(choice.takes, known):
        points: dict[window.Series, list[Point]] = collections.defaultdict(list)
        for point in past.points(since, until, path=path):
            points[window.SERIES[point.trigger]].append(point)
        if points or path in config.paths():
            found[path] = {series: Outcomes.of(taken) for series, taken in points.items()}
    return found


# --- degraded stretches and shares of time ----------------------------------------------------------------------------

CHUNK, OVERLAP = dt.timedelta(days=28), dt.timedelta(days=1)
"""The smoother's memory grows with the period, so that long periods are taken in pieces."""


@dataclasses.dataclass(frozen=True, slots=True)
class Past:
    """Degraded stretches and shares of time of one path; by default one without canaries."""

    degraded: tuple[window.Degraded, ...] = ()
    occupancy: window.Occupancy | None = None


def read_pasts(
    canaries: Mapping[model.Path, Outcomes], since: dt.datetime, until: dt.datetime
) -> dict[model.Path, Past]:
    """Smoothed from every canary that says something about health; own traffic stands apart."""
    telling = {path: taken.where(taken.telling) for path, taken in canaries.items()}
    watched = [path for path, taken in telling.items() if len(taken)]
    chunks = []
    for start, end in chunked(since, until) if watched else ():
        signals = {path: signals_of(telling[path].split([start, end])[0]) for path in watched}
        chunks.append(segments.past(signals, start, end))
    found = dict.fromkeys(canaries, Past())
    for path in watched:
        last_at = dt.datetime.fromtimestamp(float(telling[path].sent_s[-1]), dt.UTC)
        found[path] = joined([chunk[path] for chunk in chunks], last_at)
    return found


def signals_of(taken: Outcomes) -> list[segments.Signal]:
    return [
        segments.Signal(dt.datetime.fromtimestamp(sent_s, dt.UTC), failed)
        for sent_s, failed in zip(taken.sent_s.tolist(), taken.failed.tolist(), strict=True)
    ]


def chunked(since: dt.datetime, until: dt.datetime) -> list[tuple[dt.datetime, dt.datetime]]:
    """Pieces of about `CHUNK` that share `OVERLAP` with their neighbours."""
    count = max(1, round((until - since) / CHUNK))
    step = (until - since) / count
    starts = [since + number * step for number in range(count)]
    return [(max(since, start - OVERLAP), min(until, start + step + OVERLAP)) for start in starts]


def joined(chunks: Sequence[segments.Past], last_at: dt.datetime) -> Past:
    """One path over all pieces: stretches that meet become one, shares of time are averaged."""
    degraded: list[window.Degraded] = []
    for segment in (segment for chunk in chunks for segment in chunk.segments):
        found = stretch(segment, last_at)
        before = degraded[-1] if degraded else None
        if before and (before.end is None or found.start.low <= before.end.high):
            degraded[-1] = dataclasses.replace(before, end=found.end)
        else:
            degraded.append(found)
    n = len(chunks)
    failing, share = (math.fsum(getattr(chunk, name) for chunk in chunks) / n for name in ("failing", "degraded"))
    # Pieces are independent, so their spreads add in quadrature.
    below = math.hypot(*(chunk.failing - min(chunk.failing_low, chunk.failing) for chunk in chunks)) / n
    above = math.hypot(*(max(chunk.failing_high, chunk.failing) - chunk.failing for chunk in chunks)) / n
    return Past(tuple(degraded), window.Occupancy(failing, failing - below, failing + above, share))


def stretch(segment: segments.Segment, last_at: dt.datetime) -> window.Degraded:
    """An end that no canary has seen is no end: without evidence the model only forgets."""
    end = segment.end if segment.end and segment.end.at <= last_at else None
    return window.Degraded(present.estimate(segment.start), present.estimate(end) if end else None, segment.failing)


def agreed(facts: window.PathFacts, past: Past) -> window.PathFacts:
    """The path with its past; an alarm that is on is dated once, as the detector dates it."""
    degraded, since = past.degraded, facts.now.since
    if since:
        degraded = tuple(one for one in degraded if one.end is not None and one.end.at < since.low)
        degraded = (*degraded, window.Degraded(since, None, facts.now.failing))
    return dataclasses.replace(facts, degraded=degraded, occupancy=past.occupancy)
