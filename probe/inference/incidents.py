"""Which bad paths belong together as one thing to tell a person, when it began, how it grew and when it was over.

Pure: `follow` takes the open incidents and what is so now, and gives what they have become.
"""

import dataclasses
import datetime as dt
import enum
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from probe import model

TOGETHER = dt.timedelta(hours=2)
"""Channels that share nothing by config belong together where all went bad within this time."""

A_WHILE = dt.timedelta(days=7)
"""A path at the border of its target is told as below it once in this time, not each time it crosses."""


SETTLED = dt.timedelta(minutes=10)
"""What begins again within this time was not over."""

UNWATCHED = "no longer in the config"
"""Why an incident is over of which no path is left to be seen."""


class Trouble(enum.StrEnum):
    """What can be wrong for long enough that somebody is told."""

    DEGRADED = "degraded"
    REFUSING = "refusing"
    NO_ACCESS = "no_access"
    MODEL_GONE = "model_gone"
    BELOW_TARGET = "below_target"
    BUDGET_GONE = "budget_gone"
    BLIND = "blind"


class Scope(enum.StrEnum):
    """How far an incident reaches."""

    ROUTE = "route"  # one channel
    SHARED = "shared"  # channels with one upstream or one account
    EVERYTHING = "everything"  # every channel of which anything is known
    MONITOR = "monitor"  # tierwatch itself


WIDTH: Mapping[Scope, int] = MappingProxyType({scope: number for number, scope in enumerate(Scope)})

FINE = frozenset({model.State.HEALTHY, model.State.SUSPECT})

BAD: Mapping[Trouble, frozenset[model.State]] = MappingProxyType(
    {
        Trouble.DEGRADED: frozenset({model.State.DEGRADED, model.State.RECOVERING}),
        Trouble.REFUSING: frozenset({model.State.REFUSING}),
        Trouble.NO_ACCESS: frozenset({model.State.NO_ACCESS}),
        Trouble.MODEL_GONE: frozenset({model.State.MODEL_GONE}),
    }
)
"""The states of a path that are a trouble."""

OVER: Mapping[Trouble, frozenset[model.State]] = MappingProxyType(
    {
        Trouble.DEGRADED: FINE,
        **{each: frozenset(model.State) - BAD[each] - {model.State.UNKNOWN} for each in list(BAD)[1:]},
    }
)
"""The states that end it: seen otherwise. A path that nobody sees any more, or cannot reach, has not recovered."""


@dataclasses.dataclass(frozen=True, slots=True)
class Shares:
    """What a channel has in common with others; "" = nothing."""

    upstream: str = ""
    account: str = ""  # endpoint and key, in words that tell no key


SHARED_BY: Mapping[Trouble, str] = MappingProxyType(
    {Trouble.DEGRADED: "upstream", Trouble.REFUSING: "upstream", Trouble.NO_ACCESS: "account"}
)
"""Which field of `Shares` makes channels fail together."""


@dataclasses.dataclass(frozen=True, slots=True)
class Situation:
    """What is so at one moment. `below_target`, `budget_gone` and `blind` hold the reason in words."""

    at: dt.datetime
    states: tuple[model.PathState, ...]
    shares: Mapping[str, Shares] = dataclasses.field(default_factory=dict)  # by channel
    below_target: Mapping[model.Path, model.PathState] = dataclasses.field(default_factory=dict)
    budget_gone: str = ""

    @property
    def configured(self) -> frozenset[model.Path]:
        return frozenset(state.path for state in self.states)


@dataclasses.dataclass(frozen=True, slots=True)
class Incident:
    """One thing to tell, from its raising until it is over."""

    number: int
    trouble: Trouble
    scope: Scope
    raised_at: dt.datetime
    states: tuple[model.PathState, ...] = ()  # the paths bad now, as last seen bad; the longest-standing first
    touched: tuple[model.Path, ...] = ()  # every path it ever reached
    since: dt.datetime | None = None  # estimated start
    reason: str = ""  # where no path tells it
    edition: int = 1  # one more each time it spreads
    cleared_at: dt.datetime | None = None
    merged_into: int | None = None  # over because it became part of another
    acknowledged_at: dt.datetime | None = None

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels it ever reached."""
        return tuple(dict.fromkeys(path.channel for path in self.touched))


def follow(known: Sequence[Incident], now: Situation, next_number: int) -> tuple[Incident, ...]:
    """What the open incidents are now, with those that began (numbered from `next_number`) and those that are over.

    1. a path joins the incident of its channel, of what its channel shares, or of everything;
    2. incidents that turn out to belong together become the oldest of them;
    3. one that reaches a path for the first time, or goes wider, has a new edition;
    4. one whose last path was seen fine is over, and goes on where it begins again before that has `SETTLED`.
    """
    numbers = itertools.count(next_number)
    found: list[Incident] = []
    for trouble in Trouble:
        of_kind = [one for one in known if one.trouble is trouble]
        opened = [one for one in of_kind if one.cleared_at is None]
        lately = [one for one in of_kind if is_unsettled(one, now.at)]
        kind = _monitor if trouble in {Trouble.BUDGET_GONE, Trouble.BLIND} else _paths
        found += kind(trouble, opened, lately, now, numbers)
    return tuple(found)


def is_unsettled(one: Incident, at: dt.datetime) -> bool:
    """Is it over for so short a time that it may go on?"""
    return one.cleared_at is not None and one.merged_into is None and at - one.cleared_at < SETTLED


# --- paths -----------------------------------------------------------------------------------------------------------


def _paths(
    trouble: Trouble, opened: Sequence[Incident], lately: Sequence[Incident], now: Situation, numbers: Iterator[int]
) -> Iterator[Incident]:
    bad = now.below_target if trouble is Trouble.BELOW_TARGET else _bad(trouble, now)
    staying = {one.number: _staying(one, bad, now) for one in opened}
    every = {state.path: state for states in staying.values() for state in states} | dict(bad)
    by_channel: dict[str, list[model.PathState]] = {}
    for state in every.values():
        by_channel.setdefault(state.path.channel, []).append(state)
    claimed: set[int] = set()
    going_on = [one for one in opened if staying[one.number]]
    for channels in _groups(trouble, by_channel, [*going_on, *lately], now):
        states = tuple(sorted((s for c in channels for s in by_channel[c]), key=lambda s: (_since(s, now), s.path)))
        parents = [one for one in going_on if set(one.channels) & channels]
        parents = parents or [one for one in lately if set(one.channels) & channels][-1:]
        scope = _scope(trouble, channels, now)
        if not parents:
            touched, since = tuple(state.path for state in states), _since(states[0], now)
            yield Incident(next(numbers), trouble, scope, now.at, states, touched, since)
            continue
        oldest, *others = sorted(parents, key=lambda one: (one.raised_at, one.number))
        claimed |= {one.number for one in parents}
        yield _grown(oldest, states, max(scope, *(one.scope for one in parents), key=WIDTH.__getitem__))
        for one in others:
            yield dataclasses.replace(one, cleared_at=now.at, merged_into=oldest.number)
    for one in opened:
        if one.number not in claimed:
            seen = any(state.path in now.configured for state in one.states)
            yield dataclasses.replace(one, states=(), cleared_at=now.at, reason="" if seen else UNWATCHED)


def _bad(trouble: Trouble, now: Situation) -> Mapping[model.Path, model.PathState]:
    return {state.path: state for state in now.states if state.state in BAD[trouble]}


def _staying(one: Incident, bad: Mapping[model.Path, model.PathState], now: Situation) -> tuple[model.PathState, ...]:
    """Its paths that are not over, as last seen bad; a path that left the config is over."""
    state_of = {state.path: state.state for state in now.states}

    def stays(path: model.Path) -> bool:
        if path in bad:
            return True
        if one.trouble is Trouble.BELOW_TARGET:
            return now.at - one.raised_at < A_WHILE or state_of[path] not in FINE
        return state_of[path] not in OVER[one.trouble]

    return tuple(bad.get(s.path, s) for s in one.states if s.path in state_of and stays(s.path))


def _grown(one: Incident, states: tuple[model.PathState, ...], scope: Scope) -> Incident:
    new = tuple(state.path for state in states if state.path not in one.touched)
    spread = bool(new) or scope is not one.scope
    touched, edition = (*one.touched, *new), one.edition + spread
    return dataclasses.replace(
        one, scope=scope, states=states, touched=touched, edition=edition, cleared_at=None, reason=""
    )


def _groups(
    trouble: Trouble,
    by_channel: Mapping[str, Sequence[model.PathState]],
    opened: Sequence[Incident],
    now: Situation,
) -> list[frozenset[str]]:
    """The channels that belong together."""
    shared = SHARED_BY.get(trouble)
    whole = trouble is not Trouble.BELOW_TARGET and _is_everything(by_channel, now)

    def linked(one: str, other: str) -> bool:
        if whole or any({one, other} <= set(incident.channels) for incident in opened):
            return True
        common = [getattr(now.shares.get(each, Shares()), shared) for each in (one, other)] if shared else ["", ""]
        return bool(common[0]) and common[0] == common[1]

    groups: list[frozenset[str]] = []
    for channel in by_channel:
        joined = [group for group in groups if any(linked(channel, other) for other in group)]
        groups = [group for group in groups if group not in joined] + [frozenset({channel}).union(*joined)]
    return groups


def _is_everything(by_channel: Mapping[str, Sequence[model.PathState]], now: Situation) -> bool:
    """Is every channel of which anything is known bad, and did all go within `TOGETHER`?"""
    began = [min(_since(state, now) for state in states) for states in by_channel.values()]
    return _all_known(by_channel, now) and max(began) - min(began) <= TOGETHER


def _all_known(channels: Iterable[str], now: Situation) -> bool:
    bad = frozenset(channels)
    known = {state.path.channel for state in now.states if state.state is not model.State.UNKNOWN} | bad
    return len(bad) > 1 and known == bad


def _scope(trouble: Trouble, channels: frozenset[str], now: Situation) -> Scope:
    if len(channels) == 1 or trouble is Trouble.BELOW_TARGET:
        return Scope.ROUTE
    return Scope.EVERYTHING if _all_known(channels, now) else Scope.SHARED


def _since(state: model.PathState, now: Situation) -> dt.datetime:
    return state.since or state.checked_at or now.at


# --- tierwatch itself ------------------------------------------------------------------------------------------------


def _monitor(
    trouble: Trouble, opened: Sequence[Incident], lately: Sequence[Incident], now: Situation, numbers: Iterator[int]
) -> Iterator[Incident]:
    since, reason = blind(now.states) if trouble is Trouble.BLIND else (now.at, now.budget_gone)
    for one in opened:
        yield dataclasses.replace(one, reason=reason) if reason else dataclasses.replace(one, cleared_at=now.at)
    if reason and lately and not opened:
        yield dataclasses.replace(lately[-1], reason=reason, cleared_at=None)
    elif reason and not opened:
        yield Incident(next(numbers), trouble, Scope.MONITOR, now.at, since=since, reason=reason)


def blind(states: Sequence[model.PathState]) -> tuple[dt.datetime | None, str]:
    """Since when no path is seen, and how that shows; "" where one is, or where none ever was."""
    last = max((state.checked_at for state in states if state.checked_at), default=None)
    if last is None or any(state.state is not model.State.UNKNOWN for state in states):
        return None, ""
    return last, "no path has answered a canary for longer than its rhythm allows"


# --- what follows from the states beside it --------------------------------------------------------------------------


def lost_tiers(states: Sequence[model.PathState]) -> tuple[str, ...]:
    """Tiers at which a path is bad and none is fine."""
    bad = frozenset().union(*BAD.values())
    tiers = dict.fromkeys(state.path.tier for state in states if state.state in bad)
    fine = {state.path.tier for state in states if state.state in FINE}
    return tuple(tier for tier in tiers if tier not in fine)


def is_severe(one: Incident, states: Sequence[model.PathState]) -> bool:
    """Worth waking somebody: nothing is left at a tier, everything is bad, the account is, or nobody watches."""
    if one.trouble in {Trouble.NO_ACCESS, Trouble.BLIND}:
        return True
    if one.trouble is Trouble.BELOW_TARGET:
        return False
    lost = set(lost_tiers(states))
    return one.scope is Scope.EVERYTHING or any(state.path.tier in lost for state in one.states)
