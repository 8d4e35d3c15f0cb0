"""What the numbers leave out: excluded outcomes, skipped slots, unknown outcomes, gaps."""

import collections
import datetime as dt

import numpy as np

from probe import model
from reports import blocks, outcomes, window, words

FEW_INTERVALS = 3  # a silence longer than so many usual spacings is a gap
SHORTEST_GAP_S = 3600.0


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    present = [series for series in window.Series if any(len(facts.of(series)) for facts in seen.paths)]
    rows: list[blocks.Row] = []
    for facts in seen.paths:
        taken = outcomes.joined(facts.series.values())
        excluded = int((~taken.included).sum())
        aside = int((taken.included & ~taken.telling).sum())
        counts = (len(facts.of(series)) for series in present)
        rows.append((str(facts.path), *counts, excluded, aside, sum(facts.skips.values()), facts.unknown_outcomes))
    table = blocks.Table(
        ("path", *(str(series) for series in present), "excluded", "aside", "skipped", "lost"),
        tuple(rows),
        caption="Outcomes by why they exist; rates use scheduled (or simulated) ones alone.",
        note="excluded: our own fault. aside: moderation, parameters, account, which say nothing of health. "
        "skipped: slots not sent. lost: sent and counted as paid, but no outcome stored.",
    )
    counted = any(cell for row in rows for cell in row[1:])
    told = table if counted else blocks.Note("Nothing was sent or left out in this period.")
    return (told, *reasons(seen), *gaps(seen), *rolled(seen))


def rolled(seen: window.Window) -> tuple[blocks.Block, ...]:
    """What older parts of the period are told by."""
    if seen.by_hour_until is None:
        return ()
    told = (
        f"Before {words.moment(seen.by_hour_until, seen.until)}: counted by the hour, latencies to 2.5 %, degraded "
        "stretches as they were found when the month was over."
    )
    gone = seen.kept_since
    if gone and gone > (seen.before_since or seen.since):
        told += (
            f" Outcomes before {words.moment(gone, seen.until)} are no longer kept one by one: own requests, "
            "delivered pictures and time limits are not told of that time."
        )
    return (blocks.Note(told),)


def reasons(seen: window.Window) -> tuple[blocks.Block, ...]:
    """Why outcomes were excluded and slots skipped."""
    counts: collections.Counter[str] = collections.Counter()
    for facts in seen.paths:
        counts.update({str(reason): n for reason, n in excluded(facts).items()})
        counts.update({f"skipped: {reason}": n for reason, n in facts.skips.items()})
    if not counts:
        return ()
    return (blocks.Note("Reasons: " + ", ".join(f"{reason} {n}" for reason, n in counts.most_common()) + "."),)


def excluded(facts: window.PathFacts) -> collections.Counter[model.Exclusion]:
    """Outcomes that say nothing about their channel, by reason."""
    counts: collections.Counter[model.Exclusion] = collections.Counter()
    for taken in facts.series.values():
        for code, n in enumerate(np.bincount(taken.exclusions, minlength=len(outcomes.EXCLUSIONS)).tolist()):
            if n and (reason := outcomes.EXCLUSIONS[code]):
                counts[reason] += n
    return counts


def gaps(seen: window.Window) -> tuple[blocks.Block, ...]:
    """Silences of all canaries together: nobody watched then."""
    sent_s = np.sort(np.concatenate([facts.canaries().sent_s for facts in seen.paths] or [np.array([])]))
    if len(sent_s) < FEW_INTERVALS:
        return ()
    limit_s = max(FEW_INTERVALS * float(np.median(np.diff(sent_s))), SHORTEST_GAP_S)
    edges_s = np.concatenate([[seen.since.timestamp()], sent_s, [seen.until.timestamp()]])
    silent_s = np.diff(edges_s)
    count = int((silent_s > limit_s).sum())
    if not count:
        return ()
    longest = int(silent_s.argmax())
    start, end = (dt.datetime.fromtimestamp(float(edges_s[longest + step]), dt.UTC) for step in (0, 1))
    return (
        blocks.Note(
            f"Not watched for {words.span(float(silent_s[silent_s > limit_s].sum()))} in {words.count(count, 'gap')}, "
            f"the longest {words.clock_range(start, end, seen.until)} UTC."
        ),
    )
