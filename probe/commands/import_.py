"""`tierwatch import`: add outcomes that `tierwatch export` wrote."""

import itertools
import typing

import click

from probe.commands import options

if typing.TYPE_CHECKING:
    from collections.abc import Iterator

    from probe import model, records
    from probe.records import summaries


@click.command(short_help="Add exported outcomes to this database.")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@options.CONFIG
@options.JSON
def command(files: tuple[str, ...], config_path: str | None, as_json: bool) -> None:
    """Add exported outcomes to this database; `-` reads standard input.

    Outcomes that are there already are left as they are, so that a file may be
    imported again after a fault. They keep the verdict they were exported with;
    `tierwatch rejudge` judges them by today's rules. Of time whose outcomes the other
    database no longer had, counts by hour and closed months are added likewise.

    \b
    Example:
      tierwatch import hongkong.ndjson frankfurt.ndjson
      ssh hongkong tierwatch export --since 7d | tierwatch import -
    """
    from probe import config, records
    from probe.records import lines

    added: dict[str, int] = {}
    with records.open(config.database(config.find(config_path))) as book:
        for name in files:
            with click.open_file(name, encoding="utf-8") as file:
                try:
                    added[name] = add(book, lines.read(file))
                except lines.LineError as error:
                    raise records.RecordsError(f"{name}: {error}") from error
    if as_json:
        options.echo_json({"added": added})
        return
    for name, count in added.items():
        click.echo(f"{name}: {count:,} outcomes added.")


def add(book: "records.Records", found: "Iterator[model.Judged | summaries.Summary]") -> int:
    """Store what a file tells, in its order: summaries come first; returns how many outcomes were new."""
    from probe.records import summaries

    added = 0
    for is_summary, group in itertools.groupby(found, lambda one: isinstance(one, summaries.Summary)):
        if is_summary:
            book.archive.add_summaries(typing.cast("Iterator[summaries.Summary]", group))
        else:
            added += book.store_all(typing.cast("Iterator[model.Judged]", group), rules_version="imported")
    return added
