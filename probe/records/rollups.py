"""Roll-ups: how many outcomes of each sort there were by path and hour, with their latencies as histograms.

Kept in the transaction that changes outcomes or verdicts, so that they always equal the rows. What is
counted is told once, in ROLLED: it adds, takes out, rebuilds and checks.
"""

import math
import sqlite3
import struct
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # readers must not load it
    import sqlite_utils

LEAST_S, GROWTH = 0.05, 1.05
"""Where bucket 0 begins, and how much longer each next one is: latencies are told to 2.5 %, up to 12,000 s."""

LOG_GROWTH = math.log(GROWTH)
LAST_BUCKET = 255

PAIR = struct.Struct("<Bi")
"""A histogram is a BLOB of these: bucket and count, by bucket. It is merged by adding, and undone by counting -1."""

COLUMNS = ("hour", "channel", "tier", "trigger", "kind", "excluded", "billed", "price_usd", "count", "latencies")
KEY = COLUMNS[:8]

KEPT_SINCE = "coalesce((SELECT since FROM kept), '')"
"""Outcomes sent before are counted in the roll-ups for good, whatever becomes of their rows."""

ROLLED = f"""
    SELECT substr(sent_at, 1, 13), channel, tier, trigger, kind, coalesce(excluded, ''), billed, price_usd,
        :sign * count(*), histogram(latency_s, :sign)
    FROM outcome JOIN verdict USING (seq) WHERE {{where}} AND sent_at >= {KEPT_SINCE}
    GROUP BY {", ".join(str(number) for number in range(1, len(KEY) + 1))}
"""  # noqa: S608 - made of constants

ADD = f"""
    INSERT INTO rollup ({", ".join(COLUMNS)}) {ROLLED} ON CONFLICT ({", ".join(KEY)})
    DO UPDATE SET count = count + excluded.count, latencies = merged(latencies, excluded.latencies)
"""


def prepare(connection: sqlite3.Connection) -> None:
    """Give SQL the functions that the statements here use."""
    connection.create_aggregate("histogram", 2, Histogram)  # type: ignore[arg-type] # the stub knows no slots
    connection.create_function("merged", 2, merged, deterministic=True)


class Histogram:
    """SQL aggregate `histogram(latency_s, sign)`; outcomes without a latency are in none."""

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}

    def step(self, latency_s: float | None, sign: int) -> None:
        if latency_s is not None:
            bucket = bucket_of(latency_s)
            self.counts[bucket] = self.counts.get(bucket, 0) + sign

    def finalize(self) -> bytes:
        return packed(self.counts)


def bucket_of(latency_s: float) -> int:
    if latency_s <= LEAST_S:
        return 0
    return min(int(math.log(latency_s / LEAST_S) / LOG_GROWTH), LAST_BUCKET)


def packed(counts: dict[int, int]) -> bytes:
    return b"".join(PAIR.pack(*each) for each in sorted(counts.items()) if each[1])


def merged(one: bytes, other: bytes) -> bytes:
    """SQL function: the sum of two histograms."""
    counts = dict(PAIR.iter_unpack(one))
    for bucket, count in PAIR.iter_unpack(other):
        counts[bucket] = counts.get(bucket, 0) + count
    return packed(counts)


def add(db: "sqlite_utils.Database", seqs: Collection[int]) -> None:
    """Count these outcomes, as their verdicts now stand."""
    _change(db, seqs, 1)


def take_out(db: "sqlite_utils.Database", seqs: Collection[int]) -> None:
    """Count these outcomes no longer; call it while they and their verdicts are still as they were counted."""
    _change(db, seqs, -1)
    db.conn.execute("DELETE FROM rollup WHERE count = 0")


def _change(db: "sqlite_utils.Database", seqs: Collection[int], sign: int) -> None:
    """A closed month that changes is smoothed anew, while its rows are all there."""
    if not seqs:
        return
    if isinstance(seqs, range):  # of arrivals, without a gap
        which = f"seq BETWEEN {seqs[0]} AND {seqs[-1]}"
    else:
        which = f"seq IN ({', '.join(str(int(seq)) for seq in seqs)})"
    db.conn.execute(ADD.format(where=which), {"sign": sign})
    changed = f"SELECT substr(sent_at, 1, 7) FROM outcome WHERE {which} AND trigger <> 'own_traffic'"  # noqa: S608
    db.conn.execute(f"DELETE FROM month WHERE month IN ({changed}) AND month > substr({KEPT_SINCE}, 1, 7)")  # noqa: S608


def rebuild(db: "sqlite_utils.Database") -> None:
    """Count all rows anew; what was counted of rows that are no longer kept stays."""
    db.conn.execute(f"DELETE FROM rollup WHERE hour >= substr({KEPT_SINCE}, 1, 13)")  # noqa: S608 - constants
    db.conn.execute(ADD.format(where="1"), {"sign": 1})


def find_kept(db: "sqlite_utils.Database", now: str) -> None:
    """Say anew since when outcomes are kept: since the end of the last hour that counts more than there are.

    Of hours before `now` (see `columns.when`) that are such in truth: `db` is what was left of a damaged database.
    """
    sql = """
        INSERT INTO kept (id, since)
        SELECT 1, max(strftime('%Y-%m-%dT%H:00:00.000Z', hour || ':00', '+1 hour')) AS since
        FROM (SELECT hour, sum(count) AS counted FROM rollup GROUP BY hour)
        LEFT JOIN (SELECT substr(sent_at, 1, 13) AS hour, count(*) AS there FROM outcome GROUP BY 1) USING (hour)
        WHERE counted > coalesce(there, 0) AND strftime('%Y-%m-%dT%H', hour || ':00') = hour AND hour < substr(?, 1, 13)
        HAVING since NOT NULL
    """
    db.conn.execute(sql, [now])


def differences(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """Roll-ups that the rows do not give, and those that they give and that are missing; seconds for a million rows."""
    prepare(connection)
    rolled = ROLLED.format(where="1")
    stored = f"SELECT {', '.join(COLUMNS)} FROM rollup WHERE hour >= substr({KEPT_SINCE}, 1, 13)"  # noqa: S608
    sql = f"WITH rolled AS MATERIALIZED ({rolled}), stored AS ({stored})"
    found = []
    for one, other in (("stored", "rolled"), ("rolled", "stored")):
        difference = f"{sql} SELECT * FROM {one} EXCEPT SELECT * FROM {other}"  # noqa: S608 - as above
        found += connection.execute(difference, {"sign": 1}).fetchall()
    return found
