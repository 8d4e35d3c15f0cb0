"""`tierwatch triage`: why one request failed, and what to do now."""

import datetime as dt
import pathlib
import sys

import click

from probe import model
from probe.commands import options


@click.command(short_help="Why one request failed, and what to do now.")
@click.argument("what", required=False)
@click.option("--reply", metavar="FILE", help="A pasted reply instead of an id; - reads standard input.")
@click.option("--text", metavar="TEXT", help="The error's words instead of an id.")
@click.option("--last", "last", metavar="PATH", help="The latest failure on a path, such as vip/4k-high.")
@click.option("--channel", metavar="NAME", help="Where a request went that is not stored.")
@click.option("--tier", metavar="NAME", help="What it ordered, such as 4k-high.")
@click.option("--sent-at", metavar="TIME", help="When it was sent, ISO 8601; UTC where no zone is given.")
@click.option("--elapsed", "elapsed_s", type=click.FloatRange(min=0), metavar="SECONDS", help="How long it took.")
@options.CONFIG
def command(
    what: str | None,
    reply: str | None,
    text: str | None,
    last: str | None,
    channel: str | None,
    tier: str | None,
    sent_at: str | None,
    elapsed_s: float | None,
    config_path: str | None,
) -> None:
    """Why one request failed, and what to do now: the answer in two lines, then why.

    WHAT is any id of the request: ours, the gateway's, a trace, upstream or edge id.
    Nothing is sent and nothing is paid.

    \b
    Examples:
      tierwatch triage req_0123456789abcdef0123456789abcdef
      pbpaste | tierwatch triage --reply - --channel vip --tier 4k-high
      tierwatch triage --last vip/4k-high

    \b
    Exit codes: 0 a cause stands out, 1 undecided (the next rung is named),
    2 usage or config.
    """
    from probe import config as configs
    from probe.records import history as histories
    from probe.triage import diagnosis, subject
    from probe.triage import text as words

    given = [each for each in (what, reply, text, last) if each is not None]
    if len(given) != 1:
        raise click.UsageError("Name one request: an id, --reply FILE, --text TEXT or --last PATH.")
    hints = subject.Hints(channel, tier, moment(sent_at), elapsed_s)
    config, history = None, None
    try:
        config = configs.load(configs.find(config_path))
        history = histories.open(configs.database(pathlib.Path(config.source)))
    except model.UserError as error:
        if config_path is not None or what is not None or last is not None:
            raise
        click.echo(f"without history: {error}", err=True)
    if what is not None:
        about = subject.by_id(what, history, hints)
    elif last is not None:
        assert history is not None  # noqa: S101 - refused above
        about = subject.latest_failure(path(last), history)
    else:
        about = subject.pasted(text or pasted(reply or "-"), history, hints, dt.datetime.now(dt.UTC))
    pieces, near = diagnosis.free(about, history, config)
    found = diagnosis.diagnose(about, pieces, near=near)
    click.echo(words.render(found, config), nl=False)
    if found.cause is None and not about.ok:
        raise SystemExit(1)


def path(text: str) -> model.Path:
    try:
        return model.Path.parse(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def moment(text: str | None) -> dt.datetime | None:
    """An aware UTC time; a UsageError names what is wrong."""
    if text is None:
        return None
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"--sent-at {text!r} is no ISO 8601 time, such as 2026-08-13T02:41:00Z.") from error
    return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)


def pasted(name: str) -> str:
    """At most PASTE_CAP_CHARACTERS of a file or of standard input."""
    from probe.triage import subject

    if name == "-":
        return sys.stdin.read(subject.PASTE_CAP_CHARACTERS)
    try:
        with open(name, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - a part of it
            return file.read(subject.PASTE_CAP_CHARACTERS)
    except OSError as error:
        raise model.UserError(f"{name} cannot be read: {error.strerror}") from error
