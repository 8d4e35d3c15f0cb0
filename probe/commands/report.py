"""`tierwatch report`: what is degraded since when, what to use, and the numbers behind it."""

import datetime as dt
import pathlib
import re
import sys

import click

from probe import model

UNITS_S = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


class Point(click.ParamType[dt.datetime]):
    """A moment: `2026-11-24T06:10Z`, `2026-11-24`, or so long ago: `36h`, `14d`."""

    name = "when"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        if isinstance(value, dt.datetime):
            return value
        text = str(value)
        if back := re.fullmatch(r"(\d{1,5})([mhdw])", text):
            return dt.datetime.now(dt.UTC) - dt.timedelta(seconds=int(back[1]) * UNITS_S[back[2]])
        try:
            at = dt.datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r} is no time: write 14d, 36h, 2026-11-24 or 2026-11-24T06:10Z (UTC)", param, ctx)
        return at.astimezone(dt.UTC) if at.tzinfo else at.replace(tzinfo=dt.UTC)


POINT = Point()


@click.command()
@click.option("--config", "config_path", type=click.Path(dir_okay=False), help="Default: ./config.toml, then XDG.")
@click.option("--since", type=POINT, help="Start: 14d, 36h, 2026-11-24. Default: 14 days before the end.")
@click.option("--until", type=POINT, help="End, likewise. Default: now.")
@click.option("--channel", "channels", multiple=True, help="Only this channel; may be repeated.")
@click.option("--tier", "tiers", multiple=True, help="Only this tier; may be repeated.")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["text", "markdown", "html", "json"]),
    help="Default: by the ending of --output, else text.",
)
@click.option("--output", type=click.Path(dir_okay=False, writable=True, path_type=pathlib.Path), help="Write here.")
@click.option(
    "--plots", type=click.Path(file_okay=False, path_type=pathlib.Path), help="Also write plots (PNG, SVG) here."
)
def command(
    *,
    config_path: str | None,
    since: dt.datetime | None,
    until: dt.datetime | None,
    channels: tuple[str, ...],
    tiers: tuple[str, ...],
    format_name: str | None,
    output: pathlib.Path | None,
    plots: pathlib.Path | None,
) -> None:
    """What is degraded since when, what to use, and the numbers behind it.

    Reads the database only: nothing is sent, nothing is paid.

    \b
    Examples:
      tierwatch report
      tierwatch report --since 36h --channel vip
      tierwatch report --output report.html --plots plots/
      tierwatch report --format json | jq '.sections[0]'
    """
    from probe import config as configs
    from probe.records import history
    from reports import formats, reading, sections

    if since and until and since >= until:
        raise click.UsageError("--since must lie before --until.")
    now = dt.datetime.now(dt.UTC)
    config = configs.load(configs.find(config_path))
    known(channels, [channel.name for channel in config.channel], "--channel")
    known(tiers, [path.tier for path in config.paths()], "--tier")
    with history.open(configs.database(pathlib.Path(config.source))) as past:
        seen = reading.read(config, past, now, reading.Choice(since, until, channels, tiers))
    report = sections.build(seen)
    chosen = format_name or by_ending(output)
    if chosen == "text" and output is None:
        from reports import text

        click.echo(text.render(report, colour=wants_colour()), nl=False)
    else:
        write(formats.render(report, chosen), output)


ENDINGS = {".md": "markdown", ".html": "html", ".json": "json"}


def by_ending(output: pathlib.Path | None) -> str:
    return ENDINGS.get(output.suffix.lower(), "text") if output else "text"


def known(chosen: tuple[str, ...], names: list[str], option: str) -> None:
    """Refuse a name that the config does not know: an empty report would look like good news."""
    for name in chosen:
        if name not in names:
            raise click.UsageError(f"{option} {name!r} is not in the config; it has {', '.join(dict.fromkeys(names))}.")


def wants_colour() -> bool:
    """Colour on a terminal that can show it, unless NO_COLOR says no."""
    import os

    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def write(rendered: str, output: pathlib.Path | None) -> None:
    """To stdout, or to a file in one step: a reader never sees half a report. Raises UserError."""
    if output is None:
        click.echo(rendered, nl=False)
        return
    draft = output.with_name(f".{output.name}.part")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(rendered, encoding="utf-8")
        draft.replace(output)
    except OSError as error:
        raise model.UserError(f"{output} cannot be written: {error.strerror}. Choose another --output.") from error
    click.echo(f"wrote {output}", err=True)
