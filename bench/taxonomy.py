"""How right the classifier is on labelled replies, what its decisions cost, and how fast it is.

    python bench/taxonomy.py CORPUS [--useless-usd 0.05] [--missed-usd 0.10] [--doubled-usd 0.40] [--blamed-usd 2.00]

CORPUS has one JSON object a line: status, headers, body, exception, elapsed_s, request, observed (any may be
absent), and the labels class, alt, party, retryable, action. Exit 1 where classifying takes more than 40 times as
long as `json.loads` of the same replies, or where time grows faster than the body.
"""

import argparse
import collections
import dataclasses
import itertools
import json
import pathlib
import sys
import time
import timeit
from collections.abc import Callable, Sequence
from typing import Any

from probe import model, taxonomy

GIVEN = ("status", "headers", "body", "exception", "elapsed_s", "request", "observed")
ROUNDS = 30
MAX_RATIO = 40.0
SIZES = (125_000, 250_000, 500_000, 1_000_000)
MAX_GROWTH = 3.0
"""A doubled body may take so many times as long: twice, and some noise."""
MAYBE_BILLED = frozenset({"ok", "timeout", "network", "degraded_image", "malformed_response"})
"""Labels after which the picture may have been drawn and charged."""
INPUT_BLAMED = frozenset({"rewrite_prompt", "fix_parameters", "downscale"})
HOSTILE: dict[str, Callable[[int], str]] = {
    "open braces": lambda size: "{" * size,
    "messages in messages": lambda size: '{"error":{"message":"' * (size // 21),
    "escaped quotes": lambda size: '{\\"error\\":' * (size // 11),
    "unclosed tags": lambda size: "<html>" + "<p " * (size // 3),
    "events": lambda size: "data: {\n\n" * (size // 9),
    "keywords": lambda size: "insufficient quota limit exceeded " * (size // 34),
    "ids": lambda size: "request id: " * (size // 12),
    "Chinese": lambda size: "额度" * (size // 2),
    "base64": lambda size: '{"data":[{"b64_json":"' + "A" * size,
}


@dataclasses.dataclass(frozen=True)
class Row:
    """One labelled reply: what is given, and what people said of it."""

    name: str
    given: dict[str, Any]
    label: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Decision:
    """What a policy does with one failure."""

    resend: bool  # blindly, at once
    hopeful: bool  # it says that the same request could succeed
    blames_input: bool


@dataclasses.dataclass(frozen=True)
class Weights:
    """What one wrong decision costs, USD."""

    useless: float
    missed: float
    doubled: float
    blamed: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--useless-usd", type=float, default=0.05, help="a resend that had to fail [0.05]")
    parser.add_argument(
        "--missed-usd", type=float, default=0.10, help="a resend that would have worked, not made [0.10]"
    )
    parser.add_argument("--doubled-usd", type=float, default=0.40, help="a blind resend of what may be billed [0.40]")
    parser.add_argument("--blamed-usd", type=float, default=2.00, help="a person sent to mend good input [2.00]")
    args = parser.parse_args()
    weights = Weights(args.useless_usd, args.missed_usd, args.doubled_usd, args.blamed_usd)

    rows = [read(line) for line in args.corpus.read_text(encoding="utf-8").splitlines() if line.strip()]
    verdicts = [taxonomy.judge(taxonomy.evidence_of(row.given)) for row in rows]
    accuracy(rows, verdicts)
    cost(rows, verdicts, weights)
    confusions(rows, verdicts)
    rules(verdicts)
    return 0 if all([speed(rows), growth()]) else 1


def read(line: str) -> Row:
    whole = json.loads(line)
    given = {key: whole[key] for key in GIVEN if key in whole}
    return Row(str(whole.get("id", "")), given, whole)


def accuracy(rows: Sequence[Row], verdicts: Sequence[model.Verdict]) -> None:
    hits: collections.Counter[str] = collections.Counter()
    for row, verdict in zip(rows, verdicts, strict=True):
        strict = verdict.kind == row.label["class"]
        hits["strict"] += strict
        hits["lenient"] += strict or verdict.kind in row.label.get("alt", ())
        for field in ("party", "retryable", "action"):
            hits[field] += getattr(verdict, field) == row.label.get(field)
    print(f"{len(rows)} replies")
    for name in ("strict", "lenient", "party", "retryable", "action"):
        print(f"  {name:<10} {hits[name]:4d}  {100 * hits[name] / len(rows):5.1f} %")


def by_verdict(verdict: model.Verdict) -> Decision:
    """Resend at once what may succeed and was not billed; look before resending what may have been."""
    return Decision(
        resend=verdict.retryable and verdict.billed == "no",
        hopeful=verdict.retryable,
        blames_input=verdict.party is model.Party.CALLER and verdict.action in INPUT_BLAMED,
    )


def by_status(row: Row) -> Decision:
    """The usual client: resend on a lost connection, 408, 409, 429 and 5xx; 400 and 422 are the caller's fault."""
    status = row.given.get("status")
    again = status is None or status in {408, 409, 429} or status >= 500
    return Decision(resend=again, hopeful=again, blames_input=status in {400, 413, 422})


def cost(rows: Sequence[Row], verdicts: Sequence[model.Verdict], weights: Weights) -> None:
    print("\nwrong decisions              by verdict   by status     USD each")
    counted = []
    for decide in (by_verdict, None):
        count: collections.Counter[str] = collections.Counter()
        for row, verdict in zip(rows, verdicts, strict=True):
            decision = decide(verdict) if decide else by_status(row)
            may = bool(row.label.get("retryable"))
            count["useless"] += decision.resend and not may
            count["missed"] += may and not decision.hopeful
            count["doubled"] += decision.resend and row.label["class"] in MAYBE_BILLED
            count["blamed"] += decision.blames_input and row.label.get("party") != "caller"
        counted.append(count)
    names = {
        "useless": "useless resends",
        "missed": "good resends missed",
        "doubled": "resends, maybe billed",
        "blamed": "input wrongly blamed",
    }
    for name, words in names.items():
        ours, usual = (count[name] for count in counted)
        print(f"  {words:<25} {ours:10d} {usual:11d} {getattr(weights, name):12.2f}")
    ours, usual = (sum(count[name] * getattr(weights, name) for name in names) for count in counted)
    print(f"  {'USD':<25} {ours:10.2f} {usual:11.2f}")


def confusions(rows: Sequence[Row], verdicts: Sequence[model.Verdict]) -> None:
    wrong: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for row, verdict in zip(rows, verdicts, strict=True):
        if verdict.kind != row.label["class"]:
            accepted = verdict.kind in row.label.get("alt", ())
            wrong[row.label["class"], verdict.kind].append(row.name + ("" if accepted else " (not accepted)"))
    print("\nlargest confusions, label -> verdict")
    for (label, kind), names in sorted(wrong.items(), key=lambda pair: -len(pair[1]))[:10]:
        print(f"  {len(names):3d}  {label} -> {kind}: {', '.join(names[:6])}")


def rules(verdicts: Sequence[model.Verdict]) -> None:
    counts = collections.Counter(verdict.rule for verdict in verdicts)
    alone = sum(count == 1 for count in counts.values())
    print(f"\n{len(counts)} of {len(taxonomy.RULES)} rules decide; {alone} of them one reply each")
    for name, count in counts.most_common():
        if count > 1:
            print(f"  {count:3d}  {name}")


def best_s(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The least processor time of several rounds, without garbage collection, as `timeit` measures."""
    return min(timeit.repeat(work, timer=time.process_time, number=1, repeat=rounds))


def speed(rows: Sequence[Row]) -> bool:
    lines = [json.dumps(row.given, ensure_ascii=False) for row in rows]
    loads_s = best_s(lambda: [json.loads(line) for line in lines])
    judge_s = best_s(lambda: [taxonomy.judge(taxonomy.evidence_of(row.given)) for row in rows])
    ratio = judge_s / loads_s
    print(
        f"\n{1e6 * judge_s / len(rows):.1f} us a reply, {ratio:.1f} times json.loads of the same replies (at most {MAX_RATIO:.0f})"
    )
    return ratio <= MAX_RATIO


def growth() -> bool:
    print(f"\nms on hostile bodies of {', '.join(f'{size // 1000} kB' for size in SIZES)}; growth a doubling")
    good = True
    for name, make in HOSTILE.items():
        spent = []
        for size in SIZES:
            body = make(size)
            reply = {"status": 500, "body": body}
            spent.append(best_s(lambda reply=reply: taxonomy.judge(taxonomy.evidence_of(reply)), rounds=5))
        factors = [later / max(earlier, 1e-4) for earlier, later in itertools.pairwise(spent)]
        good &= max(factors) <= MAX_GROWTH
        told = " ".join(f"{1000 * each:7.1f}" for each in spent)
        print(f"  {name:<22}{told}   {' '.join(f'{factor:.1f}' for factor in factors)}")
    return good


if __name__ == "__main__":
    sys.exit(main())
