"""Failures by kind, with the party that must act; the caller's own faults apart."""

import collections

from probe import model
from reports import blocks, window, words


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    channels = seen.channels
    counts: collections.Counter[tuple[model.Kind, str]] = collections.Counter(
        (shot.kind, facts.path.channel)
        for facts in seen.paths
        for shot in facts.shots
        if shot.series is facts.rate_series and not shot.excluded and shot.kind is not model.Kind.OK
    )
    present = [kind for kind in model.Kind if any(counts[kind, channel] for channel in channels)]
    present.sort(key=lambda kind: -sum(counts[kind, channel] for channel in channels))
    if not present:
        return (blocks.Note("No failures in this period."),)
    rows = tuple((str(kind), *(counts[kind, channel] for channel in channels)) for kind in present)
    total = sum(facts.rate_series is not None and len(facts.of(facts.rate_series)) for facts in seen.paths)
    return (
        blocks.Table(
            ("kind", *channels),
            rows,
            note=f"Of {words.count(total, 'canary')} of the rates above. `tierwatch explain KIND` says what a kind means.",
        ),
    )
