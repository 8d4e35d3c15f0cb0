"""What the config says: its traps, the permissions of its file, the keys it names, who is told."""

import pathlib
import stat
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from probe import config as configs
from probe import plan
from probe.config import secrets
from probe.doctor import finding

if TYPE_CHECKING:
    from probe.config import schema


def config(config: "schema.Config") -> Iterator[finding.Finding]:
    """What was read, what it will cost, and each trap in it."""
    drawn = plan.plan(config)
    yield finding.ok(
        "config",
        f"{config.source}: channels: {len(config.channel)}, paths: {len(config.paths())}, "
        f"planned {drawn.usd_per_day:.2f} of {config.budget.usd_per_day:.2f} USD a day",
    )
    for text in configs.read_warnings(config):
        yield finding.fault("config", text)
    for text in drawn.notes:
        yield finding.note("config", text)
    path = pathlib.Path(config.source)
    holds_tokens = told(config) or config.alerts.heartbeat_url or any(each.proxy for each in config.channel)
    if holds_tokens and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield finding.fault("config", f"holds addresses with tokens and can be read by others; `chmod 600 {path}`")


def keys(config: "schema.Config") -> Iterator[finding.Finding]:
    """Is each key there and well-formed? A channel must have its key; other services are optional."""
    needed: dict[str, tuple[secrets.HasKey, list[str]]] = {}
    for channel in config.channel:
        needed.setdefault(secrets.place(channel), (channel, []))[1].append(channel.name)
    for source, names in needed.values():
        yield key(source, f"of {', '.join(names)}", finding.fault)
    for channel in config.channel:
        if channel.log is not None:
            yield key(channel.log, f"of the gateway log of {channel.name}", finding.note)
    yield key(config.moderation, "of the moderation pre-screen (optional: triage and prescreen ask it)", finding.note)


def key(source: secrets.HasKey, whose: str, absent: Callable[[str, str], finding.Finding]) -> finding.Finding:
    try:
        length = len(secrets.key(source).reveal())
    except configs.ConfigError as error:
        return absent("keys", f"{whose}: {error}")
    return finding.ok("keys", f"{whose}: {secrets.place(source)} holds {length} characters, well-formed")


def told(config: "schema.Config") -> frozenset[str]:
    """The addresses of all who are told of something."""
    routes = config.alerts.routes or {}
    return frozenset(config.alerts.urls).union(*routes.values())


def notify(config: "schema.Config") -> finding.Finding:
    """Is anybody told?"""
    count = len(told(config))
    words = [f"{count} alert address{'es' if count > 1 else ''}"] if count else []
    words += ["a heartbeat address"] if config.alerts.heartbeat_url else []
    if not words:
        return finding.note("notify", "nobody is told: set [alerts] urls, and heartbeat_url against silence")
    return finding.ok("notify", " and ".join(words))
