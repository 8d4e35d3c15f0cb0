"""Weighs the evidence about a failed request: a posterior over causes, what to check next, and when to stop.

Method: `docs/triage.md`. A cause that lies on the path has a severity, the share of all requests that fail
there; another cause finds the path well, or in trouble by coincidence.
"""

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from probe.inference.causes import (
    CANARIES,
    CAUSES,
    ELSEWHERE,
    HELD,
    LIGHTER,
    PATH_CAUSES,
    REFUSED_CANARY,
    SHARED,
    SUDDEN,
    TABLES,
    Cause,
    Check,
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

HABIT_CASES = 6.0
"""So many cases the table is worth when one speaker's words are weighed: gateways have favourite phrases."""

PRIOR_CASES, ROW_CASES = 30.0, 40.0
"""So many cases the tables are worth when real ones are counted: the prior, and the words of one cause."""

Cell = tuple[Cause, float]
"""A cause and the share failing on the path."""


@dataclasses.dataclass(frozen=True, slots=True)
class Posterior:
    """What the evidence says: P(cause, severity), and P(cause) with the most likely first."""

    cells: Mapping[Cell, float]
    p: Mapping[Cause, float]

    @property
    def lead(self) -> tuple[Cause, float]:
        """The most likely cause and its probability."""
        return next(iter(self.p.items()))

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
    """A check that could be made now. `of`, `shared` and `weight` as in the `Finding` it would give."""

    check: Check
    price_usd: float
    of: str = ""
    shared: bool | None = None
    weight: float = 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """The option that promises most information for its price."""

    option: Option
    nats: float  # expected drop of the entropy over causes

    @property
    def value(self) -> float:
        return self.nats / (self.option.price_usd + EFFORT_USD)


def weigh(
    said: Said | None, clues: Iterable[str] = (), findings: Iterable[Finding] = (), tables: Tables = TABLES
) -> Posterior:
    """Posterior over causes and severities: prior, then words and clues, then every group of findings.

    `said` None: what came back says nothing.
    """
    groups = _groups(findings)
    chosen = [tables.clues[clue] for clue in clues]
    cells = {}
    for index, cause in enumerate(CAUSES):
        p = tables.prior[index] * math.prod(row[index] for row in chosen)
        if said is not None:
            p *= tables.said[said][index] / math.fsum(row[index] for row in tables.said.values())
        for severity, share in _severities(cause, tables):
            likelihoods = (_likelihood(group, (cause, severity), said, tables) for group in groups)
            cells[cause, severity] = p * share * math.prod(likelihoods)
    return _normalised(cells)


def failing(
    said: Said | None,
    clues: Sequence[str],
    findings: Sequence[Finding],
    options: Iterable[Option],
    tables: Tables = TABLES,
) -> list[float]:
    """P(each option would fail) by all that is known."""
    now = weigh(said, clues, findings, tables)
    groups = {(group.place, group.shared): group for group in _groups(findings)}
    return [
        math.fsum(
            p * chance for p, chance in zip(now.cells.values(), _chances(now, each, groups, said, tables), strict=True)
        )
        for each in options
    ]


def next_check(
    said: Said | None,
    clues: Sequence[str],
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
    groups = {(group.place, group.shared): group for group in _groups(findings)}
    choices = [Choice(option, _information(now, option, groups, said, tables)) for option in options]
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


HERE, A_LIGHTER_TIER = "", "lighter"
"""Places of checks; every other one is a channel."""


def place_of(check: Check, of: str) -> str:
    """Where a check looks. Findings at one place share whatever was wrong there."""
    return A_LIGHTER_TIER if check in LIGHTER else of if check in ELSEWHERE else HERE


class _Group(NamedTuple):
    """Findings that share whatever was wrong at their place: sums of weights by check and result."""

    place: str  # HERE, A_LIGHTER_TIER, or another channel's name
    shared: bool | None
    counts: dict[tuple[Check, Result, bool], float]  # by check, result and `Finding.apart`
    words: dict[tuple[Check, bool], dict[Said, float]]  # in which a check failed, by `Finding.apart` too


def _groups(findings: Iterable[Finding]) -> list[_Group]:
    groups: dict[tuple[str, bool | None], _Group] = {}
    for each in findings:
        key = (place_of(each.check, each.of), each.shared)
        group = groups.setdefault(key, _Group(*key, {}, {}))
        result = (each.check, each.result, each.apart)
        group.counts[result] = group.counts.get(result, 0.0) + each.weight
        if each.result is Result.FAILED and each.said is not None:
            words = group.words.setdefault((each.check, each.apart), {})
            words[each.said] = words.get(each.said, 0.0) + each.weight
    return list(groups.values())


def _likelihood(group: _Group, cell: Cell, said: Said | None, tables: Tables) -> float:
    """P(results of a group | cause, severity), mixed over what nobody knows.

    That is the trouble another place may be in, and whether a sudden cause held at the other minutes.
    """
    sudden = ((True, HELD), (False, 1 - HELD)) if cell[0] in SUDDEN else ((True, 1.0),)
    return math.fsum(
        share * chance * math.exp(_log_results(group, cell, trouble, said, tables, held=held))
        for trouble, share in _troubles(group, cell, tables)
        for held, chance in sudden
    )


def _troubles(group: _Group, cell: Cell, tables: Tables) -> Iterator[tuple[float, float]]:
    """(share failing at the group's place beyond the cause, probability).

    Here: the path's own severity. Another place shares that trouble, or is well, or in trouble of its own.
    """
    cause, severity = cell
    if group.place == HERE:
        yield severity, 1.0
        return
    lighter = group.place == A_LIGHTER_TIER
    row = tables.fails[Check.LIGHTER_CANARY if lighter else Check.OTHER_CANARY]
    shares = row[CAUSES.index(cause if cause in PATH_CAUSES else Cause.UPSTREAM)].per_severity
    if lighter:
        # A lighter tier meets none, half or all of it: in the mean the share the table says.
        yield severity, shares * shares
        yield severity / 2, 2 * shares * (1 - shares)
        yield 0.0, (1 - shares) ** 2
        return
    if cause is Cause.UPSTREAM and group.shared is not None:
        shares = SHARED[group.shared]
    yield severity, shares
    yield tables.own_incident, (1 - shares) * tables.background
    yield 0.0, (1 - shares) * (1 - tables.background)


def _log_results(group: _Group, cell: Cell, trouble: float, said: Said | None, tables: Tables, *, held: bool) -> float:
    """A canary refused by moderation says something only when the request was refused too.

    Then perhaps the channel refuses everything.
    """
    cause, logs = cell[0], 0.0
    for (check, result, apart), weight in group.counts.items():
        if result is Result.REFUSED and check in CANARIES:
            if said is Said.MODERATION and check is Check.CANARY:
                logs += weight * math.log(REFUSED_CANARY[cause is Cause.CHANNEL])
            continue
        p = _fails(check, _then(cause, apart=apart, held=held), trouble, tables)
        logs += weight * (math.log1p(-p) if result is Result.PASSED else math.log(p))
        if result in WORDS:
            logs += weight * math.log(tables.said[WORDS[result]][CAUSES.index(cause)])
    for (check, apart), words in group.words.items():
        logs += _log_words(words, _spoken(check, _then(cause, apart=apart, held=held), trouble, tables))
    return logs


def _then(cause: Cause, *, apart: bool, held: bool) -> Cause:
    """What was behind failures at the minute of a finding: a sudden cause may not have held then."""
    return cause if held or not apart else Cause.ONE_OFF


def _log_words(words: Mapping[Said, float], expected: Mapping[Said, float]) -> float:
    """Log chance of the words of one speaker, who has habits: Dirichlet-multinomial around what is expected."""
    n = math.fsum(words.values())
    logs = math.lgamma(HABIT_CASES) - math.lgamma(HABIT_CASES + n)
    for word, weight in words.items():
        alpha = HABIT_CASES * expected[word]
        logs += math.lgamma(alpha + weight) - math.lgamma(alpha)
    return logs


def _spoken(check: Check, cause: Cause, trouble: float, tables: Tables) -> dict[Said, float]:
    """Expected words of a failed check: of the trouble at its place, or of what else stops it there."""
    fixed = tables.fails[check][CAUSES.index(cause)].fixed
    met = trouble * (1 - fixed)
    of_trouble = CAUSES.index(cause if cause in PATH_CAUSES else Cause.UPSTREAM)
    harmless = cause in PATH_CAUSES or (check in CANARIES and cause not in SUDDEN)
    of_rest = CAUSES.index(Cause.ONE_OFF if harmless else cause)
    return {word: (met * row[of_trouble] + fixed * row[of_rest]) / (met + fixed) for word, row in tables.said.items()}


WORDS: Mapping[Result, Said] = MappingProxyType({Result.REFUSED: Said.MODERATION, Result.BARRED: Said.ACCOUNT})
"""Results that say their cause, as the reply of the failure itself would."""


def _fails(check: Check, cause: Cause, trouble: float, tables: Tables) -> float:
    """P(a check fails | cause, share failing at its place). Trouble may stop any request, whatever else would."""
    row = tables.fails[check]
    fixed, per_severity = row[CAUSES.index(cause)]
    if check in ELSEWHERE or check in LIGHTER:
        return _clip(1 - (1 - fixed) * (1 - trouble))
    if cause in PATH_CAUSES:
        return _clip(fixed + per_severity * trouble)
    return _clip(1 - (1 - fixed) * (1 - row[CAUSES.index(Cause.UPSTREAM)].per_severity * trouble))


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
    groups: Mapping[tuple[str, bool | None], _Group],
    said: Said | None,
    tables: Tables,
) -> list[float]:
    """P(an option fails | each cell of the posterior, what was found at its place before)."""
    key = (place_of(option.check, option.of), option.shared)
    group = groups.get(key, _Group(*key, {}, {}))
    failed = (option.check, Result.FAILED, False)
    grown = group._replace(counts={**group.counts, failed: group.counts.get(failed, 0.0) + 1.0})
    return [_likelihood(grown, cell, said, tables) / _likelihood(group, cell, said, tables) for cell in now.cells]


def _information(
    now: Posterior,
    option: Option,
    groups: Mapping[tuple[str, bool | None], _Group],
    said: Said | None,
    tables: Tables,
) -> float:
    """Entropy over causes now less its expectation after the option, nats."""
    fails = dict(zip(now.cells, _chances(now, option, groups, said, tables), strict=True))
    p_failed = math.fsum(p * fails[cell] for cell, p in now.cells.items())
    failed = _normalised({cell: p * fails[cell] ** option.weight for cell, p in now.cells.items()})
    passed = _normalised({cell: p * (1 - fails[cell]) ** option.weight for cell, p in now.cells.items()})
    return _entropy(now) - p_failed * _entropy(failed) - (1 - p_failed) * _entropy(passed)


def _entropy(posterior: Posterior) -> float:
    return -math.fsum(p * math.log(p) for p in posterior.p.values() if p > 0)


def _normalised(cells: Mapping[Cell, float]) -> Posterior:
    total = math.fsum(cells.values())
    sums = dict.fromkeys(CAUSES, 0.0)
    for (cause, _), p in cells.items():
        sums[cause] += p / total
    return Posterior(
        {cell: p / total for cell, p in cells.items()}, dict(sorted(sums.items(), key=lambda item: -item[1]))
    )


def _clip(p: float) -> float:
    return min(max(p, 1e-4), 1 - 1e-4)
