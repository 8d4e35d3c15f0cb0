"""`tierwatch prescreen`: ask the free moderation service about a batch of prompts before paying for it."""

import asyncio
import collections
import json
import pathlib
import sys
from typing import TYPE_CHECKING

import click

from probe import model
from probe.commands import inputs, options

if TYPE_CHECKING:
    from probe.config import Config
    from probe.triage.prescreen import Prompt

WARNING = "clean does not clear brands, likeness or attire: those are refused all the same"


@click.command(short_help="Screen a batch of prompts before paying.")
@click.argument("prompts", metavar="PROMPTS.ndjson", type=click.Path(dir_okay=False, path_type=pathlib.Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=pathlib.Path), metavar="FILE", help="Results [default: PROMPTS.screened.ndjson].")  # fmt: skip
@click.option("--per-minute", type=options.Finite(min=1), default=120.0, show_default=True, help="Most requests a minute; each asks about 20 prompts.")  # fmt: skip
@click.option("--yes", "agreed", is_flag=True, help="Let the prompts go to the moderation service.")
@options.CONFIG
@options.JSON
def command(
    prompts: pathlib.Path,
    out: pathlib.Path | None,
    per_minute: float,
    agreed: bool,
    config_path: str | None,
    as_json: bool,
) -> None:
    """Screen a batch of prompts before paying: flagged, clean, or not checked.

    One prompt a line: {"prompt": "...", "id": "..."}, or a string. Costs nothing and keeps
    nothing: results name line and id, never the prompt. Started again it goes on where
    it stopped, and asks again about what was not checked. The service's own outage
    leaves prompts "not checked".

    \b
    Example:
      tierwatch prescreen prompts.ndjson --yes
      jq -c 'select(.state == "flagged")' prompts.screened.ndjson

    \b
    Exit codes: 0 all clean, 1 some flagged or not checked, 2 usage or config.
    """
    from probe import config as configs
    from probe.triage import prescreen

    config = configs.load(configs.find(config_path))
    with inputs.opened(prompts) as file:
        wanted = list(prescreen.read(inputs.lines(file, prescreen.LINE_CAP_BYTES)))
    results = out or prompts.with_suffix(".screened.ndjson")
    try:
        checked = prescreen.done(results)
    except OSError as error:
        raise inputs.InputError(f"{results} cannot be read: {error.strerror}; name another with --out") from error
    left = [prompt for prompt in wanted if checked.get(prompt.line) != prompt.mark]
    if left:
        agree(len(left), config, agreed=agreed)
        try:
            asyncio.run(screen(left, results, config, per_minute))
        except KeyboardInterrupt:
            click.echo(f"\nwhat was asked is in {results}; the same command goes on from there", err=True)
            raise
    found = latest(results, wanted)
    counts = prescreen.counts(found)
    if as_json:
        options.echo_json({"counts": counts, "results": found})
    else:
        tell(found, counts, results)
    if counts["flagged"] or counts["not checked"]:
        raise SystemExit(1)


def agree(count: int, config: "Config", *, agreed: bool) -> None:
    """Nothing leaves this machine without a yes; raises UsageError."""
    what, host = "1 prompt" if count == 1 else f"{count} prompts", config.moderation.base_url
    if agreed or (sys.stdin.isatty() and click.confirm(f"Send {what} to {host}? It is free.", err=True)):
        return
    raise click.UsageError(f"{what} would go to {host}: say --yes to agree.")


async def screen(left: "list[Prompt]", results: pathlib.Path, config: "Config", per_minute: float) -> None:
    """Ask, and append each answer at once, so that a stop loses nothing."""
    from probe import client, clock, moderation
    from probe.config import secrets
    from probe.triage import prescreen

    key = secrets.key(config.moderation)
    time = clock.RealClock()
    http = client.Client(time, redact=secrets.Redactor([key]))
    try:
        with (
            results.open("a", encoding="utf-8") as file,
            click.progressbar(length=len(left), label="pre-screen", file=sys.stderr) as bar,
        ):
            asked = prescreen.run(
                left, lambda texts: moderation.screen_all(texts, config.moderation, http, key), time, per_minute
            )
            async for prompt, found in asked:
                file.write(json.dumps(prescreen.facts(prompt, found), ensure_ascii=False) + "\n")
                file.flush()
                bar.update(1)
    except OSError as error:
        raise model.UserError(f"{results} cannot be written: {error.strerror}; name another with --out") from error
    finally:
        await http.aclose()


def latest(results: pathlib.Path, wanted: "list[Prompt]") -> list[dict[str, object]]:
    """The last answer about each prompt of the file, in its order."""
    marks = {prompt.line: prompt.mark for prompt in wanted}
    found: dict[int, dict[str, object]] = {}
    if results.exists():
        for line in results.read_text("utf-8", "replace").splitlines():
            try:
                answer = json.loads(line)
            except ValueError:
                continue
            if isinstance(answer, dict) and marks.get(answer.get("line", 0)) == answer.get("mark"):
                found[answer["line"]] = answer
    return [found[line] for line in marks if line in found]


def tell(found: list[dict[str, object]], counts: dict[str, int], results: pathlib.Path) -> None:
    from probe import escape

    click.echo(", ".join(f"{count} {state}" for state, count in counts.items()) + f" of {len(found)} prompts")
    for answer in [each for each in found if each["state"] == "flagged"][:10]:
        categories = answer["categories"]
        words = ", ".join(map(str, categories)) if isinstance(categories, list) else ""
        name = f" ({answer['id']})" if answer["id"] else ""
        click.echo(escape.visible(f"  line {answer['line']}{name}: {words or 'flagged'}"))
    reasons = collections.Counter(str(answer["reason"]) for answer in found if answer["state"] == "not checked")
    for reason, count in reasons.most_common(3):
        click.echo(escape.visible(f"  {count} not checked: {reason}"))
    if reasons:
        click.echo("  the same command asks again about those")
    click.echo(f"written to {results}")
    if counts["clean"]:
        click.echo(WARNING)
