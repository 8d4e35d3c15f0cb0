"""R14: bad configs put in place of a good one while the daemon runs: no slot is missed, and status says so."""

import os
import signal
import time

import board
import installation
import upstream

INTERVAL_S = 2


def measure(case):
    with upstream.Upstream(lambda number, *_: [0.2, upstream.FAILED]) as up:
        place = installation.Installation(
            case.path("reloads"), up.url, tiers=3, interval=f"{INTERVAL_S}s", deadline_s=1.5
        )
        bad = bad_files(place, case)
        with place.daemon() as process:
            place.wait_for(" outcome ")
            untold = 0
            for number, data in enumerate(bad):
                writing(place.file, data, case.draw)
                os.kill(process.pid, signal.SIGHUP)
                time.sleep(0.4)
                if not place.wait_for("not reloaded reason=", number + 1, seconds=15):
                    untold += 1
            silent = "was not reloaded" not in place.ask("SELECT note FROM daemon")[0][0]
            place.file.write_text(place.text + "[detection]\nfalse_alarms_per_month = 2\n")
            os.kill(process.pid, signal.SIGHUP)
            mended = place.wait_for(" reloaded digest=", seconds=15)
            noted = note_within(place, 5)
            alive = process.poll() is None
        n = f"{len(bad)} bad files"
        yield case.row("slots missed or paid twice", gaps(place), n, at_most=0)
        yield case.row("bad files not told in the log", untold, n, at_most=0)
        yield case.row("not told in status", int(silent), 1, at_most=0)
        yield case.row(
            "daemon ended, or did not take the mended file", int(not alive or not mended or noted), 1, at_most=0
        )


def bad_files(place, case):
    whole = place.text.encode()
    found = [b"", b"[[channel", whole[: len(whole) // 2], whole + b"[budget]\n", whole.replace(b"10000", b"nan")]
    found += [
        whole.replace(b"BENCH_KEY", b"NO_SUCH_KEY"),
        whole + b"[monitr]\n",
        whole.replace(b"openai-images", b"openai"),
    ]
    found += [
        whole + b'[detection]\nconfirm_every = "-5m"\n',
        b"\xff\xfe" + whole,
        whole.replace(b"tiers = [", b'tiers = ["huge", '),
    ]
    found += [whole.replace(b"shutdown_grace", b'database = "other.db"\nshutdown_grace')]
    try:
        folder = board.hostile() / "toml"
        names = case.draw.sample(sorted(folder.rglob("*.toml")), case.times(12, 300))
        found += [path.read_bytes() for path in names]  # none of them is a config, whatever TOML says
    except board.NotRun:
        pass
    return found


def writing(file, data, draw):
    """Bit by bit, as an editor or a copy over a slow line does."""
    with file.open("wb") as open_file:
        for at in range(0, len(data) or 1, max(1, len(data) // draw.randrange(1, 5))):
            open_file.write(data[at : at + max(1, len(data) // 4)])
            open_file.flush()
            time.sleep(0.01)
    file.write_bytes(data)


def note_within(place, seconds):
    """Is a note still there?"""
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        if not place.ask("SELECT note FROM daemon")[0][0]:
            return False
        time.sleep(0.1)
    return True


def gaps(place):
    """Slots between the first and the last of a path that were neither sent nor skipped, or sent twice."""
    found = 0
    for channel, tier in place.ask("SELECT DISTINCT channel, tier FROM intent"):
        sent = [slot for (slot,) in place.ask("SELECT slot FROM intent WHERE (channel, tier) = (?, ?)", channel, tier)]
        skipped = [slot for (slot,) in place.ask("SELECT slot FROM skip WHERE (channel, tier) = (?, ?)", channel, tier)]
        slots = sent + skipped
        found += len(range(min(slots), max(slots) + 1, INTERVAL_S)) - len(set(slots)) + len(slots) - len(set(slots))
    return found
