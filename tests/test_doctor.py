"""`tierwatch doctor` against a stand-in, a closed port, damaged files and clocks that are off."""

import asyncio
import datetime as dt
import json
import os
import socket
import sqlite3

import click.testing
import pytest
import record_samples as samples

from probe import clock, commands, doctor, model, records
from probe import config as configs
from probe.doctor import machine, network
from probe.records import health

KEY = "sk-hunter2hunter2hunter2"
NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)

SCENARIO = """
name = "test"
hours = 24
[[channel]]
name = "vip"
model = "gpt-image-2-vip"
[[steady]]
success = 1.0
latency_s = { median = 1.0, sigma = 0.1 }
"""

CONFIG = """
[moderation]
base_url = "{url}/v1"
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "{url}/v1"
model = "{model}"
key_env = "VIP_KEY"
price_usd = 0.03
tiers = ["1k-low"]
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a config for this address with its key in place; gives the file's name."""
    monkeypatch.setenv("VIP_KEY", KEY)

    def go(url, model="gpt-image-2-vip", extra=""):
        file = tmp_path / "config.toml"
        file.write_text(CONFIG.format(url=url, model=model) + extra)
        return str(file)

    return go


def examine(file, at=None):
    ticking = clock.FastClock(at, 1.0) if at else clock.RealClock()
    return asyncio.run(doctor.examine(file, ticking))


def told(found, about):
    return [(each.mark, each.text) for each in found if each.about == about]


@pytest.fixture
def closed_url():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    return f"http://127.0.0.1:{port}"


def test_a_sound_installation_has_no_fault(standin, write):
    found = examine(write(standin(SCENARIO)))
    assert [each for each in found if each.mark == "FAULT"] == []
    assert ("ok", "vip: gpt-image-2-vip: listed") in told(found, "models")
    assert told(found, "clock") == [("ok", "within 10 s of the dates of 1 answer")]
    assert [mark for mark, text in told(found, "hosts") if "TCP" in text] == ["ok"]


def test_no_key_is_ever_shown(standin, write):
    output = run(write(standin(SCENARIO))).output
    assert "of vip: VIP_KEY holds 24 characters, well-formed" in output
    assert "hunter2" not in output


def run(file, *words):
    return click.testing.CliRunner().invoke(commands.program, ["doctor", "--config", file, *words])


def test_a_fault_is_exit_code_1_and_json_says_the_same(closed_url, write, monkeypatch):
    file = write(closed_url)
    monkeypatch.delenv("VIP_KEY")
    assert run(file).exit_code == 1
    document = json.loads(run(file, "--json").output)
    faults = [each for each in document["findings"] if each["mark"] == "fault"]
    assert document["faults"] == len(faults) >= 2
    assert any("environment variable VIP_KEY is not set" in each["text"] for each in faults)


def test_lines_fit_80_columns_and_no_control_character_reaches_the_terminal(closed_url, write):
    output = run(write(closed_url, model="gpt\u202eimage")).output
    assert max(map(len, output.splitlines())) <= 80
    assert "\u202e" not in output


def test_every_fault_of_a_broken_config_is_told(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text("[budget]\nusd_per_day = nan\n[monitr]\n")
    found = examine(str(file))
    assert {each.mark for each in found} == {"FAULT"}
    assert len(found) == 3  # the budget, the table, and no channel


def test_a_trap_is_a_fault(standin, write):
    found = examine(write(standin(SCENARIO), model="gpt-image-1.5", extra="size_rule = 'any'\n"))
    assert any(mark == "FAULT" and "retires it on 1 Dec 2026" in text for mark, text in told(found, "config"))


def test_tokens_in_a_file_that_others_can_read_are_a_fault(standin, write, tmp_path):
    file = write(standin(SCENARIO), extra="[alerts]\nurls = ['json://localhost/token']\n")
    (tmp_path / "config.toml").chmod(0o644)
    assert any("chmod 600" in text for _, text in told(examine(file), "config"))
    (tmp_path / "config.toml").chmod(0o600)
    assert not any("chmod 600" in text for _, text in told(examine(file), "config"))


def test_who_is_told_and_which_tokens_stand_in_the_file_counts_routes_too(standin, write, tmp_path):
    file = write(standin(SCENARIO), extra="[alerts]\nroutes = { vip = ['json://localhost/token'] }\n")
    (tmp_path / "config.toml").chmod(0o644)
    found = examine(file)
    assert told(found, "notify") == [("ok", "1 alert address")]
    assert any("chmod 600" in text for _, text in told(found, "config"))


def test_a_date_that_is_none_is_no_date():
    date = "Mon, 01 Jan 2026 00:00:00 +99999999999999999999"
    assert network.reply_date(model.Reply(headers={"date": date})) is None


def test_a_model_that_is_not_listed_names_its_neighbours(standin, write):
    found = examine(write(standin(SCENARIO), model="gpt-image-2-vipp"))
    (mark, text) = told(found, "models")[0]
    assert mark == "FAULT"
    assert "it has gpt-image-2-vip" in text


def test_a_stand_in_that_does_not_run_is_told_with_how_to_start_it(closed_url, write):
    found = examine(write(closed_url))
    assert told(found, "hosts") == [("FAULT", told(found, "hosts")[0][1])]
    assert "TCP failed: nothing listens there; start it" in told(found, "hosts")[0][1]
    assert told(found, "models") == []


def test_a_name_that_does_not_resolve_is_one_fault(write, monkeypatch):
    def unknown(*_args, **_kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    found = examine(write("https://gateway.example"))
    assert [mark for mark, _ in told(found, "hosts")] == ["FAULT", "note"]
    assert "this machine's own network" in told(found, "hosts")[-1][1]
    assert told(found, "models") == []


def test_a_channel_whose_host_is_dead_is_not_asked_for_its_models(standin, closed_url, write):
    second = f"""[[channel]]
name = "other"
protocol = "openai-images"
base_url = "{closed_url}/v1"
model = "gpt-image-2"
key_env = "VIP_KEY"
"""
    found = examine(write(standin(SCENARIO), extra=second))
    assert sorted(mark for mark, _ in told(found, "hosts")) == ["FAULT", "ok"]
    assert not any(text.startswith("other:") for _, text in told(found, "models"))


def test_plain_http_where_tls_was_expected_fails_at_tls(standin):
    url = standin(SCENARIO).replace("http://", "https://")
    found = asyncio.run(network.reach(url))
    assert (found.mark, "TLS failed" in found.text) == ("FAULT", True)


def test_a_certificate_that_ends_soon_is_noted():
    def shown(days):
        ends = dt.datetime.now(dt.UTC) + dt.timedelta(days=days, minutes=1)
        return network.certificate("host", {"notAfter": ends.strftime("%b %d %H:%M:%S %Y GMT")}).mark

    assert (shown(3), shown(30)) == ("note", "ok")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"data": [{"id": "a"}, {"id": "b", "shutdown_date": 1796083200}]}', {"a": None, "b": dt.date(2026, 12, 1)}),
        (b'{"models": [{"name": "models/c"}]}', {"c": None}),
        (b'{"data": [{"id": "a", "shutdown_date": "2026-12-01"}]}', {"a": dt.date(2026, 12, 1)}),
        (b'{"data": [{"id": "a", "shutdown_date": 1e300}]}', {"a": None}),
        (b'{"data": {"id": "a"}}', None),
        (b"[1]", None),
        (b"<html>", None),
        (b"[" * 100_000, None),
    ],
)
def test_listings_are_read_or_refused(body, expected):
    assert network.read_listing(body) == expected


def test_a_day_of_retirement_near_or_past_is_a_fault_and_a_far_one_a_note(write):
    asked = network.Asked("vip: m", "m", None, None)
    days = {dt.date(2026, 11, 1): "FAULT", dt.date(2026, 12, 1): "FAULT", dt.date(2027, 6, 1): "note", None: "ok"}
    assert {day: network.in_listing(asked, {"m": day}, NOW.date()).mark for day in days} == days


def test_a_clock_that_is_off_is_a_fault(standin, write):
    found = examine(write(standin(SCENARIO)), at=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    ((mark, text),) = told(found, "clock")
    assert mark == "FAULT"
    assert "ahead of the dates of 1 answer" in text


def test_a_damaged_database_is_a_fault(standin, write, tmp_path):
    file = write(standin(SCENARIO))
    (tmp_path / "tierwatch.db").write_bytes(b"no database at all" * 500)
    assert "is not a tierwatch database" in told(examine(file), "database")[0][1]


def test_a_wal_file_that_grows_without_end_is_a_fault(standin, write, tmp_path, monkeypatch):
    monkeypatch.setattr(health, "LARGE_WAL_BYTES", 10_000)
    with records.open(tmp_path / "tierwatch.db") as book:
        for _ in range(5):
            book.beat(NOW, pid=1, digest="", stale_after_s=90)
        found = examine(write(standin(SCENARIO)))
    assert any(mark == "FAULT" and "-wal grows" in text for mark, text in told(found, "database"))


def test_a_newer_schema_is_a_fault(standin, write, tmp_path):
    file = write(standin(SCENARIO))
    records.open(tmp_path / "tierwatch.db").close()
    with sqlite3.connect(tmp_path / "tierwatch.db") as db:
        db.execute("PRAGMA user_version = 999")
    db.close()
    assert "has schema 999" in told(examine(file), "database")[0][1]


def test_roll_ups_that_differ_from_the_rows_are_a_fault(tmp_path):
    path = tmp_path / "tierwatch.db"
    with records.open(path) as book:
        book.store_all([samples.judged("a"), samples.judged("b")])
    assert not any("roll-ups" in each.text for each in machine.database(path, NOW))
    with sqlite3.connect(path) as db:
        db.execute("UPDATE rollup SET count = 3")
    db.close()
    assert any("roll-ups differ" in each.text for each in machine.database(path, NOW))


def test_a_budget_day_in_the_future_is_a_fault(tmp_path):
    path = tmp_path / "tierwatch.db"
    records.open(path).close()
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO budget (id, day) VALUES (1, '2027-01-01')")
    db.close()
    assert any("the clock was ahead once" in each.text for each in machine.database(path, NOW))


@pytest.mark.parametrize(
    ("digest", "note", "age_s", "expected"),
    [
        ("same", "", 5, "runs with this config"),
        ("older", "", 5, "kill -HUP"),
        ("same", "config not reloaded: bad", 5, "config not reloaded: bad"),
        ("same", "", 900, "gave no sign of life for 900 s"),
    ],
)
def test_a_running_daemon_is_named_and_judged(digest, note, age_s, expected, standin, write, tmp_path):
    config = configs.load(configs.find(write(standin(SCENARIO))))
    path = tmp_path / "tierwatch.db"
    with records.open(path) as book, records.daemon_lock(path):
        at = NOW - dt.timedelta(seconds=age_s)
        said = config.digest if digest == "same" else "0" * 64
        book.beat(at, pid=os.getpid(), digest=said, stale_after_s=90, note=note)
        found = machine.daemon(config, path, NOW)
    assert f"PID {os.getpid()}" in found.text
    assert expected in found.text


def test_no_daemon_is_a_note_and_leaves_no_file(standin, write, tmp_path):
    config = configs.load(configs.find(write(standin(SCENARIO))))
    assert machine.daemon(config, tmp_path / "tierwatch.db", NOW).mark == "note"
    assert [each.name for each in tmp_path.iterdir()] == ["config.toml"]


def test_a_full_disk_is_a_fault(tmp_path, monkeypatch, standin, write):
    from probe import plan

    drawn = plan.plan(configs.load(configs.find(write(standin(SCENARIO)))))
    assert machine.disk(tmp_path, drawn).mark == "ok"
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _folder: Usage())
    assert machine.disk(tmp_path, drawn).mark == "FAULT"


class Usage:
    free = 10 * 2**20


@pytest.mark.parametrize(
    ("version", "bug"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((4, 0, 0), False),
    ],
)
def test_the_wal_reset_bug_is_known_by_version(version, bug):
    assert health.has_wal_reset_bug(version) is bug
