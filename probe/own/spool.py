"""The spool folder, read: what recorders wrote is taken in, and files that are finished are removed."""

import contextlib
import datetime as dt
import fcntl
import json
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from probe import model
from probe.own import account, files, intake
from probe.recorder import spooling

if TYPE_CHECKING:
    from probe.config import schema
    from probe.records import Records, columns
    from probe.records.history import History

ASIDE = "aside.txt"
"""Where bad lines go, with the reason, beside the files they were in."""

ASIDE_CHARACTERS = 2_000
"""So much of a bad line is kept there."""

LARGEST_ASIDE_BYTES = 4 * 2**20


class KeyUnknownError(model.UserError):
    """The key of prompt hashes cannot be read, nor be made."""


def share_key(spool: pathlib.Path, book: "Records") -> bytes:
    """The one key of prompt hashes: the recorders' where there is one, else the database's, put there for them.

    Raises KeyUnknownError.
    """
    proposed = book.prompt_key()
    try:
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = spooling.key(spool, proposed)
    except (OSError, ValueError) as error:
        why = f"cannot be read or made: {error.strerror}" if isinstance(error, OSError) else str(error)
        raise KeyUnknownError(
            f"{spool / spooling.KEY_NAME} {why}. Recorders hash prompts with it: let this user read the folder and the key "
            "(docs/own-traffic.md), or remove a damaged key, and recorders that start later make another."
        ) from error
    book.adopt_prompt_key(key)
    return key


def prompt_key(spool: pathlib.Path, book: "Records") -> bytes:
    """The same key for whoever hashes a prompt and takes nothing in: where nobody records, no folder is made."""
    return share_key(spool, book) if spool.is_dir() else book.prompt_key()


def take_file(
    config: "schema.Config",
    book: "Records",
    history: "History",
    now: Callable[[], dt.datetime],
    key: bytes,
    path: pathlib.Path,
    saw: Callable[[tuple["columns.OutcomeRow", ...]], None] = lambda _new: None,
) -> intake.Tally:
    """Take in one file of the spool, and remove it where nobody writes it any more; `saw` is given what was new.

    Raises OSError where it cannot be read.
    """
    name = files.source(path)
    taking = intake.Intake(config, book, now, source=name, aside=aside_in(path.parent, path.name), key=key)
    finished = is_finished(path)
    for new in taking.take(files.lines(path, history.traffic.position(name), ended=finished)):
        saw(new)
    if finished:
        with contextlib.suppress(PermissionError):  # a folder of somebody else: read again from where it ended
            path.unlink(missing_ok=True)
            book.take_in([], now(), positions={name: ""})
    return taking.tally


def is_finished(path: pathlib.Path) -> bool:
    """Has the process that wrote it gone on to another file, or ended? Its lock tells."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)


def aside_in(folder: pathlib.Path, name: str) -> Callable[[intake.Line, str], None]:
    """Writes bad lines, with where they stood and why they are bad, to a file of bounded size."""

    def aside(line: intake.Line, reason: str) -> None:
        path = folder / ASIDE
        with contextlib.suppress(OSError):
            if not path.exists() or path.stat().st_size < LARGEST_ASIDE_BYTES:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
                with os.fdopen(descriptor, "a", encoding="utf-8") as file:
                    text = account.scrubbed_word(line.text, ASIDE_CHARACTERS)
                    told = {"file": name, "line": line.number, "reason": reason, "text": text}
                    file.write(json.dumps(told, ensure_ascii=False) + "\n")

    return aside


def waiting(spool: pathlib.Path) -> Iterator[pathlib.Path]:
    """Files of the spool that hold anything."""
    return (path for path, size in spooling.files(spool) if size)
