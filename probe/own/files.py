"""Files of own traffic as lines: one JSON object a line or one JSON list, from where reading stopped, growing or not."""

import json
import os
import pathlib
import time
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple

from probe import escape
from probe.own import formats
from probe.own.intake import Line

CHUNK_CHARACTERS = 1 << 16
POLL_S = 1.0


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


def lines(path: pathlib.Path, before: str | None) -> Iterator[Line]:
    """The complete lines of a file after the position `before`; raises OSError where it cannot be read."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        start = Position.parse(before)
        offset = start.offset if start.inode == status.st_ino and start.offset <= status.st_size else 0
        file.seek(offset)
        if offset == 0 and is_list(file):
            yield from elements(file, Position(status.st_ino, status.st_size))
            return
        yield from complete(file, status.st_ino, offset)


def complete(file: IO[bytes], inode: int, offset: int) -> Iterator[Line]:
    """Lines; the last one without a line break only where it is whole: else it is still being written, left for later."""
    number = 0
    while data := file.readline(formats.LONGEST + 1):
        number += 1
        if len(data) > formats.LONGEST:
            while data and not data.endswith(b"\n"):  # pass over the rest of it
                offset += len(data)
                data = file.readline(formats.LONGEST)
            yield Line(number, "{", position=Position(inode, offset + len(data)))
        elif not data.endswith(b"\n") and not whole(data):
            return
        elif not data.isspace():
            yield Line(number, data.decode("utf-8", "replace"), None, Position(inode, offset + len(data)))
        offset += len(data)


def whole(data: bytes) -> bool:
    """Is this an object from brace to brace? The beginning of one never is."""
    try:
        return isinstance(json.loads(data), dict)
    except (ValueError, RecursionError):
        return False


def is_list(file: IO[bytes]) -> bool:
    """Does the file begin as a JSON list, as `/spend/logs` answers? Leaves the file where it was."""
    at = file.tell()
    first = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    file.seek(at)
    return first == b"["


def elements(file: IO[bytes], end: Position) -> Iterator[Line]:
    """The objects of one JSON list, without holding more than one; the position is the end, reached with the last."""
    decoder, text = (
        json.JSONDecoder(),
        file.read(CHUNK_CHARACTERS).decode("utf-8", "replace").lstrip("\ufeff \t\r\n")[1:],
    )
    number, held = 0, None
    while True:
        text = text.lstrip(" \t\r\n,")
        try:
            _, stop = decoder.raw_decode(text)
        except (ValueError, RecursionError):
            more = file.read(max(CHUNK_CHARACTERS, len(text))).decode("utf-8", "replace")  # doubling: linear in all
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


def stream(file: IO[bytes]) -> Iterator[Line]:
    """Lines of a pipe, each as it comes."""
    return complete(file, 0, 0)


def wait() -> None:
    """Until it is worth looking again."""
    time.sleep(POLL_S)


def follow(path: pathlib.Path, before: str | None, wait: Callable[[float], None] = time.sleep) -> Iterator[Line | None]:
    """Like `lines`, for ever: what is added, and what replaces the file. None where there is nothing new for now."""
    position = before
    while True:
        for line in lines(path, position) if path.exists() else ():
            position = str(line.position) or position
            yield line
        yield None
        wait(POLL_S)
