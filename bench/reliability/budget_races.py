"""R7: several processes, kills and clocks that go back, on one day's budget: never a cent over."""

import contextlib
import datetime as dt
import os
import random
import signal
import sqlite3
import sys
import time

import installation

sys.path.insert(0, str(installation.ROOT / "tests"))
import record_samples

from probe import records

CAP_USD, PRICES_USD = 1.00, (0.03, 0.05, 0.07, 0.2)
PROCESSES, TRIES = 6, 12
NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


def measure(case):
    rounds = case.times(100, 2000)
    over, killed, lost = 0.0, 0, 0
    for turn in range(rounds):
        path = case.path(f"round-{turn}") / "tierwatch.db"
        records.open(path).close()
        draw = random.Random(f"{case.seed} {turn}")
        children = [spend(path, f"{case.seed} {turn} {number}", number) for number in range(PROCESSES)]
        if draw.random() < 0.5:
            time.sleep(draw.uniform(0.0, 0.15))
            os.kill(draw.choice(children), signal.SIGKILL)
            killed += 1
        for child in children:
            os.waitpid(child, 0)
        with contextlib.closing(sqlite3.connect(path)) as db:
            days = db.execute("SELECT budget_day, sum(reserved_usd), count(*) FROM intent GROUP BY 1").fetchall()
            lost += sum(days == [] or (spent > 0 and count == 0) for _, spent, count in days or [("", 0, 1)])
        # Clocks here go back at most to yesterday, which was never opened: one day pays for all.
        over = max(
            over, *(100 * (spent - CAP_USD) for _, spent, _ in days), 100 * (sum(day[1] for day in days) - CAP_USD)
        )
    n = f"{rounds} rounds, {PROCESSES} processes, {killed} kills"
    yield case.row("worst overspending of a day, cents", round(max(over, 0.0), 6), n, at_most=0)
    yield case.row("rounds in which nothing was reserved", lost, n, at_most=0)


def spend(path, seed, number):
    """A process that reserves until it is refused; every second one has a clock that jumps back by a day."""
    child = os.fork()
    if child:
        return child
    draw = random.Random(seed)
    try:
        with records.open(path) as book:
            for turn in range(TRIES):
                back = dt.timedelta(days=1) if number % 2 and turn > 2 and draw.random() < 0.5 else dt.timedelta()
                canary = record_samples.canary(f"{seed}-{turn}", price_usd=draw.choice(PRICES_USD))
                with contextlib.suppress(records.BudgetExhausted, records.UnavailableError):
                    book.reserve(canary, NOON - back, CAP_USD)
    finally:
        os._exit(0)
