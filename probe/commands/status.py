"""`tierwatch status`: one line and an exit code for monitors, from the database alone."""

import datetime as dt
import sys
from typing import Any

import click

from probe import commands
from probe.commands import options, streams
from reports import status


class WrongOptionError(click.UsageError):
    """A usage error is 3 here: to a monitor click's 2 would mean that a tier is lost."""

    exit_code = status.UNKNOWN


class Plugin(click.Command):
    """A command whose usage errors exit with 3."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            raise WrongOptionError(error.message, error.ctx) from error


@click.command(cls=Plugin, short_help="One line and an exit code for monitors.")
@options.CONFIG
@options.JSON
def command(config_path: str | None, as_json: bool) -> None:
    """One line and an exit code for monitors, in the monitoring plugins' convention.

    Exit codes: 0 all well (suspect or learning paths are said in words), 1 a path is
    degraded, 2 a tier has no healthy channel left, 3 blind: no daemon, no database,
    a broken config, a wrong option, or an output that cannot be written.

    \b
    Example:
      tierwatch status --config /etc/tierwatch/config.toml
      tierwatch status --json | jq .message
    """
    now = dt.datetime.now(dt.UTC)
    try:
        found, known = status.look(config_path, now)
    except Exception:  # noqa: BLE001 - whatever it is, a monitor must read it as "unknown"
        import traceback

        traceback.print_exc()
        found, known = status.blind("a bug of tierwatch, see the traceback"), None
    fault = streams.tell(options.as_json(status.document(found, known)) if as_json else found.text())
    if fault is not None:
        sys.exit(commands.unheard(fault, heard=found.code, failed=status.UNKNOWN))
    sys.exit(found.code)
