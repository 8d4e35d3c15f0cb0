"""Recommendations as shell variables: `IMG_CHANNEL_4K_HIGH=official`, for scripts and systemd's EnvironmentFile."""

import datetime as dt
import re
import shlex
from typing import TYPE_CHECKING

from probe import escape
from reports import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probe.config import schema
    from reports import present


def render(advice: "Sequence[present.Advice]", config: "schema.Config", now: dt.datetime) -> str:  # noqa: ARG001 - every export takes the same
    """Three variables a tier (and job): channel, attempts, fall-back chain; a tier without a choice has none."""
    lines = [f"# Made {words.rfc3339(now)} by tierwatch recommend; see the valid_until of each."]
    for one in advice:
        name = variable(one)
        choice = one.batch.choice
        if choice is None:
            lines.append(f"# {name}: {escape.visible(one.batch.no_choice)}")
            continue
        chain = ",".join(path.channel for path in one.batch.fall_back)
        until = words.rfc3339(one.valid_until) or "the next alarm"
        over = "EXPIRED: was " if one.valid_until and one.valid_until <= now else ""
        lines += [
            f"# {over}valid until {until}; {words.usd(choice.usd)} a usable picture",
            f"IMG_CHANNEL_{name}={shlex.quote(choice.candidate.path.channel)}",
            f"IMG_ATTEMPTS_{name}={choice.attempts}",
            f"IMG_FALLBACK_{name}={shlex.quote(chain)}",
        ]
    return "\n".join(lines) + "\n"


def variable(one: "present.Advice") -> str:
    """`4K_HIGH`, `NIGHTLY_BATCH_4K_HIGH`."""
    return re.sub(r"[^A-Z0-9]", "_", f"{one.job}-{one.tier}".strip("-").upper())
