"""What the config says of two paths: which are compared, whether they share an upstream, a key, a number of pixels."""

import urllib.parse
from typing import TYPE_CHECKING

from probe import model

if TYPE_CHECKING:
    from probe.config import Config


def neighbours(path: model.Path, config: "Config") -> tuple[tuple[model.Path, ...], tuple[model.Path, ...]]:
    """(lighter tiers of the channel: neither pixels nor quality larger, the same tier of other channels)."""
    known = config.paths()
    edge_px, quality = load(config, path.tier)
    lighter = [
        other
        for other in known
        if other.channel == path.channel
        and load(config, other.tier) != (edge_px, quality)
        and load(config, other.tier)[0] <= edge_px
        and load(config, other.tier)[1] <= quality
    ]
    others = tuple(other for other in known if other.channel != path.channel and other.tier == path.tier)
    return tuple(lighter), others


QUALITIES = ("low", "medium", "high", "xhigh", "max")


def load(config: "Config", tier: str) -> tuple[int, int]:
    """How heavy a tier is: pixels on the long edge, and rank of its quality."""
    try:
        spec = config.tier(tier)
    except KeyError:
        return 0, 0
    width, _, height = (spec.size or "").partition("x")
    edge_px = max(int(width), int(height)) if width.isdigit() and height.isdigit() else 0
    return edge_px, QUALITIES.index(spec.quality) if spec.quality in QUALITIES else 0


def shared(config: "Config", first: str, second: str) -> bool | None:
    """Do two channels hang on one upstream? By what the config names; another protocol is another one; else None."""
    known = {channel.name: channel for channel in config.channel}
    one, other = known.get(first), known.get(second)
    if one is None or other is None:
        return None
    if one.upstream and other.upstream:
        return one.upstream == other.upstream
    return False if one.protocol != other.protocol else None


def purse(config: "Config", first: str, second: str) -> bool | None:
    """Are two channels paid by one key? Another gateway has another balance; two keys of one may share theirs: None."""
    known = {channel.name: channel for channel in config.channel}
    one, other = known.get(first), known.get(second)
    if one is None or other is None:
        return None
    if (one.key_env, one.key_file) == (other.key_env, other.key_file) != (None, None):
        return True
    return None if gateway_of(one.base_url) == gateway_of(other.base_url) else False


def gateway_of(base_url: str) -> str:
    """`apiyi.com` of `https://api.apiyi.com/v1`: gateways have several hosts."""
    return ".".join((urllib.parse.urlsplit(base_url).hostname or "").split(".")[-2:])


def as_large(config: "Config", path: model.Path, lighter: model.Path) -> bool | None:
    """Does a lighter tier order as many pixels, so that it shares the path's trouble? None: perhaps it does not."""
    return load(config, path.tier)[0] == load(config, lighter.tier)[0] or None
