"""Reads a period from history, once, into a `Window`: the only place where reports meet the database."""

import collections
import dataclasses
import datetime as dt
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from probe import model
from probe.inference import change, recommend, routing, segments, states
from probe.records import rows
from reports import window

if TYPE_CHECKING:
    from probe.config import schema
    from probe.inference.detect import Detection
    from probe.records import history

DEFAULT_PERIOD = dt.timedelta(days=14)
MEMORY = dt.timedelta(days=30)
MOST_REMEMBERED = 12_000
"""How far back from the period's end, and how many at most, outcomes decide what is so now."""

CALM_INTERVALS = 3.0
"""Advice stands for so many canary intervals without new evidence (then the state is unknown, too)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """Which paths and which period; None or empty = all, or the default."""

    since: dt.datetime | None = None
    until: dt.datetime | None = None
    channels: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()

    def takes(self, path: model.Path) -> bool:
        return (not self.channels or path.channel in self.channels) and (not self.tiers or path.tier in self.tiers)


ALL = Choice()


def read(config: "schema.Config", past: "history.History", now: dt.datetime, choice: Choice = ALL) -> window.Window:
    """The window.

    1. what is so at the period's end, from the outcomes of the last `MEMORY`;
    2. the outcomes of the period, light, by path;
    3. degraded stretches and occupancy from all canaries of the period;
    4. money, skipped slots, requests never heard of again, and whether the daemon lives.
    """
    until = choice.until or now
    since = choice.since or until - DEFAULT_PERIOD
    present = read_present(config, past, until, published=until >= now)
    points: dict[model.Path, list[rows.Point]] = {path: [] for path in config.paths() if choice.takes(path)}
    for point in past.points(since, until):
        if choice.takes(point.path):
            points.setdefault(point.path, []).append(point)
    pasts = read_pasts(points, since, until)
    skips: dict[model.Path, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for skip in past.skips(since, until):
        skips[skip.path][skip.reason] += 1
    lost = collections.Counter(
        intent.path
        for intent in past.open_intents()
        if intent.state == "unknown_outcome" and since <= intent.sent_at < until
    )
    beat = past.heartbeat()
    return window.Window(
        since,
        until,
        now,
        tuple(
            dataclasses.replace(
                agreed(present.facts(config, path), pasts.get(path, Past())),
                points=tuple(taken),
                skips=skips[path],
                unknown_outcomes=lost[path],
            )
            for path, taken in points.items()
        ),
        tuple(advice for advice in present.advice if not choice.tiers or advice.tier in choice.tiers),
        config.budget.usd_per_day,
        past.spent_usd(until.astimezone(dt.UTC).date()),
        beat.at if beat else None,
        watched=beat is not None and not beat.stale(now),
    )


# --- what is so at the period's end --------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Present:
    """States, what the detector says behind them, and what to use."""

    states: Mapping[model.Path, model.PathState]
    detections: Mapping[model.Path, "Detection"]
    advice: tuple[window.Advice, ...]
    simulated: bool  # are outcomes that a scenario made up among the evidence?

    def facts(self, config: "schema.Config", path: model.Path) -> window.PathFacts:
        """The facts of one path but for its outcomes; one that has left the config has no state, price or limits."""
        if path not in self.states or path not in config.paths():
            return window.PathFacts(path, model.PathState(path, model.State.UNKNOWN, reason="no longer in the config"))
        state, detection = self.states[path], self.detections[path]
        troubled = state.state in {model.State.DEGRADED, model.State.RECOVERING}
        return window.PathFacts(
            path,
            state,
            since=estimate(detection.since) if troubled and detection.since else None,
            failing=detection.about_failing if troubled else None,
            price_usd=config.price_usd(path),
            deadline_s=config.deadline_s(path),
            usable_within_s=config.usable_within_s(path),
            target_success=config.find(path.channel).target_success,
        )


def read_present(config: "schema.Config", past: "history.History", at: dt.datetime, *, published: bool) -> Present:
    """What is so at a moment; with `published`, the daemon's own states stand where it has told any."""
    configured = frozenset(config.paths())
    latest = list(past.outcomes(at - MEMORY, at, limit=MOST_REMEMBERED, newest_first=True))
    judged = [one for one in reversed(latest) if one.outcome.path in configured]
    board = states.board(judged, config)
    found = {state.path: state for state in board.states(at)}
    if published:
        found |= {state.path: state for state in past.states() if state.path in found}
    return Present(
        found,
        board.detections(at),
        tuple(read_advice(config, judged, board, found, at)),
        any(one.outcome.trigger is model.Trigger.SIMULATED for one in judged),
    )


def read_advice(
    config: "schema.Config",
    judged: Sequence[model.Judged],
    board: states.Board,
    found: Mapping[model.Path, model.PathState],
    at: dt.datetime,
) -> Iterator[window.Advice]:
    """For every tier, then for every job; the draws are seeded, so that the same history gives the same advice."""
    spacing_s = states.spacing_s(judged)
    rng = random.Random(0)  # noqa: S311 - a simulation

    def advice(
        tier: str, job: str, batch: recommend.Recommendation, urgent: recommend.Recommendation | None
    ) -> window.Advice:
        path = batch.choice.candidate.path if batch.choice else None
        checked_at = found[path].checked_at if path else None
        stands_s = CALM_INTERVALS * spacing_s.get(path, states.DEFAULT_CALM_S) if path else 0.0
        valid_until = checked_at + dt.timedelta(seconds=stands_s) if checked_at else None
        return window.Advice(tier, job, batch, urgent, checked_at, valid_until)

    batches = routing.tiers(judged, config, at, rng=rng, board=board)
    urgents = routing.tiers(judged, config, at, rng=rng, needs=routing.URGENT, board=board)
    for batch, urgent in zip(batches, urgents, strict=True):
        yield advice(batch.tier, "", batch, urgent)
    for job in config.job:
        for found_for in routing.job(judged, config, job, at, rng=rng, board=board):
            yield advice(found_for.tier, job.name, found_for, None)


# --- what was so during the period ----------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Past:
    """Degraded stretches and shares of time of one path; by default one without canaries."""

    degraded: tuple[window.Degraded, ...] = ()
    occupancy: window.Occupancy | None = None


def read_pasts(
    points: Mapping[model.Path, Sequence[rows.Point]], since: dt.datetime, until: dt.datetime
) -> dict[model.Path, Past]:
    """Smoothed from every canary that says something about health; own traffic stands apart."""
    signals = {
        path: [
            segments.Signal(point.sent_at, not healthy)
            for point in taken
            if window.SERIES[point.trigger] in window.CANARIES and (healthy := window.health(point)) is not None
        ]
        for path, taken in points.items()
    }
    signals = {path: found for path, found in signals.items() if found}
    chunks = [segments.past(signals, *edges) for edges in chunked(since, until)] if signals else []
    return {path: joined([chunk[path] for chunk in chunks], found[-1].at) for path, found in signals.items()}


CHUNK, OVERLAP = dt.timedelta(days=28), dt.timedelta(days=1)
"""The smoother's memory grows with the period, so that long periods are taken in pieces."""


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
    return window.Degraded(estimate(segment.start), estimate(end) if end else None, segment.failing)


def agreed(facts: window.PathFacts, past: Past) -> window.PathFacts:
    """The path with its past; an alarm that is on is dated once, as the detector dates it."""
    degraded = past.degraded
    if facts.since:
        begun = facts.since.low
        degraded = tuple(one for one in degraded if one.end is not None and one.end.at < begun)
        degraded = (*degraded, window.Degraded(facts.since, None, facts.failing))
    return dataclasses.replace(facts, degraded=degraded, occupancy=past.occupancy)


def estimate(moment: change.Moment) -> window.Estimate:
    return window.Estimate(*moment)
