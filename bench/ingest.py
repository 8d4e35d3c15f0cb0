"""How fast own traffic is taken in, classified, against raw `executemany` of the same rows; and memory over many lines.

usage: python bench/ingest.py [LINES]

Both write the same rows into the same tables, indexes and durability, the raw way with everything made
beforehand: once in transactions of as many rows as ours, once in a single one. Rounds are interleaved.
Memory is the process's own, read while lines are taken in without a stop; the slope between the first
and the last quarter says what ten million lines would add.
"""

import contextlib
import datetime as dt
import json
import pathlib
import random
import sqlite3
import statistics
import sys
import tempfile
import time

from probe import config, records
from probe.own import files, intake
from probe.records import database

ROUNDS = 5
WHOLE = 10_000_000
TABLES = ("outcome", "evidence", "verdict", "request_id")
AT = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)

CONFIG = """
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "https://api.apiyi.com/v1"
model = "gpt-image-2-vip"
key_env = "KEY"
price_usd = 0.03
"""

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


def take(settings, path, database_path, watch=lambda _read: None):
    """Rows a second through the product's own way: lines, mapping, verdict, transactions of BATCH rows."""
    started = time.perf_counter()
    with records.open(database_path) as book:
        taking = intake.Intake(settings, book, lambda: dt.datetime.now(dt.UTC), source=files.source(path))
        for _ in taking.take(files.lines(path, None)):
            watch(taking.tally.read)
    assert taking.tally.new == taking.tally.read
    return taking.tally.new / (time.perf_counter() - started)


def rows_of(database_path):
    """Every row of the tables, as values."""
    with contextlib.closing(sqlite3.connect(database_path)) as connection:
        return {table: connection.execute(f"SELECT * FROM {table} ORDER BY seq").fetchall() for table in TABLES}


def raw(found, judgements, database_path, size):
    """Rows a second by `executemany` of rows that are there already; `size` outcomes a transaction."""
    records.open(database_path).close()
    count = len(found["outcome"])
    with contextlib.closing(database.writer(database_path, 5.0)) as connection:
        connection.executemany("INSERT INTO judgement VALUES (?, ?, ?, ?)", judgements)
        inserts = {table: f"INSERT INTO {table} VALUES ({', '.join('?' * len(found[table][0]))})" for table in TABLES}
        at = dict.fromkeys(TABLES, 0)
        started = time.perf_counter()
        for last in range(size, count + size, size):
            connection.execute("BEGIN IMMEDIATE")
            for table in TABLES:
                end = at[table]
                while end < len(found[table]) and found[table][end][SEQ[table]] <= last:
                    end += 1
                connection.executemany(inserts[table], found[table][at[table] : end])
                at[table] = end
            connection.execute("COMMIT")
        return count / (time.perf_counter() - started)


SEQ = {"outcome": 0, "evidence": 0, "verdict": 0, "request_id": 2}


def resident_mb():
    fields = pathlib.Path("/proc/self/statm").read_text().split()
    return int(fields[1]) * 4096 / 2**20


def speed(settings, folder, count):
    """Print rows a second and the ratios."""
    path = folder / "requests.ndjson"
    with path.open("w") as file:
        file.writelines(lines(count))
    take(settings, path, folder / "first.db")
    found = rows_of(folder / "first.db")
    with contextlib.closing(sqlite3.connect(folder / "first.db")) as connection:
        judgements = connection.execute("SELECT * FROM judgement").fetchall()
    ours, batched, single = [], [], []
    for number in range(ROUNDS):
        ours.append(take(settings, path, folder / f"ours-{number}.db"))
        batched.append(raw(found, judgements, folder / f"batched-{number}.db", intake.BATCH))
        single.append(raw(found, judgements, folder / f"single-{number}.db", count))
        for left in folder.glob(f"*-{number}.db*"):
            left.unlink()
    print(
        f"{count:,} lines, {ROUNDS} rounds, median rows/s (with {sum(map(len, found.values())) / count:.1f} rows in {len(TABLES)} tables each)"
    )
    print(f"  taken in and classified       {statistics.median(ours):10,.0f}")
    for name, speeds in ((f"raw, {intake.BATCH} a transaction", batched), ("raw, one transaction", single)):
        ratios = [mine / theirs for mine, theirs in zip(ours, speeds, strict=True)]
        print(
            f"  {name:28}  {statistics.median(speeds):10,.0f}   ratio {statistics.median(ratios):.2f}"
            f"  ({min(ratios):.2f}-{max(ratios):.2f}), target 0.25"
        )


def memory(settings, folder, count):
    """Print resident memory over the lines and what the slope would come to."""
    path = folder / "many.ndjson"
    with path.open("w") as file:
        file.writelines(lines(count, seed=2))
    seen = []
    take(settings, path, folder / "many.db", lambda read: seen.append((read, resident_mb())))
    quarter = len(seen) // 4
    (n0, m0), (n1, m1) = seen[quarter], seen[-1]
    slope = (m1 - m0) / (n1 - n0)
    print(f"memory: {seen[0][1]:.0f} MB at first, {m0:.1f} MB after {n0:,} lines, {m1:.1f} MB after {n1:,}")
    print(
        f"  {1e6 * slope:+.2f} MB a million lines; extrapolated to {WHOLE:,} lines: {m0 + slope * (WHOLE - n0):.0f} MB"
    )


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 30_000
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "config.toml").write_text(CONFIG)
        settings = config.load(folder / "config.toml")
        speed(settings, folder, count)
        memory(settings, folder, 4 * count)


if __name__ == "__main__":
    main()
