"""Which rules are worth asking: an inverted index from keywords and codes to rules, so that cost does not grow with their number."""

from collections.abc import Iterator, Sequence

from probe.taxonomy import facts
from probe.taxonomy.facts import Facts, Voice
from probe.taxonomy.rule import By, Rule


class Index:
    """Rules by rank, and for each rank the keywords that make one of them worth asking."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.ranks = {by: _Rank([rule for rule in rules if rule.by is by]) for by in By}

    def holding(self, told: Facts, voice: Voice, by: By) -> Iterator[Rule]:
        """Rules of one rank that hold for one voice, in the order of the table."""
        for rule in self.ranks[by].candidates(voice):
            if rule.applies(told, voice):
                yield rule


class _Rank:
    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self.always = frozenset(at for at, rule in enumerate(rules) if not rule.any and not rule.codes)
        self.by_word: dict[str, set[int]] = {}
        self.by_code: dict[str, set[int]] = {}
        for at, rule in enumerate(rules):
            if rule.codes:
                for code in rule.codes:
                    self.by_code.setdefault(code, set()).add(at)
            else:
                for phrase in rule.any:
                    self.by_word.setdefault(_keyword(phrase), set()).add(at)
        self.words = frozenset(self.by_word)
        self.codes = frozenset(self.by_code)

    def candidates(self, voice: Voice) -> Iterator[Rule]:
        found = set(self.always)
        for word in self.words & voice.tokens:
            found |= self.by_word[word]
        for code in self.codes & voice.codes:
            found |= self.by_code[code]
        return (self.rules[at] for at in sorted(found))


def _keyword(phrase: str) -> str:
    """The longest whole word of a phrase: the text must have it for the phrase to be there."""
    return max(sorted(facts.tokens_of(facts.fold(phrase))), key=len)
