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
    """Bad paths of one channel as one thing to tell; `first` went first."""

    first: window.PathFacts
    others: tuple[window.PathFacts, ...]  # bad too, by time
    fine_tiers: tuple[str, ...]  # of the same channel
    unknown_tiers: tuple[str, ...]
    fine_channels: tuple[str, ...]  # at the first path's tier
    bad_channels: tuple[str, ...]
    unknown_channels: tuple[str, ...]


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
    return Incident(
        first,
        tuple(others),
        tuple(each.path.tier for each in siblings if each.state in states.FINE),
        tuple(each.path.tier for each in siblings if each.state is model.State.UNKNOWN),
        tuple(each.path.channel for each in rivals if each.state in states.FINE),
        tuple(each.path.channel for each in rivals if each.is_bad),
        tuple(each.path.channel for each in rivals if each.state is model.State.UNKNOWN),
    )


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
    channel, fine, bad = found.first.path.channel, found.fine_channels, found.bad_channels
    if fine and not bad:
        return f"{words.listed([*fine, *found.fine_tiers])} fine: the {channel} route, not your prompts"
    if fine:
        return f"{words.listed(bad)} bad too, {words.listed(fine)} fine: perhaps a shared upstream; not your prompts"
    if bad:
        return f"{words.listed(bad)} bad too, no channel fine: upstream, or your own network; not your prompts"
    if found.fine_tiers:
        return (
            f"{words.listed(found.fine_tiers)} fine, no other channel known at this tier: "
            f"the {channel} route or its upstream, not your prompts"
        )
    return "nothing to compare with: the route, its upstream or your own network; not your prompts"
