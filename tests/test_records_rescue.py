"""Backups of a live database, and what is saved of a damaged one."""

import contextlib
import random
import sqlite3

import pytest
import record_samples as samples

from probe import model, records
from probe.records import backup, history, rescue


@pytest.fixture
def database(tmp_path):
    """A database with 600 outcomes, each with a gateway id, and one intent; closed."""
    path = tmp_path / "tierwatch.db"
    with records.open(path) as book:
        book.reserve(samples.canary("in flight"), samples.AT, 5.0)
        book.store_all(
            samples.judged(f"id-{n:05d}", at=samples.minutes(n), gateway=[f"gateway-{n:05d}"]) for n in range(600)
        )
    return path


def everything(path):
    with history.open(path) as past:
        return list(past.outcomes())


def damage(path, table, *, pages=1, kind="leaf", spared_bytes=0):
    """Overwrite pages in the middle of a table, but for the first bytes of each."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
        sql = "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = ? ORDER BY path"
        found = [number for (number,) in connection.execute(sql, [table, kind])]
    middle = len(found) // 2
    with path.open("r+b") as file:
        for number in found[middle : middle + pages]:
            file.seek((number - 1) * page_bytes + spared_bytes)
            file.write(random.Random(number).randbytes(page_bytes - spared_bytes))


def test_a_backup_made_while_a_writer_goes_on_is_one_moment_in_one_sound_file(database, tmp_path):
    target = tmp_path / "copy.db"
    with records.open(database) as book:
        book.store(samples.outcome("last"), samples.verdict())
        backup.copy(database, target)
        book.store(samples.outcome("later"), samples.verdict())
    copied = {each.outcome.id for each in everything(target)}
    assert "last" in copied
    assert "later" not in copied
    assert not [each for each in tmp_path.iterdir() if each.name.startswith("copy.db") and each != target]
    with records.open(target) as book:
        assert book.store(samples.outcome("restored"), samples.verdict())


def test_a_backup_or_recovery_never_overwrites_a_file(database, tmp_path):
    target = tmp_path / "precious"
    target.write_text("precious")
    for copying in (backup.copy, rescue.recover):
        with pytest.raises(records.RecordsError, match="never overwritten"):
            copying(database, target)
    assert target.read_text() == "precious"


def test_a_damaged_database_is_not_passed_off_as_a_backup(database, tmp_path):
    damage(database, "evidence")
    with pytest.raises(records.RecordsError, match="damaged"):
        backup.copy(database, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_reader_refuses_a_damaged_database_of_weeks_rather_than_read_less_of_it(tmp_path):
    path = tmp_path / "tierwatch.db"
    with records.open(path) as book:
        book.store_all(samples.judged(f"id-{n:05d}", at=samples.minutes(n)) for n in range(2500))
    damage(path, "evidence", spared_bytes=8)
    assert path.stat().st_size > 2**20
    with pytest.raises(records.RecordsError, match="damaged"):
        history.open(path)


def test_recovering_a_sound_database_loses_nothing(database, tmp_path):
    done = rescue.recover(database, tmp_path / "saved.db")
    assert sum(done.lost.values()) == 0
    assert everything(tmp_path / "saved.db") == everything(database)
    with history.open(tmp_path / "saved.db") as past:
        assert [each.outcome.id for each in past.find("gateway-00007")] == ["id-00007"]
        assert [each.id for each in past.open_intents()] == ["in flight"]


def test_recovering_saves_all_but_the_rows_of_a_damaged_page(database, tmp_path):
    before = {each.outcome.id: each for each in everything(database)}
    content = database.read_bytes()
    damage(database, "outcome")
    damaged = database.read_bytes()
    assert damaged != content
    done = rescue.recover(database, tmp_path / "saved.db")
    saved = everything(tmp_path / "saved.db")
    assert 0 < done.lost["outcome"] < 100
    assert len(saved) == done.saved["outcome"] == 600 - done.lost["outcome"]
    assert all(before[each.outcome.id] == each for each in saved)
    assert database.read_bytes() == damaged
    records.open(tmp_path / "saved.db").close()


@pytest.mark.parametrize("table", ["outcome", "evidence", "verdict"])
def test_rows_that_vanish_from_a_damaged_page_without_an_error_are_told_as_lost(database, tmp_path, table):
    damage(database, table, spared_bytes=8)  # the page's own header stays sound
    done = rescue.recover(database, tmp_path / "saved.db")
    assert done.lost[table] > 0
    assert done.saved[table] + done.lost[table] == 600


def test_a_file_that_was_cut_gives_back_what_is_left(database, tmp_path):
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    content = database.read_bytes()
    cut = content[: len(content) * 3 // 4 // 4096 * 4096]
    database.write_bytes(cut)
    done = rescue.recover(database, tmp_path / "saved.db")
    assert done.saved["outcome"] > 0
    assert done.lost["outcome"] is None or done.saved["outcome"] + done.lost["outcome"] == 600
    assert len(everything(tmp_path / "saved.db")) == done.saved["outcome"]
    assert database.read_bytes() == cut
    assert {each.name for each in tmp_path.iterdir() if each.is_dir()} == set()


def test_outcomes_that_lost_their_verdict_are_judged_again(database, tmp_path):
    damage(database, "verdict", pages=2)
    done = rescue.recover(database, tmp_path / "saved.db")
    assert done.judged_again == done.lost["verdict"] > 0
    saved = everything(tmp_path / "saved.db")
    assert len(saved) == 600
    assert {each.verdict.kind for each in saved} == {samples.VERDICT.kind}


def test_outcomes_that_lost_their_evidence_keep_their_verdict(database, tmp_path):
    damage(database, "evidence", pages=3)
    done = rescue.recover(database, tmp_path / "saved.db")
    saved = everything(tmp_path / "saved.db")
    assert len(saved) == 600
    assert sum(each.outcome.evidence == model.Evidence() for each in saved) == done.lost["evidence"] > 0


def test_a_table_whose_root_is_damaged_is_lost_without_the_others(database, tmp_path):
    damage(database, "evidence", kind="internal")
    done = rescue.recover(database, tmp_path / "saved.db")
    assert (done.saved["evidence"], done.lost["evidence"]) == (0, 600)
    assert done.saved["outcome"] == 600


def test_rows_that_had_their_time_are_not_told_as_lost(database, tmp_path):
    with records.open(database) as book:
        book.archive.keep_since(samples.AT.replace(hour=4, minute=0))
        book.archive.remove([*range(1, 102), 300, 301])
    damage(database, "outcome")
    done = rescue.recover(database, tmp_path / "saved.db")
    assert done.lost["outcome"] > 0
    assert done.saved["outcome"] + done.lost["outcome"] == 600 - 103


def test_how_many_were_lost_is_left_open_where_nothing_tells_how_many_there_were(database, tmp_path):
    for table in ("intent", "intent_state", "intent_budget_day", "sqlite_autoindex_intent_1"):
        damage(database, table)
    done = rescue.recover(database, tmp_path / "saved.db")
    assert (done.saved["intent"], done.lost["intent"]) == (0, None)


def test_evidence_that_is_no_json_any_more_is_told_as_lost(database, tmp_path):
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE evidence SET facts = '{' WHERE seq IN (7, 8)")
        connection.commit()
    done = rescue.recover(database, tmp_path / "saved.db")
    assert (done.saved["evidence"], done.lost["evidence"]) == (598, 2)


@pytest.mark.parametrize("spared_bytes", [0, 8])
def test_a_table_without_rowid_is_saved_from_both_ends_and_what_lies_between_is_told_as_lost(
    database, tmp_path, spared_bytes
):
    months = [f"{1970 + n // 12}-{n % 12 + 1:02}" for n in range(600)]
    with contextlib.closing(sqlite3.connect(database)) as connection:
        rows = [(month, *samples.PATH, 0, 0, 0, 0, 0, 0, "[]") for month in months]
        connection.executemany("INSERT INTO month VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    damage(database, "month", spared_bytes=spared_bytes)
    done = rescue.recover(database, tmp_path / "saved.db")
    with contextlib.closing(sqlite3.connect(tmp_path / "saved.db")) as connection:
        saved = [month for (month,) in connection.execute("SELECT month FROM month ORDER BY month")]
    assert done.lost["month"] is None
    assert done.saved["month"] == len(saved) < 600
    assert (saved[0], saved[-1]) == (months[0], months[-1])
    assert {*saved} < {*months}


def counted(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT hour, sum(count) FROM rollup GROUP BY 1 ORDER BY 1").fetchall()


def set_since(path, since):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE kept SET since = ?", [since])
        connection.commit()


@pytest.mark.parametrize(
    "lose",
    [
        lambda path: damage(path, "kept"),
        lambda path: set_since(path, "0\x00\x7f"),
        lambda path: set_since(path, "9026-08-13T04:00:00.000Z"),
    ],
    ids=["unreadable", "garbled", "in time to come"],
)
def test_what_removed_outcomes_counted_stays_where_it_is_lost_since_when_they_are_kept(database, tmp_path, lose):
    since = samples.AT.replace(hour=4, minute=0)
    with records.open(database) as book:
        book.archive.keep_since(since)
        book.archive.remove(range(1, 102))  # all that were sent before
    before = counted(database)
    assert sum(count for _, count in before) == 600
    lose(database)
    done = rescue.recover(database, tmp_path / "saved.db")
    assert (done.saved["kept"], done.lost["kept"]) == (0, 1)
    assert done.kept_since == since
    assert counted(tmp_path / "saved.db") == before
    with history.open(tmp_path / "saved.db") as past:
        assert past.archived.kept_since() == since


def test_nothing_is_told_by_counts_alone_where_every_outcome_is_there(database, tmp_path):
    damage(database, "kept")
    done = rescue.recover(database, tmp_path / "saved.db")
    assert done.kept_since is None
    assert counted(tmp_path / "saved.db") == counted(database)
    with history.open(tmp_path / "saved.db") as past:
        assert past.archived.kept_since() is None


def test_counts_by_hour_stay_where_the_outcomes_themselves_are_lost_too(database, tmp_path):
    before = counted(database)
    for table in ("kept", "outcome"):
        damage(database, table, pages=1000, kind="leaf")
    damage(database, "outcome", kind="internal")
    done = rescue.recover(database, tmp_path / "saved.db")
    assert done.saved["outcome"] == 0
    assert done.kept_since == samples.AT.replace(hour=13, minute=0)
    assert counted(tmp_path / "saved.db") == before


def test_what_is_no_database_cannot_be_recovered_and_leaves_no_file(tmp_path):
    (tmp_path / "picture.db").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(5000))
    with pytest.raises(records.RecordsError, match="not a tierwatch database"):
        rescue.recover(tmp_path / "picture.db", tmp_path / "saved.db")
    assert not (tmp_path / "saved.db").exists()
