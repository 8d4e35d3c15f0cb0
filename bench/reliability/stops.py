"""R15: SIGTERM to an idle and to a busy daemon: how long it takes, and whether every attempt is on record."""

import concurrent.futures
import os
import signal
import time

import installation
import upstream

GRACE_S, IDLE_S = 2.0, 1.0


def measure(case):
    times = case.times(50, 500)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda turn: stop(case, turn), range(times)))
    for kind, limit_s in (("idle", IDLE_S), ("in flight", GRACE_S + 2), ("second signal", IDLE_S)):
        took = [each["seconds"] for each in found if each["kind"] == kind]
        yield case.row(f"longest stop, {kind}, s", max(took), f"{len(took)} stops", at_most=limit_s)
    n = f"{times} stops"
    yield case.row("attempts not on record", sum(each["unrecorded"] for each in found), n, at_most=0)
    yield case.row("sent after the signal", sum(each["late"] for each in found), n, at_most=0)
    yield case.row("intents left open", sum(each["open"] for each in found), n, at_most=0)
    yield case.row("exit codes other than 0", sum(each["code"] != 0 for each in found), n, at_most=0)


def stop(case, turn):
    kind = ("idle", "in flight", "second signal")[turn % 3]
    answer_s = 0.0 if kind == "idle" else 30.0 if turn % 2 else 1.0
    with upstream.Upstream(lambda *_: [answer_s, upstream.FAILED]) as up:
        place = installation.Installation(
            case.path(f"stop-{turn}"), up.url, tiers=3, interval="61s", deadline_s=60, grace=f"{GRACE_S:g}s"
        )
        process = place.start()
        if kind == "idle":
            place.wait_for(" outcome ", 3)
        else:
            wait_until(lambda: len(up.ids) == 3)
        time.sleep(case.draw.uniform(0, 0.3))
        before, started_s = len(up.ids), time.monotonic()
        os.kill(process.pid, signal.SIGTERM)
        if kind == "second signal":
            time.sleep(0.2)
            started_s = time.monotonic()
            os.kill(process.pid, signal.SIGTERM)
        process.wait(60)
        seconds = time.monotonic() - started_s
        outcomes, intents = place.ids("outcome"), dict(place.ask("SELECT id, state FROM intent"))
    recorded = {identity for identity, state in intents.items() if state == "unknown_outcome"} | outcomes
    return {
        "kind": kind,
        "seconds": seconds,
        "unrecorded": len(set(up.ids) - recorded),
        "late": len(up.ids) - before,
        "open": sum(state == "open" for state in intents.values()),
        "code": process.returncode,
    }


def wait_until(so, seconds=15.0):
    end_s = time.monotonic() + seconds
    while not so() and time.monotonic() < end_s:
        time.sleep(0.02)
