"""What can be wrong with one channel beyond the shape of its keys."""

import dataclasses
import math
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from probe import model
from probe.config import faults, providers, schema, secrets, urls

if TYPE_CHECKING:
    from probe.config import checks

ENDPOINT = re.compile(r"/(?:images/(?:generations|edits)|chat/completions|moderations|models(?:/[^/]*)?|responses)/?$")
REPEATED_VERSION = re.compile(r"/(v\d\w*)/\1(?:/|$)")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
HOST = re.compile(r"[A-Za-z0-9.-]+")
PROXIES = ("http", "https", "socks5", "socks5h")


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """One channel, what to call it, and the file it stands in."""

    channel: schema.Channel
    where: str
    draft: "checks.Draft"

    def fault(self, key: str, text: str, value: Any = faults.ABSENT) -> faults.Fault:
        return faults.Fault(self.where, key, text, value)

    def seconds(self, key: str) -> Iterator[tuple[str, float, float]]:
        """(key as it stands in the file, its seconds, the deadline) for each tier for which `key` is set."""
        value = getattr(self.channel, key)
        for tier in self.channel.tiers:
            if value is not None and (not isinstance(value, dict) or tier in value):
                name = f"{key}.{tier}" if isinstance(value, dict) else key
                deadline_s = schema.by_tier(self.channel.deadline_s, tier, schema.DEADLINE_S)
                yield name, schema.by_tier(value, tier, math.nan), deadline_s


def protocol(case: Case) -> Iterator[faults.Fault]:
    if case.channel.protocol not in providers.PROTOCOLS:
        yield case.fault("protocol", f"unknown protocol; {faults.one_of(providers.PROTOCOLS)}", case.channel.protocol)


def address(case: Case) -> Iterator[faults.Fault]:
    url = case.channel.base_url
    yield from address_faults(url, case.where, "base_url")
    path = urls.path(url)
    if repeated := REPEATED_VERSION.search(path):
        yield case.fault("base_url", f"has /{repeated[1]} twice; once is enough", url)
    if endpoint := ENDPOINT.search(path):
        yield case.fault("base_url", f"leave off {endpoint[0]}; the endpoint is added", url)


def address_faults(url: str, where: str, key: str) -> Iterator[faults.Fault]:
    """Mistakes of an address to which a key is sent. The value is shown only where it can hold no secret."""
    shown = faults.ABSENT if re.search(r"[@?#]", url) else url
    for mistake in urls.mistakes(url):
        yield faults.Fault(where, key, mistake, shown)


def version(case: Case) -> Iterator[faults.Fault]:
    url = case.channel.base_url
    path = urls.path(url)
    if case.channel.protocol == "gemini" and path.endswith("/v1"):
        yield case.fault("base_url", "gemini is spoken at /v1beta, which is added; leave off /v1", url)
    if case.channel.protocol == "openai-images" and path.endswith("/v1beta"):
        yield case.fault("base_url", "/v1beta belongs to protocol gemini; openai-images is spoken at /v1", url)


def edge(case: Case) -> Iterator[faults.Fault]:
    url = case.channel.base_url
    longest_s = max((deadline_s for _, _, deadline_s in case.seconds("deadline_s")), default=0.0)
    if providers.is_hundred_second_host(urls.host(url)) and longest_s > providers.EDGE_LIMIT_S:
        text = (
            "this host cuts every request after about 100 s (524): heavy pictures are made, paid for and lost; "
            "use the gateway's host without the edge, or deadline_s = 100"
        )
        yield case.fault("base_url", text, url)


def one_key(case: Case) -> Iterator[faults.Fault]:
    yield from key_faults(case.channel, case.where)


def key_faults(table: secrets.HasKey, where: str, prefix: str = "") -> Iterator[faults.Fault]:
    """Mistakes in naming a key. A value that may be the key itself is never shown."""
    if table.key_env is None and table.key_file is None:
        text = 'is missing; name the environment variable that holds the key, such as "APIYI_KEY", or set key_file'
        yield faults.Fault(where, f"{prefix}key_env", text)
    if table.key_env is not None and table.key_file is not None:
        yield faults.Fault(where, f"{prefix}key_file", "give key_env or key_file, not both", table.key_file)
    for key, value in (("key_env", table.key_env), ("key_file", table.key_file)):
        if value is not None and secrets.looks_like_key(value):
            text = (
                "holds what looks like a key; put the key where this names it, "
                "and replace it if others have seen this file"
            )
            yield faults.Fault(where, prefix + key, text)
        elif key == "key_env" and value is not None and not VARIABLE.fullmatch(value):
            text = 'must be the name of an environment variable, such as "APIYI_KEY"'
            yield faults.Fault(where, prefix + key, text)


def tiers(case: Case) -> Iterator[faults.Fault]:
    named = case.channel.tiers
    if not named:
        yield case.fault("tiers", 'names no tier; for example ["1k-low", "4k-high"]', named)
    for tier in dict.fromkeys(named):
        if named.count(tier) > 1:
            yield case.fault("tiers", f'names "{tier}" twice', named)
        if tier not in case.draft.tiers:
            yield case.fault("tiers", f"unknown tier{case.draft.near_tier(tier)}", tier)


def orders(case: Case) -> Iterator[faults.Fault]:
    """Can each tier be asked for in the channel's protocol? The fault stands with the tier."""
    for tier in filter(case.draft.is_sound_tier, case.channel.tiers):
        yield from _order(case.channel, case.draft.config.tier(tier), f"[tiers.{tier}]")


def _order(channel: schema.Channel, spec: schema.TierSpec, table: str) -> Iterator[faults.Fault]:
    if channel.protocol == "openai-images":
        yield from _openai_order(channel, spec, table)
    elif channel.protocol == "gemini":
        yield from _gemini_order(channel, spec, table)


def _openai_order(channel: schema.Channel, spec: schema.TierSpec, table: str) -> Iterator[faults.Fault]:
    if channel.size_rule == "gpt-image":
        known = providers.qualities(channel.model)
        if spec.quality is not None and spec.quality not in known:
            text = f"unknown quality; {channel.model} takes {faults.one_of(known)}"
            yield faults.Fault(table, "quality", text, spec.quality)
        if spec.size is None:
            text = f'{channel.name} needs one, such as "3840x2160", or size_rule = "any" where the model takes none'
            yield faults.Fault(table, "size", text)
    if spec.size is None or (spec.size == "auto" and channel.size_rule == "any"):
        return
    try:
        width_px, height_px = schema.parse_size(spec.size)
    except ValueError:
        yield faults.Fault(table, "size", "write WIDTHxHEIGHT, for example 3840x2160", spec.size)
        return
    mistake = providers.size_mistake(channel.model, width_px, height_px) if channel.size_rule == "gpt-image" else None
    if mistake:
        yield faults.Fault(table, "size", mistake, spec.size)


def _gemini_order(channel: schema.Channel, spec: schema.TierSpec, table: str) -> Iterator[faults.Fault]:
    sizes, ratios = providers.gemini_sizes(channel.model), providers.gemini_ratios(channel.model)
    if spec.image_size is None:
        text = f"{channel.name} needs one; {faults.one_of(providers.GEMINI_SIZES)}"
        yield faults.Fault(table, "image_size", text)
    elif spec.image_size not in providers.GEMINI_SIZES:
        text = f"must be {faults.one_of(providers.GEMINI_SIZES)}"
        yield faults.Fault(table, "image_size", text, spec.image_size)
    elif spec.image_size not in sizes:
        text = f"{channel.model} makes only {faults.one_of(sizes)}; take this tier off {channel.name}"
        yield faults.Fault(table, "image_size", text, spec.image_size)
    if spec.aspect_ratio is not None and spec.aspect_ratio not in ratios:
        text = f"{channel.model} takes only {', '.join(ratios)}"
        yield faults.Fault(table, "aspect_ratio", text, spec.aspect_ratio)


def price(case: Case) -> Iterator[faults.Fault]:
    channel, draft = case.channel, case.draft
    if isinstance(channel.price_usd, dict):
        for tier in channel.tiers:
            if tier not in channel.price_usd:
                yield case.fault(f"price_usd.{tier}", "is missing; the table must price every tier")
        return
    for tier in filter(draft.is_sound_tier, channel.tiers):
        spec = draft.config.tier(tier)
        if any(_order(channel, spec, "")):
            continue
        try:
            schema.price_usd(channel, tier, spec)
        except ValueError as error:
            yield case.fault("price_usd", f"{error}; write the price of a picture in USD", channel.price_usd)
            return


def by_tier(case: Case) -> Iterator[faults.Fault]:
    """Tables by tier must name tiers of this channel."""
    for key in ("price_usd", "interval", "deadline_s", "usable_within_s"):
        value = getattr(case.channel, key)
        for tier in value if isinstance(value, dict) else ():
            if tier not in case.channel.tiers:
                hint = faults.near(tier, case.channel.tiers)
                yield case.fault(f"{key}.{tier}", f"{case.channel.name} has no such tier{hint}")


def interval(case: Case) -> Iterator[faults.Fault]:
    for key, seconds, deadline_s in case.seconds("interval"):
        if seconds <= deadline_s:
            text = f"must be longer than deadline_s, which is {deadline_s:g}"
            yield case.fault(key, text, f"{seconds:g}s")


def late(case: Case) -> Iterator[faults.Fault]:
    for key, seconds, deadline_s in case.seconds("usable_within_s"):
        if seconds > deadline_s:
            yield case.fault(key, f"must not exceed deadline_s, which is {deadline_s:g}", seconds)


def billed_on(case: Case) -> Iterator[faults.Fault]:
    for word in case.channel.billed_on:
        if word not in list(model.Kind):
            hint = faults.near(word, model.Kind) or "; `tierwatch explain` lists the kinds"
            yield case.fault("billed_on", f"is no kind of outcome{hint}", word)


def proxy(case: Case) -> Iterator[faults.Fault]:
    """The value is not shown: a proxy's address may hold a password."""
    if case.channel.proxy is not None:
        parts = urls.split(case.channel.proxy)
        if parts is None or parts.scheme not in PROXIES:
            yield case.fault("proxy", "must be http://HOST:PORT, or with https, socks5 or socks5h in front")


def picture_hosts(case: Case) -> Iterator[faults.Fault]:
    for host in case.channel.picture_hosts:
        if not HOST.fullmatch(host):
            yield case.fault("picture_hosts", 'write the host alone, such as "cdn.example.com"', host)


def log(case: Case) -> Iterator[faults.Fault]:
    if case.channel.log is not None:
        yield from address_faults(case.channel.log.url, case.where, "log.url")
        yield from key_faults(case.channel.log, case.where, "log.")


Check = Callable[[Case], Iterator[faults.Fault]]

CHECKS: tuple[tuple[tuple[str, ...], Check], ...] = (
    (("protocol",), protocol),
    (("base_url",), address),
    (("base_url", "protocol"), version),
    (("base_url", "deadline_s", "tiers"), edge),
    (("key_env", "key_file"), one_key),
    (("tiers",), tiers),
    (("tiers", "protocol", "model", "size_rule"), orders),
    (("price_usd", "tiers", "model", "protocol"), price),
    (("price_usd", "interval", "deadline_s", "usable_within_s", "tiers"), by_tier),
    (("interval", "deadline_s", "tiers"), interval),
    (("usable_within_s", "deadline_s", "tiers"), late),
    (("billed_on",), billed_on),
    (("proxy",), proxy),
    (("picture_hosts",), picture_hosts),
    (("log",), log),
)
"""The keys a check reads, all of which must be sound for it to run, and the check."""
