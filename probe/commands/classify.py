"""`tierwatch classify`: what a reply means, for a person who pastes one, or for a program that sends one a line."""

import dataclasses
import json
import sys
import textwrap
from typing import IO, Any

import click

from probe import model
from probe.commands import inputs, options

PASTE_LIMIT = 8 * 1024 * 1024
"""Characters read of a pasted reply."""
LINE_LIMIT = 128 * 1024 * 1024
"""Bytes of one NDJSON line; a longer one is answered as malformed and passed over."""
WIDTH = 79


@click.command(short_help="Judge a pasted reply, or one reply a line.")
@click.argument("file", type=click.File("r", encoding="utf-8", errors="replace"), required=False)
@click.option("--text", metavar="TEXT", help="The reply's words instead of a file.")
@click.option("--status", type=click.IntRange(100, 999), metavar="N", help="Its HTTP status, where you know it.")
@click.option("--elapsed", "elapsed_s", type=options.Finite(min=0), metavar="SECONDS", help="How long it took.")
@click.option("--ndjson", is_flag=True, help="One reply a line in, one verdict a line out, in the same order.")
@click.option("--config", "config_path", metavar="FILE", help="config.toml whose own [[rule]] tables are tried first.")
@options.JSON
def command(
    file: IO[str] | None,
    text: str | None,
    status: int | None,
    elapsed_s: float | None,
    ndjson: bool,
    config_path: str | None,
    as_json: bool,
) -> None:
    """Judge a reply: what happened, who must act, may it be sent again, was it billed.

    FILE or standard input holds a reply as you have it: a JSON body, `curl -i` output,
    an exception's text, or an object with status, headers, body, exception, elapsed_s,
    request and observed. Nothing is sent, no key is needed.

    \b
    Examples:
      tierwatch classify --status 500 --text "Resource exhausted."
      pbpaste | tierwatch classify --elapsed 60.2
      tierwatch classify --ndjson < replies.ndjson > verdicts.ndjson
    """
    from probe import taxonomy
    from probe.triage import subject

    rules = own_rules(config_path) if config_path is not None else ()
    if ndjson:
        if text is not None or status is not None or elapsed_s is not None:
            raise click.UsageError("--ndjson reads all of a reply from its line: leave --text, --status and --elapsed.")
        source = file.buffer if file is not None and hasattr(file, "buffer") else sys.stdin.buffer
        for line in inputs.lines(source, LINE_LIMIT):
            if line.strip():
                sys.stdout.write(json.dumps(document(answer(line, rules))) + "\n")
                sys.stdout.flush()
        return
    if text is not None and file is not None:
        raise click.UsageError("Give a FILE or --text, not both.")
    evidence = subject.read(pasted(file) if text is None else text)
    if status is not None:
        evidence = dataclasses.replace(evidence, status=status)
    if elapsed_s is not None:
        evidence = dataclasses.replace(evidence, elapsed_s=elapsed_s)
    verdict = taxonomy.judge(evidence, rules, runner_up=True)
    if as_json:
        more = {
            "verb": model.VERBS[verdict.action],
            "meaning": taxonomy.KINDS[verdict.kind].meaning,
            "runner_up": verdict.runner_up,
            "would_decide": verdict.would_decide,
        }
        options.echo_json({**document(verdict), **more})
    else:
        click.echo(render(verdict))


def own_rules(config_path: str) -> Any:
    """The compiled `[[rule]]` tables of a config; raises ConfigError."""
    from probe import config, taxonomy

    return taxonomy.compile_rules(config.load(config.find(config_path)).rule)


def pasted(file: IO[str] | None) -> str:
    """A reply from a file, a pipe or a terminal."""
    if file is not None:
        return file.read(PASTE_LIMIT)
    if sys.stdin.isatty():
        click.echo("Paste the reply, then press Ctrl-D on a line of its own.", err=True)
    return sys.stdin.buffer.read(PASTE_LIMIT).decode("utf-8", "replace")


def answer(line: bytes, rules: Any) -> model.Verdict:
    """The verdict on one line; a line that is no JSON object gets one that says so."""
    from probe import taxonomy

    try:
        reply = json.loads(line)
    except (ValueError, RecursionError):
        reply = None
    if not isinstance(reply, dict):
        nothing = taxonomy.judge(model.Evidence())
        return dataclasses.replace(nothing, detail="malformed_input", would_decide="a line that is one JSON object")
    return taxonomy.judge(taxonomy.evidence_of(reply), rules)


def document(verdict: model.Verdict) -> dict[str, Any]:
    """A verdict as the NDJSON door promises it."""
    names = ("kind", "detail", "stage", "party", "retryable", "action", "rule", "confidence", "retry_after_s", "billed")
    return {**{name: getattr(verdict, name) for name in names}, "request_ids": dataclasses.asdict(verdict.request_ids)}


def render(verdict: model.Verdict) -> str:
    """A verdict in plain words, within 80 columns."""
    from probe import taxonomy

    kind = taxonomy.KINDS[verdict.kind]
    detail = f" ({verdict.detail})" if verdict.detail else ""
    verb = model.VERBS[verdict.action]
    rule = taxonomy.rule_named(verdict.rule)
    decided = f"{verdict.rule}: {rule.note}" if rule and rule.note else verdict.rule
    rows = [
        ("do", f"{verb} ({verdict.action})" if verb != "-" else "nothing"),
        ("who must act", "nobody" if verdict.action is model.Action.NONE else verdict.party),
        ("stage", verdict.stage),
        ("same again", SAME_AGAIN[verdict.retryable, verdict.billed]),
        ("wait first", f"{verdict.retry_after_s:g} s" if verdict.retry_after_s is not None else ""),
        ("billed", verdict.billed),
        ("confidence", verdict.confidence),
        ("would settle it", verdict.would_decide),
        ("decided by", decided),
        ("came next", verdict.runner_up or ""),
        *((f"{hop} id", value) for hop, value in verdict.request_ids.all()),
    ]
    return "\n".join([f"{verdict.kind}{detail}: {kind.meaning}", "", *(row(*each) for each in rows if each[1])])


SAME_AGAIN = {
    (True, "no"): "may succeed within minutes",
    (True, "yes"): "may succeed within minutes, and is paid again",
    (True, "unknown"): "may succeed within minutes; this one may have been billed, so look before",
    (False, "no"): "fails again",
    (False, "yes"): "fails again, and is paid again",
    (False, "unknown"): "fails again, and may be paid again",
}
"""What sending the identical request means, by retryable and billed."""


def row(name: str, value: str) -> str:
    """One named line, wrapped under itself."""
    lead = f"  {name:<16} "
    return textwrap.fill(value, WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead), break_on_hyphens=False)
