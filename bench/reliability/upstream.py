"""A scripted upstream on loopback: counts what it is sent, and answers as it is told, well or badly."""

import asyncio
import base64
import collections
import contextlib
import functools
import json
import re
import socket
import struct
import threading

from probe.standin import pictures

REQUEST_ID = re.compile(rb"(?im)^x-client-request-id:\s*(\S+)")
LENGTH = re.compile(rb"(?im)^content-length:\s*(\d+)")


def http(body, status="200 OK", headers=(), content_type="application/json"):
    """A whole answer as bytes."""
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@functools.lru_cache(64)
def _png(width, height, seed):
    return pictures.picture(width, height, str(seed))


def picture(seed=0, size=(1280, 720)):
    """A good answer of the images API."""
    return http(answer_of(_png(*size, seed)))


def answer_of(data):
    return json.dumps({"created": 1, "data": [{"b64_json": base64.b64encode(data).decode()}]})


FAILED = http('{"error": {"message": "The server had an error", "type": "server_error"}}', "500 Internal Server Error")


class Upstream:
    """Answers each request with `reply(number, head, body)`: bytes, or (seconds to wait, bytes); b"" just closes."""

    def __init__(self, reply):
        self.reply = reply
        self.ids = collections.Counter()
        self.heads = []
        self.numbers = 0

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._end)
        self._thread.join(10)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._listening))
        self._loop.run_forever()

    def _end(self):
        self._server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.call_later(0.1, self._loop.stop)

    def listen(self, on):
        """Take the server off the network, or back on."""
        done = threading.Event()

        async def change():
            if on:
                self._listening = socket.create_server(("127.0.0.1", self.port), backlog=512)
                self._server = await asyncio.start_server(self._serve, sock=self._listening)
            else:
                self._server.close()
            done.set()

        asyncio.run_coroutine_threadsafe(change(), self._loop)
        assert done.wait(10)

    async def _serve(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = LENGTH.search(head)
            body = await reader.readexactly(int(length[1])) if length else b""
            number = self.numbers
            self.numbers += 1
            self.heads.append(head)
            found = REQUEST_ID.search(head)
            if found:
                self.ids[found[1].decode()] += 1
            await self._answer(self.reply(number, head, body), writer)
        writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()

    async def _answer(self, told, writer):
        steps = told if isinstance(told, list | tuple) else [told]
        for step in steps:
            if isinstance(step, int | float):
                await asyncio.sleep(step)
            elif step == "reset":
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
                return
            else:
                writer.write(step)
                await writer.drain()
