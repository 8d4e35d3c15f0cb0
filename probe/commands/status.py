"""`tierwatch status`: one line and an exit code for monitors, from the database alone."""

import datetime as dt
import hashlib
import pathlib
import sys
import traceback
from typing import Any

import click

from probe import config as configs
from probe import model
from probe.commands import options
from probe.records import history
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
    a broken config, or a wrong option.

    \b
    Example:
      tierwatch status --config /etc/tierwatch/config.toml
      tierwatch status --json | jq .message
    """
    now = dt.datetime.now(dt.UTC)
    known: status.Known | None = None
    try:
        known = read(configs.find(config_path), now)
        found = status.status(known, now)
    except model.UserError as error:
        found = status.blind(str(error))
    except Exception:  # noqa: BLE001 - whatever it is, a monitor must read it as "unknown"
        traceback.print_exc()
        found = status.blind("a bug of tierwatch, see the traceback")
    if as_json:
        options.echo_json(document(found, known))
    else:
        click.echo(found.text())
    sys.exit(found.code)


def read(path: pathlib.Path, now: dt.datetime) -> status.Known:
    """What the database knows, and the little of the config that is needed; raises UserError."""
    from probe.config import document as documents

    content = documents.content(path)
    jobs = documents.parse(content, path).get("job", ())
    with history.open(configs.database(path)) as past:
        return status.Known(
            past.states(),
            past.heartbeat(),
            past.spent_usd(now.date()),
            {str(job.get("name", "")): job.get("tiers", ()) for job in jobs if isinstance(job, dict)},
            hashlib.sha256(content).hexdigest(),
        )


def document(found: status.Status, known: status.Known | None) -> dict[str, Any]:
    """The same for programs, with every path's state."""
    beat = known.heartbeat if known else None
    return {
        "status": status.WORDS[found.code].lower(),
        "exit_code": found.code,
        "message": found.message,
        "details": list(found.details),
        "heartbeat_at": rfc3339(beat.at) if beat else None,
        "spent_usd": known.spent_usd if known else None,
        "paths": [
            {
                "channel": state.path.channel,
                "tier": state.path.tier,
                "state": state.state.value,
                "since": rfc3339(state.since),
                "checked_at": rfc3339(state.checked_at),
                "next_at": rfc3339(state.next_at),
                "p_degraded": state.p_degraded,
                "reason": state.reason,
            }
            for state in (known.states if known else ())
        ],
    }


def rfc3339(at: dt.datetime | None) -> str | None:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
