"""A past that never happened: outcomes of simulated canaries, as evidence and verdicts, without any HTTP."""

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from probe import config as configs
from probe import model, plan, prompts, protocols, taxonomy, tokens
from probe.protocols import reading
from probe.standin import delivery, scenario, voices

if TYPE_CHECKING:
    from probe.config import schema

FAULTS: Mapping[str, model.Fault] = MappingProxyType(
    {
        "hang": model.Fault.DEADLINE,
        "close": model.Fault.RESET,
        "reset": model.Fault.RESET,
        "reset-in-body": model.Fault.RESET,
        "truncate": model.Fault.TRUNCATED_BODY,
        "truncate-chunks": model.Fault.TRUNCATED_BODY,
        "stall": model.Fault.DEADLINE,
        "drip": model.Fault.DEADLINE,
        "oversize": model.Fault.OVERSIZED,
        "not-http": model.Fault.PROTOCOL_ERROR,
        "bad-gzip": model.Fault.BAD_ENCODING,
    }
)
"""What a client sees of each act of the stand-in (`acts.ACTS`; a test proves it complete)."""


def outcomes(
    config: "schema.Config", played: scenario.Scenario, since: dt.datetime, until: dt.datetime, seed: int
) -> Iterator[model.Judged]:
    """What the plan's canaries would have got between two times, path by path; trigger `simulated`."""
    for line in plan.plan(config).lines:
        interval = dt.timedelta(seconds=line.interval_s)
        at, number = since + dt.timedelta(seconds=line.offset_s % line.interval_s), 0
        while at < until:
            yield judged(config, line, played, at, number, seed)
            at, number = at + interval, number + 1


def judged(
    config: "schema.Config", line: plan.Line, played: scenario.Scenario, at: dt.datetime, number: int, seed: int
) -> model.Judged:
    """One simulated canary: the scenario's answer, seen through the path's deadline, judged like any other."""
    path = line.path
    answer = scenario.answer(played, *path, at, number, seed)
    key = f"{seed}/{path}/past/{number}"
    evidence = _evidence(config, path, answer, at, key)
    outcome = model.Outcome(
        id=_id(at, key),
        path=path,
        trigger=model.Trigger.SIMULATED,
        sent_at=at,
        evidence=evidence,
        latency_s=evidence.elapsed_s if evidence.fault is None else None,
        timings=model.Timings(body_s=evidence.elapsed_s if evidence.fault is None else None),
        price_usd=line.price_usd,
        prompt_id=prompts.pick(path, number).id,
        fingerprint=configs.fingerprint(config, path),
        vantage=config.monitor.vantage,
    )
    return model.Judged(outcome, taxonomy.judge(evidence))


def _id(at: dt.datetime, key: str) -> str:
    """Sorts by time like a real one, and is the same for the same key."""
    return f"simulated-{at:%Y%m%d%H%M%S}-{voices.ids(at, key).trace_id[:8]}"


def _evidence(
    config: "schema.Config", path: model.Path, answer: scenario.Answer, at: dt.datetime, key: str
) -> model.Evidence:
    order = protocols.order(config, path)
    deadline_s = config.deadline_s(path)
    ids = voices.ids(at, key)
    who = voices.personality("", order.protocol, order.model)
    elapsed_s = round(min(answer.latency_s, deadline_s), 3)
    if answer.latency_s > deadline_s:
        return _fault(order, model.Fault.DEADLINE, deadline_s)
    headers = {"content-type": "application/json", **who.headers(ids, elapsed_s, order.model)}
    if answer.kind is model.Kind.OK:
        return _success(order, answer, headers, elapsed_s, key)
    row = voices.choose(who, order.protocol, answer.kind, answer.reply, "en")
    if row.act:
        fault = FAULTS[row.act]
        return _fault(order, fault, deadline_s if fault is model.Fault.DEADLINE else elapsed_s)
    body = voices.say(row, who, ids, {"model": order.model, "size": order.size})
    text = reading.text_of(body)
    return model.Evidence(
        row.status, {**headers, **row.headers}, text, elapsed_s=elapsed_s, order=order, picture_count=0
    )


def _fault(order: model.Order, fault: model.Fault, elapsed_s: float) -> model.Evidence:
    return model.Evidence(fault=fault, fault_text=fault.value, elapsed_s=elapsed_s, order=order)


def _success(
    order: model.Order, answer: scenario.Answer, headers: Mapping[str, str], elapsed_s: float, key: str
) -> model.Evidence:
    """A picture as ordered, or as the scenario's `delivers` says."""
    made, forms = answer.delivers, answer.delivers.forms
    if "url" in forms:
        text = json.dumps({"data": [{"url": "https://pictures.example/1.png"}]})
        return model.Evidence(200, headers, text, elapsed_s=elapsed_s, order=order, picture_count=0)
    picture = _picture(order, made, key)
    told = order if "dishonest" in forms else _delivered(order, made)
    text = json.dumps({"data": [{"b64_json": f"<{picture.image_bytes * 4 // 3} base64 characters>"}]})
    return model.Evidence(
        status=200,
        headers=headers,
        text=text,
        elapsed_s=elapsed_s,
        order=order,
        picture=picture,
        picture_count=1,
        image_tokens=None if "no usage" in forms else _tokens(told),
        echoed_size=told.size if told.quality and "no echo" not in forms else None,
        echoed_quality=told.quality if "no echo" not in forms else None,
    )


def _delivered(order: model.Order, made: delivery.Delivery) -> model.Order:
    """The order that what was delivered would have been the right answer to."""
    return dataclasses.replace(
        order,
        width_px=made.width_px or order.width_px,
        height_px=made.height_px or order.height_px,
        quality=made.quality or order.quality,
    )


def _tokens(order: model.Order) -> int | None:
    """Image tokens as usage reports them."""
    if order.image_size:
        return tokens.GEMINI_TOKENS.get(order.model, {}).get(order.image_size)
    known = tokens.factors(order.model)
    return (
        tokens.gpt_image_tokens(order.width_px, order.height_px, known[order.quality])
        if known and order.quality
        else None
    )


def _picture(order: model.Order, made: delivery.Delivery, key: str) -> model.Picture:
    delivered = _delivered(order, made)
    return model.Picture(
        width_px=delivered.width_px,
        height_px=delivered.height_px,
        format="jpeg" if order.protocol == "gemini" else "png",
        image_bytes=delivered.width_px * delivered.height_px // 2,
        sha256=hashlib.sha256(key.encode()).hexdigest(),
        flaw=made.flaw if made.flaw in {"truncated", "undecodable"} else "",
        blank=made.flaw == "blank",
        repeated=made.flaw == "repeated",
        effective_resolution=0.4 if made.flaw == "enlarged" else None,
    )
