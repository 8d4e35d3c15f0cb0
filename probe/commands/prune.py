"""`tierwatch prune`: remove outcomes that have had their time, now rather than at night; or say what would go."""

import datetime as dt
import time

import click

from probe.commands import options


@click.command(short_help="Remove outcomes that have had their time.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@options.CONFIG
@options.JSON
def command(config_path: str | None, dry_run: bool, as_json: bool) -> None:
    """Remove outcomes older than `[monitor] keep_outcomes` and `keep_failures` say.

    The daemon does the same at night, bit by bit. What is removed stays counted: by
    hour in the roll-ups, and by month in the degraded stretches, from which reports
    draw. Months that are not closed yet are kept whole. What hangs on no outcome goes
    likewise: settled intents, skipped slots, log entries, triages, sent messages.

    \b
    Example:
      tierwatch prune --dry-run
    """
    from probe import config as configs
    from probe import keeping, records
    from probe.records import history

    config = configs.load(configs.find(config_path))
    now = dt.datetime.now(dt.UTC)
    path = config.database
    with history.open(path) as past:
        cut = keeping.cut(config, past, now)
        count = len(past.archived.expired(cut.since, cut.failures_since))
    if not dry_run:
        with records.open(path) as book:
            count = keeping.remove(config, book, now, most=count, sleep=time.sleep)
    if as_json:
        options.echo_json(
            {
                "removed": 0 if dry_run else count,
                "would_remove": count if dry_run else 0,
                "since": cut.since.isoformat(),
                "failures_since": cut.failures_since.isoformat(),
            }
        )
        return
    click.echo(
        f"{count:,} outcomes {'would be' if dry_run else 'were'} removed: sent before {cut.since:%Y-%m-%d}, "
        f"failures\nbefore {cut.failures_since:%Y-%m-%d} (UTC). They stay counted by hour."
    )
