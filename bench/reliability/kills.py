"""R1: kill -9 at random moments and at every write of one attempt: nothing lost, sent twice, or sent without intent.

"Acknowledged" is what the program logged as stored; "sent" is what the upstream received.
"""

import collections
import concurrent.futures
import os
import re
import signal
import time

import board
import installation
import upstream

WRITES = ("pwrite64", "fdatasync", "ftruncate", "unlink")
SPOTS = (
    ("tierwatch.db-wal", WRITES),
    ("tierwatch.db", WRITES),
    ("", ("sendto", "write")),  # the request, wake-ups between threads, and every line that is printed
)
"""Files ("": any) and system calls at which one attempt is killed, each at its first, second, ... time.

strace counts calls by thread: apart by file, no thread's calls hide another's.
"""

WHILE_SENDING = 0.8
"""The share of lives that end after their first request has arrived; the others may end while they still start."""


def measure(case):
    yield from at_random(case)
    yield from at_every_write(case)


def moody(draw):
    """Good pictures, errors, silence and cut connections, in random order."""

    def reply(number, _head, _body):
        mood = draw.random()
        if mood < 0.6:
            return [draw.uniform(0.05, 0.6), upstream.picture(number % 50)]
        return [draw.uniform(0, 0.3), upstream.FAILED] if mood < 0.8 else [2.0] if mood < 0.9 else ["reset"]

    return reply


def at_random(case):
    """Lives of the daemon, two installations side by side, each ended by SIGKILL at a random moment."""
    kills = case.times(200, 2000)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda turn: lives(case, turn, kills // 2), range(2)))
    total = sum(found, collections.Counter())
    n = f"{kills} kills, {total['sent']} sent"
    for name in ("acknowledged lost", "sent twice", "sent without intent", "damaged", "slots paid twice"):
        yield case.row(f"random kills: {name}", total[name], n, at_most=0)
    yield case.row("random kills: unknown outcomes per kill", total["unknown"] / kills, n, at_most=3)
    yield case.row("random kills: unknown outcomes not counted as spent", total["unpaid"], n, at_most=0)


def lives(case, turn, kills):
    draw = case.draw.__class__(f"{case.seed} {turn}")
    with upstream.Upstream(moody(draw)) as up:
        place = installation.Installation(case.path(f"random-{turn}"), up.url, tiers=3, interval="1s", deadline_s=0.9)
        for _ in range(kills):
            process, before = place.start(), up.numbers
            while_sending = draw.random() < WHILE_SENDING
            while while_sending and up.numbers == before and process.poll() is None:
                time.sleep(0.02)
            time.sleep(draw.uniform(0.0, 1.5))
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        with place.daemon():  # a last start writes off what is open
            place.wait_for("unknown_outcome count=", seconds=5)
            time.sleep(1)
        return invariants(place, up)


def invariants(place, up):
    stored, intents = place.ids("outcome"), place.ids("intent")
    (unpaid,) = place.ask("SELECT count(*) FROM intent WHERE state = 'unknown_outcome' AND reserved_usd = 0")[0]
    (twice,) = place.ask(
        "SELECT count(*) - count(DISTINCT channel || tier || slot) FROM intent WHERE slot IS NOT NULL"
    )[0]
    return collections.Counter(
        {
            "acknowledged lost": len(place.acknowledged() - stored),
            "sent twice": sum(times > 1 for times in up.ids.values()),
            "sent without intent": len(set(up.ids) - intents),
            "damaged": place.damage(),
            "slots paid twice": twice,
            "sent": sum(up.ids.values()),
            "unknown": len(intents - stored),
            "unpaid": unpaid,
        }
    )


def at_every_write(case):
    """One canary by command, killed at the n-th call of each kind, for every n that an unharmed run makes."""
    board.need("strace")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = sum(pool.map(lambda turn: killed_attempts(case, turn), range(2)), collections.Counter())
    n = f"{found['killed']} of {found['moments']} killed"
    for name in ("acknowledged lost", "sent twice", "sent without intent", "damaged"):
        yield case.row(f"a kill at every write: {name}", found[name], n, at_most=0)


def killed_attempts(case, turn):
    """Every second moment, in an installation of its own."""
    with upstream.Upstream(lambda number, _head, _body: upstream.picture(number)) as up:
        place = installation.Installation(case.path(f"systematic-{turn}"), up.url)
        place.run("probe", "vip/1k-low", "--max-cost", "1")  # makes the database
        moments = list(moments_of(place))[turn::2]
        killed, said = 0, set()
        for file, call, number in moments:
            at = ["-P", str(place.folder / file)] if file else []
            done = traced(place, *at, "-e", f"inject={call}:signal=KILL:when={number}")
            killed += done.returncode != 0
            said |= set(re.findall(r"^vip/1k-low .*  (\S{36})", done.stdout, re.MULTILINE))
        lost = len(said - place.ids("outcome"))
        found = invariants(place, up)
    return found + collections.Counter({"acknowledged lost": lost, "killed": killed, "moments": len(moments)})


def moments_of(place):
    for file, calls in SPOTS:
        at = ["-P", str(place.folder / file)] if file else []
        trace = place.folder / "trace"
        traced(place, *at, "-o", str(trace), "-e", f"trace={','.join(calls)}")
        made = collections.Counter(re.findall(r"^(\d+)\s+(\w+)\(", trace.read_text(errors="replace"), re.MULTILINE))
        for call in calls:
            most = max((times for (_thread, each), times in made.items() if each == call), default=0)
            yield from ((file, call, number) for number in range(1, most + 1))


def traced(place, *words):
    return place.run("probe", "vip/1k-low", "--max-cost", "1", before=("strace", "-f", "-qq", *words))
