"""Of R11: the local page against names that are not ours, paths that lead out, other methods and hostile texts."""

import contextlib
import datetime as dt
import re
import signal
import socket
import subprocess
import sys
import time

import installation

sys.path.insert(0, str(installation.ROOT / "tests"))
import record_samples as samples

from probe import model, records

FOREIGN_HOSTS = (
    b"Host: evil.example",
    b"Host: 127.0.0.1.evil.example",
    b"Host: localhost.evil.example:80",
    b"Host: evil.example:8321",
    b"Host: 2130706433",
    b"Host: 0",
    b"Host: \xff",
    b"Host: ",
    b"Host: localhost\r\nHost: evil.example",
    b"X-None: 1",
)
METHODS = (b"POST", b"PUT", b"DELETE", b"PATCH", b"CONNECT", b"TRACE", b"PROPFIND")
PAGES = (b"/", b"/metrics", b"/status.json", b"/healthz")
OUTSIDE = re.compile(rb"root:.*:0:0:|\[fonts\]|usd_per_day")
"""What would stand in /etc/passwd, win.ini, or our own config."""

HOME = re.compile(rb"/(?:$|[?#](?!since=))")
"""The report itself, whatever stands behind its address."""


def measure(case, strings, paths):
    """Rows: what was answered that should not be, and how many series 10,000 hostile texts add."""
    port = free_port()
    place = installation.Installation(
        case.path("page"), "http://127.0.0.1:9", extra=f'[page]\nlisten = "127.0.0.1:{port}"\n'
    )
    with records.open(place.database) as book:
        store(book, ["harmless"])
        with serving(place):
            before = series(port)
            hosts = [ask(port, b"GET", page, host) for page in PAGES for host in FOREIGN_HOSTS]
            others = [ask(port, method, page) for method in METHODS for page in PAGES]
            left = {path: ask(port, b"GET", path) for path in sent(paths)}
            many = case.times(2000, 10_000)
            store(book, [strings[number % len(strings)] + str(number) for number in range(many)])
            grown = series(port) - before
            alive = ask(port, b"GET", b"/metrics").startswith(b"HTTP/1.1 200")
    yield case.row("page: answered to a name that is not ours", taken(hosts), f"{len(hosts)} requests", at_most=0)
    yield case.row("page: other methods taken", taken(others), f"{len(others)} requests", at_most=0)
    leaked = sum(bool(OUTSIDE.search(answer)) for answer in left.values())
    leaked += taken(answer for path, answer in left.items() if not HOME.match(path))
    yield case.row("page: paths that led anywhere", leaked, f"{len(left)} paths", at_most=0)
    yield case.row("new series by as many hostile texts", grown, f"{many} texts", at_most=0)
    yield case.row("page: control, answers in the end", int(alive), 1, at_least=1)


def sent(paths):
    """As they would stand in a request line; those that are no path there are asked for as a parameter."""
    for path in paths:
        data = path.encode("utf-8", "surrogatepass")
        for place in (b"/" + data, b"/?since=" + data):
            if not re.search(rb"[\x00-\x20\x7f]", place) and place not in PAGES:
                yield place


def store(book, texts):
    """Outcomes and states that carry these texts wherever an upstream's words may stand."""
    now = dt.datetime.now(dt.UTC)
    path = model.Path("vip", "1k-low")
    book.store_all(
        model.Judged(
            samples.outcome(f"page-{number}-{len(texts)}", path=path, at=now),
            samples.verdict(detail=text, request_ids=model.RequestIds(gateway=(text,))),
        )
        for number, text in enumerate(texts)
    )
    reason = texts[-1] if texts else ""
    book.publish([model.PathState(path, model.State.DEGRADED, now, now, 0.9, reason)], now)
    book.beat(now, pid=1, digest="", stale_after_s=1e6, note=reason)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@contextlib.contextmanager
def serving(place):
    """`tierwatch serve` of an installation, while the block lasts."""
    line, around = place.command("serve")
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, **around) as process:
        try:
            assert "listening" in process.stdout.readline()
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def ask(port, method, target, host=b"Host: localhost"):
    """The whole answer to one request, byte for byte as told."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(method + b" " + target + b" HTTP/1.1\r\n" + host + b"\r\nConnection: close\r\n\r\n")
        parts, end_s = [], time.monotonic() + 20
        while time.monotonic() < end_s:
            with contextlib.suppress(ConnectionError):
                if part := connection.recv(65536):
                    parts.append(part)
                    continue
            break
    return b"".join(parts)


def taken(answers):
    """How many were answered as if all were well."""
    return sum(answer[9:10] == b"2" for answer in answers)


def series(port):
    """Lines of /metrics that are samples."""
    answer = ask(port, b"GET", b"/metrics")
    assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
    return sum(not line.startswith(b"#") for line in answer.partition(b"\r\n\r\n")[2].splitlines())
