"""`tierwatch daemon`: send canaries on schedule until told to stop."""

import asyncio
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

import click

from probe.commands import options

if TYPE_CHECKING:
    from probe import daemon


@click.command(short_help="Send canaries on schedule and store what comes back.")
@options.CONFIG
def command(config_path: str | None) -> None:
    """Send canaries on schedule and store what comes back.

    In a terminal it shows what is in flight; otherwise it logs one line an outcome.
    The first Ctrl-C or SIGTERM sends nothing new and waits for paid requests in
    flight; the second ends at once (they stay counted as spent). SIGHUP, or a change
    of config.toml or a key file, makes it read its config again: a file with a fault
    changes nothing, and log and status say so.

    \b
    Example:
      tierwatch plan && tierwatch daemon
    """
    from probe import clock, config, daemon, heap, logs, records, run

    heap.give_back_large_buffers()
    settings = config.load(config.find(config_path))
    database = settings.database
    with records.daemon_lock(database), records.open(database) as book:
        attended = sys.stderr.isatty()

        def log_by(tools: run.Tools) -> None:
            logs.start(tools.redact, tools.config.monitor.log_format, quiet=attended)

        tools = run.tools(settings, clock.RealClock(), book)
        log_by(tools)
        for warning in config.read_warnings(settings):
            logging.getLogger("tierwatch").warning("config: %s", warning)
        asyncio.run(_serve(daemon.Daemon(tools, on_reload=log_by), attended=attended))
    sys.stdout.flush()
    logging.shutdown()
    # Python would wait for the thread of an alert that is being sent; its process ends by itself (`alerts.sending`).
    os._exit(0)


async def _serve(watch: "daemon.Daemon", *, attended: bool) -> None:
    """Run with signals connected, and the live view where a person watches."""
    from probe import run
    from probe.commands import live

    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, watch.stop)
    loop.add_signal_handler(signal.SIGHUP, watch.stop if attended else watch.reload)  # a terminal that closes sends it
    try:
        if attended:
            await live.show(watch)
        else:
            await watch.run()
    finally:
        await run.close(watch.tools)
