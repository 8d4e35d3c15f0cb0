"""Model values as columns, and back: times, JSON, and the scrubbing that keeps any upstream value storable."""

import dataclasses
import datetime as dt
import enum
import functools
import itertools
import json
import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from probe import model

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL ends a text for SQLite's functions; a lone surrogate cannot be encoded at all."""

LARGEST_INTEGER = 2**63 - 1


class OutcomeRow(NamedTuple):
    """The columns of an outcome, but for its arrival."""

    id: str
    channel: str
    tier: str
    trigger: str
    vantage: str
    model: str
    fingerprint: str
    prompt_id: str
    sent_at: str  # see `when`
    latency_s: float | None
    timings: str  # JSON
    price_usd: float
    charged_usd: float | None
    excluded: str | None
    slot: int | None
    attempt: int
    source: str
    batch: str
    served_model: str
    picture_sha256: str | None
    picture_fingerprint: str | None


PICTURE = ("picture_sha256", "picture_fingerprint")
"""By which pictures are compared; they stand in the evidence too."""
OUTCOME = tuple(name for name in OutcomeRow._fields if name not in PICTURE)
VERDICT = (
    "kind", "detail", "stage", "party", "retryable", "action", "rule", "confidence", "retry_after_s", "billed",
    "request_ids", "runner_up", "would_decide",
)  # fmt: skip

TOLD = tuple(column for column in OUTCOME if column != "model")
"""What `judged` needs of an outcome: its model is in the order, which is evidence."""

JUDGED = f"""
    SELECT {", ".join(f"outcome.{column}" for column in TOLD)}, evidence.facts,
        {", ".join(f"verdict.{column}" for column in VERDICT)}
    FROM outcome JOIN verdict USING (seq) LEFT JOIN evidence USING (seq)
"""  # noqa: S608 - made of the constants above
"""What `judged` reads; callers add WHERE and ORDER BY."""

ENTRY = "(SELECT rowid FROM gateway_entry WHERE seq = outcome.seq AND gateway <> 'litellm' LIMIT 1)"
"""The row of `gateway_entry` that the log of an outcome's own gateway has; NULL where there is none."""

KINDS: Mapping[str, model.Kind] = {each.value: each for each in model.Kind}
TRIGGERS: Mapping[str, model.Trigger] = {each.value: each for each in model.Trigger}
EXCLUSIONS: Mapping[str | None, model.Exclusion | None] = {None: None, **{each.value: each for each in model.Exclusion}}
EVIDENCE_FIELDS = frozenset(field.name for field in dataclasses.fields(model.Evidence))
ORDER_FIELDS = frozenset(field.name for field in dataclasses.fields(model.Order))
PICTURE_FIELDS = frozenset(field.name for field in dataclasses.fields(model.Picture))
TIMINGS_FIELDS = frozenset(field.name for field in dataclasses.fields(model.Timings))


def when(at: dt.datetime) -> str:
    """An aware time as `2026-08-13T02:19:00.000Z`: always UTC and whole milliseconds, so that text sorts as time."""
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone")
    utc = at if at.tzinfo is dt.UTC else at.astimezone(dt.UTC)
    return utc.isoformat(timespec="milliseconds")[:-6] + "Z"


def instant(text: str) -> dt.datetime:
    """Read what `when` wrote."""
    return dt.datetime.fromisoformat(text)


def maybe_when(at: dt.datetime | None) -> str | None:
    return None if at is None else when(at)


def maybe_instant(text: str | None) -> dt.datetime | None:
    return None if text is None else instant(text)


def storable(value: Any) -> Any:
    """The value with what SQLite or JSON cannot hold taken out.

    NUL and lone surrogates become U+FFFD; NaN, infinities and integers of more than 64 bits become
    None; what is no plain value becomes its text.
    """
    kind = type(value)
    if kind is str and value.isascii() and "\x00" not in value:  # nearly every value
        return value
    kept: Any
    if value is None or kind is bool:
        kept = value
    elif kind is float:
        kept = value if math.isfinite(value) else None
    elif kind is int:
        kept = value if -LARGEST_INTEGER <= value <= LARGEST_INTEGER else None
    elif issubclass(kind, enum.StrEnum):  # our own words
        kept = value.value
    elif isinstance(value, str):
        kept = UNSTORABLE.sub("\ufffd", value)
    elif isinstance(value, int):  # numpy's, and the like
        kept = storable(int(value))
    elif isinstance(value, Mapping):
        kept = {storable(str(key)): storable(each) for key, each in value.items()}
    elif isinstance(value, (list, tuple)):
        kept = [storable(each) for each in value]
    else:
        kept = storable(str(value))
    return kept


def row(values: Mapping[str, Any]) -> dict[str, Any]:
    """Columns by name, each storable."""
    return {column: None if value is None else storable(value) for column, value in values.items()}


def facts(value: Any) -> dict[str, Any]:
    """A flat frozen value as a dict without the fields that have their default, and without nested values."""
    kind: Any = type(value)
    names, values, defaults = shape_of(kind)
    found = values(value)
    told = itertools.compress(zip(names, found, defaults, strict=True), map(operator.is_not, found, defaults))
    return {name: storable(each) for name, each, usual in told if type(each) not in NESTED and each != usual}


def fields(value: Any) -> dict[str, Any]:
    """A flat frozen value as a dict with all its fields."""
    kind: Any = type(value)
    names, values, _ = shape_of(kind)
    return dict(zip(names, values(value), strict=True))


NESTED = frozenset({model.Order, model.Picture})
"""What evidence holds besides plain values."""


class Shape(NamedTuple):
    """Of a dataclass: what its fields are called, how to read them all at once, and their defaults."""

    names: tuple[str, ...]
    values: Callable[[Any], tuple[Any, ...]]
    defaults: tuple[Any, ...]


@functools.cache
def shape_of(kind: Any) -> Shape:
    """Remembered: outcomes come by the thousand."""
    found = dataclasses.fields(kind)
    names = tuple(field.name for field in found)
    return Shape(names, operator.attrgetter(*names), tuple(field.default for field in found))


compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def evidence_of(found: dict[str, Any]) -> model.Evidence:
    """Read `evidence_facts`; fields a later version added are left out."""
    order, picture, fault = found.pop("order", None), found.pop("picture", None), found.pop("fault", None)
    return model.Evidence(
        **known(found, EVIDENCE_FIELDS),
        order=None if order is None else model.Order(**known(order, ORDER_FIELDS)),
        picture=None if picture is None else model.Picture(**known(picture, PICTURE_FIELDS)),
        fault=None if fault is None else model.Fault(fault),
    )


def known(found: dict[str, Any], fields: frozenset[str]) -> dict[str, Any]:
    return found if found.keys() <= fields else {key: each for key, each in found.items() if key in fields}


def judged(found: tuple[Any, ...]) -> model.Judged:
    """Read one row of the query JUDGED."""
    (
        identity, channel, tier, trigger, vantage, fingerprint, prompt_id, sent_at, latency_s, timings,
        price_usd, charged_usd, excluded, slot, attempt, source, batch, served_model, evidence, *verdict,
    ) = found  # fmt: skip
    outcome = model.Outcome(
        id=identity,
        path=model.Path(channel, tier),
        trigger=TRIGGERS[trigger],
        sent_at=instant(sent_at),
        evidence=evidence_of(json.loads(evidence)) if evidence else model.Evidence(),
        latency_s=latency_s,
        timings=model.Timings(**known(json.loads(timings), TIMINGS_FIELDS)),
        price_usd=price_usd,
        charged_usd=charged_usd,
        prompt_id=prompt_id,
        fingerprint=fingerprint,
        slot=slot,
        vantage=vantage,
        excluded=EXCLUSIONS[excluded],
        attempt=attempt,
        source=source,
        batch=batch,
        served_model=served_model,
    )
    return model.Judged(outcome, verdict_of(tuple(verdict)))


def verdict_of(found: tuple[Any, ...]) -> model.Verdict:
    """Read the columns VERDICT."""
    (
        kind, detail, stage, party, retryable, action, rule, confidence, retry_after_s, billed,
        request_ids, runner_up, would_decide,
    ) = found  # fmt: skip
    ids = {hop: tuple(values) for hop, values in json.loads(request_ids).items()}
    return model.Verdict(
        kind=KINDS[kind],
        detail=detail,
        stage=model.Stage(stage),
        party=model.Party(party),
        retryable=bool(retryable),
        action=model.Action(action),
        rule=rule,
        confidence=confidence,
        retry_after_s=retry_after_s,
        billed=billed,
        request_ids=model.RequestIds(**ids),
        runner_up=runner_up,
        would_decide=would_decide,
    )
