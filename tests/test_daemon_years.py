"""The daemon as a process of months: what it forgets, how it drains, and what a bad machine may do to it."""

import asyncio
import contextlib
import datetime as dt
import io
import itertools
import logging
import pathlib
import resource
import signal
import sqlite3
import subprocess
import sys
import time

import alert_samples
import pytest
import record_samples
from daemon_samples import SPEED, START, past, until, watch

from probe import config as configs
from probe import daemon, logs, memory, model, records, reload, run, slots, standstill, ticker
from probe.records import history, rows

CONFIG = """
[budget]
usd_per_day = 5000.0
[monitor]
shutdown_grace = "3000s"
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "{url}/v1"
model = "gpt-image-2-vip"
key_env = "VIP_KEY"
price_usd = 0.03
tiers = ["1k-low"]
interval = "10m"
deadline_s = 590
"""

SCENARIO = """
name = "test"
start = 2026-08-13T00:00:00Z
hours = 24
[[steady]]
success = 1.0
latency_s = {{ median = {median_s}, sigma = 0.01 }}
"""


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("VIP_KEY", "sk-test-0123456789abcdef")


@pytest.fixture
def place(standin, tmp_path):
    """A function: a checked config whose channel is a stand-in of this latency."""

    def make(median_s=20.0, extra=""):
        file = tmp_path / "config.toml"
        file.write_text(CONFIG.format(url=standin(SCENARIO.format(median_s=median_s), speed=SPEED)) + extra)
        return configs.load(file)

    return make


# --- the drain ---


def test_a_long_drain_is_no_standstill_of_the_machine(place, monkeypatch):
    monkeypatch.setattr(standstill, "GAP_S", 0.9)  # the deadline is 1.5 real seconds

    async def during(watching, ticking):
        await until(lambda: watching.underway.in_flight)

    (judged,) = watch(place(median_s=80_000.0), during)
    assert judged.outcome.evidence.fault is model.Fault.DEADLINE
    assert judged.outcome.excluded is None


def test_a_drain_shows_that_the_daemon_lives(place, monkeypatch):
    monkeypatch.setattr(daemon, "BEAT_S", 0.05)
    told, stopped_at = [], []
    monkeypatch.setattr(daemon.sdnotify, "send", lambda **fields: told.append(fields))

    async def during(watching, ticking):
        await until(lambda: watching.underway.in_flight)
        told.clear()
        stopped_at.append(ticking.now())

    config = place(median_s=400.0)
    watch(config, during)
    assert sum("WATCHDOG" in fields for fields in told) > 10
    with past(config) as stored:
        assert stored.heartbeat().at - stopped_at[0] > dt.timedelta(seconds=200)


def test_a_drain_takes_no_new_config(place):
    config = place(median_s=200.0)

    async def during(watching, ticking):
        await until(lambda: watching.underway.in_flight)
        pathlib.Path(config.source).write_text("")  # noqa: ASYNC240 - a small file
        watching.stop()
        watching.reload()
        await asyncio.sleep(0.1)
        assert watching.note == ""

    async def stopped(watching, ticking):
        await during(watching, ticking)
        watching.stop = lambda: None

    watch(config, stopped)


def test_a_turn_under_way_is_waited_for():
    done = []

    async def turn():
        await asyncio.sleep(0.05)
        done.append(True)

    async def go():
        ticking = ticker.Ticker({turn: 60.0})
        await asyncio.sleep(0.01)
        await ticking.pause()
        ticking.shutdown()

    asyncio.run(go())
    assert done == [True]


def test_a_turn_that_does_not_end_is_cut_off_without_a_word(caplog):
    async def turn():
        await asyncio.sleep(60)

    async def go():
        ticking = ticker.Ticker({turn: 60.0})
        await asyncio.sleep(0.01)
        ticking.shutdown()
        await asyncio.sleep(0.01)

    with caplog.at_level(logging.ERROR):
        asyncio.run(go())
    assert caplog.records == []


def test_an_alert_service_that_drips_does_not_keep_the_daemon_from_ending(place):
    with alert_samples.dripping() as (port, _hung_up):
        config = place(extra=f'[alerts]\nurls = ["json://127.0.0.1:{port}/"]\n')
        with records.open(config.database) as book:
            now = dt.datetime.now(dt.UTC)
            book.outbox.keep([], [alert_samples.message("now", made_at=now)])
        with running(config) as process:
            assert read_until(process, " outcome ")
            time.sleep(1)  # the message is being sent
            process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0


# --- clocks ---


def test_a_start_with_a_clock_that_was_set_back_is_not_silent(place):
    """An earlier daemon, whose clock was an hour ahead, has spent the slots of the hour to come."""
    config = place()
    (line,) = daemon.plan.plan(config).lines
    now_slot = daemon.plan.slot(line, START)
    spent = [now_slot + 600 * n for n in range(7)]
    with records.open(config.database) as book:
        for slot in spent:
            book.reserve(record_samples.canary(f"spent-{slot}", path=line.path, slot=slot), START, 5000.0)

    async def during(watching, ticking):
        while not watching._board.states(ticking.now())[0].checked_at and ticking.monotonic_s() < 2000:
            await ticking.sleep(20)

    (judged,) = watch(config, during)
    assert judged.outcome.slot not in spent


class SetClock:
    """A clock of which tests set both hands."""

    def __init__(self):
        self.at, self.counted_s = START, 0.0

    def now(self):
        return self.at

    def monotonic_s(self):
        return self.counted_s


def test_the_next_canary_is_dated_by_the_wall_clock_after_it_was_set(place):
    drawn, hands = daemon.plan.plan(place()), SetClock()
    handed = slots.Slots(hands)
    before = handed.next_at(drawn.lines[0])
    hands.at += dt.timedelta(hours=8)
    assert handed.next_at(drawn.lines[0]) == before + dt.timedelta(hours=8)


def test_a_sign_of_life_from_the_future_is_none(tmp_path):
    with records.open(tmp_path / "t.db") as book:
        book.beat(START, pid=1, digest="", stale_after_s=90)
    with history.open(tmp_path / "t.db") as stored:
        beat = stored.heartbeat()
    assert not beat.stale(START + dt.timedelta(seconds=60))
    assert not beat.stale(START - dt.timedelta(seconds=60))
    assert beat.stale(START - dt.timedelta(hours=1))


def test_canaries_that_say_nothing_are_not_repeated_at_once(place, monkeypatch):
    """A suspect path whose canaries are excluded stays suspect: each is asked for anew, and none is evidence."""
    sent_s = []

    async def no_network(canary, tools):
        sent_s.extend([tools.clock.monotonic_s()] if canary.trigger is model.Trigger.BURST else [])
        return record_samples.judged(canary.id, path=canary.path, excluded=model.Exclusion.LOCAL_NETWORK)

    def always(config, _board, busy, _now):
        return [(path, model.Trigger.BURST) for path in config.paths() if path not in busy]

    monkeypatch.setattr(run, "probe", no_network)
    monkeypatch.setattr(daemon.extras, "wanted", always)

    async def during(_watching, ticking):
        await ticking.sleep(700)

    config = place()
    watch(config, during)
    assert 2 <= len(sent_s) <= 3
    assert min(b - a for a, b in itertools.pairwise(sent_s)) > config.detection.confirm_every - 60


# --- what is forgotten ---


def test_outcomes_are_recalled_one_at_a_time(place, monkeypatch):
    config = place()
    path = config.paths()[0]
    with records.open(config.database) as book:
        fingerprint = configs.fingerprint(config, path)
        many = (
            record_samples.judged(f"{n:04d}", path=path, at=record_samples.minutes(n), fingerprint=fingerprint)
            for n in range(50)
        )
        book.store_all(many)
    alive = []

    class Counting(memory.states.Board):
        def add(self, judged):
            alive.append(sys.getrefcount(judged))
            super().add(judged)

    monkeypatch.setattr(memory.states, "Board", Counting)
    memory.recall(config, record_samples.minutes(60))
    assert len(alive) == 50
    assert max(alive) <= alive[0]


# --- a bad machine ---


def test_a_reader_without_end_is_told_by_the_wal_file_that_grows(tmp_path, place, monkeypatch, caplog):
    monkeypatch.setattr(daemon.health, "LARGE_WAL_BYTES", 100_000)
    config, told = place(), []

    async def during(watching, ticking):
        await until(lambda: watching.states)
        with contextlib.closing(sqlite3.connect(config.monitor.database)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM outcome").fetchone()
            for _ in range(30):
                await asyncio.to_thread(watching.tools.book.publish, watching.states, ticking.now())
            caplog.clear()
            watching._look_at_wal()
            watching._look_at_wal()
            told.append([record.message for record in caplog.records])

    with caplog.at_level(logging.WARNING):
        watch(config, during)
    assert [len(told[0]), "-wal file grows" in told[0][0]] == [1, True]


def test_a_bug_in_a_reload_changes_nothing_and_says_so(place, monkeypatch, caplog):
    config = place()

    def buggy(_tools):
        return 1 / 0

    async def during(watching, ticking):
        await until(lambda: watching.states)
        with monkeypatch.context() as patched:
            patched.setattr(reload, "load", buggy)
            await watching._reload()
        assert watching.note.startswith(rows.NOT_RELOADED)
        assert watching.tools.config is config
        await watching._reload()
        assert watching.note == ""

    watch(config, during)
    assert "ZeroDivisionError" in caplog.text


@contextlib.contextmanager
def running(config, stderr=subprocess.PIPE):
    """The daemon as a process of its own."""
    words = [sys.executable, "-m", "probe", "daemon", "--config", config.source]
    with subprocess.Popen(words, stderr=stderr, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process, word):
    """The lines up to the one with a word; empty where the process ended before."""
    lines = []
    for line in process.stderr:
        lines.append(line)
        if word in line:
            return lines
    return []


def stored_within(config, count, seconds=15):
    """Wait until so many outcomes are stored."""
    end_s = time.monotonic() + seconds
    with contextlib.suppress(records.RecordsError):
        while time.monotonic() < end_s:
            with past(config) as stored:
                if len(list(stored.outcomes())) >= count:
                    return True
            time.sleep(0.05)
    return False


@pytest.fixture
def hasty(place):
    """A config that sends every second."""
    config = place(median_s=0.0004)
    file = pathlib.Path(config.source)
    file.write_text(file.read_text().replace('"10m"', '"1s"').replace("= 590", "= 0.9"))
    with records.open(configs.database(file)):
        return configs.load(file)


@pytest.mark.skipif(not pathlib.Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_under_the_log_stops_no_probe(hasty):
    with pathlib.Path("/dev/full").open("w") as full, running(hasty, stderr=full) as process:
        assert stored_within(hasty, 2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_a_record_that_cannot_be_written_prints_nothing_unredacted(capsys):
    class Broken(io.StringIO):
        def write(self, text):
            if "outcome" in text:
                raise BrokenPipeError
            return super().write(text)

    handler = logs.Handler(Broken())
    handler.setFormatter(logs.Line(str, "text"))
    handler.handle(logging.LogRecord("tierwatch", logging.INFO, "", 0, "outcome text=%s", ("sk-secret",), None))
    assert handler.stream.getvalue() == "tierwatch: a log record was lost: BrokenPipeError\n"
    assert capsys.readouterr() == ("", "")


def test_a_process_without_descriptors_sends_nothing_and_goes_on_when_it_has_some(hasty):
    with running(hasty) as process:
        assert read_until(process, " outcome ")
        before = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (3, before[1]))
        assert "Too many open files" in read_until(process, "not sent")[-1]
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, before)
        assert read_until(process, " outcome ")
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        assert process.wait(10) == 0
    assert "Traceback" not in rest
