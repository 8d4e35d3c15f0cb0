"""The live view of a daemon in a terminal: what is in flight, the latest outcomes, what was spent."""

import asyncio
import collections
import contextlib
from typing import TYPE_CHECKING

from rich import console, live, table, text

from probe import daemon, model

if TYPE_CHECKING:
    from rich.console import RenderableType

KEPT = 12
COLOURS = {True: "green", False: "red", None: "yellow"}


async def show(watch: daemon.Daemon) -> None:
    """Run the daemon and redraw four times a second until it has drained."""
    latest: collections.deque[model.Judged] = collections.deque(maxlen=KEPT)
    watch.on_outcome = latest.append
    running = asyncio.create_task(watch.run())
    with live.Live(view(watch, latest), console=console.Console(stderr=True), auto_refresh=False) as screen:
        while not running.done():
            screen.update(view(watch, latest), refresh=True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(running), 0.25)
    await running


def view(watch: daemon.Daemon, latest: "collections.deque[model.Judged]") -> "RenderableType":
    """A table of the latest outcomes with the requests in flight below."""
    now = watch.tools.clock.now()
    grid = table.Table(title=_title(watch), title_justify="left", box=None, expand=False)
    for heading in ("sent (UTC)", "path", "what came back", "after"):
        grid.add_column(heading, no_wrap=True)
    for judged in latest:
        outcome, verdict = judged.outcome, judged.verdict
        words = str(verdict.kind) + (f" ({verdict.detail})" if verdict.detail else "")
        after = f"{outcome.latency_s:.0f} s" if outcome.latency_s is not None else "-"
        coloured = text.Text(words, style=COLOURS[model.health(judged)])
        grid.add_row(f"{outcome.sent_at:%d %b %H:%M:%S}", str(outcome.path), coloured, after)
    for path, since in sorted(watch.underway.in_flight.items()):
        grid.add_row(f"{since:%d %b %H:%M:%S}", str(path), "in flight", f"{(now - since).total_seconds():.0f} s")
    return grid


def _title(watch: daemon.Daemon) -> str:
    bad = [f"{state.path} {state.state}" for state in watch.states if state.state is model.State.DEGRADED]
    if watch.underway.stopping:
        return f"stopping: waiting for {len(watch.underway.in_flight)} in flight; Ctrl-C again ends at once"
    seen = any(state.checked_at for state in watch.states)
    words = ", ".join(bad) or ("nothing known to be degraded" if seen else "no canary has come back yet")
    return f"{words}; ${watch.plan.usd_per_day:.2f} a day planned; Ctrl-C to stop"
