"""One canary, one way through the code: intent, request, reply, evidence, verdict, outcome, one log line."""

import asyncio
import collections
import dataclasses
import datetime as dt
import logging
import pathlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from probe import client, exclusion, headers, ids, kept, model, picture, prompts, protocols, reach, records, taxonomy
from probe import clock as clocks
from probe.config import fingerprint
from probe.config import secrets as keys
from probe.protocols import reading

if TYPE_CHECKING:
    from probe.config import schema

log = logging.getLogger("tierwatch")


@dataclasses.dataclass(frozen=True, slots=True)
class Tools:
    """What a probe works with: made once, by the one who sends (`tools`)."""

    config: "schema.Config"
    clock: clocks.Clock
    book: records.Records
    clients: Mapping[str, client.Client]
    redact: keys.Redactor
    keys: Mapping[str, keys.Secret]
    rules: tuple[taxonomy.Rule, ...]
    interrupted_since: Callable[[float], bool] = lambda _started_s: False  # was this machine suspended since?
    decoding: asyncio.Semaphore = dataclasses.field(default_factory=lambda: asyncio.Semaphore(2))
    unsaved: "collections.deque[model.Judged]" = dataclasses.field(
        default_factory=collections.deque
    )  # paid for, and not yet written because the disk refused


def tools(config: "schema.Config", clock: clocks.Clock, book: records.Records, before: Tools | None = None) -> Tools:
    """Clients and keys for every channel; raises ConfigError with every key that is missing or malformed.

    With `before` they take the place of earlier ones: what is unsaved goes on, and earlier keys stay secret.
    """
    found = keys.keys(config.channel)
    redact = keys.Redactor(found.values(), before.redact if before else None)
    clients = {channel.name: client.Client(clock, proxy=channel.proxy, redact=redact) for channel in config.channel}
    rules = taxonomy.compile_rules(config.rule)
    if before is None:
        return Tools(config, clock, book, clients, redact, found, rules)
    return dataclasses.replace(before, config=config, clients=clients, keys=found, redact=redact, rules=rules)


async def close(tools: Tools, after: Collection[asyncio.Task[None]] = ()) -> None:
    """Write what is still unsaved and close the connections, when these tasks that use them have ended."""
    try:
        if after:
            await asyncio.wait(after)
        await flush(tools)
    finally:
        for http in tools.clients.values():
            await http.aclose()


def canary(
    config: "schema.Config",
    path: model.Path,
    trigger: model.Trigger,
    at: dt.datetime,
    slot: int | None = None,
    series: Sequence[prompts.Prompt] = prompts.PROMPTS,
) -> model.Canary:
    """The canary for a path: its order, the prompt of the series whose turn it is, its list price and its deadline."""
    prompt = prompts.pick(path, slot if slot is not None else int(at.timestamp()), series)
    return model.Canary(
        id=ids.new(at),
        path=path,
        trigger=trigger,
        order=protocols.order(config, path),
        prompt_id=prompt.id,
        prompt=prompt.text,
        price_usd=config.price_usd(path),
        deadline_s=config.deadline_s(path),
        slot=slot,
        fingerprint=fingerprint(config, path),
    )


async def probe(canary: model.Canary, tools: Tools) -> model.Judged:
    """Send one canary and store what came of it.

    1. commit the intent, so that no crash can send it twice or forget its price;
    2. build the request and send it once, within the deadline; fetch the picture where the answer is a link to it;
    3. decode and measure the picture off the event loop, after the latency stamp;
    4. put the evidence together and judge it;
    5. store the outcome with its verdict, closing the intent: what never left this machine costs nothing;
    6. write one log line.

    Raises `records.BudgetExhausted` and `records.SlotTaken` before anything is sent, and
    `records.RecordsError` where the intent could not be written (then nothing was sent either).
    """
    now = tools.clock.now()
    sent_at = now.replace(microsecond=now.microsecond // 1000 * 1000)  # records keep milliseconds
    cap_usd = tools.config.budget.usd_per_day
    await asyncio.to_thread(tools.book.reserve, canary, sent_at, cap_usd)
    started_s = tools.clock.monotonic_s()
    reply = await _send(canary, tools)
    reply, followed = await _follow(canary, reply, tools)
    async with tools.decoding:
        evidence, read, decode_s = await asyncio.to_thread(_evidence, canary, reply, followed, tools)
    verdict = taxonomy.judge(evidence, tools.rules)
    outcome = model.Outcome(
        id=canary.id,
        path=canary.path,
        trigger=canary.trigger,
        sent_at=sent_at,
        evidence=evidence,
        latency_s=reply.timings.body_s,
        timings=dataclasses.replace(reply.timings, decode_s=decode_s),
        price_usd=canary.price_usd if reply.sent else 0.0,
        charged_usd=read.charged_usd,
        prompt_id=canary.prompt_id,
        fingerprint=canary.fingerprint,
        slot=canary.slot,
        vantage=tools.config.monitor.vantage,
        excluded=await exclusion.of(
            canary, reply, verdict, tools.config, interrupted=tools.interrupted_since(started_s)
        ),
    )
    judged = model.Judged(outcome, verdict)
    await _store(judged, tools)
    if read.picture is not None and not judged.ok and tools.config.monitor.keep_pictures == "failures":
        await asyncio.to_thread(_keep, read.picture, judged, tools)
    log.info(line(judged))
    return judged


async def _send(canary: model.Canary, tools: Tools) -> model.Reply:
    """One request with the channel's key, within the canary's deadline."""
    channel = tools.config.find(canary.path.channel)
    reference = (canary.reference or prompts.reference_picture()) if canary.order.operation == "edit" else None
    request = protocols.request(channel, canary.order, canary.prompt, reference)
    request = dataclasses.replace(request, headers={**request.headers, "x-client-request-id": canary.id})
    key = tools.keys[channel.name]
    return await tools.clients[channel.name].send(request, key=key, deadline_s=canary.deadline_s)


async def _follow(canary: model.Canary, reply: model.Reply, tools: Tools) -> tuple[model.Reply, reading.Reading | None]:
    """Where the channel may answer with a link to an allowed host: the answer read, completed by what its link holds.

    None: it may not, or nothing came, and the answer is still to be read.
    """
    channel = tools.config.find(canary.path.channel)
    if not channel.picture_hosts or reply.fault is not None:
        return reply, None
    read = await asyncio.to_thread(protocols.read, reply, canary.order)
    fetch = await reach.picture_request(read.picture_url, channel.picture_hosts) if read.picture_url else None
    if fetch is None:
        return reply, read
    left_s = canary.deadline_s - reply.elapsed_s
    fetched = await tools.clients[channel.name].send(fetch, key=None, deadline_s=max(left_s, 1.0))
    total_s = reply.elapsed_s + fetched.elapsed_s
    timings = dataclasses.replace(reply.timings, body_s=total_s if fetched.fault is None else None)
    return dataclasses.replace(reply, elapsed_s=total_s, timings=timings), _with_fetched(read, fetched)


def _with_fetched(read: reading.Reading, fetched: model.Reply) -> reading.Reading:
    """The reading of an answer by link, completed by what the link held."""
    if fetched.fault is not None or fetched.status != 200:
        return dataclasses.replace(read, fault=fetched.fault)
    return dataclasses.replace(read, picture=fetched.body, picture_count=1, picture_url=None)


def _evidence(
    canary: model.Canary, reply: model.Reply, followed: reading.Reading | None, tools: Tools
) -> tuple[model.Evidence, reading.Reading, float]:
    """Read the reply unless it has been, decode the picture, ask history for repeats; (..., seconds it took)."""
    started_s = tools.clock.monotonic_s()
    read = followed or protocols.read(reply, canary.order)
    seen = picture.inspect(read.picture, canary.order) if read.picture is not None else None
    if seen is not None and tools.book.seen_before(canary.path.channel, seen):
        seen = dataclasses.replace(seen, repeated=True)
    evidence = evidence_of(reply, read, seen, canary, tools.redact)
    return evidence, read, tools.clock.monotonic_s() - started_s


def evidence_of(
    reply: model.Reply,
    read: reading.Reading,
    seen: model.Picture | None,
    canary: model.Canary,
    redact: Callable[[str], str],
) -> model.Evidence:
    """The few facts a verdict may depend on, scrubbed of keys and of the prompt."""

    def scrub(text: str) -> str:
        return redact(text.replace(canary.prompt, "[prompt]") if canary.prompt else text)

    found = {name: scrub(value) for name, value in reply.headers.items() if headers.kept(name)}
    return model.Evidence(
        status=reply.status,
        headers=found,
        text=scrub(read.text),
        fault=reply.fault or read.fault,
        fault_text=scrub(reply.fault_text),
        elapsed_s=reply.elapsed_s,
        order=canary.order,
        picture=seen and dataclasses.replace(seen, provenance=scrub(seen.provenance)),
        picture_count=read.picture_count,
        image_tokens=read.image_tokens,
        echoed_size=read.echoed_size and scrub(read.echoed_size),
        echoed_quality=read.echoed_quality and scrub(read.echoed_quality),
        sent=reply.sent,
    )


async def _store(judged: model.Judged, tools: Tools) -> None:
    """Write it; a paid result the disk refuses is kept in memory and written later (`flush`)."""
    try:
        await asyncio.to_thread(tools.book.store, judged.outcome, judged.verdict)
    except records.RecordsError as error:
        tools.unsaved.append(judged)
        log.error("unsaved outcome id=%s reason=%s", judged.outcome.id, error)  # noqa: TRY400 - the reason says it all


def _keep(picture: bytes, judged: model.Judged, tools: Tools) -> None:
    """Keep a picture that was not what was ordered; a full disk costs the picture, never the outcome."""
    monitor, text = tools.config.monitor, picture.decode("latin-1")
    if tools.redact(text) != text:
        log.warning("picture not kept id=%s reason=a key stands in it", judged.outcome.id)
        return
    try:
        kept.keep(pathlib.Path(monitor.pictures_dir), picture, judged, monitor.keep_pictures_max)
    except OSError as error:
        log.warning("picture not kept id=%s reason=%s", judged.outcome.id, error)


async def flush(tools: Tools) -> None:
    """Write the results that the disk refused, oldest first; stops at the first refusal."""
    while tools.unsaved:
        judged = tools.unsaved[0]
        try:
            await asyncio.to_thread(tools.book.store, judged.outcome, judged.verdict)
        except records.RecordsError:
            return
        tools.unsaved.popleft()
        log.info("saved outcome id=%s", judged.outcome.id)


def line(judged: model.Judged) -> str:
    """One line of `key=value` pairs for the log."""
    outcome, verdict = judged.outcome, judged.verdict
    pairs = {
        "path": outcome.path,
        "trigger": outcome.trigger,
        "kind": f"{verdict.kind}/{verdict.detail}" if verdict.detail else verdict.kind,
        "status": outcome.evidence.status,
        "latency_s": f"{outcome.latency_s:.1f}" if outcome.latency_s is not None else None,
        "price_usd": f"{outcome.price_usd:.3f}",
        "excluded": outcome.excluded,
        "rule": verdict.rule,
        "id": outcome.id,
    }
    return "outcome " + " ".join(f"{name}={value}" for name, value in pairs.items() if value is not None)
