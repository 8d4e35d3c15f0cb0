"""Files of own traffic as lines: one JSON object a line or one JSON list, from where reading stopped, growing or not."""

import contextlib
import io
import json
import os
import pathlib
import select
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from probe import escape, model
from probe.own import formats
from probe.own.intake import Line

CHUNK_BYTES = 1 << 16
POLL_S = 1.0

BEGINNINGS: Mapping[bytes, str] = {
    b"\x1f\x8b": "is compressed: zcat {0} | tierwatch ingest -",
    b"\x28\xb5\x2f\xfd": "is compressed: zstdcat {0} | tierwatch ingest -",
    b"\xfd7zXZ": "is compressed: xzcat {0} | tierwatch ingest -",
    b"BZh": "is compressed: bzcat {0} | tierwatch ingest -",
    b"PK\x03\x04": "is a zip archive: unzip -p {0} | tierwatch ingest -",
    b"\xff\xfe": "is UTF-16: iconv -f utf-16 -t utf-8 {0} | tierwatch ingest -",
    b"\xfe\xff": "is UTF-16: iconv -f utf-16 -t utf-8 {0} | tierwatch ingest -",
}
"""How files begin that hold no lines, and what makes lines of them."""


class NotLinesError(model.UserError):
    """A file of another kind."""


class Position(NamedTuple):
    """How far a file has been read; another file under its name begins anew."""

    inode: int
    offset: int

    def __str__(self) -> str:
        return f"{self.inode} {self.offset}"

    @classmethod
    def parse(cls, text: str | None) -> "Position":
        inode, _, offset = (text or "").partition(" ")
        return cls(int(inode), int(offset)) if inode.isdecimal() and offset.isdecimal() else cls(0, 0)


def source(path: pathlib.Path) -> str:
    """The name under which a file's position is kept."""
    return f"file {escape.visible(str(path.absolute()))}"


def lines(path: pathlib.Path, before: str | None, *, ended: bool = False) -> Iterator[Line]:
    """The complete lines of a file after the position `before`; of one that has `ended` half a line at its end too.

    Raises OSError where it cannot be read, NotLinesError where it is a file of another kind.
    """
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        start = Position.parse(before)
        offset = start.offset if start.inode == status.st_ino and start.offset <= status.st_size else 0
        file.seek(offset)
        if offset == 0:
            refuse_others(file, str(path))
            if is_list(file):
                yield from elements(file, Position(status.st_ino, status.st_size))
                return
        yield from complete(file, status.st_ino, offset, ended=ended)


def stream(file: io.BufferedReader, name: str) -> Iterator[Line | None]:
    """Lines of a pipe, or the objects of one list; None where there is nothing new for now. Raises NotLinesError."""
    refuse_others(file, name)
    yield from elements(file, Position(0, 0)) if is_list(file) else arriving(file)


def is_cut(path: pathlib.Path, position: str) -> bool:
    """Does a file that was read up to `position` end in a line that is not whole yet, and waits to be?"""
    with path.open("rb") as file:
        unread = os.fstat(file.fileno()).st_size - Position.parse(position).offset
        if unread <= 0 or is_list(file):
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def arriving(file: io.BufferedReader) -> Iterator[Line | None]:
    """Lines as they come; the last one also where it was cut short."""
    number, begun = 0, list[bytes]()
    while data := file.read1(CHUNK_BYTES):  # at first what `peek` has read
        *ended, rest = data.split(b"\n")
        for end in ended:
            number += 1
            line = b"".join([*begun, end])
            begun.clear()
            if line.strip():
                yield Line(number, line.decode("utf-8", "replace"))
        if sum(map(len, begun)) <= formats.LONGEST:  # what is longer is cut, and no line then
            begun.append(rest)
        while not select.select([file], [], [], POLL_S)[0]:
            yield None
    if last := b"".join(begun).strip():
        yield Line(number + 1, last.decode("utf-8", "replace"))


def refuse_others(file: io.BufferedReader, name: str) -> None:
    beginning = file.peek(8)
    for bytes_, remedy in BEGINNINGS.items():
        if beginning.startswith(bytes_):
            raise NotLinesError(f"{name} {remedy.format(shlex.quote(name))}")


def is_list(file: io.BufferedReader) -> bool:
    """Does it begin as a JSON list, as `/spend/logs` answers? Leaves it where it was."""
    return file.peek(64)[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"["


def complete(file: io.BufferedReader, inode: int, offset: int, *, ended: bool) -> Iterator[Line]:
    """Lines one by one; the last one is left for later where it is not whole yet, and may still become so."""
    number = 0
    while data := file.readline(formats.LONGEST + 1):
        number += 1
        if len(data) > formats.LONGEST:
            while data and not data.endswith(b"\n"):  # pass over the rest of it
                offset += len(data)
                data = file.readline(formats.LONGEST)
            yield Line(number, "{", position=Position(inode, offset + len(data)))
        elif not (data.endswith(b"\n") or ended or is_object(data)):
            return
        elif not data.isspace():
            yield Line(number, data.decode("utf-8", "replace"), None, Position(inode, offset + len(data)))
        offset += len(data)


def is_object(data: bytes) -> bool:
    """Is it a whole object, which needs no line break to end it?"""
    try:
        return isinstance(json.loads(data), dict)
    except (ValueError, RecursionError):
        return False


def elements(file: io.BufferedReader, end: Position) -> Iterator[Line]:
    """The objects of one JSON list, without holding more than one; the position is the end, reached with the last."""
    decoder, text = (
        json.JSONDecoder(),
        file.read(CHUNK_BYTES).decode("utf-8", "replace").lstrip("\ufeff \t\r\n")[1:],
    )
    number, held = 0, None
    while True:
        text = text.lstrip(" \t\r\n,")
        try:
            _, stop = decoder.raw_decode(text)
        except (ValueError, RecursionError):
            more = file.read(max(CHUNK_BYTES, len(text))).decode("utf-8", "replace")  # doubling: linear in all
            if not more or len(text) > formats.LONGEST:
                break
            text += more
            continue
        if held is not None:
            yield held
        number += 1
        held, text = Line(number, text[:stop]), text[stop:]
    if held is not None:
        whole = text.strip() == "]"
        yield held._replace(position=end if whole else "")
    if text.strip() not in {"]", ""}:
        yield Line(number + 1, text[:200])  # cut short: set aside, told with its reason


def wait() -> None:
    """Until it is worth looking again."""
    time.sleep(POLL_S)


def follow(path: pathlib.Path, before: str | None, wait: Callable[[float], None] = time.sleep) -> Iterator[Line | None]:
    """Like `lines`, for ever: what is added, and what replaces the file. None where there is nothing new for now."""
    position = before
    while True:
        with contextlib.suppress(FileNotFoundError):  # between the old file and the one that replaces it
            for line in lines(path, position):
                position = str(line.position) or position
                yield line
        yield None
        wait(POLL_S)
