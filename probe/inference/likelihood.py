"""P(findings | a cause and the share failing on its path), with what findings at one place have in common.

Method: `docs/triage.md`. Findings at one place share whatever was wrong there, and one speaker's habits of
speech.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from probe.inference import habits
from probe.inference.causes import (
    CANARIES,
    CAUSES,
    ELSEWHERE,
    HELD,
    LIGHTER,
    PATH_CAUSES,
    REFUSED_CANARY,
    REPEATS,
    SHARED,
    SUDDEN,
    UNHEARD,
    Cause,
    Check,
    Finding,
    Result,
    Said,
    Tables,
)

T = TypeVar("T")

Cell = tuple[Cause, float]
"""A cause and the share failing on the path."""

HABIT_CASES = 6.0
"""So many cases the table is worth when one speaker's words are weighed: gateways have favourite phrases."""

SLOW_WELL = 0.10
"""Share of slow pictures where all is well: slow is later than nine of ten, see `Finding.slow`."""

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
    slow: dict[bool, float]  # pictures that came, by whether they came late


class Unknown(NamedTuple):
    """What nobody knows of a place, guessed."""

    trouble: float  # share failing there beyond the cause
    held: bool  # a sudden cause held at the other minutes too
    blind: bool  # canaries do not meet the trouble


def groups(findings: Iterable[Finding]) -> list[Group]:
    found: dict[tuple[str, bool | None], Group] = {}
    for each in findings:
        key = (place_of(each.check, each.of), each.shared)
        group = found.setdefault(key, Group(*key, {}, {}, {}))
        result = (each.check, each.result, each.apart)
        group.counts[result] = group.counts.get(result, 0.0) + each.weight
        if each.result is Result.FAILED and each.said is not None:
            words = group.words.setdefault((each.check, each.apart), {})
            words[each.said] = words.get(each.said, 0.0) + each.weight
        if each.result is Result.PASSED and each.slow is not None:
            group.slow[each.slow] = group.slow.get(each.slow, 0.0) + each.weight
    return list(found.values())


def of(group: Group, cell: Cell, said: Said | None, tables: Tables, *, phrase: Said | None = None) -> float:
    """P(results of a group | cause, severity), mixed over what nobody knows of its place.

    `phrase`: all that the channel ever says, where it is taken to have one phrase for everything.
    """
    return math.fsum(
        chance
        * math.exp(
            _log_results(group, cell, unknown, said, tables) + _log_spoken(group, cell, unknown, said, tables, phrase)
        )
        for unknown, chance in _unknowns(group, cell, tables)
    )


def _unknowns(group: Group, cell: Cell, tables: Tables) -> Iterator[tuple[Unknown, float]]:
    """What may be so at the place of a group, with probabilities that sum to 1."""
    asked = any(check is Check.CANARY for check, _, _ in group.counts)
    blind = tables.blind if asked and cell[0] in PATH_CAUSES else 0.0
    held = HELD if cell[0] in SUDDEN else 1.0
    for trouble, share in _troubles(group, cell, tables):
        for is_held, is_blind in ((True, False), (False, False), (True, True), (False, True)):
            chance = share * (held if is_held else 1 - held) * (blind if is_blind else 1 - blind)
            if chance:
                yield Unknown(trouble, is_held, is_blind), chance


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
    if lighter and group.shared:
        yield severity, SHARED[True]
        yield 0.0, 1 - SHARED[True]
        return
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


def _log_results(group: Group, cell: Cell, unknown: Unknown, said: Said | None, tables: Tables) -> float:
    """What passed and failed, and how late pictures came.

    A canary refused by moderation says something only when the request was refused too: then perhaps the
    channel refuses everything.
    """
    cause, logs = cell[0], 0.0
    for (check, result, apart), weight in group.counts.items():
        if result is Result.REFUSED and check in CANARIES:
            if said is Said.MODERATION and check is Check.CANARY:
                logs += weight * math.log(REFUSED_CANARY[cause is Cause.CHANNEL])
            continue
        p = _fails(check, *_met(check, cause, unknown, apart=apart), tables)
        logs += weight * (math.log1p(-p) if result is Result.PASSED else math.log(p))
        if result in WORDS:
            logs += weight * math.log(tables.said[WORDS[result]][CAUSES.index(cause)])
    late = tables.slow[CAUSES.index(cause)] if unknown.trouble else SLOW_WELL
    return logs + _log_habit(group.slow, {True: late, False: 1 - late})


def _met(check: Check, cause: Cause, unknown: Unknown, *, apart: bool) -> tuple[Cause, float]:
    """(cause, trouble) that a finding met: canaries may be blind to it, a sudden cause may not have held then."""
    if unknown.blind and check is Check.CANARY:
        return Cause.ONE_OFF, 0.0
    return cause if unknown.held or not apart else Cause.ONE_OFF, unknown.trouble


def _log_spoken(
    group: Group, cell: Cell, unknown: Unknown, said: Said | None, tables: Tables, phrase: Said | None
) -> float:
    """In which words the checks of a group failed. Another channel may have a phrase of its own for everything."""
    logs = 0.0
    for (check, apart), words in group.words.items():
        cause, trouble = _met(check, cell[0], unknown, apart=apart)
        expected = _spoken(check, cause, trouble, tables)
        if group.place not in {HERE, A_LIGHTER_TIER}:
            logs += _log_foreign(words, expected)
        elif phrase is not None:
            logs += habits.log_one_phrase(words, phrase)
        else:
            heard = said if check in REPEATS or cause in PATH_CAUSES else None
            logs += _log_habit(words, expected, heard)
    return logs


def _log_foreign(words: Mapping[Said, float], expected: Mapping[Said, float]) -> float:
    """Words of another channel, of which nothing else was heard."""
    phrase = max(words, key=lambda word: words[word])
    one = UNHEARD[phrase]
    plain = math.log1p(-one) + _log_habit(words, expected)
    alike = math.log(one) + habits.log_one_phrase(words, phrase)
    return max(plain, alike) + math.log1p(math.exp(-abs(plain - alike)))


def _log_habit(words: Mapping[T, float], expected: Mapping[T, float], heard: T | None = None) -> float:
    """Log chance of what one speaker said, beside what is expected of the cause.

    `heard`: what the same speaker said before of the same cause; it will sooner say so again.
    """
    if not words:
        return 0.0
    before = float(heard is not None)
    cases = {word: HABIT_CASES * expected[word] + (word == heard) for word in words}
    return habits.log_habit(words, cases, HABIT_CASES + before)


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
