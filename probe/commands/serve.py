"""`tierwatch serve`: the report, status and metrics on a local page."""

import click

from probe.commands import options


@click.command(short_help="The report and metrics on a local page.")
@options.CONFIG
def command(config_path: str | None) -> None:
    """The report, status and metrics on a local page.

    Reads the database only, beside the daemon or without one. The page has no
    log-in, so it listens on this machine alone, where [page] listen says; for
    others, put a proxy with a log-in in front.

    \b
    /             the report, at most a minute old; /?since=90d
    /status.json  what `tierwatch status --json` says
    /metrics      for Prometheus
    /healthz      200 while the daemon lives, else 503

    \b
    Example:
      tierwatch serve
      curl -s http://127.0.0.1:8321/healthz
    """
    from probe import config as configs
    from probe import serving
    from reports import site

    path = configs.find(config_path)
    shown = site.Site(configs.load(path))
    listening = serving.listen(*options.host_and_port(shown.config.page.listen), "[page] listen in config.toml")
    url = serving.address(listening)
    serving.serve(serving.Server(site.app(shown), lambda: click.echo(f"listening on {url}")), listening)
