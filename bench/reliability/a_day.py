"""R20: a day of 24 hours with faults and the end of summer time, run fast: every slot on record, memory flat.

The real daemon under libfaketime, in the zone Europe/Berlin from noon of 24 October 2026.
"""

import datetime as dt
import os
import re
import signal
import sys
import time

import faked
import installation
import upstream

SPEED = 360
START = dt.datetime(2026, 10, 24, 10, tzinfo=dt.UTC)
SUMMER_ENDS = dt.datetime(2026, 10, 25, 1, tzinfo=dt.UTC)
INTERVAL_S = 600
USD_PER_DAY = 40.0
HOURS = 24
MOST_GROWTH_MIB = 8
TIERS = 5
VOID_H = 1.6
MOST_VOID = TIERS * VOID_H * (6 + 12)  # the grid, and a path in doubt once more in five minutes
STARTED_MIB = 60  # with less it is still starting

EVENTS = (
    (2.0, "kill"),
    (3.0, "network off"),
    (5.0, "network on"),
    (5.5, "kill"),
    (6.0, "reload"),
    (6.2, "bad reload"),
    (12.0, "mended"),
)
"""What happens at which hour, beside what the upstream does."""

MODERATION = """
[moderation]
base_url = "http://localhost:{port}/v1"
"""
"""Another name that is off the network with the upstream, so that the loss can be told for our own."""

SMALL = "".join(f'[tiers."{tier}"]\nsize = "1280x720"\n' for tier in installation.TIERS[:TIERS])


def measure(case):
    day = Day(case)
    with upstream.Upstream(day.reply) as day.up:
        place = day.place = installation.Installation(
            case.path("day"),
            day.up.url,
            tiers=TIERS,
            interval=f"{INTERVAL_S // 60}m",
            deadline_s=360,
            usd_per_day=USD_PER_DAY,
            extra=MODERATION.format(port=day.up.port) + SMALL,
        )
        day.live()
    due, missed = day.slots()
    spent = place.ask("SELECT budget_day, sum(reserved_usd) FROM intent GROUP BY 1 ORDER BY 1")
    n = f"{HOURS} h, {sum(day.up.ids.values())} sent"
    failed = [line for line in place.said() if "Traceback" in line or " bug " in line]
    for line in failed[:3]:
        print(line[-1500:], file=sys.stderr)
    yield case.row("slots due and not on record", missed, f"{n}, {due} due", at_most=0)
    yield case.row("exceptions in the log", len(failed), n, at_most=0)
    yield case.row(
        "days over budget", sum(usd > USD_PER_DAY + 1e-6 for _, usd in spent), f"{len(spent)} days", at_most=0
    )
    yield case.row("sent twice, or without intent", day.wrongly_sent(), n, at_most=0)
    blamed, void = day.blamed()
    yield case.row("own network faults blamed on the channel", blamed, f"{void} sent into the void", at_most=0)
    yield case.row("canaries sent while no host could be reached", void, f"{VOID_H:g} h", at_most=MOST_VOID)
    yield case.row("memory, MiB, hour by hour", " ".join(str(mib) for mib in day.memory), n)
    yield case.row(
        "memory growth over the last 12 h, MiB", day.memory[-1] - day.memory[len(day.memory) // 2], n,
        at_most=MOST_GROWTH_MIB,
    )  # fmt: skip


class Day:
    """One day: its time, what the upstream answers, and what happens at which hour."""

    def __init__(self, case):
        self.case, self.memory, self.down, self.began_s = case, [], [], time.monotonic()

    def hour(self):
        return (time.monotonic() - self.began_s) * SPEED / 3600

    def now(self):
        return START + dt.timedelta(hours=self.hour())

    def reply(self, number, _head, _body):
        hour, draw = self.hour(), self.case.draw
        if 7 <= hour < 8:
            return [draw.uniform(0, 0.1), upstream.FAILED]
        if 8 <= hour < 9:
            return [3600]  # a black hole: every request runs into its deadline
        if 9 <= hour < 10:
            return draw.choice([["reset"], [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"], [b"\0" * 100]])
        return [draw.uniform(0.02, 0.2), upstream.picture(number) if draw.random() < 0.9 else upstream.FAILED]

    def live(self):
        self.began_s = time.monotonic()
        process = self.start()
        events = list(EVENTS)
        while self.hour() < HOURS:
            if events and self.hour() >= events[0][0]:
                process = self.event(events.pop(0)[1], process)
            assert process.poll() is None, self.place.said()[-5:]
            self.note_memory(process.pid)
            time.sleep(0.05)
        self.ended_at = self.now()
        installation.end(process)

    def note_memory(self, pid):
        """The least of each hour: between pictures."""
        mib, hour = memory_mib(pid), int(self.hour())
        if mib < STARTED_MIB:
            return
        if len(self.memory) <= hour:
            self.memory.append(mib)
        self.memory[-1] = min(self.memory[-1], mib)

    def start(self):
        zone_h = 2 if self.now() < SUMMER_ENDS else 1  # of Berlin; libfaketime takes local time
        environment = {
            "LD_PRELOAD": faked.library(),
            "FAKETIME": f"@{self.now() + dt.timedelta(hours=zone_h):%Y-%m-%d %H:%M:%S} x{SPEED}",
            "FAKETIME_NO_CACHE": "1",
            "TZ": "Europe/Berlin",
        }
        return self.place.start(environment=environment)

    def event(self, what, process):
        if what == "kill":
            killed_at, before = self.now(), self.up.numbers
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            process = self.start()
            while self.up.numbers == before and process.poll() is None:
                time.sleep(0.01)
            self.down.append((killed_at.timestamp(), self.now().timestamp()))
        elif what.startswith("network"):
            self.up.listen(what.endswith("on"))
        elif what == "bad reload":
            self.place.file.write_text(self.place.text + "[budget]\n")
        else:
            self.place.file.write_text(self.place.text + f"[detection]\nfalse_alarms_per_month = {len(what)}\n")
        return process

    def slots(self):
        """How many slots were due, and how many of them are neither sent nor skipped; none is due while we are dead."""
        due = missed = 0
        for channel, tier in self.place.ask("SELECT DISTINCT channel, tier FROM intent"):
            recorded = set()
            for table in ("intent", "skip"):
                sql = f"SELECT slot FROM {table} WHERE slot IS NOT NULL AND (channel, tier) = (?, ?)"
                recorded |= {slot for (slot,) in self.place.ask(sql, channel, tier)}
            for slot in range(min(recorded), int(self.ended_at.timestamp()) - 60, INTERVAL_S):
                if not any(start <= slot and slot + INTERVAL_S <= end for start, end in self.down):
                    due += 1
                    missed += slot not in recorded
        return due, missed

    def wrongly_sent(self):
        return sum(times > 1 for times in self.up.ids.values()) + len(set(self.up.ids) - self.place.ids("intent"))

    def blamed(self):
        """While nothing could be reached at all: (how many counted against the channel, of so many)."""
        off, on = (f"{START + dt.timedelta(hours=hour):%Y-%m-%dT%H:%M:%S}" for hour in (3.2, 3.2 + VOID_H))
        sql = "SELECT count(*) FILTER (WHERE excluded IS NULL), count(*) FROM outcome WHERE sent_at BETWEEN ? AND ?"
        ((blamed, n),) = self.place.ask(sql, off, on)
        return blamed, n


def memory_mib(pid):
    with open(f"/proc/{pid}/status") as file:
        return round(int(re.search(r"VmRSS:\s+(\d+) kB", file.read())[1]) / 1024)
