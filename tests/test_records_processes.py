"""Several processes at once, and processes that are killed: the races and crashes a year will bring."""

import contextlib
import random
import sqlite3
import subprocess
import sys
import time

import pytest
import record_samples as samples

from probe import records
from probe.records import history

RACE = """
import pathlib, sys, time
import record_samples as samples
from probe import records
path, name = pathlib.Path(sys.argv[1]), sys.argv[2]
path.with_name(name + ".ready").touch()
while not path.with_name("go").exists():
    time.sleep(0.001)
with records.open(path) as book:
    for n in range(1000):
        try:
            book.reserve(samples.canary(f"{name}-{n}"), samples.AT, 5.0)
        except records.BudgetExhausted:
            break
        book.store(samples.outcome(f"{name}-{n}"), samples.verdict())
print(n)
"""

WORK = """
import os, pathlib, sys
import record_samples as samples
from probe import records
path = pathlib.Path(sys.argv[1])
upstream = os.open(path.with_name("upstream"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
book = records.open(path)
for n in range(100_000):
    name = f"{os.getpid()}-{n}"
    book.reserve(samples.canary(name), samples.AT, 1e9)
    os.write(upstream, f"{name}\\n".encode())
    book.store(samples.outcome(name), samples.verdict())
    os.write(1, f"{name}\\n".encode())
"""


def start(script, *args):
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, args)],
        env=samples.ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    )


def integrity(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall(), connection.execute(
            "PRAGMA foreign_key_check"
        ).fetchall()


@pytest.mark.parametrize("count", [2, 10])
def test_processes_that_start_at_once_make_one_database_and_spend_exactly_the_cap(tmp_path, count):
    path = tmp_path / "t.db"
    racing = [start(RACE, path, f"p{n}") for n in range(count)]
    while len(list(tmp_path.glob("*.ready"))) < count and all(each.poll() is None for each in racing):
        time.sleep(0.01)
    (tmp_path / "go").touch()
    sent = [int(each.communicate()[0]) for each in racing]
    assert sum(sent) == 100
    with history.open(path) as past:
        assert past.spent_usd(samples.AT.date()) == pytest.approx(5.0)
        assert past.size() == 100
    assert integrity(path) == ([("ok",)], [])


def test_a_killed_process_loses_nothing_acknowledged_and_sends_nothing_without_an_intent(tmp_path):
    path, seed = tmp_path / "t.db", 20260813
    moments = random.Random(seed)
    acknowledged = []
    for _ in range(4):
        working = start(WORK, path)
        acknowledged += [working.stdout.readline().strip() for _ in range(moments.randrange(1, 30))]
        with contextlib.suppress(subprocess.TimeoutExpired):
            working.wait(moments.random() * 0.02)
        working.kill()
        acknowledged += working.communicate()[0].split()
    sent = (tmp_path / "upstream").read_text().split()
    with records.open(path) as book:
        book.abandon(samples.AT)
    with history.open(path) as past:
        kept = {each.outcome.id for each in past.outcomes()}
        unknown = {each.id: each.state for each in past.open_intents()}
        reserved_usd = past.spent_usd(samples.AT.date())
    assert set(acknowledged) - kept == set()
    assert set(sent) - kept - unknown.keys() == set()
    assert len(set(sent)) == len(sent)
    assert set(unknown.values()) <= {"unknown_outcome"}
    assert len(unknown) <= 4
    assert reserved_usd == pytest.approx(0.05 * (len(kept) + len(unknown)))
    assert integrity(path) == ([("ok",)], [])
