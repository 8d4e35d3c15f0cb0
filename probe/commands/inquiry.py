"""What `tierwatch triage` does between reading its options and printing: look, ask, climb, keep."""

import asyncio
import contextlib
import datetime as dt
import json
import pathlib
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from probe import model

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from probe.config import Config
    from probe.records.history import History
    from probe.triage.diagnosis import Diagnosis
    from probe.triage.subject import Subject


def open_history(
    config_path: str | None, stack: contextlib.ExitStack, *, needs_config: bool, needs_history: bool
) -> tuple["Config | None", "History | None"]:
    """Config and history; without them triage still reads a reply, unless they are needed or were named."""
    from probe import config as configs
    from probe.records import history as histories

    config = None
    try:
        config = configs.load(configs.find(config_path))
        return config, stack.enter_context(histories.open(config.database))
    except model.UserError as error:
        needed = needs_history or (config is None and (needs_config or config_path is not None))
        if needed:
            raise
        click.echo(f"without history: {error}", err=True)
        return config, None


async def inquire(
    about: "Subject",
    history: "History | None",
    config: "Config | None",
    *,
    ask: bool,
    agreed: bool,
    max_usd: float | None,
    forced: bool,
) -> "Diagnosis":
    """What is stored, then free questions to others, then paid rungs where `max_usd` is given."""
    from probe import clock
    from probe.triage import asking, offline

    found = offline.examine(about, history, config)
    if config is None or about.ok:
        return found
    time = clock.RealClock()
    if ask and not asking.has(found, f"{about.channel}'s log"):
        found = offline.with_pieces(found, [piece for piece in [await asking.log(about, config, time)] if piece])
    own = about.prompt is not None and not about.canary
    if ask and own and not asking.has(found, "pre-screen") and consent(config, agreed=agreed):
        found = offline.with_pieces(found, [piece for piece in [await asking.screen(about, config, time)] if piece])
    return await climb(found, config, max_usd, forced=forced) if max_usd is not None else found


def consent(config: "Config", *, agreed: bool) -> bool:
    """May the prompt leave this machine? Asked on a terminal; elsewhere --yes must say so."""
    if agreed:
        return True
    host = config.moderation.base_url
    if sys.stdin.isatty() and sys.stderr.isatty():
        return click.confirm(f"Send the prompt to {host} for the free moderation pre-screen?", err=True)
    click.echo(f"pre-screen not asked: --yes lets the prompt go to {host}", err=True)
    return False


async def climb(found: "Diagnosis", config: "Config", max_usd: float, *, forced: bool) -> "Diagnosis":
    """Say the cost, then climb; every rung is an outcome of its own under the shared ledger."""
    from probe import clock, logs, records, run
    from probe.own import spool
    from probe.triage import live, subject
    from probe.triage import options as rungs

    needed = {found.about.channel, *(path.channel for path in rungs.paths(found, config))}
    used = config.model_copy(update={"channel": tuple(each for each in config.channel if each.name in needed)})
    click.echo(f"live: at most ${max_usd:.2f} at list prices; Ctrl-C stops", err=True)
    with records.open(config.database) as book:
        prompt = found.about.prompt
        key = spool.prompt_key(pathlib.Path(config.monitor.spool), book)
        prompt_id = subject.hashed(prompt, key) if prompt is not None else ""
        tools = run.tools(used, clock.RealClock(), book)
        logs.start(tools.redact, config.monitor.log_format, quiet=True)
        climbing = live.Climb(
            tools, found, max_usd, prompt_id, forced=forced, say=lambda words: click.echo(f"  {words}", err=True)
        )
        try:
            found = await until_stopped(climbing.up())
        finally:
            await run.close(tools)
    click.echo(f"live: {found.stopped}; ${found.spent_usd:.2f} spent", err=True)
    return found


async def until_stopped(work: "Coroutine[Any, Any, Diagnosis]") -> "Diagnosis":
    """Ctrl-C and SIGTERM cancel the work, which then says how far it came."""
    task, loop = asyncio.create_task(work), asyncio.get_running_loop()
    stops = (signal.SIGINT, signal.SIGTERM)
    for number in stops:
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    finally:
        for number in stops:
            loop.remove_signal_handler(number)


def keep(found: "Diagnosis", config: "Config | None") -> dict[str, Any]:
    """The document, kept in the records where there are any; that it could not be kept is said, not raised."""
    from probe import ids, records
    from probe.records import database, rows
    from probe.triage import document, stored

    at = dt.datetime.now(dt.UTC)
    triage_id = ids.new(at)
    made = document.document(found, config, triage_id, at)
    if config is None:
        return made
    path = config.database
    try:
        if database.exists(path):
            with records.open(path, 5.0) as book:
                kept = rows.Triage(triage_id, stored.name(found.about), at, json.dumps(made, ensure_ascii=False))
                book.keep_triage(kept)
    except records.RecordsError as error:
        click.echo(f"not kept: {error}", err=True)
    return made
