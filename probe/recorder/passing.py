"""What runs in the program's own threads: hooks that watch a request and its answer pass, and touch neither."""

import contextlib
import contextvars
import datetime as dt
import functools
import re
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from typing import Any, NamedTuple

from probe.recorder import bodies, queue

BATCH: contextvars.ContextVar[str] = contextvars.ContextVar("tierwatch_batch", default="")
"""The batch that requests of this thread or task belong to."""

WATCHED = re.compile(
    r"/images(/generations|/edits|/variations)?$|:(stream)?generateContent$|:predict$|/chat/completions$"
)
"""Paths that may make pictures; of chat only requests that ask for one are recorded."""


class Seen:
    """One attempt while it is under way. `timed`: it was seen from its start."""

    def __init__(self, to: queue.Queue, batch: str, request: Any, *, timed: bool = True) -> None:
        self.batch = batch or BATCH.get()
        self.request = request
        self.response: Any = None
        self.body = bodies.Body()
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
        self.body = bodies.Body(response.headers.get("content-encoding", ""))

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
            seen.body = bodies.Body()
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
    body: bodies.Body
    at: dt.datetime  # when it was told


def record(to: queue.Queue, told: dict[str, Any]) -> None:
    """Hand over what a program tells by itself. The answer's body is taken in here, so that it is not held."""
    with contextlib.suppress(Exception):
        body = told.pop("body")
        passed = bodies.Body()
        passed.feed(body.encode("utf-8", "replace") if isinstance(body, str) else bytes(body))
        passed.end()
        told["batch"] = told["batch"] or BATCH.get()
        to.put(Told(told, passed, dt.datetime.now(dt.UTC)), 0)
