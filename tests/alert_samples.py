"""Values for the tests of alerts: a config, states, incidents, and a local service that takes messages."""

import contextlib
import datetime as dt
import http.server
import json
import socket
import threading

import pytest

from probe import config, model
from probe.inference import incidents
from probe.records import told

APPRISE = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
"""One of apprise's many plugins imports what Python 3.13 no longer has."""

AT = dt.datetime(2026, 8, 13, 2, 41, tzinfo=dt.UTC)
BEGAN = dt.datetime(2026, 8, 13, 2, 19, tzinfo=dt.UTC)
VIP, OFFICIAL = model.Path("vip", "4k-high"), model.Path("official", "4k-high")
REASON = "about 45 % fail: processing_error 5 of 11"
PASSWORD = "hunter2hunter2"

CONFIG = """
[budget]
usd_per_day = 5.0
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "https://api.apiyi.com/v1"
model = "gpt-image-2-vip"
key_env = "VIP_KEY"
price_usd = 0.03
tiers = ["1k-low", "4k-high"]
[[channel]]
name = "official"
protocol = "openai-images"
base_url = "https://api.openai.com/v1"
model = "gpt-image-2"
key_env = "OFFICIAL_KEY"
price_usd = { "1k-low" = 0.02, "4k-high" = 0.2 }
tiers = ["1k-low", "4k-high"]
[[job]]
name = "nightly"
tiers = ["4k-high"]
images_per_month = 30000
"""


def load(folder, alerts=""):
    """A checked config with this text in [alerts]."""
    path = folder / "config.toml"
    path.write_text(f"{CONFIG}[alerts]\n{alerts}\n", "utf-8")
    return config.load(path)


def minutes(count):
    return AT + dt.timedelta(minutes=count)


def state(path, word="healthy", reason=None):
    bad = word not in {"healthy", "unknown"}
    return model.PathState(
        path, model.State(word), BEGAN, AT, 0.98 if bad else 0.01, REASON if bad and reason is None else reason or ""
    )


def states(**words):
    """`vip="degraded"`: that channel's 4K is so; everything else is healthy."""
    paths = [model.Path(channel, tier) for channel in ("vip", "official") for tier in ("1k-low", "4k-high")]
    return tuple(
        state(path, words.get(path.channel, "healthy") if path.tier == "4k-high" else "healthy") for path in paths
    )


def incident(number=1, trouble=incidents.Trouble.DEGRADED, paths=(VIP,), **fields):
    fields = {"scope": incidents.Scope.ROUTE, "raised_at": AT, "since": BEGAN, **fields}
    return incidents.Incident(
        number, trouble, states=tuple(state(path, "degraded") for path in paths), touched=tuple(paths), **fields
    )


def known(*, notes=None, silences=(), routes=(), remembered=()):
    return told.Told(tuple(remembered), 1, notes or {}, tuple(silences), tuple(routes), 0, 0.0, None)


def message(key, *, destination="json", made_at=AT, due_at=None, **fields):
    return told.Message(key, destination, "raised", f"title {key}", f"body {key}", made_at, due_at or made_at, **fields)


@contextlib.contextmanager
def dripping():
    """A service that answers a byte now and then, for ever: its port, and an event once its client is gone."""
    hung_up = threading.Event()

    def answer(listener):
        with contextlib.suppress(OSError), listener.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while not hung_up.wait(0.1):
                try:
                    connection.sendall(b"x")
                except OSError:
                    hung_up.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = threading.Thread(target=answer, args=(listener,))
        answering.start()
        try:
            yield listener.getsockname()[1], hung_up
        finally:
            hung_up.set()
            listener.shutdown(socket.SHUT_RDWR)
            answering.join()


class Service(http.server.ThreadingHTTPServer):
    """A local service: `taken` holds what it took; it refuses while `refusing` says so."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.taken, self.pings, self.refusing = [], 0, lambda _body: False

    @property
    def address(self):
        return f"json://user:{PASSWORD}@127.0.0.1:{self.server_port}/{PASSWORD}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        refused = self.server.refusing(body)
        if not refused:
            self.server.taken.append(body)
        self.send_response(500 if refused else 200)
        self.end_headers()

    def do_GET(self):
        self.server.pings += 1
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_words):
        pass


@contextlib.contextmanager
def service():
    with Service() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join(5)
