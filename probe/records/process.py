"""Which process is meant: a PID alone may be used again by another process."""

import functools
import os
import pathlib
import subprocess

BOOT_ID = pathlib.Path("/proc/sys/kernel/random/boot_id")


def identity(pid: int) -> str | None:
    """When process `pid` started, in words that no later process of that PID shares; None: there is no such process.

    Linux: boot id and start in clock ticks since boot (field 22 of /proc/PID/stat). Elsewhere: what `ps` says.
    """
    if BOOT_ID.exists():
        try:
            stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        after_name = stat.rpartition(")")[2].split()  # the name may hold spaces and brackets
        if after_name[0] in {"Z", "X"}:  # a zombie has ended; only its parent has not asked yet
            return None
        return f"{BOOT_ID.read_text(encoding='ascii').strip()}:{after_name[19]}"
    shown = subprocess.run(  # noqa: S603 - the PID is a number
        ["ps", "-o", "lstart=", "-p", str(pid)],  # noqa: S607 - wherever the system keeps ps
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout.strip() or None


def own() -> tuple[int, str]:
    """PID and identity of this process."""
    pid = os.getpid()
    return pid, _own(pid)


@functools.cache
def _own(pid: int) -> str:
    """Asked once: later there may be no file descriptor left to ask with."""
    return identity(pid) or ""
