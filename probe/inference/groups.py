"""Findings summed by place, and by whether they fell within the spell in which the cause was at work."""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from probe.inference.causes import ELSEWHERE, LIGHTER, Check, Clue, Finding, Result, Said

HERE, A_LIGHTER_TIER = "", "lighter"
"""Places of checks; every other one is a channel."""


def place_of(check: Check, of: str) -> str:
    """Where a check looks. Findings at one place share whatever was wrong there."""
    return A_LIGHTER_TIER if check in LIGHTER else of if check in ELSEWHERE else HERE


class Group(NamedTuple):
    """Findings that share whatever was wrong at their place: sums of weights by check and result."""

    place: str  # HERE, A_LIGHTER_TIER, or another channel's name
    shared: bool | None
    counts: dict[tuple[Check, Result, bool], float]  # by check, result and whether outside the spell
    words: dict[tuple[Check, bool], dict[Said, float]]  # in which a check failed, by the same
    slow: dict[tuple[bool, bool], float]  # pictures that came, by whether outside the spell, and late
    paces: dict[tuple[Check, bool], dict[Clue, float]]  # failures, by whether they came at once
    purse: bool | None  # whether that channel is paid from the same purse


class Spell(NamedTuple):
    """How long the cause had been at work when the request failed, and how long it went on: minutes."""

    before: float
    after: float

    def holds(self, minutes: float | None) -> bool:
        return minutes is None or -self.before <= minutes <= self.after


BEFORE, AFTER = (15.0, 45.0, 120.0, math.inf), (20.0, math.inf)
"""Ages and rests of a spell that are told apart, minutes."""

SPELL_MINUTES = 90.0
"""Mean age of a spell in which a request failed, and of what is left of it; exponential."""


def spells(findings: Sequence[Finding]) -> Iterator[tuple[list[Group], float]]:
    """The findings grouped by each spell that they can tell apart, with probabilities that sum to 1.

    Groups that two spells have in common are one object.
    """
    at_places = placed(findings)
    sent = [each.minutes for each in findings if each.minutes is not None]
    known: dict[tuple[Place, tuple[bool, ...]], Group] = {}
    for before, begun in _lengths(BEFORE, [-minutes for minutes in sent]):
        for after, ended in _lengths(AFTER, sent):
            spell = Spell(before, after)
            grouped = []
            for place, there in at_places.items():
                seen = (place, tuple(spell.holds(each.minutes) for each in there))
                if seen not in known:
                    known[seen] = group_of(place, there, spell)
                grouped.append(known[seen])
            yield grouped, begun * ended


def _lengths(edges: Sequence[float], sent: Sequence[float]) -> Iterator[tuple[float, float]]:
    """(length, probability); lengths between which nothing was sent are one."""
    last, share = 0.0, 0.0
    for edge, following in itertools.pairwise((*edges, math.inf)):
        share += math.exp(-last / SPELL_MINUTES) - math.exp(-edge / SPELL_MINUTES)
        last = edge
        if edge == math.inf or any(edge < minutes <= following for minutes in sent):
            yield edge, share
            share = 0.0


Place = tuple[str, bool | None]
"""Where findings were made, and whether it shares the upstream or the pixels."""


def placed(findings: Iterable[Finding]) -> dict[Place, list[Finding]]:
    """Findings by place."""
    found: dict[Place, list[Finding]] = {}
    for each in findings:
        found.setdefault((place_of(each.check, each.of), each.shared), []).append(each)
    return found


def group_of(place: Place, findings: Sequence[Finding], spell: Spell) -> Group:
    """Sums over what was found at one place."""
    group = Group(*place, {}, {}, {}, {}, findings[0].purse)
    for each in findings:
        apart = not spell.holds(each.minutes)
        result = (each.check, each.result, apart)
        group.counts[result] = group.counts.get(result, 0.0) + each.weight
        if each.result is Result.FAILED and each.said is not None:
            words = group.words.setdefault((each.check, apart), {})
            words[each.said] = words.get(each.said, 0.0) + each.weight
        if each.result is Result.FAILED and each.pace is not None:
            paces = group.paces.setdefault((each.check, apart), {})
            paces[each.pace] = paces.get(each.pace, 0.0) + each.weight
        if each.result is Result.PASSED and each.slow is not None:
            group.slow[apart, each.slow] = group.slow.get((apart, each.slow), 0.0) + each.weight
    return group


def by_place(findings: Iterable[Finding]) -> dict[Place, Group]:
    """The groups as if the spell had lasted all the time."""
    always = Spell(math.inf, math.inf)
    return {place: group_of(place, there, always) for place, there in placed(findings).items()}


def at_once(findings: Iterable[Finding]) -> list[Group]:
    """The groups where the spell was over before anything else was sent."""
    moment = Spell(-math.inf, -math.inf)
    return [group_of(place, there, moment) for place, there in placed(findings).items()]
