"""`tierwatch preflight`: go, wait or split, before a batch is sent."""

import datetime as dt
import sys

import click

from probe.commands import options

NIGHTS_A_MONTH = 30


@click.command(short_help="Go, wait or split: what a batch would cost now.")
@options.CONFIG
@click.option("--job", "name", required=True, help="The [[job]] of config.toml that the batch is.")
@click.option("--n", type=click.IntRange(1, 100_000_000), help="Pictures [default: the job's month over 30 nights].")
@click.option("--parallel", type=click.IntRange(1, 10_000), default=8, show_default=True, help="Pictures made at once.")
@options.JSON
def command(*, config_path: str | None, name: str, n: int | None, parallel: int, as_json: bool) -> None:
    """Go, wait or split: what a batch would cost now, and once the trouble is over.

    Sends nothing.

    \b
    Example:
      tierwatch preflight --job nightly-batch --n 5000
      tierwatch preflight --job nightly-batch && ./send-batch

    \b
    Exit codes: 0 go, 1 wait or split, 2 usage or config.
    """
    from probe import config as configs
    from probe.records import history
    from reports import preflight, present, text

    now = dt.datetime.now(dt.UTC)
    config = configs.load(configs.find(config_path))
    options.refuse_unknown([name], (job.name for job in config.job), "--job")
    (job,) = (job for job in config.job if job.name == name)
    total = n or round(job.images_per_month / NIGHTS_A_MONTH)
    if not total:
        raise click.UsageError(f"How many pictures? Give --n, or images_per_month to the job {name!r}.")
    with history.open(config.database) as past:
        found = present.read(config, past, now, published=True)
    mine = [one for one in found.advice if one.job == name]
    parts = [total // len(mine) + (index < total % len(mine)) for index in range(len(mine))]
    flights = [
        preflight.check(one, part, parallel, now, usd_per_minute=job.usd_per_minute)
        for one, part in zip(mine, parts, strict=True)
        if part
    ]
    if as_json:
        options.echo_json({"simulated": found.simulated, "flights": [preflight.document(one) for one in flights]})
    else:
        printer = text.Printer(now, text.WIDTH, colour=options.wants_colour())
        told = ("\n".join(printer.lines(preflight.headline(one, parallel, now))) for one in flights)
        click.echo("\n\n".join(told), color=True)
    sys.exit(0 if all(one.decision == "go" for one in flights) else 1)
