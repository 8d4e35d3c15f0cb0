"""Every schema that was ever written opens in this version, with its rows."""

import contextlib
import pathlib
import re
import sqlite3

import pytest
import record_samples as samples

from probe import records
from probe.records import history, schema

DUMPS = pathlib.Path(__file__).parent / "schemas"


def build(dump, path):
    """A database as that version left it."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))


def structure(path):
    """Every CREATE statement, without differences in white space."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {(kind, name): re.sub(r"\s+", " ", sql).strip() for kind, name, sql in rows}


@pytest.mark.parametrize("version", range(1, schema.VERSION + 1))
def test_a_database_of_each_earlier_schema_is_brought_up_to_date_with_its_rows(version, tmp_path):
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    build(DUMPS / f"{version}.sql", old)
    with records.open(old) as book:
        assert book.store(samples.outcome("stored after"), samples.verdict())
    records.open(new).close()
    assert structure(old) == structure(new)
    with history.open(old) as past:
        assert [each.outcome.id for each in past.outcomes()] == ["stored before", "stored after"]
        assert past.spent_usd(samples.AT.date()) == 0.05
        assert len(past.find("req_0123456789abcdef")) >= 1


def test_an_older_schema_is_not_read_but_the_remedy_is_named(tmp_path):
    path = tmp_path / "t.db"
    records.open(path).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 0")
    with pytest.raises(records.RecordsError, match=r"schema 0.*Restart the daemon"):
        history.open(path)


def test_every_table_is_strict(tmp_path):
    path = tmp_path / "t.db"
    records.open(path).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        loose = connection.execute("SELECT name FROM pragma_table_list WHERE NOT strict AND name NOT LIKE 'sqlite%'")
        assert loose.fetchall() == []


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "t.db"
    records.open(path).close()
    before = structure(path)

    broken = ("CREATE TABLE half (a TEXT) STRICT",) * 2
    monkeypatch.setattr(schema, "VERSIONS", (*schema.VERSIONS, broken))
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    with pytest.raises(records.RecordsError, match="already exists"):
        records.open(path)
    assert structure(path) == before
