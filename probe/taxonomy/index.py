"""Which rules are worth asking: an inverted index from keywords, codes and statuses to rules, so that cost does not grow with their number."""

import collections
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from probe.taxonomy import facts
from probe.taxonomy.facts import Facts, Voice
from probe.taxonomy.rule import Rule


class Index:
    """Rules in a fixed order, and for each phrase, code or status the rules it makes worth asking.

    A phrase is looked for only where its rarest word stands in the text.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules
        self.always: list[int] = []
        self.by_code: dict[str, list[int]] = {}
        self.by_status: dict[int, list[int]] = {}
        by_phrase: dict[str, list[int]] = {}
        for at, rule in enumerate(rules):
            if rule.codes:
                self._file(self.by_code, rule.codes, at)
            elif rule.any:
                self._file(by_phrase, frozenset(rule.any), at)
            elif rule.statuses:
                self._file(self.by_status, rule.statuses, at)
            else:
                self.always.append(at)
        self.by_word: dict[str, tuple[list[int], list[tuple[str, list[int]]]]] = {}
        """Word -> the rules of phrases that are the word itself, and the phrases of which it is a part, with their rules."""
        spread = collections.Counter(word for phrase in by_phrase for word in facts.words_of(facts.fold(phrase)))
        for phrase, positions in by_phrase.items():
            for word in _keywords(phrase, spread):
                whole, within = self.by_word.setdefault(word, ([], []))
                if phrase in word:
                    whole.extend(positions)
                else:
                    within.append((phrase, positions))
        self.words = frozenset(self.by_word)
        self.codes = frozenset(self.by_code)

    @staticmethod
    def _file(shelf: dict[Any, list[int]], keys: Iterable[Any], at: int) -> None:
        for key in keys:
            shelf.setdefault(key, []).append(at)

    def candidates(self, told: Facts, voice: Voice) -> list[Rule]:
        """The rules worth asking about one voice, in order."""
        words = voice.words
        found = set(self.always)
        if words:
            for word in self.words & voice.tokens:
                whole, within = self.by_word[word]
                found.update(whole)
                for phrase, positions in within:
                    if phrase in words:
                        found.update(positions)
        if not self.codes.isdisjoint(voice.codes):
            for code in self.codes & voice.codes:
                found.update(self.by_code[code])
        if self.by_status and told.status in self.by_status:
            found.update(self.by_status[told.status])
        return [self.rules[at] for at in sorted(found)] if found else []


WHOLE_WORD = 5
"""Letters from which on a last word is taken as a whole one, or as a stem with one of the endings."""
_ENDINGS = ("", "s")


def _keywords(phrase: str, spread: Mapping[str, int]) -> tuple[str, ...]:
    """The word of a phrase that the fewest phrases share, and its forms: `content filter` also stands in `content filters`, `violat` in `violating`.

    A short last word is never it, unless a number: `requests per min` also stands in `requests per minute`.
    """
    words = facts.words_of(facts.fold(phrase))
    longest = max(words, key=len)
    last = words[-1:] if words[-1].isdecimal() or len(words[-1]) >= WHOLE_WORD else []
    word = min({longest, *words[:-1], *last}, key=lambda each: (spread[each], -len(each), each))
    return tuple(word + ending for ending in _ENDINGS) if word.isascii() else (word,)
