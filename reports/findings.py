"""Which bad paths belong together, and whose fault it is, told by what is fine beside them."""

import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from probe import model
from probe.inference import incidents as grouping
from reports import states, window, words


def since(facts: window.PathFacts) -> dt.datetime | None:
    """When the present state began, as well as it is known."""
    return facts.now.since.at if facts.now.since else facts.now.state.since


@dataclasses.dataclass(frozen=True, slots=True)
class Incident:
    """Bad paths that belong together as one thing to tell; `first` went first.

    `beside` are the paths that are not part of it but stand next to it: other tiers of its channels, and other
    channels at its tiers.
    """

    trouble: grouping.Trouble
    scope: grouping.Scope
    first: window.PathFacts
    others: tuple[window.PathFacts, ...]  # bad too, by time
    beside: tuple[window.PathFacts, ...]

    @property
    def paths(self) -> tuple[window.PathFacts, ...]:
        return (self.first, *self.others)

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(facts.path.channel for facts in self.paths))

    @property
    def tiers(self) -> tuple[str, ...]:
        """Of its paths, heaviest first."""
        return tuple(sorted({facts.path.tier for facts in self.paths}, key=window.weight, reverse=True))

    @property
    def rivals(self) -> tuple[window.PathFacts, ...]:
        """Other channels at its tiers."""
        return tuple(each for each in self.beside if each.path.channel not in self.channels)

    @property
    def siblings(self) -> tuple[window.PathFacts, ...]:
        """Other tiers of its channels."""
        return tuple(each for each in self.beside if each.path.channel in self.channels)


DEGRADED = frozenset({model.State.DEGRADED, model.State.RECOVERING})
"""Bad by what canaries met; an account or a model that is gone says nothing about anybody else."""


def is_slow(facts: window.PathFacts) -> bool:
    """Degraded by slowness rather than by failures."""
    return facts.state in DEGRADED and facts.now.failing is None


def incidents(seen: window.Window) -> tuple[Incident, ...]:
    """What is open, grouped as alerts group it (`probe.inference.incidents`), the longest-standing first."""
    dated = tuple(dataclasses.replace(facts.now.state, since=since(facts)) for facts in seen.paths)
    shares = {facts.path.channel: grouping.Shares(facts.now.upstream) for facts in seen.paths}
    situation = grouping.Situation(seen.until, dated, shares)
    found = [
        incident(seen, one, frozenset(state.path for state in one.states))
        for one in grouping.follow((), situation, 1)
        if one.trouble in grouping.BAD
    ]
    return tuple(sorted(found, key=lambda each: since(each.first) or seen.until))


def incident(seen: window.Window, found: grouping.Incident, paths: Collection[model.Path]) -> Incident:
    """Of paths that went together the heaviest tier is told first."""
    bad = [facts for facts in seen.paths if facts.path in paths]
    heaviest_first = sorted(bad, key=lambda each: window.weight(each.path.tier), reverse=True)
    first, *others = sorted(heaviest_first, key=lambda each: since(each) or seen.until)
    channels, tiers = {each.path.channel for each in bad}, {each.path.tier for each in bad}
    beside = tuple(
        each for each in seen.paths if each not in bad and (each.path.channel in channels or each.path.tier in tiers)
    )
    return Incident(found.trouble, found.scope, first, tuple(others), beside)


def lost_tiers(seen: window.Window) -> tuple[str, ...]:
    """Tiers where a channel is bad and none is known to be fine."""
    found = []
    for tier in seen.tiers:
        here = [facts for facts in seen.paths if facts.path.tier == tier]
        fine = tier in seen.fine_elsewhere or any(facts.state in states.FINE for facts in here)
        if any(facts.is_bad for facts in here) and not fine:
            found.append(tier)
    return tuple(found)


PLAIN_FAULTS: Mapping[grouping.Trouble, str] = MappingProxyType(
    {
        grouping.Trouble.REFUSING: "the channel's own moderation refuses harmless prompts: not an outage, not your "
        "prompts",
        grouping.Trouble.NO_ACCESS: "your account there: key, permission or quota; waiting does not help, mend the "
        "account",
        grouping.Trouble.MODEL_GONE: "the channel no longer serves this model; waiting does not help",
    }
)
"""Whose fault a trouble is that needs no comparison."""


def fault(found: Incident) -> str:
    """Whose fault it is, in one clause; canary prompts are known to be harmless, so it is never the prompts."""
    plain = PLAIN_FAULTS.get(found.trouble)
    return plain or f"{evidence(found)}: {verdict(found)}, not your prompts"


def evidence(found: Incident) -> str:
    """`official and nano fine at 4k-high, vip fine at 1k-low`: what the paths beside it do."""
    fine = [each for each in found.rivals if each.is_fine]
    alike = [each for each in found.rivals if each.state in DEGRADED and is_slow(each) == is_slow(found.first)]
    unlike = [each for each in found.rivals if each.state in DEGRADED and is_slow(each) != is_slow(found.first)]
    trouble = "slow" if is_slow(found.first) else "failing"
    told = [
        told_by(alike, f"{trouble} too"),
        told_by(fine, "fine"),
        told_by(unlike, f"not {trouble}"),
        told_by([each for each in found.siblings if each.is_fine], "fine"),
    ]
    return ", ".join(filter(None, told)) or "nothing to compare with"


def told_by(beside: Sequence[window.PathFacts], what: str) -> str:
    """`official and nano fine at 4k-high`; channels of which the same tiers are so are told together."""
    tiers: dict[str, list[str]] = {}
    for each in beside:
        tiers.setdefault(each.path.channel, []).append(each.path.tier)
    together: dict[tuple[str, ...], list[str]] = {}
    for channel, those in tiers.items():
        together.setdefault(tuple(those), []).append(channel)
    return ", ".join(
        f"{words.listed(channels)} {what} at {words.listed(those)}" for those, channels in together.items()
    )


def verdict(found: Incident) -> str:
    """Who it is, as far as the paths beside it tell."""
    channels = words.listed(found.channels)
    unlike = [each for each in found.rivals if each.is_fine or each.state in DEGRADED]
    alike = [each for each in unlike if each.state in DEGRADED and is_slow(each) == is_slow(found.first)]
    lighter = any(each.is_fine for each in found.siblings)
    if len(found.channels) > 1:
        upstreams = {facts.now.upstream for facts in found.paths}
        if len(upstreams) == 1 and upstreams != {""}:
            return f"the upstream that {channels} share ({upstreams.pop()})"
        return "an upstream that all channels share" if lighter else "an upstream of all channels, or your own network"
    if alike:
        others = len(unlike) > len(alike)
        return "perhaps an upstream that they share" if others or lighter else "an upstream of all, or your own network"
    if unlike:
        return f"the {channels} route"
    if lighter:
        return f"the {channels} route or its upstream (no other channel known at this tier)"
    return f"the {channels} route, its upstream or your own network"
