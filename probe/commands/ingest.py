"""`tierwatch ingest`: take in own traffic from files, the spool or a gateway's log, and say what it shows."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import pathlib
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from probe import escape, model
from probe.commands import options

if TYPE_CHECKING:
    from probe.inference import own
    from probe.inference.points import Point
    from probe.own.intake import Tally
    from probe.own.taking import Run
    from probe.records import Records, rows

KINDS = ("apiyi", "new-api", "openrouter")

MOST_REASONS = 3
"""Why lines were set aside: so many reasons are shown."""


@click.command(short_help="Take in your own requests as evidence.")
@click.argument("files", nargs=-1, type=click.Path(exists=True, allow_dash=True))
@click.option("--from", "kind", type=click.Choice(KINDS), help="Read the gateway's own log (`log` of the channels).")
@click.option("--channel", "channels", multiple=True, help="With --from: only logs of this channel; may be repeated.")
@click.option("--since", type=options.When(), help="Start: 30d, 36h, 2026-11-24 [default: files: all; logs: 30d].")
@click.option("--follow", is_flag=True, help="Go on: what is added to one file, to the spool, or to the log.")
@click.option("--dry-run", is_flag=True, help="Store nothing; say what would be stored.")
@options.CONFIG
@options.JSON
def command(
    files: tuple[str, ...],
    kind: str | None,
    channels: tuple[str, ...],
    since: dt.datetime | None,
    follow: bool,
    dry_run: bool,
    config_path: str | None,
    as_json: bool,
) -> None:
    """Take in your own requests as free evidence, and say what they show.

    FILES hold one object a line: what the recorder wrote, LiteLLM's spend logs or
    callback payloads (docs/own-traffic.md); `-` reads standard input. With --from
    the gateway's own log is read, from where it stopped before. With neither, the
    spool folder is taken in, as the daemon does by itself.

    A request is stored once, however often and by whomever it is told. Bad lines
    are set aside with the reason; requests that fit no channel are held and listed.

    \b
    Example:
      tierwatch ingest requests.ndjson
      tierwatch ingest --from apiyi --since 30d
      tail -F litellm.ndjson | tierwatch ingest -

    \b
    Exit codes: 0 all taken in, 1 lines were set aside or a log could not be read,
    2 usage or config.
    """
    from probe import config
    from probe.own import pulling, taking

    if files and kind:
        raise click.UsageError("Give FILES or --from, not both.")
    if channels and not kind:
        raise click.UsageError("--channel goes with --from.")
    if follow and len(files) > 1:
        raise click.UsageError("--follow takes one file.")
    settings = config.load(config.find(config_path))
    options.refuse_unknown(channels, (channel.name for channel in settings.channel), "--channel")
    sources = pulling.sources(settings, kind, channels) if kind else []
    if kind and not sources:
        raise click.UsageError(f"No channel has a log of kind {kind!r} in the config: set `log` there.")
    database = settings.database
    with opened(database, dry_run=dry_run) as (path, book):
        real = database if dry_run else None
        run = taking.Run(settings, book, path, now, say, progress, since=since, follow=follow, real=real)
        try:
            run.again()
            if files:
                run.take_files(files)
            elif sources:
                asyncio.run(run.take_logs(sources))
            else:
                run.take_spool()
        except KeyboardInterrupt:
            say(
                "stopped"
                if dry_run
                else "stopped; what is counted here is stored, and of files and logs the next run goes on from there"
            )
        except OSError as error:
            raise model.UserError(f"{error.filename or 'the input'} cannot be read: {error.strerror}") from error
        tell(run, as_json=as_json)
    if run.failed or any(tally.bad for tally in run.tallies.values()):
        raise SystemExit(1)


@contextlib.contextmanager
def opened(database: pathlib.Path, *, dry_run: bool) -> "Iterator[tuple[pathlib.Path, Records]]":
    """The database to store in; a dry run has one for itself, which goes with it."""
    from probe import records

    with contextlib.ExitStack() as stack:
        if dry_run:
            database = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory())) / database.name
        yield database, stack.enter_context(records.open(database))


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def say(text: str) -> None:
    click.echo(text, err=True)


@contextlib.contextmanager
def progress(size: int | None, unit: str) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; nothing elsewhere, or where the size is not known."""
    if size is None or not sys.stderr.isatty():
        yield lambda _done: None
        return
    from rich import console
    from rich import progress as bars

    columns = (bars.BarColumn(), bars.TaskProgressColumn(), bars.TextColumn(unit), bars.TimeRemainingColumn())
    with bars.Progress(*columns, console=console.Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=size)
        yield lambda done: bar.update(task, completed=done)


def tell(run: "Run", *, as_json: bool) -> None:
    """What was taken in, what it shows, and what fits no channel."""
    from probe.inference import own

    points = run.points()
    found = own.find(points)
    with run.history() as past:
        strays = past.traffic.strays(run.since)
    if as_json:
        options.echo_json(document(run, found, strays))
        return
    for name, tally in run.tallies.items():
        echo(f"{name}: {taken(tally, dry_run=run.dry_run)}")
        for reason, count in sorted(tally.reasons.items(), key=lambda each: -each[1])[:MOST_REASONS]:
            echo(wrapped(f"{count:,} x {reason}"))
        if tally.bad and not run.dry_run:
            echo(f"  each bad line with its reason: {run.asides[name]}")
    if run.tallies and all(tally.bad == tally.read > 0 for tally in run.tallies.values()):
        click.echo("docs/own-traffic.md tells what a line holds (Format), and how LiteLLM's are made.")
    if not run.tallies:
        click.echo(f"Nothing waits in {run.folder}. docs/own-traffic.md tells how to record.")
    shown(run, points, found, strays)


def taken(tally: "Tally", *, dry_run: bool) -> str:
    """`1,204 lines, 1,180 new, 12 known already, 3 set aside`."""
    from reports import words

    waits = ["1 at the end is not whole yet and waits"] if tally.cut else []
    if not tally.read:
        return ", ".join(["no new lines", *waits])
    parts = (
        (tally.new, "fit a channel" if dry_run else "new"),
        (tally.known - tally.canaries, "known already"),
        (tally.canaries, "our own canaries"),
        (tally.unmapped, "fit no channel"),
        (tally.early, "earlier than --since"),
        (tally.skipped, "make no picture"),
        (tally.bad, "set aside"),
        (tally.dropped, "never recorded (queue or spool full)"),
    )
    told = [f"{count:,} {word}" for count, word in parts if count]
    return ", ".join([words.count(tally.read, "line"), *told, *waits])


def shown(run: "Run", points: "Sequence[Point]", found: "own.Findings", strays: "Sequence[rows.Stray]") -> None:
    """Findings and strays for people, in 80 columns."""
    from reports import own as sentences
    from reports import words

    if points:
        first, last = (f"{points[end].sent_at:%Y-%m-%d %H:%M}" for end in (0, -1))
        told = sentences.sentences(found) or ("Nothing is wrong with them.",)
        bullets(f"{words.count(len(points), 'own request')} from {first} to {last} UTC:", told)
    held = "Fit no channel of the config:" if run.dry_run else "Held until a channel of the config fits them:"
    bullets(held, [stray_words(stray) for stray in strays[:10]])
    if any(tally.new for tally in run.tallies.values()) and not run.dry_run:
        click.echo("\nnext: tierwatch report")


def bullets(title: str, texts: Sequence[str]) -> None:
    if texts:
        click.echo(f"\n{title}")
    for text in texts:
        echo(wrapped(text))


def wrapped(text: str) -> str:
    return textwrap.fill(text, 80, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)


def echo(text: str) -> None:
    """Lines with what a terminal would obey made visible: models, hosts and groups are other people's words."""
    for line in text.split("\n"):
        click.echo(escape.visible(line))


def stray_words(stray: "rows.Stray") -> str:
    at = f" at {stray.host}" if stray.host else ""
    return f"{stray.count:,} x {stray.model} {stray.ordered}{at}: {stray.reason}"


def document(run: "Run", found: "own.Findings", strays: "Sequence[rows.Stray]") -> dict[str, object]:
    """The same for programs."""
    from reports import own as sentences
    from reports import words

    sources = []
    for name, tally in run.tallies.items():
        counts = {key: value for key, value in dataclasses.asdict(tally).items() if key != "by_path"}
        by_path = {str(path): count for path, count in tally.by_path.items()}
        sources.append({"source": name, **counts, "by_path": by_path})
    walls = [
        {"path": str(cut.path), "own": cut.own, **cut.wall._asdict(), "known": cut.wall.known and cut.wall.known.who}
        for cut in found.cuts
    ]
    return {
        "dry_run": run.dry_run,
        "sources": sources,
        "findings": list(sentences.sentences(found)),
        "walls": walls,
        "unmapped": [
            {
                **dataclasses.asdict(stray),
                "first_at": words.rfc3339(stray.first_at),
                "last_at": words.rfc3339(stray.last_at),
            }
            for stray in strays
        ],
    }
