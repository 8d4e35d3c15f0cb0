"""The answer in two lines: whose fault it was, and what to do now."""

import dataclasses
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from probe import model
from probe.inference import causes, posterior
from probe.inference.causes import Cause, Check
from probe.triage import around, evidence, ladder
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

WELL = 0.85
"""A path is offered for a resend when a harmless request would get through there with this probability."""


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """Two lines for people; `verb` is one of resend, wait, switch, rewrite, fix account, or `-`."""

    cause: str
    action: str
    verb: str
    resend_on: model.Path | None = None
    price_usd: float | None = None


class Offer(NamedTuple):
    """A path on which a resend may succeed, cheapest first."""

    price_usd: float
    path: model.Path


def answer(found: Diagnosis, config: "Config | None") -> Answer:
    """Word the diagnosis."""
    if found.about.ok:
        return Answer("IT SUCCEEDED: a picture of what was ordered came back.", "Nothing to do.", "-")
    if found.about.verdict is None:
        return Answer(first_line(found), "Paste what came back (--reply, --text); below is what was seen then.", "-")
    verb, action, to = act(found, resend_path(found, config), config)
    price_usd = config.price_usd(to) if to is not None and config is not None and ladder.known(config, to) else None
    return Answer(first_line(found), action, verb, to, price_usd)


def first_line(found: Diagnosis) -> str:
    """Whose fault: `UPSTREAM, not your input (0.93): vip/4k-high failed 9 of 20 within 30 min.`."""
    (first, p), (second, q), *_ = found.now.p.items()
    if found.about.verdict is None:
        return f"NOT KNOWN: no reply and no record of {found.about.name} is here."
    if not found.answered:
        return f"NOT DECIDED: {first} {p:.2f} or {second} {q:.2f}."
    head, p, sure = (
        (HEADS[first], p, found.now.sure)
        if found.cause
        else (PATH_HEAD, found.on_path, found.on_path >= posterior.SURE)
    )
    line = f"{'' if sure else 'PROBABLY '}{head} ({min(p, 0.99):.2f})"
    joint = ": "
    for why in reasons(found):
        if joint == ": " or len(line) + len(why) + 3 <= WIDTH:
            line, joint = f"{line}{joint}{why}", "; "
    return f"{line}."


WIDTH = 132
"""Room for a second reason: a terminal of 80 columns wraps the first line once."""


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
        and (gain > TELLING or (lead in causes.PATH_CAUSES and piece.reach < 2 and piece.failed))
    ]
    words = [brief(piece) for _, piece in sorted(told, key=lambda pair: (pair[1].reach, -pair[0]))]
    if verdict is not None and (causes.SAID[verdict.kind] in EXPLICIT or not words):
        words.insert(0, f"the reply says {verdict.kind}")
    return words or ["nothing is known"]


def brief(piece: Piece) -> str:
    """`vip/4k-high failed 9 of 20 within 30 min`."""
    words = piece.words.partition(" (")[0].partition(",")[0]
    return piece.brief or (f"{piece.name} {words}" if piece.name == evidence.THE_REPLY else f"{piece.name}: {words}")


TELLING = 0.3
"""Nats of log odds that a piece must have added to be given as a reason."""

EXPLICIT = frozenset({causes.Said.MODERATION, causes.Said.INVALID, causes.Said.ACCOUNT})
"""What a reply says of its cause in so many words."""


def act(found: Diagnosis, well: Offer | None, config: "Config | None") -> tuple[str, str, model.Path | None]:
    """(verb, sentence, path to resend on): never pay twice, then mend the cause, then send it where it works."""
    cause, here = found.cause, found.about.channel or "that channel"
    verb, there, to = ("switch", f" Use {well.path.channel}, {usd(well.price_usd)}.", well.path) if well else NO_OFFER
    lost = next((piece.words for piece in found.pieces if piece.clue == LOST), None)
    if lost is not None:
        return verb, f"DO NOT resend on {here}: {lost.partition(':')[0]}.{there}", to
    if cause is not None and cause in FIXES:
        return FIXES[cause][0], FIXES[cause][1].format(here=here), None
    if may_be_billed(found):
        return verb, f"DO NOT resend on {here} before its log says it was not billed.{there}", to
    if not found.answered:
        placed = config is not None and found.about.path is not None and ladder.known(config, found.about.path)
        return "-", f"Do not resend yet: {'the next rung below tells' if placed else WHERE} them apart.", None
    if cause is Cause.ONE_OFF:
        return "resend", f"RESEND once on {found.about.path or here}.", found.about.path
    return verb, f"SWITCH: do not resend on {here}.{there}" if there else NOWHERE, to


WHERE = "where it was sent (--channel, --tier) may tell"
NO_OFFER = ("wait", "", None)
NOWHERE = "WAIT: no other channel is known to be well at this tier."

LOST = "gateway finished and billed"
"""The clue that a picture was made and never arrived."""


FIXES: Mapping[Cause, tuple[str, str]] = MappingProxyType(
    {
        Cause.CONTENT: ("rewrite", "REWRITE the prompt: the same one will be refused again."),
        Cause.PARAMETERS: ("rewrite", "FIX the parameter that the reply names, then resend."),
        Cause.ACCOUNT: (
            "fix account",
            "FIX the account on {here} (key, rights or balance); a resend fails until then.",
        ),
        Cause.NETWORK: ("fix account", "FIX the network first: what was sent may be billed all the same."),
    }
)
"""Causes that one thing mends wherever the request is sent."""


def may_be_billed(found: Diagnosis) -> bool:
    """May the picture exist and be charged, though nobody received it? A log that denies it settles the question."""
    verdict = found.about.verdict
    if verdict is None or verdict.billed == "no" or verdict.kind not in MAYBE_DRAWN:
        return False
    return not any(piece.clue in DENIED for piece in found.pieces)


DENIED = frozenset({"gateway failed too", "gateway knows nothing of it"})


def usd(price_usd: float) -> str:
    """`$0.40`; small prices keep three digits."""
    return f"${price_usd:.3f}" if price_usd < 0.095 and round(price_usd, 2) != price_usd else f"${price_usd:.2f}"


MAYBE_DRAWN = frozenset({model.Kind.TIMEOUT, model.Kind.NETWORK, model.Kind.GATEWAY_ERROR})
"""Kinds after which the picture may exist and be charged, though nobody received it."""


def resend_path(found: Diagnosis, config: "Config | None") -> Offer | None:
    """The cheapest other path at this tier that would probably deliver by all that is known; None: there is none.

    Only one that did deliver around then: of a path nobody has seen nothing is promised.
    """
    path = found.about.path
    if config is None or path is None or found.near is None:
        return None
    seen = {count.path for count in found.near.others if count.ok}
    others = [other for other in around.neighbours(path, config)[1] if other in seen and ladder.known(config, other)]
    options = [
        posterior.Option(Check.OTHER_CANARY, 0.0, other.channel, around.shared(config, path.channel, other.channel))
        for other in others
    ]
    failing = posterior.failing(*found.known, options, found.tables)
    well = [Offer(config.price_usd(other), other) for other, p in zip(others, failing, strict=True) if 1 - p >= WELL]
    return min(well, default=None)
