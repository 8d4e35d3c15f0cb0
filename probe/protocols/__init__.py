"""How a channel is spoken to: one row a protocol. New protocol = one file and one row here."""

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from probe import hosts, model
from probe.protocols import gemini, openai_images, reading

if TYPE_CHECKING:
    from probe.config import schema


@dataclasses.dataclass(frozen=True, slots=True)
class Protocol:
    """One row: what an order is, how it is asked for, how the answer is read, and how models are listed."""

    name: str
    order: Callable[["schema.Channel", "schema.TierSpec"], model.Order]
    request: Callable[["schema.Channel", model.Order, str, bytes | None], model.Request]
    read: Callable[[model.Reply], reading.Reading]
    listing: Callable[["schema.Channel"], model.Request]
    knows_quality: bool


PROTOCOLS: Mapping[str, Protocol] = MappingProxyType(
    {
        "openai-images": Protocol(
            "openai-images",
            openai_images.order,
            openai_images.request,
            openai_images.read,
            openai_images.listing,
            knows_quality=True,
        ),
        "gemini": Protocol("gemini", gemini.order, gemini.request, gemini.read, gemini.listing, knows_quality=False),
    }
)


def order(config: "schema.Config", path: model.Path) -> model.Order:
    """What a path asks for, in pixels and in its protocol's words."""
    channel = config.find(path.channel)
    asked = PROTOCOLS[channel.protocol].order(channel, config.tier(path.tier))
    return dataclasses.replace(asked, relayed=hosts.relayed(channel.base_url))


def request(
    channel: "schema.Channel", order: model.Order, prompt: str, reference: bytes | None = None
) -> model.Request:
    """The HTTP request for an order; `reference` is the picture that an edit starts from."""
    return PROTOCOLS[channel.protocol].request(channel, order, prompt, reference)


def read(reply: model.Reply, order: model.Order) -> reading.Reading:
    """The picture and the reported facts of a reply. CPU work on many megabytes: call it off the event loop."""
    return PROTOCOLS[order.protocol].read(reply)


def listing(channel: "schema.Channel") -> model.Request:
    """The free request that lists the models of a channel."""
    return PROTOCOLS[channel.protocol].listing(channel)
