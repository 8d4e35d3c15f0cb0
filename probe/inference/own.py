"""What own requests say: failing by path with content faults counted once, time walls, money, and what gateways hide."""

import collections
import dataclasses
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from probe import model
from probe.inference import prompts, statistics, walls
from probe.inference.points import Point

OVER_LIST, UNDER_LIST = 1.05, 0.95
"""A charge beyond these multiples of the list price is another price."""

INSIDE_S, INSIDE_SHARE = 20.0, 0.5
"""An answer that took so much longer than the gateway says it worked: it tried before, or was slow to deliver."""

MOST_FAILURES = 400
"""The latest of a path that are looked at for walls."""

NOT_CUT_OFF = model.CONTENT_KINDS | {model.Kind.DEGRADED_IMAGE}
"""Kinds that no timer makes: the answer was there."""

CLIENT_DETAILS = frozenset({"client_deadline", "cancelled", "write_timeout"})
"""Details of failures that the caller's own timer made."""


@dataclasses.dataclass(frozen=True, slots=True)
class Share:
    """Own requests of one path. A prompt's repeated failures are one; `n` and `failed` are after that."""

    path: model.Path
    requests: int  # attempts, as they came
    failed: int
    n: int  # that say something about health
    refused: int  # for their content
    excluded: int
    kinds: tuple[tuple[str, int], ...]  # of the failed, most frequent first
    median_s: float | None  # of successes
    apart: tuple[tuple[str, int], ...] = ()  # kinds of attempts that say nothing of health, most frequent first

    @property
    def interval(self) -> statistics.Interval:
        return statistics.wilson(self.failed, self.n)


@dataclasses.dataclass(frozen=True, slots=True)
class Cut:
    """Failures of a path that end at one time."""

    path: model.Path
    wall: walls.Wall
    own: bool  # the caller's own timer ends them


class Sum(NamedTuple):
    """A number of requests and what they cost."""

    n: int = 0
    usd: float = 0.0
    of: int = 0  # requests that could have been so


NOTHING = Sum()


@dataclasses.dataclass(frozen=True, slots=True)
class Stricter:
    """Prompts that `channel` refuses or keeps failing and `passes` draws: moderation, not health."""

    channel: str
    passes: str
    prompts: int
    of: int  # prompts that both were asked for


@dataclasses.dataclass(frozen=True, slots=True)
class Findings:
    """What is worth saying of own requests, before any canary is paid."""

    shares: tuple[Share, ...] = ()
    cuts: tuple[Cut, ...] = ()
    lost: Sum = NOTHING  # charged by the gateway's log, and no picture
    perhaps_lost: Sum = NOTHING  # sent, unanswered, and nobody asked a log
    over_list: Sum = NOTHING  # charged above the list price; `usd`: by how much in all
    under_list: Sum = NOTHING
    fallbacks: tuple[tuple[str, str, int], ...] = ()  # (asked, served, requests)
    groups: tuple[tuple[str, str, str, int], ...] = ()  # (channel, usual group, other group, requests)
    retried: Sum = NOTHING  # answers behind which the gateway tried several times
    stricter: tuple[Stricter, ...] = ()


NONE = Findings()


def once(points: Iterable[Point]) -> list[Point]:
    """Points in order of sending, without failures that are a prompt's own or its repeats."""
    memories: dict[str, prompts.Memory] = collections.defaultdict(prompts.Memory)
    counted: list[Point | None] = []
    places: dict[tuple[str, str], int] = {}  # of the failure that counted last, by channel and prompt
    for point in points:
        memory, key = memories[point.path.channel], (point.path.channel, point.prompt_id)
        if point.health is False:
            said = memory.fails(point.prompt_id, point.sent_at)
            if said == "prompt" and key in places:
                counted[places.pop(key)] = None
            if said == "new":
                places[key] = len(counted)
            counted.append(point if said == "new" else None)
            continue
        if point.health:
            memory.passes(point.prompt_id)
        counted.append(point)
    return [point for point in counted if point is not None]


def find(points: Sequence[Point]) -> Findings:
    """Everything there is to say of own requests, in order of sending."""
    by_path: dict[model.Path, list[Point]] = {}
    for point in points:
        by_path.setdefault(point.path, []).append(point)
    counted: dict[model.Path, list[Point]] = {path: [] for path in by_path}
    for point in once(points):
        counted[point.path].append(point)
    return Findings(
        shares=tuple(share(path, by_path[path], counted[path]) for path in by_path),
        cuts=tuple(cut for path, of in by_path.items() for cut in cuts(path, of)),
        lost=total(
            ((point.charged_usd or 0.0) for point in points if point.lost and point.charged_usd),
            of=sum(point.lost for point in points),
        ),
        perhaps_lost=total(
            point.price_usd
            for point in points
            if point.lost and point.charged_usd is None and point.billed == "unknown"
        ),
        over_list=charges(points, over=True),
        under_list=charges(points, over=False),
        fallbacks=fallbacks(points),
        groups=groups(points),
        retried=retried(points),
        stricter=stricter(points),
    )


def share(path: model.Path, points: Sequence[Point], counted: Sequence[Point]) -> Share:
    weighed = [point for point in counted if point.health is not None]
    failed = [point for point in weighed if not point.health]
    latencies_s = sorted(point.latency_s for point in points if point.health and point.latency_s is not None)
    kinds = collections.Counter(point.kind.value for point in failed)
    return Share(
        path=path,
        requests=len(points),
        failed=len(failed),
        n=len(weighed),
        refused=sum(point.kind in model.CONTENT_KINDS for point in points),
        excluded=sum(point.excluded is not None for point in points),
        kinds=tuple(kinds.most_common(3)),
        median_s=latencies_s[len(latencies_s) // 2] if latencies_s else None,
        apart=tuple(collections.Counter(point.kind.value for point in points if point.health is None).most_common()),
    )


def cuts(path: model.Path, points: Sequence[Point]) -> list[Cut]:
    """Time walls of one path, whoever's they are; every attempt counts here, repeats too."""
    failed = [point for point in points if point.lost and point.elapsed_s is not None and point.kind not in NOT_CUT_OFF]
    failures_s = [point.elapsed_s for point in failed[-MOST_FAILURES:] if point.elapsed_s is not None]
    successes_s = [point.latency_s for point in points if point.health and point.latency_s is not None]
    found = []
    for wall in walls.find_walls(failures_s, successes_s):
        inside = [point for point in failed if wall.low_s <= (point.elapsed_s or 0.0) <= wall.high_s]
        mine = sum(point.detail in CLIENT_DETAILS for point in inside)
        found.append(Cut(path, wall, own=2 * mine > len(inside)))
    return found


def total(usd: Iterable[float], of: int = 0) -> Sum:
    found = list(usd)
    return Sum(len(found), sum(found), of)


def charges(points: Sequence[Point], *, over: bool) -> Sum:
    """Charges above (or below) the list price; `usd` is the difference, always positive."""
    told = [(point.charged_usd, point.price_usd) for point in points if point.charged_usd and point.price_usd]
    differences = [
        abs(charged - price)
        for charged, price in told
        if (charged > price * OVER_LIST if over else charged < price * UNDER_LIST)
    ]
    return total(differences, of=len(told))


def fallbacks(points: Iterable[Point]) -> tuple[tuple[str, str, int], ...]:
    """Requests that another model, or group of a router's models, served; a dated snapshot is the same model."""
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    for point in points:
        served = point.served_model.rpartition("/")[2]
        if served and not served.startswith(point.model.rpartition("/")[2]):
            counts[point.model, served] += 1
        if point.served_group != point.asked_group:
            counts[point.asked_group, point.served_group] += 1
    return tuple((asked, served, n) for (asked, served), n in counts.most_common())


def groups(points: Iterable[Point]) -> tuple[tuple[str, str, str, int], ...]:
    """Requests that another token group served than the channel's usual one: another route, perhaps another price."""
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for point in points:
        if point.token_group:
            counts[point.path.channel][point.token_group] += 1
    found = []
    for channel, seen in counts.items():
        (usual, _), *others = seen.most_common()
        found += [(channel, usual, other, n) for other, n in others]
    return tuple(found)


def retried(points: Iterable[Point]) -> Sum:
    """Answers that the gateway tried for more than once: it says so, or the caller waited far longer than it worked."""
    n = of = 0
    for point in points:
        if point.gateway_attempts is None and (point.gateway_s is None or point.latency_s is None):
            continue
        of += 1
        waited_s = (point.latency_s or 0.0) - (point.gateway_s or 0.0)
        longer = point.gateway_s is not None and waited_s > max(INSIDE_S, INSIDE_SHARE * point.gateway_s)
        n += (point.gateway_attempts or 1) > 1 or longer
    return Sum(n, 0.0, of)


def stricter(points: Iterable[Point]) -> tuple[Stricter, ...]:
    """Pairs of channels of which one draws prompts that the other refuses, or fails again and again."""
    passed: dict[str, set[str]] = collections.defaultdict(set)
    stuck: dict[str, set[str]] = collections.defaultdict(set)
    asked: dict[str, set[str]] = collections.defaultdict(set)
    memories: dict[str, prompts.Memory] = collections.defaultdict(prompts.Memory)
    for point in points:
        channel, prompt_id = point.path.channel, point.prompt_id
        if not prompt_id or point.excluded:
            continue
        asked[channel].add(prompt_id)
        if point.kind is model.Kind.OK:
            passed[channel].add(prompt_id)
            memories[channel].passes(prompt_id)
        elif point.kind in {model.Kind.MODERATION_INPUT, model.Kind.MODERATION_OUTPUT} or (
            point.health is False and memories[channel].fails(prompt_id, point.sent_at) == "prompt"
        ):
            stuck[channel].add(prompt_id)
    found = [
        Stricter(
            channel, other, len((stuck[channel] - passed[channel]) & passed[other]), len(asked[channel] & asked[other])
        )
        for channel in asked
        for other in asked
        if channel != other
    ]
    return tuple(sorted((each for each in found if each.prompts), key=lambda each: -each.prompts))
