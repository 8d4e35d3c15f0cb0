"""Which rules are worth asking: an inverted index from keywords, codes and statuses to rules, so that cost does not grow with their number."""

import collections
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from probe.taxonomy import facts
from probe.taxonomy.facts import Facts, Voice
from probe.taxonomy.rule import Rule


class Index:
    """Rules in a fixed order, and for each phrase, code or status the rules it makes worth asking.

    A phrase is looked for only where its rarest word stands in the text. The rules come in two groups,
    since the second of one voice may have to wait for the first of another.
    """

    def __init__(self, first: Sequence[Rule], second: Sequence[Rule]) -> None:
        rules = self.rules = (*first, *second)
        self.border = len(first)
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
        self.by_word: dict[str, list[tuple[str, list[int]]]] = {}
        spread = collections.Counter(word for phrase in by_phrase for word in facts.words_of(facts.fold(phrase)))
        for phrase, positions in by_phrase.items():
            for word in _keywords(phrase, spread):
                self.by_word.setdefault(word, []).append((phrase, positions))
        self.words = frozenset(self.by_word)
        self.codes = frozenset(self.by_code)

    @staticmethod
    def _file(shelf: dict[Any, list[int]], keys: Iterable[Any], at: int) -> None:
        for key in keys:
            shelf.setdefault(key, []).append(at)

    def candidates(self, told: Facts, voice: Voice) -> tuple[list[Rule], list[Rule]]:
        """The rules worth asking about one voice, in order: those of the first group, and of the second."""
        words = voice.words
        found = set(self.always)
        for word in self.words & voice.tokens:
            for phrase, positions in self.by_word[word]:
                if phrase in words:
                    found.update(positions)
        for code in self.codes & voice.codes:
            found.update(self.by_code[code])
        if told.status is not None and self.by_status:
            found.update(self.by_status.get(told.status, ()))
        first: list[Rule] = []
        second: list[Rule] = []
        for at in sorted(found):
            (first if at < self.border else second).append(self.rules[at])
        return first, second


def _keywords(phrase: str, spread: Mapping[str, int]) -> tuple[str, ...]:
    """The word of a phrase that the fewest phrases share, and its plural: `content filter` also stands in `content filters`.

    A short last word is never it: `requests per min` also stands in `requests per minute`.
    """
    words = facts.words_of(facts.fold(phrase))
    longest = max(words, key=len)
    word = min({longest, *words[:-1]}, key=lambda each: (spread[each], -len(each), each))
    return (word, word + "s") if word.isascii() else (word,)
