"""What to use for a tier or a job, in words and as a document: one wording for every screen."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from probe import model
from probe.inference import recommend, turning
from reports import blocks, present, words

WORTH_A_FALL_BACK = 0.99
"""Where fewer pictures get through, the sentence says where the rest go."""

RULE = (
    f"the cheapest way that gets {words.percent(recommend.LEAST_THROUGH)} through, fall-back and lost pictures priced "
    f"in; a channel in use is given up to save over {words.percent(recommend.DEAD_BAND)}."
)
"""When it is said to stay on a channel in trouble, and when to leave it."""


def headline(advice: present.Advice, now: dt.datetime) -> blocks.Headline:
    """The choice, then its reason, the alternatives, how sure it is, and until when it stands."""
    name = f"{advice.tier} for {advice.job}" if advice.job else advice.tier
    if advice.batch.choice is None:
        opening = blocks.Line(f"{name}: {advice.batch.no_choice}", tone="unknown")
    else:
        opening = blocks.Line(f"{name}: {offer(advice.batch.choice, advice.batch.fall_back)}", tone="good")
    return blocks.Headline((opening, *details(advice, now)))


def details(advice: present.Advice, now: dt.datetime) -> Iterator[blocks.Line]:
    """What stands below the choice, a label each."""
    batch = advice.batch
    if batch.choice:
        yield blocks.Line(words.sentence(reason(batch)), "why")
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
        return f"{advice.batch.no_choice}{why}."
    urgent = hurry(advice)
    told = [
        offer(choice, advice.batch.fall_back),
        *([f"In a hurry: {offer(urgent)}"] if urgent else []),
        f"Checked {standing(advice, now)}",
    ]
    return ". ".join(told) + "."


def choices(
    advice: present.Advice, bad: Sequence[str], here: Sequence[str], now: dt.datetime
) -> Iterator[tuple[str, str]]:
    """(label, sentence) of one tier at which the channels `bad` are in trouble, `here` by the incident that is told."""
    choice = advice.batch.choice
    if choice is None:
        yield advice.job or "batch", f"{advice.tier}: {sentence(advice, now)}"
        return
    told = offer(choice, [path for path in advice.batch.fall_back if path.channel not in bad])
    chosen = choice.candidate.path.channel
    if chosen in here:
        told = f"stay on {told}"
    elif chosen in bad:
        told = f"{told}; {chosen} is in trouble too, and still the best"
    elif bad:
        told = f"{told}. Not {words.listed([left(advice, channel) for channel in bad], 'or')} now"
    batch = f"{advice.tier}: {told}. Checked {standing(advice, now)}."
    yield advice.job or "batch", batch
    if advice.urgent and advice.urgent.choice:
        urgent = hurry(advice)
        yield "urgent", f"{advice.tier}: {offer(urgent)}." if urgent else batch


def left(advice: present.Advice, channel: str) -> str:
    """`vip (66 % get through)`: a channel that is not chosen, and why where its numbers are known."""
    found = next((one for one in advice.batch.offers if one.candidate.path.channel == channel), None)
    choice = advice.batch.choice
    if found is None or choice is None:
        return channel
    if found.usable_share < recommend.LEAST_THROUGH:
        return f"{channel} ({words.percent(found.usable_share)} get through)"
    return f"{channel} ({'dearer, all priced in' if found.value_usd > choice.value_usd else 'beyond the limits'})"


def reason(batch: recommend.Recommendation) -> str:
    """Why this choice, against the next best, in one clause."""
    choice, runner_up = batch.choice, batch.runner_up
    if choice is None:
        return batch.no_choice
    if runner_up is None:
        return "the only channel known well enough"
    other = runner_up.candidate.path.channel
    saved_usd = runner_up.value_usd - choice.value_usd
    worth = batch.needs.usd_per_minute
    waiting = f" with waiting at {words.usd(worth)} a minute" if worth else ""
    if saved_usd >= 0:
        return f"a picture costs {words.usd(saved_usd)} more on {other}{waiting}, lost pictures priced in"
    if runner_up.usable_share < recommend.LEAST_THROUGH <= choice.usable_share:
        return f"only {words.percent(runner_up.usable_share)} get through on {other}, which is cheaper"
    return f"a change to {other} would save less than {words.percent(recommend.DEAD_BAND)}{waiting}"


def hurry(advice: present.Advice) -> recommend.Offer | None:
    """The choice where somebody waits for the picture, if it is another channel."""
    urgent, choice = advice.urgent.choice if advice.urgent else None, advice.batch.choice
    if urgent and choice and urgent.candidate.path != choice.candidate.path:
        return urgent
    return None


def offer(one: recommend.Offer, fall_back: Sequence[model.Path] = ()) -> str:
    """`vip, up to 3 attempts: $0.04 and 4.6 min a usable picture, 91 % get through (84-95, n 41), the rest on official`.

    What a usable picture costs is what is spent on this channel by those that get through there: the rest pay the
    fall-back's price as well, and the sentence says so. The range and n are of the canaries that the share rests on: those since the trouble began, where there is any.
    """
    attempts = f", up to {one.attempts} attempts" if one.attempts > 1 else ""
    digits = 1 if one.usable_share > 0.95 else 0
    low, high = (f"{100 * share:.{digits}f}" for share in (one.usable_low, one.usable_high))
    support = f"{low}-{high}, n {one.candidate.support}" if low != high else f"n {one.candidate.support}"
    through = f"{words.percent(one.usable_share, digits)} get through ({support})"
    cost = f"{words.usd(one.usd)} and {words.seconds(60 * one.minutes)} a usable picture"
    rest = ""
    if fall_back and one.usable_share < WORTH_A_FALL_BACK:
        rest = f", the rest on {fall_back[0].channel} (not in the {words.usd(one.usd)})"
    return f"{one.candidate.path.channel}{attempts}: {cost}, {through}{rest}"


def standing(advice: present.Advice, now: dt.datetime) -> str:
    """`6 min ago, valid until 09:30 UTC or the next alarm`."""
    if advice.checked_at is None or advice.valid_until is None:
        return "never"
    checked = words.ago(advice.checked_at, now)
    if advice.valid_until <= now:
        return f"{checked}: too long ago, not to be relied on"
    return f"{checked}, valid until {words.moment(advice.valid_until, now)} or the next alarm"


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
        "reason": reason(batch),
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
        "usable_share_low": one.usable_low,
        "usable_share_high": one.usable_high,
        "canaries": one.candidate.support,
        "value_usd": one.value_usd,
    }
