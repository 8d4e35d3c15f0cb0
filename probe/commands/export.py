"""`tierwatch export`: stored outcomes as one JSON object a line."""

import contextlib
import datetime as dt
import pathlib
from typing import IO, TYPE_CHECKING

import click

from probe import model
from probe.commands import options

if TYPE_CHECKING:
    from probe.records.history import History


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
    from probe import config
    from probe.records import history

    path = config.database(config.find(config_path))
    with history.open(path) as past:
        if output is None:
            with click.open_file("-", "w", encoding="utf-8") as standard_output:
                write(past, since, until, standard_output)
            return
        try:
            with output.open("x", encoding="utf-8") as file:
                write(past, since, until, file)
        except FileExistsError:
            raise click.UsageError(f"{output} exists already and is never overwritten.") from None
        except OSError as error:
            with contextlib.suppress(OSError):
                output.unlink()
            raise model.UserError(f"{output} cannot be written: {error.strerror}; name another --output") from error


def write(past: "History", since: dt.datetime | None, until: dt.datetime | None, file: IO[str]) -> None:
    """Summaries first, then outcomes, a line each."""
    from probe.records import lines

    for summary in past.archived.summaries(since, until):
        file.write(lines.write_summary(summary) + "\n")
    for judged in past.outcomes(since, until, triggers=model.Trigger):
        file.write(lines.write(judged) + "\n")
