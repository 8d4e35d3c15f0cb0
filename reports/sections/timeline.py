"""Each path over time: shares failing by stretch, the kinds of failure, and the degraded stretches with their ranges."""

import datetime as dt
from collections.abc import Sequence

from reports import blocks, sample, window, words

STEPS_MINUTES = (5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 10080, 20160, 40320)
MOST_STEPS = 30  # marks of a strip that leave room for the failures in 80 columns


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    edges = steps(seen.since, seen.until)
    step_s = (edges[1] - edges[0]).total_seconds()
    rows = tuple((str(facts.path), strip(facts, edges), told(facts)) for facts in seen.paths)
    strips = blocks.Table(
        ("path", "oldest to newest", "failures"),
        rows,
        caption=f"A mark is {words.span(step_s)}, the first from {words.moment(edges[0], seen.until)}; "
        f"{blocks.STRIP_LEGEND}.",
    )
    stretches = degraded(seen)
    return (strips, stretches) if stretches else (strips,)


def steps(since: dt.datetime, until: dt.datetime) -> list[dt.datetime]:
    """Edges of round, equal steps (UTC) that cover the period."""
    for minutes in STEPS_MINUTES:
        step = dt.timedelta(minutes=minutes)
        first = since - (since - EPOCH) % step
        count = -(-(until - first) // step)
        if count <= MOST_STEPS:
            break
    return [first + index * step for index in range(count + 1)]


EPOCH = dt.datetime(1970, 1, 5, tzinfo=dt.UTC)  # a Monday, so that weeks begin on one


def strip(facts: window.PathFacts, edges: Sequence[dt.datetime]) -> blocks.Strip:
    sorted_in = window.bucket(facts.sample, edges[0], edges[-1], len(edges) - 1)
    return blocks.Strip(tuple(failing(each) for each in sorted_in))


def failing(shots: Sequence[window.Shot]) -> float | None:
    """Share failing; None where there was nothing."""
    return sum(shot.health is False for shot in shots) / len(shots) if shots else None


def told(facts: window.PathFacts) -> blocks.Cell:
    if not facts.sample:
        return blocks.Missing("no data")
    return sample.told_kinds(sample.kinds(facts.sample), most=2) or f"none of {len(facts.sample)}"


def degraded(seen: window.Window) -> blocks.Table | None:
    """Every degraded stretch, newest first."""
    found = sorted(
        ((stretch, facts) for facts in seen.paths for stretch in facts.degraded),
        key=lambda each: each[0].start,
        reverse=True,
    )
    if not found:
        return None
    rows = tuple(
        (
            str(facts.path),
            blocks.Moment(stretch.start, *(stretch.start_range or ())),
            blocks.Moment(stretch.end, *(stretch.end_range or ())) if stretch.end else blocks.Word("still on", "bad"),
            words.percent(stretch.failing) if stretch.failing is not None else blocks.Missing("-"),
        )
        for stretch, facts in found
    )
    return blocks.Table(("degraded", "from (90 % range)", "until (90 % range)", "failing"), rows, caption="UTC.")
