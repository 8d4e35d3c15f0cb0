"""The one door to apprise: one message to one address, within a deadline, and why it failed without its secrets."""

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import urllib.parse
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from probe import escape
from probe.config import secrets

if TYPE_CHECKING:
    import apprise

DEADLINE_S = 20.0
"""Real seconds for one message, a second of start among them; apprise gives up at its own time-outs mostly."""

WHY_CAP = 300
SHORTEST_SECRET = 4
"""Characters of a part of an address that may be one; shorter ones would blank out half of every reason."""

Tone = Literal["info", "success", "warning", "failure"]
"""apprise's words; many services show them as a colour."""


def send(address: secrets.Secret, title: str, body: str, tone: Tone = "info", deadline_s: float = DEADLINE_S) -> str:
    """Send it now; returns "" when the service took it, else why not. Never raises. Call it from a thread.

    In a process of its own, which the deadline ends: apprise leaves a thread behind with every service that
    answers byte by byte.
    """
    letter = json.dumps([os.getpid(), address.reveal(), title, body, tone, deadline_s])
    try:
        done = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-m", __name__],
            input=letter,
            text=True,
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # plugins name addresses there
            timeout=deadline_s,
            check=False,
            start_new_session=True,  # a Ctrl-C is for us: what is being sent may arrive
        )
    except subprocess.TimeoutExpired:
        return f"the service did not answer within {deadline_s:g} s"
    except OSError as error:
        return f"no process could be started to send it: {error.strerror}"
    if done.returncode:
        return f"the process that sent it ended with exit code {done.returncode}"
    return str(json.loads(done.stdout))


def deliver(
    address: secrets.Secret, title: str, body: str, tone: Tone = "info", awaited: Callable[[], bool] = lambda: True
) -> str:
    """What `send` does, within this process and for as long as the service takes.

    `awaited` is asked just before the message goes out: apprise takes much longer to load than to send.
    """
    import apprise  # noqa: PLC0415 - 0.3 s, and only those who send need it

    # Its warnings name hosts and users, which for many services are tokens: they come back in the result instead.
    logging.getLogger("apprise").propagate = False
    try:
        service = _service(address)
        if service is None:
            return "this is no address that apprise knows; see https://github.com/caronc/apprise"
        if not awaited():
            return "nobody waits for it any more"
        result = service.notify(body=body, title=title, notify_type=tone, body_format=apprise.NotifyFormat.TEXT)
        said = " ".join(entry.message for entry in result.logs())
    except Exception as error:  # noqa: BLE001 - a plugin's bug is a failed delivery
        return reason(address, f"{type(error).__name__}: {error}")
    return "" if result else reason(address, said or "the service did not take it")


def _service(address: secrets.Secret) -> "apprise.Apprise | None":
    import apprise  # noqa: PLC0415 - as above

    service = apprise.Apprise()
    return service if service.add(address.reveal()) else None


def reason(address: secrets.Secret, text: str) -> str:
    """Words of a service without any part of its address, on one visible line."""
    return escape.visible(secrets.Redactor(_parts(address))(text))[:WHY_CAP]


def _parts(address: secrets.Secret) -> list[secrets.Secret]:
    """Everything in an address after its scheme: for many services even the host is a token."""
    _, _, rest = address.reveal().partition("://")
    words = {rest}
    for separator in "/?&=@:":
        words |= {part for word in words for part in word.split(separator)}
    words |= {urllib.parse.unquote(word) for word in words}
    return [secrets.Secret(word) for word in words if len(word) >= SHORTEST_SECRET]


def main() -> None:
    """Send the letter on standard input, and write why it failed: the process of `send`.

    Where its parent has ended before anything went out, nothing goes out: nobody would write down that it did, and the
    next daemon sends it again.
    """
    parent, address, title, body, tone, deadline_s = json.loads(sys.stdin.buffer.read())
    signal.setitimer(signal.ITIMER_REAL, deadline_s)  # the daemon may end at once, and nobody be left to end this
    with contextlib.redirect_stdout(sys.stderr):  # a plugin may print; the answer stands alone
        why = deliver(secrets.Secret(address), title, body, tone, lambda: os.getppid() == parent)
    sys.stdout.write(json.dumps(why))


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # what came of it is to be on record at once: no time to tidy up
