"""R19: how late canaries are sent, over 20 paths, while 4K pictures are decoded and the local page is held up.

200 connections to the page send their request a byte at a time and never end it.
"""

import contextlib
import datetime as dt
import re
import socket
import threading
import time

import installation
import page
import upstream

INTERVAL_S, MEDIAN_MS, P99_MS = 12, 20, 250
SLOW_CONNECTIONS = 200
CHANNEL = """
[[channel]]
name = "{name}"
protocol = "openai-images"
base_url = "{url}/v1"
model = "gpt-image-2-vip"
key_env = "BENCH_KEY"
price_usd = 0.03
parallel = 16
tiers = [{tiers}]
interval = "{interval}s"
deadline_s = 11
"""


def measure(case):
    pictures = [upstream.picture(seed, (3840, 2160)) for seed in range(3)]

    def reply(number, _head, body):
        heavy = re.search(rb'"size": "3840', body)
        return [0.5, pictures[number % 3]] if heavy else [0.3, upstream.FAILED]

    with upstream.Upstream(reply) as up:
        tiers = ", ".join(f'"{tier}"' for tier in installation.TIERS)
        extra = CHANNEL.format(name="second", url=up.url, tiers=tiers, interval=INTERVAL_S)
        extra += CHANNEL.format(name="third", url=up.url, tiers='"1k-low", "2k-low"', interval=INTERVAL_S)
        port = page.free_port()
        extra += f'[page]\nlisten = "127.0.0.1:{port}"\n'
        place = installation.Installation(
            case.path("lateness"), up.url, tiers=9, interval=f"{INTERVAL_S}s", deadline_s=11, extra=extra
        )
        with place.daemon(), page.serving(place), slow_connections(port):
            place.wait_for(" outcome ", 20)  # the first of each waits for the imports of a starting program
            started_at = dt.datetime.now(dt.UTC)
            time.sleep(case.times(60, 600))
    rows = place.ask(
        "SELECT sent_at, slot FROM intent WHERE slot IS NOT NULL AND sent_at > ?", f"{started_at:%Y-%m-%dT%H:%M:%S}"
    )
    late_ms = sorted(1000 * (dt.datetime.fromisoformat(sent_at).timestamp() - slot) for sent_at, slot in rows)
    n = f"{len(late_ms)} canaries on 20 paths"
    yield case.row("median lateness, ms", round(late_ms[len(late_ms) // 2]), n, at_most=MEDIAN_MS)
    yield case.row("99th percentile of lateness, ms", round(late_ms[int(len(late_ms) * 0.99)]), n, at_most=P99_MS)
    yield case.row("slots skipped", place.ask("SELECT count(*) FROM skip")[0][0], n)


@contextlib.contextmanager
def slow_connections(port):
    """Hold the page's connections open, byte by byte."""
    ended = threading.Event()
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(SLOW_CONNECTIONS)]

        def drip():
            while not ended.wait(1.0):
                for connection in held:
                    with contextlib.suppress(OSError):  # it may have been closed, which is its right
                        connection.send(b"G")

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            yield
        finally:
            ended.set()
            dripping.join()
