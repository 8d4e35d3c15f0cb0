"""`tierwatch probe`: send canaries now, on the paths named."""

import asyncio
import signal
from typing import TYPE_CHECKING

import click

from probe import model
from probe.commands import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probe.config import schema
    from probe.prompts import Prompt
    from probe.run import Tools

UHD_PX = 3840 * 2160


@click.command(short_help="Send canaries now.")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "--max-cost",
    "max_usd",
    type=options.Finite(min=0),
    required=True,
    metavar="USD",
    help="Send nothing where the list prices sum to more.",
)
@click.option("--sentinel", is_flag=True, help="Send legitimate prompts that strict filters refuse: how strict is it?")
@options.CONFIG
@options.JSON
def command(paths: tuple[str, ...], max_usd: float, sentinel: bool, config_path: str | None, as_json: bool) -> None:
    """Send one canary on each PATH (channel/tier; globs such as 'vip/*' work) now.

    Paths of one channel go one after another, channels side by side. The daily
    cap of config.toml holds too. They are evidence about a path's state (sentinels are
    none), and stay out of rates: those count scheduled canaries alone. Exit 1 where
    one was not ok.

    \b
    Example:
      tierwatch probe vip/4k-high official/4k-high --max-cost 0.50
    """
    from probe import clock, config, logs, prompts, protocols, records, run
    from probe.inference import words

    settings = config.load(config.find(config_path))
    chosen = choose(settings, paths)
    total_usd = sum(settings.price_usd(path) for path in chosen)
    if total_usd > max_usd:
        raise click.UsageError(
            f"{words.canaries(len(chosen))} at ${total_usd:.2f} by list prices: more than --max-cost {max_usd:g}."
        )
    orders = [protocols.order(settings, path) for path in chosen]
    slow = "; a 4K picture may take minutes" if any(each.width_px * each.height_px >= UHD_PX for each in orders) else ""
    click.echo(f"{words.canaries(len(chosen))}, ${total_usd:.2f} at list prices{slow}.", err=True)
    with records.open(settings.database) as book:
        tools = run.tools(settings, clock.RealClock(), book)
        logs.start(tools.redact, settings.monitor.log_format)
        if sentinel:
            found = asyncio.run(_probe_all(tools, chosen, model.Trigger.SENTINEL, prompts.SENTINELS))
        else:
            found = asyncio.run(_probe_all(tools, chosen, model.Trigger.MANUAL, prompts.PROMPTS))
    if as_json:
        options.echo_json({"outcomes": [_facts(judged) for judged in found]})
    else:
        for judged in found:
            click.echo(line(judged))
    if len(found) < len(chosen) or not all(judged.ok for judged in found):
        raise SystemExit(1)


def choose(config: "schema.Config", patterns: tuple[str, ...]) -> tuple[model.Path, ...]:
    """The configured paths that match, in the order of the file; a UsageError names what matches nothing."""
    import fnmatch

    known = config.paths()
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(str(path), pattern) for path in known):
            raise click.UsageError(f"No path matches {pattern!r}. Configured: {', '.join(map(str, known))}.")
    return tuple(path for path in known if any(fnmatch.fnmatchcase(str(path), pattern) for pattern in patterns))


async def _probe_all(
    tools: "Tools", paths: tuple[model.Path, ...], trigger: model.Trigger, series: "Sequence[Prompt]"
) -> list[model.Judged]:
    """One channel's paths in turn, channels side by side; Ctrl-C cancels what is in flight and keeps the rest."""
    from probe import run

    found: list[model.Judged] = []

    async def in_turn(channel: str) -> None:
        from probe import records

        for path in (path for path in paths if path.channel == channel):
            canary = run.canary(tools.config, path, trigger, tools.clock.now(), series=series)
            try:
                found.append(await run.probe(canary, tools))
            except records.BudgetExhausted as spent:
                click.echo(f"{path} not sent: {spent}", err=True)

    tasks = [asyncio.create_task(in_turn(channel)) for channel in dict.fromkeys(path.channel for path in paths)]
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, lambda: [task.cancel() for task in tasks])
    try:
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
    finally:
        await run.close(tools)
    return found


def line(judged: model.Judged) -> str:
    """`vip/4k-high  ok  212 s  $0.03  ID`, the action beside a failure."""
    outcome, verdict = judged.outcome, judged.verdict
    kind = str(verdict.kind) + (f"/{verdict.detail}" if verdict.detail else "")
    after = f"{outcome.latency_s:.1f} s" if outcome.latency_s is not None else "no answer"
    action = "" if judged.ok else f"  -> {verdict.action} ({verdict.party})"
    return f"{outcome.path}  {kind}  {after}  ${outcome.price_usd:.3f}  {outcome.id}{action}"


def _facts(judged: model.Judged) -> dict[str, object]:
    outcome, verdict = judged.outcome, judged.verdict
    return {
        "id": outcome.id,
        "path": str(outcome.path),
        "sent_at": outcome.sent_at.isoformat(),
        "kind": verdict.kind,
        "detail": verdict.detail,
        "party": verdict.party,
        "retryable": verdict.retryable,
        "action": verdict.action,
        "rule": verdict.rule,
        "latency_s": outcome.latency_s,
        "price_usd": outcome.price_usd,
        "excluded": outcome.excluded,
    }
