"""`tierwatch init`: write a commented config.toml from the shipped one, and say what it will cost."""

import contextlib
import os
import pathlib
import sys
import textwrap
from typing import TYPE_CHECKING

import click

from probe import model

if TYPE_CHECKING:
    from probe.config import schema, template


class FileExists(model.UserError):
    """The file to write is there already."""


@click.command(short_help="Write a commented config.toml.")
@click.argument("file", default="config.toml", type=click.Path(dir_okay=False))
@click.option(
    "--channel",
    "channels",
    multiple=True,
    metavar="NAME[,KEY=VALUE,...]",
    help="A channel to watch: vip, official or nano, or one of your own with protocol, base_url, model and key_env. "
    "Repeat for several [default: all three].",
)
@click.option("--budget", type=float, metavar="USD", help="Hard cap on canaries, USD per day [default: 5].")
def command(file: str, channels: tuple[str, ...], budget: float | None) -> None:
    """Write a commented config.toml.

    In a terminal it asks what no option says. It never overwrites a file and sends
    nothing; it ends with what the schedule costs per day. Keys stay in environment
    variables (key_env) or private files (key_file): never give the key itself.

    \b
    Example:
      tierwatch init
      tierwatch init --channel vip --channel nano,key_file=nano.key
      tierwatch init --channel vip,key_env=MY_GATEWAY_KEY --budget 2
    """
    from probe import config, plan
    from probe.commands import plan as plan_command
    from probe.config import reading, template

    try:
        path = pathlib.Path(file).expanduser()
    except RuntimeError as error:
        raise model.UserError(
            f"{file} cannot be written: nobody of that name has a home here; name another file"
        ) from error
    if os.path.lexists(path):
        raise FileExists(_exists(file))
    choices = [template.Choice.parse(text) for text in channels]
    if sys.stdin.isatty() and not channels:
        choices = ask_channels(template.channels())
    if sys.stdin.isatty() and budget is None:
        budget = click.prompt("USD per day for canaries, at most", default=5.0, type=float, err=True)
    choices = choices or [template.Choice(name) for name in template.channels()]
    text = template.write(choices, 5.0 if budget is None else budget)
    settings = reading.parse(text.encode(), path)  # refuses what would be refused later
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError as error:
        raise FileExists(_exists(file)) from error
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()  # half of it would be in the way of the next try
        raise model.UserError(f"{file} cannot be written: {error.strerror}; name another file") from error
    click.echo(f"Wrote {file}.\n")
    for line in keys(settings):
        click.echo(textwrap.fill(line, 80, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False))
    click.echo()
    click.echo(plan_command.bill(plan.plan(settings), config.read_warnings(settings)))
    where = "" if file == "config.toml" else f" --config {file}"
    click.echo(f"\nNothing was sent. Next: edit {file}, then `tierwatch daemon{where}`.")


def _exists(file: str) -> str:
    return f"{file} exists and stays as it is: edit it, or write another with `tierwatch init OTHER.toml`"


def ask_channels(known: dict[str, dict[str, str]]) -> "list[template.Choice]":
    """Which of the shipped channels, and where the key of each is."""
    from probe.config import template

    names = click.prompt("Channels to watch", default=",".join(known), err=True)
    choices = []
    for name in dict.fromkeys(part.strip() for part in names.split(",") if part.strip()):
        if name not in known:
            raise click.UsageError(f"{name!r} is not one of {', '.join(known)}; add your own with --channel.")
        variable = click.prompt(
            f"Environment variable that holds the key of {name}", default=known[name]["key_env"], err=True
        )
        choices.append(template.Choice(name, {"key_env": variable}))
    return choices


def keys(settings: "schema.Config") -> list[str]:
    """One line for each place where a key is expected: whether it is there, never what it is."""
    from probe import config
    from probe.config import secrets

    channels: dict[str, list[schema.Channel]] = {}
    for channel in settings.channel:
        channels.setdefault(channel.key_env or channel.key_file or "", []).append(channel)
    lines = []
    for place, sharing in channels.items():
        try:
            found = f"{place} is there ({secrets.MASK}, {len(secrets.key(sharing[0]).reveal())} characters)"
        except config.ConfigError as error:
            found = str(error)
        lines.append(f"key for {', '.join(channel.name for channel in sharing)}: {found}")
    return lines
