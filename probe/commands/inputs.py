"""What people hand to a command in files and on standard input, read no further than its bound."""

import contextlib
import pathlib
import sys
from collections.abc import Iterator
from typing import IO

from probe import model

PROMPT_CAP_CHARACTERS = 32_000
PICTURE_CAP_BYTES = 20 * 2**20


class InputError(model.UserError):
    """What was handed to a command cannot be used."""

    exit_code = 2


@contextlib.contextmanager
def opened(name: str | pathlib.Path) -> Iterator[IO[bytes]]:
    """A file as bytes; raises InputError where it cannot be read."""
    try:
        with pathlib.Path(name).expanduser().open("rb") as file:
            yield file
    except (OSError, RuntimeError) as error:  # expanduser: a home that nobody knows
        raise InputError(f"{name or 'an empty name'} cannot be read: {getattr(error, 'strerror', error)}") from error


def read(name: str, most_bytes: int) -> bytes:
    """The beginning of a file, at most so much of it; raises InputError."""
    with opened(name) as file:
        return file.read(most_bytes)


def lines(source: IO[bytes], most_bytes: int) -> Iterator[bytes]:
    """Lines as they arrive; of one that is longer than `most_bytes` the first byte too many is the last one given."""
    while line := source.readline(most_bytes + 1):
        rest = line
        while not rest.endswith(b"\n") and (rest := source.readline(most_bytes)):
            pass
        yield line


def pasted(name: str) -> str:
    """At most PASTE_CAP_CHARACTERS of a file or of standard input; raises InputError where there is nothing."""
    from probe.triage import subject

    if name == "-":
        text = sys.stdin.read(subject.PASTE_CAP_CHARACTERS)
    else:
        text = read(name, subject.PASTE_CAP_CHARACTERS * 4).decode("utf-8", "replace")
    if not text.strip():
        raise InputError(f"{'standard input' if name == '-' else name} is empty: paste what came back")
    return text


def prompt_of(name: str | None) -> str | None:
    """The prompt in a file, less the line break at its end; raises InputError where it holds none."""
    if name is None:
        return None
    text = read(name, PROMPT_CAP_CHARACTERS * 4 + 1).decode("utf-8", "replace").rstrip("\r\n")
    if not text.strip() or len(text) > PROMPT_CAP_CHARACTERS:
        raise InputError(f"{name} must hold one prompt of 1 to {PROMPT_CAP_CHARACTERS} characters")
    return text


def picture_of(name: str | None) -> bytes | None:
    """A reference picture as it is; raises InputError where it is too large, broken, or no picture."""
    if name is None:
        return None
    from probe.picture import container

    data = read(name, PICTURE_CAP_BYTES + 1)
    if len(data) > PICTURE_CAP_BYTES:
        raise InputError(f"{name} is over {PICTURE_CAP_BYTES >> 20} MB")
    header = container.read_header(data)
    if header is None:
        raise InputError(f"{name} is no PNG, JPEG or WebP picture; --image takes the one that was sent")
    if flaw := container.flaw(data, header):
        raise InputError(
            f"{name} is a broken {header.format.upper()} picture ({flaw}): send no such file, mend it first"
        )
    return data
