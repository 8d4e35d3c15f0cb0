"""What to use for a tier or a job, in words and as a document: one wording for every screen."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from probe import model
from probe.inference import recommend, turning
from reports import blocks, present, words

WORTH_A_FALL_BACK = 0.99
"""Where fewer pictures get through, the sentence says where the rest go."""


def headline(advice: present.Advice, now: dt.datetime) -> blocks.Headline:
    """The choice, then its reason, the alternatives, how sure it is, and until when it stands."""
    name = f"{advice.tier} for {advice.job}" if advice.job else advice.tier
    if advice.batch.choice is None:
        opening = blocks.Line(f"{name}: {advice.batch.reason}", tone="unknown")
    else:
        opening = blocks.Line(f"{name}: {offer(advice.batch.choice, advice.batch.fall_back)}", tone="good")
    return blocks.Headline((opening, *details(advice, now)))


def details(advice: present.Advice, now: dt.datetime) -> Iterator[blocks.Line]:
    """What stands below the choice, a label each."""
    batch = advice.batch
    if batch.choice:
        yield blocks.Line(f"{words.sentence(batch.reason)}", "why")
    if batch.runner_up:
        yield blocks.Line(f"{offer(batch.runner_up)}.", "next best")
        if batch.probability is not None:
            sure = words.percent(batch.probability) if batch.probability < 0.99 else "more than 99 %"
            yield blocks.Line(f"{sure} likely to be the better of the two, by what the canaries showed.", "sure")
    if changes := turning.conditions(batch):
        yield blocks.Line(f"{words.listed(changes, 'or')}.", "unless")
    if urgent := hurry(advice):
        yield blocks.Line(f"{offer(urgent)}.", "in a hurry")
    if batch.fall_back:
        yield blocks.Line(f"{', then '.join(path.channel for path in batch.fall_back)}.", "fall back")
    if advice.checked_at:
        yield blocks.Line(f"{standing(advice, now)}.", "checked")
    if batch.not_known:
        yield blocks.Line(f"{'; '.join(batch.not_known)}.", "not known", "unknown")


def sentence(advice: present.Advice, now: dt.datetime) -> str:
    """All that fits on a first screen."""
    choice = advice.batch.choice
    if choice is None:
        why = f": {'; '.join(advice.batch.not_known)}" if advice.batch.not_known else ""
        return f"{advice.batch.reason}{why}."
    urgent = hurry(advice)
    told = [
        offer(choice, advice.batch.fall_back),
        *([f"In a hurry {offer(urgent)}"] if urgent else []),
        f"Checked {standing(advice, now)}",
    ]
    return ". ".join(told) + "."


def hurry(advice: present.Advice) -> recommend.Offer | None:
    """The choice where somebody waits for the picture, if it is another channel."""
    urgent, choice = advice.urgent.choice if advice.urgent else None, advice.batch.choice
    if urgent and choice and urgent.candidate.path != choice.candidate.path:
        return urgent
    return None


def offer(one: recommend.Offer, fall_back: Sequence[model.Path] = ()) -> str:
    """`vip, 3 attempts, then official: $0.04 and 4.6 min a usable picture, 91 % get through (n 214)`."""
    attempts = f", {one.attempts} attempts" if one.attempts > 1 else ""
    attempts += f", then {fall_back[0].channel}" if fall_back and one.usable_share < WORTH_A_FALL_BACK else ""
    through = f"{words.percent(one.usable_share, 1 if one.usable_share > 0.95 else 0)} get through"
    cost = f"{words.usd(one.usd)} and {words.seconds(60 * one.minutes)} a usable picture"
    return f"{one.candidate.path.channel}{attempts}: {cost}, {through} (n {one.candidate.n})"


def standing(advice: present.Advice, now: dt.datetime) -> str:
    """`6 min ago, stands until 09:30 UTC or the next alarm`."""
    if advice.checked_at is None or advice.valid_until is None:
        return "never"
    checked = words.ago(advice.checked_at, now)
    if advice.valid_until <= now:
        return f"{checked}: too long ago, not to be relied on"
    return f"{checked}, stands until {words.moment(advice.valid_until, now)} or the next alarm"


def document(advice: present.Advice) -> dict[str, Any]:
    """The same for programs; money in USD, times in seconds."""
    batch = advice.batch
    return {
        "tier": advice.tier,
        "job": advice.job or None,
        "choice": offer_document(batch.choice),
        "runner_up": offer_document(batch.runner_up),
        "in_a_hurry": offer_document(advice.urgent.choice if advice.urgent else None),
        "ranked": [offer_document(one) for one in batch.offers],
        "fall_back": [str(path) for path in batch.fall_back],
        "probability": batch.probability,
        "reason": batch.reason,
        "would_change": list(turning.conditions(batch)),
        "not_known": list(batch.not_known),
        "checked_at": words.rfc3339(advice.checked_at),
        "valid_until": words.rfc3339(advice.valid_until),
    }


def offer_document(one: recommend.Offer | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "channel": one.candidate.path.channel,
        "state": one.candidate.state.value,
        "attempts": one.attempts,
        "list_price_usd": one.candidate.price_usd,
        "usd_per_usable": one.usd,
        "seconds_per_usable": 60 * one.minutes,
        "usable_share": one.usable_share,
        "canaries": one.candidate.n,
        "value_usd": one.value_usd,
    }
