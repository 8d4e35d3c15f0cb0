"""What was billed and not usable, one request a line, as CSV for a claim: safe to open in a spreadsheet."""

import csv
import datetime as dt
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from probe import escape, model

if TYPE_CHECKING:
    from probe.config import schema

COLUMNS = (
    "id",
    "request_ids",
    "sent_at_utc",
    "channel",
    "tier",
    "list_price_usd",
    "charged_usd",
    "billed",
    "why_unusable",
)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def render(judged: Iterable[model.Judged], config: "schema.Config") -> str:
    """Every real request that was surely or perhaps billed and gave no usable picture, oldest first."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in judged:
        why = unusable(one, config)
        if why and one.outcome.trigger is not model.Trigger.SIMULATED and not one.outcome.excluded:
            writer.writerow(map(safe, row(one, why)))
    return buffer.getvalue()


def unusable(judged: model.Judged, config: "schema.Config") -> str:
    """Why a billed answer is not usable; "" where it is usable or certainly free."""
    if judged.verdict.billed == "no":
        return ""
    if not judged.ok:
        return f"{judged.verdict.kind} {judged.verdict.detail}".strip()
    path = judged.outcome.path
    limit_s = config.usable_within_s(path) if path in config.paths() else None
    late = limit_s is not None and (judged.outcome.latency_s or 0.0) > limit_s
    return f"late: {judged.outcome.latency_s:.0f} s" if late else ""


def row(judged: model.Judged, why: str) -> tuple[str, ...]:
    outcome = judged.outcome
    return (
        outcome.id,
        " ".join(value for _, value in judged.verdict.request_ids.all()),
        outcome.sent_at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S"),
        *outcome.path,
        f"{outcome.price_usd:.6f}",
        "" if outcome.charged_usd is None else f"{outcome.charged_usd:.6f}",
        judged.verdict.billed,
        why,
    )


def safe(text: str) -> str:
    """Visible, and no formula: a spreadsheet runs what begins with one of `FORMULA_STARTS`."""
    shown = escape.visible(text)
    return f"'{shown}" if text.startswith(FORMULA_STARTS) else shown
