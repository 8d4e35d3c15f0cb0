"""What can be reached from here, free of charge: each host by DNS, TCP and TLS, and the models that channels list."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import difflib
import email.utils
import json
import socket
import ssl
import urllib.parse
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from probe import client, model, protocols
from probe import clock as clocks
from probe import config as configs
from probe.config import providers, secrets, urls
from probe.doctor import finding

if TYPE_CHECKING:
    from probe.config import schema

STEP_WITHIN_S = 10.0
LISTING_WITHIN_S = 30.0
LISTING_CAP_BYTES = 16 * 2**20

SOON = dt.timedelta(days=14)
"""A certificate or a model that ends within this is said: certificates are renewed a month before they end."""

PORTS: Mapping[str, int] = MappingProxyType({"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080})


async def examine(config: "schema.Config", clock: clocks.Clock, ahead_s: list[float]) -> list[finding.Finding]:
    """Hosts, then what each channel lists, then the pre-screen.

    `ahead_s` collects how far our clock is ahead of the date of each answer.
    """
    called = addresses(config)
    hosts = await asyncio.gather(*(reach(url) for url in called))
    dead = {place(url) for url, found in zip(called, hosts, strict=True) if found.mark == "FAULT"}
    if len(dead) == len(hosts) and not all(urls.is_loopback(host) for host, _ in dead):
        return [*hosts, finding.note("hosts", "none can be reached: look at this machine's own network first")]
    moderation = config.moderation
    asked = [
        *(
            Asked(f"{each.name}: {each.model}", each.model, protocols.listing(each), each, each.proxy)
            for each in config.channel
        ),
        Asked(moderation.model, moderation.model, model.Request("GET", f"{moderation.base_url}/models"), moderation),
    ]
    answering = [each for each in asked if place(each.proxy or each.request.url) not in dead]
    return [*hosts, *await asyncio.gather(*(models(each, clock, ahead_s) for each in answering))]


def addresses(config: "schema.Config") -> tuple[str, ...]:
    """Every address that is ever called, one a host; a channel's proxy stands for its host."""
    found = [channel.proxy or channel.base_url for channel in config.channel]
    found += [channel.log.url for channel in config.channel if channel.log]
    found += [config.moderation.base_url] if has_key(config.moderation) else []
    found += [config.alerts.heartbeat_url] if config.alerts.heartbeat_url else []
    return tuple({place(url): url for url in reversed(found)}.values())[::-1]


def has_key(source: secrets.HasKey) -> bool:
    try:
        secrets.key(source)
    except configs.ConfigError:
        return False
    return True


def place(url: str) -> tuple[str, int]:
    """Host and port of an address."""
    parts = urllib.parse.urlsplit(url)
    return parts.hostname or "", parts.port or PORTS.get(parts.scheme, 443)


async def reach(url: str) -> finding.Finding:
    """Resolve, connect, shake hands; nothing is sent."""
    host, port = place(url)
    name = f"{host}:{port}"
    loop = asyncio.get_running_loop()
    took: list[str] = []
    step, started_s = "DNS", loop.time()
    try:
        async with asyncio.timeout(STEP_WITHIN_S), contextlib.AsyncExitStack() as stack:
            await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            took.append(f"DNS {1000 * (loop.time() - started_s):.0f} ms")
            step, started_s = "TCP", loop.time()
            _, writer = await asyncio.open_connection(host, port)
            stack.callback(writer.transport.abort)
            took.append(f"TCP {1000 * (loop.time() - started_s):.0f} ms")
            if urllib.parse.urlsplit(url).scheme != "https":
                return finding.ok("hosts", f"{name}: {', '.join(took)}")
            step, started_s = "TLS", loop.time()
            await writer.start_tls(client.tls_context(), server_hostname=host)
            took.append(f"{writer.get_extra_info('ssl_object').version()} {1000 * (loop.time() - started_s):.0f} ms")
            return certificate(f"{name}: {', '.join(took)}", writer.get_extra_info("peercert"))
    except ssl.SSLCertVerificationError as error:
        reason = f"its certificate is refused: {error.verify_message}"
    except TimeoutError:
        reason = f"no answer within {STEP_WITHIN_S:.0f} s"
    except OSError as error:
        reason = error.strerror or str(error)
        if urls.is_loopback(host) and step == "TCP":
            reason = f"nothing listens there; start it (the stand-in: `tierwatch simulate SCENARIO --listen {name}`)"
    return finding.fault("hosts", f"{name}: {step} failed: {reason}")


def certificate(text: str, shown: Mapping[str, Any]) -> finding.Finding:
    ends_at = dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), dt.UTC)
    if ends_at - dt.datetime.now(dt.UTC) < SOON:
        return finding.note("hosts", f"{text}; its certificate ends on {ends_at:%d %b %Y}")
    return finding.ok("hosts", text)


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """A listing to ask for, and the model that should be in it."""

    about: str
    name: str
    request: model.Request
    source: secrets.HasKey
    proxy: str | None = None


async def models(asked: Asked, clock: clocks.Clock, ahead_s: list[float]) -> finding.Finding:
    """Is the model listed, and until when? Listed is not yet permitted: only a paid request shows that."""
    try:
        key = secrets.key(asked.source)
    except configs.ConfigError:
        return finding.note("models", f"{asked.about}: not asked, its key is missing")
    http = client.Client(clock, proxy=asked.proxy, redact=secrets.Redactor([key]))
    async with contextlib.aclosing(http):
        reply = await http.send(asked.request, key=key, deadline_s=LISTING_WITHIN_S, cap_bytes=LISTING_CAP_BYTES)
    date = reply_date(reply)
    if date is not None:
        ahead_s.append((clock.now() - date).total_seconds())
    if reply.fault is not None:
        return finding.fault("models", f"{asked.about}: the listing failed: {reply.fault_text or reply.fault}")
    if reply.status in {401, 403}:
        return finding.fault(
            "models", f"{asked.about}: the key in {secrets.place(asked.source)} is refused (HTTP {reply.status})"
        )
    listed = read_listing(reply.body) if reply.status == 200 else None
    if listed is None:
        return finding.note("models", f"{asked.about}: no listing to read here (HTTP {reply.status})")
    return in_listing(asked, listed, clock.now().date())


def in_listing(asked: Asked, listed: Mapping[str, dt.date | None], today: dt.date) -> finding.Finding:
    """What a listing says of a model; the earlier of its own day of retirement and the maker's published one."""
    if asked.name not in listed:
        near = difflib.get_close_matches(asked.name, listed, n=3)
        hint = f"; it has {', '.join(near)}" if near else ""
        return finding.fault("models", f"{asked.about}: not among the {len(listed)} models that this key lists{hint}")
    days = [day for day in (listed[asked.name], providers.retires_on(asked.name)) if day is not None]
    if not days:
        return finding.ok("models", f"{asked.about}: listed")
    verb = "was" if min(days) <= today else "will be"
    text = f"{asked.about}: listed, and {verb} retired on {min(days):%d %b %Y}; name its successor"
    return finding.fault("models", text) if min(days) - today < SOON else finding.note("models", text)


def read_listing(body: bytes) -> dict[str, dt.date | None] | None:
    """Model -> its day of retirement; None where this is no listing. OpenAI: `data[].id`, Gemini: `models[].name`."""
    try:
        read = json.loads(body)
        items = read.get("data", read.get("models"))
        return {str(item.get("id", item.get("name"))).removeprefix("models/"): shutdown(item) for item in items}
    except (ValueError, RecursionError, AttributeError, TypeError):
        return None


def shutdown(item: Mapping[str, Any]) -> dt.date | None:
    """OpenAI's `shutdown_date`, in seconds since 1970 or as a date."""
    told = item.get("shutdown_date")
    try:
        if isinstance(told, int | float):
            return dt.datetime.fromtimestamp(told, dt.UTC).date()
        return dt.date.fromisoformat(told[:10]) if isinstance(told, str) else None
    except (ValueError, OverflowError, OSError):
        return None


def reply_date(reply: model.Reply) -> dt.datetime | None:
    """The `Date` header, where it is one."""
    try:
        at = email.utils.parsedate_to_datetime(reply.headers.get("date", ""))
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)
