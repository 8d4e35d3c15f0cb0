"""Canaries sent inside this process, one after another: the product's own path from request to stored verdict."""

import contextlib
import dataclasses
import os
import time

import installation
import upstream

from probe import clock, model, records, run
from probe import config as configs


class Prober:
    """Sends canaries on one path to a scripted upstream; an exception that escapes is counted, never hidden."""

    def __init__(self, tools, up, path):
        self.tools, self.up, self.path = tools, up, path
        self.crashes = []

    async def send(self, reply, *, deadline_s=10.0):
        """(the judged outcome or None after a crash, seconds it took); `reply` as in `upstream.Upstream`."""
        self.up.reply = lambda *_: reply
        canary = run.canary(self.tools.config, self.path, model.Trigger.MANUAL, self.tools.clock.now())
        canary = dataclasses.replace(canary, deadline_s=deadline_s)
        started_s = time.monotonic()
        try:
            judged = await run.probe(canary, self.tools)
        except Exception as error:  # noqa: BLE001 - whatever escapes is the finding
            self.crashes.append(repr(error)[:200])
            return None, time.monotonic() - started_s
        return judged, time.monotonic() - started_s


@contextlib.asynccontextmanager
async def prober(folder, *, tier="square", extra='\n[tiers.square]\nsize = "1024x1024"\nquality = "low"\n', monitor=""):
    """A prober in a folder of its own; the order is 1024x1024 unless said otherwise."""
    os.environ["BENCH_KEY"] = installation.KEY
    with upstream.Upstream(lambda *_: b"") as up:
        place = installation.Installation(
            folder, up.url, tiers=(tier,), interval="5m", deadline_s=60, extra=extra, monitor=monitor
        )
        config = configs.load(place.file)
        with records.open(place.database) as book:
            tools = run.tools(config, clock.RealClock(), book)
            try:
                yield Prober(tools, up, config.paths()[0])
            finally:
                await run.close(tools)
