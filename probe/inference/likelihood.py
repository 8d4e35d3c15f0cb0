"""P(findings at one place | a cause and the share failing on its path): they share what was wrong, and a speaker's habits.

Method: `docs/triage.md`.
"""

import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from probe.inference import groups, habits
from probe.inference.causes import (
    CANARIES,
    CAUSES,
    ELSEWHERE,
    LIGHTER,
    PATH_CAUSES,
    PURSE,
    REFUSED_CANARY,
    REPEATS,
    SHARED,
    SUDDEN,
    UNHEARD,
    Cause,
    Check,
    Clue,
    Result,
    Said,
    Tables,
)

T = TypeVar("T")

Cell = tuple[Cause, float]
"""A cause and the share failing on the path."""

HABIT_CASES = 4.0
"""So many cases the table is worth when one speaker's words are weighed: gateways have favourite phrases."""

PACES = (Clue.AT_ONCE, Clue.LATE)
"""How soon a failure came; it says nothing where a channel has one phrase, since it may answer when its own repeats are over."""

PACE_CASES = 3.0
"""The same for how soon failures come: where a gateway notices differs more than what it says."""

SLOW_WELL = 0.10
"""Share of slow pictures where all is well: slow is later than nine of ten, see `Finding.slow`."""


class Unknown(NamedTuple):
    """What nobody knows of a place, guessed."""

    trouble: float  # share failing there beyond the cause
    blind: bool  # canaries do not meet the trouble
    purse: bool  # the other channel is stopped by the same account


def of(group: groups.Group, cell: Cell, said: Said | None, tables: Tables, *, phrase: Said | None = None) -> float:
    """P(results of a group | cause, severity), mixed over what nobody knows of its place.

    `phrase`: all that the channel ever says, where it is taken to have one phrase for everything.
    """
    return math.fsum(
        chance
        * math.exp(
            _log_results(group, cell, unknown, said, tables)
            + _log_spoken(group, cell, unknown, said, tables, phrase)
            + _log_paced(group, cell, unknown, tables, phrase)
        )
        for unknown, chance in _unknowns(group, cell, tables)
    )


def _unknowns(group: groups.Group, cell: Cell, tables: Tables) -> Iterator[tuple[Unknown, float]]:
    """What may be so at the place of a group, with probabilities that sum to 1."""
    asked = any(check is Check.CANARY for check, _, _ in group.counts)
    blind = tables.blind if asked and cell[0] in PATH_CAUSES else 0.0
    elsewhere = group.place not in {groups.HERE, groups.A_LIGHTER_TIER}
    purse = PURSE[group.purse] if cell[0] is Cause.ACCOUNT and elsewhere else 0.0
    for trouble, share in _troubles(group, cell, tables):
        for is_blind, blindness in ((False, 1 - blind), (True, blind)):
            for is_one, oneness in ((False, 1 - purse), (True, purse)):
                chance = share * blindness * oneness
                if chance:
                    yield Unknown(trouble, is_blind, is_one), chance


def _troubles(group: groups.Group, cell: Cell, tables: Tables) -> Iterator[tuple[float, float]]:
    """(share failing at the group's place beyond the cause, probability).

    Here: the path's own severity. Another place shares that trouble, or is well, or in trouble of its own.
    """
    cause, severity = cell
    if group.place == groups.HERE:
        yield severity, 1.0
        return
    lighter = group.place == groups.A_LIGHTER_TIER
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


def _log_results(group: groups.Group, cell: Cell, unknown: Unknown, said: Said | None, tables: Tables) -> float:
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
        failed, passed = _logs(check, *_met(check, cause, unknown, apart=apart), tables, purse=unknown.purse)
        logs += weight * (passed if result is Result.PASSED else failed)
        if result in WORDS:
            logs += weight * math.log(tables.said[WORDS[result]][CAUSES.index(cause)])
    if group.slow:
        for apart in (False, True):
            late = tables.slow[CAUSES.index(cause)] if unknown.trouble and not apart else SLOW_WELL
            seen = {is_late: weight for (is_apart, is_late), weight in group.slow.items() if is_apart is apart}
            logs += _log_habit(seen, {True: late, False: 1 - late})
    return logs


def _met(check: Check, cause: Cause, unknown: Unknown, *, apart: bool) -> tuple[Cause, float]:
    """(cause, trouble) that a finding met: canaries may be blind to it, and outside the spell there was none.

    A request that is wrong in itself was so before; what a path suffers beside a sudden cause begins at other times.
    """
    if apart and cause in INHERENT:
        return cause, 0.0
    if apart and cause in SUDDEN:
        return Cause.ONE_OFF, unknown.trouble
    if apart or (unknown.blind and check is Check.CANARY):
        return Cause.ONE_OFF, 0.0
    return cause, unknown.trouble


INHERENT = frozenset({Cause.CONTENT, Cause.PARAMETERS})
"""Causes that lie in the request itself."""


def _log_spoken(
    group: groups.Group, cell: Cell, unknown: Unknown, said: Said | None, tables: Tables, phrase: Said | None
) -> float:
    """In which words the checks of a group failed. Another channel may have a phrase of its own for everything."""
    logs = 0.0
    for (check, apart), words in group.words.items():
        cause, trouble = _met(check, cell[0], unknown, apart=apart)
        expected = _words(check, cause, trouble, tables, purse=unknown.purse)
        if group.place not in {groups.HERE, groups.A_LIGHTER_TIER}:
            logs += _log_foreign(words, expected)
        elif phrase is not None:
            logs += habits.log_one_phrase(words, phrase)
        else:
            heard = said if check in REPEATS or cause in PATH_CAUSES or cause in SUDDEN else None
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


def _log_paced(group: groups.Group, cell: Cell, unknown: Unknown, tables: Tables, phrase: Said | None) -> float:
    """How soon the checks of a group failed; it tells no cause where a channel has one phrase for everything."""
    logs = 0.0
    for (check, apart), paces in group.paces.items():
        met = _met(check, cell[0], unknown, apart=apart)
        expected = _paces(check, *met, tables, purse=unknown.purse) if phrase is None else _any_pace(tables)
        cases = {pace: PACE_CASES * share for pace, share in expected.items()}
        logs += habits.log_habit(paces, cases, PACE_CASES)
    return logs


@functools.lru_cache(maxsize=64)
def _any_pace(tables: Tables) -> Mapping[Clue, float]:
    """How soon a request fails, whatever stopped it."""
    return {
        pace: math.fsum(p * share for p, share in zip(tables.prior, tables.clues[pace], strict=True)) for pace in PACES
    }


@functools.lru_cache(maxsize=4096)
def _words(check: Check, cause: Cause, trouble: float, tables: Tables, *, purse: bool) -> Mapping[Said, float]:
    """Expected words of a failed check."""
    return _mixed(check, cause, trouble, tables.said, tables, purse=purse)


@functools.lru_cache(maxsize=4096)
def _paces(check: Check, cause: Cause, trouble: float, tables: Tables, *, purse: bool) -> Mapping[Clue, float]:
    """How soon a failed check is expected to come back."""
    return _mixed(check, cause, trouble, {pace: tables.clues[pace] for pace in PACES}, tables, purse=purse)


def _mixed(
    check: Check, cause: Cause, trouble: float, rows: Mapping[T, Sequence[float]], tables: Tables, *, purse: bool
) -> dict[T, float]:
    """Of the trouble at the place of a check, or of what else stops it there."""
    fixed = _fixed(check, cause, tables, purse=purse)
    met = trouble * (1 - fixed)
    of_trouble = CAUSES.index(cause if cause in PATH_CAUSES else Cause.UPSTREAM)
    harmless = cause in PATH_CAUSES or (check in CANARIES and cause not in SUDDEN)
    of_rest = CAUSES.index(Cause.ONE_OFF if harmless else cause)
    return {each: (met * row[of_trouble] + fixed * row[of_rest]) / (met + fixed) for each, row in rows.items()}


def _fixed(check: Check, cause: Cause, tables: Tables, *, purse: bool) -> float:
    """P(a check fails for the cause itself); an account that pays for the other channel too stops it as well."""
    stopped = Check.CANARY if purse and cause is Cause.ACCOUNT else check
    return tables.fails[stopped][CAUSES.index(cause)].fixed


WORDS: Mapping[Result, Said] = MappingProxyType({Result.REFUSED: Said.MODERATION, Result.BARRED: Said.ACCOUNT})
"""Results that say their cause, as the reply of the failure itself would."""


@functools.lru_cache(maxsize=4096)
def _logs(check: Check, cause: Cause, trouble: float, tables: Tables, *, purse: bool) -> tuple[float, float]:
    """Log P(a check fails | cause, share failing at its place), and log P(it passes)."""
    p = _clip(_fails(check, cause, trouble, tables, purse=purse))
    return math.log(p), math.log1p(-p)


def _fails(check: Check, cause: Cause, trouble: float, tables: Tables, *, purse: bool) -> float:
    """Trouble may stop any request, whatever else would."""
    row, fixed = tables.fails[check], _fixed(check, cause, tables, purse=purse)
    if check in ELSEWHERE or check in LIGHTER:
        return 1 - (1 - fixed) * (1 - trouble)
    if cause in PATH_CAUSES:
        return fixed + row[CAUSES.index(cause)].per_severity * trouble
    return 1 - (1 - fixed) * (1 - row[CAUSES.index(Cause.UPSTREAM)].per_severity * trouble)


def _clip(p: float) -> float:
    return min(max(p, 1e-4), 1 - 1e-4)
