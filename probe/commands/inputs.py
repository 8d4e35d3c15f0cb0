"""What people hand to a command in files and on standard input, read no further than its bound."""

import pathlib
import sys
from collections.abc import Iterator
from typing import IO

from probe import model

PROMPT_CAP_CHARACTERS = 32_000
PICTURE_CAP_BYTES = 20 * 2**20


def read(name: str, most_bytes: int) -> bytes:
    """The beginning of a file, at most so much of it; raises UserError."""
    try:
        with pathlib.Path(name).expanduser().open("rb") as file:
            return file.read(most_bytes)
    except OSError as error:
        raise model.UserError(f"{name} cannot be read: {error.strerror}") from error


def lines(source: IO[bytes], most_bytes: int) -> Iterator[bytes]:
    """Lines as they arrive; of one that is longer than `most_bytes` the first byte too many is the last one given."""
    while line := source.readline(most_bytes + 1):
        rest = line
        while not rest.endswith(b"\n") and (rest := source.readline(most_bytes)):
            pass
        yield line


def pasted(name: str) -> str:
    """At most PASTE_CAP_CHARACTERS of a file or of standard input; raises UserError where there is nothing."""
    from probe.triage import subject

    if name == "-":
        text = sys.stdin.read(subject.PASTE_CAP_CHARACTERS)
    else:
        text = read(name, subject.PASTE_CAP_CHARACTERS * 4).decode("utf-8", "replace")
    if not text.strip():
        raise model.UserError(f"{'standard input' if name == '-' else name} is empty: paste what came back")
    return text


def prompt_of(name: str | None) -> str | None:
    """The prompt in a file, less the line break at its end; raises UserError where it holds none."""
    if name is None:
        return None
    text = read(name, PROMPT_CAP_CHARACTERS * 4 + 1).decode("utf-8", "replace").rstrip("\r\n")
    if not text.strip() or len(text) > PROMPT_CAP_CHARACTERS:
        raise model.UserError(f"{name} must hold one prompt of 1 to {PROMPT_CAP_CHARACTERS} characters")
    return text


def picture_of(name: str | None) -> bytes | None:
    """A reference picture as it is; raises UserError where it is too large."""
    if name is None:
        return None
    data = read(name, PICTURE_CAP_BYTES + 1)
    if len(data) > PICTURE_CAP_BYTES:
        raise model.UserError(f"{name} is over {PICTURE_CAP_BYTES >> 20} MB")
    return data
