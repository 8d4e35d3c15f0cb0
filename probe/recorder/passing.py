"""What runs in the program's own threads: hooks that watch a request and its answer pass, and touch neither."""

import base64
import contextlib
import contextvars
import datetime as dt
import functools
import re
import time
import zlib
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from typing import Any, NamedTuple

from probe.picture import container
from probe.recorder import queue

BATCH: contextvars.ContextVar[str] = contextvars.ContextVar("tierwatch_batch", default="")
"""The batch that requests of this thread or task belong to."""

WATCHED = re.compile(
    r"/images(/generations|/edits|/variations)?$|:(stream)?generateContent$|:predict$|/chat/completions$"
)
"""Paths that may make pictures; of chat only requests that ask for one are recorded."""

RUN = re.compile(rb"[A-Za-z0-9+/_=-]{400,}")
OPEN_END = re.compile(rb"[A-Za-z0-9+/_=-]{0,399}\Z")
TEXT_BYTES, TAIL_BYTES = 16_384, 4_096
"""How much of a body's words is held: its beginning and its end."""

HEAD_CHARACTERS = 65_536
"""How much of a picture's base64 is looked at for its size in pixels; it is not kept."""

PACKED = {"gzip": 47, "x-gzip": 47, "deflate": zlib.MAX_WBITS}
LARGEST_UNREAD = 1 << 20
"""Bytes of an answer in another encoding that are held, to be decoded later by the client library."""


class Body:
    """The words of a body while it passes: long base64 runs are counted and left out."""

    def __init__(self, encoding: str = "") -> None:
        self.encoding = encoding.strip().lower()
        self.pictures: list[dict[str, Any]] = []  # format, width, height, bytes
        self.packed = bytearray()  # of an encoding that is not undone here
        self._unpack = zlib.decompressobj(PACKED[self.encoding]) if self.encoding in PACKED else None
        self._text, self._tail, self._held = bytearray(), b"", b""
        self._run: bytearray | None = None
        self._length = 0

    @property
    def text(self) -> bytes:
        """The words, with `<N base64 characters>` where a picture was."""
        return bytes(self._text) + self._tail + self._held

    def feed(self, data: bytes) -> None:
        """Take in a piece as it came over the wire."""
        if self._unpack is not None:
            data = self._unpack.decompress(data)
        elif self.encoding not in {"", "identity"}:
            self.packed += data[: LARGEST_UNREAD - len(self.packed)]
            return
        while data:
            data = self._words(data) if self._run is None else self._picture(data)

    def end(self) -> None:
        """The body is over; a picture that was cut counts."""
        if self._run is not None:
            self._close()

    def _words(self, data: bytes) -> bytes:
        """Words up to the next run; returns what is left, beginning with the run."""
        data, self._held = self._held + data, b""
        run = RUN.search(data)
        if run is None:
            end = OPEN_END.search(data)
            cut = end.start() if end else len(data)
            self._keep(data[:cut])
            self._held = data[cut:]
            return b""
        self._keep(data[: run.start()])
        self._run, self._length = bytearray(), 0
        return data[run.start() :]

    def _picture(self, data: bytes) -> bytes:
        """A run up to the quote that ends it; returns what is left."""
        end = data.find(b'"')
        part = data if end < 0 else data[:end]
        if self._run is not None:
            self._run += part[: max(0, HEAD_CHARACTERS - len(self._run))]
        self._length += len(part)
        if end < 0:
            return b""
        self._close()
        return data[end:]

    def _close(self) -> None:
        header = picture_header(bytes(self._run or b""))
        if header is not None:
            size_bytes = self._length * 3 // 4
            self.pictures.append(
                {"format": header.format, "width": header.width_px, "height": header.height_px, "bytes": size_bytes}
            )
        self._keep(b"<%d base64 characters>" % self._length)
        self._run = None

    def _keep(self, data: bytes) -> None:
        room = max(0, TEXT_BYTES - len(self._text))
        self._text += data[:room]
        if len(data) > room:
            self._tail = (self._tail + data[room:])[-TAIL_BYTES:]


def picture_header(characters: bytes) -> container.Header | None:
    """What the first characters of a base64 run say of a picture; None where it is none (a signature, a key)."""
    whole = characters.translate(None, b"\r\n").replace(b"-", b"+").replace(b"_", b"/")
    try:
        return container.read_header(base64.b64decode(whole[: len(whole) // 4 * 4]))
    except ValueError:
        return None


class Seen:
    """One attempt while it is under way. `timed`: it was seen from its start."""

    def __init__(self, to: queue.Queue, batch: str, request: Any, *, timed: bool = True) -> None:
        self.batch = batch or BATCH.get()
        self.request = request
        self.response: Any = None
        self.body = Body()
        self.error: BaseException | None = None
        self.elapsed_s: float | None = None
        self.headers_s: float | None = None
        self.at = dt.datetime.now(dt.UTC)  # when it started, or was first seen
        self.told = False
        self._to = to
        self._timed = timed
        self._first_seen_s = time.perf_counter()

    @property
    def weight(self) -> int:
        """Bytes that wait in the queue with it."""
        stated = self.request.headers.get("content-length", "")
        return int(stated) if stated.isdecimal() else 0

    def answered(self, response: Any) -> None:
        """Its answer began."""
        self.response = response
        self.headers_s = time.perf_counter() - self._first_seen_s
        self.body = Body(response.headers.get("content-encoding", ""))

    def tell(self) -> None:
        """It is over, by `error` or not: hand it over, once."""
        if self.told:
            return
        self.told = True
        self.body.end()
        self.elapsed_s = time.perf_counter() - self._first_seen_s
        if not self._timed:
            total_s = self._total_s()
            before_s = total_s - self.elapsed_s
            self.at -= dt.timedelta(seconds=before_s)
            self.headers_s, self.elapsed_s = before_s, total_s
        self._to.put(self, self.weight)

    def _total_s(self) -> float:
        """How long it took by the client's own watch."""
        try:
            return float(self.response.elapsed.total_seconds())
        except RuntimeError:  # an answer that never was a stream
            return self.elapsed_s or 0.0


class Hook:
    """An event hook for requests and responses of httpx and httpx2, synchronous or not."""

    def __init__(self, to: queue.Queue, batch: str) -> None:
        self._to, self._batch = to, batch

    def __call__(self, message: Any) -> "Awaited":
        waited = Awaited()
        with contextlib.suppress(Exception):  # never into the program
            if hasattr(message, "status_code"):
                self._response(message)
            elif is_watched(message):
                seen = Seen(self._to, self._batch, message)
                message.extensions["tierwatch"] = seen
                waited.then = trace(message, seen)
        return waited

    def _response(self, response: Any) -> None:
        """Watch the answer pass."""
        request = response.request
        if not is_watched(request):
            return
        seen = request.extensions.get("tierwatch")
        if seen is None or seen.told:  # told: the transport tried again by itself
            seen = Seen(self._to, self._batch, request, timed=False)
        seen.answered(response)
        if response.is_closed:  # a cache or a mock gave it whole; its content is decoded already
            seen.body = Body()
            seen.body.feed(response.content)
            seen.tell()
        else:
            response.stream = watched(response.stream, seen)


def trace(request: Any, seen: Seen) -> Callable[[], None]:
    """Be told of what fails before there is an answer; a trace that the program set is told as well.

    Returns what must be called where the client turns out to be asynchronous.
    """
    before = request.extensions.get("trace")

    def note(event: str, info: Mapping[str, Any]) -> None:
        with contextlib.suppress(Exception):
            if event.endswith(".failed") and seen.response is None:
                seen.error = info.get("exception")
                seen.tell()

    def told(event: str, info: Mapping[str, Any]) -> Any:
        note(event, info)
        return before(event, info) if before is not None else None

    async def async_told(event: str, info: Mapping[str, Any]) -> Any:
        note(event, info)
        return await before(event, info) if before is not None else None

    def become_async() -> None:
        request.extensions["trace"] = async_told

    request.extensions["trace"] = told
    return become_async


class Awaited:
    """What a hook returns: nothing to a synchronous client; one that awaits it shows by that what it is."""

    def __init__(self) -> None:
        self.then: Callable[[], None] | None = None

    def __await__(self) -> Generator[Any, None, None]:
        if self.then is not None:
            self.then()
        yield from ()


def is_watched(request: Any) -> bool:
    return request.method == "POST" and WATCHED.search(request.url.path) is not None


def watched(stream: Any, seen: Seen) -> Any:
    """The stream of an answer, with `seen` told of what passes; of a class its library accepts."""
    base = next(each for each in type(stream).__mro__ if each.__name__ in {"SyncByteStream", "AsyncByteStream"})
    return _watching(base)(stream, seen)


@functools.cache
def _watching(base: type) -> Any:
    kind = AsyncStream if base.__name__ == "AsyncByteStream" else SyncStream
    return type(kind.__name__, (kind, base), {})


class Stream:
    """A stream that passes everything on; what became of it is told when it is closed."""

    def __init__(self, inner: Any, seen: Seen) -> None:
        self._inner, self._seen = inner, seen
        seen.error = GeneratorExit()  # the program left before the end, until it is known better

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def _feed(self, chunk: bytes) -> None:
        with contextlib.suppress(Exception):
            self._seen.body.feed(chunk)

    def _closed(self) -> None:
        with contextlib.suppress(Exception):
            self._seen.tell()


class SyncStream(Stream):
    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._inner:
                self._feed(chunk)
                yield chunk
            self._seen.error = None
        except BaseException as error:
            self._seen.error = error
            raise

    def close(self) -> None:
        try:
            self._inner.close()
        finally:
            self._closed()


class AsyncStream(Stream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        stream = aiter(self._inner)
        try:
            async for chunk in stream:
                self._feed(chunk)
                yield chunk
            self._seen.error = None
        except BaseException as error:
            self._seen.error = error
            raise
        finally:
            if hasattr(stream, "aclose"):
                await stream.aclose()

    async def aclose(self) -> None:
        try:
            await self._inner.aclose()
        finally:
            self._closed()


class Told(NamedTuple):
    """One attempt as the program told it itself."""

    facts: Mapping[str, Any]  # the arguments of `recorder.record`
    body: Body
    at: dt.datetime  # when it was told


def record(to: queue.Queue, told: dict[str, Any]) -> None:
    """Hand over what a program tells by itself. The answer's body is taken in here, so that it is not held."""
    with contextlib.suppress(Exception):
        body = told.pop("body")
        passed = Body()
        passed.feed(body.encode("utf-8", "replace") if isinstance(body, str) else bytes(body))
        passed.end()
        told["batch"] = told["batch"] or BATCH.get()
        to.put(Told(told, passed, dt.datetime.now(dt.UTC)), 0)
