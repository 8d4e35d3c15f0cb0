"""The sections of a report in reading order: each a question and a pure function from the window to blocks."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from reports import blocks, window
from reports.sections import (
    cost,
    delivered,
    kinds,
    latency,
    matrix,
    now,
    own,
    quality,
    retries,
    scorecard,
    strictness,
    timeline,
    trend,
)


class Row(NamedTuple):
    """One section: `key` names it in JSON and in links, `question` is its title ("" for the first screen)."""

    key: str
    question: str
    read: Callable[[window.Window], tuple[blocks.Block, ...]]


SECTIONS: tuple[Row, ...] = (
    Row("now", "", now.read),
    Row("matrix", "Which channel works at which tier?", matrix.read),
    Row("timeline", "When did a path degrade, and is it over?", timeline.read),
    Row("trend", "Is it getting better or worse?", trend.read),
    Row("latency", "Slower, or only jittery?", latency.read),
    Row("cost", "What does a usable picture cost?", cost.read),
    Row("retries", "Retry, or switch; and is the fall-back independent?", retries.read),
    Row("delivered", "What did you pay for, and what came?", delivered.read),
    Row("strictness", "How strict is each channel's moderation?", strictness.read),
    Row("kinds", "Which failures, and who must act?", kinds.read),
    Row("own", "What do your own requests say?", own.read),
    Row("quality", "What is not in these numbers?", quality.read),
)


DIGEST = tuple(row for row in SECTIONS if row.key in {"now", "matrix", "trend"})
"""One page: what to know of a week."""

SUPPLIER = (
    Row("scorecard", "", scorecard.read),
    *(row for row in SECTIONS if row.key in {"timeline", "trend", "latency", "kinds", "quality"}),
)
"""One channel against its targets."""


def build(
    seen: window.Window,
    rows: Sequence[Row] = SECTIONS,
    title: str = "tierwatch report",
    keys: Collection[str] = (),
) -> blocks.Report:
    """The report of a window: all of `rows`, or those named in `keys`, but for those that have nothing to say."""
    chosen = [row for row in rows if not keys or row.key in keys]
    read = (blocks.Section(row.key, row.question, row.read(seen)) for row in chosen)
    return blocks.Report(title, seen.since, seen.until, seen.now, tuple(section for section in read if section.blocks))
