"""The command `simulate`: a stand-in upstream that misbehaves by scenario."""

import click

from probe.commands import options


@click.command(short_help="A stand-in upstream that misbehaves by scenario.")
@click.argument("scenario", required=False)
@click.option(
    "--listen", default="127.0.0.1:8400", show_default=True, metavar="HOST:PORT", help="Port 0: any free one."
)
@click.option("--speed", default=1.0, show_default=True, type=options.Finite(0.01, 100_000), help="Times real time.")
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same answers.")
@click.option(
    "--skip-hours", default=0.0, type=options.Finite(0, 87_600), help="Begin so many hours into the scenario."
)
@click.option("--list", "list_", is_flag=True, help="List scenarios, personalities and named replies.")
def command(scenario: str | None, listen: str, speed: float, seed: int, skip_hours: float, list_: bool) -> None:
    """A stand-in upstream that misbehaves by scenario.

    SCENARIO is a TOML file, or the name of a shipped one (--list). It serves
    the Images API, Gemini's generateContent, moderations, models and the
    gateway log on loopback, with real pictures and no key: any key works but
    one that contains "bad". Scenario time starts at the first request and runs
    --speed times real time.

    \b
    Example:
      tierwatch simulate demo --listen 127.0.0.1:8400 --speed 60
    """
    from probe.standin import scenario as scenarios

    if list_:
        from probe.standin import listing

        click.echo(listing.text(), nl=False)
        return
    if scenario is None:
        raise click.UsageError("Missing argument 'SCENARIO'; --list shows the shipped ones.")
    played = scenarios.skipped(scenarios.load(scenarios.find(scenario)), skip_hours)
    from probe import serving
    from probe.standin import acts, server

    listening = serving.listen(*options.host_and_port(listen), "--listen")
    url = serving.address(listening)
    app = server.app(played, speed, seed)
    serving.serve(serving.Server(app, lambda: click.echo(f"listening on {url}"), acts.Protocol), listening)
