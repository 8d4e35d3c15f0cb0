"""A gateway's own log of one request: finished? how long? billed? New gateway = one file and one row here."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from probe import client, model
from probe.config import secrets
from probe.gatewaylogs import apiyi, entry, new_api, openrouter
from probe.gatewaylogs.entry import Entry, Wanted

if TYPE_CHECKING:
    from probe.config import schema

__all__ = ["GATEWAY_LOGS", "Entry", "GatewayLog", "Wanted", "ask"]

ANSWER_WITHIN_S = 65.0
"""APIYI lets a look-up take a minute."""

ANSWER_CAP_BYTES = 8 * 2**20


@dataclasses.dataclass(frozen=True, slots=True)
class GatewayLog:
    """One row: how the log is asked for a request, and how its answer is read."""

    requests: Callable[["schema.GatewayLog", Wanted], Sequence[model.Request]]  # tried in turn until one finds it
    read: Callable[[model.Reply, Wanted], Entry]


GATEWAY_LOGS: Mapping[str, GatewayLog] = MappingProxyType(
    {
        "apiyi": GatewayLog(apiyi.requests, apiyi.read),
        "new-api": GatewayLog(new_api.requests, new_api.read),
        "openrouter": GatewayLog(openrouter.requests, openrouter.read),
    }
)


async def ask(log: "schema.GatewayLog", wanted: Wanted, http: client.Client, key: secrets.Secret) -> Entry:
    """What the log says; an Entry of state `unanswered` with the reason where it cannot be had. Costs nothing."""
    row = GATEWAY_LOGS[log.kind]
    found = Entry("unanswered", reason="there is no id to ask for")
    for request in row.requests(log, wanted):
        reply = await http.send(request, key=key, deadline_s=ANSWER_WITHIN_S, cap_bytes=ANSWER_CAP_BYTES)
        if reply.fault is not None:
            return Entry("unanswered", reason=reply.fault_text or str(reply.fault))
        found = entry.without_key(row.read(reply, wanted), key)
        if found.state != "absent":
            return found
    return found
