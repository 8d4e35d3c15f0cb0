"""Which bad paths belong together, and whose fault it is, told by what is fine beside them."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from probe import model
from reports import states, window, words


def since(facts: window.PathFacts) -> dt.datetime | None:
    """When the present state began, as well as it is known."""
    return facts.now.since.at if facts.now.since else facts.now.state.since


@dataclasses.dataclass(frozen=True, slots=True)
class Incident:
    """Bad paths of one channel as one thing to tell; `first` went first.

    The channels are the others at the first path's tier: `alike_channels` have the same trouble (both
    fail, or both are slow), `other_channels` the other one.
    """

    first: window.PathFacts
    others: tuple[window.PathFacts, ...]  # bad too, by time
    fine_tiers: tuple[str, ...]  # of the same channel
    unknown_tiers: tuple[str, ...]
    fine_channels: tuple[str, ...]
    alike_channels: tuple[str, ...]
    other_channels: tuple[str, ...]


DEGRADED = frozenset({model.State.DEGRADED, model.State.RECOVERING})
"""Bad by what canaries met; an account or a model that is gone says nothing about anybody else."""


def is_slow(facts: window.PathFacts) -> bool:
    """Degraded by slowness rather than by failures."""
    return facts.state in DEGRADED and facts.now.failing is None


def incidents(seen: window.Window) -> tuple[Incident, ...]:
    """One incident a channel that has bad paths, the longest-standing first."""
    found = [
        incident(seen, bad)
        for channel in seen.channels
        if (bad := [each for each in seen.paths if each.path.channel == channel and each.is_bad])
    ]
    return tuple(sorted(found, key=lambda each: since(each.first) or seen.until))


def incident(seen: window.Window, bad: Sequence[window.PathFacts]) -> Incident:
    """The bad paths of one channel; of those that went together the heaviest tier is told first."""
    heaviest_first = sorted(bad, key=lambda each: window.weight(each.path.tier), reverse=True)
    first, *others = sorted(heaviest_first, key=lambda each: since(each) or seen.until)
    siblings = [each for each in seen.paths if each.path.channel == first.path.channel and not each.is_bad]
    rivals = [each for each in seen.paths if each.path.tier == first.path.tier and each.path != first.path]
    degraded = [each for each in rivals if each.state in DEGRADED]
    return Incident(
        first,
        tuple(others),
        tuple(each.path.tier for each in siblings if each.is_fine),
        tuple(each.path.tier for each in siblings if not each.is_fine),
        tuple(each.path.channel for each in rivals if each.is_fine),
        tuple(each.path.channel for each in degraded if is_slow(each) == is_slow(first)),
        tuple(each.path.channel for each in degraded if is_slow(each) != is_slow(first)),
    )


def lost_tiers(seen: window.Window) -> tuple[str, ...]:
    """Tiers where a channel is bad and none is known to be fine."""
    found = []
    for tier in seen.tiers:
        here = [facts for facts in seen.paths if facts.path.tier == tier]
        if any(facts.is_bad for facts in here) and not any(facts.state in states.FINE for facts in here):
            found.append(tier)
    return tuple(found)


PLAIN_FAULTS: Mapping[model.State, str] = MappingProxyType(
    {
        model.State.REFUSING: "every prompt of the rotation is refused: the channel's moderation, not your prompts",
        model.State.NO_ACCESS: "your account: key, permission or quota; waiting does not help",
        model.State.MODEL_GONE: "the channel no longer serves this model; waiting does not help",
    }
)
"""Whose fault a state is that needs no comparison."""


def fault(found: Incident) -> str:
    """Whose fault it is, in one clause; canary prompts are known to be harmless, so it is never the prompts."""
    plain = PLAIN_FAULTS.get(found.first.state)
    if plain:
        return plain
    trouble = "slow" if is_slow(found.first) else "failing"
    beside = [*found.fine_channels, *found.fine_tiers]
    seen = [
        *([f"{words.listed(found.alike_channels)} {trouble} too"] if found.alike_channels else []),
        *([f"{words.listed(beside)} fine"] if beside else []),
        *([f"{words.listed(found.other_channels)} not {trouble}"] if found.other_channels else []),
    ]
    route = f"the {found.first.path.channel} route"
    unlike = found.fine_channels or found.other_channels
    if found.alike_channels:
        everywhere = "upstream at this tier" if found.fine_tiers else "upstream, or your own network"
        verdict = "perhaps a shared upstream" if unlike else everywhere
    elif unlike:
        verdict = route
    elif found.fine_tiers:
        seen.append("no other channel known at this tier")
        verdict = f"{route} or its upstream"
    else:
        seen.append("nothing to compare with")
        verdict = f"{route}, its upstream or your own network"
    return f"{', '.join(seen)}: {verdict}; not your prompts"
