"""What canaries and own traffic said around the minute of a failure, as counts for people and as findings."""

import collections
import dataclasses
import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from probe import model
from probe.inference.causes import Check, Finding, Result

if TYPE_CHECKING:
    from probe.config import Config

TOLD = dt.timedelta(minutes=30)
"""Before and after the failure: what people are told."""

WIDER = (TOLD, dt.timedelta(hours=2), dt.timedelta(hours=6))
"""The first of these that holds ENOUGH outcomes of a path is told; all of the last is weighed."""

ENOUGH = 3

FADING = dt.timedelta(minutes=60)
"""Evidence so far away weighs 1/e: degraded spells last some hours (assumed mean 150 min)."""

FAILED_OWN = 0.5
"""A failure of own traffic may be due to its own content, which a canary's is not."""


@dataclasses.dataclass(frozen=True, slots=True)
class Count:
    """One path's outcomes of one sort within `within` of the failure."""

    path: model.Path
    own: bool  # own traffic rather than canaries
    within: dt.timedelta
    ok: int
    failed: int
    refused: int  # by moderation or validation: says nothing about health
    kinds: tuple[tuple[str, int], ...] = ()  # of the failed, most frequent first

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
    seen: Mapping[model.Path, tuple[model.Judged, ...]] = dataclasses.field(default_factory=dict, repr=False)

    @property
    def counts(self) -> tuple[Count, ...]:
        return (*self.path, *self.lighter, *self.others)


def look(path: model.Path, at: dt.datetime, judged: Iterable[model.Judged], config: "Config", but: str = "") -> Around:
    """Sort what was stored around `at`; `but` is the id of the failure itself."""
    lighter, others = neighbours(path, config)
    seen: dict[model.Path, list[model.Judged]] = {each: [] for each in (path, *lighter, *others)}
    for one in judged:
        if one.outcome.path in seen and one.outcome.id != but and not one.outcome.excluded:
            seen[one.outcome.path].append(one)
    return Around(
        at=at,
        path=_counts((path,), seen, at),
        lighter=_counts(lighter, seen, at),
        others=_counts(others, seen, at),
        seen={each: tuple(found) for each, found in seen.items()},
    )


def neighbours(path: model.Path, config: "Config") -> tuple[tuple[model.Path, ...], tuple[model.Path, ...]]:
    """(lighter tiers of the channel, the same tier of other channels)."""
    known = config.paths()
    load = weight(config, path.tier)
    lighter = tuple(other for other in known if other.channel == path.channel and weight(config, other.tier) < load)
    others = tuple(other for other in known if other.channel != path.channel and other.tier == path.tier)
    return lighter, others


QUALITIES = ("low", "medium", "high", "xhigh", "max")


def weight(config: "Config", tier: str) -> tuple[int, int]:
    """How heavy a tier is: pixels on the long edge, then quality."""
    try:
        spec = config.tier(tier)
    except KeyError:
        return 0, 0
    width, _, height = (spec.size or "").partition("x")
    edge_px = max(int(width), int(height)) if width.isdigit() and height.isdigit() else 0
    return edge_px, QUALITIES.index(spec.quality) if spec.quality in QUALITIES else 0


def findings(around: Around, path: model.Path, config: "Config") -> dict[model.Path, tuple[Finding, ...]]:
    """What the neighbours say about the causes, by path; weights fade with the distance in time."""
    upstream = _upstream(config, path.channel)
    found: dict[model.Path, tuple[Finding, ...]] = {}
    for other, seen in around.seen.items():
        if other == path:
            check, of, shared = Check.CANARY, "", None
        elif other.channel == path.channel:
            check, of, shared = Check.LIGHTER_CANARY, other.tier, None
        else:
            theirs = _upstream(config, other.channel)
            check, of = Check.OTHER_CANARY, other.channel
            shared = theirs == upstream if theirs and upstream else None
        results = [(one, _result(one)) for one in seen]
        found[other] = tuple(
            Finding(check, result, faded(one, around.at, result), of, shared)
            for one, result in results
            if result is not None
        )
    return {other: each for other, each in found.items() if each}


def faded(judged: model.Judged, at: dt.datetime, result: Result) -> float:
    """Weight of an outcome sent some time before or after `at`."""
    fading = math.exp(-abs(judged.outcome.sent_at - at) / FADING)
    own_failure = judged.outcome.trigger is model.Trigger.OWN_TRAFFIC and result is not Result.PASSED
    return fading * (FAILED_OWN if own_failure else 1.0)


def _result(judged: model.Judged) -> Result | None:
    healthy = model.health(judged)
    if healthy is not None:
        return Result.PASSED if healthy else Result.FAILED
    canary = judged.outcome.trigger is not model.Trigger.OWN_TRAFFIC
    moderated = judged.verdict.kind in {model.Kind.MODERATION_INPUT, model.Kind.MODERATION_OUTPUT}
    if canary and moderated:
        return Result.REFUSED
    if canary and judged.verdict.kind in model.ACCOUNT_KINDS:
        return Result.FAILED
    return None


def _upstream(config: "Config", channel: str) -> str:
    try:
        return config.find(channel).upstream
    except KeyError:
        return ""


def _counts(
    paths: Sequence[model.Path], seen: Mapping[model.Path, Sequence[model.Judged]], at: dt.datetime
) -> tuple[Count, ...]:
    """Canaries and own traffic of each path apart: rates are never computed over mixed triggers."""
    counts = []
    for path in paths:
        for own in (False, True):
            outcomes = [one for one in seen[path] if (one.outcome.trigger is model.Trigger.OWN_TRAFFIC) is own]
            if outcomes or not own:
                counts.append(_count(path, outcomes, at, own=own))
    return tuple(counts)


def _count(path: model.Path, outcomes: Sequence[model.Judged], at: dt.datetime, *, own: bool) -> Count:
    """The narrowest period that holds enough."""
    for within in WIDER:
        near = [one for one in outcomes if abs(one.outcome.sent_at - at) <= within]
        if len(near) >= ENOUGH:
            break
    health = [model.health(one) for one in near]
    failed = collections.Counter(one.verdict.kind.value for one in near if model.health(one) is False)
    return Count(
        path=path,
        own=own,
        within=within,
        ok=health.count(True),
        failed=health.count(False),
        refused=health.count(None),
        kinds=tuple(failed.most_common(3)),
    )
