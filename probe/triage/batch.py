"""A batch of failures sorted into piles by what to do with each: nothing is sent.

Neighbours that succeeded are evidence, those of the batch as well as what is stored.
"""

import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from probe import model, taxonomy
from probe.inference import causes, posterior
from probe.triage import advice, answer, around, evidence, ladder, options
from probe.triage.diagnosis import Diagnosis, Piece, diagnose
from probe.triage.subject import Subject

if TYPE_CHECKING:
    from probe.config import Config

LINE_CAP_BYTES = 1 << 20
"""A longer line of a batch is set aside."""

PILES: Mapping[str, str] = MappingProxyType(
    {
        "resend": "send again, on the path named",
        "rewrite": "change the prompt or a parameter first",
        "wait": "send again later: nothing is known to be well now",
        "fix-account": "mend the key, rights, balance or network first",
        "billed-and-lost": "made and charged, never received: claim it",
        "undecided": "a canary or two would tell",
    }
)
"""Pile -> what to do with its requests."""

VERB_PILES: Mapping[str, str] = MappingProxyType(
    {"resend": "resend", "switch": "resend", "rewrite": "rewrite", "wait": "wait", "fix account": "fix-account"}
)
"""Which pile an answer's verb means; `-` is undecided."""


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """One failure of a batch with what is to be done with it."""

    line: int  # where it stood; 0: it came from the records
    judged: model.Judged
    found: Diagnosis
    answer: answer.Answer
    pile: str


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """The outcomes of a batch: failures to sort, and what succeeded beside them. `refused` are unreadable lines."""

    failed: tuple[tuple[int, model.Judged], ...]
    succeeded: tuple[model.Judged, ...]
    refused: tuple[tuple[int, str], ...] = ()


def read(lines: Iterable[bytes], config: "Config", rules: Sequence[taxonomy.Rule], now: dt.datetime) -> Batch:
    """Lines as `classify --ndjson` takes them, with `channel`, `tier`, `sent_at`, `id`, `prompt_id`, `charged_usd`.

    A line that cannot be read, or names no known path, is set aside with the reason.
    """
    failed: list[tuple[int, model.Judged]] = []
    succeeded: list[model.Judged] = []
    refused: list[tuple[int, str]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            judged = outcome_of(line, number, config, rules, now)
        except ValueError as error:
            refused.append((number, str(error)))
            continue
        if judged.ok:
            succeeded.append(judged)
        else:
            failed.append((number, judged))
    return Batch(tuple(failed), tuple(succeeded), tuple(refused))


def outcome_of(
    line: bytes, number: int, config: "Config", rules: Sequence[taxonomy.Rule], now: dt.datetime
) -> model.Judged:
    """One line as an outcome of own traffic; raises ValueError with the reason."""
    if len(line) > LINE_CAP_BYTES:
        raise ValueError(f"longer than {LINE_CAP_BYTES} bytes")
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError("no JSON") from error
    if not isinstance(found, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - one error for every unreadable line
    path = model.Path(word(found, "channel"), word(found, "tier"))
    if not ladder.known(config, path):
        given = path.channel and path.tier
        raise ValueError(f"{path} is not in the config" if given else "it names no channel and tier")
    seen = taxonomy.evidence_of(found)
    charged = found.get("charged_usd")
    charged_usd = float(charged) if isinstance(charged, int | float) and not isinstance(charged, bool) else None
    outcome = model.Outcome(
        id=word(found, "id") or f"line-{number}",
        path=path,
        trigger=model.Trigger.OWN_TRAFFIC,
        sent_at=moment(found.get("sent_at")) or now,
        evidence=seen,
        latency_s=seen.elapsed_s,
        charged_usd=charged_usd,
        prompt_id=word(found, "prompt_id"),
    )
    return model.Judged(outcome, taxonomy.judge(seen, rules))


def word(found: Mapping[str, Any], key: str) -> str:
    value = found.get(key)
    return value[:200] if isinstance(value, str) else ""


def moment(value: Any) -> dt.datetime | None:
    """ISO 8601, UTC where no zone is given; None where it is missing or no time."""
    if not isinstance(value, str):
        return None
    try:
        at = dt.datetime.fromisoformat(value)
        return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def sort(
    batch: Batch,
    stored: Iterable[model.Judged],
    config: "Config",
    asked: Mapping[str, Piece] = MappingProxyType({}),
    progress: Callable[[], None] = lambda: None,
) -> list[Item]:
    """Diagnose every failure beside its neighbours; `asked` are pieces of gateways' logs by outcome id."""
    own = {judged.outcome.id: judged for judged in stored}
    own.update((judged.outcome.id, judged) for _, judged in batch.failed)
    own.update((judged.outcome.id, judged) for judged in batch.succeeded)
    seen = around.Neighbourhood(own.values())
    by_prompt: dict[str, list[model.Judged]] = {}
    for judged in own.values():
        if judged.outcome.prompt_id and judged.outcome.own:
            by_prompt.setdefault(judged.outcome.prompt_id, []).append(judged)
    items = []
    for line, judged in batch.failed:
        same = by_prompt.get(judged.outcome.prompt_id, []) if judged.outcome.prompt_id else []
        items.append(item(line, judged, seen, same, config, asked.get(judged.outcome.id)))
        progress()
    return items


def item(
    line: int,
    judged: model.Judged,
    seen: around.Neighbourhood,
    same: Sequence[model.Judged],
    config: "Config",
    logged: Piece | None,
) -> Item:
    outcome, about = judged.outcome, subject_of(judged)
    repeats = frozenset({outcome.id, *(one.outcome.id for one in same)})
    near = around.look(outcome.path, outcome.sent_at, seen, config, repeats)
    pieces = [*evidence.of_reply(about), *evidence.of_pace(about, near), *evidence.of_neighbours(near)]
    pieces += evidence.of_same_prompt(about, same, config, ())
    pieces += evidence.of_bill(judged) or ([logged] if logged is not None else [])
    found = diagnose(about, pieces, near=near)
    said = answer.answer(found, config)
    return Item(line, judged, found, said, pile_of(found, said))


def subject_of(judged: model.Judged) -> Subject:
    """A failure of the batch as triage takes it."""
    outcome = judged.outcome
    path = outcome.path
    return Subject(outcome.id, judged.verdict, outcome.evidence, outcome, path.channel, path.tier, outcome.sent_at)


def pile_of(found: Diagnosis, said: answer.Answer) -> str:
    """Billed and lost first; what may be billed is undecided until a log says: a resend might be paid twice."""
    if advice.paid_for(found):
        return "billed-and-lost"
    if advice.may_be_billed(found) and said.verb in {"resend", "switch", "wait"}:
        return "undecided"
    return VERB_PILES.get(said.verb, "undecided")


def deciding(items: Sequence[Item], config: "Config", now: dt.datetime) -> list[ladder.Rung]:
    """The two canaries that would tell most about the undecided ones, summed over them."""
    gains: dict[ladder.Rung, float] = {}
    for each in items[:SAMPLED]:
        canaries = [
            dataclasses.replace(rung, finding="")
            for rung in options.attempts(each.found, config)
            if rung.check in causes.CANARIES
        ]
        for rung in canaries:
            option = options.option(each.found, rung, config, now)
            choice = posterior.next_check(*each.found.known, [option], each.found.tables)
            gains[rung] = gains.get(rung, 0.0) + (choice.value if choice is not None else 0.0)
    ranked = sorted(gains, key=lambda rung: -gains[rung])
    return [rung for rung in ranked[:2] if gains[rung] > 0]


SAMPLED = 200
"""So many undecided failures vote for the canaries that would decide them."""


def facts(each: Item) -> dict[str, Any]:
    """One line of a pile."""
    judged, said = each.judged, each.answer
    p = each.found.now.lead[1] if each.found.cause else each.found.on_path
    return {
        "line": each.line or None,
        "id": judged.outcome.id,
        "path": str(judged.outcome.path),
        "sent_at": judged.outcome.sent_at.isoformat(),
        "prompt_id": judged.outcome.prompt_id or None,
        "kind": judged.verdict.kind,
        "detail": judged.verdict.detail,
        "cause": each.found.cause or ("path" if each.found.answered else None),
        "p": round(p, 3),
        "verb": said.verb,
        "resend_on": str(said.resend_on) if each.pile == "resend" and said.resend_on else None,
        "price_usd": said.price_usd if each.pile == "resend" else None,
        "charged_usd": judged.outcome.charged_usd,
        "why": said.cause,
        "request_ids": [{"hop": hop, "id": value} for hop, value in judged.verdict.request_ids.all()],
    }


def piles(items: Iterable[Item]) -> dict[str, list[Item]]:
    """Every pile, in the order of PILES."""
    found: dict[str, list[Item]] = {name: [] for name in PILES}
    for each in items:
        found[each.pile].append(each)
    return found


def lines_of(items: Iterable[Item]) -> Iterator[str]:
    for each in items:
        yield json.dumps(facts(each), ensure_ascii=False) + "\n"
