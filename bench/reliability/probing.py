"""Canaries sent inside this process, one after another: the product's own path from request to stored verdict."""

import contextlib
import dataclasses
import os
import time

import installation
import upstream

from probe import clock, model, records, run
from probe import config as configs

SQUARE = """
[tiers.square]
size = "1024x1024"
quality = "low"
"""


class Prober:
    """Sends canaries on one path to a scripted upstream; an exception that escapes is counted, never hidden."""

    def __init__(self, tools, up, path):
        self.tools, self.up, self.path = tools, up, path
        self.crashes = []

    async def send(self, reply=None, *, deadline_s=10.0):
        """(the judged outcome or None after a crash, seconds it took); `reply` as in `upstream.Upstream`."""
        if self.up is not None:
            self.up.reply = lambda *_: reply
        canary = run.canary(self.tools.config, self.path, model.Trigger.MANUAL, self.tools.clock.now())
        canary = dataclasses.replace(canary, deadline_s=deadline_s)
        started_s = time.monotonic()
        try:
            judged = await run.probe(canary, self.tools)
        except Exception as error:
            self.crashes.append(repr(error)[:200])
            return None, time.monotonic() - started_s
        return judged, time.monotonic() - started_s


@contextlib.asynccontextmanager
async def prober(folder, *, url=None, tier="square", extra=SQUARE, monitor=""):
    """A prober in a folder of its own; the order is 1024x1024 unless said otherwise. `url`: an upstream elsewhere."""
    os.environ["BENCH_KEY"] = installation.KEY
    with contextlib.ExitStack() as stack:
        up = None if url else stack.enter_context(upstream.Upstream(lambda *_: b""))
        place = installation.Installation(
            folder, url or up.url, tiers=(tier,), interval="5m", deadline_s=60, extra=extra, monitor=monitor
        )
        config = configs.load(place.file)
        tools = run.tools(config, clock.RealClock(), stack.enter_context(records.open(place.database)))
        try:
            yield Prober(tools, up, config.paths()[0])
        finally:
            await run.close(tools)
