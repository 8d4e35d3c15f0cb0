"""Options and output habits that commands share."""

import json
from collections.abc import Callable
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
