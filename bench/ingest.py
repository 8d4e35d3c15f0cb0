"""How fast own traffic is taken in, classified, against raw `executemany` of the same rows; and memory over many lines.

    python bench/ingest.py [LINES [MEMORY_LINES]]

Ours is what `tierwatch ingest FILE` does: lines read, parsed, mapped to paths, judged, looked up among what is
stored, committed batch by batch with the place reached. Raw is SQLite alone: every column of every row made
beforehand, the same tables, indexes, foreign keys and durability (WAL, synchronous=FULL), once in transactions
of as many rows as ours, once in a single one; it checkpoints as SQLite does by itself, at 4 MB of WAL as ours.
Both use one thread of one process. Rounds are interleaved; a ratio is that of one round. The same lines are also
taken in by configs with rules of their own: three that ask for words, one that may hold of a picture.

Memory is the process's own, read while lines are taken in without a stop. LINES by default 100,000 (0: none),
MEMORY_LINES (0: none too) four times as many; 10,000,000 need 25 GB of disk.
"""

import argparse
import contextlib
import datetime as dt
import json
import pathlib
import random
import sqlite3
import statistics
import tempfile
import time

from probe import config, records
from probe.own import intake, taking
from probe.records import database

ROUNDS = 3
TABLES = ("outcome", "evidence", "verdict", "request_id")
AT = dt.datetime(2025, 12, 1, tzinfo=dt.UTC)

CONFIG = """
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "https://api.apiyi.com/v1"
model = "gpt-image-2-vip"
key_env = "KEY"
price_usd = 0.03
"""

RULES = {
    "with rules of words": """
[[rule]]
name = "saturated"
kind = "overloaded"
literals = ["upstream is saturated"]
[[rule]]
name = "sorry"
kind = "processing_error"
pattern = "sorry, .* went wrong"
[[rule]]
name = "full"
kind = "quota_exhausted"
codes = ["wallet_empty"]
""",
    "with one of pictures": """
[[rule]]
name = "cut"
kind = "timeout"
status = [200]
when = ["at_wall"]
""",
}

FAILURES = (
    (
        500,
        '{"error": {"message": "An error occurred while processing your request. Please include the request ID %s in your message.", "type": "server_error", "code": null}}',
    ),
    (
        429,
        '{"error": {"message": "The upstream is saturated, please try again later (request id: %s)", "type": "shell_api_error", "code": "overloaded"}}',
    ),
    (
        400,
        '{"error": {"message": "Your request was rejected by the safety system. (request id: %s)", "type": "invalid_request_error", "code": "moderation_blocked"}}',
    ),
    (
        504,
        "<html><head><title>504 Gateway Time-out</title></head><body><center><h1>504 Gateway Time-out</h1></center></body></html>",
    ),
)


def lines(count, seed=1, failing=0.05):
    """So many requests, 5 % failing in different ways, as the recorder writes them."""
    draw = random.Random(seed)
    for number in range(count):
        at = AT + dt.timedelta(seconds=2 * number)
        line = {
            "schema_version": 1, "id": f"01a20d60-4080-71b5-{seed:04x}-{number:012x}", "batch": "nightly",
            "sent_at": at.isoformat(timespec="milliseconds"), "elapsed_s": round(90 * draw.lognormvariate(0, 0.3), 3),
            "headers_s": 80.1, "url": "https://api.apiyi.com/v1/images/generations", "model": "gpt-image-2-vip",
            "size": "3840x2160", "quality": "high", "operation": "generate", "attempt": 1,
            "prompt_id": f"own-{draw.getrandbits(64):016x}", "status": 200,
            "headers": {"content-type": "application/json", "request-id": f"20260801{draw.getrandbits(80):024x}"},
        }  # fmt: skip
        if draw.random() < failing:
            status, text = draw.choice(FAILURES)
            line |= {"status": status, "text": text % f"{draw.getrandbits(128):032x}" if "%s" in text else text}
        else:
            picture = {"format": "png", "width": 3840, "height": 2160, "bytes": 16_000_000}
            line |= {"image_tokens": 13342, "picture_count": 1, "picture": picture}
        yield json.dumps(line) + "\n"


def take(folder, path, watch=lambda _read: None):
    """(rows a second, CPU seconds a row) in the command's own way, into a new database."""
    settings = config.load(folder / "config.toml")
    database_path = config.database(folder / "config.toml")
    started, began = time.perf_counter(), time.process_time()
    with records.open(database_path) as book:
        run = taking.Run(settings, book, database_path, lambda: dt.datetime.now(dt.UTC), print, progress(watch))
        run.take_files([str(path)])
    (tally,) = run.tallies.values()
    assert tally.new == tally.read
    return tally.new / (time.perf_counter() - started), (time.process_time() - began) / tally.new


def take_with(folder, path, rules):
    (folder / "config.toml").write_text(CONFIG + rules)
    try:
        return take(folder, path)
    finally:
        (folder / "config.toml").write_text(CONFIG)


def progress(watch):
    @contextlib.contextmanager
    def bar(_size, _unit):
        yield watch

    return bar


def rows_of(database_path):
    """Every row of the tables, as values."""
    with contextlib.closing(sqlite3.connect(database_path)) as connection:
        return {table: connection.execute(f"SELECT * FROM {table} ORDER BY seq").fetchall() for table in TABLES}


def raw(found, judgements, database_path, size):
    """The same by `executemany` of rows that are there already; `size` outcomes a transaction."""
    records.open(database_path).close()
    count = len(found["outcome"])
    with contextlib.closing(database.writer(database_path, 5.0)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 1000").fetchone()  # SQLite's own default
        connection.executemany("INSERT INTO judgement VALUES (?, ?, ?, ?)", judgements)
        inserts = {table: f"INSERT INTO {table} VALUES ({', '.join('?' * len(found[table][0]))})" for table in TABLES}
        at = dict.fromkeys(TABLES, 0)
        started, began = time.perf_counter(), time.process_time()
        for last in range(size, count + size, size):
            connection.execute("BEGIN IMMEDIATE")
            for table in TABLES:
                end = at[table]
                while end < len(found[table]) and found[table][end][SEQ[table]] <= last:
                    end += 1
                connection.executemany(inserts[table], found[table][at[table] : end])
                at[table] = end
            connection.execute("COMMIT")
        return count / (time.perf_counter() - started), (time.process_time() - began) / count


SEQ = {"outcome": 0, "evidence": 0, "verdict": 0, "request_id": 2}


def resident_mb():
    fields = pathlib.Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * 4096 / 2**20


def speed(folder, count):
    """Print rows a second and the ratios."""
    path, database_path = folder / "requests.ndjson", folder / "tierwatch.db"
    with path.open("w") as file:
        file.writelines(lines(count))
    take(folder, path)
    found = rows_of(database_path)
    with contextlib.closing(sqlite3.connect(database_path)) as connection:
        judgements = connection.execute("SELECT * FROM judgement").fetchall()
    ways = {
        "taken in and classified": lambda: take(folder, path),
        **{name: lambda rules=rules: take_with(folder, path, rules) for name, rules in RULES.items()},
        f"raw, {intake.BATCH:,} a transaction": lambda: raw(found, judgements, database_path, intake.BATCH),
        "raw, one transaction": lambda: raw(found, judgements, database_path, count),
    }
    seen = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            forget(folder)
            seen[name].append(way())
    print(
        f"{count:,} lines, {ROUNDS} rounds, medians, one core "
        f"({sum(map(len, found.values())) / count:.1f} rows in {len(TABLES)} tables each)"
    )
    ours = seen["taken in and classified"]
    for name, theirs in seen.items():
        speeds, cpu_s = ([each[part] for each in theirs] for part in (0, 1))
        told = f"  {name:28} {statistics.median(speeds):8,.0f}/s, {1e6 * statistics.median(cpu_s):5.1f} us of CPU each"
        if theirs is not ours:
            ratios = [mine[0] / other[0] for mine, other in zip(ours, theirs, strict=True)]
            busy = [other[1] / mine[1] for mine, other in zip(ours, theirs, strict=True)]
            told += (
                f"; ratio {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
                f", by CPU {statistics.median(busy):.2f} ({min(busy):.2f}-{max(busy):.2f})"
            )
            told += "" if name in RULES else "; target 0.25"
        print(told)


def forget(folder):
    for left in folder.glob("tierwatch.db*"):
        left.unlink()


def memory(folder, count):
    """Print resident memory and the time gone by at each tenth of the lines."""
    forget(folder)
    path = folder / "many.ndjson"
    with path.open("w") as file:
        file.writelines(lines(count, seed=2))
    size, began, parts = path.stat().st_size, time.perf_counter(), iter(range(1, 11))
    print(f"memory over {count:,} lines ({size / 2**20:,.0f} MB), resident:", flush=True)
    due = next(parts)

    def watch(done):
        nonlocal due
        while due and done >= size * due / 10:
            print(f"  {10 * due:3}%  {resident_mb():6.1f} MB after {time.perf_counter() - began:5.0f} s", flush=True)
            due = next(parts, None)

    rows_a_second, _ = take(folder, path, watch)
    print(f"  {rows_a_second:,.0f} rows a second")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=int, nargs="?", default=100_000)
    parser.add_argument("memory_lines", type=int, nargs="?")
    asked = parser.parse_args()
    count = asked.lines
    many = 4 * count if asked.memory_lines is None else asked.memory_lines
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "config.toml").write_text(CONFIG)
        if count:
            speed(folder, count)
        if many:
            memory(folder, many)


if __name__ == "__main__":
    main()
