"""What to do about a failed request now: never pay twice, then mend the cause, then send it where it works."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from probe import model
from probe.inference import causes, posterior
from probe.inference.causes import Cause, Check
from probe.triage import around, ladder, relations
from probe.triage.diagnosis import Diagnosis

if TYPE_CHECKING:
    from probe.config import Config

WELL = 0.85
"""A path is offered for a resend when a harmless request would get through there with this probability."""


class Advice(NamedTuple):
    """One of the verbs resend, wait, switch, rewrite, fix account, or `-`; the sentence; where to resend."""

    verb: str
    sentence: str
    resend_on: model.Path | None = None


class Offer(NamedTuple):
    """A path on which a resend may succeed, cheapest first."""

    price_usd: float
    path: model.Path


def act(found: Diagnosis, config: "Config | None") -> Advice:
    """Never pay twice, then mend the cause, then send it where it works."""
    cause, here, billed = found.cause, found.about.channel or "that channel", may_be_billed(found)
    if paid := paid_for(found):
        return elsewhere(found, config, f"DO NOT resend on {here}: {paid}.")
    if cause is not None and cause in FIXES:
        verb, sentence = FIXES[cause]
        return Advice(
            verb, sentence.format(here=here, then="ask its log whether it was billed" if billed else "resend")
        )
    if billed:
        return elsewhere(found, config, f"DO NOT resend on {here} before its log says it was not billed.")
    if not found.answered:
        return Advice("-", f"Do not resend yet: {telling(found, config)} them apart.")
    if cause is Cause.ONE_OFF:
        return Advice("resend", f"RESEND once on {found.about.path or here}.", found.about.path)
    advice = elsewhere(found, config, f"SWITCH: do not resend on {here}.")
    sentence = advice.sentence if advice.resend_on else NOWHERE
    return advice._replace(sentence=sentence + smaller(found, config))


def elsewhere(found: Diagnosis, config: "Config | None", sentence: str) -> Advice:
    """Not here: on the cheapest channel that is well, or later."""
    well = resend_path(found, config)
    if well is None:
        return Advice("wait", sentence)
    return Advice("switch", f"{sentence} Use {well.path.channel}, {usd(well.price_usd)}.", well.path)


def telling(found: Diagnosis, config: "Config | None") -> str:
    """What tells the causes that are left apart."""
    if found.about.path is None:
        return WHERE
    return NEXT_RUNG if config is not None and ladder.known(config, found.about.path) else UNKNOWN_PATH


NEXT_RUNG = "the next rung below tells"
WHERE = "where it was sent (--channel, --tier) may tell"
UNKNOWN_PATH = "a path of the config (--channel, --tier) may tell"
NOWHERE = "WAIT: no other channel is known to be well at this tier."

FIXES: Mapping[Cause, tuple[str, str]] = MappingProxyType(
    {
        Cause.CONTENT: ("rewrite", "REWRITE the prompt: the same one will be refused again."),
        Cause.PARAMETERS: ("rewrite", "FIX the parameter that the reply names, then resend."),
        Cause.ACCOUNT: (
            "fix account",
            "FIX the account on {here} (key, rights or balance); a resend fails until then.",
        ),
        Cause.NETWORK: ("fix account", "FIX the network between you and {here}, then {then}."),
    }
)
"""Causes that one thing mends wherever the request is sent."""


def paid_for(found: Diagnosis) -> str:
    """What was charged and never arrived as ordered; "" where nothing is known to."""
    verdict, outcome = found.about.verdict, found.about.outcome
    if verdict is not None and verdict.kind is model.Kind.DEGRADED_IMAGE:
        billed = verdict.billed == "yes" or (outcome is not None and bool(outcome.charged_usd))
        return "the wrong picture was billed, --ticket claims it" if billed else ""
    return next((piece.words.partition(":")[0] for piece in found.pieces if piece.clue == causes.Clue.LOST), "")


def may_be_billed(found: Diagnosis) -> bool:
    """May the picture exist and be charged, though nobody received it? A log that denies it settles the question."""
    verdict = found.about.verdict
    if verdict is None or verdict.billed == "no" or verdict.kind not in MAYBE_DRAWN:
        return False
    return not any(piece.clue in causes.DENIED for piece in found.pieces)


MAYBE_DRAWN = frozenset({model.Kind.TIMEOUT, model.Kind.NETWORK, model.Kind.GATEWAY_ERROR})
"""Kinds after which the picture may exist and be charged, though nobody received it."""


def smaller(found: Diagnosis, config: "Config | None") -> str:
    """` vip/2k-high is well, $0.03.`: a lighter tier of the channel where nothing failed around then."""
    if found.near is None or found.about.path is None or config is None:
        return ""
    well = {count.path for count in found.near.lighter if count.ok >= around.ENOUGH and not count.failed}
    paths = [down for down in ladder.lighter(config, found.about.path) if down in well]
    return f" {paths[0]} is well, {usd(config.price_usd(paths[0]))}." if paths else ""


def resend_path(found: Diagnosis, config: "Config | None") -> Offer | None:
    """The cheapest other path at this tier that would probably deliver by all that is known; None: there is none.

    Only one that did deliver around then: of a path nobody has seen nothing is promised.
    """
    path = found.about.path
    if config is None or path is None or found.near is None:
        return None
    seen = {count.path for count in found.near.others if count.ok}
    others = [other for other in relations.neighbours(path, config)[1] if other in seen and ladder.known(config, other)]
    options = [
        posterior.Option(
            Check.OTHER_CANARY,
            0.0,
            other.channel,
            relations.shared(config, path.channel, other.channel),
            purse=relations.purse(config, path.channel, other.channel),
        )
        for other in others
    ]
    failing = posterior.failing(*found.known, options, found.tables)
    well = [Offer(config.price_usd(other), other) for other, p in zip(others, failing, strict=True) if 1 - p >= WELL]
    return min(well, default=None)


def usd(price_usd: float) -> str:
    """`$0.40`; small prices keep three digits."""
    return f"${price_usd:.3f}" if price_usd < 0.095 and round(price_usd, 2) != price_usd else f"${price_usd:.2f}"
