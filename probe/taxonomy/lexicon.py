"""The last reader of words: where only a bare status or a vague word would decide, which kind the words of a reply point to.

A linear classifier over word stems (naive Bayes with strong shrinkage). Its table, `lexicon.tsv`, is made by
`bench/taxonomy_lexicon.py` from labelled replies and holds single stems with their weights.
"""

import functools
import pathlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from probe.model import Kind
from probe.taxonomy.facts import Voice

WORDS_LIMIT = 1_500
"""Characters read of one speaker."""
MARGIN = 3.0
"""By how much another kind must outweigh the one that the status or the vague word stands for, in nats."""
ENOUGH = 1.2
"""Evidence that a kind must have of its own, in nats: unknown stays unknown where words say little."""
AT_LEAST = 2
"""Known stems without which nothing is read: a single word is no sentence."""
DECIDING = 4
"""Stems that a verdict names."""
PRIOR = "*"
"""The row of the table that holds for every reply."""
KINDS = frozenset(Kind) - {Kind.OK, Kind.DEGRADED_IMAGE, Kind.UNKNOWN}
"""What words can point to: pictures are looked at, and unknown is where nothing points."""

_WORD = re.compile(r"[a-z]{2,22}|[\u3400-\u9fff]+")
_ENDINGS = ("ations", "ation", "ating", "ated", "ings", "ing", "ied", "ies", "ed", "es", "s", "ly", "e", "y")
_STEM = 4
"""Letters that are left of a word at least."""
_TURNING = frozenset(("not", "no", "cannot", "without", "invalid", "fail", "unabl"))
"""Stems that turn the meaning of the next one: the pair is read too."""
_LITTLE = frozenset(
    (
        "the", "an", "of", "to", "is", "in", "for", "and", "or", "on", "at", "with", "by", "it", "this",
        "that", "be", "was", "from", "as", "are", "you", "your", "we", "our", "http", "https", "com", "www", "error",
    )
)  # fmt: skip
"""Words and parts of addresses that tell nothing."""

Table = Mapping[str, Mapping[Kind, float]]
"""Stem -> evidence for each kind."""


class Reading(NamedTuple):
    """The kind that words point to, and the stems that speak for it against the default, strongest first."""

    kind: Kind
    stems: tuple[str, ...]


def read(voices: Sequence[Voice], default: Kind, weights: Table | None = None) -> Reading | None:
    """Whether the words outweigh the default kind; None where they do not, or say too little."""
    known = table() if weights is None else weights
    found = sorted(stem for stem in stems(voice.words for voice in voices) if stem in known)
    if len(found) < AT_LEAST:
        return None
    weight = dict(known[PRIOR])
    for stem in found:
        for kind, value in known[stem].items():
            weight[kind] += value
    best = max(weight, key=weight.__getitem__)
    if weight[best] - known[PRIOR][best] < ENOUGH or best == default:
        return None
    if default in weight and weight[best] - weight[default] < MARGIN:
        return None
    gain = {stem: known[stem].get(best, 0.0) - known[stem].get(default, 0.0) for stem in found}
    spoke = [stem for stem in sorted(gain, key=lambda stem: -gain[stem]) if gain[stem] > 0.0]
    return Reading(best, tuple(spoke[:DECIDING]))


def stems(said: Iterator[str]) -> set[str]:
    """Stems of folded words, every two neighbouring characters of Chinese, and what follows a negation with it."""
    found: set[str] = set()
    for words in said:
        before = ""
        for word in _WORD.findall(words[:WORDS_LIMIT]):
            if not word.isascii():
                found.update(word[at : at + 2] for at in range(len(word) - 1))
                before = ""
                continue
            stem = _stem(word)
            if stem not in _LITTLE:
                found.add(stem)
            if before in _TURNING:
                found.add(f"{before}+{stem}")
            before = stem
    return found


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM:
            return word[: -len(ending)]
    return word


@functools.cache
def table() -> Table:
    """Stem -> evidence for each kind, in nats; read once."""
    lines = pathlib.Path(__file__).with_name("lexicon.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return {row[0]: {Kind(kind): float(value) for kind, value in (cell.split("=") for cell in row[1:])} for row in rows}
