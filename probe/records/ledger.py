"""The ledger: what a budget day has reserved, by the intents committed before money is spent."""

import datetime as dt
import os

import sqlite_utils

from probe import model
from probe.records import columns, errors, process

ROUNDING_USD = 1e-9
"""Sums of prices are compared with the cap to this precision: 100 x 0.05 is not over 5."""


def reserve(
    db: sqlite_utils.Database, canary: model.Canary, at: dt.datetime, cap_usd: float
) -> errors.BudgetExhausted | errors.SlotTaken | None:
    """Write the intent of a canary, if its slot is free and the day's cap allows its list price; else why not.

    A refusal is committed too, with the budget day that `at` began.
    """
    day = budget_day(db, at)
    sql = "SELECT coalesce(sum(reserved_usd), 0.0) FROM intent WHERE budget_day = ?"
    (spent_usd,) = db.conn.execute(sql, [day]).fetchone()
    if canary.slot is not None:
        sql = "SELECT 1 FROM intent WHERE (channel, tier, slot) = (?, ?, ?)"
        if db.conn.execute(sql, [*canary.path, canary.slot]).fetchone():
            return errors.SlotTaken(canary.path, canary.slot)
    # `not <=` rather than `>`: a cap or price of NaN allows nothing.
    if not spent_usd + canary.price_usd <= cap_usd + ROUNDING_USD:
        return errors.BudgetExhausted(spent_usd, cap_usd, canary.price_usd)
    pid, identity = process.own()
    row = {
        "id": canary.id,
        "channel": canary.path.channel,
        "tier": canary.path.tier,
        "trigger": canary.trigger,
        "slot": canary.slot,
        "sent_at": columns.when(at),
        "budget_day": day,
        "reserved_usd": float(canary.price_usd),
        "pid": pid,
        "process": identity,
        "state": "open",
    }
    db.table("intent").insert(columns.row(row))
    return None


def budget_day(db: sqlite_utils.Database, at: dt.datetime) -> str:
    """The UTC day whose budget pays now, never before one already begun: a clock set back reopens no spent day.

    A clock that then stays back for 24 hours is believed: it had been wrong before, and a date far
    ahead must not hold the budget for ever.
    """
    today = at.astimezone(dt.UTC).date().isoformat()
    day, back_at = db.conn.execute("SELECT day, clock_back_at FROM budget").fetchone() or (today, None)
    if today < day:
        since = columns.maybe_instant(back_at)
        if since is None or at < since:
            back_at = columns.when(at)
        elif at - since >= dt.timedelta(days=1):
            day, back_at = today, None
    else:
        day, back_at = today, None
    db.table("budget").insert({"id": 1, "day": day, "clock_back_at": back_at}, replace=True)
    return str(day)


def settle(db: sqlite_utils.Database, outcome: model.Outcome) -> None:
    """Close the intent of an outcome; what never left this machine gives its reserved price back."""
    sql = "UPDATE intent SET state = 'settled', reserved_usd = iif(?, reserved_usd, 0) WHERE id = ?"
    db.conn.execute(sql, [outcome.evidence.sent, columns.storable(outcome.id)])


def abandon(db: sqlite_utils.Database, at: dt.datetime, *, also_own: bool) -> int:
    """Call the open intents of processes that are gone `unknown_outcome`; `also_own`: those of this process too."""
    gone = [
        identity
        for identity, pid, started in db.conn.execute(
            "SELECT id, pid, process FROM intent WHERE state = 'open'"
        ).fetchall()
        if process.identity(pid) != started or (also_own and pid == os.getpid())
    ]
    db.conn.executemany(
        "UPDATE intent SET state = 'unknown_outcome', abandoned_at = ? WHERE id = ?",
        [(columns.when(at), identity) for identity in gone],
    )
    return len(gone)
