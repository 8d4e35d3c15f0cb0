"""Elapsed times at which intermediaries are known to give up, and who they are."""

from typing import NamedTuple


class Known(NamedTuple):
    """An intermediary's usual limit. Its timer starts after ours, so a cut comes at the limit or shortly after."""

    limit_s: float
    who: str


KNOWN: tuple[Known, ...] = (
    Known(30.0, "a stage limit inside a relay"),
    Known(60.0, "a proxy's read timeout (60 s is nginx's default)"),
    Known(100.0, "a CDN's origin timeout (100 s is Cloudflare's)"),
    Known(120.0, "a CDN's or a relay's own limit of two minutes"),
    Known(125.0, "a CDN's origin timeout"),
    Known(126.0, "a CDN's origin timeout"),
    Known(300.0, "a gateway's limit of five minutes"),
)
"""Limits met in public reports of image requests: relays 30 s, nginx 60 s, Cloudflare and other CDNs 100 to 126 s, 300 s."""

EARLY_S, LATE_S = 0.2, 1.0
"""A cut counts as one at a limit from so much before it (rounding) to so much after it (connecting, uploading)."""


def known(elapsed_s: float) -> Known | None:
    """The limit at which this time ends, the nearest where two would do; None where it ends at none."""
    near = [wall for wall in KNOWN if -EARLY_S <= elapsed_s - wall.limit_s <= LATE_S]
    return min(near, key=lambda wall: abs(elapsed_s - wall.limit_s), default=None)
