"""Misbehaviour on the wire: what happens in place of a plain answer, one row an act."""

import asyncio
import dataclasses
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from probe import clock

OVERSIZED_BYTES = 80 * 1024 * 1024
"""Length of an answer that is too long, above the 64 MiB that tierwatch reads."""


class Protocol(H11Protocol):
    """uvicorn's HTTP/1.1 with the connection's transport in reach of the application, as an ASGI extension."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        inner = self.app

        async def app(scope: Any, receive: Any, send: Any) -> None:
            try:
                await inner({**scope, "extensions": {"transport": transport}}, receive, send)
            except asyncio.CancelledError:
                # The server ends: uvicorn would say 500, which no upstream said.
                transport.abort()
                raise

        self.app = app


@dataclasses.dataclass(frozen=True, slots=True)
class Exchange:
    """One answer that is about to go wrong, and the connection it goes wrong on."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    time: clock.Clock
    hold_s: float  # how long a hanging answer is held, in seconds of `time`
    scope: Scope
    receive: Receive
    send: Send

    @property
    def transport(self) -> asyncio.Transport:
        transport: asyncio.Transport = self.scope["extensions"]["transport"]
        return transport

    async def start(self, **headers: str) -> None:
        """Status line and headers; without a content-length the body goes in chunks."""
        pairs = [(name.encode(), value.encode()) for name, value in {**self.headers, **headers}.items()]
        await self.send({"type": "http.response.start", "status": self.status, "headers": pairs})

    async def write(self, data: bytes, *, last: bool = False) -> None:
        await self.send({"type": "http.response.body", "body": data, "more_body": not last})

    async def wait(self, seconds: float) -> bool:
        """Wait so long, or until the client has left; True = it has left."""
        left = asyncio.ensure_future(self.gone())
        slept = asyncio.ensure_future(self.time.sleep(seconds))
        await asyncio.wait((left, slept), return_when=asyncio.FIRST_COMPLETED)
        for task in (left, slept):
            task.cancel()
        return left.done() and not left.cancelled()

    async def gone(self) -> None:
        """Return once the connection is closed."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def close(self) -> None:
        """Close in good order after what was written; return once the connection is gone, so that nothing follows."""
        self.transport.close()
        await self.gone()


async def hang(x: Exchange) -> None:
    """Nothing at all until the client leaves."""
    await x.wait(x.hold_s)
    await x.close()


async def close(x: Exchange) -> None:
    """Closed before any byte."""
    await x.close()


async def reset(x: Exchange) -> None:
    """Reset before any byte."""
    await tear(x)


async def reset_in_body(x: Exchange) -> None:
    """Reset after half the body."""
    await x.start(**{"content-length": str(len(x.body))})
    await x.write(x.body[: len(x.body) // 2])
    await tear(x)


async def tear(x: Exchange) -> None:
    """RST in place of FIN: lingering for zero seconds throws away what is unsent."""
    sock: socket.socket = x.transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    x.transport.abort()
    await x.gone()


async def truncate(x: Exchange) -> None:
    """Closed after half the body that content-length announced."""
    await x.start(**{"content-length": str(len(x.body))})
    await x.write(x.body[: len(x.body) // 2])
    await x.close()


async def truncate_chunks(x: Exchange) -> None:
    """Closed after half the body, without the last chunk."""
    await x.start()
    await x.write(x.body[: len(x.body) // 2])
    await x.close()


async def stall(x: Exchange) -> None:
    """Half the body, then nothing until the client leaves."""
    await x.start(**{"content-length": str(len(x.body))})
    await x.write(x.body[: len(x.body) // 2])
    await x.wait(x.hold_s)
    await x.close()


async def drip(x: Exchange) -> None:
    """The body in 200 pieces, so slowly that no read times out and no deadline is met."""
    await x.start(**{"content-length": str(len(x.body))})
    step = max(1, len(x.body) // 200)
    for at in range(0, len(x.body), step):
        await x.write(x.body[at : at + step], last=at + step >= len(x.body))
        if await x.wait(x.hold_s / 200):
            return


async def oversize(x: Exchange) -> None:
    """A body without end, for all the client knows."""
    await x.start()
    await x.write(b'{"created": 1, "data": [{"b64_json": "')
    piece = b"A" * 1024 * 1024
    for _ in range(OVERSIZED_BYTES // len(piece)):
        await x.write(piece)
    await x.write(b'"}]}', last=True)


async def not_http(x: Exchange) -> None:
    """Bytes that are no HTTP."""
    x.transport.write(b"\x15\x03\x01\x00\x02\x02\x28 this is not HTTP\r\n\r\n")
    await x.close()


async def bad_gzip(x: Exchange) -> None:
    """Declared as gzip, which it is not."""
    await x.start(**{"content-encoding": "gzip", "content-length": str(len(x.body))})
    await x.write(x.body, last=True)


ACTS: Mapping[str, Callable[[Exchange], Awaitable[None]]] = MappingProxyType(
    {
        "hang": hang,
        "close": close,
        "reset": reset,
        "reset-in-body": reset_in_body,
        "truncate": truncate,
        "truncate-chunks": truncate_chunks,
        "stall": stall,
        "drip": drip,
        "oversize": oversize,
        "not-http": not_http,
        "bad-gzip": bad_gzip,
    }
)


class Misbehaving(Response):
    """A Starlette response that goes wrong."""

    def __init__(
        self, act: str, status: int, headers: Mapping[str, str], body: bytes, time: clock.Clock, hold_s: float
    ) -> None:
        self.act = ACTS[act]
        self.status_code = status
        self.plain_headers = headers
        self.body = body
        self.time = time
        self.hold_s = hold_s
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.act(
            Exchange(
                self.status_code, self.plain_headers, bytes(self.body), self.time, self.hold_s, scope, receive, send
            )
        )
