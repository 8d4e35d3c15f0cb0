"""The spool file of one process, and the key of prompt hashes beside it."""

import contextlib
import errno
import fcntl
import os
import pathlib
import secrets
import socket
import time
from collections.abc import Iterator, Sequence

KEY_NAME = "prompt.key"
KEY_BYTES = 32

LARGEST_FILE_BYTES = 8 * 2**20
"""Then the next file begins, so that what was read can be removed."""

LARGEST_SPOOL_BYTES = 256 * 2**20
"""A spool nobody reads grows no further."""

RETRY_S = 10.0
"""After a failure the disk is left alone for so long."""


class File:
    """The file this process appends to. It holds a lock for as long as it writes there: a free one is finished."""

    def __init__(self, spool: pathlib.Path) -> None:
        self._spool = spool
        self._descriptor: int | None = None
        self._size = 0
        self._retry_at_s = 0.0
        self._key: bytes | None = None

    @property
    def key(self) -> bytes:
        """The key of prompt hashes, the same for every process that records here."""
        if self._key is None:
            self._spool.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._key = key(self._spool)
        return self._key

    def write(self, lines: Sequence[str]) -> bool:
        """Append lines, all of them or none; were they?"""
        if time.monotonic() < self._retry_at_s:
            return False
        data = "".join(line + "\n" for line in lines).encode("utf-8", "replace")
        try:
            if self._descriptor is None:
                self._descriptor = self._open()
            if os.write(self._descriptor, data) < len(data):  # the disk became full in the middle
                os.ftruncate(self._descriptor, self._size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            self._retry_at_s = time.monotonic() + RETRY_S
            self._close()
            return False
        self._size += len(data)
        if self._size >= LARGEST_FILE_BYTES:
            self._close()
        return True

    def _open(self) -> int:
        """A new file, locked; raises OSError where the spool is full."""
        if sum(size for _, size in files(self._spool)) >= LARGEST_SPOOL_BYTES:
            raise OSError("the spool is full")
        name = f"{socket.gethostname()}-{os.getpid()}-{time.time_ns()}.ndjson"
        descriptor = os.open(
            self._spool / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o640
        )
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self._size = 0
        return descriptor

    def _close(self) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None


def files(spool: pathlib.Path) -> Iterator[tuple[pathlib.Path, int]]:
    """Every file of the spool with its bytes, by name; those that are removed meanwhile are left out."""
    for path in sorted(spool.glob("*.ndjson")):
        with contextlib.suppress(FileNotFoundError):
            yield path, path.stat().st_size


def key(spool: pathlib.Path, proposed: bytes | None = None) -> bytes:
    """The key in the spool folder; where there is none, `proposed` or a new one is put there (mode 0600)."""
    path = spool / KEY_NAME
    with contextlib.suppress(FileNotFoundError):
        return read_key(path)
    new = proposed or secrets.token_bytes(KEY_BYTES)
    draft = spool / f"{KEY_NAME}.{os.getpid()}.{time.time_ns()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, new.hex().encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(draft, path)  # whole or not at all, and never over another process's
    except FileExistsError:
        return read_key(path)
    finally:
        draft.unlink()
    return new


def read_key(path: pathlib.Path) -> bytes:
    """Raises ValueError where it is no key."""
    try:
        return bytes.fromhex(path.read_text("ascii").strip())
    except ValueError as error:
        raise ValueError("is no key") from error
