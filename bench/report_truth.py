"""Can a report be believed: degraded stretches and shares of time against simulated months whose truth is known.

What the smoother assumes was chosen in the worlds of `--choose`; `own` and `outside` chose nothing. Canaries go out
as the product sends them to vip/4k-high of the shipped config while all else is calm: the grid of the plan, bursts
while suspicious, recovery checks while degraded, all as far as the day's budget goes.

A stretch that runs over several incidents tells when the first began and the last ended, and is held to that.

    python bench/report_truth.py [--months 40] [--seed 1] [--choose] [--every MINUTES]

--choose: the worlds of choices; --every: another spacing of the grid, with the same money for what is beside it.
"""

import argparse
import dataclasses
import datetime as dt
import math
import pathlib
import random
import sys
import time
from typing import NamedTuple

import numpy as np
from report_truth_worlds import CHOOSING, DAYS, MINUTES, WORLDS

from probe import config as configuration
from probe import model, plan
from probe.inference import detect, schedule, states
from reports import outcomes, past, present, window

START = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
CELL = 5.0
LONG = 120.0
AT_ONCE = 8  # months smoothed together
RESAMPLES = 200

PATH = model.Path("vip", "4k-high")
CONFIG = configuration.load(pathlib.Path(__file__).parents[1] / "config.toml")
PLAN = plan.plan(CONFIG)
EVERY = next(line.interval_s for line in PLAN.lines if line.path == PATH) / 60


class Watched(NamedTuple):
    """Canaries of a month as columns, and what share of them usually fails as the detector learned it."""

    sent: np.ndarray  # minutes
    failed: np.ndarray
    scheduled: np.ndarray  # was it on the grid?
    usual_failing: float


def watched(failing, rng, every):
    """What the product would have sent, and what it would have learned of the path."""
    settings = states.settings(CONFIG, PATH.channel, {PATH: 60 * every})
    settings = dataclasses.replace(settings, tiers=(PATH.tier,))
    watcher, purse = detect.Detector(settings), Purse()
    sent, failures, scheduled = [], [], []
    grid, extra = rng.uniform(0, every), None
    while (at := min(grid, minutes(extra.at) if extra else math.inf)) < MINUTES:
        moment = START + dt.timedelta(minutes=at)
        on_grid = at == grid
        if on_grid:
            grid += every
        elif not purse.pays(extra.trigger, moment):
            extra = None  # asked again after the next canary of the grid
            continue
        sent.append(at)
        failures.append(rng.random() < failing[int(at)])
        scheduled.append(on_grid)
        watcher.update(detect.Observation(moment, PATH.tier, failures[-1]))
        found = {PATH.tier: watcher.detection(PATH.tier, moment, dated=False)}
        extra = next(iter(schedule.extras(found, settings)), None)
    usual = watcher.detection(PATH.tier, START + dt.timedelta(minutes=MINUTES), dated=False).healthy_failing
    return Watched(np.array(sent), np.array(failures), np.array(scheduled), usual)


class Purse:
    """What each day's budget has left for canaries beside the grid."""

    def __init__(self):
        self.day, self.extras_usd, self.recovery_usd = None, 0.0, 0.0

    def pays(self, trigger, at):
        """Is there money for one more? It is spent then."""
        if at.date() != self.day:
            self.day, self.extras_usd, self.recovery_usd = at.date(), 0.0, 0.0
        gone = (60 * at.hour + at.minute) / 1440
        spent_usd, price_usd = PLAN.usd_per_day * gone + self.extras_usd, CONFIG.price_usd(PATH)
        left = schedule.Purse(CONFIG.budget.usd_per_day, PLAN.usd_per_day, spent_usd, self.recovery_usd)
        if not left.allows(trigger, price_usd, at):
            return False
        self.extras_usd += price_usd
        self.recovery_usd += price_usd if trigger is model.Trigger.RECOVERY else 0.0
        return True


def facts_of(number, seen):
    """A path that these canaries were sent on."""
    state = model.PathState(model.Path("vip", str(number)), model.State.HEALTHY)
    now = present.PathNow(state, observations=len(seen.sent), usual_failing=seen.usual_failing)
    series = {
        window.Series.SCHEDULED: columns(seen.sent[seen.scheduled], seen.failed[seen.scheduled]),
        window.Series.EXTRA: columns(seen.sent[~seen.scheduled], seen.failed[~seen.scheduled]),
    }
    return window.PathFacts(now, series)


def columns(sent, failures):
    ok, failed = outcomes.OK, outcomes.KIND_CODES[model.Kind.PROCESSING_ERROR]
    n = len(sent)
    kinds = np.where(failures, failed, ok).astype(np.uint8)
    zeros = np.zeros(n, np.uint8)
    return outcomes.Outcomes(START.timestamp() + 60 * sent, kinds, zeros, np.full(n, np.nan), np.zeros(n), zeros)


@dataclasses.dataclass
class Month:
    """How well one month was told. Lists are of one yes or no an incident."""

    error: float  # occupancy, points
    naive: float  # share of all canaries, points
    starts: list  # inside the 90 % range?
    ends: list
    long_found: list
    long_seen: list  # did at least two canaries fail in it?
    short_found: list
    false: int


def month(incidents, failing, seen, found):
    """The truth, the canaries, and what the report makes of them."""
    truth = float(failing.mean())
    stretches = [(minutes(one.start.at), minutes(one.end.at) if one.end else MINUTES, one) for one in found.degraded]
    hits = [[k for k, each in enumerate(stretches) if touch(one, each)] for one in incidents]
    told = Month(
        100 * (found.occupancy.failing - truth), 100 * (float(seen.failed.mean()) - truth), [], [], [], [], [], 0
    )
    for one, found_by in zip(incidents, hits, strict=True):
        is_long = one.end - one.start >= LONG
        (told.long_found if is_long else told.short_found).append(bool(found_by))
        if is_long:
            told.long_seen.append(int(seen.failed[(seen.sent >= one.start) & (seen.sent < one.end)].sum()) >= 2)
    for first, last, by in together(incidents, hits):
        told.starts.append(within(first.start, stretches[by[0]][2].start))
        ending = stretches[by[-1]][2].end
        if ending and last.end < MINUTES:
            told.ends.append(within(last.end, ending))
    told.false = sum(not any(k in found_by for found_by in hits) for k in range(len(stretches)))
    return told


def touch(one, stretch):
    return stretch[0] < one.end + CELL and stretch[1] > one.start - CELL


def together(incidents, hits):
    """Incidents that are told as one, since a stretch runs over them: the first, the last, and the stretches."""
    groups = []
    for one, found_by in zip(incidents, hits, strict=True):
        if found_by and groups and groups[-1][2][-1] >= found_by[0]:
            first, _, told = groups[-1]
            groups[-1] = (first, one, sorted({*told, *found_by}))
        elif found_by:
            groups.append((one, one, found_by))
    return groups


def minutes(moment):
    return (moment - START).total_seconds() / 60


def within(truth, found):
    return minutes(found.low) <= truth <= minutes(found.high)


def score(world, months, seed, every):
    """Every month, and how many canaries a day it took."""
    rng = random.Random(seed)
    drawn = [(WORLDS | CHOOSING)[world](rng) for _ in range(months)]
    seen = [watched(failing, rng, every) for _, failing in drawn]
    until, told = START + dt.timedelta(days=DAYS), []
    for first in range(0, months, AT_ONCE):
        chunk = range(first, min(first + AT_ONCE, months))
        facts = {model.Path("vip", str(number)): facts_of(number, seen[number]) for number in chunk}
        pasts = past.read(facts, START, until)
        told += [month(*drawn[number], seen[number], pasts[model.Path("vip", str(number))]) for number in chunk]
    return told, sum(len(each.sent) for each in seen) / months / DAYS


def rmse(errors):
    return math.sqrt(np.mean(np.square(errors)))


def share(name):
    """Over the incidents of all months."""
    return lambda told: np.mean([each for one in told for each in getattr(one, name)])


FIGURES = (
    # name, figure of months, least, most
    ("occupancy RMSE, points", lambda told: rmse([one.error for one in told]), 0.0, 0.5),
    ("  bias, points", lambda told: np.mean([one.error for one in told]), None, None),
    ("  naive share of canaries, bias", lambda told: np.mean([one.naive for one in told]), None, None),
    ("start inside its 90 % range", share("starts"), 0.87, 0.96),
    ("end inside its 90 % range", share("ends"), 0.87, 0.96),
    ("incidents >= 2 h found", share("long_found"), 0.85, 1.0),
    ("  in which two canaries failed", share("long_seen"), None, None),
    ("shorter ones found", share("short_found"), None, None),
    ("false stretches a month", lambda told: np.mean([one.false for one in told]), 0.0, 0.5),
)


def spread(figure, told):
    """Standard error over months, which are independent, as the incidents of one are not: bootstrap."""
    rng = random.Random(0)
    return np.std([figure(rng.choices(told, k=len(told))) for _ in range(RESAMPLES)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--months", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--choose", action="store_true")
    parser.add_argument("--every", type=float, default=EVERY)
    arguments = parser.parse_args()
    missed = 0
    for world in CHOOSING if arguments.choose else WORLDS:
        began_s = time.monotonic()
        told, per_day = score(world, arguments.months, arguments.seed, arguments.every)
        incidents = sum(len(one.long_found) + len(one.short_found) for one in told)
        print(
            f"\n{world}: {arguments.months} months, one canary every {arguments.every:.0f} min and what is beside it: "
            f"{per_day:.1f} a day, {incidents} incidents, {time.monotonic() - began_s:.0f} s"
        )
        for name, figure, least, most in FIGURES:
            value, asked = figure(told), "" if least is None else f"{least:g}-{most:g}"
            ok = least is None or least <= value <= most
            print(f"  {name:<34} {value:6.3f} +- {spread(figure, told):.3f}  {asked:<10} {'' if ok else 'MISSED'}")
            missed += not ok
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main())
