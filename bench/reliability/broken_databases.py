"""R9: files that are no sound database of ours: none is written over, none is used without a word."""

import contextlib
import hashlib
import shutil
import sqlite3
import sys

import installation
from PIL import Image

sys.path.insert(0, str(installation.ROOT / "tests"))
import record_samples

from probe import records
from probe.records import backup, history, rescue


def measure(case):
    sound = case.path("sound") / "tierwatch.db"
    fill(sound, case.times(2000, 20_000))
    whole = read(sound)
    overwritten = used = crashed = recovered = 0
    for name, damage in DAMAGES.items():
        folder = case.path(name.replace(" ", "-"))
        path = folder / "tierwatch.db"
        shutil.copy(sound, path)
        damage(path, case.draw)
        before = digest(path)
        for doing, use in USES.items():
            try:
                is_right = use(path) == whole  # the damage lies where nobody looked, in an index for example
                if (name, doing) not in ALLOWED and not is_right:
                    used += 1
                    print(f"used: {name} by {doing}", file=sys.stderr)
            except records.RecordsError:
                pass
            except Exception as error:
                print(f"escaped: {name} by {doing}: {error!r}", file=sys.stderr)
                crashed += 1
        overwritten += digest(path) != before
        recovered += not rescued(path, folder)
    n = f"{len(DAMAGES)} files"
    yield case.row("written over", overwritten, n, at_most=0)
    yield case.row("silently used", used, n, at_most=0)
    yield case.row("errors of another kind", crashed, n, at_most=0)
    yield case.row("damaged pages of ours from which nothing was recovered", recovered, len(RECOVERABLE), at_most=0)
    yield case.row("rows untold as lost after one damaged page", *lost(case, sound), at_most=0)


def fill(path, rows):
    with records.open(path) as book:
        book.store_all(record_samples.judged(f"0000-{n:06d}", at=record_samples.minutes(n)) for n in range(rows))
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = DELETE").fetchone()


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def write_at(path, at, data):
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def leaf(path, draw):
    """A page in the middle: count(*) still answers as if nothing were wrong."""
    pages = path.stat().st_size // 4096
    write_at(path, 4096 * draw.randrange(pages // 3, pages - 2) + 8, draw.randbytes(2000))


def foreign(path, _draw):
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE outcome (seq INTEGER PRIMARY KEY, id TEXT)")
        db.commit()


def newer(path, _draw):
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 999")


def picture(path, _draw):
    Image.new("RGB", (64, 64)).save(path, "PNG")


def other_id(path, _draw):
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA application_id = 1")


DAMAGES = {
    "magic": lambda path, draw: write_at(path, 0, b"SQLite format 4\0"),
    "first page": lambda path, draw: write_at(path, 100, draw.randbytes(3000)),
    "leaf page": leaf,
    "cut in half": lambda path, draw: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "cut to one page": lambda path, draw: path.write_bytes(path.read_bytes()[:4096]),
    "cut within the header": lambda path, draw: path.write_bytes(path.read_bytes()[:60]),
    "a picture": picture,
    "text": lambda path, draw: path.write_text("channel,tier\nvip,4k-high\n"),
    "empty": lambda path, draw: path.write_bytes(b""),
    "zeros": lambda path, draw: path.write_bytes(bytes(40_960)),
    "another program's": foreign,
    "another application id": other_id,
    "newer schema": newer,
}
USES = {
    "writing": lambda path: records.open(path, 0.2).close(),
    "reading": lambda path: read(path),  # noqa: PLW0108 - defined below
    "backup": lambda path: backup.copy(path, path.with_name("copy.db")),
}
ALLOWED = {("newer schema", "reading"), ("newer schema", "backup")}
"""A report may read what a newer version wrote."""
RECOVERABLE = ("leaf page", "cut in half")


def read(path):
    with history.open(path) as past:
        return [*past.outcomes()]


def rescued(path, folder):
    if folder.name.replace("-", " ") not in RECOVERABLE:
        return True
    done = rescue.recover(path, folder / "rescued.db")
    return done.saved.get("outcome", 0) > 0 and bool(read(folder / "rescued.db"))


def lost(case, sound):
    """Pages damaged at random: saved and lost must add up to what there was."""
    times = case.times(10, 100)
    with contextlib.closing(sqlite3.connect(sound)) as db:
        (whole,) = db.execute("SELECT count(*) FROM outcome").fetchone()
    wrong = open_ends = 0
    for turn in range(times):
        path = case.path(f"page-{turn}") / "tierwatch.db"
        shutil.copy(sound, path)
        leaf(path, case.draw)
        try:
            done = rescue.recover(path, path.with_name("rescued.db"))
        except records.RecordsError as error:
            print(error, file=sys.stderr)
            continue
        counted = done.lost["outcome"]
        if counted is None:
            open_ends += 1
        else:
            wrong += abs(whole - done.saved["outcome"] - counted)
    return wrong, f"{times} files of {whole} rows; of {open_ends} nothing told how many were lost"
