"""What is usual on a path: how often its canaries fail, in which words, how long pictures take; tables that know it.

Two things that no table can know beforehand: how often this path is in trouble anyway, and whether the channel
has one phrase for everything, so that its words tell no cause from another.
"""

import collections
import dataclasses
import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from probe import model
from probe.inference.causes import CAUSES, PATH_CAUSES, SAID, Cause, Said, Tables

T = TypeVar("T")

SILENT = frozenset({Said.MODERATION, Said.ACCOUNT, Said.NETWORK})
"""Words that say nothing about the health of the path."""

HARMLESS = PATH_CAUSES | {Cause.ONE_OFF}
"""Causes that stop a known-good prompt."""

EXCEPTIONS = 0.05
"""Share of a one-phrase channel's failures that speak otherwise all the same. Assumed."""

WORTH_CANARIES = 60.0
"""So many canaries the assumed share of failing ones is worth when a month's are counted: three days of them."""

ONE_OFFS = 0.0115
"""Share of canaries that fail while the path is well, as assumed; with `Tables.background` 0.03 fail in all."""

MEAN_SEVERITY = 0.617
"""Of the severities of the tables: the share failing while a path is in trouble."""

WELL, DOOMED = 0.01, 0.5
"""Bounds of the share of time in trouble that a month may teach."""

MONTH_CASES = 6.0
"""So many failures the expected mix of words is worth when a month's words are weighed: incidents repeat theirs."""

MOST_WORDS = 20.0
"""A month's words weigh no more than so many."""

ENOUGH_PICTURES = 20
"""Fewer do not tell how long a picture takes."""


class Sent(NamedTuple):
    """One scheduled canary of a path."""

    hour: str  # failures of one hour say one thing once
    kind: model.Kind
    latency_s: float | None


@dataclasses.dataclass(frozen=True, slots=True)
class Month:
    """What a month of scheduled canaries on one path showed."""

    sent: int = 0
    failed: int = 0
    words: Mapping[Said, float] = dataclasses.field(default_factory=dict)  # of the failures, one an hour
    median_s: float | None = None  # of the pictures
    late_s: float | None = None  # nine of ten pictures take no longer


def read(canaries: Iterable[Sent]) -> Month:
    """Count them; refusals of moderation and of an account, and our own network, say nothing here."""
    sent = failed = 0
    words: dict[tuple[str, Said], None] = {}
    latencies_s: list[float] = []
    for each in canaries:
        said = SAID[each.kind]
        if said in SILENT or each.kind is model.Kind.UNKNOWN:
            continue
        sent += 1
        if said is not None:
            failed += 1
            words[each.hour, said] = None
        elif each.latency_s is not None:
            latencies_s.append(each.latency_s)
    counts = collections.Counter(said for _, said in words)
    enough = len(latencies_s) >= ENOUGH_PICTURES
    latencies_s.sort()
    median_s, late_s = (latencies_s[int(len(latencies_s) * share)] if enough else None for share in (0.5, 0.9))
    return Month(sent, failed, dict(counts), median_s, late_s)


def adapted(tables: Tables, month: Month) -> Tables:
    """The tables, knowing how often this path is in trouble and how its channel speaks."""
    if not month.sent:
        return tables
    assumed = tables.background * MEAN_SEVERITY + ONE_OFFS
    failing = (month.failed + WORTH_CANARIES * assumed) / (month.sent + WORTH_CANARIES)
    weights = [
        p * failing / assumed if cause in PATH_CAUSES else p for cause, p in zip(CAUSES, tables.prior, strict=True)
    ]
    total = math.fsum(weights)
    return dataclasses.replace(
        tables,
        prior=tuple(weight / total for weight in weights),
        background=min(max((failing - ONE_OFFS) / MEAN_SEVERITY, WELL), DOOMED),
        one_phrase=MappingProxyType({phrase: one_phrase(phrase, month.words, tables) for phrase in Said}),
    )


def one_phrase(phrase: Said, words: Mapping[Said, float], tables: Tables) -> float:
    """P(a channel that just said `phrase` never says anything else | what it said in a month)."""
    n = math.fsum(words.values())
    if not n:
        return tables.one_phrase[phrase]
    heard = {word: weight * min(1.0, MOST_WORDS / n) for word, weight in words.items()}
    logs = log_habit(heard, {word: MONTH_CASES * share for word, share in mixed(tables).items()}, MONTH_CASES)
    before = tables.one_phrase[phrase]
    odds = before / (1 - before) * math.exp(log_one_phrase(heard, phrase) - logs)
    return odds / (1 + odds)


def log_habit(counts: Mapping[T, float], cases: Mapping[T, float], total: float) -> float:
    """Log chance of what one speaker said, who has habits: Dirichlet-multinomial with so many `cases` expected, in all `total`."""
    logs = math.lgamma(total) - math.lgamma(total + math.fsum(counts.values()))
    for each, weight in counts.items():
        logs += math.lgamma(cases[each] + weight) - math.lgamma(cases[each])
    return logs


def log_one_phrase(words: Mapping[Said, float], phrase: Said) -> float:
    """Log chance of words where the channel has this one phrase for everything."""
    other = math.log(EXCEPTIONS / (len(Said) - 1))
    return math.fsum(weight * (math.log1p(-EXCEPTIONS) if word is phrase else other) for word, weight in words.items())


def mixed(tables: Tables) -> dict[Said, float]:
    """In which words harmless requests fail, over all causes that stop them."""
    sums = {
        said: math.fsum(
            p * share for cause, p, share in zip(CAUSES, tables.prior, row, strict=True) if cause in HARMLESS
        )
        for said, row in tables.said.items()
    }
    total = math.fsum(sums.values())
    return {said: each / total for said, each in sums.items()}
