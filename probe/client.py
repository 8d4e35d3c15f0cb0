"""The one door to httpx: sends one request once, bounded in time and bytes, and returns a Reply whatever happens."""

import asyncio
import dataclasses
import io
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import httpx

import probe
from probe import clock as clocks
from probe import model
from probe.config import secrets

BODY_CAP_BYTES = 64 * 2**20
"""A noisy 4K PNG is 17 MB of JSON; a Gemini 4K PNG may reach 40 MB."""

CHUNK_BYTES = 64 * 2**10
UNPACKED_BYTES = 2**20
"""A compressed chunk is unpacked in steps of this size: one of 64 kB may hold 64 MB of zeros."""

CONNECT_TIMEOUT_S = 10.0

FAULTS: Mapping[type[Exception], model.Fault] = MappingProxyType(
    {
        httpx.ConnectTimeout: model.Fault.CONNECT_TIMEOUT,
        httpx.ReadTimeout: model.Fault.READ_TIMEOUT,
        httpx.WriteTimeout: model.Fault.WRITE_TIMEOUT,
        httpx.PoolTimeout: model.Fault.OWN_POOL,
        httpx.TimeoutException: model.Fault.DEADLINE,
        httpx.ConnectError: model.Fault.REFUSED,
        httpx.ReadError: model.Fault.RESET,
        httpx.WriteError: model.Fault.RESET,
        httpx.CloseError: model.Fault.RESET,
        httpx.NetworkError: model.Fault.RESET,
        httpx.ProxyError: model.Fault.PROXY_ERROR,
        httpx.RemoteProtocolError: model.Fault.PROTOCOL_ERROR,
        httpx.LocalProtocolError: model.Fault.BAD_REQUEST,
        httpx.ProtocolError: model.Fault.PROTOCOL_ERROR,
        httpx.UnsupportedProtocol: model.Fault.BAD_REQUEST,
        httpx.DecodingError: model.Fault.BAD_ENCODING,
        httpx.TooManyRedirects: model.Fault.PROTOCOL_ERROR,
        httpx.TransportError: model.Fault.PROTOCOL_ERROR,
        httpx.RequestError: model.Fault.PROTOCOL_ERROR,
        httpx.HTTPStatusError: model.Fault.PROTOCOL_ERROR,
        httpx.HTTPError: model.Fault.PROTOCOL_ERROR,
        httpx.InvalidURL: model.Fault.BAD_REQUEST,
        httpx.CookieConflict: model.Fault.BAD_REQUEST,
        httpx.StreamError: model.Fault.PROTOCOL_ERROR,
    }
)
"""What each exception class of httpx means; a test proves that none is missing."""

CAUSES: Mapping[type[BaseException], model.Fault] = MappingProxyType(
    {
        socket.gaierror: model.Fault.DNS,
        ssl.SSLError: model.Fault.TLS_ERROR,
        ConnectionRefusedError: model.Fault.REFUSED,
        ConnectionResetError: model.Fault.RESET,
        BrokenPipeError: model.Fault.RESET,
    }
)
"""httpx says `ConnectError` for DNS, TLS and refusal alike: the cause underneath tells them apart."""

PHASES: Mapping[str, str] = MappingProxyType(
    {
        "connect_tcp.complete": "connect_s",
        "start_tls.complete": "tls_s",
        "send_request_body.complete": "request_sent_s",
        "receive_response_headers.complete": "headers_s",
    }
)
"""httpcore's trace events, less the part of it that tells them -> fields of `model.Timings`."""

KEEP_IDLE = next(getattr(socket, name) for name in ("TCP_KEEPIDLE", "TCP_KEEPALIVE") if hasattr(socket, name))
"""The option's name on Linux, and on macOS."""

KEEP_ALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, KEEP_IDLE, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
)
"""A picture takes minutes of silence; without these a NAT on the way drops the connection."""


@dataclasses.dataclass(slots=True)
class _Progress:
    """What was seen so far of one attempt; read when it ends, however it ends."""

    started_s: float
    clock: clocks.Clock
    phases: dict[str, float] = dataclasses.field(default_factory=dict)
    sent: bool = False
    status: int | None = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    body: io.BytesIO = dataclasses.field(default_factory=io.BytesIO)  # its bytes are handed on without a copy

    def elapsed_s(self) -> float:
        return self.clock.monotonic_s() - self.started_s

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        part, _, step = event.partition(".")
        if step == "send_request_headers.started":
            self.sent = info["request"].method != b"CONNECT"  # by which a proxy is asked for a tunnel first
        if step in PHASES and (self.sent or part != "http11"):
            self.phases[PHASES[step]] = self.elapsed_s()

    def reply(self, fault: model.Fault | None = None, fault_text: str = "") -> model.Reply:
        elapsed_s = self.elapsed_s()
        body_s = elapsed_s if fault is None else None
        # httpx keeps this object in a cycle until the next collection: the body, up to 64 MB, must not wait for it.
        body, self.body = self.body.getvalue(), io.BytesIO()
        return model.Reply(
            status=self.status,
            headers=self.headers,
            body=body,
            fault=fault,
            fault_text=fault_text,
            elapsed_s=elapsed_s,
            timings=model.Timings(**self.phases, body_s=body_s),
            sent=self.sent,
        )


class Client:
    """Connections of one channel. Each request gets a fresh one: a stale kept-alive one would look like a reset.

    `proxy` is a proxy URL or None; the environment's proxies and certificates are never used.
    """

    def __init__(self, clock: clocks.Clock, *, proxy: str | None = None, redact: Callable[[str], str] = str) -> None:
        self._clock = clock
        self._redact = redact
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        transport = httpx.AsyncHTTPTransport(
            verify=tls_context(), trust_env=False, limits=limits, proxy=proxy, socket_options=KEEP_ALIVE
        )
        self._http = httpx.AsyncClient(transport=transport, trust_env=False, follow_redirects=False, timeout=None)  # noqa: S113 - bounded by one total deadline

    async def aclose(self) -> None:
        """Close the connections (the name that `contextlib.aclosing` calls)."""
        await self._http.aclose()

    async def send(
        self, request: model.Request, *, key: secrets.Secret | None, deadline_s: float, cap_bytes: int = BODY_CAP_BYTES
    ) -> model.Reply:
        """Send once and read the whole answer; no retry, no redirect.

        1. start the one total deadline, in seconds of the clock;
        2. send, noting when each phase ended;
        3. read raw bytes up to the cap, undoing at most one gzip or deflate layer;
        4. turn every fault of the network into a Reply. Cancellation passes through.
        """
        progress = _Progress(self._clock.monotonic_s(), self._clock)
        try:
            async with asyncio.timeout(deadline_s / self._clock.speed):
                return await self._exchange(request, key, cap_bytes, progress)
        except TimeoutError:
            return progress.reply(model.Fault.DEADLINE, f"no complete answer within {deadline_s:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpx.CookieConflict) as error:
            return progress.reply(fault_of(error), self._words(error))
        except (OSError, UnicodeError, ValueError) as error:
            # What httpx lets through: an unencodable header, an odd socket error.
            return progress.reply(_cause(error) or model.Fault.BAD_REQUEST, self._words(error))

    async def _exchange(
        self, request: model.Request, key: secrets.Secret | None, cap_bytes: int, progress: _Progress
    ) -> model.Reply:
        headers = {
            "user-agent": f"tierwatch/{probe.__version__}",
            "accept": "application/json",
            "accept-encoding": "identity",
            "accept-language": "en",
            **request.headers,
        }
        if key is not None:
            value = key.reveal()
            bare = request.bare_key or request.auth_header != "authorization"
            headers[request.auth_header] = value if bare else f"Bearer {value}"
        # A connection takes real time even when the clock runs fast.
        timeout = httpx.Timeout(None, connect=max(CONNECT_TIMEOUT_S / self._clock.speed, 1.0))
        extensions: dict[str, Any] = {"trace": progress.trace}
        if "host" in headers:
            extensions["sni_hostname"] = headers["host"]  # the URL holds a checked address (`probe.reach`)
        async with self._http.stream(
            request.method,
            request.url,
            headers=headers,
            content=request.body,
            timeout=timeout,
            extensions=extensions,
        ) as response:
            progress.status = response.status_code
            progress.headers = _headers(response.headers)
            encoding = progress.headers.get("content-encoding", "identity").strip().lower()
            fault = await _read(response.aiter_raw(CHUNK_BYTES), encoding, cap_bytes, progress.body)
            return progress.reply(fault, f"over {cap_bytes} bytes" if fault is model.Fault.OVERSIZED else "")

    def _words(self, error: BaseException) -> str:
        text = str(error) or type(error).__name__
        return self._redact(f"{type(error).__name__}: {text}")[:500]


async def _read(chunks: AsyncIterator[bytes], encoding: str, cap_bytes: int, body: io.BytesIO) -> model.Fault | None:
    """Write the decoded body to `body`; the cap holds for what is on the wire and for what it unpacks to."""
    if encoding in {"gzip", "x-gzip", "deflate"}:
        unpacked = _unpacked(zlib.decompressobj(47 if encoding != "deflate" else zlib.MAX_WBITS))
    elif encoding in {"identity", ""}:
        unpacked = _as_it_is
    else:
        return model.Fault.BAD_ENCODING
    wire_bytes = 0
    async for chunk in chunks:
        wire_bytes += len(chunk)
        try:
            for part in unpacked(chunk):
                body.write(part)
                if wire_bytes > cap_bytes or body.tell() > cap_bytes:
                    body.truncate(CHUNK_BYTES)
                    return model.Fault.OVERSIZED
        except zlib.error:
            return model.Fault.BAD_ENCODING
    return None


def _as_it_is(chunk: bytes) -> Iterator[bytes]:
    yield chunk


def _unpacked(unpack: "zlib._Decompress") -> Callable[[bytes], Iterator[bytes]]:
    def parts(chunk: bytes) -> Iterator[bytes]:
        while chunk:
            yield unpack.decompress(chunk, UNPACKED_BYTES)
            chunk = unpack.unconsumed_tail

    return parts


def fault_of(error: Exception) -> model.Fault:
    """The fault behind an exception of httpx: the cause underneath where it says more, then the table."""
    fault = next((FAULTS[kind] for kind in type(error).__mro__ if kind in FAULTS), model.Fault.PROTOCOL_ERROR)
    if fault in {model.Fault.REFUSED, model.Fault.RESET}:
        fault = _cause(error) or fault
    if isinstance(error, httpx.RemoteProtocolError):
        text = str(error)
        if "without sending complete message body" in text or "incomplete chunked read" in text:
            return model.Fault.TRUNCATED_BODY
        if "without sending a response" in text:
            return model.Fault.RESET
    return fault


def _cause(error: BaseException) -> model.Fault | None:
    seen: BaseException | None = error
    while seen is not None:
        for kind, fault in CAUSES.items():
            if isinstance(seen, kind):
                return fault
        seen = seen.__cause__ or seen.__context__
    return None


def _headers(headers: httpx.Headers) -> dict[str, str]:
    """Lower-case names; values cut to 512 characters, since nothing longer is a fact we use."""
    return {name.lower(): secrets.cut(value, 512) for name, value in headers.items()}


def tls_context() -> ssl.SSLContext:
    """One verified context for all clients: making one takes 50 to 500 ms."""
    global _CONTEXT  # noqa: PLW0603 - made on first use, since most commands never send
    if _CONTEXT is None:
        _CONTEXT = httpx.create_ssl_context(trust_env=False)
        # ssl obeys SSLKEYLOGFILE, and would write every session's keys there.
        _CONTEXT.keylog_filename = None  # type: ignore[assignment]  # typeshed knows no None
    return _CONTEXT


_CONTEXT: ssl.SSLContext | None = None
