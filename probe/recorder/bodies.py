"""The words of an answer's body while it passes: pictures are measured and left out."""

import base64
import re
import zlib
from typing import Any

from probe.picture import container

RUN = re.compile(rb"[A-Za-z0-9+/_=-]{400,}")
OPEN_END = re.compile(rb"[A-Za-z0-9+/_=-]{0,399}\Z")
TEXT_BYTES, TAIL_BYTES = 16_384, 4_096
"""How much of a body's words is held: its beginning and its end."""

HEAD_CHARACTERS = 65_536
"""How much of a picture's base64 is looked at for its size in pixels; it is not kept."""

LONGEST_EDGE_PX = 100_000
"""A header that states a longer edge is not believed."""

UNPACKED_BYTES = 1 << 20
"""A compressed piece is undone in steps of so much."""

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
            while data:
                self._plain(self._unpack.decompress(data, UNPACKED_BYTES))
                data = self._unpack.unconsumed_tail
        elif self.encoding in {"", "identity"}:
            self._plain(data)
        else:
            self.packed += data[: LARGEST_UNREAD - len(self.packed)]

    def _plain(self, data: bytes) -> None:
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
            picture = {"format": header.format, "bytes": self._length * 3 // 4}
            if max(header.width_px, header.height_px) <= LONGEST_EDGE_PX:
                picture |= {"width": header.width_px, "height": header.height_px}
            self.pictures.append(picture)
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
