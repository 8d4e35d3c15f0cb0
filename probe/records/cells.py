"""Outcomes and verdicts as the cells that are stored: `columns` reads them back."""

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import pydantic_core

from probe import model
from probe.records import columns


class Row(NamedTuple):
    """One outcome with its verdict, ready for its tables."""

    outcome: columns.OutcomeRow
    facts: str  # its evidence
    verdict: tuple[Any, ...]  # columns.VERDICT
    ids: model.RequestIds


def row(judged: model.Judged) -> Row:
    outcome, verdict = judged.outcome, judged.verdict
    return Row(
        outcome_row(outcome), compact(evidence_facts(outcome.evidence)), verdict_cells(verdict), verdict.request_ids
    )


def outcome_row(outcome: model.Outcome) -> columns.OutcomeRow:
    """An outcome without its evidence."""
    order, picture = outcome.evidence.order, outcome.evidence.picture
    identity, channel, tier, vantage, named, prompt_id, source, batch, served_model = texts(
        outcome.id, *outcome.path, outcome.vantage, order.model if order else "", outcome.prompt_id,
        outcome.source, outcome.batch, outcome.served_model,
    )  # fmt: skip
    return columns.OutcomeRow(
        id=identity,
        channel=channel,
        tier=tier,
        trigger=outcome.trigger.value,
        vantage=vantage,
        model=named,
        fingerprint=outcome.fingerprint,
        prompt_id=prompt_id,
        sent_at=columns.when(outcome.sent_at),
        latency_s=columns.storable(outcome.latency_s),
        timings=timings_json(**columns.fields(outcome.timings)),
        price_usd=columns.storable(float(outcome.price_usd)) or 0.0,
        charged_usd=columns.storable(outcome.charged_usd),
        excluded=columns.storable(outcome.excluded),
        slot=columns.storable(outcome.slot),
        attempt=columns.storable(outcome.attempt),
        source=source,
        batch=batch,
        served_model=served_model,
        picture_sha256=(picture.sha256 or None) if picture else None,
        picture_fingerprint=(picture.fingerprint or None) if picture else None,
    )


def texts(*values: str) -> Sequence[str]:
    """Texts, each storable. One look at all together is enough for nearly every row."""
    together = "".join(values)
    return values if together.isascii() and "\x00" not in together else [columns.storable(each) for each in values]


def timings_json(**timings_s: float | None) -> str:
    """What JSON of `columns.facts` would be, several times as quickly: every outcome has them."""
    told = [f'"{name}":{float(each)!r}' for name, each in timings_s.items() if each is not None and math.isfinite(each)]
    return f"{{{','.join(told)}}}"


def compact(value: Any) -> str:
    """What `columns.compact` writes of storable values, a few times as quickly."""
    try:
        return pydantic_core.to_json(value).decode()
    except pydantic_core.PydanticSerializationError:  # a lone surrogate
        return pydantic_core.to_json(columns.storable(value)).decode()


def evidence_facts(evidence: model.Evidence) -> dict[str, Any]:
    """Evidence as a dict for JSON; `columns.evidence_of` reads it back."""
    found = columns.facts(evidence)
    if not evidence.headers:
        found.pop("headers", None)
    if evidence.picture is not None:
        found["picture"] = columns.facts(evidence.picture)
    if evidence.order is not None:
        found["order"] = order_facts(evidence.order)
    return found


@functools.lru_cache(maxsize=1024)
def order_facts(order: model.Order) -> dict[str, Any]:
    """Remembered: nearly all outcomes have one of a few orders."""
    return columns.facts(order)


def verdict_cells(verdict: model.Verdict) -> tuple[Any, ...]:
    """A verdict as the columns VERDICT."""
    detail, rule, would_decide = texts(verdict.detail, verdict.rule, verdict.would_decide)
    return (
        verdict.kind.value, detail, verdict.stage.value, verdict.party.value, verdict.retryable, verdict.action.value,
        rule, verdict.confidence, columns.storable(verdict.retry_after_s), verdict.billed,
        ids_json(verdict.request_ids), columns.storable(verdict.runner_up), would_decide,
    )  # fmt: skip


def with_ids(verdict: tuple[Any, ...], ids: model.RequestIds) -> tuple[Any, ...]:
    """The cells of the same verdict on another request."""
    return (*verdict[:IDS], ids_json(ids), *verdict[IDS + 1 :])


IDS = columns.VERDICT.index("request_ids")


def ids_json(ids: model.RequestIds) -> str:
    hops = {"gateway": ids.gateway, "trace": ids.trace, "upstream": ids.upstream, "edge": ids.edge}
    return compact({hop: found for hop, found in hops.items() if found})
