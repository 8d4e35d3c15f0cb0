"""`tierwatch report`: what is degraded since when, what to use, and the numbers behind it."""

import datetime as dt
import pathlib
import re
from typing import TYPE_CHECKING

import click

from probe import model
from probe.commands import options

if TYPE_CHECKING:
    from reports import blocks

UNITS_S = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
SPAN = re.compile(r"(\d{1,6})([mhdw])")
WEEK, MONTH = dt.timedelta(days=7), dt.timedelta(days=30)
ENDINGS = {".md": "markdown", ".html": "html", ".htm": "html", ".json": "json"}
FORMATS = ("text", "markdown", "html", "json")  # the names in `reports.formats.FORMATS`; a test compares


class When(click.ParamType[dt.datetime]):
    """A moment: `2026-11-24T06:10Z`, `2026-11-24` (UTC), or so long ago: `36h`, `14d`."""

    name = "when"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        if isinstance(value, dt.datetime):
            return value
        text = str(value)
        try:
            if back := SPAN.fullmatch(text):
                return dt.datetime.now(dt.UTC) - span(back)
            at = dt.datetime.fromisoformat(text)
            return at.astimezone(dt.UTC) if at.tzinfo else at.replace(tzinfo=dt.UTC)
        except (ValueError, OverflowError):
            self.fail(f"{text!r} is no time: write 14d, 36h, 2026-11-24 or 2026-11-24T06:10Z", param, ctx)


class Span(click.ParamType[dt.timedelta]):
    """So long: `36h`, `14d`."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> dt.timedelta:
        if isinstance(value, dt.timedelta):
            return value
        found = SPAN.fullmatch(str(value))
        if not found:
            self.fail(f"{value!r} is no span of time: write 36h, 14d or 4w", param, ctx)
        return span(found)


def span(found: re.Match[str]) -> dt.timedelta:
    return dt.timedelta(seconds=int(found[1]) * UNITS_S[found[2]])


@click.command(short_help="What is degraded since when, and what to use.")
@options.CONFIG
@click.option("--since", type=When(), help="Start: 14d, 36h, 2026-11-24 [default: 14 days before the end].")
@click.option("--until", type=When(), help="End, likewise [default: now].")
@click.option("--compare", type=Span(), help="Compare with so much time before, like 14d [default: halves].")
@click.option("--section", "keys", multiple=True, help="Only this part (now, matrix, timeline ...); may be repeated.")
@click.option("--channel", "channels", multiple=True, help="Only this channel; may be repeated.")
@click.option("--tier", "tiers", multiple=True, help="Only this tier; may be repeated.")
@click.option("--job", help="Only the tiers of this [[job]], and what to use for it.")
@click.option(
    "--digest",
    type=click.Choice(("weekly",)),
    is_flag=False,
    flag_value="weekly",
    help="One page of the last week; --since and --until choose another time.",
)
@click.option("--supplier", help="Scorecard of this channel against its targets, by default of the last 30 days.")
@click.option(
    "--claims",
    type=click.Path(dir_okay=False, path_type=pathlib.Path),
    help="With --supplier: CSV of what was billed and not usable.",
)
@click.option("--format", "named", type=click.Choice(FORMATS), help="[default: by the ending of --output, else text]")
@click.option("--output", type=click.Path(dir_okay=False, path_type=pathlib.Path), help="Write to this file.")
@click.option(
    "--plots", type=click.Path(file_okay=False, path_type=pathlib.Path), help="Also write each plot here, PNG and SVG."
)
def command(
    *,
    config_path: str | None,
    since: dt.datetime | None,
    until: dt.datetime | None,
    compare: dt.timedelta | None,
    keys: tuple[str, ...],
    channels: tuple[str, ...],
    tiers: tuple[str, ...],
    job: str | None,
    digest: str | None,
    supplier: str | None,
    claims: pathlib.Path | None,
    named: str | None,
    output: pathlib.Path | None,
    plots: pathlib.Path | None,
) -> None:
    """What is degraded since when, what to use, and the numbers behind it.

    Reads the database only: nothing is sent and nothing is paid.

    \b
    Example:
      tierwatch report
      tierwatch report --since 36h --channel vip
      tierwatch report --output report.html --plots plots
      tierwatch report --format json | jq '.sections[0]'
      tierwatch report --supplier vip --claims claims.csv --output vip.html
    """
    from probe import config as configs
    from probe.records import history
    from reports import formats, reading, sections, text
    from reports.exports import claims as claiming

    if claims and not supplier:
        raise click.UsageError("--claims needs --supplier: a claim goes to one channel.")
    if job and tiers:
        raise click.UsageError("--job has tiers of its own; leave --tier out.")
    now = dt.datetime.now(dt.UTC)
    end = until or now
    since = since or end - (WEEK if digest else MONTH if supplier else reading.DEFAULT_PERIOD)
    if since >= min(end, now):
        raise click.UsageError("--since must lie before --until and before now.")
    rows, title = sections.SECTIONS, "tierwatch report"
    if supplier:
        rows, title = sections.SUPPLIER, f"tierwatch scorecard of {supplier}"
    elif digest:
        rows, title = sections.DIGEST, "tierwatch digest"
    options.refuse_unknown(keys, (row.key for row in rows), "--section")
    config = configs.load(configs.find(config_path))
    channels = (supplier,) if supplier else channels
    options.refuse_unknown(
        channels, (channel.name for channel in config.channel), "--supplier" if supplier else "--channel"
    )
    options.refuse_unknown(tiers, (path.tier for path in config.paths()), "--tier")
    options.refuse_unknown([job] if job else [], (each.name for each in config.job), "--job")
    if job:
        tiers = next(each.tiers for each in config.job if each.name == job)
    with history.open(configs.database(pathlib.Path(config.source))) as past:
        seen = reading.read(
            config, past, now, reading.Choice(since, until, compare, channels, tiers, (job,) if job else ())
        )
        if claims and supplier:
            write(claims, claiming.render(past.outcomes(since, end, channel=supplier), config))
    report = sections.build(seen, rows, title, keys)
    chosen = named or (ENDINGS.get(output.suffix.lower(), "text") if output else "text")
    if output:
        write(output, formats.render(report, chosen))
    else:
        colour = chosen == "text" and options.wants_colour()
        click.echo(text.render(report, colour=True) if colour else formats.render(report, chosen), nl=False, color=True)
    if plots:
        draw(report, plots)


def write(output: pathlib.Path, rendered: str) -> None:
    """Replace the file in one step, so that a reader never sees half a report; raises UserError."""
    draft = output.with_name(f".{output.name}.part")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(rendered, encoding="utf-8", newline="")
        draft.replace(output)
    except OSError as error:
        raise model.UserError(f"{output} cannot be written ({error.strerror}); choose another --output") from error
    click.echo(f"wrote {output}", err=True)


def draw(report: "blocks.Report", folder: pathlib.Path) -> None:
    """Write every plot of the report; raises UserError."""
    from reports import plots

    try:
        for path in plots.write(report, folder):
            click.echo(f"wrote {path}", err=True)
    except OSError as error:
        raise model.UserError(f"{folder} cannot be written ({error.strerror}); choose another --plots") from error
