"""How right the classifier is on labelled replies, what its decisions cost, and how fast it is.

    python bench/taxonomy.py CORPUS [--config FILE]

CORPUS has one JSON object a line: status, headers, body, exception, elapsed_s, request, observed (any may be
absent), and the labels class, alt, party, retryable, action. What a wrong decision costs is worked out from the
config (its list prices, `billed_on` and `usd_per_minute`; the shipped one unless --config names another). Exit 1 where classifying takes more than 40 times as
long as `json.loads` of the same replies, or where time grows faster than the body.
"""

import argparse
import collections
import dataclasses
import itertools
import json
import pathlib
import sys
import textwrap
import time
import timeit
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from probe import config, model, taxonomy
from probe.config import schema

GIVEN = ("status", "headers", "body", "exception", "elapsed_s", "request", "observed")
ROUNDS = 30
CONFUSIONS = 5
MAX_RATIO = 40.0
SIZES = (125_000, 250_000, 500_000, 1_000_000)
MAX_GROWTH = 3.0
"""A doubled body may take so many times as long: twice, and some noise."""
MAYBE_BILLED = frozenset({"ok", "timeout", "network", "degraded_image", "malformed_response"})
"""Labels after which the picture may have been drawn and charged."""
SHIPPED = pathlib.Path(__file__).resolve().parent.parent / "config.toml"
MINUTE_USD = 0.02
"""Worth of a minute's waiting where no job of the config says one."""
RESEND_MINUTES = 1.0
"""How long a resend that fails keeps a caller waiting."""
NOTICED_MINUTES = 10.0
"""How long a picture that a resend would have brought stays away."""
BLAMED_USD = 2.00
"""A person looks for a fault in a prompt or a parameter that has none: some minutes of work."""
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

    price: float  # of a picture: list price, mean over the paths
    billed: dict[str, float]  # the same for a failure of a kind; channels that do not bill the kind count as 0
    minute: float

    def useless(self, kind: str) -> float:
        return self.minute * RESEND_MINUTES + self.billed.get(kind, 0.0)

    @property
    def missed(self) -> float:
        return self.minute * NOTICED_MINUTES


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=pathlib.Path)
    parser.add_argument("--config", type=pathlib.Path, default=SHIPPED, help="where the prices stand [config.toml]")
    args = parser.parse_args()

    rows = [read(line) for line in args.corpus.read_text(encoding="utf-8").splitlines() if line.strip()]
    verdicts = [taxonomy.judge(taxonomy.evidence_of(row.given)) for row in rows]
    accuracy(rows, verdicts)
    cost(rows, verdicts, weigh(config.load(args.config.absolute())))
    confusions(rows, verdicts)
    rules(verdicts)
    return 0 if all([speed(rows), growth()]) else 1


def weigh(settings: schema.Config) -> Weights:
    """The weights a config implies: every path counts the same, and the most impatient job sets the minute."""
    prices = {path: settings.price_usd(path) for path in settings.paths()}
    billed: dict[str, float] = collections.defaultdict(float)
    for path, price in prices.items():
        for kind in settings.find(path.channel).billed_on:
            billed[kind] += price / len(prices)
    minute = max((job.usd_per_minute for job in settings.job), default=0.0) or MINUTE_USD
    return Weights(sum(prices.values()) / len(prices), dict(billed), minute)


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
    """Wrong decisions by verdict and by status, each counted and in USD, and what each weight is made of."""
    ours, usual = [wrong(rows, decisions, weights) for decisions in (map(by_verdict, verdicts), map(by_status, rows))]
    names = {
        "useless resends": f"{weights.minute * RESEND_MINUTES:.3f} ({RESEND_MINUTES:g} min of waiting), "
        "and the list price where the kind is billed",
        "good resends missed": f"{weights.missed:.3f} ({NOTICED_MINUTES:g} min of waiting)",
        "resends, maybe billed": f"{weights.price:.3f} (mean list price of the paths)",
        "input wrongly blamed": f"{BLAMED_USD:.3f} (stated, not from the config)",
    }
    print("\nwrong decisions           by verdict        USD  by status        USD   USD each")
    for name, meaning in names.items():
        print(
            f"  {name:<24}{len(ours[name]):10d}{sum(ours[name]):11.2f}{len(usual[name]):11d}{sum(usual[name]):11.2f}   {meaning}"
        )
    total, other = (sum(map(sum, costs.values())) for costs in (ours, usual))
    print(f"  {'together':<34}{total:11.2f}{other:22.2f}   a minute is worth {weights.minute:.3f}")


def wrong(rows: Sequence[Row], decisions: Iterable[Decision], weights: Weights) -> dict[str, list[float]]:
    """The cost of each wrong decision, by what is wrong with it."""
    costs: dict[str, list[float]] = collections.defaultdict(list)
    for row, decision in zip(rows, decisions, strict=True):
        kind, may = row.label["class"], bool(row.label.get("retryable"))
        if decision.resend and not may:
            costs["useless resends"].append(weights.useless(kind))
        if may and not decision.hopeful:
            costs["good resends missed"].append(weights.missed)
        if decision.resend and kind in MAYBE_BILLED:
            costs["resends, maybe billed"].append(weights.price)
        if decision.blames_input and row.label.get("party") != "caller":
            costs["input wrongly blamed"].append(BLAMED_USD)
    return costs


def confusions(rows: Sequence[Row], verdicts: Sequence[model.Verdict]) -> None:
    wrong: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for row, verdict in zip(rows, verdicts, strict=True):
        if verdict.kind != row.label["class"]:
            accepted = verdict.kind in row.label.get("alt", ())
            wrong[row.label["class"], verdict.kind].append(row.name + ("" if accepted else " (not accepted)"))
    print("\nlargest confusions, label -> verdict")
    for (label, kind), names in sorted(wrong.items(), key=lambda pair: -len(pair[1]))[:CONFUSIONS]:
        print(f"  {len(names):3d}  {label} -> {kind}: {', '.join(names[:6])}")


def rules(verdicts: Sequence[model.Verdict]) -> None:
    """Every rule that decides, with the number of replies it decides; a rule that one reply alone meets is suspect."""
    counts = collections.Counter(verdict.rule for verdict in verdicts)
    alone = sorted(name for name, count in counts.items() if count == 1)
    print(f"\n{len(counts)} of {len(taxonomy.RULES)} rules decide; {len(alone)} of them one reply each")
    for name, count in counts.most_common():
        if count > 1:
            print(f"  {count:3d}  {name}")
    print(textwrap.fill(", ".join(alone), 118, initial_indent="    1  ", subsequent_indent="       "))


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
