"""The daemon on a fast clock against the stand-in: what is sent when, and how it ends."""

import asyncio
import collections
import datetime as dt
import itertools
import signal
import subprocess
import sys
import time

import pytest
import record_samples as samples
from daemon_samples import SPEED, START, outcomes, past, watch

from probe import clock, daemon, model, records, run, standstill, ticker
from probe import config as configs
from probe.records import history
from probe.standin import pictures

CONFIG = """
[budget]
usd_per_day = {usd_per_day}
[monitor]
shutdown_grace = "{grace}"
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "{base_url}/v1"
model = "gpt-image-2-vip"
key_env = "VIP_KEY"
price_usd = 0.03
tiers = ["1k-low", "1k-medium"]
interval = "10m"
deadline_s = 590
"""

SCENARIO = """
name = "test"
start = 2026-08-13T00:00:00Z
hours = 24
[[steady]]
channel = "*"
tier = "*"
success = 1.0
latency_s = {{ median = {median_s}, sigma = 0.01 }}
"""


@pytest.fixture
def prepared(standin, tmp_path, monkeypatch):
    """Write a config whose channel is a stand-in with this latency; gives the checked config."""
    monkeypatch.setenv("VIP_KEY", "sk-test-0123456789abcdef")

    pictures.picture(1280, 720, "warm", "png", "")  # the first one takes a second, which is minutes of a fast clock

    def go(*, median_s=60.0, usd_per_day=50.0, grace="600s"):
        url = standin(SCENARIO.format(median_s=median_s), speed=SPEED)
        file = tmp_path / "config.toml"
        file.write_text(CONFIG.format(base_url=url, usd_per_day=usd_per_day, grace=grace))
        return configs.load(file)

    return go


def minutes(count):
    async def during(_watching, ticking):
        await ticking.sleep(count * 60)

    return during


def test_each_path_is_probed_once_a_slot(prepared):
    config = prepared()
    seen = watch(config, outcomes(6))
    slots = collections.Counter((one.outcome.path, one.outcome.slot) for one in seen if one.outcome.slot is not None)
    assert set(slots.values()) == {1}
    assert {path for path, _ in slots} == set(config.paths())
    assert len(slots) >= 4


def test_a_restart_never_pays_a_slot_twice(prepared):
    config = prepared()
    first = watch(config, minutes(12))
    again = watch(config, minutes(3), start=START + dt.timedelta(minutes=12))
    assert first
    slots = [(one.outcome.path, one.outcome.slot) for one in (*first, *again) if one.outcome.slot is not None]
    assert len(slots) == len(set(slots))


def test_an_answer_slower_than_the_interval_skips_a_slot_and_says_so(prepared):
    config = prepared(median_s=60.0)

    def crowd(watching):
        path = config.paths()[0]
        watching.underway.busy.add(path)  # as if its last request were still out

    seen = watch(config, minutes(4), on_daemon=crowd)
    with past(config) as stored:
        assert {(skip.path, skip.reason) for skip in stored.skips()} == {(config.paths()[0], "overrun")}
    assert {one.outcome.path for one in seen} == {config.paths()[1]}


def test_a_spent_budget_skips_and_says_so(prepared):
    config = prepared(usd_per_day=50.0)
    poor = config.model_copy(update={"budget": config.budget.model_copy(update={"usd_per_day": 0.04})})
    seen = watch(poor, minutes(4))
    assert len(seen) == 1
    with past(config) as stored:
        assert "budget" in {skip.reason for skip in stored.skips()}


def test_stop_waits_for_requests_in_flight_and_sends_nothing_new(prepared):
    config = prepared(median_s=120.0)
    seen = watch(config, minutes(1))
    assert len(seen) == 2
    with past(config) as stored:
        assert stored.open_intents() == ()


def test_a_second_stop_ends_at_once_and_the_money_stays_counted(prepared):
    config = prepared(median_s=500.0)

    async def twice(watching, ticking):
        await ticking.sleep(60)
        watching.stop()
        watching.stop()

    assert watch(config, twice) == []
    with past(config) as stored:
        assert {intent.state for intent in stored.open_intents()} == {"unknown_outcome"}
        assert stored.spent_usd(START.date()) == pytest.approx(0.06)


def test_requests_later_than_the_grace_time_are_cancelled(prepared):
    config = prepared(median_s=500.0, grace="30s")
    assert watch(config, minutes(1)) == []


def test_states_are_published_for_every_path(prepared):
    config = prepared()
    watch(config, minutes(4))
    with past(config) as stored:
        assert {state.path for state in stored.states()} == set(config.paths())


def test_a_bug_on_one_path_does_not_stop_the_others(prepared, monkeypatch, caplog):
    config = prepared()
    real = run.probe

    async def buggy(canary, tools):
        if canary.path == config.paths()[0]:
            raise ZeroDivisionError
        return await real(canary, tools)

    monkeypatch.setattr(run, "probe", buggy)
    seen = watch(config, outcomes(2))
    assert {one.outcome.path for one in seen} == {config.paths()[1]}
    assert len(seen) >= 2
    assert "ZeroDivisionError" in caplog.text


def test_a_wall_clock_set_back_does_not_silence_the_schedule(prepared):
    config = prepared()

    class Jumping(clock.FastClock):
        def now(self):
            back = dt.timedelta(hours=1) if self.monotonic_s() > 15 * 60 else dt.timedelta()
            return super().now() - back

    seen = []

    async def go():
        ticking = Jumping(START + dt.timedelta(hours=2), SPEED)
        with records.open(config.database) as book:
            tools = run.tools(config, ticking, book)
            watching = daemon.Daemon(tools, on_outcome=seen.append)
            running = asyncio.create_task(watching.run())
            await ticking.sleep(45 * 60)
            watching.stop()
            await running
            await run.close(tools)

    asyncio.run(go())
    slots = [(one.outcome.path, one.outcome.slot) for one in seen if one.outcome.slot is not None]
    assert len(slots) == len(set(slots))
    assert 6 <= len(slots) <= 12


def test_the_ticker_fires_at_its_pace_and_once_after_a_gap():
    ticks = []

    async def tick():
        ticks.append(time.monotonic())

    async def go():
        ticking = ticker.Ticker({tick: 0.05})
        await asyncio.sleep(0.22)
        before = len(ticks)
        time.sleep(0.5)  # noqa: ASYNC251 - the loop must stand still
        await asyncio.sleep(0.07)
        await ticking.pause()
        ticking.shutdown()
        return before

    before = asyncio.run(go())
    assert 3 <= before <= 6
    assert len(ticks) - before <= 3


def test_ticks_keep_to_their_beat_after_a_gap():
    start = dt.datetime(2026, 8, 13, tzinfo=dt.UTC)
    every = ticker.Every(1.0)

    def after(previous_s, now_s):
        previous, now = (start + dt.timedelta(seconds=s) for s in (previous_s, now_s))
        return (every.get_next_fire_time(previous, now) - start).total_seconds()

    assert after(10, 10.001) == 11
    assert after(10, 10.999) == 11
    assert after(10, 13.4) == 14
    assert after(10, 14.0) == 14
    assert every.get_next_fire_time(None, start) == start


@pytest.mark.parametrize(("microsecond", "waits_s"), [(0, 1.002), (2_000, 1.0), (999_000, 0.003)])
def test_the_first_tick_comes_just_after_a_whole_second(microsecond, waits_s):
    assert daemon.until_next_second_s(START.replace(microsecond=microsecond)) == pytest.approx(waits_s)


def test_a_process_that_stood_still_notices(monkeypatch):
    real = itertools.count(0.0, 1.0)
    monkeypatch.setattr(standstill.time, "monotonic", lambda: next(real))
    still = standstill.Standstill(clock.RealClock())
    assert not still.since(-1.0)
    monkeypatch.setattr(standstill.time, "monotonic", lambda: 500.0)
    assert still.since(100.0)
    assert not still.since(501.0)


def test_a_second_daemon_ends_with_the_pid_of_the_first(prepared):
    config = prepared()
    with records.daemon_lock(config.database):
        done = subprocess.run(
            [sys.executable, "-m", "probe", "daemon", "--config", config.source],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 1
    assert "a daemon runs already (PID" in done.stderr


def test_sigterm_ends_an_idle_daemon_cleanly(prepared):
    config = prepared(median_s=1.0)
    with subprocess.Popen(
        [sys.executable, "-m", "probe", "daemon", "--config", config.source], stderr=subprocess.PIPE, text=True
    ) as process:
        first, *lines = itertools.islice(process.stderr, 3)
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        assert process.wait(20) == 0
    assert all("outcome path=vip/" in line and "kind=ok" in line for line in lines), [*lines, rest]
    assert " INFO started digest=" in first
    assert rest.endswith(" INFO ended\n")


def test_trigger_of_the_daemons_canaries_is_scheduled(prepared):
    seen = watch(prepared(), minutes(3))
    assert {one.outcome.trigger for one in seen if one.outcome.slot is not None} == {model.Trigger.SCHEDULED}


@pytest.fixture
def failing(monkeypatch):
    """Every request of the scenario fails."""
    monkeypatch.setitem(
        globals(), "SCENARIO", SCENARIO.replace("= 1.0\n", "= 0.0\nfailures = {{ overloaded = 1.0 }}\n")
    )


def test_a_suspect_path_is_asked_again_beside_the_grid(prepared, failing):
    seen = watch(prepared(), minutes(25))
    beside = [one for one in seen if one.outcome.trigger is not model.Trigger.SCHEDULED]
    assert model.Trigger.BURST in {one.outcome.trigger for one in beside}
    assert {one.outcome.slot for one in beside} == {None}


def test_without_money_beside_the_grid_only_the_grid_is_sent(prepared, failing):
    config = prepared()
    # 2 paths x 144 slots x $0.03 = $8.64: the whole day's money belongs to the grid.
    tight = config.model_copy(update={"budget": config.budget.model_copy(update={"usd_per_day": 8.64})})
    seen = watch(tight, minutes(25))
    assert {one.outcome.trigger for one in seen} == {model.Trigger.SCHEDULED}


def test_a_daemon_closes_the_months_that_are_over(prepared):
    config = prepared()
    june = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    path = config.paths()[0]
    with records.open(config.database) as book:
        book.store_all(
            samples.judged(f"{hour}", kind=model.Kind.OK, at=june + dt.timedelta(hours=hour), path=path)
            for hour in (*range(48), *(24 * day for day in (30, 31, 32)))
        )
    found = []

    async def until_closed(_watching, _ticking):
        for _ in range(500):
            with history.open(config.database) as past:
                found[:] = past.archived.months(june, START)
            if found:
                return
            await asyncio.sleep(0.02)

    watch(config, until_closed)
    assert found == [path]
