"""The piles of a batch on disk, one NDJSON each, the claims as CSV, and the summary that people read."""

import csv
import datetime as dt
import io
import json
import pathlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from probe import escape, model
from probe.inference import causes
from probe.triage import advice, batch, ladder
from probe.triage.batch import PILES, Item

if TYPE_CHECKING:
    from probe.config import Config

CLAIMS = "claims.csv"
CLAIM_COLUMNS = ("sent_at_utc", "channel", "tier", "gateway_id", "charged_usd", "status", "what_happened")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the start of a formula."""


def check_empty(folder: pathlib.Path) -> None:
    """Raises UserError where a folder holds piles already: somebody may be working through them."""
    held = next((name for name in (*(f"{pile}.ndjson" for pile in PILES), CLAIMS) if (folder / name).exists()), None)
    if held is not None:
        raise model.UserError(f"{folder} holds piles already ({held}); name another with --out, or add --replace")


def write(folder: pathlib.Path, piles: Mapping[str, Sequence[Item]]) -> None:
    """One file a pile, empty ones too, and the claims; each appears whole. Raises UserError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, items in piles.items():
            replace(folder / f"{name}.ndjson", "".join(batch.lines_of(items)))
        replace(folder / CLAIMS, claims(piles["billed-and-lost"]))
    except OSError as error:
        raise model.UserError(f"{folder} cannot be written: {error.strerror}; name another with --out") from error


def replace(path: pathlib.Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def claims(items: Iterable[Item]) -> str:
    """What to send to the gateway's support, for a spreadsheet: no cell begins like a formula."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(CLAIM_COLUMNS)
    for each in items:
        outcome, verdict = each.judged.outcome, each.judged.verdict
        why = next((piece.words for piece in each.found.pieces if piece.clue == causes.Clue.LOST), str(verdict.kind))
        cells = (
            f"{outcome.sent_at:%Y-%m-%d %H:%M:%S}",
            outcome.path.channel,
            outcome.path.tier,
            " ".join(verdict.request_ids.gateway),
            "" if outcome.charged_usd is None else f"{outcome.charged_usd:.4f}",
            outcome.evidence.status or "",
            why,
        )
        table.writerow([cell(escape.visible(str(each))) for each in cells])
    return out.getvalue()


def cell(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text


def summary(
    found: batch.Batch, piles: Mapping[str, Sequence[Item]], config: "Config", now: dt.datetime
) -> Iterator[str]:
    """What to do with how many, where, for how much."""
    total = len(found.failed) + len(found.succeeded)
    yield f"{len(found.failed)} failures of {total} requests" if found.succeeded else f"{len(found.failed)} failures"
    for name, items in piles.items():
        yield f"  {name:16}{len(items):6}  {PILES[name] if items else '-'}"
        for detail in details(name, items, config, now):
            yield f"{' ' * (6 if detail.startswith(COMMAND) else 26)}{detail}"
    for number, reason in found.refused[:SHOWN]:
        yield f"  line {number} set aside: {reason}"
    if len(found.refused) > SHOWN:
        yield f"  and {len(found.refused) - SHOWN} more lines set aside"


SHOWN = 5
COMMAND = "tierwatch probe"


def details(name: str, items: Sequence[Item], config: "Config", now: dt.datetime) -> Iterator[str]:
    if name == "resend" and items:
        where = Counter(each.answer.resend_on for each in items)
        for path, count in where.most_common(SHOWN):
            price_usd = config.price_usd(path) * count if path is not None else 0.0
            yield f"{count} on {path}, {advice.usd(price_usd)}"
    elif name == "rewrite" and items:
        prompts = Counter(each.judged.outcome.prompt_id for each in items)
        known = sum(1 for prompt in prompts if prompt)
        yield f"{known} prompts" if known else "no prompt ids given"
    elif name == "billed-and-lost" and items:
        charged_usd = sum(each.judged.outcome.charged_usd or 0.0 for each in items)
        yield f"${charged_usd:.2f} charged as far as known; {CLAIMS} lists them"
    elif name == "undecided" and items:
        billed = sum(advice.may_be_billed(each.found) for each in items)
        if billed:
            yield f"{billed} may be billed: only the gateway's log can tell"
        rungs = batch.deciding([each for each in items if not advice.may_be_billed(each.found)], config, now)
        if rungs:
            cost_usd = sum(rung.price_usd for rung in rungs)
            yield from (f"to decide: {ladder.title(rung)}, {advice.usd(rung.price_usd)}" for rung in rungs)
            paths = " ".join(dict.fromkeys(str(rung.path) for rung in rungs))
            yield f"{COMMAND} {paths} --max-cost {cost_usd:.2f}"


def document(found: batch.Batch, piles: Mapping[str, Sequence[Item]]) -> dict[str, object]:
    """The same for programs."""
    return {
        "failures": len(found.failed),
        "succeeded": len(found.succeeded),
        "set_aside": [{"line": number, "reason": reason} for number, reason in found.refused],
        "piles": {name: [json.loads(line) for line in batch.lines_of(items)] for name, items in piles.items()},
    }
