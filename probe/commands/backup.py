"""`tierwatch backup`: a checked copy of the database, also while the daemon writes."""

import pathlib

import click

from probe.commands import options


@click.command(short_help="Copy the database, also while it is written.")
@click.argument("target", type=click.Path(dir_okay=False, path_type=pathlib.Path))
@options.CONFIG
def command(target: pathlib.Path, config_path: str | None) -> None:
    """Copy the database to a new file, also while the daemon writes.

    The copy is the database as it was at one moment, whole and checked, in a single
    file. An existing file is never overwritten. To restore: stop the daemon, move
    the database with its -wal and -shm files away, and put the copy in its place.

    \b
    Example:
      tierwatch backup "backups/$(date +%F).db"
    """
    from probe import config
    from probe.records import backup, history

    backup.copy(config.database(config.find(config_path)), target)
    with history.open(target) as copy:
        outcomes = copy.size()
    click.echo(f"{target}: {outcomes:,} outcomes, {target.stat().st_size / 1e6:,.1f} MB, checked.")
