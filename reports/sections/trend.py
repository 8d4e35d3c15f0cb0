"""Early against recent: each path before and after, in words by posterior probability, and time degraded by week or month."""

import datetime as dt
from collections.abc import Sequence

from probe.inference import statistics
from reports import blocks, sample, window, words
from reports.outcomes import Outcomes

WEEKS_UP_TO = dt.timedelta(days=45)
MONTHS_FROM = dt.timedelta(days=300)  # from here on a day and month alone could be of two years
MOST_PARTS = 5  # columns that fit


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    tables = tuple(changes(seen, series) for series in seen.series)
    return (*tables, *moved(seen)) or (blocks.Note("No data: nothing to compare."),)


# --- before and after -------------------------------------------------------------------------------------------------


def changes(seen: window.Window, series: window.Series) -> blocks.Table:
    """Rates of one series before and after: the period asked for, or its first half against its second."""
    rows: list[blocks.Row] = []
    middle = seen.since + (seen.until - seen.since) / 2
    for facts in seen.paths:
        if seen.before_since is None:
            before, after = facts.sample(series).split([seen.since, middle, seen.until])
        else:
            before, after = facts.sample_before(series), facts.sample(series)
        rows.append((str(facts.path), change(before, after), sample.rate(after), sample.rate(before)))
    start = seen.since if seen.before_since is None else seen.before_since
    border = middle if seen.before_since is None else seen.since
    return blocks.Table(
        ("path", "in words", "after", "before"),
        tuple(rows),
        caption=f"Share ok of {series} canaries, {words.clock_range(start, border, seen.until)} against "
        f"{words.clock_range(border, seen.until, seen.until)} UTC.",
    )


def change(before: Outcomes, after: Outcomes) -> blocks.Cell:
    """Better or worse by the posterior probability that the one rate is higher than the other."""
    earlier, later = (int(before.ok.sum()), len(before)), (int(after.ok.sum()), len(after))
    found = statistics.compare(*later, *earlier)
    if found == "too few samples":
        return blocks.Missing("too few")
    if found == "no clear difference":
        worse = statistics.compare(*earlier, *later)
        if worse != found:
            return blocks.Word(worse.replace("better", "worse"), "bad" if worse == "better" else "warn")
    return found


# --- over weeks or months ---------------------------------------------------------------------------------------------


def moved(seen: window.Window) -> tuple[blocks.Block, ...]:
    """Share of time degraded by week or month, and when each path first degraded: did 4K go first, and 2K after it?"""
    edges = parts(seen.since, seen.until)
    watched = [facts for facts in seen.paths if facts.occupancy]
    if not watched or not any(facts.degraded for facts in watched):
        return ()
    named = "%Y-%m" if seen.until - seen.since >= MONTHS_FROM else "%b %d"
    labels = [edge.strftime(named) for edge in edges[:-1]]
    rows = tuple((str(facts.path), *shares(facts, edges), first(facts)) for facts in watched)
    return (
        blocks.Table(
            ("path", *labels, "first degraded"),
            rows,
            caption="Share of time degraded, from each date on (UTC); first in this period.",
        ),
    )


def parts(since: dt.datetime, until: dt.datetime) -> list[dt.datetime]:
    """The period's ends, and between them Mondays or firsts of a month, so few that they fit."""
    weekly = until - since <= WEEKS_UP_TO
    start = since.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    borders = []
    for day in range((until - start).days + 1):
        at = start + dt.timedelta(days=day)
        if (at.weekday() == 0 if weekly else at.day == 1) and since < at < until:
            borders.append(at)
    every = -(-len(borders) // (MOST_PARTS - 1)) or 1
    borders = borders[::-every][::-1]
    if len(borders) > 1 and borders[0] - since < (borders[1] - borders[0]) / 2:
        del borders[0]  # a first part much shorter than the others would be compared with them
    return [since, *borders, until]


def shares(facts: window.PathFacts, edges: Sequence[dt.datetime]) -> list[blocks.Cell]:
    """Share of time degraded between the edges; no data where no canary was sent."""
    cells: list[blocks.Cell] = []
    for start, end, sent in zip(edges, edges[1:], facts.canaries().split(edges), strict=False):
        if not len(sent):
            cells.append(blocks.Missing("no data"))
            continue
        bad_s = sum(
            max(0.0, (min(one.end.at if one.end else end, end) - max(one.start.at, start)).total_seconds())
            for one in facts.degraded
            if one.is_sure
        )
        cells.append(blocks.Share(bad_s / (end - start).total_seconds()))
    return cells


def first(facts: window.PathFacts) -> blocks.Cell:
    begun = next((one.start.at for one in facts.degraded if one.is_sure), None)
    return blocks.Moment(begun) if begun else "never"
