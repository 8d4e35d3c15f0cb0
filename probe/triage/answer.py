"""The answer in two lines: whose fault it was, and what to do now."""

import dataclasses
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from probe import model
from probe.inference import causes, posterior
from probe.inference.causes import Cause
from probe.triage import advice, evidence, ladder
from probe.triage.diagnosis import Diagnosis, Piece

if TYPE_CHECKING:
    from probe.config import Config

HEADS: Mapping[Cause, str] = MappingProxyType(
    {
        Cause.CONTENT: "YOUR INPUT, not the channel",
        Cause.UPSTREAM: "UPSTREAM, not your input",
        Cause.QUEUE: "OVERLOAD, not your input",
        Cause.CHANNEL: "THE CHANNEL, not your input",
        Cause.PARAMETERS: "A PARAMETER of your request",
        Cause.ACCOUNT: "YOUR ACCOUNT",
        Cause.NETWORK: "THE NETWORK between you and it",
        Cause.ONE_OFF: "A ONE-OFF",
    }
)

PATH_HEAD = "CHANNEL OR UPSTREAM, not your input"
"""Said where both are likely and the advice is the same."""


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """Two lines for people; `verb` is one of resend, wait, switch, rewrite, fix account, or `-`."""

    cause: str
    action: str
    verb: str
    resend_on: model.Path | None = None
    price_usd: float | None = None


def answer(found: Diagnosis, config: "Config | None") -> Answer:
    """Word the diagnosis."""
    if found.about.ok:
        return Answer("IT SUCCEEDED: a picture of what was ordered came back.", "Nothing to do.", "-")
    if found.about.verdict is None:
        return Answer(first_line(found), "Paste what came back (--reply, --text); below is what was seen then.", "-")
    now = advice.act(found, config)
    to = now.resend_on
    price_usd = config.price_usd(to) if to is not None and config is not None and ladder.known(config, to) else None
    return Answer(first_line(found), now.sentence, now.verb, to, price_usd)


def first_line(found: Diagnosis) -> str:
    """Whose fault: `UPSTREAM, not your input (0.93): vip/4k-high failed 9 of 20.`, with the reasons that fit beside it."""
    (first, p), (second, q), *_ = found.now.p.items()
    if found.about.verdict is None:
        return f"NOT KNOWN: no reply and no record of {found.about.name} is here."
    if not found.answered:
        return f"NOT DECIDED: {first} {p:.2f} or {second} {q:.2f}."
    (line, *more), head = reasons(found), whose(found)
    for reason in more[: REASONS - 1]:
        if len(f"{head}: {line}; {reason}.") <= WIDTH:
            line += f"; {reason}"
    return f"{head}: {line}."


def whose(found: Diagnosis) -> str:
    """`UPSTREAM, not your input (0.93)`; what is surer than the leading cause has a probability of its own."""
    first, p = found.now.lead
    on_path = f"({min(found.on_path, 0.99):.2f})"
    if not found.cause:
        return f"{'' if found.on_path >= posterior.SURE else 'PROBABLY '}{PATH_HEAD} {on_path}"
    if first in causes.PATH_CAUSES and not found.now.sure and found.on_path >= posterior.SURE:
        name, _, innocent = HEADS[first].partition(", ")
        return f"PROBABLY {name} ({p:.2f}), {innocent} {on_path}"
    return f"{'' if found.now.sure else 'PROBABLY '}{HEADS[first]} ({min(p, 0.99):.2f})"


REASONS, WIDTH = 2, 80
"""What the first line has room for, reasons and columns; a first reason is given however long it is."""


def reasons(found: Diagnosis) -> list[str]:
    """What spoke for the leading cause, in few words: the request itself, then its path, then other places.

    At each place the strongest first.
    """
    lead, verdict = found.now.lead[0], found.about.verdict
    odds = [math.log(after.p[lead] / (1 - min(after.p[lead], 1 - 1e-12))) for after in found.after]
    gains = [(after - before, piece) for before, after, piece in zip(odds, odds[1:], found.pieces, strict=False)]
    told = [
        (gain, piece)
        for gain, piece in gains
        if piece.clue not in evidence.BACKGROUND
        and not odd(piece, lead)
        and (gain > TELLING or (lead in causes.PATH_CAUSES and piece.reach < 2 and piece.failed))
    ]
    ranked = sorted(told, key=lambda pair: (pair[1].reach, -pair[0]))
    words = list(dict.fromkeys(brief(piece) for _, piece in ranked))
    if verdict is not None and (causes.SAID[verdict.kind] in EXPLICIT or not words):
        words.insert(0, f"the reply says {verdict.kind}")
    return words or ["nothing is known"]


def odd(piece: Piece, lead: Cause) -> bool:
    """Would it sound like the opposite: a path that `is well` as the reason why the path is to blame?

    That another channel is well is a reason to blame this one, or the account that pays for it.
    """
    canaries = [each.check for each in piece.findings if each.check in causes.CANARIES]
    if lead not in causes.PATH_CAUSES | causes.SUDDEN or not canaries or piece.failed:
        return False
    return lead not in {Cause.CHANNEL, Cause.ACCOUNT} or not causes.ELSEWHERE.issuperset(canaries)


def brief(piece: Piece) -> str:
    """`vip/4k-high failed 9 of 20 within 30 min`."""
    words = piece.words.partition(" (")[0].partition(",")[0]
    return piece.brief or (f"{piece.name} {words}" if piece.name == evidence.THE_REPLY else f"{piece.name}: {words}")


TELLING = 0.3
"""Nats of log odds that a piece must have added to be given as a reason."""

EXPLICIT = frozenset({causes.Said.MODERATION, causes.Said.INVALID, causes.Said.ACCOUNT})
"""What a reply says of its cause in so many words."""
