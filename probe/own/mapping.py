"""From what an own request ordered to its path: by what was asked alone, never by what came back."""

import dataclasses
import math
import urllib.parse
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from probe import config as configs
from probe import model, tokens
from probe.own import account

if TYPE_CHECKING:
    from probe.config import schema

UNTOLD = "?"
"""The tier of requests whose source does not tell what was ordered; no tier of a config is called so."""

AUTO_QUALITY = "low"
"""What `auto`, or no quality at all, is resolved to (observed on api.openai.com, April 2026)."""

DEFAULT_IMAGE_SIZE = "1K"
"""What Gemini makes where no size is asked for."""

EDGES_PX: Mapping[str, int] = MappingProxyType({"1k": 1280, "2k": 2048, "4k": 3840})
"""Longest edge of the built-in resolutions; an order belongs to the nearest, in octaves."""

IMAGE_SIZES: Mapping[str, str] = MappingProxyType({"512": "1k", "1K": "1k", "2K": "2k", "4K": "4k"})


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a request belongs, what it costs by list price, and the fingerprint of that path's configuration."""

    path: model.Path
    price_usd: float
    fingerprint: str


class Map:
    """Finds the place of own requests in a config; asked the same again, it answers from memory."""

    def __init__(self, config: "schema.Config") -> None:
        self._config = config
        self._paths = frozenset(config.paths())
        self._known: dict[tuple[object, ...], Place | str] = {}

    def place(self, told: account.Account) -> Place | str:
        """The place, or why there is none."""
        asked = (told.channel, told.host, told.tier, told.order)
        if asked not in self._known:
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[asked] = self._find(told)
        return self._known[asked]

    def _find(self, told: account.Account) -> Place | str:
        fitting = list(self._channels(told))
        if len(fitting) > 1:
            names = ", ".join(channel.name for channel in fitting)
            return f"several channels have this model ({names}): name the channel where it is recorded"
        if not fitting:
            return self._why_none(told)
        (channel,) = fitting
        tier = self._tier(channel, told.order)
        path = model.Path(channel.name, told.tier or tier)
        # A gateway's log tells the size of what was made alone: that names the price, and no path.
        priced = model.Path(channel.name, tier) if path.tier == UNTOLD else path
        return Place(
            path,
            self._price_usd(channel, priced, told.order),
            configs.fingerprint(self._config, path) if path in self._paths else "",
        )

    def _channels(self, told: account.Account) -> Iterator["schema.Channel"]:
        """Channels that this request may have gone to: by name, else by model and, where known, host."""
        for channel in self._config.channel:
            if told.channel:
                if channel.name == told.channel:
                    yield channel
            elif told.order.model in {channel.model, *channel.replaces}:
                host = urllib.parse.urlsplit(channel.base_url).netloc.lower()
                if told.host in {"", host}:
                    yield channel

    def _why_none(self, told: account.Account) -> str:
        if told.channel:
            return f"there is no channel {told.channel!r}"
        models = {name for channel in self._config.channel for name in (channel.model, *channel.replaces)}
        if told.order.model in models:
            return "no channel with this model has this host in its base_url"
        return "no channel has this model"

    def _tier(self, channel: "schema.Channel", order: model.Order) -> str:
        """The channel's own tier that asks for the same, else the nearest by resolution and quality."""
        resolution = resolution_of(order)
        if not resolution:
            return UNTOLD
        quality = "" if order.protocol == "gemini" else quality_of(order)
        fitting = [tier for tier in channel.tiers if self._fits(tier, order, resolution, quality)]
        if fitting:
            return min(fitting, key=lambda tier: not self._same(tier, order))
        name = f"{resolution}-{quality}" if quality else resolution
        return f"{name}-edit" if order.operation == "edit" else name

    def _fits(self, tier: str, order: model.Order, resolution: str, quality: str) -> bool:
        spec = self._config.tier(tier)
        asked = model.Order(order.protocol, "", *pixels(spec.size), spec.quality, spec.image_size)
        return (
            spec.operation == order.operation
            and resolution_of(asked) == resolution
            and (not quality or quality_of(asked) == quality)
        )

    def _same(self, tier: str, order: model.Order) -> bool:
        spec = self._config.tier(tier)
        return sorted(pixels(spec.size)) == sorted((order.width_px, order.height_px))

    def _price_usd(self, channel: "schema.Channel", path: model.Path, order: model.Order) -> float:
        """List price of one picture as ordered; 0 where none is known."""
        if channel.price_usd == "tokens":
            image_size = (order.image_size or DEFAULT_IMAGE_SIZE) if order.protocol == "gemini" else None
            size = (order.width_px, order.height_px)
            told = all(size) or image_size
            listed = tokens.list_price_usd(channel.model, *size, quality_of(order), image_size) if told else None
            return listed or (self._config.price_usd(path) if path in self._paths else 0.0)
        if isinstance(channel.price_usd, dict):
            return channel.price_usd.get(path.tier, 0.0)
        return channel.price_usd


def resolution_of(order: model.Order) -> str:
    """`1k`, `2k` or `4k`; "" where the order does not tell."""
    if order.protocol == "gemini":
        return IMAGE_SIZES.get((order.image_size or DEFAULT_IMAGE_SIZE).upper(), "")
    longest_px = max(order.width_px, order.height_px)
    if not longest_px:
        return ""
    return min(EDGES_PX, key=lambda name: abs(math.log(longest_px / EDGES_PX[name])))


def quality_of(order: model.Order) -> str:
    return AUTO_QUALITY if order.quality in {None, "auto"} else str(order.quality)


def pixels(size: str | None) -> tuple[int, int]:
    width, _, height = (size or "").partition("x")
    return (int(width), int(height)) if width.isdecimal() and height.isdecimal() else (0, 0)
