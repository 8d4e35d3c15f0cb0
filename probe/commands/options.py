"""Options and output habits that commands share."""

import json
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

import click

CONFIG = click.option(
    "--config", "config_path", metavar="FILE", help="config.toml to use [default: ./config.toml, then XDG]."
)
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


def echo_json(document: dict[str, Any]) -> None:
    """A document with its `schema_version`, UTF-8, one trailing newline."""
    click.echo(json.dumps({"schema_version": 1, **document}, ensure_ascii=False, indent=2, default=str))


def options(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options as one decorator."""

    def apply(command: Any) -> Any:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return apply


def refuse_unknown(chosen: Iterable[str], names: Iterable[str], option: str) -> None:
    """A name that the config does not know is refused: an empty report would look like good news."""
    known = list(dict.fromkeys(names))
    for name in chosen:
        if name not in known:
            raise click.UsageError(f"{option} {name!r} is not in the config, which has {', '.join(known)}.")


def wants_colour() -> bool:
    """Colour on a terminal that can show it, unless NO_COLOR says no."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def host_and_port(text: str) -> tuple[str, int]:
    """`127.0.0.1:8400` -> its parts; raises UsageError."""
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isdecimal() and int(port) < 65_536):
        raise click.UsageError(f"--listen {text!r}: write HOST:PORT, for example 127.0.0.1:8400")
    return host.strip("[]"), int(port)
