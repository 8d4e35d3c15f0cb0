"""`tierwatch doctor`: is everything in order, before money is spent?"""

import asyncio
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from probe.commands import options

if TYPE_CHECKING:
    from probe.doctor import finding

WIDTH = 80


@click.command(short_help="Is everything in order? Costs nothing.")
@options.CONFIG
@options.JSON
def command(config_path: str | None, as_json: bool) -> None:
    """Is everything in order? Costs nothing.

    Checks the config and its traps, the keys (used, never shown), who is told, the
    database, the disk, a daemon that runs, each host by DNS, TCP and TLS, the models
    that each channel lists, the moderation service, and the clock. No picture is
    asked for and nothing is changed. Exit 1 where there is a FAULT; a note is worth
    knowing and no fault.

    \b
    Example:
      tierwatch doctor
      tierwatch doctor --json | jq '.findings[] | select(.mark == "FAULT")'
    """
    from probe import clock, doctor

    found = asyncio.run(doctor.examine(config_path, clock.RealClock()))
    faults = sum(each.mark == "FAULT" for each in found)
    if as_json:
        rows = [{"about": each.about, "mark": each.mark.lower(), "text": each.text} for each in found]
        options.echo_json({"faults": faults, "findings": rows})
    else:
        click.echo("\n".join((*lines(found), "", summary(faults))))
    if faults:
        raise SystemExit(1)


def lines(found: "Sequence[finding.Finding]") -> Iterator[str]:
    """One finding after the other, `FAULT keys      environment variable ...`, wrapped to 80 columns."""
    from probe import escape

    for each in found:
        margin = f"{each.mark:<6}{each.about:<10}"
        text = escape.visible(each.text)
        yield from textwrap.wrap(
            text, WIDTH, initial_indent=margin, subsequent_indent=" " * len(margin), break_on_hyphens=False
        )


def summary(faults: int) -> str:
    if not faults:
        return "No fault found. Nothing was sent that costs anything."
    return f"{faults} fault{'s' if faults > 1 else ''} found. Nothing was sent that costs anything."
