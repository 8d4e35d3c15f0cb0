"""Gateways' own logs as own traffic: which logs a config names, how far each was read, and their rows as accounts."""

import dataclasses
import datetime as dt
import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, NamedTuple

from probe import client, clock, model
from probe.config import secrets
from probe.gatewaylogs import entry, pull
from probe.own import account, mapping
from probe.own.intake import Line
from probe.records import rows

if TYPE_CHECKING:
    from probe.config import schema
    from probe.records.history import History

PullError = pull.PullError

OVERLAP = dt.timedelta(minutes=15)
"""Read again before the point reached: a row is written when its request ends, and shows some time later."""

SIZE = re.compile(r"\b(\d{3,5})x(\d{3,5})\b")
QUALITY = re.compile(r"(?:品质|quality)\W{0,3}(low|medium|high|xhigh|max|auto|standard)\b", re.IGNORECASE)
IMAGE_MODEL = re.compile(r"image|imagen|banana|dall-e|flux|seedream|midjourney|stable-diffusion|sdxl", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """One gateway's log, and the channels whose requests it holds."""

    log: "schema.GatewayLog"
    channels: tuple["schema.Channel", ...]

    @property
    def name(self) -> str:
        """Under which the position is kept."""
        return f"{self.log.kind} {self.log.url} {self.log.key_env or self.log.key_file}"

    @property
    def models(self) -> frozenset[str]:
        return frozenset(name for channel in self.channels for name in (channel.model, *channel.replaces))


class Reached(NamedTuple):
    """Of a log, what ended in [since, until) has been read."""

    since: dt.datetime
    until: dt.datetime

    def __str__(self) -> str:
        return f"{self.since.isoformat()} {self.until.isoformat()}"

    @classmethod
    def parse(cls, text: str | None) -> "Reached | None":
        since, _, until = (text or "").partition(" ")
        return cls(dt.datetime.fromisoformat(since), dt.datetime.fromisoformat(until)) if until else None


def sources(config: "schema.Config", kind: str, names: tuple[str, ...] = ()) -> list[Source]:
    """The logs of this kind that channels name, each once; only of channels `names`, where there are any."""
    found: dict[tuple[str, ...], list[schema.Channel]] = {}
    for channel in config.channel:
        if channel.log is not None and channel.log.kind == kind and (not names or channel.name in names):
            log = channel.log
            found.setdefault((log.url, log.key_env or "", log.key_file or "", log.user), []).append(channel)
    return [Source(channels[0].log, tuple(channels)) for channels in found.values() if channels[0].log]


def beginning(reached: Reached | None, since: dt.datetime) -> dt.datetime:
    """Where to begin reading for the period from `since`: after what was read without a gap."""
    if reached is None or since < reached.since:
        return since
    return max(since, reached.until - OVERLAP)


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """Some lines of a log, the bad rows with their reasons, and how far it has been read with them."""

    lines: tuple[Line, ...]
    bad: tuple[tuple[str, str], ...]  # (reason, row)
    skipped: int
    position: str
    read_until: dt.datetime | None
    note: str


async def read(
    source: Source,
    history: "History",
    http: client.Client,
    time: clock.Clock,
    since: dt.datetime,
    until: dt.datetime,
) -> AsyncIterator[Batch]:
    """The rows of a log in [since, until) that a previous run has not read; raises gatewaylogs.pull.PullError."""
    reached = Reached.parse(history.traffic.position(source.name))
    start = beginning(reached, since)
    first = min(start, reached.since) if reached and start <= reached.until else start
    ids = known_ids(source, history, since, until) if source.log.kind == "openrouter" else ()
    key = secrets.key(source.log)
    async for page in pull.pages(source.log, http, key, time, start, until, ids):
        told, skipped = list[Line](), page.aside
        for row in page.rows:
            one = account_of(row, source)
            if one is None:
                skipped += 1
            else:
                told.append(Line(len(told) + 1, told=one))
        position = str(Reached(first, page.read_until)) if page.read_until else ""
        bad = tuple((reason, json.dumps(row, ensure_ascii=False)) for reason, row in page.bad)
        yield Batch(tuple(told), bad, skipped, position, page.read_until, page.note)


def known_ids(source: Source, history: "History", since: dt.datetime, until: dt.datetime) -> Iterator[str]:
    """Generations that are stored and whose log was not asked: OpenRouter has no list of requests."""
    for channel in source.channels:
        yield from history.traffic.names(since, until, channel.name, "gen-")


def account_of(row: entry.Row, source: Source) -> account.Account | None:
    """A row as an own request; None where it made no picture.

    The size is in the line for people, and only where a picture was made. A path must not depend on what
    came back, so that a log tells of channels and never of tiers.
    """
    if row.model not in source.models and not SIZE.search(row.said) and not IMAGE_MODEL.search(row.model):
        return None
    began_at = row.began_at or row.done_at
    if began_at is None:
        return None
    size, quality = (None, None) if row.error else (SIZE.search(row.said), QUALITY.search(row.said))
    order = model.Order(
        protocol="gemini" if "gemini" in row.model else "openai-images",
        model=row.model,
        width_px=int(size[1]) if size else 0,
        height_px=int(size[2]) if size else 0,
        quality=quality[1].lower() if quality else None,
    )
    channel = next((each.name for each in source.channels if row.model in {each.model, *each.replaces}), "")
    return account.Account(
        id=f"{source.log.kind}:{row.ids[0]}",
        source=source.log.kind,
        sent_at=began_at,
        evidence=evidence_of(row, order),
        channel=channel,
        host="" if channel else source.log.url.partition("://")[2],
        tier=mapping.UNTOLD,
        latency_s=row.duration_s if not row.error else None,
        charged_usd=row.charged_usd,
        entry=rows.GatewayEntry(
            gateway=source.log.kind,
            request_id=row.ids[0],
            began_at=began_at,
            model=row.model,
            token_group=row.group,
            duration_s=row.duration_s,
            charged_usd=row.charged_usd,
            error=secrets.scrubbed(row.error)[:200],
            attempts=row.attempts,
        ),
    )


def evidence_of(row: entry.Row, order: model.Order) -> model.Evidence:
    """What the gateway says came of it: a picture, or its error in code and words."""
    headers = {
        "x-gateway-request-id": row.ids[0],
        **({"x-upstream-request-id": row.ids[1]} if len(row.ids) > 1 else {}),
    }
    if not row.error:
        return model.Evidence(200, headers, elapsed_s=row.duration_s, order=order, picture_count=1)
    said = secrets.scrubbed(row.said if row.said != row.error else "")
    text = json.dumps({"error": {"message": said, "code": secrets.scrubbed(row.error)}}, ensure_ascii=False)
    return model.Evidence(row.status, headers, text[:16_384], elapsed_s=row.duration_s, order=order)
