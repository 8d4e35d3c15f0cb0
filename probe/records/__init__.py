"""The records: everything stored, behind one write door (`open`) and one read door (`history.open`)."""

import contextlib
import os
import pathlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from probe.records import database
from probe.records.errors import BudgetExhausted, RecordsError, SlotTaken, UnavailableError

if TYPE_CHECKING:
    from probe.records.writes import Records

__all__ = ["BudgetExhausted", "Records", "RecordsError", "SlotTaken", "UnavailableError", "daemon_lock", "open"]


def open(path: pathlib.Path, lock_wait_s: float = database.LOCK_WAIT_S) -> "Records":  # noqa: A001 - records.open
    """Open the database for writing; created where it does not exist, brought to this program's schema where older.

    Raises RecordsError for a file that is not ours, damaged or newer (nothing is changed then), and
    UnavailableError where it cannot be written now.
    """
    from probe.records import door, writes  # noqa: PLC0415 - readers must not load sqlite-utils

    return writes.Records(door.open(path, lock_wait_s))


def __getattr__(name: str) -> object:
    """`records.Records`, loaded when first asked for: readers must not load sqlite-utils."""
    if name == "Records":
        from probe.records import writes  # noqa: PLC0415 - as above

        return writes.Records
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@contextlib.contextmanager
def daemon_lock(path: pathlib.Path) -> Iterator[None]:
    """Be the only daemon of this database; raises RecordsError with the PID of the other one."""
    path = path.resolve()
    beside = database.daemon_lock_path(path)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(database.lock(beside, 0.0))
        except database.HeldError as error:
            raise RecordsError(
                f"{path}: a daemon runs already (PID {pid_in(beside)}). Stop it first, or name another database."
            ) from error
        try:
            beside.write_text(f"{os.getpid()}\n", encoding="ascii")
        except OSError as error:
            raise database.unavailable(error, beside) from error
        yield


def pid_in(beside: pathlib.Path) -> str:
    """The PID in a daemon's lock file; it is written a moment after the lock was taken."""
    for _ in range(20):
        pid = beside.read_text(encoding="ascii", errors="replace").strip()
        if pid:
            return pid
        time.sleep(0.05)
    return "unknown"
