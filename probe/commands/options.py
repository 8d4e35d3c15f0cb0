"""Options and output habits that commands share."""

import datetime as dt
import json
import math
import os
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any

import click

CONFIG = click.option(
    "--config", "config_path", metavar="FILE", help="config.toml to use [default: ./config.toml, then XDG]."
)
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")

UNITS_S = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
SPAN = re.compile(r"(\d{1,6})([mhdw])")
EARLIEST_YEAR, LONGEST_SPAN = 2000, dt.timedelta(days=3660)
"""Nothing was watched before, nor for longer: what lies further back is a slip of the pen."""


class Finite(click.FloatRange):
    """A number within bounds, and neither nan, which passes any comparison by failing it, nor infinite."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


class When(click.ParamType[dt.datetime]):
    """A moment: `2026-11-24T06:10Z`, `2026-11-24` (UTC), or so long ago: `36h`, `14d`."""

    name = "when"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        if isinstance(value, dt.datetime):
            return value
        text = str(value)
        try:
            if back := SPAN.fullmatch(text):
                at = dt.datetime.now(dt.UTC) - span(back)
            else:
                at = dt.datetime.fromisoformat(text)
            at = at.astimezone(dt.UTC) if at.tzinfo else at.replace(tzinfo=dt.UTC)
        except (ValueError, OverflowError):
            self.fail(f"{text!r} is no time: write 14d, 36h, 2026-11-24 or 2026-11-24T06:10Z", param, ctx)
        if at.year < EARLIEST_YEAR:
            self.fail(f"{text!r} lies before the year {EARLIEST_YEAR}", param, ctx)
        return at


class Span(click.ParamType[dt.timedelta]):
    """So long: `36h`, `14d`."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dt.timedelta:
        if isinstance(value, dt.timedelta):
            return value
        found = SPAN.fullmatch(str(value))
        if not found:
            self.fail(f"{value!r} is no span of time: write 36h, 14d or 4w", param, ctx)
        if span(found) > LONGEST_SPAN:
            self.fail(f"{value!r} is longer than {LONGEST_SPAN.days}d", param, ctx)
        return span(found)


def span(found: re.Match[str]) -> dt.timedelta:
    """What SPAN has found."""
    return dt.timedelta(seconds=int(found[1]) * UNITS_S[found[2]])


def as_json(document: dict[str, Any]) -> str:
    """A document with its `schema_version`."""
    return json.dumps({"schema_version": 1, **document}, ensure_ascii=False, indent=2, default=str)


def echo_json(document: dict[str, Any]) -> None:
    """A document on standard output, UTF-8, one trailing newline."""
    click.echo(as_json(document))


def options(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options as one decorator."""

    def apply(command: Any) -> Any:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return apply


def refuse_unknown(chosen: Iterable[str], names: Iterable[str], option: str, where: str = "the config") -> None:
    """A name that is not among those that `where` has is refused: an empty report would look like good news."""
    known = list(dict.fromkeys(names))
    for name in chosen:
        if name not in known:
            raise click.UsageError(f"{option} {name!r} is not in {where}, which has {', '.join(known) or 'none'}.")


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
