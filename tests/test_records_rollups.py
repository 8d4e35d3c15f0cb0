"""Roll-ups equal the rows, whatever was written, judged again, replaced, taken back, imported or interrupted."""

import contextlib
import datetime as dt
import random
import sqlite3
import subprocess
import sys

import pytest
import record_samples as samples

from probe import model, records, taxonomy
from probe.records import cells, history, own, rescue, rollups

KINDS = (model.Kind.OK, model.Kind.OK, model.Kind.PROCESSING_ERROR, model.Kind.TIMEOUT)


def various(count, seed=1, prefix="id"):
    """Outcomes of some hours, paths, triggers, kinds and prices."""
    chance = random.Random(seed)
    for number in range(count):
        kind = chance.choice(KINDS)
        yield samples.judged(
            f"{prefix}-{number}",
            kind=kind,
            at=samples.minutes(chance.randrange(600)),
            path=model.Path("vip", chance.choice(["4k-high", "1k-low"])),
            trigger=chance.choice([model.Trigger.SCHEDULED, model.Trigger.BURST]),
            latency_s=chance.lognormvariate(4, 0.4) if kind is model.Kind.OK else None,
            price_usd=chance.choice([0.03, 0.05]),
            excluded=chance.choice([None, None, model.Exclusion.LOCAL_NETWORK]),
        )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "t.db"


def differences(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return rollups.differences(connection)


def total(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT coalesce(sum(count), 0) FROM rollup").fetchone()[0]


def test_what_is_stored_one_by_one_and_in_batches_is_counted_once(path):
    with records.open(path) as book:
        book.store_all(various(700))
        for judged in various(720):  # the first 700 are there already
            book.store(judged.outcome, judged.verdict)
    assert differences(path) == []
    assert total(path) == 720


def test_a_changed_row_without_its_count_is_found(path):
    with records.open(path) as book:
        book.store_all(various(10))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE verdict SET kind = 'network' WHERE seq = 1")
        connection.commit()
    assert len(differences(path)) >= 1


def test_judging_again_and_taking_it_back_move_the_counts(path):
    with records.open(path) as book:
        book.store_all(various(50))
        book.rejudge(taxonomy.judge, "new")
        assert differences(path) == []
        with history.open(path) as past:
            assert samples.kinds(past) == {"processing_error": 50}
        book.undo_rejudge()
    assert differences(path) == []
    assert total(path) == 50


def test_an_own_request_told_nearer_to_the_program_is_counted_once(path):
    def told(identity, source):
        judged = samples.judged(identity, gateway=["req-1"], trigger=model.Trigger.OWN_TRAFFIC, source=source)
        return [own.Request(cells.row(judged))]

    with records.open(path) as book:
        book.take_in(told("log-1", "apiyi"), samples.AT)
        book.take_in(told("recorder-1", "recorder"), samples.AT)
    assert differences(path) == []
    assert total(path) == 1


def test_histograms_add_up_and_tell_latencies_to_three_percent():
    latencies_s = [0.01, 0.4, 41.5, 42.0, 41.5, 999.0]
    halves = []
    for part in (latencies_s[:3], latencies_s[3:]):
        histogram = rollups.Histogram()
        for latency_s in part:
            histogram.step(latency_s, 1)
        histogram.step(None, 1)
        halves.append(histogram.finalize())
    whole = dict(rollups.PAIR.iter_unpack(rollups.merged(*halves)))
    assert sum(whole.values()) == 6
    for latency_s in latencies_s[1:]:
        middle_s = rollups.LEAST_S * rollups.GROWTH ** (rollups.bucket_of(latency_s) + 0.5)
        assert middle_s == pytest.approx(latency_s, rel=0.026)
    assert rollups.bucket_of(0.01) == 0
    assert rollups.bucket_of(1e9) == rollups.LAST_BUCKET


def test_a_recovered_database_is_counted_by_what_was_saved(path, tmp_path):
    with records.open(path) as book:
        book.store_all(various(60))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM rollup")
        connection.commit()
    rescue.recover(path, tmp_path / "saved.db")
    assert differences(tmp_path / "saved.db") == []
    assert total(tmp_path / "saved.db") == 60


STORING = """
import pathlib, sys
import test_records_rollups as rolled
from probe import records, taxonomy
book = records.open(pathlib.Path(sys.argv[1]))
print("open", flush=True)
for turn in range(100_000):
    book.store_all(rolled.various(40, turn, sys.argv[2] + str(turn)))
    book.rejudge(taxonomy.judge, "again")
    book.undo_rejudge()
"""


def test_a_process_killed_while_it_stores_and_judges_again_leaves_roll_ups_that_equal_the_rows(path):
    moments = random.Random(20261124)
    for turn in range(5):
        working = subprocess.Popen(
            [sys.executable, "-c", STORING, str(path), f"p{turn}-"],
            env=samples.ENVIRONMENT,
            stdout=subprocess.PIPE,
            text=True,
        )
        working.stdout.readline()
        with contextlib.suppress(subprocess.TimeoutExpired):
            working.wait(0.02 + moments.random() * 0.15)
        working.kill()
        working.communicate()
        assert differences(path) == []
    assert total(path) > 0


def test_hours_are_counted_by_universal_time(path):
    east = dt.timezone(dt.timedelta(hours=8))
    with records.open(path) as book:
        book.store(*judged_at(dt.datetime(2026, 8, 13, 0, 59, 59, tzinfo=east)))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT hour FROM rollup").fetchall() == [("2026-08-12T16",)]


def judged_at(at):
    return samples.outcome("a", at=at), samples.verdict()
