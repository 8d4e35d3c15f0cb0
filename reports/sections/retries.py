"""What a second and third attempt bring now, and whether the channels that should replace each other fail together."""

import datetime as dt
import itertools
from collections.abc import Sequence

from probe.inference import recommend
from reports import blocks, window, words

ATTEMPTS = (1, 2, 3)


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    return (*pay_off(seen), *together(seen)) or (blocks.Note("Not enough data to say what retries bring."),)


def pay_off(seen: window.Window) -> tuple[blocks.Block, ...]:
    """Share of pictures that get through within so many attempts, and the minutes that takes."""
    rows: list[blocks.Row] = []
    for advice in seen.advice:
        if advice.job:
            continue  # its channels are those of the tier
        for one in advice.batch.offers:
            found = [recommend.offer(one.candidate, attempts, recommend.Needs(), 0.0) for attempts in ATTEMPTS]
            told = [f"{words.percent(each.usable_share, 1)} in {words.seconds(60 * each.minutes)}" for each in found]
            rows.append((str(one.candidate.path), *told))
    if not rows:
        return ()
    return (
        blocks.Table(
            ("path", *(words.count(attempts, "attempt") for attempts in ATTEMPTS)),
            tuple(rows),
            caption="Share that gets through, and the time a usable picture takes, as things stand at the period's end.",
            note="Inside an incident retries fail together; where a third attempt adds little, switch instead.",
        ),
    )


def together(seen: window.Window) -> tuple[blocks.Block, ...]:
    """For each pair of channels of a tier: the time both were degraded, against what chance would give."""
    total_s = (seen.until - seen.since).total_seconds()
    rows: list[blocks.Row] = []
    for tier in seen.tiers:
        bad = {
            facts.path.channel: spans(facts, seen)
            for facts in seen.paths
            if facts.path.tier == tier and facts.degraded and facts.occupancy
        }
        for (one, first), (other, second) in itertools.combinations(bad.items(), 2):
            both_s, chance_s = overlap_s(first, second), length_s(first) * length_s(second) / total_s
            word = blocks.Word("together", "bad") if both_s > TOGETHER * chance_s else "apart"
            rows.append((tier, f"{one} and {other}", words.span(both_s), words.span(chance_s), word))
    if not rows:
        return ()
    return (
        blocks.Table(
            ("tier", "channels", "both degraded", "by chance", "they fail"),
            tuple(rows),
            caption="Is a fall-back independent? Time both channels were degraded in this period, by degraded stretches.",
        ),
    )


TOGETHER = 3.0  # times the overlap that chance would give

Spans = list[tuple[dt.datetime, dt.datetime]]


def spans(facts: window.PathFacts, seen: window.Window) -> Spans:
    """Degraded stretches within the period."""
    found = [(max(one.start.at, seen.since), one.end.at if one.end else seen.until) for one in facts.degraded]
    return [(start, end) for start, end in found if start < end]


def length_s(found: Spans) -> float:
    return sum((end - start).total_seconds() for start, end in found)


def overlap_s(
    first: Sequence[tuple[dt.datetime, dt.datetime]], second: Sequence[tuple[dt.datetime, dt.datetime]]
) -> float:
    return sum(
        max(0.0, (min(end, other_end) - max(start, other_start)).total_seconds())
        for start, end in first
        for other_start, other_end in second
    )
