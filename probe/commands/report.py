"""`tierwatch report`: what is degraded since when, what to use, and the numbers behind it."""

import contextlib
import datetime as dt
import pathlib
from typing import TYPE_CHECKING

import click

from probe import model
from probe.commands import options
from reports import formats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probe.config import schema
    from reports import blocks, sections

WEEK, MONTH = dt.timedelta(days=7), dt.timedelta(days=30)
ENDINGS = {".md": "markdown", ".html": "html", ".htm": "html", ".json": "json"}


@click.command(short_help="What is degraded since when, and what to use.")
@options.CONFIG
@click.option("--since", type=options.When(), help="Start: 14d, 36h, 2026-11-24 [default: 14 days before the end].")
@click.option("--until", type=options.When(), help="End, likewise [default: now].")
@click.option("--compare", type=options.Span(), help="Compare with so much time before, like 14d [default: halves].")
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
@click.option(
    "--format",
    "named",
    type=click.Choice(tuple(formats.FORMATS)),
    help="[default: by the ending of --output, else text]",
)
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
    from reports import reading, sections, text
    from reports.exports import claims as claiming

    if claims and not supplier:
        raise click.UsageError("--claims needs --supplier: a claim goes to one channel.")
    if job and tiers:
        raise click.UsageError("--job has tiers of its own; leave --tier out.")
    rows, title, usual = contents(digest, supplier)
    options.refuse_unknown(keys, (row.key for row in rows), "--section", "this report")
    now = dt.datetime.now(dt.UTC)
    end = min(until or now, now)
    begin = since or end - usual
    if begin >= end:
        raise click.UsageError("--since must lie before --until and before now.")
    config = configs.load(configs.find(config_path))
    refuse_strangers(config, channels, tiers, job, supplier)
    channels = (supplier,) if supplier else channels
    tiers = next((each.tiers for each in config.job if each.name == job), tiers)
    with history.open(config.database) as past:
        if since and (days := past.archived.days()):
            begin = max(begin, min(days[-1], end - usual))  # years before the first outcome would take long to smooth
        seen = reading.read(
            config, past, now, reading.Choice(begin, until and end, compare, channels, tiers, (job,) if job else ())
        )
        if claims and supplier:
            write(claims, claiming.render(past.outcomes(begin, end, channel=supplier), config))
    report = sections.build(seen, rows, title, keys)
    chosen = named or (ENDINGS.get(output.suffix.lower(), "text") if output else "text")
    if output:
        write(output, formats.render(report, chosen))
    else:
        colour = chosen == "text" and options.wants_colour()
        click.echo(text.render(report, colour=True) if colour else formats.render(report, chosen), nl=False, color=True)
    if plots:
        draw(report, plots)


def contents(digest: str | None, supplier: str | None) -> "tuple[Sequence[sections.Row], str, dt.timedelta]":
    """Which sections a report has, its title, and the period that it covers where nobody says otherwise."""
    from reports import reading, sections

    if supplier:
        return sections.SUPPLIER, f"tierwatch scorecard of {supplier}", MONTH
    if digest:
        return sections.DIGEST, "tierwatch digest", WEEK
    return sections.SECTIONS, "tierwatch report", reading.DEFAULT_PERIOD


def refuse_strangers(
    config: "schema.Config", channels: tuple[str, ...], tiers: tuple[str, ...], job: str | None, supplier: str | None
) -> None:
    """Names that the config does not know; raises UsageError."""
    known = [channel.name for channel in config.channel]
    options.refuse_unknown([supplier] if supplier is not None else [], known, "--supplier")
    options.refuse_unknown(channels, known, "--channel")
    options.refuse_unknown(tiers, (path.tier for path in config.paths()), "--tier")
    options.refuse_unknown([job] if job is not None else [], (each.name for each in config.job), "--job")


def write(output: pathlib.Path, rendered: str) -> None:
    """Replace the file in one step, so that a reader never sees half a report; raises UserError."""
    if not output.name:
        raise click.UsageError("The name of a file to write is empty.")
    draft = output.with_name(f".{output.name}.part")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(rendered, encoding="utf-8", newline="")
        draft.replace(output)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
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
