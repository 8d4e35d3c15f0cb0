"""What the numbers leave out: excluded outcomes, skipped slots, unknown outcomes, gaps."""

import collections
import itertools

from reports import blocks, window, words

FEW_INTERVALS = 3  # a silence longer than so many usual spacings is a gap
SHORTEST_GAP_S = 3600.0


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    present = [series for series in window.Series if any(facts.of(series) for facts in seen.paths)]
    rows: list[blocks.Row] = []
    for facts in seen.paths:
        excluded = sum(point.excluded is not None for point in facts.points)
        aside = sum(window.health(point) is None for point in facts.points) - excluded
        counts = (len(facts.of(series)) for series in present)
        skipped = sum(facts.skips.values())
        rows.append((str(facts.path), *counts, excluded, aside, skipped, facts.unknown_outcomes))
    table = blocks.Table(
        ("path", *(str(series) for series in present), "excluded", "aside", "skipped", "lost"),
        tuple(rows),
        caption="Outcomes by why they exist; rates use scheduled (or simulated) ones alone.",
        note="excluded: our own fault. aside: moderation, parameters, account, which say nothing of health. "
        "skipped: slots not sent. lost: sent and counted as paid, but no outcome stored.",
    )
    return (table, *reasons(seen), *gaps(seen))


def reasons(seen: window.Window) -> tuple[blocks.Block, ...]:
    """Why outcomes were excluded and slots skipped."""
    counts: collections.Counter[str] = collections.Counter()
    for facts in seen.paths:
        counts.update(str(point.excluded) for point in facts.points if point.excluded)
        counts.update({f"skipped: {reason}": count for reason, count in facts.skips.items()})
    if not counts:
        return ()
    return (blocks.Note("Reasons: " + ", ".join(f"{reason} {count}" for reason, count in counts.most_common()) + "."),)


def gaps(seen: window.Window) -> tuple[blocks.Block, ...]:
    """Silences of all canaries together: nobody watched then."""
    sent = sorted(point.sent_at for facts in seen.paths for point in facts.of(*window.CANARIES))
    if len(sent) < FEW_INTERVALS:
        return ()
    steps = sorted(itertools.pairwise(sent), key=lambda pair: pair[1] - pair[0])
    usual_s = (steps[len(steps) // 2][1] - steps[len(steps) // 2][0]).total_seconds()
    limit_s = max(FEW_INTERVALS * usual_s, SHORTEST_GAP_S)
    edges = [(seen.since, sent[0]), *steps, (sent[-1], seen.until)]
    long = [(start, end) for start, end in edges if (end - start).total_seconds() > limit_s]
    if not long:
        return ()
    total_s = sum((end - start).total_seconds() for start, end in long)
    start, end = max(long, key=lambda pair: pair[1] - pair[0])
    return (
        blocks.Note(
            f"Not watched for {words.span(total_s)} in {words.count(len(long), 'gap')}, the longest "
            f"{words.clock_range(start, end, seen.until)} UTC."
        ),
    )
