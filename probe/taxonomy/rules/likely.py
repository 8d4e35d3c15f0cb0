"""Where nothing but a status or a vague word would decide: the kind that the words of a reply point to, by `lexicon`."""

from collections.abc import Mapping
from types import MappingProxyType

from probe.model import Kind
from probe.taxonomy import lexicon
from probe.taxonomy.rule import By, Rule

LIKELY: Mapping[Kind, Rule] = MappingProxyType(
    {
        kind: Rule(
            f"likely.{kind.value.replace('_', '-')}",
            kind,
            by=By.LIKELY,
            codes=frozenset({f"likely:{kind.value}"}),
            would_decide="a reading of its words",
            note="The sum of all words, where only a status or a vague word would decide.",
        )
        for kind in sorted(lexicon.KINDS)
    }
)
"""The rule of each kind; no reply has its code, `judge` chooses it by the weights of `lexicon`."""

RULES = tuple(LIKELY.values())
