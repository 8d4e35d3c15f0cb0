"""`tierwatch rejudge`: judge all stored evidence by the rules of today, and take it back."""

import click

from probe.commands import options


@click.command(short_help="Judge stored history again by today's rules.")
@click.option("--undo", is_flag=True, help="Put back what the latest re-judging changed.")
@options.CONFIG
@options.JSON
def command(undo: bool, config_path: str | None, as_json: bool) -> None:
    """Judge all stored outcomes again by today's rules.

    After an upgrade, or a new [[rule]] in config.toml: verdicts of the past change
    where the rules do, and reports with them. Says what changed; --undo puts it
    back. Works beside the daemon; outcomes whose evidence is no longer kept stay.

    \b
    Example:
      tierwatch rejudge
      tierwatch rejudge --undo
    """
    from probe import config, records, taxonomy
    from probe.records import history

    settings = config.load(config.find(config_path))
    history.open(settings.database).close()  # there must be something to judge
    with records.open(settings.database) as book:
        if undo:
            restored = book.undo_rejudge()
            told = f"{restored:,} verdicts are back as they were." if restored else "There is nothing to undo."
            options.echo_json({"restored": restored}) if as_json else click.echo(told)
            return
        rules = taxonomy.compile_rules(settings.rule)
        done = book.rejudge(lambda evidence: taxonomy.judge(evidence, rules), taxonomy.RULES_VERSION)
    changes = sorted(done.kinds.items(), key=lambda change: -change[1])
    if as_json:
        version = taxonomy.RULES_VERSION
        kinds = [{"from": before, "to": now, "count": count} for (before, now), count in changes]
        options.echo_json({"rules_version": version, "judged": done.judged, "changed": done.changed, "kinds": kinds})
        return
    other = done.changed - sum(done.kinds.values())
    click.echo(
        f"{done.judged:,} outcomes judged again by rules {taxonomy.RULES_VERSION}, {done.changed:,} verdicts changed."
    )
    for (before, now), count in changes:
        click.echo(f"{count:>8,}  {before} -> {now}")
    if other:
        click.echo(f"{other:>8,}  same kind, other detail, rule or ids")
    if done.changed:
        click.echo("`tierwatch rejudge --undo` puts them back.")
