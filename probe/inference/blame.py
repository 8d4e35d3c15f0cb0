"""Whose fault an incident is, told by what is fine beside it. Canaries have harmless prompts, so it is never the prompts."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from probe import model
from probe.inference import incidents

PLAIN: Mapping[incidents.Trouble, str] = MappingProxyType(
    {
        incidents.Trouble.REFUSING: "the channel's moderation: it refuses every prompt of the rotation, not yours alone",
        incidents.Trouble.NO_ACCESS: "your account: the key, its permission or its balance; waiting does not help",
        incidents.Trouble.MODEL_GONE: "the channel no longer serves this model; waiting does not help",
        incidents.Trouble.BELOW_TARGET: "the channel: this is what is normal for it",
        incidents.Trouble.BUDGET_GONE: "nobody's: the day's canaries cost more than the budget allows",
        incidents.Trouble.BLIND: "this machine, its network or the daemon",
    }
)
"""Whose fault it is where that needs no comparison."""


def clause(one: incidents.Incident, states: Sequence[model.PathState]) -> str:
    """Whose fault it is, in one clause."""
    if one.trouble in PLAIN:
        return PLAIN[one.trouble]
    bad = [state.path for state in one.states]
    channels, tiers = {path.channel for path in bad}, {path.tier for path in bad}
    fine = [state.path for state in states if state.state in incidents.FINE and state.path not in bad]
    elsewhere = _listed(path.channel for path in fine if path.tier in tiers and path.channel not in channels)
    route = _listed(path.channel for path in bad)
    if one.scope is incidents.Scope.EVERYTHING and not elsewhere:
        return "an upstream that all channels share, or your own network; not your prompts"
    if one.scope is incidents.Scope.SHARED:
        beside = f"; {elsewhere} fine" if elsewhere else ""
        return f"what {route} share: one upstream{beside}; not your prompts"
    if elsewhere:
        return f"{elsewhere} fine at {_listed(path.tier for path in bad)}: the {route} route, not your prompts"
    lighter = _listed(path.tier for path in fine if path.channel in channels)
    if lighter:
        return (
            f"{lighter} fine, no other channel known at this tier: the {route} route or its upstream, not your prompts"
        )
    return "nothing to compare with: the route, its upstream or your own network; not your prompts"


def _listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`; each once."""
    *head, last = dict.fromkeys(names) or [""]
    return f"{', '.join(head)} and {last}" if head else last
