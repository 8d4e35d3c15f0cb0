"""`tierwatch triage --batch` and `--since`: many failures at once, sorted into piles; nothing is sent or paid."""

import asyncio
import datetime as dt
import pathlib
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import click

from probe import model
from probe.commands import inputs, options

if TYPE_CHECKING:
    from probe.config import Config
    from probe.records.history import History
    from probe.triage.batch import Batch
    from probe.triage.diagnosis import Piece


def run(
    config: "Config",
    history: "History | None",
    *,
    file: str | None,
    since: dt.datetime | None,
    out: pathlib.Path,
    replace: bool,
    ask: bool,
    as_json: bool,
) -> None:
    """Read the failures, ask the gateways' logs about those that may be billed, sort, write, and say what to do.

    Exit 1 where some stay undecided, or a line was set aside.
    """
    from probe.triage import around, batch, piles

    if not replace:
        piles.check_empty(out)
    now = dt.datetime.now(dt.UTC)
    found = from_file(file, config, now) if file is not None else from_history(history, since or now)
    times = [judged.outcome.sent_at for _, judged in found.failed]
    stored: Iterable[model.Judged] = ()
    if history is not None and times:
        stored = history.outcomes(min(times) - around.REACH, max(times) + around.REACH + dt.timedelta(seconds=1))
    asked = asyncio.run(ask_logs(found, config)) if ask else {}
    with click.progressbar(length=len(found.failed), label="sorting", file=sys.stderr) as bar:
        items = batch.sort(found, stored, config, asked, progress=lambda: bar.update(1))
    sorted_piles = batch.piles(items)
    piles.write(out, sorted_piles)
    if as_json:
        options.echo_json(piles.document(found, sorted_piles))
    else:
        for line in piles.summary(found, sorted_piles, config, now):
            click.echo(line)
        click.echo(f"written to {out}/, one file a pile; nothing was sent")
    if sorted_piles["undecided"] or found.refused:
        raise SystemExit(1)


def from_file(name: str, config: "Config", now: dt.datetime) -> "Batch":
    """The lines of a file, or of standard input."""
    from probe import taxonomy
    from probe.triage import batch

    rules = taxonomy.compile_rules(config.rule)
    if name == "-":
        return batch.read(inputs.lines(sys.stdin.buffer, batch.LINE_CAP_BYTES), config, rules, now)
    with inputs.opened(name) as source:
        return batch.read(inputs.lines(source, batch.LINE_CAP_BYTES), config, rules, now)


def from_history(history: "History | None", since: dt.datetime) -> "Batch":
    """Own traffic that is stored."""
    from probe.triage import batch

    if history is None:
        raise model.UserError("--since reads the records, and there are none; `tierwatch ingest` fills them")
    own = list(history.outcomes(since, triggers=[model.Trigger.OWN_TRAFFIC]))
    if not own:
        click.echo(
            f"no own traffic since {since:%Y-%m-%d %H:%M} UTC is stored; `tierwatch ingest` brings it, "
            "`tierwatch report` tells what canaries saw",
            err=True,
        )
    failed = tuple((0, judged) for judged in own if not judged.ok and not judged.outcome.excluded)
    return batch.Batch(failed, tuple(judged for judged in own if judged.ok))


async def ask_logs(found: "Batch", config: "Config") -> Mapping[str, "Piece"]:
    """What the gateways' logs say of the failures that may be billed, one after another as they demand."""
    from probe import clock
    from probe.triage import advice, asking, batch

    logged = {channel.name for channel in config.channel if channel.log is not None}
    unsure = [
        judged
        for _, judged in found.failed
        if judged.outcome.path.channel in logged and judged.verdict.kind in advice.MAYBE_DRAWN
    ]
    pieces = {}
    with click.progressbar(unsure, label="asking the gateway's log", file=sys.stderr) as bar:
        for judged in bar:
            piece = await asking.log(batch.subject_of(judged), config, clock.RealClock())
            if piece is not None:
                pieces[judged.outcome.id] = piece
    return pieces
