"""The commands on stored data: backup, recover, rejudge."""

import contextlib
import json
import sqlite3

import click.testing
import pytest
import record_samples as samples

from probe import commands, model, records


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return samples.folder(tmp_path, *(samples.judged(f"id-{n}", kind=model.Kind.UNKNOWN) for n in range(3)))


def run(*words):
    return click.testing.CliRunner().invoke(commands.program, words, prog_name="tierwatch")


def test_backup_tells_what_it_copied(folder):
    result = run("backup", "copy.db")
    assert result.exit_code == 0
    assert "3 outcomes" in result.output
    assert (folder / "copy.db").exists()


def test_recover_tells_what_was_saved_and_exits_with_0_when_nothing_was_lost(folder):
    result = run("recover", "saved.db", "--json")
    assert result.exit_code == 0
    assert json.loads(result.output)["saved"]["outcome"] == 3
    assert "is sound" in run("recover", "again.db").output


def test_recover_says_since_when_outcomes_are_kept_where_that_was_lost(folder):
    with records.open(folder / "tierwatch.db") as book:
        book.archive.keep_since(samples.AT.replace(hour=3, minute=0))
        book.archive.remove([1, 2])
    with contextlib.closing(sqlite3.connect(folder / "tierwatch.db")) as connection:
        connection.execute("UPDATE kept SET since = 'garbled'")
        connection.commit()
    result = run("recover", "saved.db")
    assert result.exit_code == 1
    assert "2026-08-13 03:00 UTC" in result.output
    assert json.loads(run("recover", "again.db", "--json").output)["kept_since"] == "2026-08-13T03:00:00.000Z"


def test_rejudge_says_what_changed_and_can_be_undone(folder):
    assert "3  unknown -> processing_error" in run("rejudge").output
    assert "3 verdicts are back" in run("rejudge", "--undo").output
    assert "nothing to undo" in run("rejudge", "--undo").output


def test_rejudge_uses_the_rules_of_the_config(folder):
    own = '[[rule]]\nname = "mine"\nkind = "overloaded"\nliterals = ["had an error processing"]\n'
    (folder / "config.toml").write_text(samples.CONFIG + own)
    document = json.loads(run("rejudge", "--json").output)
    assert document["kinds"] == [{"from": "unknown", "to": "overloaded", "count": 3}]


def test_rejudge_without_a_database_makes_none(folder):
    (folder / "tierwatch.db").unlink()
    result = run("rejudge")
    assert isinstance(result.exception, records.RecordsError)
    assert not (folder / "tierwatch.db").exists()


def test_what_is_exported_can_be_imported_once(folder):
    assert run("export", "--output", "out.ndjson").exit_code == 0
    (folder / "tierwatch.db").unlink()
    assert "3 outcomes added" in run("import", "out.ndjson").output
    assert "0 outcomes added" in run("import", "out.ndjson").output
    assert run("export").output == (folder / "out.ndjson").read_text()


def test_export_never_overwrites_a_file(folder):
    assert run("export", "--output", "config.toml").exit_code == 2
    assert (folder / "config.toml").read_text() == samples.CONFIG


def test_export_takes_a_period(folder):
    assert run("export", "--since", "2026-08-14").output == ""
    assert len(run("export", "--until", "2026-08-14").output.splitlines()) == 3


def test_import_names_the_file_and_the_line_that_is_wrong(folder):
    (folder / "bad.ndjson").write_text("{}\n")
    assert "bad.ndjson: line 1" in str(run("import", "bad.ndjson").exception)
