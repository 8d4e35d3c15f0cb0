"""Names and values that no command expects: each is refused with a remedy, and the exit code that `--help` promises."""

import datetime as dt
import json
import os
import resource
import signal
import socket

import click.testing
import own_samples
import pytest
import record_samples as samples

from probe import commands, config, model

TOO_LONG = "x" * 5000


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return samples.folder(tmp_path, *(samples.judged(f"id-{n}") for n in range(3)))


def run(*words):
    return click.testing.CliRunner().invoke(commands.program, words, prog_name="tierwatch")


def refusal(*words):
    """The exit code and the message of a refused command, as `main` would give them."""
    result = run(*words)
    if isinstance(result.exception, model.UserError):
        return result.exception.exit_code, str(result.exception)
    assert isinstance(result.exception, SystemExit)
    return result.exit_code, result.stderr


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("here", "here is a folder; name the file in it, such as here/config.toml"),
        ("/dev/null", "/dev/null is no regular file"),
        (TOO_LONG, "File name too long"),
        ("", "--config is empty"),
        ("~nobody-at-all/x.toml", "there is no file ~nobody-at-all/x.toml"),
    ],
)
def test_what_is_no_config_file_is_told_as_what_it_is(folder, named, words):
    (folder / "here").mkdir()
    with pytest.raises(config.ConfigError) as refused:
        config.find(named)
    assert words in str(refused.value)
    assert "tierwatch init" not in str(refused.value) or named.startswith("~")


def test_an_empty_config_name_is_not_passed_over_by_classify(folder):
    assert refusal("classify", "--text", "x", "--config", "") == (2, "--config is empty: give it the name of a file")


@pytest.mark.parametrize(
    "command",
    [
        ("backup", TOO_LONG),
        ("recover", TOO_LONG),
        ("recover", "new.db", "--database", TOO_LONG),
        ("export", "--output", TOO_LONG),
        ("backtest", TOO_LONG),
        ("init", TOO_LONG),
        ("demo", "--folder", TOO_LONG),
        ("prescreen", "prompts", "--out", TOO_LONG),
    ],
)
def test_a_name_too_long_for_a_file_is_refused(folder, command):
    (folder / "prompts").write_text('"a fox"\n')
    code, words = refusal(*command)
    assert code in {1, 2}
    assert "File name too long" in words


def test_an_export_that_cannot_be_written_leaves_nothing(folder):
    code, words = refusal("export", "--output", "no/such/folder.ndjson")
    assert (code, "name another --output" in words) == (1, True)
    assert run("export", "--output", "out.ndjson").exit_code == 0
    assert len((folder / "out.ndjson").read_text().splitlines()) == 3
    assert "never overwritten" in refusal("export", "--output", "out.ndjson")[1]


@pytest.mark.parametrize(
    "command",
    [
        ("triage", "--reply", "missing"),
        ("triage", "--batch", "missing"),
        ("triage", "--text", "x", "--prompt-file", "missing"),
        ("triage", "--batch", ""),
        ("prescreen", "missing"),
        ("prescreen", ""),
    ],
)
def test_a_file_that_cannot_be_read_is_a_usage_error(folder, command):
    code, words = refusal(*command)
    assert code == 2
    assert "cannot be read" in words


def test_a_line_that_is_no_prompt_is_a_usage_error(folder):
    (folder / "prompts").write_bytes(b"\0\n")
    assert refusal("prescreen", "prompts")[0] == 2


@pytest.mark.parametrize("when", ["0001-01-01", "1969-07-20T20:17Z", "999999d"])
def test_a_time_before_anything_was_watched_is_refused(folder, when):
    for option in ("--since", "--until"):
        assert refusal("report", option, when)[0] == 2


def test_a_period_longer_than_the_records_is_told_from_their_beginning_and_up_to_now(folder):
    document = json.loads(run("report", "--since", "2000-01-01", "--until", "9999-12-31", "--format", "json").output)
    assert dt.datetime.fromisoformat(document["since"]).date() == samples.AT.date()
    assert dt.datetime.fromisoformat(document["until"]).year < 9999


def test_a_span_without_end_is_refused(folder):
    assert "longer than 3660d" in refusal("report", "--compare", "999999d")[1]


@pytest.mark.parametrize("option", ["--job", "--supplier", "--output"])
def test_an_empty_name_is_not_taken_for_none(folder, option):
    assert refusal("report", option, "")[0] == 2


def test_a_section_that_a_report_has_not_is_not_looked_for_in_the_config(folder):
    assert "is not in this report, which has now, matrix" in refusal("report", "--section", "nope")[1]


def test_lines_of_a_batch_that_cannot_be_read_are_no_success(folder):
    (folder / "batch").write_text("no JSON\n")
    result = run("triage", "--batch", "batch", "--offline")
    assert result.exit_code == 1
    assert "line 1 set aside: no JSON" in result.stdout


def test_a_last_line_without_a_line_break_is_taken_in_where_it_is_whole(tmp_path, monkeypatch):
    own_samples.settings(tmp_path)
    monkeypatch.chdir(tmp_path)
    whole = json.dumps(own_samples.failed("f1", own_samples.minutes(1)))
    (tmp_path / "one.ndjson").write_text(whole)
    assert "one.ndjson: 1 line, 1 new" in run("ingest", "one.ndjson").output
    half = json.dumps(own_samples.failed("f2", own_samples.minutes(2)))
    (tmp_path / "one.ndjson").write_text(f"{whole}\n{half[:-1]}")
    assert "no new lines" in run("ingest", "one.ndjson").output
    (tmp_path / "one.ndjson").write_text(f"{whole}\n{half}\n")
    assert "1 line, 1 new" in run("ingest", "one.ndjson").output


def test_a_file_whose_name_is_no_text_can_be_ingested(tmp_path, monkeypatch):
    own_samples.settings(tmp_path)
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode(b"\xff\xfe.ndjson")
    (tmp_path / name).write_text(json.dumps(own_samples.failed("f1", own_samples.minutes(1))) + "\n")
    assert run("ingest", name).exit_code == 0


@pytest.mark.parametrize(
    "command", [("status",), ("report",), ("backup", "b.db"), ("recover", "b.db"), ("export",), ("rejudge",)]
)
def test_a_folder_in_the_place_of_the_database_is_no_fault_of_the_disk(tmp_path, monkeypatch, command):
    (tmp_path / "config.toml").write_text(samples.CONFIG)
    (tmp_path / "tierwatch.db").mkdir()
    monkeypatch.chdir(tmp_path)
    code, words = refusal(*command) if command != ("status",) else (1, run(*command).output)
    assert code == 1
    assert f"{tmp_path}/tierwatch.db: is a folder. Name a file." in words


def test_a_database_that_cannot_be_looked_at_is_told_and_no_triage_fails_for_it(folder):
    """Too long a name stands for a locked folder, which nothing is for root."""
    (folder / "config.toml").write_text(f'[monitor]\ndatabase = "{TOO_LONG}"\n{samples.CONFIG}')
    assert "cannot be looked at: File name too long" in refusal("report")[1]
    result = run("triage", "--text", "overloaded", "--status", "503", "--offline")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "not kept:" in result.stderr


def test_there_is_nothing_to_back_up_before_there_is_a_database(folder):
    for left in folder.glob("tierwatch.db*"):
        left.unlink()
    assert "there is no database yet, and nothing to copy" in refusal("backup", "b.db")[1]


def test_recover_does_not_send_to_recover_where_nothing_can_be_read(folder):
    database = folder / "tierwatch.db"
    for left in folder.glob("tierwatch.db-*"):
        left.unlink()
    data = bytearray(database.read_bytes())
    data[100:4096] = b"\xff" * 3996  # the page that says where the tables lie
    database.write_bytes(data)
    words = refusal("recover", "saved.db")[1]
    assert "nothing of it can be read" in words
    assert "tierwatch recover" not in words


def test_the_demo_keeps_out_of_a_folder_that_it_cannot_use(tmp_path):
    code, words = refusal("demo", "--folder", "/proc/nowhere")
    assert (code, "choose another --folder" in words) == (1, True)
    (tmp_path / "config.toml").write_bytes(b"\xff not ours")
    assert "is not the demo's" in refusal("demo", "--folder", str(tmp_path))[1]


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e999"])
@pytest.mark.parametrize(
    "command",
    [
        ("probe", "vip/4k-high", "--max-cost"),
        ("triage", "--text", "x", "--live", "--max-cost"),
        ("triage", "--text", "x", "--elapsed"),
        ("classify", "--text", "x", "--elapsed"),
        ("backtest", "demo", "--runs", "1", "--budget"),
        ("simulate", "demo", "--listen", "x", "--speed"),
        ("simulate", "demo", "--listen", "x", "--skip-hours"),
        ("prescreen", "prompts", "--per-minute"),
        ("init", "new.toml", "--budget"),
    ],
)
def test_no_amount_is_nan_or_infinite(folder, command, number):
    """`--max-cost nan` would be no limit: nothing is more than nan."""
    code, words = refusal(*command, number)
    assert code == 2
    assert any(reason in words for reason in ("finite number", "not in the range"))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("alerts", "ack", "9" * 40), "not in the range"),
        (("alerts", "silence", "vip/*", "--for", "0h"), "--for 0h is no time at all"),
        (("triage", ""), "The id is empty"),
        (("triage", "--text", "x", "--sent-at", "9999-12-31"), "lies in the future"),
    ],
)
def test_values_that_mean_nothing_are_refused(folder, command, words):
    code, said = refusal(*command)
    assert code == 2
    assert words in said


def test_a_disk_that_fills_up_leaves_nothing_in_the_way(folder, monkeypatch):
    """A file of at most 100 bytes stands for a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        made = refusal("init", "new.toml")
        written = refusal("report", "--output", "report.html")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        signal.signal(signal.SIGXFSZ, before)
    assert "new.toml cannot be written: File too large; name another file" in made[1]
    assert "report.html cannot be written (File too large)" in written[1]
    assert not list(folder.glob("new.toml")) + list(folder.glob("*report.html*"))


def test_a_page_whose_port_is_taken_names_the_key_of_the_config(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        (folder / "config.toml").write_text(f'[page]\nlisten = "{listen}"\n{samples.CONFIG}')
        code, words = refusal("serve")
    assert (code, words.endswith("use another [page] listen in config.toml")) == (1, True)
