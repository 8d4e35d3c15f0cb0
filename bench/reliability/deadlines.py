"""R5: upstreams that drip, stall and flood: how far past its deadline a request may run."""

import asyncio
import contextlib
import socket
import time

import installation
import upstream

from probe import client, clock, model
from probe.config import secrets

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LONG = HEAD + b"Content-Length: 1000000\r\n\r\n"
MOST_OVER_S = 0.5


def drip(data, every_s=0.2, size=1):
    """Steps that send `data` bit by bit, then bytes for ever."""
    steps = []
    for at in range(0, len(data), size):
        steps += [data[at : at + size], every_s]
    return [*steps, *([b"x", every_s] * 1000)]


def flood(data, times=100_000):
    return [data * 500] * (times // 500)


VARIANTS = {
    "no answer": [3600],
    "status line drips": drip(HEAD),
    "headers drip": [b"HTTP/1.1 200 OK\r\n", *drip(b"X-A: b\r\n" * 1000)],
    "headers stall": [HEAD, 3600],
    "endless header line": [b"HTTP/1.1 200 OK\r\nX-A: ", *drip(b"a" * 10_000, 0.05, 50)],
    "body drips": [LONG, *drip(b"{")],
    "body drips fast": [LONG, *drip(b" " * 10_000, 0.01, 100)],
    "body stalls": [LONG, b"{" * 1000, 3600],
    "chunks drip": [CHUNKED, *drip(b"1\r\n{\r\n" * 1000)],
    "chunk size drips": [CHUNKED, *drip(b"0" * 1000)],
    "chunk stalls": [CHUNKED, b"ffff\r\n{", 3600],
    "last chunk never comes": [CHUNKED, b"2\r\n{}\r\n", 3600],
    "chunk extension drips": [CHUNKED, *drip(b"1;" + b"x" * 10_000, 0.05, 50)],
    "no length, never closed": [HEAD + b"\r\n", b"{}", 3600],
    "gzip drips": [HEAD + b"Content-Encoding: gzip\r\n\r\n", *drip(b"\x1f\x8b\x08" + bytes(1000))],
    "flood of 100": flood(b"HTTP/1.1 100 Continue\r\n\r\n", 2_000_000),
    "flood of 103": flood(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 2_000_000),
    "a 100 now and then": drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 500, 0.05, 25),
    "answer, then silence on a longer length": [LONG, b'{"data": []}', 3600],
    "zero bytes for ever": [HEAD + b"\r\n", *([bytes(1000), 0.02] * 10_000)],
    "nothing listens, full backlog": "full",
    "a TLS handshake that never comes": "silent",
}


def measure(case):
    over = asyncio.run(all_of(case.times(1, 5)))
    n = f"{len(over)} variants"
    worst = max(over, key=over.get)
    yield case.row(f"worst overrun past the deadline, s ({worst})", round(over[worst], 3), n, at_most=MOST_OVER_S)


async def all_of(deadline_s):
    found = {}
    for name, steps in VARIANTS.items():
        with server(steps) as url:
            async with contextlib.aclosing(client.Client(clock.RealClock())) as http:
                request = model.Request("POST", f"{url}/v1/images/generations", {}, b"{}")
                started_s = time.monotonic()
                reply = await http.send(request, key=secrets.Secret(installation.KEY), deadline_s=deadline_s)
                found[name] = time.monotonic() - started_s - deadline_s
        assert reply.fault is not None, name
        print(f"{name}: {found[name]:+.3f} s, {reply.fault}", file=__import__("sys").stderr)
    return found


@contextlib.contextmanager
def server(steps):
    if steps == "full":
        with contextlib.ExitStack() as stack:
            listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
            for _ in range(3):  # never accepted: they fill the queue
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(listening.getsockname())
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    elif steps == "silent":
        with socket.create_server(("127.0.0.1", 0)) as listening:
            yield f"https://127.0.0.1:{listening.getsockname()[1]}"
    else:
        with upstream.Upstream(lambda *_: steps) as up:
            yield up.url
