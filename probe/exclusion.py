"""Why an outcome says nothing about its channel: our own fault, a suspended machine, no network here, people's own words."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from probe import model, reach

if TYPE_CHECKING:
    from probe.config import schema

UNREACHABLE = frozenset({model.Fault.DNS, model.Fault.REFUSED, model.Fault.CONNECT_TIMEOUT})
"""Faults that our own network may cause: the control check decides. Where the channel has a proxy, it alone was asked."""

LOCAL: Mapping[model.Fault, model.Exclusion] = MappingProxyType(
    {
        model.Fault.OWN_POOL: model.Exclusion.OWN_POOL,
        model.Fault.BAD_REQUEST: model.Exclusion.OWN_CONFIG,
        model.Fault.CANCELLED: model.Exclusion.CANCELLED,
    }
)
"""Faults that are always our own."""


async def of(
    canary: model.Canary,
    reply: model.Reply,
    verdict: model.Verdict,
    config: "schema.Config",
    *,
    interrupted: bool,
) -> model.Exclusion | None:
    """The exclusion of a canary that came back so; None: it is evidence. `interrupted`: the machine slept meanwhile."""
    if reply.fault is not None and reply.fault in LOCAL:
        return LOCAL[reply.fault]
    if reply.fault is not None and interrupted:
        return model.Exclusion.LOCAL_SUSPEND
    if reply.fault in UNREACHABLE:
        channel = config.find(canary.path.channel)
        if channel.proxy is not None or not await _network(channel, config):
            return model.Exclusion.LOCAL_NETWORK
    # A failure of people's own prompt may be due to what it says.
    own = canary.prompt_id.startswith(model.OWN_PROMPT)
    return model.Exclusion.OWN_CONTENT if own and verdict.kind is not model.Kind.OK else None


async def _network(but: "schema.Channel", config: "schema.Config") -> bool:
    """Does any host answer that the config names, other than this channel's? True where it names no other."""
    others = {reach.host(channel.base_url): channel.base_url for channel in config.channel}
    others[reach.host(config.moderation.base_url)] = config.moderation.base_url
    others.pop(reach.host(but.base_url), None)
    answers = await asyncio.gather(*(reach.reachable(url) for url in others.values()))
    return any(answers) or not answers
