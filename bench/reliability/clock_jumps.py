"""R6: the wall clock jumps while the daemon runs, and the process stands still: no burst, no silence."""

import concurrent.futures
import math
import os
import re
import signal
import sys
import time

import faked
import installation
import upstream

INTERVAL_S, BEFORE_S, AFTER_S = 4, 7, 22
JUMPS = {
    "back an hour": ["-3600"],
    "ahead an hour": ["+3600"],
    "back 30 days": ["-30d"],
    "ahead 30 days": ["+30d"],
    "to 1970": ["@1970-01-01 00:00:10"],
    "past 2038": ["@2038-01-19 03:14:00"],
    "to 2200": ["@2200-01-01 00:00:00"],
    "back and forth": ["-3600", "+3600", "-60", "+0"],
    "over midnight and back": ["+1d", "+0"],
    "a little each time": ["+2", "+5", "-3", "+1"],
    "standing still for 13 s": "stop",
    "standing still, and ahead 10 min": "stop and jump",
}


def measure(case):
    faked.library()
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        found = dict(zip(JUMPS, pool.map(lambda name: jump(case, name), JUMPS), strict=True))
    for name, each in found.items():
        print(name, each, file=sys.stderr)
    n = f"{len(JUMPS)} jumps"
    for key, at_most in (
        ("extra paid probes after a jump", 0),
        ("longest silence of a path, s", INTERVAL_S + 10),
        ("slots paid twice", 0),
        ("tracebacks", 0),
    ):
        yield case.row(key, max(each[key] for each in found.values()), n, at_most=at_most)
    stood = [each for name, each in found.items() if JUMPS[name] in ("stop", "stop and jump")]
    yield case.row(
        "requests that spanned a standstill, blamed on the channel",
        sum(each["blamed"] for each in stood),
        len(stood),
        at_most=0,
    )


def jump(case, name):
    steps = JUMPS[name]
    arrivals = []

    def reply(_number, _head, body):
        arrivals.append((time.monotonic(), re.search(rb'"quality": "(\w+)"', body)[1]))
        return [0.1 if steps != "stop" else 1.5, upstream.FAILED]

    with upstream.Upstream(reply) as up:
        folder = case.path(name.replace(" ", "-").replace(",", ""))
        place = installation.Installation(folder, up.url, tiers=2, interval=f"{INTERVAL_S}s", deadline_s=3)
        clock = faked.Clock(folder)
        with place.daemon(environment=clock.environment) as process:
            place.wait_for(" outcome ", 2)
            time.sleep(BEFORE_S)
            jumped_s, silent_s = time.monotonic(), 0
            if isinstance(steps, str):
                silent_s = 13
                os.kill(process.pid, signal.SIGSTOP)
                time.sleep(silent_s)
                if steps == "stop and jump":
                    clock.set("+600")
                os.kill(process.pid, signal.SIGCONT)
                steps = []
            woke_s = time.monotonic()
            for offset in steps:
                clock.set(offset)
                time.sleep(AFTER_S / len(steps))
            if not steps:
                time.sleep(AFTER_S)
            end_s = time.monotonic()
        slots = place.ask(
            "SELECT count(*) - count(DISTINCT channel || tier || slot) FROM intent WHERE slot IS NOT NULL"
        )[0][0]
        # The first two wait for the imports of a starting program.
        blamed = place.ask(
            "SELECT count(*) FROM outcome JOIN verdict USING (seq) WHERE seq > 2 AND excluded IS NULL AND kind IN ('timeout', 'network')"
        )
    failed = [line for line in place.said() if "Traceback" in line]
    for line in failed[:1]:
        print(name, line[-1500:], file=sys.stderr)
    extra, silence = 0, 0.0
    for path in {path for _, path in arrivals}:
        at = sorted(moment for moment, each in arrivals if each == path and moment <= end_s)
        extra = max(
            extra, sum(woke_s < moment <= end_s for moment in at) - math.ceil((end_s - woke_s) / INTERVAL_S) - 1
        )
        silence = max(silence, *(b - a for a, b in zip([jumped_s, *at], [*at, end_s], strict=True) if b > woke_s))
    return {
        "extra paid probes after a jump": max(0, extra),
        "longest silence of a path, s": round(silence - silent_s, 1),
        "slots paid twice": slots,
        "tracebacks": len(failed),
        "blamed": blamed[0][0],
    }
