"""A config that changes while the daemon runs: taken over whole or not at all, without a gap."""

import asyncio
import signal
import subprocess
import sys
import time

import daemon_samples as daemons
import pytest

from probe import config as configs
from probe import daemon, memory, model, records, reload, run
from probe.config import secrets
from probe.records import history

OLD_KEY, NEW_KEY = "sk-old-0123456789abcdef", "sk-new-0123456789abcdef"

CONFIG = """
[budget]
usd_per_day = 50.0
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "{url}/v1"
model = "gpt-image-2-vip"
key_file = "vip.key"
price_usd = 0.03
tiers = {tiers}
interval = "10m"
deadline_s = 590
"""

SCENARIO = """
name = "test"
start = 2026-08-13T00:00:00Z
hours = 24
[[steady]]
success = 1.0
latency_s = { median = 20.0, sigma = 0.01 }
"""


class Place:
    """A folder with config.toml and the key it names."""

    def __init__(self, folder, url):
        self.url = url
        self.file = folder / "config.toml"
        self.key_file = folder / "vip.key"
        self.write()
        self.write_key(OLD_KEY)

    def write(self, tiers='["1k-low"]', extra=""):
        self.file.write_text(CONFIG.format(url=self.url, tiers=tiers) + extra)

    def write_key(self, key):
        self.key_file.write_text(key)
        self.key_file.chmod(0o600)

    def load(self):
        return configs.load(self.file)

    def past(self):
        return history.open(configs.database(self.file))


@pytest.fixture
def place(standin, tmp_path):
    return Place(tmp_path, standin(SCENARIO, speed=daemons.SPEED))


def watch(place, during, **hooks):
    return daemons.watch(place.load(), during, **hooks)


async def reloaded(watching):
    """Reload as SIGHUP does, and wait until it is over."""
    watching.reload()
    await asyncio.sleep(0)
    async with watching._reloading:
        pass


def tiers(seen):
    return {one.outcome.path.tier for one in seen}


def test_a_new_tier_is_probed_without_a_restart(place):
    async def during(watching, ticking):
        await ticking.sleep(120)
        place.write('["1k-low", "1k-high"]')
        await reloaded(watching)
        await ticking.sleep(600)

    assert tiers(watch(place, during)) == {"1k-low", "1k-high"}


def test_a_tier_that_left_the_config_is_probed_no_more(place):
    place.write('["1k-low", "1k-high"]')
    at = []

    async def during(watching, ticking):
        await ticking.sleep(120)
        place.write('["1k-low"]')
        await reloaded(watching)
        at.append(ticking.now())
        await ticking.sleep(1200)

    seen = watch(place, during)
    assert tiers(one for one in seen if one.outcome.sent_at > at[0]) == {"1k-low"}


def test_no_slot_is_paid_twice_or_missed_over_reloads(place):
    async def during(watching, ticking):
        for _ in range(5):
            await ticking.sleep(300)
            await reloaded(watching)

    slots = [one.outcome.slot for one in watch(place, during)]
    with place.past() as past:
        slots += [skip.slot for skip in past.skips()]  # still in flight: the clock runs fast
    assert sorted(slots) == list(range(min(slots), min(slots) + 600 * len(slots), 600))
    assert len(slots) >= 3


def test_a_path_that_stays_keeps_its_state(place):
    before, after = [], []

    async def during(watching, ticking):
        await ticking.sleep(700)
        before.extend(watching._board.states(ticking.now()))
        place.write('["1k-low", "1k-high"]')
        await reloaded(watching)
        after.extend(watching._board.states(ticking.now()))

    watch(place, during)
    assert after[0].checked_at >= before[0].checked_at  # another canary may have come meanwhile
    assert (after[0].state, after[0].since) == (before[0].state, before[0].since)


@pytest.mark.parametrize("text", ["[[channel", "[budget]\nusd_per_day = nan\n", "", "\x00"])
def test_a_bad_file_changes_nothing_and_says_so(place, text, caplog):
    digest = place.load().digest

    async def during(watching, ticking):
        tools = watching.tools
        place.file.write_text(text)
        await reloaded(watching)
        assert watching.tools is tools
        await ticking.sleep(700)

    seen = watch(place, during)
    assert tiers(seen) == {"1k-low"}
    assert "not reloaded" in caplog.text
    with history.open(place.file.with_name("tierwatch.db")) as past:
        beat = past.heartbeat()
    assert beat.digest == digest
    assert beat.note.startswith("the config was not reloaded: ")


def test_a_mended_file_takes_the_note_away(place):
    async def during(watching, ticking):
        place.file.write_text("[[channel")
        await reloaded(watching)
        assert watching.note
        place.write()
        await reloaded(watching)

    watch(place, during)
    with place.past() as past:
        assert past.heartbeat().note == ""


def test_a_missing_key_changes_nothing(place):
    async def during(watching, ticking):
        place.key_file.unlink()
        await reloaded(watching)
        assert "vip.key" in watching.note
        await ticking.sleep(700)

    assert watch(place, during)


def test_another_database_needs_a_restart(place):
    async def during(watching, ticking):
        place.write(extra='[monitor]\ndatabase = "other.db"\n')
        await reloaded(watching)
        assert "database cannot change" in watching.note

    watch(place, during)
    assert not place.file.with_name("other.db").exists()


def test_a_key_rotates_without_a_gap(place, monkeypatch):
    """A request in flight ends with the key it began with; the next one carries the new key."""
    carried, open_clients = [], []

    class Http:
        def __init__(self, *args, **words):
            self.is_open = True

        async def aclose(self):
            self.is_open = False

        async def send(self, request, *, key, deadline_s, **words):
            await asyncio.sleep(300 / daemons.SPEED)
            carried.append(key.reveal())
            open_clients.append(self.is_open)
            return model.Reply(status=500, elapsed_s=300.0)

    monkeypatch.setattr(run.client, "Client", Http)

    async def during(watching, ticking):
        await daemons.until(lambda: watching.underway.in_flight)
        first = watching.tools
        place.write_key(NEW_KEY)
        await reloaded(watching)
        assert carried == []
        await ticking.sleep(1300)
        assert not first.clients["vip"].is_open

    watch(place, during)
    assert carried[:2] == [OLD_KEY, NEW_KEY]
    assert all(open_clients)


def test_an_outcome_that_arrives_during_a_reload_counts_once(place, monkeypatch):
    real = memory.recall
    counted = []

    async def during(watching, ticking):
        def slow(config, now):
            known = real(config, now)
            counted.append(known.board)
            real_add = known.board.add
            known.board.add = lambda judged: (counted.append(judged.outcome.id), real_add(judged))
            end = time.monotonic() + 30
            while not watching._arrived and time.monotonic() < end:  # the canary ends meanwhile
                time.sleep(0.02)
            return known

        await ticking.sleep(10)
        await daemons.until(lambda: watching.underway.in_flight)
        monkeypatch.setattr(memory, "recall", slow)
        await reloaded(watching)

    seen = watch(place, during)
    assert counted[1:] == [seen[0].outcome.id]


def test_the_log_is_told_of_new_tools_and_old_keys_stay_secret(place):
    told = []

    async def during(watching, ticking):
        place.write_key(NEW_KEY)
        await reloaded(watching)

    watch(place, during, on_reload=told.append)
    assert told[0].redact(f"{OLD_KEY} {NEW_KEY}") == f"{secrets.MASK} {secrets.MASK}"


def test_a_changed_file_is_noticed_by_itself(place, monkeypatch):
    monkeypatch.setattr(daemon, "LOOK_S", 0.05)

    async def during(watching, ticking):
        await asyncio.sleep(0.2)
        place.write('["1k-low", "1k-high"]')
        await daemons.until(lambda: len(watching.plan.lines) == 2)

    watch(place, during)


def test_a_change_counts_when_it_has_settled_and_once(place):
    files = reload.Files(place.load())
    assert not files.changed()
    text = place.file.read_bytes()
    for size in range(1, 4):  # written bit by bit
        place.file.write_bytes(text[:size])
        assert not files.changed()
    assert files.changed()
    assert not files.changed()


def test_a_change_of_a_key_file_counts(place):
    files = reload.Files(place.load())
    place.key_file.unlink()
    assert [files.changed() for _ in range(3)] == [False, True, False]


def test_a_file_that_changed_before_the_daemon_looked_is_noticed(place):
    config = place.load()
    place.write('["1k-low", "1k-high"]')
    files = reload.Files(config)
    assert files.changed()


def test_a_reload_the_database_refused_is_tried_again(place, monkeypatch):
    def locked(config, now):
        raise records.UnavailableError("locked")

    async def during(watching, ticking):
        place.write('["1k-low", "1k-high"]')
        with monkeypatch.context() as patched:
            patched.setattr(memory, "recall", locked)
            await reloaded(watching)
        assert len(watching.plan.lines) == 1
        await watching._look()
        await watching._look()
        assert len(watching.plan.lines) == 2

    watch(place, during)


def test_sighup_reloads_and_a_bad_file_is_told_by_status(place):
    words = [sys.executable, "-m", "probe"]
    config = ["--config", str(place.file)]
    with subprocess.Popen([*words, "daemon", *config], stderr=subprocess.PIPE, text=True) as process:
        try:
            until(process.stderr, " outcome ")
            place.write(extra="[detection]\nfalse_alarms_per_month = 2\n")
            process.send_signal(signal.SIGHUP)
            until(process.stderr, "reloaded digest=")
            place.file.write_text(place.file.read_text() + "[budget]\n")
            process.send_signal(signal.SIGHUP)
            assert "not valid TOML" in until(process.stderr, "not reloaded reason=")
            place.write(extra="[budgets]\n")
            process.send_signal(signal.SIGHUP)
            until(process.stderr, "unknown table")
            status = subprocess.run([*words, "status", *config], capture_output=True, text=True, check=False)
        finally:
            process.send_signal(signal.SIGTERM)
            process.stderr.read()
            assert process.wait(20) == 0
    assert "the config was not reloaded: [budgets]: unknown table" in status.stdout


def until(lines, text):
    """Read lines until one holds the text."""
    for line in lines:
        if text in line:
            return line
    raise AssertionError(f"the daemon ended without saying {text!r}")
