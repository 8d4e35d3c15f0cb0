"""What the facts say about now: the state of each path, which degraded paths belong together, and whose fault it is."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

from probe import model
from reports import sample, window, words

BAD = frozenset(
    {model.State.DEGRADED, model.State.RECOVERING, model.State.REFUSING, model.State.NO_ACCESS, model.State.MODEL_GONE}
)
"""States in which a path should not be used."""

FINE = frozenset({model.State.HEALTHY, model.State.SUSPECT})


def state(facts: window.PathFacts) -> model.State:
    """The published state; for a period without one, what the degraded stretches and the sample say."""
    if facts.state is not None:
        return facts.state.state
    if facts.degraded_now:
        return model.State.DEGRADED
    return model.State.HEALTHY if len(facts.sample) >= sample.ENOUGH else model.State.UNKNOWN


def since(facts: window.PathFacts) -> dt.datetime | None:
    """When the present state began."""
    if state(facts) in {model.State.DEGRADED, model.State.RECOVERING} and facts.degraded_now:
        return facts.degraded_now.start
    return facts.state.since if facts.state else None


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
        incident(seen, channel, bad)
        for channel in seen.channels
        if (bad := [each for each in seen.paths if each.path.channel == channel and state(each) in BAD])
    ]
    return tuple(sorted(found, key=lambda each: since(each.first) or seen.until))


def incident(seen: window.Window, channel: str, bad: Sequence[window.PathFacts]) -> Incident:
    first, *others = sorted(bad, key=lambda each: (since(each) or seen.until, -window.weight(each.path.tier)[0]))
    siblings = [each for each in seen.paths if each.path.channel == channel and each not in bad]
    rivals = [each for each in seen.paths if each.path.tier == first.path.tier and each.path.channel != channel]

    def tiers(states: frozenset[model.State]) -> tuple[str, ...]:
        return tuple(each.path.tier for each in siblings if state(each) in states)

    def channels(states: frozenset[model.State]) -> tuple[str, ...]:
        return tuple(each.path.channel for each in rivals if state(each) in states)

    unknown = frozenset({model.State.UNKNOWN})
    return Incident(first, tuple(others), tiers(FINE), tiers(unknown), channels(FINE), channels(BAD), channels(unknown))


FAULTS = {
    model.State.REFUSING: "every prompt of the rotation is refused: the channel's moderation, not your prompts.",
    model.State.NO_ACCESS: "the account: key, permission or quota. Nothing to wait for.",
    model.State.MODEL_GONE: "the channel no longer serves this model. Nothing to wait for.",
}
"""Whose fault a state is that needs no comparison."""


def fault(found: Incident) -> str:
    """Whose fault it is, in one clause, by what the other channels and tiers say; canary prompts are known good."""
    present = state(found.first)
    if present in FAULTS:
        return FAULTS[present]
    channel = found.first.path.channel
    if found.fine_channels and not found.bad_channels:
        return f"the {channel} route, not your prompts."
    if found.bad_channels and not found.fine_channels:
        also = words.listed(found.bad_channels)
        return f"{also} too: upstream, or your own network; not your prompts."
    if found.bad_channels:
        return (
            f"{words.listed(found.bad_channels)} too, but not {words.listed(found.fine_channels)}: a shared upstream?"
        )
    if found.fine_tiers:
        return f"the {channel} route or its upstream at this tier, not your prompts; no other channel to compare."
    return "route, upstream or your own network: nothing else to compare with; not your prompts."
