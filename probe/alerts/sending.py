"""The one door to apprise: one message to one address, within a deadline, and why it failed without its secrets."""

import logging
import urllib.parse
from typing import TYPE_CHECKING, Literal

from probe import escape
from probe.config import secrets

if TYPE_CHECKING:
    import apprise

DEADLINE_S = 20.0
"""Real seconds for one message; apprise gives up at its own, shorter time-outs mostly."""

WHY_CAP = 300
SHORTEST_SECRET = 4
"""Characters of a part of an address that may be one; shorter ones would blank out half of every reason."""

Tone = Literal["info", "success", "warning", "failure"]
"""apprise's words; many services show them as a colour."""


def send(address: secrets.Secret, title: str, body: str, tone: Tone = "info") -> str:
    """Send it now; returns "" when the service took it, else why not. Never raises. Call it from a thread."""
    import apprise  # noqa: PLC0415 - 0.3 s, and only those who send need it

    # Its warnings name hosts and users, which for many services are tokens: they come back in the result instead.
    logging.getLogger("apprise").propagate = False
    try:
        service = _service(address)
        if service is None:
            return "this is no address that apprise knows; see https://github.com/caronc/apprise"
        result = service.notify(
            body=body,
            title=title,
            notify_type=tone,
            body_format=apprise.NotifyFormat.TEXT,
            timeout=DEADLINE_S,
        )
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
