"""What a config may say and a person should hear about: traps of providers and gateways that cost money or time."""

from collections.abc import Callable, Iterator

from probe import model
from probe.config import faults, providers, schema, urls


def find(config: schema.Config) -> tuple[str, ...]:
    """One sentence a trap, in the order of the file."""
    found = list(_monitor(config))
    for channel in config.channel:
        for trap in TRAPS:
            found.extend(faults.Fault(f"[[channel]] {channel.name}", *words) for words in trap(channel, config))
    return tuple(dict.fromkeys(str(fault) for fault in found))


Words = tuple[str, str, object]
"""Key, what to know about it, and its value."""


def retired(channel: schema.Channel, _config: schema.Config) -> Iterator[Words]:
    if day := providers.RETIRED.get(channel.model):
        yield "model", f"its maker retires it on {day}; expect model_not_found from then on", channel.model


def wrong_protocol(channel: schema.Channel, _config: schema.Config) -> Iterator[Words]:
    if channel.protocol == "openai-images" and channel.model.startswith("gemini"):
        text = 'most gateways do not serve Gemini at /images/generations; use protocol = "gemini"'
        yield "protocol", text, channel.protocol
    if channel.protocol == "gemini" and channel.model.startswith("gpt-image"):
        yield "protocol", 'GPT image models are spoken to with protocol = "openai-images"', channel.protocol


def no_version(channel: schema.Channel, _config: schema.Config) -> Iterator[Words]:
    if channel.protocol == "openai-images" and urls.path(channel.base_url) == "":
        yield "base_url", "has no path; most gateways want /v1 at the end", channel.base_url


def deadline(channel: schema.Channel, config: schema.Config) -> Iterator[Words]:
    """Too short a deadline pays for pictures and throws them away; tiers alike are told together."""
    short: dict[tuple[float, float], list[str]] = {}
    for tier in channel.tiers:
        spec = config.tier(tier)
        gemini = channel.protocol == "gemini"
        need_s = providers.need_s(channel.model, None if gemini else spec.quality, spec.image_size if gemini else None)
        deadline_s = config.deadline_s(model.Path(channel.name, tier))
        if deadline_s < need_s:
            short.setdefault((deadline_s, need_s), []).append(tier)
    for (deadline_s, need_s), tiers in short.items():
        which = " and ".join(filter(None, [", ".join(tiers[:-1]), tiers[-1]]))
        text = f"good {which} pictures of {channel.model} may take {need_s:g} s, and are paid for even when we hang up"
        yield "deadline_s", text, deadline_s


def same_request(channel: schema.Channel, config: schema.Config) -> Iterator[Words]:
    seen: dict[tuple[str | None, ...], str] = {}
    for tier in channel.tiers:
        spec = config.tier(tier)
        gemini = channel.protocol == "gemini"
        words = (spec.image_size, spec.aspect_ratio) if gemini else (spec.size, spec.quality)
        first = seen.setdefault((*words, spec.operation), tier)
        if first != tier:
            why = ", since quality means nothing to gemini" if gemini else ""
            yield (
                "tiers",
                f"{first} and {tier} are the same request{why}, and each is paid for; keep one",
                faults.ABSENT,
            )


def reseller_sizes(channel: schema.Channel, config: schema.Config) -> Iterator[Words]:
    if channel.protocol != "openai-images":
        return
    if channel.model.startswith("gpt-image") and channel.model.endswith("-all"):
        text = "this route takes neither size nor quality and delivers about 1254x1254: every canary will be degraded_image"
        yield "model", text, channel.model
    elif channel.model.startswith("gpt-image") and channel.model.endswith("-vip"):
        for tier in channel.tiers:
            size = config.tier(tier).size
            if size not in providers.VIP_SIZES:
                text = f"{size} ({tier}) is none of the 30 sizes of this route, which adjusts others without a word"
                yield "model", text, channel.model


def proxy_password(channel: schema.Channel, _config: schema.Config) -> Iterator[Words]:
    if channel.proxy is not None and "@" in channel.proxy:
        yield "proxy", "holds a user or password; keep this file at mode 0600", faults.ABSENT


TRAPS: tuple[Callable[[schema.Channel, schema.Config], Iterator[Words]], ...] = (
    retired,
    wrong_protocol,
    no_version,
    deadline,
    same_request,
    reseller_sizes,
    proxy_password,
)


def _monitor(config: schema.Config) -> Iterator[faults.Fault]:
    longest_s = max(config.deadline_s(path) for path in config.paths())
    if config.monitor.shutdown_grace < longest_s:
        text = f"a stop would give up paid requests that may take {longest_s:g} s; make it at least that long"
        yield faults.Fault("[monitor]", "shutdown_grace", text, f"{config.monitor.shutdown_grace:g}s")
