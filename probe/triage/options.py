"""Which rungs could be sent now, and which of them tells most for its price."""

import dataclasses
import datetime as dt
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from probe import model
from probe.inference import causes, posterior
from probe.inference.causes import Check
from probe.triage import advice, around, ladder, relations
from probe.triage.diagnosis import Diagnosis
from probe.triage.ladder import Rung

if TYPE_CHECKING:
    from probe.config import Config

LONGEST_WAIT_S = 120.0
"""A reply that asks for a longer pause than this is not repeated."""

OLD_EVIDENCE = 0.25
"""Least weight of a live canary: hours after the failure it says little about that minute."""


def paths(found: Diagnosis, config: "Config") -> set[model.Path]:
    """Where a climb may send."""
    return {rung.path for rung in ladder.rungs(found, config) if rung.path is not None}


def attempts(found: Diagnosis, config: "Config") -> list[Rung]:
    """The rungs that can be sent, in the textbook order; a back-off retry is one attempt of the three."""
    single = []
    for rung in ladder.rungs(found, config):
        if rung.path is not None and rung.check is not None:
            price_usd = config.price_usd(rung.path)
            single.append(dataclasses.replace(rung, price_usd=price_usd, finding=""))
    return single


def left(found: Diagnosis, config: "Config", *, forced: bool = False) -> list[Rung]:
    """The rungs that may be tried now: those whose prompt is known, not too often, and no repeat of what may be billed.

    Forced, every rung is tried once, a retry up to three times.
    """
    return [rung for rung in attempts(found, config) if may_be_tried(found, rung, forced=forced)]


def may_be_tried(found: Diagnosis, rung: Rung, *, forced: bool) -> bool:
    if rung.check is None or (rung.needs_prompt and found.about.prompt is None):
        return False
    if rung.check is Check.RETRY and (too_long(found) or advice.may_be_billed(found) or retry_passed(found)):
        return False
    if forced and rung.check is not Check.RETRY:
        return not any(piece.check is rung.check and piece.name == ladder.title(rung) for piece in found.pieces)
    return times(found, rung.check) < causes.LIMITS[rung.check]


def times(found: Diagnosis, check: Check) -> int:
    """How often a check was made by triages of this request."""
    return sum(piece.check is check for piece in found.pieces)


def retry_passed(found: Diagnosis) -> bool:
    return any(
        finding.result is causes.Result.PASSED
        for piece in found.pieces
        if piece.check is Check.RETRY
        for finding in piece.findings
    )


def best(found: Diagnosis, rungs: Sequence[Rung], config: "Config", now: dt.datetime) -> Rung | None:
    """The rung that promises most information per dollar; None where none is worth its price."""
    weighed = [option(found, rung, config, now) for rung in rungs]
    choice = posterior.next_check(*found.known, weighed, found.tables)
    return None if choice is None else rungs[next(n for n, each in enumerate(weighed) if each is choice.option)]


def option(found: Diagnosis, rung: Rung, config: "Config", now: dt.datetime) -> posterior.Option:
    """A rung as the posterior weighs it."""
    path = found.about.path
    if path is None or rung.path is None or rung.check is None:
        raise ValueError("only rungs on a path are options")
    weight = 1.0
    if rung.check is Check.RETRY and times(found, Check.RETRY):
        weight = posterior.CORRELATED
    elif rung.check in causes.CANARIES:
        weight = canary_weight(found, now)
    if rung.check in causes.ELSEWHERE:
        shared, paid = (ask(config, path.channel, rung.path.channel) for ask in (relations.shared, relations.purse))
        return posterior.Option(rung.check, rung.price_usd, rung.path.channel, shared, weight, paid)
    large = relations.as_large(config, path, rung.path) if rung.check in causes.LIGHTER else None
    return posterior.Option(rung.check, rung.price_usd, shared=large, weight=weight)


def canary_weight(found: Diagnosis, at: dt.datetime) -> float:
    """How much a canary sent at `at` says about the minute of the failure."""
    if found.about.sent_at is None:
        return 1.0
    return max(math.exp(-abs(at - found.about.sent_at) / around.FADING), OLD_EVIDENCE)


def too_long(found: Diagnosis) -> bool:
    verdict = found.about.verdict
    return verdict is not None and (verdict.retry_after_s or 0.0) > LONGEST_WAIT_S
