"""Failures by kind and channel, and over time; the caller's and the account's own faults apart."""

import collections
import math
from collections.abc import Sequence

from probe import model
from probe.inference import walls
from reports import blocks, figures, outcomes, window
from reports.outcomes import Outcomes
from reports.sections import timeline

MOST_KINDS = 7  # in a picture; the rest are one
MOST_BARS = 28
OWN_FAULTS = model.CONTENT_KINDS | model.ACCOUNT_KINDS

Attempts = dict[str, Outcomes]
"""By channel: every outcome of one series but those that are our own fault (`excluded`)."""


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    found: list[blocks.Block] = []
    for series in seen.series:
        attempts = by_channel(seen, series)
        counts = sum((taken.failures() for taken in attempts.values()), collections.Counter[model.Kind]())
        kinds = [kind for kind, _ in counts.most_common()]
        if kinds:
            found += [table(attempts, kinds, series), *time_walls(seen, series), picture(seen, attempts, kinds, series)]
    return tuple(found) or (blocks.Note("No failures in this period." if seen.series else "No data: no kinds."),)


def by_channel(seen: window.Window, series: window.Series) -> Attempts:
    found = {}
    for channel in seen.channels:
        taken = outcomes.joined(facts.of(series) for facts in seen.paths if facts.path.channel == channel)
        found[channel] = taken.where(taken.included)
    return found


def table(attempts: Attempts, kinds: Sequence[model.Kind], series: window.Series) -> blocks.Table:
    counts = [taken.failures() for taken in attempts.values()]
    rows: list[blocks.Row] = [(str(kind), *(each[kind] for each in counts)) for kind in kinds]
    rows.append(("all attempts", *(len(taken) for taken in attempts.values())))
    return blocks.Table(
        ("kind", *attempts),
        tuple(rows),
        caption=f"{series} canaries.",
        note="`tierwatch explain KIND` says what a kind means, who must act, and what to do.",
    )


def time_walls(seen: window.Window, series: window.Series) -> tuple[blocks.Note, ...]:
    """Where failures of a path end at one elapsed time that is not our own deadline: a limit on the way."""
    found = []
    for facts in seen.paths:
        taken = facts.sample(series)
        own_limits_s = [] if facts.now.deadline_s is None else [facts.now.deadline_s]
        cut_off = taken.failed & (taken.kinds != outcomes.KIND_CODES[model.Kind.DEGRADED_IMAGE])
        times_s = (taken.latency_s[chosen].tolist() for chosen in (cut_off, taken.ok))
        failures_s, successes_s = ([each for each in of_kind if not math.isnan(each)] for of_kind in times_s)
        found += [
            blocks.Note(f"{facts.path}: {wall.sentence()}.")
            for wall in walls.find_walls(failures_s, successes_s, own_limits_s)
        ]
    return tuple(found)


def picture(seen: window.Window, attempts: Attempts, kinds: Sequence[model.Kind], series: window.Series) -> blocks.Plot:
    edges = timeline.steps(seen.since, seen.until, MOST_BARS)
    shown, rest = list(kinds[:MOST_KINDS]), kinds[MOST_KINDS:]
    panels = []
    for channel, taken in attempts.items():
        split = taken.split(edges)
        counts = tuple(
            (*(found[kind] for kind in shown), *([sum(found[kind] for kind in rest)] if rest else []))
            for found in (each.failures() for each in split)
        )
        panels.append(figures.KindsPanel(channel, tuple(len(each) for each in split), counts))
    names = (*map(str, shown), *(["other kinds"] if rest else []))
    return blocks.Plot(
        f"kinds-{series}",
        "Is it me, the channel or upstream: which kind of failure, when?",
        figures.Kinds(tuple(edges), names, frozenset(map(str, OWN_FAULTS)), tuple(panels), str(series)),
        f"{'; '.join(alt(each, names) for each in panels)}.",
    )


def alt(found: figures.KindsPanel, names: Sequence[str]) -> str:
    """`vip overloaded 14, timeout 6 of 1,006`."""
    total = sum(found.attempts)
    if not total:
        return f"{found.name} no data"
    counts = [sum(of_kind) for of_kind in zip(*found.counts, strict=True)]
    told = ", ".join(f"{name} {count:,}" for name, count in zip(names, counts, strict=True) if count)
    return f"{found.name} {told} of {total:,}" if told else f"{found.name} no failure in {total:,}"
