"""Make the table of `probe/taxonomy/lexicon.py` from labelled replies, or say what it is worth on replies it was not made from.

    python bench/taxonomy_lexicon.py LABELLED... > probe/taxonomy/lexicon.tsv
    python bench/taxonomy_lexicon.py --hold-out LABELLED...

Each file has one JSON object a line, as for `bench/taxonomy.py`: what the classify door takes, and the label `class`. The
recorded replies of `tests/replies/` are always read too. --hold-out makes a table without each file in turn and counts
that file's replies which no rule decides for certain: right by default, right with the table.
"""

import argparse
import collections
import json
import math
import pathlib
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from probe import model, taxonomy
from probe.model import Kind
from probe.taxonomy import facts, lexicon, rules

GIVEN = ("status", "headers", "body", "exception", "elapsed_s", "request", "observed")
RECORDED = pathlib.Path(__file__).resolve().parent.parent / "tests" / "replies"
SIZE = 400
"""Stems kept: those that are both frequent and telling."""
AT_LEAST = 3
"""Replies in which a stem must stand."""
SHRINKAGE = 5.0
"""Replies at the overall rate of a stem that are added to each kind: rare stems say little."""
SCALE = 0.4
"""Stems of one sentence are not independent: their evidence is counted for less."""
PRIOR_SCALE = 0.5
LEAST = 0.25
"""Smaller weights are left out of the table."""


class Sample(NamedTuple):
    """A labelled reply as the lexicon sees it."""

    kind: str
    accepted: frozenset[str]
    stems: frozenset[str]
    given: Mapping[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labelled", type=pathlib.Path, nargs="*")
    parser.add_argument("--hold-out", action="store_true")
    args = parser.parse_args()

    recorded = [sample for path in sorted(RECORDED.glob("*.jsonl")) for sample in read(path)]
    files = {path.name: read(path) for path in args.labelled}
    if args.hold_out:
        for name, held in files.items():
            others = [sample for other, samples in files.items() if other != name for sample in samples]
            report(name, held, make(recorded + others))
        return 0
    samples = recorded + [sample for samples in files.values() for sample in samples]
    print(
        f"# Stems and their evidence in nats for each kind; made by bench/taxonomy_lexicon.py from {len(samples)} labelled replies."
    )
    for stem, weights in make(samples).items():
        print(stem, *(f"{kind}={value:.2f}" for kind, value in weights.items()), sep="\t")
    return 0


def read(path: pathlib.Path) -> list[Sample]:
    """Labelled replies, or recorded ones of the product's own tests."""
    samples = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if "evidence" in row:
            continue  # what only our own client can know: no words
        given = row["reply"] if "reply" in row else {key: row[key] for key in GIVEN if key in row}
        told = facts.prepare(taxonomy.evidence_of(given))
        stems = frozenset(lexicon.stems(voice.words for voice in told.voices))
        label = str(row["class"] if "class" in row else row["kind"])
        samples.append(Sample(label, frozenset({label, *row.get("alt", ())}), stems, given))
    return samples


def make(samples: Sequence[Sample]) -> dict[str, dict[str, float]]:
    """Stem -> kind -> log of how much more often the stem stands in replies of the kind than in others, shrunk and scaled."""
    replies = collections.Counter(sample.kind for sample in samples)
    stands = collections.Counter(stem for sample in samples for stem in sample.stems)
    within: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for sample in samples:
        within[sample.kind].update(sample.stems)
    kinds = sorted(kind.value for kind in lexicon.KINDS if replies[kind.value])
    table: dict[str, dict[str, float]] = {}
    for stem, count in stands.items():
        if count < AT_LEAST:
            continue
        extra = SHRINKAGE * (count + 0.5) / (len(samples) + 1)
        table[stem] = {
            kind: SCALE
            * math.log(
                (within[kind][stem] + extra)
                / (replies[kind] + SHRINKAGE)
                / ((count - within[kind][stem] + extra) / (len(samples) - replies[kind] + SHRINKAGE))
            )
            for kind in kinds
        }
    kept = sorted(table, key=lambda stem: -math.sqrt(stands[stem]) * max(map(abs, table[stem].values())))[:SIZE]
    prior = {kind: PRIOR_SCALE * math.log((replies[kind] + 1) / len(samples)) for kind in kinds}
    telling = {
        stem: {kind: value for kind, value in table[stem].items() if abs(value) >= LEAST} for stem in sorted(kept)
    }
    return {lexicon.PRIOR: prior, **telling}


def report(name: str, held: Iterable[Sample], made: Mapping[str, Mapping[str, float]]) -> None:
    """What a table made without these replies does to them."""
    table = {stem: {Kind(kind): value for kind, value in weights.items()} for stem, weights in made.items()}
    doubtful = by_default = by_table = 0
    for sample in held:
        evidence = taxonomy.evidence_of(sample.given)
        default = default_of(taxonomy.judge(evidence))
        if default is None:
            continue
        reading = lexicon.read(facts.prepare(evidence).voices, default, table)
        doubtful += 1
        by_default += default.value in sample.accepted
        by_table += (reading.kind if reading else default).value in sample.accepted
    print(
        f"{name}: {doubtful} replies without a certain rule, {by_default} right by default, {by_table} with the table"
    )


def default_of(verdict: model.Verdict) -> Kind | None:
    """The kind that only a status or a vague word stands for; None where a rule is surer."""
    overruled = verdict.rule in {rule.name for rule in rules.LIKELY.values()}
    rule = taxonomy.rule_named((overruled and verdict.runner_up) or verdict.rule)
    return rule.kind if rule is not None and rule.name in rules.DEFAULTS else None


if __name__ == "__main__":
    sys.exit(main())
