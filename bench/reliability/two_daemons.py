"""R16: daemons started at the same moment on one database, and a start after a kill: one lives, no slot is paid twice."""

import concurrent.futures
import os
import re
import signal
import time

import installation
import upstream

AT_ONCE = 3


def measure(case):
    races = case.times(50, 500)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda turn: race(case, turn), range(races)))
    alive = sum(each["alive"] != 1 for each in found)
    n = f"{races} races of {AT_ONCE}"
    yield case.row("races not left by exactly one daemon", alive, n, at_most=0)
    yield case.row("slots paid twice", sum(each["twice"] for each in found), n, at_most=0)
    yield case.row("losers that did not name the PID", sum(each["unnamed"] for each in found), n, at_most=0)
    yield case.row("starts that a killed daemon's lock prevented", sum(each["stale"] for each in found), n, at_most=0)


def race(case, turn):
    with upstream.Upstream(lambda *_: upstream.FAILED) as up:
        place = installation.Installation(case.path(f"race-{turn}"), up.url, interval="3s", deadline_s=2)
        processes = [place.start() for _ in range(AT_ONCE)]
        settled(processes)
        alive = [process for process in processes if process.poll() is None]
        for process in alive:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        named = sum(bool(re.search(r"a daemon runs already \(PID \d+\)", line)) for line in place.said())
        with place.daemon() as process:
            place.wait_for(" outcome ", seconds=5)
            stale = process.poll() is not None
        twice = sum(times > 1 for times in up.ids.values()) + slots_twice(place)
    return {"alive": len(alive), "twice": twice, "unnamed": AT_ONCE - len(alive) - named, "stale": stale}


def settled(processes, seconds=10.0):
    """Wait until all but one have ended."""
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s and sum(process.poll() is None for process in processes) > 1:
        time.sleep(0.02)
    time.sleep(0.3)


def slots_twice(place):
    return place.ask("SELECT count(*) - count(DISTINCT channel || tier || slot) FROM intent WHERE slot IS NOT NULL")[0][
        0
    ]
