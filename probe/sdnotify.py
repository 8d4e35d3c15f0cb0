"""Tells systemd what the daemon is doing (sd_notify(3)); says nothing where systemd did not start it."""

import contextlib
import os
import socket
import time


def send(**fields: str | int) -> None:
    """Send `READY=1`, `WATCHDOG=1`, `STATUS=...`; what cannot be delivered at once is dropped, since it is repeated."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    lines = "\n".join(f"{name}={str(value).splitlines()[0]}" for name, value in fields.items())
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
        to.setblocking(False)
        to.sendto(lines.encode(errors="replace"), address.replace("@", "\0", 1))


def reloading() -> None:
    """A reload begins; `READY=1` ends it."""
    send(RELOADING=1, MONOTONIC_USEC=int(time.monotonic() * 1e6))


def stopping(grace_s: float) -> None:
    """The daemon drains for at most `grace_s`, however little time the unit gives it."""
    send(STOPPING=1, EXTEND_TIMEOUT_USEC=int(grace_s * 1e6))
