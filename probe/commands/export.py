"""`tierwatch export`: stored outcomes as one JSON object a line."""

import datetime as dt
import pathlib

import click

from probe.commands import options


@click.command(short_help="Outcomes as one JSON object a line.")
@click.option("--since", type=options.When(), help="Start: 14d, 36h, 2026-11-24 [default: the first].")
@click.option("--until", type=options.When(), help="End, likewise [default: the last].")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=pathlib.Path),
    help="Write to this new file [default: stdout].",
)
@options.CONFIG
def command(
    since: dt.datetime | None, until: dt.datetime | None, output: pathlib.Path | None, config_path: str | None
) -> None:
    """Outcomes as one JSON object a line, each with its evidence and verdict.

    For other programs, and to bring the results of several observers together with
    `tierwatch import`. Works while the daemon writes. What was reserved and not
    answered, alarms and states are not in it; `tierwatch backup` copies everything.

    What is no longer kept outcome by outcome comes first, as lines with a `summary`:
    counts by hour and closed months.

    \b
    Example:
      tierwatch export --since 7d | jq -r '[.sent_at, .verdict.kind] | @tsv'
      tierwatch export --output hongkong.ndjson
    """
    from probe import config, model
    from probe.records import history, lines

    if output and output.exists():
        raise click.UsageError(f"{output} exists already and is never overwritten.")
    path = config.database(config.find(config_path))
    with history.open(path) as past, click.open_file(str(output or "-"), "w", encoding="utf-8") as file:
        for summary in past.archived.summaries(since, until):
            file.write(lines.write_summary(summary) + "\n")
        for judged in past.outcomes(since, until, triggers=model.Trigger):
            file.write(lines.write(judged) + "\n")
