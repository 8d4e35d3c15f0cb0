"""Weighs the evidence about a failed request: a posterior over causes, what to check next, and when to stop.

Method: `docs/triage.md`. A cause that lies on the path has a severity, the share of all requests that fail
there; another cause finds the path well, or in trouble by coincidence.
"""

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from probe.inference import groups, likelihood
from probe.inference.causes import (
    CAUSES,
    HELD,
    PATH_CAUSES,
    SUDDEN,
    TABLES,
    Cause,
    Check,
    Clue,
    Finding,
    Result,
    Said,
    Tables,
)

SURE, SURE_OF_CONTENT = 0.9, 0.98
"""Enough: no further check. Blaming the caller asks for more."""

NAMED, NAMED_CONTENT = 0.6, 0.85
"""A leading cause less likely than this is called unknown."""

EFFORT_USD = 0.02
"""What a check costs besides money: nobody waits minutes for a bit that is free."""

WORTH_NATS_PER_USD = 0.02
"""A check that promises less than this is not made."""

CORRELATED = 0.5
"""Weight of the second and third retry: seconds apart they are nearly one observation."""

PRIOR_CASES, ROW_CASES = 30.0, 40.0
"""So many cases the tables are worth when real ones are counted: the prior, and the words of one cause."""


@dataclasses.dataclass(frozen=True, slots=True)
class Posterior:
    """What the evidence says: P(cause, severity), and P(cause) with the most likely first."""

    cells: Mapping[likelihood.Cell, float]
    p: Mapping[Cause, float]

    @property
    def lead(self) -> tuple[Cause, float]:
        """The most likely cause and its probability."""
        return next(iter(self.p.items()))

    @property
    def severity(self) -> float | None:
        """Expected share of all requests that fail on the path, where a cause on the path leads; else None."""
        lead = self.lead[0]
        if lead not in PATH_CAUSES:
            return None
        return math.fsum(p * share for (cause, share), p in self.cells.items() if cause is lead) / self.p[lead]

    @property
    def known(self) -> bool:
        """Does one cause stand out enough to be named?"""
        cause, p = self.lead
        return p >= (NAMED_CONTENT if cause is Cause.CONTENT else NAMED)

    @property
    def sure(self) -> bool:
        """Is it settled?"""
        cause, p = self.lead
        return p >= (SURE_OF_CONTENT if cause is Cause.CONTENT else SURE)


@dataclasses.dataclass(frozen=True, slots=True)
class Option:
    """A check that could be made now. `of`, `shared`, `weight` and `purse` as in the `Finding` it would give."""

    check: Check
    price_usd: float
    of: str = ""
    shared: bool | None = None
    weight: float = 1.0
    purse: bool | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """The option that promises most information for its price."""

    option: Option
    nats: float  # expected drop of the entropy over causes

    @property
    def value(self) -> float:
        return self.nats / (self.option.price_usd + EFFORT_USD)


def weigh(
    said: Said | None, clues: Iterable[Clue] = (), findings: Iterable[Finding] = (), tables: Tables = TABLES
) -> Posterior:
    """Posterior over causes and severities: prior, then words and clues, then every group of findings.

    `said` None: what came back says nothing.
    """
    found, chosen, speakers = tuple(findings), tuple(clues), list(_speakers(said, tables))
    paces = [tables.clues[clue] for clue in chosen if clue in likelihood.PACES]
    spells = list(groups.spells(found))
    sudden = [(groups.at_once(found), 1 - HELD), *((grouped, HELD * chance) for grouped, chance in spells)]
    cells = {}
    for index, cause in enumerate(CAUSES):
        p = tables.prior[index] * math.prod(
            tables.clues[clue][index] for clue in chosen if clue not in likelihood.PACES
        )
        for severity, share in _severities(cause, tables):
            cell = (cause, severity)
            lasted = sudden if cause in SUDDEN else spells if severity else [(spells[-1][0], 1.0)]
            cells[cell] = (
                p
                * share
                * math.fsum(
                    chance * _spoken(index, said, phrase, paces, tables) * _found(lasted, cell, said, phrase, tables)
                    for phrase, chance in speakers
                )
            )
    return _normalised(cells)


def _found(
    lasted: Iterable[tuple[list[groups.Group], float]],
    cell: likelihood.Cell,
    said: Said | None,
    phrase: Said | None,
    tables: Tables,
) -> float:
    """P(findings | cell), over how long the spell lasted."""
    known: dict[int, float] = {}
    total = 0.0
    for grouped, chance in lasted:
        for group in grouped:
            if id(group) not in known:
                known[id(group)] = likelihood.of(group, cell, said, tables, phrase=phrase)
        total += chance * math.prod(known[id(group)] for group in grouped)
    return total


def failing(
    said: Said | None,
    clues: Sequence[Clue],
    findings: Sequence[Finding],
    options: Iterable[Option],
    tables: Tables = TABLES,
) -> list[float]:
    """P(each option would fail) by all that is known."""
    now = weigh(said, clues, findings, tables)
    places = groups.by_place(findings)
    return [
        math.fsum(
            p * chance for p, chance in zip(now.cells.values(), _chances(now, each, places, said, tables), strict=True)
        )
        for each in options
    ]


def next_check(
    said: Said | None,
    clues: Sequence[Clue],
    findings: Sequence[Finding],
    options: Iterable[Option],
    tables: Tables = TABLES,
) -> Choice | None:
    """The option with the most expected information per dollar; None where it is time to stop.

    Stops when a cause is sure, when there is no option, or when none is worth it.
    """
    now = weigh(said, clues, findings, tables)
    if now.sure:
        return None
    places = groups.by_place(findings)
    choices = [Choice(option, _information(now, option, places, said, tables)) for option in options]
    best = max(choices, key=lambda choice: choice.value, default=None)
    return best if best is not None and best.value >= WORTH_NATS_PER_USD else None


def learn(cases: Iterable[tuple[Said, Posterior]], tables: Tables = TABLES) -> Tables:
    """Tables re-estimated from finished cases: each adds its posterior as a fraction of a count."""
    prior = [PRIOR_CASES * p for p in tables.prior]
    said = {word: [ROW_CASES * p for p in row] for word, row in tables.said.items()}
    for word, posterior in cases:
        for index, cause in enumerate(CAUSES):
            prior[index] += posterior.p[cause]
            said[word][index] += posterior.p[cause]
    total = math.fsum(prior)
    sums = [math.fsum(row[index] for row in said.values()) for index in range(len(CAUSES))]
    return dataclasses.replace(
        tables,
        prior=tuple(p / total for p in prior),
        said={word: tuple(p / whole for p, whole in zip(row, sums, strict=True)) for word, row in said.items()},
    )


NEGLIGIBLE = 1e-3
"""A chance so small is not worth the sum over it."""


def _speakers(said: Said | None, tables: Tables) -> Iterator[tuple[Said | None, float]]:
    """(the one phrase that the channel has for everything, or None where its words follow the cause, probability)."""
    alike = tables.one_phrase[said] if said is not None else 0.0
    yield None, 1 - alike
    if alike > NEGLIGIBLE:
        yield said, alike


def _spoken(
    index: int, said: Said | None, phrase: Said | None, paces: Sequence[Sequence[float]], tables: Tables
) -> float:
    """P(words of the reply, how soon it came | cause, how its channel speaks)."""
    if phrase is not None:
        return math.prod(math.fsum(p * share for p, share in zip(tables.prior, row, strict=True)) for row in paces)
    timed = math.prod(row[index] for row in paces)
    if said is None:
        return timed
    return timed * tables.said[said][index] / math.fsum(row[index] for row in tables.said.values())


def _severities(cause: Cause, tables: Tables) -> Iterator[tuple[float, float]]:
    """(severity, probability given the cause); 0 = the path is well."""
    troubled = 1.0 if cause in PATH_CAUSES else tables.background
    if troubled < 1.0:
        yield 0.0, 1.0 - troubled
    for severity in tables.severities if troubled else ():
        yield severity, troubled / len(tables.severities)


def _chances(
    now: Posterior,
    option: Option,
    places: Mapping[groups.Place, groups.Group],
    said: Said | None,
    tables: Tables,
) -> list[float]:
    """P(an option fails | each cell of the posterior, what was found at its place before)."""
    key = (groups.place_of(option.check, option.of), option.shared)
    group = places.get(key, groups.Group(*key, {}, {}, {}, {}, option.purse))
    failed = (option.check, Result.FAILED, False)
    grown = group._replace(counts={**group.counts, failed: group.counts.get(failed, 0.0) + 1.0})
    return [likelihood.of(grown, cell, said, tables) / likelihood.of(group, cell, said, tables) for cell in now.cells]


def _information(
    now: Posterior,
    option: Option,
    places: Mapping[groups.Place, groups.Group],
    said: Said | None,
    tables: Tables,
) -> float:
    """Entropy over causes now less its expectation after the option, nats."""
    fails = dict(zip(now.cells, _chances(now, option, places, said, tables), strict=True))
    p_failed = math.fsum(p * fails[cell] for cell, p in now.cells.items())
    failed = _normalised({cell: p * fails[cell] ** option.weight for cell, p in now.cells.items()})
    passed = _normalised({cell: p * (1 - fails[cell]) ** option.weight for cell, p in now.cells.items()})
    return _entropy(now) - p_failed * _entropy(failed) - (1 - p_failed) * _entropy(passed)


def _entropy(posterior: Posterior) -> float:
    return -math.fsum(p * math.log(p) for p in posterior.p.values() if p > 0)


def _normalised(cells: Mapping[likelihood.Cell, float]) -> Posterior:
    total = math.fsum(cells.values())
    sums = dict.fromkeys(CAUSES, 0.0)
    for (cause, _), p in cells.items():
        sums[cause] += p / total
    return Posterior(
        {cell: p / total for cell, p in cells.items()}, dict(sorted(sums.items(), key=lambda item: -item[1]))
    )
