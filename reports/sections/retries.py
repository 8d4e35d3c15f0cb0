"""What a second and third attempt bring now, and whether the channels that should replace each other fail together."""

import datetime as dt
import itertools
from collections.abc import Sequence

import numpy as np

from probe.inference import recommend, statistics
from reports import blocks, figures, sample, window, words
from reports.outcomes import Outcomes

ATTEMPTS = (1, 2, 3)


WINDOW_S = 7200.0
"""Failures within two hours are taken to fall together: long enough for a canary or two of every path."""


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    concordances = (plot for series in seen.series if (plot := concordance(seen, series)))
    found = (*pay_off(seen), *together(seen), *concordances)
    return found or (blocks.Note("Not enough data to say what retries bring."),)


def pay_off(seen: window.Window) -> tuple[blocks.Block, ...]:
    """Share of pictures that get through within so many attempts, and the minutes and USD that takes."""
    rows: list[blocks.Row] = []
    panels = []
    for advice in seen.advice:
        if advice.job:
            continue  # its channels are those of the tier
        lines = []
        for one in advice.batch.offers:
            found = [recommend.offer(one.candidate, attempts, recommend.Needs(), 0.0) for attempts in ATTEMPTS]
            told = [f"{words.percent(each.usable_share, 1)} in {words.seconds(60 * each.minutes)}" for each in found]
            rows.append((str(one.candidate.path), *told))
            lines.append(line(one.candidate, found))
        drawn = {each.channel for each in lines}
        watched = [facts.path.channel for facts in seen.paths if facts.path.tier == advice.tier]
        panels.append(figures.PayOffPanel(advice.tier, tuple(lines), tuple(n for n in watched if n not in drawn)))
    if not rows:
        return ()
    return (
        blocks.Table(
            ("path", *(words.count(attempts, "attempt") for attempts in ATTEMPTS)),
            tuple(rows),
            caption="Share that gets through, and the time a usable picture takes, as things stand at the period's end.",
            note="Inside an incident retries fail together; where a third attempt adds little, switch instead.",
        ),
        blocks.Plot(
            "payoff",
            "What does a second or third attempt bring?",
            figures.PayOff(tuple(panels), seen.channels),
            "; ".join(f"{row[0]}: {', then '.join(map(str, row[1:]))}" for row in rows),
        ),
    )


def line(candidate: recommend.Candidate, offers: Sequence[recommend.Offer]) -> figures.PayOffLine:
    return figures.PayOffLine(
        candidate.path.channel,
        tuple(each.usable_share for each in offers),
        tuple(each.usd for each in offers),
        tuple(each.minutes for each in offers),
        candidate.support,
    )


MOST_PAIRS = 24


def concordance(seen: window.Window, series: window.Series) -> blocks.Plot | None:
    """Each channel of a tier beside each other one; None where there is none with enough canaries.

    Of very many pairs those that most surely fail together.
    """
    rows: list[figures.Beside | None] = []
    for tier in seen.tiers:
        samples = {
            facts.path.channel: taken
            for facts in seen.paths
            if facts.path.tier == tier and len(taken := facts.sample(series))
        }
        for (name, taken), (other, beside) in itertools.permutations(samples.items(), 2):
            rows.append(in_windows(name, taken, other, beside, tier))
    enough = [row for row in rows if row]
    if not enough:
        return None
    surest = sorted(enough, key=lambda row: row.while_fine.high - row.while_failing.low)[:MOST_PAIRS]
    drawn = tuple(row for row in enough if row in surest)
    told = (
        f"{row.name}/{row.tier} fails {words.percent(row.while_failing.share)} while {row.other} fails, "
        f"else {words.percent(row.while_fine.share)}"
        for row in drawn
    )
    return blocks.Plot(
        f"concordance-{series}",
        "Would the fall-back fail at the same time?",
        figures.Concordance(
            drawn, len(rows) - len(enough), len(enough) - len(drawn), words.span(WINDOW_S), str(series)
        ),
        "; ".join(told),
    )


def in_windows(name: str, taken: Outcomes, other: str, beside: Outcomes, tier: str) -> figures.Beside | None:
    """Canaries of the one in windows in which the other was tried, by whether it failed there; None: too few."""
    mine, theirs = taken.sent_s // WINDOW_S, beside.sent_s // WINDOW_S
    failing = np.isin(mine, theirs[beside.failed])
    rates = [rate(taken.where(chosen)) for chosen in (failing, np.isin(mine, theirs) & ~failing)]
    return figures.Beside(name, other, tier, *found) if len(found := [each for each in rates if each]) == 2 else None


def rate(taken: Outcomes) -> figures.Rate | None:
    """Share failing."""
    n, failed = len(taken), int(taken.failed.sum())
    return figures.Rate(failed / n, *statistics.wilson(failed, n), n) if n >= sample.ENOUGH else None


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
