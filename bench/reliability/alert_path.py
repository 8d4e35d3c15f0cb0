"""R21: the way to a person: events lost or told twice through kills and refusals, how long one takes, the dead man's switch."""

import re
import subprocess
import sys
import time

import installation
import upstream

DELAY_S, PING_S = 30.0, 30.0
MOST_TWICE_PERCENT = 1.0
ALERTS = """
[alerts]
urls = ["json://127.0.0.1:{port}/alert"]
heartbeat_url = "{url}/ping"
"""
REFUSED = upstream.http(
    '{"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}', "401 Unauthorized"
)


def measure(case):
    yield from through_kills(case)
    yield from first_word(case)


def through_kills(case):
    """`bench/alerts.py`: a process that tells events is killed while a service refuses a fifth of them."""
    events, kills = case.times(200, 1000), case.times(8, 40)
    words = [sys.executable, str(installation.ROOT / "bench" / "alerts.py"), str(events), str(kills), str(case.seed)]
    told = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    lost, twice = (float(re.search(rf"alerts {name}\s+([\d.]+)", told)[1]) for name in ("lost", "delivered_twice"))
    n = f"{events} events, {kills} kills"
    yield case.row("events that reached nobody", int(lost), n, at_most=0)
    yield case.row("events told twice, %", twice, n, at_most=MOST_TWICE_PERCENT)


def first_word(case):
    """A daemon whose key is refused: seconds from the first refusal to the message, and from its start to the ping."""
    seen = {}

    def reply(_number, head, _body):
        what = "alert" if b"/alert" in head else "ping" if b"/ping" in head else "refusal"
        seen.setdefault(what, time.monotonic())
        return REFUSED if what == "refusal" else upstream.http("{}")

    with upstream.Upstream(reply) as up:
        place = installation.Installation(
            case.path("first-word"), up.url, interval="61s", deadline_s=20,
            extra=ALERTS.format(port=up.port, url=up.url),
        )  # fmt: skip
        with place.daemon():
            started_s = time.monotonic()
            while not {"alert", "ping", "refusal"} <= seen.keys() and time.monotonic() < started_s + 90:
                time.sleep(0.05)
    late = {what: seen.get(what, started_s + 90) for what in ("alert", "ping", "refusal")}
    yield case.row(
        "from a refused key to the message, s", round(late["alert"] - late["refusal"], 1), 1, at_most=DELAY_S
    )
    yield case.row("from the start to the first sign of life, s", round(late["ping"] - started_s, 1), 1, at_most=PING_S)
