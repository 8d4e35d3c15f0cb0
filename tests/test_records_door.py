"""Opening the database, refusing what is not ours, and what happens when it cannot be written."""

import contextlib
import fcntl
import os
import sqlite3
import subprocess
import sys
import threading

import pytest
import record_samples as samples

from probe import records
from probe.records import history


def refused(path, match):
    """Both doors refuse the file, and neither changes it."""
    before = path.read_bytes()
    for opened in (records.open, history.open):
        with pytest.raises(records.RecordsError, match=match) as caught:
            opened(path)
        assert str(path) in str(caught.value)
    assert path.read_bytes() == before


@pytest.fixture
def database(tmp_path):
    """A database with 800 outcomes, closed."""
    path = tmp_path / "tierwatch.db"
    with records.open(path) as book:
        book.store_all(samples.judged(f"id-{n:05d}", at=samples.minutes(n)) for n in range(800))
    return path


def test_opening_makes_the_database_and_leaves_no_other_file_but_the_lock(tmp_path):
    records.open(tmp_path / "new.db").close()
    assert {each.name for each in tmp_path.iterdir()} == {"new.db", "new.db.lock"}


def test_a_missing_folder_is_named_with_the_remedy(tmp_path):
    with pytest.raises(records.UnavailableError, match=r"absent.*folder exists"):
        records.open(tmp_path / "absent" / "t.db")


def test_reading_without_a_database_names_the_commands_that_make_one(tmp_path):
    with pytest.raises(records.RecordsError, match="tierwatch daemon"):
        history.open(tmp_path / "t.db")


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n" + bytes(5000), b"SQLite format 3\x00" + bytes(40)])
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "t.db"
    path.write_bytes(content)
    refused(path, "not a tierwatch database|damaged")


def test_another_programs_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "t.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE outcome (id TEXT)")
        connection.commit()
    refused(path, "not a tierwatch database")


def test_a_truncated_database_is_refused_and_left_alone(database):
    os.truncate(database, database.stat().st_size // 2)
    refused(database, "damaged.*recover")


def test_a_damaged_leaf_page_is_found_when_the_database_is_opened(database):
    with contextlib.closing(sqlite3.connect(database)) as connection:
        (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
        page = connection.execute("SELECT pageno FROM dbstat WHERE name = 'outcome' AND pagetype = 'leaf'").fetchone()[
            0
        ]
    with database.open("r+b") as file:
        file.seek((page - 1) * page_bytes)
        file.write(b"\xa5" * page_bytes)
    refused(database, "damaged.*recover")


def test_a_wal_file_without_its_database_is_not_written_over(tmp_path):
    left = tmp_path / "t.db-wal"
    left.write_bytes(b"results")
    with pytest.raises(records.RecordsError, match="may hold results"):
        records.open(tmp_path / "t.db")
    assert left.read_bytes() == b"results"


def test_a_newer_schema_is_read_but_not_written_and_both_versions_are_named(database):
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(records.RecordsError, match=r"schema 999.* schema \d+"):
        records.open(database)
    with history.open(database) as past:
        assert next(past.outcomes()).outcome.id == "id-00000"


def test_a_schema_raised_by_a_newer_program_meanwhile_stops_the_next_write(database):
    with records.open(database) as book:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA user_version = 999")
        with pytest.raises(records.RecordsError, match="schema 999"):
            book.beat(samples.AT, pid=1, digest="d", stale_after_s=60)


def test_a_database_replaced_while_it_is_open_is_not_written_to_unseen(database, tmp_path):
    with records.open(database) as book:
        moved = database.rename(tmp_path / "moved.db")
        with pytest.raises(records.RecordsError, match="moved, removed or replaced"):
            book.store(*as_pair("lost"))
        records.open(database).close()
        with pytest.raises(records.RecordsError, match="moved, removed or replaced"):
            book.store(*as_pair("lost"))
        moved.replace(database)
        assert book.store(*as_pair("kept"))


def test_what_was_stored_before_a_full_disk_stays_and_writing_goes_on_when_space_returns(tmp_path):
    path = tmp_path / "t.db"
    with records.open(path) as book:
        book.store(*as_pair("before"))
        connection = book._door._connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}").fetchone()
        many = [samples.judged(f"id-{n}") for n in range(100)]
        with pytest.raises(records.UnavailableError, match="disk is full"):
            book.store_all(many)
        connection.execute("PRAGMA max_page_count = 1000000").fetchone()
        assert book.store(*as_pair("after"))
    with history.open(path) as past:
        assert [each.outcome.id for each in past.outcomes()] == ["before", "after"]


def test_an_io_error_is_told_as_one_and_writing_goes_on_when_it_is_over(tmp_path):
    script = """
import pathlib, resource, sys
import record_samples as samples
from probe import records
book = records.open(pathlib.Path(sys.argv[1]))
book.reserve(samples.canary("first"), samples.AT, 5.0)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
try:
    book.store(samples.outcome("first"), samples.verdict(would_decide="x" * 30_000))
except records.UnavailableError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
print(book.store(samples.outcome("first"), samples.verdict()))
"""
    done = python(script, tmp_path / "t.db")
    assert "I/O error" in done.stdout
    assert done.stdout.endswith("True\n")


def test_a_write_that_waits_too_long_for_the_lock_says_who_may_hold_it(tmp_path):
    path = tmp_path / "t.db"
    with records.open(path, lock_wait_s=0.05) as book, (tmp_path / "t.db.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(records.UnavailableError, match="fuser"):
            book.reserve(samples.canary("one"), samples.AT, 5.0)


def test_a_program_without_our_lock_that_holds_the_database_is_told_as_locked(tmp_path):
    path = tmp_path / "t.db"
    with records.open(path, lock_wait_s=0.05) as book, contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(records.UnavailableError, match=r"locked.*SQLITE_BUSY"):
            book.reserve(samples.canary("one"), samples.AT, 5.0)
        other.rollback()
        book.reserve(samples.canary("one"), samples.AT, 5.0)


def test_readers_that_cannot_write_beside_the_database_read_it_as_it_is(database):
    # SQLite cannot make its file there, as on a read-only file system.
    database.with_name(database.name + "-shm").symlink_to("/nonexistent/shm")
    with history.open(database) as past:
        assert past.immutable
        assert len(past.paths()) == 1


def test_a_reader_keeps_its_view_while_a_writer_goes_on(database):
    with records.open(database) as book, history.open(database) as past:
        before = past.size()
        book.store(*as_pair("later", at=samples.minutes(9999)))
        assert past.size() == before
        with history.open(database) as fresh:
            assert fresh.size() == before + 1


def test_the_wal_file_does_not_grow_without_end_and_readers_do_not_stop_the_writer(tmp_path):
    path = tmp_path / "t.db"
    with records.open(path) as book:
        with history.open(path) as past:
            assert past.size() == 0
            book.store_all(samples.judged(f"a-{n}") for n in range(6000))
        book.store(*as_pair("one more"))
        assert (tmp_path / "t.db-wal").stat().st_size < 100_000


def test_several_threads_may_write_at_once(tmp_path):
    path = tmp_path / "t.db"
    with records.open(path) as book:
        threads = [
            threading.Thread(target=lambda part=part: [book.store(*as_pair(f"{part}-{n}")) for n in range(20)])
            for part in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with history.open(path) as past:
        assert past.size() == 80


def test_a_second_daemon_is_refused_with_the_pid_of_the_first(tmp_path):
    path = tmp_path / "t.db"
    pid = f"PID {os.getpid()}"
    with records.daemon_lock(path), pytest.raises(records.RecordsError, match=pid), records.daemon_lock(path):
        pass
    with records.daemon_lock(path):
        pass


def test_the_pid_is_awaited_where_the_first_daemon_has_just_taken_the_lock(tmp_path):
    path = tmp_path / "t.db"
    beside = tmp_path / "t.db.daemon.lock"
    with beside.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        written = threading.Timer(0.2, lambda: beside.write_text("4711\n"))
        written.start()
        with pytest.raises(records.RecordsError, match="PID 4711"), records.daemon_lock(path):
            pass
        written.join()


def test_another_sqlite_library_that_is_installed_is_not_used(tmp_path):
    package = tmp_path / "installed" / "pysqlite3"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from sqlite3 import *\nfrom pysqlite3 import dbapi2\n")
    (package / "dbapi2.py").write_text(
        "from sqlite3.dbapi2 import *\n"
        "class OperationalError(Exception): pass\n"
        "def connect(*args, **more): raise OperationalError('the other library')\n"
    )
    script = f"""
import pathlib, sys
sys.path.insert(0, {str(package.parent)!r})
import record_samples as samples
from probe import records
from probe.records import database, history
path = pathlib.Path(sys.argv[1])
with records.open(path) as book:
    book.reserve(samples.canary("one"), samples.AT, 5.0)
    book.store(samples.outcome("one"), samples.verdict())
print("pysqlite3" in sys.modules, history.open(path).size())
"""
    assert python(script, tmp_path / "t.db").stdout == "True 1\n"


def test_reading_loads_neither_sqlite_utils_nor_numpy():
    done = python(
        "import sys\nimport probe.records.history\nprint({'sqlite_utils', 'numpy', 'httpx'} & set(sys.modules))"
    )
    assert done.stdout == "set()\n"


def as_pair(name, **fields):
    judged = samples.judged(name, **fields)
    return judged.outcome, judged.verdict


def python(script, *args):
    """Run a script in a process of its own, with this folder importable."""
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, args)],
        env=samples.ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
