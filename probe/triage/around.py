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


def look(
    path: model.Path, at: dt.datetime, judged: Iterable[model.Judged], config: "Config", but: Iterable[str]
) -> Around:
    """Sort what was stored around `at`; `but` are the ids of the failure itself and of its repeats."""
    lighter, others = neighbours(path, config)
    left_out = set(but)
    seen: dict[model.Path, list[model.Judged]] = {each: [] for each in (path, *lighter, *others)}
    for one in judged:
        if one.outcome.path in seen and one.outcome.id not in left_out and not one.outcome.excluded:
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


def findings(around: Around, path: model.Path, config: "Config") -> dict[tuple[model.Path, bool], tuple[Finding, ...]]:
    """What canaries (False) and own traffic (True) of each path say about the causes, fading with distance in time."""
    found: dict[tuple[model.Path, bool], list[Finding]] = {}
    for other, seen in around.seen.items():
        for one in seen:
            result = result_of(one)
            if result is not None:
                weight = faded(one, around.at, result)
                said = finding(path, other, result, weight, config)
                found.setdefault((other, one.outcome.own), []).append(said)
    return {key: tuple(said) for key, said in found.items()}


def finding(path: model.Path, other: model.Path, result: Result, weight: float, config: "Config") -> Finding:
    """What a canary's result on `other` is to a failure on `path`."""
    if other == path:
        return Finding(Check.CANARY, result, weight)
    if other.channel == path.channel:
        return Finding(Check.LIGHTER_CANARY, result, weight)
    return Finding(Check.OTHER_CANARY, result, weight, other.channel, shared(config, path.channel, other.channel))


def shared(config: "Config", first: str, second: str) -> bool | None:
    """Do two channels hang on one upstream? None where the config does not say."""
    theirs = [upstream_of(config, channel) for channel in (first, second)]
    return theirs[0] == theirs[1] if all(theirs) else None


def faded(judged: model.Judged, at: dt.datetime, result: Result) -> float:
    """Weight of an outcome sent some time before or after `at`."""
    fading = math.exp(-abs(judged.outcome.sent_at - at) / FADING)
    return fading * (FAILED_OWN if judged.outcome.own and result is not Result.PASSED else 1.0)


def result_of(judged: model.Judged) -> Result | None:
    healthy = model.health(judged)
    if healthy is not None:
        return Result.PASSED if healthy else Result.FAILED
    canary = not judged.outcome.own
    moderated = judged.verdict.kind in {model.Kind.MODERATION_INPUT, model.Kind.MODERATION_OUTPUT}
    if canary and moderated:
        return Result.REFUSED
    if canary and judged.verdict.kind in model.ACCOUNT_KINDS:
        return Result.FAILED
    return None


def upstream_of(config: "Config", channel: str) -> str:
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
            outcomes = [one for one in seen[path] if one.outcome.own is own]
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


def told(count: Count) -> str:
    """`9 of 20 failed within 30 min (processing_error 6, timeout 3)`."""
    if not count.n:
        refused = f"{count.refused} refused, which says nothing about its health" if count.refused else ""
        return refused or f"no data within {span(count.within)}"
    kinds = ", ".join(f"{kind} {n}" for kind, n in count.kinds)
    failed = f"{count.failed} of {count.n}" if count.failed else f"none of {count.n}"
    return f"{failed} failed within {span(count.within)}" + (f" ({kinds})" if kinds else "")


def span(length: dt.timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h"
