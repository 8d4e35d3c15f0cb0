"""P(findings | a cause and the share failing on its path), with what findings at one place have in common.

Method: `docs/triage.md`. Findings at one place share whatever was wrong there, and one speaker's habits of
speech.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
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
    Cause,
    Check,
    Finding,
    Result,
    Said,
    Tables,
)

Cell = tuple[Cause, float]
"""A cause and the share failing on the path."""

HABIT_CASES = 6.0
"""So many cases the table is worth when one speaker's words are weighed: gateways have favourite phrases."""


HERE, A_LIGHTER_TIER = "", "lighter"
"""Places of checks; every other one is a channel."""


def place_of(check: Check, of: str) -> str:
    """Where a check looks. Findings at one place share whatever was wrong there."""
    return A_LIGHTER_TIER if check in LIGHTER else of if check in ELSEWHERE else HERE


class Group(NamedTuple):
    """Findings that share whatever was wrong at their place: sums of weights by check and result."""

    place: str  # HERE, A_LIGHTER_TIER, or another channel's name
    shared: bool | None
    counts: dict[tuple[Check, Result, bool], float]  # by check, result and `Finding.apart`
    words: dict[tuple[Check, bool], dict[Said, float]]  # in which a check failed, by `Finding.apart` too


def groups(findings: Iterable[Finding]) -> list[Group]:
    found: dict[tuple[str, bool | None], Group] = {}
    for each in findings:
        key = (place_of(each.check, each.of), each.shared)
        group = found.setdefault(key, Group(*key, {}, {}))
        result = (each.check, each.result, each.apart)
        group.counts[result] = group.counts.get(result, 0.0) + each.weight
        if each.result is Result.FAILED and each.said is not None:
            words = group.words.setdefault((each.check, each.apart), {})
            words[each.said] = words.get(each.said, 0.0) + each.weight
    return list(found.values())


def of(group: Group, cell: Cell, said: Said | None, tables: Tables) -> float:
    """P(results of a group | cause, severity), mixed over what nobody knows.

    That is the trouble another place may be in, and whether a sudden cause held at the other minutes.
    """
    sudden = ((True, HELD), (False, 1 - HELD)) if cell[0] in SUDDEN else ((True, 1.0),)
    return math.fsum(
        share * chance * math.exp(_log_results(group, cell, trouble, said, tables, held=held))
        for trouble, share in _troubles(group, cell, tables)
        for held, chance in sudden
    )


def _troubles(group: Group, cell: Cell, tables: Tables) -> Iterator[tuple[float, float]]:
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


def _log_results(group: Group, cell: Cell, trouble: float, said: Said | None, tables: Tables, *, held: bool) -> float:
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


def _clip(p: float) -> float:
    return min(max(p, 1e-4), 1 - 1e-4)
