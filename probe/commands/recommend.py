"""`tierwatch recommend`: the channel to use per tier and job, with the reason."""

import datetime as dt
import sys

import click

from probe.commands import options
from reports import exports


@click.command(short_help="The channel to use per tier, with the reason.")
@options.CONFIG
@click.option("--tier", "tiers", multiple=True, help="Only this tier; may be repeated.")
@click.option("--job", "jobs", multiple=True, help="Only this [[job]]; may be repeated.")
@click.option(
    "--format", "named", type=click.Choice(("text", "json", *exports.EXPORTS)), default="text", show_default=True
)
@click.option("--json", "named", flag_value="json", help="The same as --format json.")
def command(*, config_path: str | None, tiers: tuple[str, ...], jobs: tuple[str, ...], named: str) -> None:
    """The channel to use per tier and per job, with the reason.

    Expected cost and time of a usable picture, with retries and billed failures, by
    what the canaries of the last 30 days showed. Exit 1 where the data do not
    suffice for every tier asked for.

    \b
    Example:
      tierwatch recommend
      tierwatch recommend --tier 4k-high
      tierwatch recommend --json | jq '.recommendations[0].choice'
      tierwatch recommend --format env > channels.env
      tierwatch recommend --format litellm > litellm.yaml
    """
    from probe import config as configs
    from probe.records import history
    from reports import advice, present, text, words

    now = dt.datetime.now(dt.UTC)
    config = configs.load(configs.find(config_path))
    options.refuse_unknown(tiers, (path.tier for path in config.paths()), "--tier")
    options.refuse_unknown(jobs, (job.name for job in config.job), "--job")
    with history.open(config.database) as past:
        found = present.read(config, past, now, published=True)
        beat = past.heartbeat()
    watched = beat is not None and not beat.stale(now)
    chosen = [one for one in found.advice if one.tier in (tiers or [one.tier]) and one.job in (jobs or [one.job])]
    if named in exports.EXPORTS:
        click.echo(exports.render(named, chosen, config, now), nl=False)
    elif named == "json":
        made = {"made_at": words.rfc3339(now), "watched": watched, "simulated": found.simulated}
        options.echo_json({**made, "recommendations": [advice.document(one) for one in chosen]})
    else:
        printer = text.Printer(now, text.WIDTH, colour=options.wants_colour())
        for one in chosen:
            click.echo("\n".join(printer.lines(advice.headline(one, now))) + "\n", color=True)
    if named != "json" and found.simulated:
        click.echo("SIMULATED history is part of this: it says nothing about real channels.", err=True)
    if named != "json" and not watched:
        click.echo("No daemon is running: this is what was so when the last canary came back.", err=True)
    sys.exit(0 if all(one.batch.choice for one in chosen) else 1)
