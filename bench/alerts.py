"""Alerts through kills and refusals: every event reaches a local service, hardly one twice.

    python bench/alerts.py [EVENTS] [KILLS] [SEED]

A process of its own plays incidents that begin and end to the daemon's desk, on a clock that runs 6,000
times as fast, and delivers the messages to a webhook, which answers 500 to a fifth of them. It is killed at
random moments and started again. Events are told apart by their keys, in single messages and in digests.
Prints one line each: name, value, target, n, seed, seconds. Exit 1 where a target is missed.
"""

import argparse
import asyncio
import datetime as dt
import http.server
import json
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import types

from probe import clock, config, model, records
from probe.alerts import desk
from probe.records import history

SPEED = 6000.0
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
BETWEEN_MINUTES = 11.0  # between looks: what is over has settled by the next, and no hour has too many messages
ANSWER_S = 0.02  # so that kills fall into deliveries
REFUSED = 0.2
KEY = re.compile(r"key (\d+\.\w+)|\[(\d+\.\w+)\]")

CONFIG = """
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "https://gateway.example/v1"
model = "gpt-image-2-vip"
key_env = "NO_KEY"
price_usd = 0.03
tiers = ["4k-high"]
[[channel]]
name = "official"
protocol = "openai-images"
base_url = "https://gateway.example/v1"
model = "gpt-image-2"
key_env = "NO_KEY"
tiers = ["4k-high"]
[alerts]
urls = ["json://127.0.0.1:{port}"]
"""


# --- the process that is killed ---


async def tell(settings, events, began_s):
    """One event after another, each once the one before is on record; then until nothing waits."""
    ticking = clock.FastClock(START, SPEED, began_s)
    board = types.SimpleNamespace(standing=lambda _path, _at: None)
    database = settings.database
    with records.open(database) as book:
        teller = desk.Desk(settings, book, ticking)
        while True:
            made, waiting = counted(database)
            if made >= events and not waiting:
                return
            if made < events:
                state = model.State.HEALTHY if made % 2 else model.State.DEGRADED
                states = [model.PathState(path, model.State.HEALTHY, START, ticking.now()) for path in settings.paths()]
                states[0] = model.PathState(states[0].path, state, START, ticking.now(), 0.98, "about 45 % fail")
                await teller.see(states, board, ticking.now())
            await teller.deliver()
            await ticking.sleep(BETWEEN_MINUTES * 60)


def counted(database):
    """(messages made so far, messages that wait)."""
    with history.open(database) as past:
        messages = past.messages(limit=1_000_000)
    return len(messages), sum(message.state == "waiting" for message in messages)


# --- the one that kills, and the service ---


class Service(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, seed):
        super().__init__(("127.0.0.1", 0), Handler)
        self.draw, self.keys, self.posts, self.refused = random.Random(seed), [], 0, 0


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.posts += 1
        refuse = self.server.draw.random() < REFUSED
        if refuse:
            self.server.refused += 1
        else:
            self.server.keys += ["".join(found) for found in KEY.findall(body["message"])]
        time.sleep(ANSWER_S)
        self.send_response(500 if refuse else 200)
        self.end_headers()

    def log_message(self, *_words):
        pass


def run(folder, events, kills, draw):
    """Start, kill, start again; the last one may end by itself. Returns the number of kills."""
    words = [sys.executable, __file__, "--tell", str(folder / "config.toml"), str(events), str(time.monotonic())]
    for done in range(kills + 1):
        with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
            try:
                code = process.wait(None if done == kills else draw.uniform(1.0, 6.0))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                continue
        if code:
            raise SystemExit(f"the teller failed with exit code {code}")
        return done
    return kills


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("events", 1000), ("kills", 40), ("seed", 1)):
        parser.add_argument(name, type=int, nargs="?", default=default)
    asked = parser.parse_args()
    events, kills, seed = asked.events, asked.kills, asked.seed
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory() as name, Service(seed) as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        folder = pathlib.Path(name)
        (folder / "config.toml").write_text(CONFIG.format(port=service.server_port))
        killed = run(folder, events, kills, random.Random(seed))
        service.shutdown()
    lost = events - len(set(service.keys))
    twice = (len(service.keys) - len(set(service.keys))) / events
    about = f"events {events}  kills {killed}  posts {service.posts}  refused {service.refused}  seed {seed}"
    for title, value, target in (("lost", f"{lost}", "0"), ("delivered_twice", f"{twice:.2%}", "<= 1 %")):
        print(f"alerts {title:16} {value}  target {target}  {about}  {time.monotonic() - started_s:.0f} s")
    sys.exit(lost > 0 or twice > 0.01)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--tell"]:
        asyncio.run(tell(config.load(pathlib.Path(sys.argv[2])), int(sys.argv[3]), float(sys.argv[4])))
    else:
        main()
