"""`tierwatch triage`: why one request, or a batch, failed and what to do now."""

import asyncio
import contextlib
import datetime as dt
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from probe import model
from probe.commands import batches, inputs, inquiry, options

if TYPE_CHECKING:
    from probe.config import Config
    from probe.records.history import History
    from probe.triage.diagnosis import Diagnosis
    from probe.triage.subject import Hints, Subject

CLOCKS_APART = dt.timedelta(hours=1)
"""So much later than now a request may have been sent by somebody else's clock."""


@click.command(short_help="Why one request failed, and what to do now.")
@click.argument("what", required=False)
@click.option("--reply", metavar="FILE", help="A pasted reply instead of an id; - reads standard input.")
@click.option("--text", metavar="TEXT", help="The error's words instead of an id.")
@click.option("--status", type=click.IntRange(100, 599), metavar="CODE", help="The HTTP status of --text or --reply.")
@click.option("--last", metavar="PATH", help="The latest failure on a path, such as vip/4k-high.")
@click.option("--channel", metavar="NAME", help="Where a request went that is not stored.")
@click.option("--tier", metavar="NAME", help="What it ordered, such as 4k-high.")
@click.option(
    "--sent-at", type=options.When(), metavar="TIME", help="When it was sent: 2026-11-24T06:10Z, or 2h (ago)."
)
@click.option("--elapsed", "elapsed_s", type=options.Finite(min=0), metavar="SECONDS", help="How long it took.")
@click.option("--prompt-file", metavar="FILE", help="The prompt that was sent; it is kept nowhere.")
@click.option("--image", "image_file", metavar="FILE", help="The reference picture of an edit; kept nowhere.")
@click.option("--yes", "agreed", is_flag=True, help="Let the prompt and picture go to the moderation pre-screen.")
@click.option("--offline", is_flag=True, help="Ask nobody: no gateway log, no pre-screen.")
@click.option("--live", is_flag=True, help="Climb the ladder: sends paid requests, up to --max-cost.")
@click.option(
    "--max-cost",
    "max_usd",
    type=options.Finite(min=0),
    metavar="USD",
    help="Most that --live may spend, list prices.",
)
@click.option("--ladder", "forced", is_flag=True, help="With --live: every rung in the textbook order.")
@click.option(
    "--batch", "batch_file", metavar="FILE", help="Sort many failures into piles: NDJSON, one a line; - is stdin."
)
@click.option(
    "--since", type=options.When(), metavar="TIME", help="The same for stored own traffic: 6h, 2026-11-24T06:10Z."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=pathlib.Path),
    default="triage-piles",
    show_default=True,
    help="Where the piles go.",
)
@click.option("--replace", is_flag=True, help="Write over the piles that --out holds.")
@click.option("--ticket", is_flag=True, help="Markdown for the gateway's support: ids and times, no key, no prompt.")
@click.option("--stored", is_flag=True, help="Show what the latest triage of it found; asks and sends nothing.")
@options.CONFIG
@options.JSON
def command(
    what: str | None,
    reply: str | None,
    text: str | None,
    status: int | None,
    last: str | None,
    channel: str | None,
    tier: str | None,
    sent_at: dt.datetime | None,
    elapsed_s: float | None,
    prompt_file: str | None,
    image_file: str | None,
    agreed: bool,
    offline: bool,
    live: bool,
    max_usd: float | None,
    forced: bool,
    batch_file: str | None,
    since: dt.datetime | None,
    out: pathlib.Path,
    replace: bool,
    ticket: bool,
    stored: bool,
    config_path: str | None,
    as_json: bool,
) -> None:
    """Why one request failed, and what to do now: the answer in two lines, then why.

    WHAT is any id of the request: ours, the gateway's, a trace, upstream or edge id.
    Without --live nothing is paid. The gateway's own log is asked where the config
    names one; the prompt goes to the pre-screen only after a yes.

    A batch (--batch, --since) is split into resend, rewrite, wait, fix-account,
    billed-and-lost and undecided, one NDJSON file each, with the claims as CSV.
    Its lines are those of `classify --ndjson` with channel, tier, sent_at, id,
    prompt_id and charged_usd; lines of successes are evidence.

    \b
    Examples:
      tierwatch triage req_0123456789abcdef0123456789abcdef
      pbpaste | tierwatch triage --reply - --channel vip --tier 4k-high
      tierwatch triage --last vip/4k-high --live --max-cost 0.90
      tierwatch triage 01a20d3a --prompt-file prompt.txt --yes
      tierwatch triage --batch failures.ndjson --out piles

    \b
    Exit codes: 0 a cause stands out; of a batch: every failure has its pile.
    1 undecided: what would tell is named; of a batch also: a line could not be
    read. 2 usage or config. 130 --live was interrupted: what was found is kept,
    told, and what it cost.
    """
    batch = batch_file is not None or since is not None
    refuse_senseless(
        (what, reply, text, last, batch_file, since),
        batch=batch,
        of_one={"--live": live, "--ticket": ticket, "--stored": stored},
        sent_at=sent_at,
        live=live,
        max_usd=max_usd,
        forced=forced,
    )
    from probe.triage import subject

    hints = subject.Hints(
        channel, tier, sent_at, elapsed_s, inputs.prompt_of(prompt_file), inputs.picture_of(image_file), status
    )
    with contextlib.ExitStack() as stack:
        config, history = inquiry.open_history(
            config_path, stack, needs_config=live or batch, needs_history=last is not None or since is not None
        )
        if batch and config is not None:
            batches.run(
                config,
                history,
                file=batch_file,
                since=since,
                out=out,
                replace=replace,
                ask=not offline,
                as_json=as_json,
            )
            return
        if config is not None:
            subject.check_known(channel, tier, config, history)
        about = about_of(what, reply, text, last, hints, history, config)
        about = subject.with_prompt_checked(about, history.prompt_key() if history is not None else None)
        if stored:
            show_stored(about, history, as_json=as_json)
            return
        found = asyncio.run(
            inquiry.inquire(
                about, history, config, ask=not offline, agreed=agreed, max_usd=max_usd if live else None, forced=forced
            )
        )
        document = inquiry.keep(found, config)
    if as_json:
        options.echo_json(document)
    else:
        naming: dict[str, str | float | None] = {
            "--text": text,
            "--reply": reply if reply != "-" else "REPLY.txt",
            "--status": status,
            "--channel": channel,
            "--tier": tier,
            "--sent-at": f"{sent_at:%Y-%m-%dT%H:%M:%SZ}" if sent_at else None,
            "--elapsed": elapsed_s,
        }
        if about.outcome is not None:
            what, naming = about.outcome.id, {}
        naming |= {"--prompt-file": prompt_file, "--image": image_file, "--config": config_path}
        show(found, config, again(what, naming), ticket=ticket)
    if code := exit_code(found):
        raise SystemExit(code)


def refuse_senseless(
    named: Sequence[object],
    *,
    batch: bool,
    of_one: Mapping[str, bool],
    sent_at: dt.datetime | None,
    live: bool,
    max_usd: float | None,
    forced: bool,
) -> None:
    """Options that do not go together, or mean nothing; raises UsageError."""
    if sum(each is not None for each in named) != 1:
        raise click.UsageError("Name one thing: an id, --reply, --text, --last, --batch or --since.")
    if sent_at is not None and sent_at > dt.datetime.now(dt.UTC) + CLOCKS_APART:
        raise click.UsageError(f"--sent-at {sent_at:%Y-%m-%dT%H:%MZ} lies in the future.")
    if batch and any(of_one.values()):
        unfit = next(name for name, is_given in of_one.items() if is_given)
        raise click.UsageError(f"{unfit} is for one request; a batch is sorted, and nothing is sent: leave it out.")
    if live and max_usd is None:
        raise click.UsageError("--live spends money: say how much it may with --max-cost USD.")
    if max_usd is not None and not live:
        raise click.UsageError("--max-cost is what --live may spend, and nothing is sent without it: add --live.")
    if forced and not live:
        raise click.UsageError("--ladder is the order of what --live sends: add --live --max-cost USD.")


def show(found: "Diagnosis", config: "Config | None", again: str, *, ticket: bool) -> None:
    """The answer for a person, or for the gateway's support."""
    from probe.triage import text
    from probe.triage import ticket as tickets

    told = tickets.render(found, config) if ticket else text.render(found, config, dt.datetime.now(dt.UTC), again)
    click.echo(told, nl=False)


def exit_code(found: "Diagnosis") -> int:
    from probe.triage import diagnosis

    if found.stopped == diagnosis.INTERRUPTED:
        return 130
    return 0 if found.answered or found.about.ok else 1


def about_of(
    what: str | None,
    reply: str | None,
    text: str | None,
    last: str | None,
    hints: "Hints",
    history: "History | None",
    config: "Config | None",
) -> "Subject":
    """The request that is meant."""
    from probe import taxonomy
    from probe.triage import subject

    if what is not None:
        if not what.strip():
            raise click.UsageError("The id is empty.")
        return subject.by_id(what, history, hints)
    if last is not None and history is not None:
        path = path_of(last)
        subject.check_path(path, config, history)
        return subject.latest_failure(path, history, hints)
    rules = taxonomy.compile_rules(config.rule) if config is not None else ()
    words = text if text is not None else inputs.pasted(reply or "-")
    return subject.pasted(words, history, hints, dt.datetime.now(dt.UTC), rules)


def again(name: str | None, naming: dict[str, str | float | None]) -> str:
    """What to type to name this request once more."""
    import shlex

    given = [word for option, value in naming.items() if value is not None for word in (option, str(value))]
    return shlex.join([*([] if name is None else [name]), *given])


def show_stored(about: "Subject", history: "History | None", *, as_json: bool) -> None:
    """What the latest triage of the request found."""
    import json

    from probe import escape
    from probe.triage import stored

    kept = history.triages(stored.name(about), limit=1) if history is not None else ()
    if not kept:
        raise model.UserError(f"{about.name} has not been triaged yet; run it without --stored")
    document = json.loads(kept[0].document)
    if as_json:
        options.echo_json(document)
        return
    for line in stored.lines(document):
        click.echo(escape.visible(line))


def path_of(text: str) -> model.Path:
    try:
        return model.Path.parse(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
