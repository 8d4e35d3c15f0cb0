"""What canaries and own traffic said around the minute of a failure, as counts for people and as findings."""

import bisect
import collections
import dataclasses
import datetime as dt
import math
import statistics
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from probe import model
from probe.inference import habits
from probe.inference.causes import Check, Clue, Finding, Result, Said, said_of
from probe.triage import relations

if TYPE_CHECKING:
    from probe.config import Config

WIDER = (dt.timedelta(minutes=30), dt.timedelta(hours=2), dt.timedelta(hours=6))
"""Before and after the failure: the first of these that holds ENOUGH outcomes of a path is told to people."""

REACH = WIDER[-1]
"""Nothing further away is weighed."""

ENOUGH = 3

NEAREST = 20
"""So many outcomes of a path, the nearest in time, are weighed: own traffic may hold thousands."""

FADING = dt.timedelta(minutes=60)
"""Evidence so far away weighs 1/e: degraded spells last some hours (assumed mean 150 min)."""

FAILED_OWN = 0.5
"""Weight of a failure of own traffic: it may be due to its own content, which a canary's is not."""


@dataclasses.dataclass(frozen=True, slots=True)
class Count:
    """One path's outcomes of one sort within `within` of the failure, and what the nearest of them say."""

    path: model.Path
    own: bool  # own traffic rather than canaries
    within: dt.timedelta
    ok: int
    failed: int
    refused: int  # by moderation, validation or account: says nothing about health
    kinds: tuple[tuple[str, int], ...] = ()  # of the failed, most frequent first
    median_s: float | None = None  # latency of the ok ones
    findings: tuple[Finding, ...] = dataclasses.field(default=(), repr=False)

    @property
    def n(self) -> int:
        return self.ok + self.failed


@dataclasses.dataclass(frozen=True, slots=True)
class Around:
    """What is known around the minute: own path, lighter tiers, other channels at this tier."""

    at: dt.datetime
    path: tuple[Count, ...] = ()
    lighter: tuple[Count, ...] = ()
    others: tuple[Count, ...] = ()
    months: Mapping[model.Path, habits.Month] = dataclasses.field(
        default_factory=dict
    )  # what was usual before, where that is known

    @property
    def usual(self) -> habits.Month:
        """What was usual on the path itself."""
        return self.months.get(self.path[0].path, habits.Month()) if self.path else habits.Month()

    @property
    def counts(self) -> tuple[Count, ...]:
        return (*self.path, *self.lighter, *self.others)


class Neighbourhood:
    """Outcomes in order of sending, by path and by whether they are own traffic; excluded ones are left out."""

    def __init__(self, judged: Iterable[model.Judged]) -> None:
        self._seen: dict[tuple[model.Path, bool], list[model.Judged]] = collections.defaultdict(list)
        for one in sorted(judged, key=sent_at):
            if not one.outcome.excluded:
                self._seen[one.outcome.path, one.outcome.own].append(one)

    def near(
        self, path: model.Path, at: dt.datetime, within: dt.timedelta, but: frozenset[str], *, own: bool
    ) -> list[model.Judged]:
        """Those sent at most `within` before or after `at`, without the ids `but`."""
        seen = self._seen.get((path, own), [])
        first = bisect.bisect_left(seen, at - within, key=sent_at)
        last = bisect.bisect_right(seen, at + within, key=sent_at)
        return [one for one in seen[first:last] if one.outcome.id not in but]

    def nearest(self, path: model.Path, at: dt.datetime, but: frozenset[str], *, own: bool) -> list[model.Judged]:
        """At most NEAREST of them within REACH; what is equally near may come from either side."""
        seen = self._seen.get((path, own), [])
        middle, more = bisect.bisect_left(seen, at, key=sent_at), NEAREST + len(but)
        window = [one for one in seen[max(0, middle - more) : middle + more] if one.outcome.id not in but]
        reached = [one for one in window if abs(one.outcome.sent_at - at) <= REACH]
        return sorted(reached, key=lambda one: abs(one.outcome.sent_at - at))[:NEAREST]


def sent_at(judged: model.Judged) -> dt.datetime:
    return judged.outcome.sent_at


def look(
    path: model.Path,
    at: dt.datetime,
    seen: Neighbourhood,
    config: "Config",
    but: frozenset[str] = frozenset(),
    months: Mapping[model.Path, habits.Month] = MappingProxyType({}),
) -> Around:
    """What the neighbours said around `at`; `but` are the ids of the failure itself and of its repeats."""
    lighter, others = relations.neighbours(path, config)

    def counted(paths: Iterable[model.Path]) -> Iterator[Count]:
        for other in paths:
            for own in (False, True):
                count = count_of(path, other, at, seen, config, but, months, own=own)
                if count.n or count.refused or not own:
                    yield count

    return Around(at, tuple(counted((path,))), tuple(counted(lighter)), tuple(counted(others)), months)


def count_of(
    path: model.Path,
    other: model.Path,
    at: dt.datetime,
    seen: Neighbourhood,
    config: "Config",
    but: frozenset[str],
    months: Mapping[model.Path, habits.Month],
    *,
    own: bool,
) -> Count:
    """Canaries and own traffic apart: rates are never computed over mixed triggers."""
    for within in WIDER:
        near = seen.near(other, at, within, but, own=own)
        if len(near) >= ENOUGH:
            break
    health = [model.health(one) for one in near]
    failed = collections.Counter(one.verdict.kind.value for one in near if model.health(one) is False)
    latencies_s = [one.outcome.latency_s for one in near if one.ok and one.outcome.latency_s is not None]
    nearest = (
        finding(path, one, faded(one, at), config, months, minutes=minutes(one, at))
        for one in seen.nearest(other, at, but, own=own)
    )
    return Count(
        path=other,
        own=own,
        within=within,
        ok=health.count(True),
        failed=health.count(False),
        refused=health.count(None),
        kinds=tuple(failed.most_common(3)),
        median_s=statistics.median(latencies_s) if latencies_s else None,
        findings=tuple(each for each in nearest if each is not None),
    )


def finding(
    path: model.Path,
    one: model.Judged,
    weight: float,
    config: "Config",
    months: Mapping[model.Path, habits.Month],
    *,
    minutes: float | None = None,
) -> Finding | None:
    """What a harmless request on some path is to a failure on `path`; None: nothing."""
    result, other, said = result_of(one), one.outcome.path, said_of(one.verdict)
    if result is None:
        return None
    late, soon = slow(one, months.get(other)), None
    if result is Result.FAILED:
        soon = pace(said, one.outcome.evidence.elapsed_s, months[other].median_s if other in months else None)
    if other == path:
        return Finding(Check.CANARY, result, weight, minutes=minutes, said=said, slow=late, pace=soon)
    if other.channel == path.channel:
        large = relations.as_large(config, path, other)
        return Finding(
            Check.LIGHTER_CANARY, result, weight, shared=large, minutes=minutes, said=said, slow=late, pace=soon
        )
    same, paid = (
        relations.shared(config, path.channel, other.channel),
        relations.purse(config, path.channel, other.channel),
    )
    return Finding(Check.OTHER_CANARY, result, weight, other.channel, same, minutes, said, late, paid, soon)


def minutes(one: model.Judged, at: dt.datetime) -> float:
    """How long after `at` it was sent; negative: before."""
    return (one.outcome.sent_at - at).total_seconds() / 60


def slow(one: model.Judged, month: habits.Month | None) -> bool | None:
    """Did a canary's picture come later than nine of ten did before? Own traffic asks for other pictures: None."""
    if month is None or month.late_s is None or one.outcome.own or not one.ok or one.outcome.latency_s is None:
        return None
    return one.outcome.latency_s > month.late_s


def pace(said: Said | None, elapsed_s: float | None, usual_s: float | None) -> Clue | None:
    """Did a failure come at once, or as late as a picture takes on its path? Only where the words leave it open."""
    if said not in PACED or elapsed_s is None or usual_s is None or usual_s < SHORTEST_S:
        return None
    share = elapsed_s / usual_s
    return Clue.AT_ONCE if share <= AT_ONCE else Clue.LATE if share >= LATE else None


PACED = frozenset({Said.PROCESSING, Said.GATEWAY})
AT_ONCE, LATE = 0.25, 0.6
"""Shares of a picture's usual time."""

SHORTEST_S = 15.0
"""Where a picture takes less, failures that come at once and late ones cannot be told apart."""


def faded(judged: model.Judged, at: dt.datetime) -> float:
    """Weight of an outcome sent some time before or after `at`."""
    fading = math.exp(-abs(judged.outcome.sent_at - at) / FADING)
    return fading * (FAILED_OWN if judged.outcome.own and not judged.ok else 1.0)


def result_of(judged: model.Judged) -> Result | None:
    """What an outcome says of its path; None: nothing. Canaries that the account or moderation stopped do speak."""
    healthy = model.health(judged)
    if healthy is not None:
        return Result.PASSED if healthy else Result.FAILED
    if judged.outcome.own or judged.outcome.excluded:
        return None
    if judged.verdict.kind in {model.Kind.MODERATION_INPUT, model.Kind.MODERATION_OUTPUT}:
        return Result.REFUSED
    return Result.BARRED if judged.verdict.kind in model.ACCOUNT_KINDS else None


def told(count: Count) -> str:
    """`9 of 20 failed within 30 min (processing_error 6, timeout 3)`."""
    if not count.n:
        refused = f"{count.refused} refused, which says nothing about its health" if count.refused else ""
        return refused or f"no data within {span(count.within)}"
    kinds = ", ".join(f"{kind} {n}" for kind, n in count.kinds)
    failed = f"{count.failed} of {count.n}" if count.failed else f"none of {count.n}"
    refused = f", {count.refused} refused" if count.refused else ""
    return f"{failed} failed within {span(count.within)}" + (f" ({kinds})" if kinds else "") + refused


def brief(count: Count) -> str:
    """`vip/4k-high failed 9 of 20`, with the period where it is a long one; where nothing failed or was refused `is well`."""
    seen = f"{count.path} own traffic" if count.own else str(count.path)
    within = "" if count.within == WIDER[0] else f" within {span(count.within)}"
    if count.failed:
        return f"{seen} failed {count.failed} of {count.n}{within}"
    if count.refused:
        return f"{seen} refused {count.refused} of {count.n + count.refused}{within}"
    return f"{seen} is well"


def span(length: dt.timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h"
