"""R20: a day of 24 hours with faults and the end of summer time, run fast: every slot on record, memory flat.

The real daemon under libfaketime, in the zone Europe/Berlin from noon of 24 October 2026.
"""

import datetime as dt
import os
import re
import signal
import time

import faked
import installation
import upstream

SPEED = 400
START = dt.datetime(2026, 10, 24, 10, tzinfo=dt.UTC)
ZONE_H = 2  # of Berlin at the start
INTERVAL_S = 600
USD_PER_DAY = 40.0
HOURS = 24


def measure(case):
    day = Day(case)
    with upstream.Upstream(day.reply) as day.up:
        place = day.place = installation.Installation(
            case.path("day"),
            day.up.url,
            tiers=9,
            interval=f"{INTERVAL_S // 60}m",
            deadline_s=360,
            usd_per_day=USD_PER_DAY,
        )
        day.live()
    recorded = 0
    due = 0
    for channel, tier in place.ask("SELECT DISTINCT channel, tier FROM intent"):
        slots = {
            slot
            for (slot,) in place.ask(
                "SELECT slot FROM intent WHERE slot IS NOT NULL AND (channel, tier) = (?, ?)", channel, tier
            )
        }
        slots |= {slot for (slot,) in place.ask("SELECT slot FROM skip WHERE (channel, tier) = (?, ?)", channel, tier)}
        recorded += len(slots)
        due += len(range(min(slots), int(day.ended_at.timestamp()) - 60, INTERVAL_S))
    spent = place.ask("SELECT budget_day, sum(reserved_usd) FROM intent GROUP BY 1 ORDER BY 1")
    n = f"{HOURS} h, {sum(day.up.ids.values())} sent"
    yield case.row("slots recorded of those due, %", round(100 * recorded / due, 2), f"{n}, {due} due", at_least=100)
    yield case.row(
        "exceptions in the log", sum("Traceback" in line or " bug " in line for line in place.said()), n, at_most=0
    )
    yield case.row(
        "days over budget", sum(usd > USD_PER_DAY + 1e-6 for _, usd in spent), f"{len(spent)} days", at_most=0
    )
    yield case.row("sent twice, or without intent", day.wrongly_sent(), n, at_most=0)
    yield case.row("own network faults blamed on the channel", day.blamed(), n, at_most=0)
    yield case.row("memory by the hour, MiB", " ".join(str(mib) for mib in day.memory), n)
    yield case.row(
        "memory growth over the last 12 h, MiB", day.memory[-1] - day.memory[len(day.memory) // 2], n, at_most=8
    )


class Day:
    """What happens at which hour."""

    def __init__(self, case):
        self.case, self.memory, self.began_s = case, [], time.monotonic()

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
        return [draw.uniform(0.02, 0.2), upstream.picture(number % 40) if draw.random() < 0.9 else upstream.FAILED]

    def live(self):
        self.began_s = time.monotonic()
        process = self.start()
        events = [
            (2.0, "kill"),
            (3.0, "network off"),
            (5.0, "network on"),
            (5.5, "kill"),
            (6.0, "reload"),
            (6.2, "bad reload"),
        ]
        while self.hour() < HOURS:
            if events and self.hour() >= events[0][0]:
                process = self.event(events.pop(0)[1], process)
            self.note_memory(process.pid)
            assert process.poll() is None, self.place.said()[-5:]
            time.sleep(0.05)
        self.ended_at = self.now()
        installation.end(process)

    def note_memory(self, pid):
        """The least of each hour: between pictures."""
        mib, hour = memory_mib(pid), int(self.hour())
        if mib < 60:  # it has just started
            return
        if len(self.memory) <= hour:
            self.memory.append(mib)
        self.memory[-1] = min(self.memory[-1], mib)

    def start(self):
        local = self.now() + dt.timedelta(
            hours=ZONE_H if self.now() < dt.datetime(2026, 10, 25, 1, tzinfo=dt.UTC) else 1
        )
        environment = {
            "LD_PRELOAD": faked.library(),
            "FAKETIME": f"@{local:%Y-%m-%d %H:%M:%S} x{SPEED}",
            "FAKETIME_NO_CACHE": "1",
            "TZ": "Europe/Berlin",
        }
        return self.place.start(environment=environment)

    def event(self, what, process):
        if what == "kill":
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return self.start()
        if what.startswith("network"):
            self.up.listen(what.endswith("on"))
        elif what == "reload":
            self.place.file.write_text(self.place.text + "[detection]\nfalse_alarms_per_month = 2\n")
        else:
            self.place.file.write_text(self.place.text + "[budget]\n")
        return process

    def wrongly_sent(self):
        return sum(times > 1 for times in self.up.ids.values()) + len(set(self.up.ids) - self.place.ids("intent"))

    def blamed(self):
        """While nothing could be reached at all."""
        off, on = (f"{START + dt.timedelta(hours=hour):%Y-%m-%dT%H:%M:%S}" for hour in (3.2, 4.8))
        sql = "SELECT count(*) FROM outcome WHERE excluded IS NULL AND sent_at BETWEEN ? AND ?"
        return self.place.ask(sql, off, on)[0][0]


def memory_mib(pid):
    with open(f"/proc/{pid}/status") as file:
        return round(int(re.search(r"VmRSS:\s+(\d+) kB", file.read())[1]) / 1024)
