"""What the numbers leave out: excluded outcomes, skipped slots, unknown outcomes, gaps."""

import collections

from reports import blocks, window


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    rows = []
    for facts in seen.paths:
        excluded = collections.Counter(str(shot.excluded) for shot in facts.shots if shot.excluded)
        aside = sum(shot.health is None and not shot.excluded for shot in facts.shots)
        rows.append(
            (
                str(facts.path),
                *(len(facts.of(series)) for series in window.Series),
                excluded.total(),
                aside,
                sum(facts.skips.values()),
                facts.unknown_outcomes,
            )
        )
    return (
        blocks.Table(
            ("path", *(str(series) for series in window.Series), "excluded", "set aside", "skipped", "unheard of"),
            tuple(rows),
            note="excluded: our own fault. set aside: moderation, parameters, account. skipped: slots not sent. "
            "unheard of: sent, counted as paid, no outcome stored.",
        ),
    )
