"""Are the four numbers that triage assumes well chosen? Each world is left out once, and they are chosen by the others.

    python bench/triage_choice.py [--cases 250] [--seed 3]

The evidence is what the ladder finds with the numbers as they are; then it is weighed with each setting. Chosen is
the one with the least log loss of the causes at work, over all worlds but one. Printed is how the one left out fares.
"""

import argparse
import dataclasses
import itertools
import math
import pathlib
import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import triage
import triage_worlds
from triage_fresh_worlds import FRESH
from triage_unseen_worlds import UNSEEN

from probe.inference import causes, habits, likelihood, posterior
from probe.inference.causes import Clue, Finding, Said


class Setting(NamedTuple):
    """One choice of the numbers."""

    one_phrase: float  # causes.ONE_PHRASE
    blind: float  # causes.Tables.blind
    habit_cases: float  # likelihood.HABIT_CASES
    pace_cases: float  # likelihood.PACE_CASES

    def tables(self) -> causes.Tables:
        p = self.one_phrase
        alike = {said: p * share / (p * share + 1 - p) for said, share in causes.PHRASES.items()}
        return dataclasses.replace(causes.TABLES, one_phrase=alike, blind=self.blind)


SETTINGS = tuple(Setting(*each) for each in itertools.product((0.05, 0.15), (0.03, 0.1), (4.0, 6.0), (1.5, 3.0)))
AS_IS = Setting(causes.ONE_PHRASE, causes.TABLES.blind, likelihood.HABIT_CASES, likelihood.PACE_CASES)


class Gathered(NamedTuple):
    """What was known of one failure when its ladder ended."""

    said: Said
    clues: tuple[Clue, ...]
    findings: list[Finding]
    month: habits.Month
    case: triage_worlds.Case


class Result(NamedTuple):
    loss: float  # mean -log P(a cause at work), nats
    content: float
    blamed: float
    eight: float
    calibration: float


def gather(world: triage_worlds.World, count: int, seed: int) -> Iterator[Gathered]:
    for case in triage_worlds.cases(world, count, seed):
        findings, month = case.free(triage.fading), case.month()
        tables = habits.adapted(causes.TABLES, month)
        triage.greedy(case.said, case.clues, findings, case.other, case.look, tables)
        yield Gathered(case.said, case.clues, findings, month, case)


def measure(known: list[Gathered], setting: Setting) -> Result:
    likelihood.HABIT_CASES, likelihood.PACE_CASES = setting.habit_cases, setting.pace_cases
    told = []
    for each in known:
        tables = habits.adapted(setting.tables(), each.month)
        found = posterior.weigh(each.said, each.clues, each.findings, tables)
        told.append(triage.Told(each.case.truth, each.case.at_work(), found, 0.0, False, each.case.prompt_risk == 0))
    score = triage.score("", told)
    losses = [-math.log(max(math.fsum(one.posterior.p[cause] for cause in one.at_work), 1e-6)) for one in told]
    return Result(math.fsum(losses) / len(losses), score.content, score.wrongly_blamed, score.eight, score.calibration)


def chosen(results: Mapping[str, Mapping[Setting, Result]], but: str) -> Setting:
    """The setting with the least loss over all worlds but one."""
    others = [by_setting for name, by_setting in results.items() if name != but]
    return min(SETTINGS, key=lambda setting: math.fsum(each[setting].loss for each in others))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=250)
    parser.add_argument("--seed", type=int, default=3)
    asked = parser.parse_args()
    results = {}
    for world in (*triage_worlds.WORLDS, *FRESH, *UNSEEN):
        likelihood.HABIT_CASES, likelihood.PACE_CASES = AS_IS.habit_cases, AS_IS.pace_cases
        known = list(gather(world, asked.cases, asked.seed))
        results[world.name] = {setting: measure(known, setting) for setting in SETTINGS}
    for setting in SETTINGS:
        mean = math.fsum(each[setting].loss for each in results.values()) / len(results)
        error = math.fsum(each[setting].calibration for each in results.values()) / len(results)
        print(*setting, f"loss {mean:.4f} calibration {error:.3f}")
    print(
        f"{'world left out':26} one phrase  blind  habit  pace  content  blamed  8 causes  calib.  loss  loss as it is"
    )
    for name, by_setting in results.items():
        best = chosen(results, name)
        found = by_setting[best]
        print(
            f"{name:26} {best.one_phrase:10.2f} {best.blind:6.2f} {best.habit_cases:6.0f} {best.pace_cases:5.1f} {found.content:8.3f}"
            f" {found.blamed:7.3f} {found.eight:9.3f} {found.calibration:7.3f} {found.loss:5.2f}"
            f" {by_setting[AS_IS].loss:13.2f}"
        )


if __name__ == "__main__":
    main()
