"""`tierwatch alerts`: what people were told, and what they say to it."""

import datetime as dt
from typing import TYPE_CHECKING, Any

import click

from probe import model
from probe.commands import options
from reports import words

if TYPE_CHECKING:
    from probe.config import schema
    from probe.inference import incidents
    from probe.records import history, told

LATEST = 20
"""Messages already sent that `list --all` shows."""


@click.group(short_help="Who was told what; acknowledge, silence, test.")
def command() -> None:
    """What people were told, and what they say to it.

    The daemon sends alerts to the addresses in [alerts] of config.toml; these
    commands may be used while it runs.

    \b
    Examples:
      tierwatch alerts test
      tierwatch alerts list
      tierwatch alerts ack 12
      tierwatch alerts silence 'vip/*' --for 2h
    """


@command.command("list", short_help="Open incidents, silences, and messages that wait.")
@click.option("--all", "everything", is_flag=True, help="Also what is over, and the latest messages sent.")
@options.CONFIG
@options.JSON
def list_(*, everything: bool, config_path: str | None, as_json: bool) -> None:
    """Open incidents, silences, and messages that wait to be delivered.

    Exit 1 where an incident is open that nobody has acknowledged.

    \b
    Example:
      tierwatch alerts list --all
    """
    now = dt.datetime.now(dt.UTC)
    with read(config_path) as past:
        known, messages = past.alerts(now), past.messages(LATEST if everything else 0)
    shown = known.remembered if everything else known.opened
    if as_json:
        options.echo_json(document(shown, known.silences, messages))
    else:
        for one in shown:
            click.echo(incident_line(one, now))
        if not shown:
            click.echo("No incident is open.")
        for silence in known.silences:
            click.echo(f"silent: {silence.pattern} until {silence.until:%Y-%m-%d %H:%M} UTC")
        for message in messages:
            click.echo(message_line(message))
    if any(one.acknowledged_at is None for one in known.opened):
        raise SystemExit(1)


@command.command(short_help="Somebody cares: an incident is not told again.")
@click.argument("numbers", metavar="[NUMBER]...", type=click.IntRange(0, 2**63 - 1), nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every open incident.")
@options.CONFIG
def ack(*, numbers: tuple[int, ...], everything: bool, config_path: str | None) -> None:
    """Somebody cares: an incident is not told again, unless it spreads or ends.

    NUMBER stands in the message and in `tierwatch alerts list`.

    \b
    Example:
      tierwatch alerts ack 12
    """
    from probe import config, records

    if bool(numbers) == everything:
        raise click.UsageError("Name the incidents by number, or write --all.")
    now, path = dt.datetime.now(dt.UTC), config.find(config_path)
    with read(config_path) as past:
        chosen = tuple(one.number for one in past.alerts(now).opened) if everything else numbers
    with records.open(config.database(path)) as book:
        taken = book.outbox.acknowledge(chosen, now)
    for number in taken:
        click.echo(f"incident {number} acknowledged")
    missing = [str(number) for number in chosen if number not in taken]
    if missing:
        raise model.UserError(f"no incident of this number is open: {', '.join(missing)}; see `tierwatch alerts list`")


@command.command(short_help="Hear nothing about some paths for a while.")
@click.argument("pattern")
@click.option("--for", "span", metavar="DURATION", help='How long, such as "30m", "2h" or "1d".')
@click.option("--until", metavar="TIME", help="Until when, ISO 8601; UTC where no zone is given.")
@click.option("--off", is_flag=True, help="End this silence.")
@options.CONFIG
def silence(*, pattern: str, span: str | None, until: str | None, off: bool, config_path: str | None) -> None:
    """Hear nothing about some paths for a while; what is still bad then is told then.

    PATTERN is a channel or channel/tier; * stands for anything, and alone means
    everything, a blind daemon and a spent budget too. Canaries go on.

    \b
    Examples:
      tierwatch alerts silence vip --for 2h
      tierwatch alerts silence '*/4k-*' --until 2026-12-01T08:00+08:00
      tierwatch alerts silence vip --off
    """
    from probe import config, records

    now = dt.datetime.now(dt.UTC)
    if sum((span is not None, until is not None, off)) != 1:
        raise click.UsageError("Write one of --for, --until and --off.")
    settings = config.load(config.find(config_path))
    if not off and not any(path.matches(pattern) for path in settings.paths()):
        raise click.UsageError(f"No path matches {pattern!r}. Configured: {', '.join(map(str, settings.paths()))}.")
    ends_at = now if off else ending(now, span, until)
    with records.open(settings.database) as book:
        book.outbox.silence(pattern, now, ends_at)
    click.echo(f"{pattern}: {'no longer silent' if off else f'silent until {ends_at:%Y-%m-%d %H:%M} UTC'}")


@command.command(short_help="Send a test message to every address.")
@options.CONFIG
def test(config_path: str | None) -> None:
    """Send a test message to every address in [alerts], and say which failed and why.

    Addresses are named by service and number, never shown. Exit 1 where one failed.

    \b
    Example:
      tierwatch alerts test
    """
    import concurrent.futures

    from probe import config
    from probe.alerts import rules, sending

    settings = config.load(config.find(config_path))
    addresses = rules.of(settings.alerts).addresses
    if not addresses:
        raise model.UserError("[alerts] of config.toml names no address: set `urls`; docs/alerts.md tells how")
    title, body = "tierwatch: a test", f"Alerts of {settings.monitor.vantage} arrive here. Nothing is wrong."
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        failures = dict(
            zip(addresses, pool.map(lambda url: sending.send(url, title, body), addresses.values()), strict=True)
        )
    for name, failure in failures.items():
        click.echo(f"{name}: {f'FAILED: {failure}' if failure else 'sent'} ({told_about(settings, name)})")
    if any(failures.values()):
        raise SystemExit(1)


def told_about(settings: "schema.Config", name: str) -> str:
    """Which paths an address hears of."""
    from probe.alerts import rules

    who = rules.of(settings.alerts)
    routed = [pattern for pattern, names in who.routes if name in names]
    return ", ".join((["everything else"] if routed or who.routes else ["everything"]) * (name in who.usual) + routed)


def read(config_path: str | None) -> "history.History":
    from probe import config
    from probe.records import history

    return history.open(config.database(config.find(config_path)))


def ending(now: dt.datetime, span: str | None, until: str | None) -> dt.datetime:
    """When a silence ends; a UsageError says how it is written, or that it lies in the past."""
    from probe.config import durations

    try:
        if until is None:
            at = now + dt.timedelta(seconds=durations.seconds(span or ""))
        else:
            at = dt.datetime.fromisoformat(until)
        at = at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise click.UsageError(f"--{'for' if until is None else 'until'}: {error}.") from error
    if at <= now:
        raise click.UsageError(f"--until {until} is past." if until else f"--for {span} is no time at all.")
    return at


def incident_line(one: "incidents.Incident", now: dt.datetime) -> str:
    """`12  vip 4k-high degraded, since 02:20 UTC (3 h ago), acknowledged`."""
    from probe.alerts import news, text

    since = one.since or one.raised_at
    title = text.title(one, news.Event.RAISED)
    ended = f", over since {one.cleared_at:%Y-%m-%d %H:%M} UTC" if one.cleared_at else ""
    care = ", acknowledged" if one.acknowledged_at else "" if one.cleared_at else ", nobody acknowledged it"
    return f"{one.number:>3}  {title}, since {since:%Y-%m-%d %H:%M} UTC ({words.ago(since, now)}){ended}{care}"


def message_line(message: "told.Message") -> str:
    """`waiting to slack, 3 attempts: vip 4k-high degraded (error=500)`."""
    if message.state == "waiting":
        due = f"next {message.due_at:%H:%M} UTC"
        tries = f", {message.attempts} attempts" if message.attempts else ""
        why = f" ({message.failure})" if message.failure else ""
        return f"waiting for {message.destination}{tries}, {due}: {message.title}{why}"
    at = f"{message.settled_at:%Y-%m-%d %H:%M} UTC" if message.settled_at else ""
    why = f" ({message.failure})" if message.failure else ""
    return f"{message.state} to {message.destination} {at}: {message.title}{why}"


def document(
    shown: "tuple[incidents.Incident, ...]",
    silences: "tuple[told.Silence, ...]",
    messages: "tuple[told.Message, ...]",
) -> dict[str, Any]:
    """The same for programs."""
    return {
        "incidents": [
            {
                "number": one.number,
                "trouble": one.trouble.value,
                "scope": one.scope.value,
                "bad_paths": [str(state.path) for state in one.states],
                "paths": [str(path) for path in one.touched],
                "since": words.rfc3339(one.since),
                "raised_at": words.rfc3339(one.raised_at),
                "acknowledged_at": words.rfc3339(one.acknowledged_at),
                "cleared_at": words.rfc3339(one.cleared_at),
                "reasons": [state.reason for state in one.states] or [one.reason],
            }
            for one in shown
        ],
        "silences": [{"pattern": each.pattern, "until": words.rfc3339(each.until)} for each in silences],
        "messages": [
            {
                "key": each.key,
                "destination": each.destination,
                "event": each.event,
                "title": each.title,
                "state": each.state,
                "made_at": words.rfc3339(each.made_at),
                "due_at": words.rfc3339(each.due_at),
                "settled_at": words.rfc3339(each.settled_at),
                "attempts": each.attempts,
                "failure": each.failure,
            }
            for each in messages
        ],
    }
