"""`tierwatch alerts`: listing, acknowledging, silencing and testing beside a daemon."""

import json

import alert_samples as samples
import click.testing
import pytest

from probe import commands, config, model, records

pytestmark = samples.APPRISE


@pytest.fixture
def folder(tmp_path):
    samples.load(tmp_path)
    with records.open(config.database(tmp_path / "config.toml")) as book:
        book.outbox.keep([samples.incident()], [samples.message("1.1", incident=1)])
    return tmp_path


def alerts(folder, *words):
    """(exit code, stdout) of a command."""
    line = ["alerts", *words, "--config", str(folder / "config.toml")]
    result = click.testing.CliRunner().invoke(commands.program, line, prog_name="tierwatch")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def outbox(folder):
    with records.open(config.database(folder / "config.toml")) as book:
        return book.outbox.read(samples.AT)


def test_what_is_open_and_what_waits_is_listed(folder):
    code, output = alerts(folder, "list")
    assert code == 1
    assert "  1  vip 4k-high degraded, since 2026-08-13 02:19 UTC" in output
    assert "nobody acknowledged it" in output
    assert "waiting for json, next 02:41 UTC: title 1.1" in output


def test_an_acknowledged_incident_is_no_finding(folder):
    assert alerts(folder, "ack", "1") == (0, "incident 1 acknowledged\n")
    code, output = alerts(folder, "list")
    assert (code, "acknowledged" in output, "nobody" in output) == (0, True, False)
    assert outbox(folder).opened[0].acknowledged_at is not None


def test_all_open_incidents_are_acknowledged_at_once(folder):
    assert alerts(folder, "ack", "--all") == (0, "incident 1 acknowledged\n")


def test_an_incident_that_is_not_open_is_said_so(folder):
    with pytest.raises(model.UserError, match="no incident of this number is open: 7"):
        alerts(folder, "ack", "1", "7")


@pytest.mark.parametrize(
    "words", [["ack"], ["ack", "1", "--all"], ["silence", "vip"], ["silence", "vip", "--off", "--for", "2h"]]
)
def test_what_is_not_clear_is_a_usage_error(folder, words):
    assert alerts(folder, *words)[0] == 2


@pytest.mark.parametrize(
    "words",
    [
        ["--for", "2"],
        ["--until", "tomorrow"],
        ["--until", "2020-01-01"],
        ["--until", "9999-12-31T23:59-14:00"],
        ["--for", "99999999999d"],
    ],
)
def test_a_silence_without_a_sound_end_is_refused(folder, words):
    assert alerts(folder, "silence", "vip", *words)[0] == 2
    assert outbox(folder).silences == ()


def test_a_silence_of_no_path_is_refused(folder):
    assert alerts(folder, "silence", "vpi", "--for", "2h")[0] == 2


def test_a_silence_begins_and_ends(folder):
    code, output = alerts(folder, "silence", "vip/*", "--until", "2099-12-01T08:00+08:00")
    assert (code, output) == (0, "vip/*: silent until 2099-12-01 00:00 UTC\n")
    assert [each.pattern for each in outbox(folder).silences] == ["vip/*"]
    assert "silent: vip/* until 2099-12-01 00:00 UTC" in alerts(folder, "list")[1]
    assert alerts(folder, "silence", "vip/*", "--off") == (0, "vip/*: no longer silent\n")
    assert "silent: " not in alerts(folder, "list")[1]


def test_programs_read_the_same(folder):
    document = json.loads(alerts(folder, "list", "--json")[1])
    assert document["incidents"][0]["paths"] == ["vip/4k-high"]
    assert document["messages"][0]["state"] == "waiting"


def test_a_test_message_goes_to_every_address_and_failures_are_told_without_it(tmp_path, capfd):
    with samples.service() as good, samples.service() as bad:
        bad.refusing = lambda _body: True
        samples.load(
            tmp_path,
            f'urls = ["{good.address}", "{bad.address}"]\nroutes = {{ "vip" = ["nonsense://{samples.PASSWORD}"] }}',
        )
        code, output = alerts(tmp_path, "test")
    assert code == 1
    assert output.splitlines() == [
        "json: sent (everything else)",
        "json-2: FAILED: Failed to send JSON POST notification: Internal server error., error=500. (everything else)",
        "nonsense: FAILED: this is no address that apprise knows; see https://github.com/caronc/apprise (vip)",
    ]
    assert [body["title"] for body in good.taken] == ["tierwatch: a test"]
    assert samples.PASSWORD not in "".join([output, *capfd.readouterr()])


def test_all_sent_is_exit_0(tmp_path):
    with samples.service() as good:
        samples.load(tmp_path, f'urls = ["{good.address}"]')
        assert alerts(tmp_path, "test") == (0, "json: sent (everything)\n")


def test_without_an_address_there_is_nothing_to_test(folder):
    with pytest.raises(model.UserError, match="names no address"):
        alerts(folder, "test")
