"""`tierwatch recover`: what can still be read of a damaged database, in a new file."""

import pathlib

import click

from probe.commands import options


@click.command(short_help="Save what is readable of a damaged database.")
@click.argument("target", type=click.Path(dir_okay=False, path_type=pathlib.Path))
@click.option(
    "--database",
    "damaged",
    type=click.Path(dir_okay=False, path_type=pathlib.Path),
    metavar="FILE",
    help="The damaged database [default: the config's].",
)
@options.CONFIG
@options.JSON
def command(target: pathlib.Path, damaged: pathlib.Path | None, config_path: str | None, as_json: bool) -> None:
    """Save what is readable of a damaged database into a new file.

    The damaged file is only read, and an existing file is never overwritten. Says
    what was saved and what was lost, table by table (null or "some" where nothing
    tells how many rows there were); exit 1 where something was lost.

    \b
    Example:
      tierwatch recover rescued.db
      tierwatch recover rescued.db --database old/tierwatch.db
    """
    from probe import config
    from probe.records import columns, rescue

    path = damaged or config.database(config.find(config_path))
    done = rescue.recover(path, target)
    if as_json:
        options.echo_json(
            {
                "target": str(target),
                "saved": done.saved,
                "lost": done.lost,
                "judged_again": done.judged_again,
                "kept_since": columns.maybe_when(done.kept_since),
            }
        )
    else:
        click.echo(f"{'table':<15}{'saved':>10}{'lost':>10}")
        for table, saved in done.saved.items():
            lost = "some" if (count := done.lost[table]) is None else f"{count:,}"
            click.echo(f"{table:<15}{saved:>10,}{lost:>10}")
        if done.judged_again:
            click.echo(f"{done.judged_again:,} outcomes had lost their verdict and were judged again.")
        if done.kept_since:
            click.echo(
                f"Since when outcomes are kept was lost. Found: since {done.kept_since:%Y-%m-%d %H:%M} UTC;\n"
                "what was before is told by its counts by the hour, which were saved."
            )
        click.echo(f"\n{target} is sound. To use it, stop the daemon and put it in the place of\n{path}.")
    if any(count != 0 for count in done.lost.values()):
        raise SystemExit(1)
