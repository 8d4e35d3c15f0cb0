"""The client against a real socket: every way an answer can go wrong becomes a Reply."""

import asyncio
import contextlib
import gc
import gzip
import inspect
import json
import socket
import struct
import tracemalloc

import httpx
import pytest

from probe import client, clock, model, reach
from probe.config import secrets

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: req_1\r\nContent-Length: 2\r\n\r\n{}"

CLOCK = clock.RealClock()


class Upstream:
    """A TCP server on loopback that plays one script a connection and remembers what it was sent."""

    def __init__(self, *script, speaks_first=False):
        self.script = script
        self.speaks_first = speaks_first
        self.requests = []

    async def __aenter__(self):
        self.serving = set()
        self.server = await asyncio.start_server(self.accept, "127.0.0.1", 0)
        port = self.server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/v1/images/generations"
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for task in self.serving:
            task.cancel()
        await asyncio.gather(*self.serving, return_exceptions=True)

    async def accept(self, reader, writer):
        self.serving.add(asyncio.current_task())
        try:
            await self.play(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            writer.transport.abort()

    async def play(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            if not self.speaks_first:
                self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
            for step in self.script:
                if isinstance(step, bytes):
                    writer.write(step)
                    await writer.drain()
                elif isinstance(step, float):
                    await asyncio.sleep(step)
                elif step == "reset":
                    raw = writer.get_extra_info("socket")
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
            writer.close()
            await writer.wait_closed()


def send(*script, deadline_s=5.0, cap_bytes=client.BODY_CAP_BYTES, key=None, headers=None, speed=1.0):
    """The reply of an upstream that plays `script`, and the upstream."""

    async def go():
        ticking = clock.RealClock(speed)
        async with Upstream(*script) as upstream, contextlib.aclosing(client.Client(ticking)) as http:
            request = model.Request("POST", upstream.url, headers or {}, b"{}")
            return await http.send(request, key=key, deadline_s=deadline_s, cap_bytes=cap_bytes), upstream

    return asyncio.run(go())


def test_a_whole_answer_has_status_headers_body_and_phases():
    reply, _ = send(OK)
    assert (reply.status, reply.body, reply.fault) == (200, b"{}", None)
    assert reply.headers["x-request-id"] == "req_1"
    timings = reply.timings
    assert 0 <= timings.connect_s <= timings.request_sent_s <= timings.headers_s <= timings.body_s == reply.elapsed_s


def test_a_long_header_is_cut_before_a_token_that_would_be_halved():
    location = b"https://elsewhere.test/?" + b"a" * 470 + b"&key=" + b"k" * 40
    reply, _ = send(OK.replace(b"X-Request-Id: req_1", b"location: " + location))
    assert reply.headers["location"] == location.decode().rpartition("key=")[0]


def test_a_dripping_body_ends_at_the_total_deadline():
    reply, _ = send(OK.replace(b": 2", b": 900"), *[b" ", 0.05] * 40, deadline_s=0.3)
    assert (reply.fault, reply.status) == (model.Fault.DEADLINE, 200)
    assert "0.3 s" in reply.fault_text


def test_silence_ends_at_the_deadline_and_counts_as_sent():
    reply, _ = send(3.0, deadline_s=0.2)
    assert (reply.fault, reply.status, reply.sent) == (model.Fault.DEADLINE, None, True)


def test_a_fast_clock_shrinks_the_deadline():
    reply, _ = send(3.0, deadline_s=60.0, speed=300.0)
    assert reply.fault is model.Fault.DEADLINE


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        pytest.param([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"], model.Fault.TRUNCATED_BODY, id="body cut"),
        pytest.param(
            [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"],
            model.Fault.TRUNCATED_BODY,
            id="chunks cut",
        ),
        pytest.param([], model.Fault.RESET, id="closed without a byte"),
        pytest.param(["reset"], model.Fault.RESET, id="reset"),
        pytest.param([b"SSH-2.0-OpenSSH\r\n\r\n"], model.Fault.PROTOCOL_ERROR, id="not HTTP"),
        pytest.param([b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\nxx"], model.Fault.BAD_ENCODING, id="brotli"),
        pytest.param([b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nxx"], model.Fault.BAD_ENCODING, id="no gzip"),
        pytest.param(
            [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\n\r\nxx"], model.Fault.BAD_ENCODING, id="two layers"
        ),
    ],
)
def test_a_broken_answer_is_a_fault(script, fault):
    reply, _ = send(*script)
    assert reply.fault is fault


def test_one_layer_of_gzip_is_undone():
    packed = gzip.compress(b'{"data": []}')
    reply, _ = send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + packed)
    assert (reply.body, reply.fault) == (b'{"data": []}', None)


def test_a_gzip_bomb_stops_at_the_cap():
    packed = gzip.compress(bytes(50_000_000))
    reply, _ = send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + packed, cap_bytes=1_000_000)
    assert reply.fault is model.Fault.OVERSIZED
    assert len(reply.body) <= client.CHUNK_BYTES


def test_an_endless_body_stops_at_the_cap():
    reply, _ = send(b"HTTP/1.1 200 OK\r\n\r\n", *[bytes(100_000)] * 40, cap_bytes=1_000_000)
    assert (reply.fault, reply.fault_text) == (model.Fault.OVERSIZED, "over 1000000 bytes")


def test_a_redirect_is_an_answer_and_is_not_followed():
    reply, upstream = send(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    assert (reply.status, reply.fault, len(upstream.requests)) == (302, None, 1)


def test_the_key_travels_in_its_header_only_and_the_body_is_asked_for_uncompressed():
    _, upstream = send(OK, key=secrets.Secret("sk-test-key-0123456789"))
    head = upstream.requests[0].lower()
    assert "authorization: bearer sk-test-key-0123456789" in head
    assert "accept-encoding: identity" in head
    assert "sk-test" not in head.split("\r\n", 1)[0]


def test_a_request_is_sent_exactly_once():
    _, upstream = send(b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n")
    assert len(upstream.requests) == 1


def test_a_refused_connection_was_never_sent():
    async def go():
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            request = model.Request("POST", f"http://127.0.0.1:{held.getsockname()[1]}/", {}, b"{}")
            async with contextlib.aclosing(client.Client(clock.RealClock())) as http:
                return await http.send(request, key=None, deadline_s=5.0)

    reply = asyncio.run(go())
    assert (reply.fault, reply.sent) == (model.Fault.REFUSED, False)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"], id="refused"),
        pytest.param([], id="closed"),
        pytest.param([b"HTTP/1.1 200 OK\r\n\r\n"], id="no TLS behind it"),
    ],
)
def test_a_request_that_a_proxy_opened_no_tunnel_for_was_never_sent(script):
    async def go():
        async with Upstream(*script) as proxy:
            url = proxy.url.removesuffix("/v1/images/generations")
            async with contextlib.aclosing(client.Client(clock.RealClock(), proxy=url)) as http:
                request = model.Request("POST", "https://api.example.com/v1/images/generations", {}, b"{}")
                key = secrets.Secret("sk-test-0123456789abcdef")
                return await http.send(request, key=key, deadline_s=5.0), proxy.requests

    reply, heard = asyncio.run(go())
    assert (reply.fault is None, reply.sent, reply.timings.headers_s) == (False, False, None)
    assert heard[0].startswith("CONNECT api.example.com:443 ")
    assert "sk-test" not in heard[0]


def test_a_name_that_does_not_resolve_is_a_dns_fault():
    async def go():
        async with contextlib.aclosing(client.Client(clock.RealClock())) as http:
            return await http.send(model.Request("GET", "http://no-such-host.invalid/"), key=None, deadline_s=5.0)

    assert asyncio.run(go()).fault is model.Fault.DNS


def test_plain_http_where_tls_was_expected_is_a_tls_fault():
    async def go():
        async with (
            Upstream(OK, speaks_first=True) as upstream,
            contextlib.aclosing(client.Client(clock.RealClock())) as http,
        ):
            request = model.Request("GET", upstream.url.replace("http://", "https://"))
            return await http.send(request, key=None, deadline_s=5.0)

    assert asyncio.run(go()).fault in {model.Fault.TLS_ERROR, model.Fault.RESET}


def test_proxies_of_the_environment_are_ignored(monkeypatch):
    async def go():
        async with Upstream(OK) as trap:
            monkeypatch.setenv("HTTP_PROXY", trap.url)
            monkeypatch.setenv("ALL_PROXY", trap.url)
            async with Upstream(OK) as upstream, contextlib.aclosing(client.Client(clock.RealClock())) as http:
                reply = await http.send(model.Request("GET", upstream.url), key=None, deadline_s=5.0)
            return reply, trap

    reply, trap = asyncio.run(go())
    assert (reply.status, trap.requests) == (200, [])


def test_cancellation_passes_through():
    async def go():
        async with Upstream(5.0) as upstream, contextlib.aclosing(client.Client(clock.RealClock())) as http:
            task = asyncio.create_task(http.send(model.Request("GET", upstream.url), key=None, deadline_s=60.0))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(go())


def test_every_exception_class_of_httpx_has_a_fault():
    classes = {
        value
        for value in vars(httpx).values()
        if inspect.isclass(value) and issubclass(value, Exception) and value.__module__.startswith("httpx")
    }
    streams = {kind for kind in classes if issubclass(kind, httpx.StreamError)}
    missing = {kind for kind in classes - streams if kind not in client.FAULTS}
    assert not missing
    assert all(any(base in client.FAULTS for base in kind.__mro__) for kind in streams)


PRIVATE = "127.0.0.1 10.0.0.1 169.254.169.254 0.0.0.0 ::1 fd00::1"
WRAPPED = "::10.0.0.1 2002:7f00:1:: 64:ff9b::7f00:1 64:ff9b:1::7f00:1"


@pytest.mark.parametrize("address", [*PRIVATE.split(), *WRAPPED.split()])
def test_private_and_wrapped_addresses_are_not_public(address):
    assert not reach.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://pictures.example/a.png",
        "https://other.example/a.png",
        "https://user:word@pictures.example/a.png",
        "https://pictures.example:8443/a.png",
        "https://0x7f000001/a.png",
        "https://pictures..example/a.png",
        "file:///etc/passwd",
    ],
)
def test_a_picture_is_not_fetched_from_elsewhere(url):
    assert asyncio.run(reach.picture_request(url, ("pictures.example", "pictures..example"))) is None


def test_a_picture_host_that_resolves_to_loopback_is_not_contacted():
    assert asyncio.run(reach.picture_request("https://localhost/a.png", ("localhost",))) is None


def test_a_fetched_picture_is_asked_from_the_checked_address():
    request = asyncio.run(
        reach.picture_request("https://localhost/a.png?x=1", ("localhost",), allowed=lambda _address: True)
    )
    assert request.url in {"https://127.0.0.1/a.png?x=1", "https://[::1]/a.png?x=1"}
    assert request.headers["host"] == "localhost"


def test_the_body_survives_as_json():
    body = json.dumps({"error": {"message": "额度不足"}}, ensure_ascii=False).encode()
    reply, _ = send(b"HTTP/1.1 403 No\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert json.loads(reply.body)["error"]["message"] == "额度不足"


def test_a_compressed_bomb_is_unpacked_no_further_than_the_cap():
    packed = gzip.compress(bytes(64 * 2**20), 9)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    tracemalloc.start()
    try:
        reply, _ = send(head + packed, cap_bytes=2**20)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reply.fault is model.Fault.OVERSIZED
    assert len(reply.body) <= client.CHUNK_BYTES
    assert peak_bytes < 8 * 2**20


def test_a_body_that_unpacks_in_many_steps_is_whole():
    body = bytes(range(256)) * 20_000
    packed = gzip.compress(body)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    reply, _ = send(head + packed)
    assert (reply.fault, reply.body) == (None, body)


def test_session_keys_are_written_nowhere(monkeypatch, tmp_path):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    monkeypatch.setattr(client, "_CONTEXT", None)
    assert client.tls_context().keylog_filename is None


@pytest.mark.parametrize(
    "url", ["https://[host]/a.png", "https://localhost:99999/a.png", "https://\u202e/a.png", "https://"]
)
def test_an_address_that_cannot_be_taken_apart_is_not_fetched(url):
    assert asyncio.run(reach.picture_request(url, ("localhost", "host"))) is None


def test_a_body_is_freed_with_its_reply_and_waits_for_no_collection():
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n"

    async def go():
        async with Upstream(head + bytes(5_000_000)) as upstream, contextlib.aclosing(client.Client(CLOCK)) as http:
            for _ in range(6):
                reply = await http.send(model.Request("POST", upstream.url, {}, b"{}"), key=None, deadline_s=10)
                assert len(reply.body) == 5_000_000
            del reply
            return tracemalloc.get_traced_memory()[0]

    gc.disable()
    tracemalloc.start()
    try:
        held_bytes = asyncio.run(go())
    finally:
        tracemalloc.stop()
        gc.enable()
    assert held_bytes < 10_000_000  # one body may still stand in the server's own buffers
