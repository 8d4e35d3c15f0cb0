"""What stands for outcomes that are no longer kept (roll-ups, closed months), as rows and as lines of an export."""

import datetime as dt
import json
import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from probe import model
from probe.inference import change, months, segments
from probe.records import columns, rollups

HOUR = re.compile(r"\d{4}-(0[1-9]|1[0-2])-([0-2]\d|3[01])T([01]\d|2[0-3])")
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")

MOST_COUNTED = 10_000_000
"""Outcomes that one roll-up may stand for: a report gives each its place."""

BILLED = ("yes", "no", "unknown")
MONTH_COLUMNS = (
    "month", "channel", "tier", "failing", "failing_low", "failing_high", "degraded", "calm_failed", "calm_n", "segments",
)  # fmt: skip


class Summary(NamedTuple):
    """A row of the table `kept`, `rollup` or `month`."""

    table: str
    row: Mapping[str, Any]


def document(summary: Summary) -> dict[str, Any]:
    """As JSON; `read` reads it back."""
    row = dict(summary.row)
    if summary.table == "rollup":
        row["latencies"] = {str(bucket): n for bucket, n in rollups.PAIR.iter_unpack(row["latencies"])}
    elif summary.table == "month":
        row["segments"] = json.loads(row["segments"])
    return {"summary": summary.table, **row}


def read(told: Mapping[str, Any]) -> Summary:
    """Read a `document`; raises ValueError, KeyError or TypeError that says what is wrong."""
    table = told["summary"]
    if table not in READERS:
        raise ValueError(f"{table!r} is no summary")
    return Summary(table, READERS[table](told))


def read_kept(told: Mapping[str, Any]) -> dict[str, Any]:
    """Never of a time to come, nor within an hour: nothing would be counted until then, or an hour in part."""
    since = columns.instant(told["since"])
    if since > dt.datetime.now(dt.UTC) or since.replace(minute=0, second=0, microsecond=0) != since:
        raise ValueError(f"{told['since']} is no time since which outcomes are kept")
    return {"since": columns.when(since)}


def read_rollup(told: Mapping[str, Any]) -> dict[str, Any]:
    row = {name: told[name] for name in rollups.COLUMNS}
    histogram = {int(bucket): whole(n, 1, MOST_COUNTED) for bucket, n in told["latencies"].items()}
    count = whole(told["count"], 1, MOST_COUNTED)
    sound = (
        HOUR.fullmatch(told["hour"])
        and told["kind"] in columns.KINDS
        and told["trigger"] in columns.TRIGGERS
        and told["excluded"] in {"", *model.Exclusion}
        and told["billed"] in BILLED
        and sum(histogram.values()) <= count
        and all(0 <= bucket <= rollups.LAST_BUCKET for bucket in histogram)
    )
    if not sound:
        raise ValueError("is no roll-up")
    return {**row, **names(told), "price_usd": number(told["price_usd"]), "latencies": rollups.packed(histogram)}


def read_month(told: Mapping[str, Any]) -> dict[str, Any]:
    row = {**{name: number(told[name]) for name in MONTH_COLUMNS[3:-1]}, **names(told), "month": told["month"]}
    if not MONTH.fullmatch(row["month"]):
        raise ValueError("is no month")
    row["segments"] = columns.compact(told["segments"])
    month(tuple(row[name] for name in MONTH_COLUMNS if name not in model.Path._fields))
    return row


READERS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = MappingProxyType(
    {"kept": read_kept, "rollup": read_rollup, "month": read_month}
)


def month(found: tuple[Any, ...]) -> months.Piece:
    begin, failing, low, high, degraded, calm_failed, calm_n, segments_json = found
    since = dt.datetime.fromisoformat(f"{begin}-01T00:00:00+00:00")
    stretches = tuple(
        segments.Segment(_moment(start), _moment(end) if end else None, share, p_degraded)
        for start, end, share, p_degraded in json.loads(segments_json)
    )
    calm = months.Calm(calm_failed, calm_n)
    return months.Piece(since, months.after(since), failing, low, high, degraded, calm, stretches)


def month_row(piece: months.Piece) -> dict[str, Any]:
    """A closed month as columns, without its path."""
    return {
        "month": columns.when(piece.since)[:7],
        "failing": piece.failing,
        "failing_low": piece.failing_low,
        "failing_high": piece.failing_high,
        "degraded": piece.degraded,
        "calm_failed": piece.calm.failed,
        "calm_n": piece.calm.n,
        "segments": columns.compact(
            [
                (_told(each.start), _told(each.end) if each.end else None, each.failing, each.p_degraded)
                for each in piece.segments
            ]
        ),
    }


def _told(moment: change.Moment) -> list[str]:
    return [columns.when(each) for each in moment]


def _moment(told: list[str]) -> change.Moment:
    found = change.Moment(*map(columns.instant, told))
    if any(each.tzinfo is None for each in found):
        raise ValueError(f"{told} are no times with their zone")
    return found


def names(told: Mapping[str, Any]) -> dict[str, str]:
    found = {field: told[field] for field in model.Path._fields}
    if not all(isinstance(name, str) for name in found.values()):
        raise ValueError("channel and tier are texts")
    return columns.row(found)


def number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise ValueError(f"{value!r} is no number")
    return float(value)


def whole(value: Any, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{value!r} is no count")
    return value
