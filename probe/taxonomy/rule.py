"""What a rule is, and when it applies: one frozen row of the table of rules."""

import dataclasses
import enum
import re
from typing import TYPE_CHECKING

from probe.model import Action, Billed, Confidence, Kind, Party, Stage
from probe.taxonomy import conditions

if TYPE_CHECKING:
    from collections.abc import Callable

    from probe.taxonomy.facts import Facts, Voice


class By(enum.IntEnum):
    """Which evidence a rule goes by, strongest first.

    Words and codes are asked of every speaker, the innermost first; hints (vague words) only when no
    speaker said anything clearer; the rest is asked of the reply as a whole.
    """

    FAULT = 0  # what our own client saw on the wire
    WORDS = 1
    CODE = 2
    HINT = 3
    PICTURE = 4
    TIME = 5
    LIKELY = 6  # the sum of all words, where one of the next two would decide
    STATUS = 7
    TYPE = 8


CONFIDENCE: dict[By, Confidence] = {
    By.FAULT: "high",
    By.WORDS: "high",
    By.CODE: "high",
    By.HINT: "medium",
    By.PICTURE: "high",
    By.TIME: "medium",
    By.LIKELY: "low",
    By.STATUS: "low",
    By.TYPE: "low",
}
"""How sure a verdict is, unless its rule says otherwise."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """One row: what must hold, and what it then means. Fields left at None come from the kind's defaults.

    `any` and `every` are phrases of whole words, matched without regard to case; `codes` are compared
    with a speaker's codes, types and status words, and with underscored words in its text. Everything
    given must hold.
    """

    name: str
    kind: Kind
    detail: str = ""
    by: By = By.WORDS
    any: tuple[str, ...] = ()
    every: tuple[str, ...] = ()
    without: tuple[str, ...] = ()  # none of these phrases
    pattern: str | None = None  # regular expression on the lower-case words; tried after the phrases
    ignore_case: bool = False  # the pattern may hold capitals
    codes: frozenset[str] = frozenset()
    statuses: frozenset[int] = frozenset()
    when: tuple[str, ...] = ()  # names of conditions in `conditions.CONDITIONS`
    stage: Stage | None = None
    party: Party | None = None
    retryable: bool | None = None
    action: Action | None = None
    billed: Billed | None = None
    confidence: Confidence | None = None
    would_decide: str = ""
    note: str = ""
    compiled: re.Pattern[str] | None = dataclasses.field(default=None, init=False, repr=False, compare=False)
    open_ended: bool = dataclasses.field(default=False, init=False, repr=False, compare=False)
    """Nothing is left to ask once the index has found a phrase, a code or a status."""
    conditions: "tuple[Callable[[Facts, Voice], bool], ...]" = dataclasses.field(
        default=(), init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if self.pattern is not None:
            object.__setattr__(self, "compiled", re.compile(self.pattern, re.IGNORECASE if self.ignore_case else 0))
        object.__setattr__(self, "conditions", tuple(conditions.CONDITIONS[name].holds for name in self.when))

        narrowing = (self.every, self.without, self.pattern, self.when, self.codes and self.any)
        statuses_too = self.statuses and (self.any or self.codes)
        object.__setattr__(self, "open_ended", not any(narrowing) and not statuses_too)

    def applies(self, told: "Facts", voice: "Voice") -> bool:
        """Does this rule hold for what this speaker said?"""
        if self.codes and not (self.codes & voice.codes):
            return False
        if self.any and not self.codes and not _one_of(self.any, voice.words):
            return False
        return self.narrows(told, voice)

    def narrows(self, told: "Facts", voice: "Voice") -> bool:
        """The rest of `applies`, where the index has found a code, or else a phrase. Cheap questions first."""
        words = voice.words
        return not (
            (self.statuses and told.status not in self.statuses)
            or (self.codes and self.any and not _one_of(self.any, words))
            or (self.every and not all(phrase in words for phrase in self.every))
            or (self.without and _one_of(self.without, words))
            or (self.conditions and not _all_hold(self.conditions, told, voice))
            or (self.compiled is not None and not self.compiled.search(words))
        )


SUCCESS = frozenset(range(200, 300))
REDIRECT = frozenset(range(300, 400))
CLIENT_ERROR = frozenset(range(400, 500))
SERVER_ERROR = frozenset(range(500, 600))


def codes(words: str) -> frozenset[str]:
    """A set of codes written as one line."""
    return frozenset(words.split())


def _all_hold(questions: "tuple[Callable[[Facts, Voice], bool], ...]", told: "Facts", voice: "Voice") -> bool:
    for holds in questions:  # noqa: SIM110 - as in `_one_of`
        if not holds(told, voice):
            return False
    return True


def _one_of(phrases: tuple[str, ...], words: str) -> bool:
    for phrase in phrases:  # noqa: SIM110 - any() over a generator takes twice as long, and this is the hot loop
        if phrase in words:
            return True
    return False
