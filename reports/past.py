"""What was so during a period: degraded stretches and shares of time, smoothed from all canaries as evidence."""

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from probe import model
from probe.inference import months, segments, smoothing, statistics
from reports import outcomes, present, window
from reports.outcomes import Outcomes

ASSUMED_WEIGHT = 200.0
"""How many canaries the smoother's assumption about calm paths counts for, against what all paths say (assumed)."""

LEAST_POOLED, MOST_POOLED = 100.0, 5000.0
"""Bounds on how many canaries the calm share of all paths counts for against one path's own."""

MOST_USUAL = 0.5
"""A share failing above this is taken for trouble, however usual."""

DOUBT = 0.05
"""That less is usual on a path than it is excused for."""

NINETY = 1.645  # standard deviations to either side of a 90 % range


@dataclasses.dataclass(frozen=True, slots=True)
class Past:
    """Degraded stretches and shares of time of one path; by default one without canaries."""

    degraded: tuple[window.Degraded, ...] = ()
    occupancy: window.Occupancy | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Usual:
    """What share usually fails on calm paths, and how many of a path's own canaries that is worth."""

    failing: float
    weight: float


def usual_of(calm: Sequence[months.Calm]) -> Usual:
    """Beta-binomial by moments: the more alike the paths, the more each is drawn towards all of them."""
    total = sum(calm, months.Calm())
    failing = (total.failed + smoothing.HEALTHY_FAILING * ASSUMED_WEIGHT) / (total.n + ASSUMED_WEIGHT)
    known = [each for each in calm if each.n > 0]
    if len(known) < 2:
        return Usual(failing, LEAST_POOLED)
    spread = math.fsum((each.failed / each.n - failing) ** 2 for each in known) / (len(known) - 1)
    chance = math.fsum(failing * (1 - failing) / each.n for each in known) / len(known)
    between = max(spread - chance, 1e-9)
    return Usual(failing, min(max(failing * (1 - failing) / between, LEAST_POOLED), MOST_POOLED))


def read(
    facts: Mapping[model.Path, window.PathFacts],
    since: dt.datetime,
    until: dt.datetime,
    closed: Mapping[model.Path, Sequence[months.Piece]] = MappingProxyType({}),
) -> dict[model.Path, Past]:
    """Every path.

    1. smooth all canaries that say something about health (own traffic stands apart) behind the `closed` months;
    2. join that to them, but for a path without canaries in the period: a month that began before it tells nothing of it;
    3. estimate what share fails while a path is calm, each path's own drawn towards that of all;
    4. leave open an end that no canary has seen.
    """
    begin = max([since, *(each[-1].until for each in closed.values() if each)])
    canaries = {path: telling(each.canaries()) for path, each in facts.items()}
    signals = {path: segments.Signals(each.sent_s, each.failed) for path, each in canaries.items() if len(each)}
    levels = {path: calm_level(facts[path]) for path in signals}
    smoothed = segments.past(signals, begin, until, before=min(begin - since, months.MARGIN), healthy_failing=levels)
    pieces = {path: list(closed.get(path, ())) for path in facts}
    for path, latest in smoothed.items():
        sample = outcomes.joined(facts[path].sample(series) for series in window.SAMPLES)
        piece = months.piece(latest, until, sample.sent_s, sample.failed)
        pieces[path].append(at_assumed_level(piece, levels[path]))
    joined = {path: months.joined(each, since) for path, each in pieces.items() if each and len(canaries[path])}
    usual = usual_of([each.calm for each in joined.values()])
    found = dict.fromkeys(facts, Past())
    for path, each in joined.items():
        last_at = dt.datetime.fromtimestamp(float(canaries[path].sent_s[-1]), dt.UTC)
        degraded = tuple(stretch(segment, last_at) for segment in each.segments)
        found[path] = Past(degraded, occupancy(each, usual))
    return found


def at_assumed_level(piece: months.Piece, level: float) -> months.Piece:
    """A piece smoothed with another share failing while calm, as those are kept that were smoothed without one."""
    excess = (1 - piece.degraded) * (level - smoothing.HEALTHY_FAILING)
    shares = (piece.failing - excess, piece.failing_low - excess, piece.failing_high - excess)
    return dataclasses.replace(piece, failing=shares[0], failing_low=shares[1], failing_high=shares[2])


def calm_level(facts: window.PathFacts) -> float:
    """What share of a path's canaries surely fails when it is as usual: a path that always fails a little is not degraded.

    The first failures of trouble are in what the detector learned: the mean of it would pass over mild trouble.
    """
    usual, n = facts.now.usual_failing, facts.now.observations
    if not usual or not n:
        return smoothing.HEALTHY_FAILING
    surely = statistics.beta_quantile(DOUBT, 1 + usual * n, 1 + (1 - usual) * n)
    return max(smoothing.HEALTHY_FAILING, min(surely, MOST_USUAL))


def telling(taken: Outcomes) -> Outcomes:
    return taken.where(taken.telling)


def occupancy(past: months.Piece, usual: Usual) -> window.Occupancy:
    """Shares of time.

    The smoother takes a calm path to fail at a fixed share; what the calm canaries of the unbiased
    sample say replaces that, and failures of trouble too short to be seen are in it.
    """
    weight = past.calm.n + usual.weight
    calm_failing = (past.calm.failed + usual.failing * usual.weight) / weight
    failing = past.failing + (1 - past.degraded) * (calm_failing - smoothing.HEALTHY_FAILING)
    # The sampled histories and the calm share are independent of each other: their spreads add in quadrature.
    of_calm = (1 - past.degraded) * NINETY * math.sqrt(calm_failing * (1 - calm_failing) / weight)
    low = failing - math.hypot(max(past.failing - past.failing_low, 0.0), of_calm)
    high = failing + math.hypot(max(past.failing_high - past.failing, 0.0), of_calm)
    return window.Occupancy(failing, max(0.0, low), min(1.0, high), past.degraded)


def stretch(segment: segments.Segment, last_at: dt.datetime) -> window.Degraded:
    """An end that no canary has seen is no end: without evidence the model only forgets."""
    end = segment.end if segment.end and segment.end.at <= last_at else None
    ended = present.estimate(end) if end else None
    return window.Degraded(present.estimate(segment.start), ended, segment.failing, segment.p_degraded)


def agreed(facts: window.PathFacts, past: Past) -> window.PathFacts:
    """The path with its past; an alarm that is on is dated once, as the detector dates it."""
    degraded, since = past.degraded, facts.now.since
    if since:
        degraded = tuple(one for one in degraded if one.end is not None and one.end.at < since.low)
        degraded = (*degraded, window.Degraded(since, None, facts.now.failing))
    return dataclasses.replace(facts, degraded=degraded, occupancy=past.occupancy)
