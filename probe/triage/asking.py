"""Free questions to others: the gateway's own log of a request, and the moderation pre-screen of a prompt."""

import datetime as dt
from typing import TYPE_CHECKING

from probe import client, gatewaylogs, model, moderation
from probe import clock as clocks
from probe import config as configs
from probe.config import secrets
from probe.triage import evidence
from probe.triage.diagnosis import Diagnosis, Piece
from probe.triage.subject import Subject

if TYPE_CHECKING:
    from probe.config import Config

DELIVERED = frozenset({model.Kind.OK, model.Kind.DEGRADED_IMAGE})
"""A picture came: the log has nothing to add."""

KEPT_DAYS = 30
"""APIYI keeps its log so long; older requests are not asked for."""


async def log(about: Subject, config: "Config", clock: clocks.Clock) -> Piece | None:
    """What the gateway's log says; None where the channel has none in the config, or nothing can be looked up."""
    channel = next((each for each in config.channel if each.name == about.channel), None)
    delivered = about.verdict is not None and about.verdict.kind in DELIVERED
    if channel is None or channel.log is None or delivered:
        return None
    now = clock.now()
    age = now - about.sent_at if about.sent_at is not None else evidence.NOT_YET
    if about.sent_at is not None and now - about.sent_at > dt.timedelta(days=KEPT_DAYS):
        return Piece(f"{channel.name}'s log", f"not asked: it is older than {KEPT_DAYS} days")
    ids = about.verdict.request_ids if about.verdict else model.RequestIds()
    names = (*ids.gateway, *ids.trace, *ids.upstream) if about.verdict else (about.name,)
    wanted = gatewaylogs.Wanted(names, about.sent_at, channel.model, now)
    try:
        key = secrets.key(channel.log)
    except configs.ConfigError as error:
        return Piece(f"{channel.name}'s log", f"not asked: {error}")
    http = client.Client(clock, proxy=channel.proxy, redact=secrets.Redactor([key]))
    try:
        return evidence.of_log(await gatewaylogs.ask(channel.log, wanted, http, key), channel.name, age)
    finally:
        await http.aclose()


async def screen(about: Subject, config: "Config", clock: clocks.Clock) -> Piece | None:
    """What the pre-screen says of the caller's prompt and reference picture; the caller has agreed to send them."""
    if about.prompt is None:
        return None
    try:
        key = secrets.key(config.moderation)
    except configs.ConfigError as error:
        return Piece("pre-screen", f"not checked: {error}")
    http = client.Client(clock, redact=secrets.Redactor([key]))
    try:
        return evidence.of_screen(await moderation.screen(about.prompt, about.reference, config.moderation, http, key))
    finally:
        await http.aclose()


def has(found: Diagnosis, name: str) -> bool:
    """Is a piece of this name there already, from an earlier triage?"""
    return any(piece.name == name for piece in found.pieces)
