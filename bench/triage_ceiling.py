"""What a world tells at all: the shares of its causes, and how far a plain classifier comes that was trained in it.

    python bench/triage_ceiling.py [--cases 3000] [--seed 1] [--only NAME] [--ceiling]

The classifier sees what triage is shown and every live check that the ladder may pay for, whatever they cost. It has
been in the world, as no triage has; but it is linear, so a cleverer reader may come somewhat further. A world in which
it names fewer than eight causes in ten asks for the impossible. The inference that is to be judged takes no part.
"""

import argparse
import math
import pathlib
import random
import sys
from collections import Counter
from collections.abc import Sequence

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import triage_worlds
from triage_blind_worlds import BLIND
from triage_fresh_worlds import FRESH
from triage_unseen_worlds import UNSEEN
from triage_worlds import Case, World

from probe.inference.causes import Cause, Check, Finding, Result

OFTEN = {
    Check.PRE_SCREEN: 1,
    Check.RETRY: 3,
    Check.CANARY: 3,
    Check.DOWNSCALE: 1,
    Check.OTHER: 1,
    Check.OTHER_CANARY: 3,
}
"""So often the ladder may make each check (the specification: some at most once, the rest at most three times)."""

SINCE_MINUTES = (0, 60, 180)
"""Scheduled canaries are told apart by whether they came after the failure, or within so many minutes before."""


def shares(world: World, seen: Sequence[Case]) -> str:
    """How often each cause stops a request, and what its replies and clues are."""
    lines = [f"{world.name}: {len(seen)} cases"]
    for cause in Cause:
        own = [case for case in seen if case.truth is cause]
        said = Counter(case.said.name for case in own)
        clues = Counter(clue.name for case in own for clue in case.clues)
        told = ", ".join(f"{name} {count / len(own):.2f}" for name, count in (said + clues).most_common())
        lines.append(f"  {cause.name:11} {len(own) / len(seen):.3f}  {told}")
    return "\n".join(lines)


def evidence(case: Case) -> Counter[str]:
    """All that can be known of a case, by name."""
    found = Counter({"always": 1.0, f"said {case.said.name}": 1.0, f"config {case.other[1:]}": 1.0})
    found.update(f"clue {clue.name}" for clue in case.clues)
    for each in case.free(lambda _: 1.0):
        note(found, f"free {each.check.name}", each)
        found[f"free {each.check.name} {each.result.name} {sum(-each.minutes > since for since in SINCE_MINUTES)}"] += 1
    for check, often in OFTEN.items():
        for _ in range(often):
            note(found, check.name, case.look(check))
    found.update(usual(case) if case.world.history else ())
    return found


def note(found: Counter[str], name: str, finding: Finding) -> None:
    found[f"{name} {finding.result.name}"] += 1
    if finding.said:
        found[f"{name} {finding.said.name}"] += 1
    if finding.pace:
        found[f"{name} {finding.pace.name}"] += 1


def usual(case: Case) -> Counter[str]:
    """What canaries said in the month before, and how many failed at this hour of the day and in the last days."""
    draw, words, found = random.Random(case.flaky), Counter(), Counter()
    for hours in range(24, 24 * (triage_worlds.DAYS + 1), 3):
        earlier = case.earlier(hours, random.Random(draw.getrandbits(64)))
        seen = earlier.failed(Check.CANARY, earlier.send(good=True, minute=0.0))
        if seen.result is not Result.PASSED:
            words[seen.said.name if seen.said else seen.result.name] += 1
            found["month this hour"] += hours % 24 == 0
            found["month last days"] += hours <= 72
    return found + Counter({f"month {word}": math.log1p(count) for word, count in words.items()})


def reached(world: World, seen: Sequence[Case]) -> str:
    """Trained on two thirds, asked of the rest: how often it names a cause at work, and content or not."""
    rows = [evidence(case) for case in seen]
    names = sorted({name for row in rows for name in row})
    table = np.array([[row.get(name, 0.0) for name in names] for row in rows])
    causes = list(Cause)
    truth = np.array([causes.index(case.truth) for case in seen])
    cut = 2 * len(seen) // 3
    belief = softmax(table[cut:] @ trained(table[:cut], truth[:cut], len(causes)))
    leads = [causes[index] for index in belief.argmax(axis=1)]
    asked = seen[cut:]
    content = causes.index(Cause.CONTENT)
    first = sum(lead is case.truth for lead, case in zip(leads, asked, strict=True)) / len(asked)
    at_work = sum(lead in case.at_work() for lead, case in zip(leads, asked, strict=True)) / len(asked)
    apart = sum(
        (p > 0.5) == (Cause.CONTENT in case.at_work()) for p, case in zip(belief[:, content], asked, strict=True)
    ) / len(asked)
    mistaken = Counter(
        f"{case.truth.name} for {lead.name}"
        for lead, case in zip(leads, asked, strict=True)
        if lead not in case.at_work()
    )
    told = ", ".join(f"{what} {count / len(asked):.3f}" for what, count in mistaken.most_common(6))
    return f"{world.name:26} eight {at_work:.3f}  first {first:.3f}  content {apart:.3f}   taken: {told}"


def trained(table: np.ndarray, truth: np.ndarray, kinds: int) -> np.ndarray:
    """Multinomial logistic regression, ridge 1e-3, by Adam."""
    aim = np.eye(kinds)[truth]
    weights = np.zeros((table.shape[1], kinds))
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, 601):
        slope = table.T @ (softmax(table @ weights) - aim) / len(table) + 1e-3 * weights
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        weights -= 0.03 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return weights


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="worlds whose name holds this")
    parser.add_argument("--ceiling", action="store_true", help="how far the classifier comes")
    asked = parser.parse_args()
    for world in (*triage_worlds.WORLDS, *FRESH, *UNSEEN, *BLIND):
        if asked.only in world.name:
            seen = list(triage_worlds.cases(world, asked.cases, asked.seed))
            print(reached(world, seen) if asked.ceiling else shares(world, seen), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
