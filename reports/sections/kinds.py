"""Failures by kind and channel, and over time; the caller's and the account's own faults apart."""

import collections
from collections.abc import Sequence

from probe import model
from probe.records.rows import Point
from reports import blocks, figures, window, words
from reports.sections import timeline

MOST_KINDS = 7  # in a picture; the rest are one
MOST_BARS = 28
OWN_FAULTS = model.CONTENT_KINDS | model.ACCOUNT_KINDS


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    found: list[blocks.Block] = []
    for series in seen.series:
        points = by_channel(seen, series)
        kinds = ranked(points)
        if kinds:
            found += [table(points, kinds, series), picture(seen, points, kinds, series)]
    return tuple(found) or (blocks.Note(NOTHING if seen.series else "No data: no kinds."),)


NOTHING = "No failures in this period."
Attempts = dict[str, list[Point]]


def by_channel(seen: window.Window, series: window.Series) -> Attempts:
    """Attempts of one series by channel; our own faults (`excluded`) are no attempts."""
    found: Attempts = {channel: [] for channel in seen.channels}
    for facts in seen.paths:
        found[facts.path.channel] += [point for point in facts.of(series) if not point.excluded]
    return found


def ranked(attempts: Attempts) -> list[model.Kind]:
    """Kinds of failure that came, most frequent first."""
    counts = collections.Counter(
        point.kind for taken in attempts.values() for point in taken if point.kind is not model.Kind.OK
    )
    return [kind for kind, _ in counts.most_common()]


def table(attempts: Attempts, kinds: Sequence[model.Kind], series: window.Series) -> blocks.Table:
    rows: list[blocks.Row] = [
        (str(kind), *(sum(point.kind is kind for point in taken) for taken in attempts.values())) for kind in kinds
    ]
    rows.append(("all attempts", *(len(taken) for taken in attempts.values())))
    return blocks.Table(
        ("kind", *attempts),
        tuple(rows),
        caption=f"{series} canaries.",
        note="`tierwatch explain KIND` says what a kind means, who must act, and what to do.",
    )


def picture(seen: window.Window, attempts: Attempts, kinds: Sequence[model.Kind], series: window.Series) -> blocks.Plot:
    edges = timeline.steps(seen.since, seen.until, MOST_BARS)
    shown, rest = list(kinds[:MOST_KINDS]), set(kinds[MOST_KINDS:])
    panels = []
    for channel, taken in attempts.items():
        sorted_in = window.bucket(taken, edges[0], edges[-1], len(edges) - 1)
        counts = tuple(
            (
                *(sum(point.kind is kind for point in each) for kind in shown),
                *([sum(point.kind in rest for point in each)] if rest else []),
            )
            for each in sorted_in
        )
        panels.append(figures.KindsPanel(channel, tuple(len(each) for each in sorted_in), counts))
    names = (*map(str, shown), *(["other kinds"] if rest else []))
    return blocks.Plot(
        f"kinds-{series}",
        "Is it me, the channel or upstream: which kind of failure, when?",
        figures.Kinds(tuple(edges), names, frozenset(map(str, OWN_FAULTS)), tuple(panels), str(series)),
        f"Shares of {words.listed(names)} over time, by channel.",
    )
