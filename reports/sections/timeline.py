"""Each path over time: shares failing by stretch, the kinds of failure, and the degraded stretches with their ranges."""

import datetime as dt
import math
from collections.abc import Sequence

from reports import blocks, figures, outcomes, present, sample, window, words
from reports.outcomes import Outcomes

STEPS_MINUTES = (5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 10080, 20160, 40320)
MOST_MARKS = 30  # of a strip in text, which leaves room for the failures in 80 columns
MOST_CELLS = 90  # of a strip in a picture
MOST_STRETCHES = 25


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    strips = tuple(table(seen, series) for series in seen.series)
    stretches = (degraded(seen), reach(seen))
    return (
        *strips,
        *(found for found in stretches if found),
        *(picture(seen, series) for series in seen.series),
    ) or (blocks.Note("No data: nothing to draw."),)


def table(seen: window.Window, series: window.Series) -> blocks.Table:
    edges = steps(seen.since, seen.until, MOST_MARKS)
    samples = {facts.path: facts.sample(series) for facts in seen.paths}
    rows = tuple((str(path), blocks.Strip(strip(taken, edges)), told(taken)) for path, taken in samples.items())
    return blocks.Table(
        ("path", "oldest to newest", "failures"),
        rows,
        caption=f"{series} canaries; a mark is {words.span((edges[1] - edges[0]).total_seconds())}, the first from "
        f"{words.moment(edges[0], seen.until)}; {blocks.STRIP_LEGEND}.",
    )


def picture(seen: window.Window, series: window.Series) -> blocks.Plot:
    """The same at a finer step, with brackets."""
    edges = steps(seen.since, seen.until, MOST_CELLS)
    strips = []
    for facts in seen.paths:
        taken = facts.sample(series)
        # What only another series has seen is bracketed there.
        seen_from = float(taken.sent_s[0]) if len(taken) else math.inf
        watched = (each for each in facts.degraded if each.end is None or each.end.at.timestamp() > seen_from)
        brackets = tuple(bracket(stretch, seen) for stretch in watched)
        failed = int(taken.failed.sum())
        strips.append(figures.Strip(str(facts.path), strip(taken, edges), len(taken), failed, brackets))
    return blocks.Plot(
        f"timeline-{series}",
        "When did a path degrade, and is it over?",
        figures.Timeline(tuple(edges), tuple(strips), str(series)),
        f"{'; '.join(alt(each, seen) for each in strips)}.",
    )


def alt(found: figures.Strip, seen: window.Window) -> str:
    """`vip/4k-high 15 of 336 failed, 3 degraded stretches, since 15:38 UTC still on`."""
    told = [f"{found.name} {found.failed:,} of {found.n:,} failed" if found.n else f"{found.name} no data"]
    if found.brackets:
        told.append(words.count(len(found.brackets), "degraded stretch"))
        latest = found.brackets[-1]
        told.append(
            f"since {words.moment(latest.start, seen.until)} still on"
            if latest.still_on
            else f"last until {words.moment(latest.end, seen.until)}"
        )
    return ", ".join(told)


def bracket(stretch: window.Degraded, seen: window.Window) -> figures.Bracket:
    start, end = stretch.start, stretch.end
    return figures.Bracket(
        start.at,
        end.at if end else seen.until,
        (start.low, start.high),
        (end.low, end.high) if end else None,
        still_on=end is None,
        sure=stretch.is_sure,
        slow=stretch.failing is None,
    )


def steps(since: dt.datetime, until: dt.datetime, most: int) -> list[dt.datetime]:
    """Edges of round, equal steps (UTC) that cover the period."""
    for minutes in STEPS_MINUTES:
        step = dt.timedelta(minutes=minutes)
        first = since - (since - EPOCH) % step
        count = -(-(until - first) // step)
        if count <= most:
            break
    return [first + index * step for index in range(count + 1)]


EPOCH = dt.datetime(1970, 1, 5, tzinfo=dt.UTC)  # a Monday, so that weeks begin on one


def strip(taken: Outcomes, edges: Sequence[dt.datetime]) -> tuple[float | None, ...]:
    """Share failing between the edges; None where there was nothing."""
    return tuple(float(each.failed.mean()) if len(each) else None for each in taken.split(edges))


def told(taken: Outcomes) -> blocks.Cell:
    if not len(taken):
        return blocks.Missing("no data")
    return sample.told_kinds(taken.failures(), most=2) or f"none of {len(taken)}"


def newest(seen: window.Window) -> list[tuple[window.Degraded, window.PathFacts]]:
    """Every degraded stretch, newest first."""
    found = ((stretch, facts) for facts in seen.paths for stretch in facts.degraded)
    return sorted(found, key=lambda each: each[0].start.at, reverse=True)


def degraded(seen: window.Window) -> blocks.Table | None:
    """From when until when, and how badly."""
    found = newest(seen)
    if not found:
        return None
    perhaps = "" if all(stretch.is_sure for stretch, _ in found) else ", or perhaps degraded (two in five times)"
    return blocks.Table(
        ("degraded", "from (90 % range)", "until (90 % range)", "failing"),
        tuple(
            (str(facts.path), moment(stretch.start), ending(stretch, facts), how_bad(stretch))
            for stretch, facts in found[:MOST_STRETCHES]
        ),
        caption=f"Stretches in which a path was more likely degraded than not{perhaps}, UTC, newest first.",
        note=f"And {len(found) - MOST_STRETCHES} older ones." if len(found) > MOST_STRETCHES else "",
    )


def how_bad(stretch: window.Degraded) -> str:
    told = "slow" if stretch.failing is None else words.percent(stretch.failing)
    return told if stretch.is_sure else f"perhaps {told}"


def ending(stretch: window.Degraded, facts: window.PathFacts) -> blocks.Cell:
    """An open stretch that has raised no alarm yet is not certain."""
    if stretch.end:
        return moment(stretch.end)
    return blocks.Word("still on", "bad") if facts.is_bad else blocks.Word("open, no alarm", "warn")


def moment(estimate: present.Estimate) -> blocks.Moment:
    return blocks.Moment(estimate.at, estimate.low, estimate.high)


# --- how far each stretch reached -------------------------------------------------------------------------------------


def reach(seen: window.Window) -> blocks.Table | None:
    """What else was degraded at the same time, how soon there was an alarm, and what looking cost."""
    rows: list[blocks.Row] = []
    for stretch, facts in newest(seen)[:MOST_STRETCHES]:
        sent = spent_on(stretch, facts, seen)
        start = blocks.Moment(stretch.start.at)
        rows.append(
            (
                str(facts.path),
                start,
                alarm(stretch, facts, seen),
                len(sent),
                blocks.Usd(sent.usd),
                scope(stretch, facts, seen),
            )
        )
    if not rows:
        return None
    unwatched = any(row[2] == UNWATCHED for row in rows)
    return blocks.Table(
        ("degraded", "from", "alarm", "canaries", "paid", "degraded too"),
        tuple(rows),
        caption="The same stretches: how long after the estimated start an alarm was raised, the canaries sent within, "
        "at list price, and what else was degraded meanwhile.",
        note="not watched: made up or imported outcomes; no daemon was there to raise an alarm." if unwatched else "",
    )


UNWATCHED = blocks.Missing("not watched")
"""No daemon sent a canary then: an alarm cannot be missing."""


def alarm(stretch: window.Degraded, facts: window.PathFacts, seen: window.Window) -> blocks.Cell:
    """How long after its estimated start the first alarm came; one before that lies in the start's range."""
    end = stretch.end.high if stretch.end else seen.until
    raised = next((at for at in facts.alarms if stretch.start.low <= at <= end), None)
    if raised is None:
        return blocks.Missing("none") if seen.beat_at and len(spent_on(stretch, facts, seen)) else UNWATCHED
    late_s = (raised - stretch.start.at).total_seconds()
    return f"after {words.span(late_s)}" if late_s > 0 else "at once"


def spent_on(stretch: window.Degraded, facts: window.PathFacts, seen: window.Window) -> Outcomes:
    """The canaries really sent within."""
    sent = outcomes.joined(facts.of(series) for series in window.PAID)
    end = stretch.end.at if stretch.end else seen.until
    return sent.split([min(stretch.start.at, end), end])[0]


def scope(stretch: window.Degraded, facts: window.PathFacts, seen: window.Window) -> blocks.Cell:
    """Other tiers of the channel, then other channels; all of them at this tier: the upstream they share."""
    others = [each for each in seen.paths if each.path != facts.path and (each.occupancy or each.degraded)]
    hit = [each.path for each in others if any(overlap(stretch, other, seen) for other in each.degraded)]
    tiers = [path.tier for path in hit if path.channel == facts.path.channel]
    channels = list(dict.fromkeys(path.channel for path in hit if path.channel != facts.path.channel))
    rivals = {each.path.channel for each in others if each.path.tier == facts.path.tier} - {facts.path.channel}
    here = {path.channel for path in hit if path.tier == facts.path.tier}
    if rivals and rivals <= here:
        return blocks.Word("; ".join([*tiers, "every channel: upstream"]), "bad")
    return "; ".join([*tiers, *channels]) or ("nothing else" if others else blocks.Missing("nothing to compare"))


def overlap(one: window.Degraded, other: window.Degraded, seen: window.Window) -> bool:
    """Were both on at some moment?"""
    ends = [each.end.at if each.end else seen.until for each in (one, other)]
    return max(one.start.at, other.start.at) < min(ends)
