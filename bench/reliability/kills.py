"""R1: kill -9 the daemon at random moments; nothing acknowledged is lost, nothing is sent without intent or twice.

usage: python bench/reliability/kills.py [KILLS] [SEED]

The real daemon (a process of its own) probes a stand-in upstream over HTTP. "Acknowledged" is what it
logged as stored. Prints one line: name, value, target, n, seed, seconds. Exit 1 where a target is missed.
"""

import collections
import contextlib
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import tomllib

from probe.standin import scenario, server, serving

CONFIG = """
[budget]
usd_per_day = 10000.0
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "{url}/v1"
model = "gpt-image-2-vip"
key_env = "KILLS_KEY"
price_usd = 0.03
tiers = ["1k-low", "1k-medium", "1k-high"]
interval = "1.5s"
deadline_s = 1.4
"""

SCENARIO = """
name = "kills"
hours = 24
[[steady]]
success = 0.8
latency_s = { median = 0.4, sigma = 0.6 }
failures = { processing_error = 0.5, network = 0.3, timeout = 0.2 }
"""


class Upstream:
    """The stand-in, remembering the client's id of every request it was sent."""

    def __init__(self, app):
        self.app = app
        self.ids = collections.Counter()

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and scope["method"] == "POST":
            self.ids[dict(scope["headers"]).get(b"x-client-request-id", b"none").decode()] += 1
        await self.app(scope, receive, send)


@contextlib.contextmanager
def upstream():
    app = Upstream(server.app(scenario.parse(tomllib.loads(SCENARIO)), 1.0, 0))
    listening = serving.listen("127.0.0.1", 0)
    ready = threading.Event()
    running = serving.Server(app, ready.set)
    threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True).start()
    assert ready.wait(10)
    yield app, serving.address(listening)
    running.should_exit = True


def one_life(folder, seconds, acknowledged):
    """Run a daemon for so long, kill it, and note the ids it said were stored."""
    words = [sys.executable, "-m", "probe", "daemon", "--config", str(folder / "config.toml")]
    with (folder / "log").open("w+b") as log:
        process = subprocess.Popen(words, stderr=log, env={**os.environ, "KILLS_KEY": "sk-test-0123456789"})
        time.sleep(seconds)
        if process.poll() is not None:
            log.seek(0)
            raise SystemExit(f"the daemon ended by itself: {log.read().decode()}")
        process.send_signal(signal.SIGKILL)
        process.wait()
        log.seek(0)
        for line in log.read().decode(errors="replace").splitlines(keepends=True):
            if " outcome " in line and line.endswith("\n"):
                acknowledged.add(line.rsplit("id=", 1)[1].strip())
            elif "Traceback" in line:
                raise SystemExit(f"the daemon failed: {log.name}")


def count(folder, app, acknowledged):
    with sqlite3.connect(folder / "tierwatch.db") as db:
        stored = {row[0] for row in db.execute("SELECT id FROM outcome")}
        intents = {row[0] for row in db.execute("SELECT id FROM intent")}
        twice = sum(times > 1 for times in app.ids.values())
        slots = db.execute("SELECT count(*) - count(DISTINCT channel || tier || slot) FROM intent").fetchone()[0]
        check = db.execute("PRAGMA integrity_check").fetchone()[0]
    return (
        {
            "acknowledged_lost": len(acknowledged - stored),
            "sent_without_intent": len(set(app.ids) - intents),
            "sent_twice": twice + slots,
            "damaged": int(check != "ok"),
        },
        len(acknowledged),
        sum(app.ids.values()),
        len(intents - stored),
    )


def main():
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    draw = random.Random(seed)
    started = time.monotonic()
    acknowledged = set()
    with tempfile.TemporaryDirectory() as name, upstream() as (app, url):
        folder = pathlib.Path(name)
        (folder / "config.toml").write_text(CONFIG.format(url=url))
        for _ in range(kills):
            one_life(folder, draw.uniform(0.8, 4.0), acknowledged)
        time.sleep(1.5)
        values, acked, sent, unknown = count(folder, app, acknowledged)
    for name, value in values.items():
        print(
            f"R1 {name:20} {value}  target 0  kills {kills}  acknowledged {acked}  sent {sent}  unknown {unknown}  seed {seed}  {time.monotonic() - started:.0f} s"
        )
    sys.exit(any(values.values()))


if __name__ == "__main__":
    main()
