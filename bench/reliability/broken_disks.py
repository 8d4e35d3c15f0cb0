"""R8: the disk is full, fails, is read-only or locked, and heals: nothing paid unrecordable, nothing lost, no restart.

Each scenario is a life of the daemon that works, meets the fault for some seconds, and is left alone
until it works again.
"""

import concurrent.futures
import contextlib
import fcntl
import sqlite3
import subprocess
import time

import board
import installation
import upstream

from probe import records

GOOD_S, BAD_S, HEALED_WITHIN_S = 2.0, 4.0, 25.0


def measure(case):
    board.need("strace", "mount", "umount")
    board.need_root()
    repeat = case.times(1, 10)
    scenarios = [(name, turn) for turn in range(repeat) for name in SCENARIOS]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda each: live(case, *each), scenarios))
    for (name, _), each in zip(scenarios, found, strict=True):
        print(name, each, file=__import__("sys").stderr)
    met = [each for each in found if each is not None]
    n = f"{len(met)} scenarios, {len(found) - len(met)} refused at start"
    for key in KEYS:
        yield case.row(key, sum(each[key] for each in met), n, at_most=0)


KEYS = ("daemon ended", "acknowledged rows lost", "paid without a record", "needs a restart", "damaged", "tracebacks")


def live(case, name, turn):
    fault, words = SCENARIOS[name]
    folder = case.path(f"{name.replace(' ', '-').replace(',', '')}-{turn}")
    with contextlib.ExitStack() as stack:
        if fault in (disk_full, read_only):
            mount("-t", "tmpfs", "-o", "size=3m", "tierwatch-bench", str(folder))
            stack.callback(umount, folder)
        up = stack.enter_context(upstream.Upstream(lambda number, *_: [0.2, upstream.FAILED]))
        place = installation.Installation(folder, up.url, tiers=2, interval="1s", deadline_s=0.9)
        place.log = case.folder / f"log-{name.replace(' ', '-')}-{turn}"
        records.open(place.database).close()
        process = place.start(before=[word.format(folder=folder) for word in words])
        try:
            if not place.wait_for(" outcome ", 2, seconds=15) and process.poll() is not None:
                return None  # refused to start, which is its right
            time.sleep(GOOD_S)
            with fault(place, case):
                time.sleep(BAD_S)
            ended = process.poll() is not None
            before = len(place.acknowledged())
            deadline_s = time.monotonic() + HEALED_WITHIN_S
            while len(place.acknowledged()) < before + 4 and time.monotonic() < deadline_s:
                time.sleep(0.1)
            healed = len(place.acknowledged()) >= before + 4
        finally:
            installation.end(process)
        lost = len(place.acknowledged() - place.ids("outcome"))
        unpaid = len(set(up.ids) - place.ids("intent"))
        damage = place.damage()
        traces = sum("Traceback" in line for line in place.said())
    return dict(zip(KEYS, (int(ended), lost, unpaid, int(not healed and not ended), damage, traces), strict=True))


def mount(*words):
    subprocess.run(["mount", *words], check=True, capture_output=True)


def umount(folder):
    subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


@contextlib.contextmanager
def disk_full(place, case):
    """Fill the file system to its last byte, then free it."""
    filler = place.folder / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    with contextlib.suppress(OSError), filler.open("ab", buffering=0) as file:
        while True:
            file.write(b"x")
    yield
    filler.unlink()


@contextlib.contextmanager
def read_only(place, case):
    """The kernel turns a failing file system read-only while files on it are open."""
    subprocess.run(["mount", "-o", "remount,ro", str(place.folder)], check=False, capture_output=True)
    yield
    mount("-o", "remount,rw", str(place.folder))


@contextlib.contextmanager
def locked(place, case):
    """Another program holds SQLite's write lock."""
    with contextlib.closing(sqlite3.connect(place.database, timeout=20, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


@contextlib.contextmanager
def held(place, case):
    """Another process holds our own lock."""
    with (place.folder / "tierwatch.db.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def moved(place, case):
    """Somebody moves the database away, and puts it back."""
    away = place.database.with_name("away.db")
    place.database.rename(away)
    yield
    away.rename(place.database)


@contextlib.contextmanager
def nothing(place, case):
    """strace injects the fault by itself."""
    yield


def injected(call, error, first, last):
    """Calls on the -wal file fail from the first to the last, counted thread by thread."""
    words = ("strace", "-f", "-qq", "-o", "/dev/null", "-P", "{folder}/tierwatch.db-wal")
    return nothing, (*words, "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={first}..{last}")


SCENARIOS = {
    **{f"disk full {turn}": (disk_full, ()) for turn in range(4)},
    **{f"read-only {turn}": (read_only, ()) for turn in range(3)},
    **{f"locked by another program {turn}": (locked, ()) for turn in range(3)},
    **{f"lock held by another process {turn}": (held, ()) for turn in range(3)},
    **{f"database moved away {turn}": (moved, ()) for turn in range(2)},
    **{f"ENOSPC at writes from {n}": injected("pwrite64", "ENOSPC", n, n + 8) for n in range(1, 90, 10)},
    **{f"EIO at writes from {n}": injected("pwrite64", "EIO", n, n + 5) for n in range(5, 85, 10)},
    **{f"EIO at syncs from {n}": injected("fdatasync", "EIO", n, n + 5) for n in range(1, 9)},
}
