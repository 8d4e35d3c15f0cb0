"""R2: power loss at any moment: the database opens, is sound, and holds everything that was acknowledged.

A writer is recorded by strace; then, for each crash point, the files are rebuilt as a disk may have kept
them: all up to the last sync of each file, and of what came after it none, all, a random part, or a part
torn at sectors of 512 bytes.
"""

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess

import board
import installation

WRITER = """
import datetime as dt, os, pathlib, sys
sys.path.insert(0, {tests!r})
import record_samples
from probe import records
from probe.records import door
door.CHECKPOINT_BYTES = 60_000  # many checkpoints in a short recording
book = records.open(pathlib.Path("tierwatch.db"))
for number in range({rows}):
    name = f"0000-{{number:06d}}"
    book.reserve(record_samples.canary(name, slot=number), record_samples.AT, 1e9)
    os.write(2, f"ACK intent {{name}}\\n".encode())
    book.store(record_samples.outcome(name, slot=number), record_samples.VERDICT)
    os.write(2, f"ACK outcome {{name}}\\n".encode())
book.close()
"""
SYNCED, SECTOR = ("fsync", "fdatasync"), 512
CALL = re.compile(
    r"^\d+\s+(openat|close|pwrite64|write|ftruncate|fsync|fdatasync|unlink|rename)\((.*)\)\s+= (-?\d+)", re.DOTALL
)
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def measure(case):
    board.need("strace")
    folder = case.path("writer")
    events = record(folder, case.times(150, 1000))
    points = case.times(1000, 20_000)
    corrupt = lost = 0
    for _turn in range(points):
        moment = case.draw.randrange(len(events))
        sound, missing = crash(case.folder / "disk", events[:moment], case.draw)
        corrupt += not sound
        lost += bool(missing)
        shutil.rmtree(case.folder / "disk", ignore_errors=True)
    n = f"{points} crash points in {len(events)} calls"
    yield case.row("power loss: databases damaged", corrupt, n, at_most=0)
    yield case.row("power loss: acknowledged rows lost (trials)", lost, n, at_most=0)


def record(folder, rows):
    """The file events of one writer: (call, file, ...) in order."""
    trace = folder / "trace"
    program = WRITER.format(tests=str(installation.ROOT / "tests"), rows=rows)
    words = ["strace", "-f", "-xx", "-s", "70000", "-o", str(trace)]
    words += ["-e", "trace=openat,close,pwrite64,write,ftruncate,fsync,fdatasync,unlink,rename"]
    environment = {**os.environ, "PYTHONPATH": installation.SEARCHED}
    done = subprocess.run(
        [*words, installation.PYTHON, "-c", program], cwd=folder, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return list(events_of(trace.read_text(), folder))


def events_of(text, folder):
    opened = {}
    for line in text.splitlines():
        found = CALL.match(line)
        if not found or int(found[3]) < 0:
            continue
        call, words, result = found[1], found[2], int(found[3])
        texts = [bytes.fromhex(each.replace("\\x", "")) for each in TEXT.findall(words)]
        number = words.split(",")[0]
        if call == "openat":
            name = os.path.basename(texts[0].decode(errors="replace"))
            if name.startswith("tierwatch.db") and not name.endswith((".lock", "-shm")):
                opened[str(result)] = name
                yield ("open", name)
            else:
                opened.pop(str(result), None)
        elif call == "close":
            opened.pop(number, None)
        elif call == "write" and number == "2" and texts and texts[0].startswith(b"ACK"):
            yield ("ack", *texts[0].decode().split()[1:])
        elif call == "unlink" and texts and os.path.basename(texts[0]).startswith(b"tierwatch.db"):
            yield ("unlink", os.path.basename(texts[0].decode()))
        elif call == "rename":
            old, new = (os.path.basename(each.decode()) for each in texts)
            opened = {key: new if name == old else name for key, name in opened.items()}
            yield ("rename", old, new)
        elif number in opened:
            if call == "pwrite64":
                yield ("write", opened[number], int(words.rsplit(",", 1)[1]), texts[0])
            elif call == "ftruncate":
                yield ("truncate", opened[number], int(words.split(",")[1]))
            elif call in SYNCED:
                yield ("sync", opened[number])


def crash(folder, events, draw):
    """Build what the disk kept; (is it sound?, acknowledged rows that are missing)."""
    durable, pending, acknowledged = {}, {}, {"intent": set(), "outcome": set()}
    for event in events:
        kind, name = event[0], event[1]
        if kind == "ack":
            acknowledged[event[1]].add(event[2])
        elif kind in ("write", "truncate"):
            pending.setdefault(name, []).append(event)
        elif kind == "sync":
            apply(durable.setdefault(name, bytearray()), pending.pop(name, []))
        elif kind == "rename":
            for files in (durable, pending):
                if name in files:
                    files[event[2]] = files.pop(name)
        elif kind == "unlink":
            durable.pop(name, None)
            pending.pop(name, None)
    for name, late in pending.items():
        apply(durable.setdefault(name, bytearray()), survivors(late, draw))
    if "tierwatch.db" not in durable:
        return True, acknowledged["intent"]
    folder.mkdir()
    for name, data in durable.items():
        (folder / name).write_bytes(data)
    return look(folder / "tierwatch.db", acknowledged)


def survivors(late, draw):
    """What of the unsynced writes reached the disk."""
    mood = draw.randrange(4)
    if mood == 0:
        return []
    if mood == 1:
        return late
    kept = [event for event in late if draw.random() < 0.5]
    return kept if mood == 2 else [torn(event, draw) for event in kept]


def torn(event, draw):
    if event[0] != "write" or len(event[3]) <= SECTOR:
        return event
    cut = SECTOR * draw.randrange(1, -(-len(event[3]) // SECTOR))
    return (*event[:3], event[3][:cut])


def apply(data, events):
    for event in events:
        if event[0] == "truncate":
            del data[event[2] :]
            data.extend(b"\0" * (event[2] - len(data)))
        else:
            at, written = event[2], event[3]
            data.extend(b"\0" * (at - len(data)))
            data[at : at + len(written)] = written


def look(path, acknowledged):
    try:
        with contextlib.closing(sqlite3.connect(path)) as db:
            sound = db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            missing = set()
            for table, ids in acknowledged.items():
                missing |= ids - {identity for (identity,) in db.execute(f"SELECT id FROM {table}")}
    except sqlite3.DatabaseError:
        return False, set()
    return sound, missing
