"""Go, wait or split: what a batch would cost now, and what it would cost once the trouble is over."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any, Literal

from probe import model
from probe.inference import recommend, view
from reports import advice as wording
from reports import blocks, present, states, words

Decision = Literal["go", "wait", "split"]

WORTH_WAITING = 0.10
"""Waiting must save more than this share of what the batch costs now."""

SURE = 0.80
"""A choice less likely than this to be right is tried on a part first."""

PILOT_SHARE, PILOT_LEAST, PILOT_MOST = 0.02, 20, 200
"""How much of the batch goes first when it is split."""


@dataclasses.dataclass(frozen=True, slots=True)
class Bill:
    """What `n` pictures cost by a chain of channels, each taking what the one before did not deliver."""

    usd: float
    hours: float
    lost: float  # pictures that no channel of the chain delivers


@dataclasses.dataclass(frozen=True, slots=True)
class Flight:
    """The answer for one tier of a job."""

    advice: present.Advice
    n: int
    decision: Decision
    why: str
    chain: tuple[model.Path, ...] = ()
    bill: Bill | None = None  # None: not enough data to say
    later: Bill | None = None  # once every path of the chain is healthy; None: nothing is in trouble
    pilot: int = 0  # pictures to send first when it is split


def check(advice: present.Advice, n: int, parallel: int, now: dt.datetime, *, usd_per_minute: float) -> Flight:
    """Decide for one tier; `parallel` pictures are made at once, waiting is worth `usd_per_minute` a picture."""
    batch = advice.batch
    if batch.choice is None:
        why = "; ".join([batch.no_choice, *batch.not_known])
        return Flight(advice, n, "wait", f"{why}; `tierwatch probe` sends canaries now")
    by_path = {one.candidate.path: one for one in batch.offers}
    chain = [batch.choice, *(by_path[path] for path in batch.fall_back if path in by_path)]
    paths = tuple(one.candidate.path for one in chain)
    bill = cost(chain, n, parallel)
    later = None
    if any(one.candidate.state in states.BAD for one in batch.offers):
        later = cost(recovered(batch.offers, recommend.Needs(usd_per_minute)), n, parallel)
    decision, why = decide(advice, bill, later, n, now, usd_per_minute)
    pilot = min(n, max(PILOT_LEAST, min(PILOT_MOST, round(PILOT_SHARE * n)))) if decision == "split" else 0
    return Flight(advice, n, decision, why, paths, bill, later, pilot)


def cost(chain: list[recommend.Offer], n: int, parallel: int) -> Bill:
    """Expected USD, hours and losses; what a channel spends on pictures it does not deliver is in its offer."""
    left, usd, minutes = float(n), 0.0, 0.0
    for one in chain:
        delivered = left * one.usable_share
        usd += delivered * one.usd
        minutes += delivered * one.minutes
        left -= delivered
    return Bill(usd, minutes / 60 / parallel, left)


def recovered(offers: tuple[recommend.Offer, ...], needs: recommend.Needs) -> list[recommend.Offer]:
    """The chain by value if nothing were in trouble."""
    healthy = [dataclasses.replace(one.candidate, p_degraded=0.0) for one in offers]
    alone = [recommend.best_offer(candidate, needs, needs.lost_usd) for candidate in healthy]
    return sorted(alone, key=lambda one: one.value_usd)


def decide(
    advice: present.Advice, bill: Bill, later: Bill | None, n: int, now: dt.datetime, usd_per_minute: float
) -> tuple[Decision, str]:
    """Wait where that saves money, losses priced in; split where the choice is not sure; else go."""
    batch = advice.batch
    if later:
        wait_usd = usd_per_minute * view.INCIDENT_MINUTES * n
        now_usd, then_usd = (each.usd + recommend.LOST_USD * each.lost for each in (bill, later))
        if now_usd - then_usd - wait_usd > WORTH_WAITING * now_usd:
            return "wait", f"once the trouble is over the batch costs {words.usd(now_usd - then_usd)} less"
    choice = batch.choice
    if choice and choice.candidate.state not in states.FINE:
        path, state = choice.candidate.path, choice.candidate.state
        known = "nothing recent is known of it" if state is model.State.UNKNOWN else f"it is {state.replace('_', ' ')}"
        return "split", f"{path} is the best there is, and {known}"
    if advice.valid_until is not None and advice.valid_until <= now:
        return "split", "the last canary was too long ago"
    if batch.probability is not None and batch.probability < SURE:
        return "split", "no channel is clearly the better one"
    return "go", wording.reason(batch)


def headline(flight: Flight, parallel: int, now: dt.datetime) -> blocks.Headline:
    """The decision in a sentence, then the bill."""
    tone: blocks.Tone = {"go": "good", "wait": "bad", "split": "warn"}[flight.decision]  # type: ignore[assignment]
    job = f" for {flight.advice.job}" if flight.advice.job else ""
    opening = f"{flight.decision.upper()}: {words.count(flight.n, 'picture')} at {flight.advice.tier}{job}"
    return blocks.Headline((blocks.Line(opening, tone=tone), *details(flight, parallel, now)))


def details(flight: Flight, parallel: int, now: dt.datetime) -> Iterator[blocks.Line]:
    yield blocks.Line(words.sentence(flight.why), "why")
    if flight.pilot:
        yield blocks.Line(f"send {flight.pilot} first, look at them, then the rest.", "how")
    if flight.bill:
        yield blocks.Line(f"{', then '.join(path.channel for path in flight.chain)}.", "send to")
        yield blocks.Line(f"{told(flight.bill)} with {parallel} at once.", "now")
    if flight.later:
        yield blocks.Line(
            f"{told(flight.later)}; trouble lasts {words.span(60 * view.INCIDENT_MINUTES)} on average.", "later"
        )
    if flight.bill:
        yield blocks.Line(f"{wording.standing(flight.advice, now)}.", "checked")


def told(bill: Bill) -> str:
    lost = f"about {round(bill.lost):,} lost" if bill.lost >= 0.5 else "none lost"
    return f"{words.usd(bill.usd)}, {words.span(3600 * bill.hours)}, {lost}"


def document(flight: Flight) -> dict[str, Any]:
    """The same for programs."""
    return {
        "tier": flight.advice.tier,
        "job": flight.advice.job or None,
        "pictures": flight.n,
        "decision": flight.decision,
        "why": flight.why,
        "pilot": flight.pilot,
        "chain": [str(path) for path in flight.chain],
        "now": dataclasses.asdict(flight.bill) if flight.bill else None,
        "later": dataclasses.asdict(flight.later) if flight.later else None,
        "valid_until": words.rfc3339(flight.advice.valid_until),
    }
