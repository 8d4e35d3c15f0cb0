"""Can a report be believed: degraded stretches and shares of time against simulated months whose truth is known.

`own` draws incidents as the smoother assumes them; `outside` does not: severity ramps up and down, incidents
come in clusters with heavy-tailed lengths, the healthy share fails by the hour of the day and in blips. What the
smoother assumes was chosen in others, `stepped` (levels that change within an incident, paths that differ) and
`sloped` (long trouble with slow ramps); `own` and `outside` chose nothing. Canaries go out as the product sends them: a fixed grid, bursts while
suspicious, re-checks while degraded.

A stretch that runs over several incidents tells when the first began and the last ended, and is held to that.

    python bench/report_truth.py [--months 40] [--seed 1] [--choose]    # --choose: the worlds of choices
"""

import argparse
import dataclasses
import datetime as dt
import math
import random
import sys
import time

import numpy as np

from probe import model
from probe.inference import detect
from reports import outcomes, past, present, window

START = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
DAYS = 30
MINUTES = DAYS * 1440
CALM, BURST, RECHECK = 60.0, 5.0, 10.0  # minutes between canaries
CELL = 5.0
LONG = 120.0
AT_ONCE = 8  # months smoothed together


@dataclasses.dataclass(frozen=True)
class Incident:
    start: float  # minutes
    end: float
    severity: float


def own_world(rng):
    """Incidents as the model has them, half of them short; share failing by minute."""
    incidents, at = [], rng.expovariate(0.5 / 1440)
    while at < MINUTES - 60:
        length = rng.uniform(10, 60) if rng.random() < 0.5 else rng.lognormvariate(math.log(180), 0.6)
        incidents.append(Incident(at, min(at + length, MINUTES), rng.choice((0.3, 0.5, 0.7, 1.0))))
        at += length + rng.expovariate(0.5 / 1440)
    failing = np.full(MINUTES, 0.03)
    for one in incidents:
        failing[int(one.start) : int(one.end)] = one.severity
    return incidents, failing


def outside_world(rng):
    """Ramps, clusters, heavy tails, a healthy share that depends on the hour, and blips of three minutes."""
    hours = np.arange(MINUTES) / 60
    failing = 0.02 + 0.02 * (1 + np.sin(2 * math.pi * hours / 24)) / 2
    at = rng.expovariate(12 / 1440)
    while at < MINUTES:
        failing[int(at) : int(at) + 3] = 0.25
        at += rng.expovariate(12 / 1440)
    incidents, at = [], rng.expovariate(0.4 / 1440)
    while at < MINUTES - 60:
        length = min(20 * rng.paretovariate(0.9), 1440)
        peak = rng.betavariate(2, 1.5)
        end = min(at + length, MINUTES)
        if peak > 0.2:
            first, last = int(at), int(end)
            shape = np.sin(math.pi * (np.arange(last - first) + 0.5) / (last - first)) ** 0.5
            failing[first:last] = np.maximum(failing[first:last], peak * shape)
            # A ramp has no edge of its own: trouble is where more than a tenth fails.
            above = first + np.flatnonzero(peak * shape > 0.1)
            incidents.append(Incident(float(above[0]), float(above[-1] + 1), peak))
        at = end + (rng.uniform(30, 360) if rng.random() < 0.3 else rng.expovariate(0.4 / 1440))
    return incidents, failing


def stepped_world(rng):
    """Trouble in steps: linear ramps, levels that change within, log-normal lengths, a healthy share of its own."""
    failing = np.full(MINUTES, rng.uniform(0.005, 0.04))
    at = rng.expovariate(8 / 1440)
    while at < MINUTES:
        failing[int(at) : int(at + rng.uniform(2, 8))] += 0.2
        at += rng.expovariate(8 / 1440)
    incidents, at = [], rng.expovariate(0.45 / 1440)
    while at < MINUTES - 60:
        end = min(at + max(10.0, min(rng.lognormvariate(math.log(90), 1.0), 1440)), MINUTES)
        first, last = int(at), int(end)
        shape = levels(last - first, rng) * ramps(last - first, rng.uniform(0, 0.4), rng.uniform(0, 0.4))
        above = first + np.flatnonzero(shape > 0.1)
        if len(above) < 3:
            at = end + 60
            continue
        failing[first:last] = np.maximum(failing[first:last], shape)
        incidents.append(Incident(float(above[0]), float(above[-1] + 1), float(shape.max())))
        at = end + (rng.uniform(20, 240) if rng.random() < 0.2 else rng.expovariate(0.45 / 1440))
    return incidents, np.minimum(failing, 1.0)


def sloped_world(rng):
    """Long trouble that comes and goes slowly: lengths with a heavy tail, up to half of them a rise or a fall."""
    failing = np.full(MINUTES, rng.uniform(0.005, 0.04))
    at = rng.expovariate(8 / 1440)
    while at < MINUTES:
        failing[int(at) : int(at + rng.uniform(2, 8))] += 0.2
        at += rng.expovariate(8 / 1440)
    incidents, at = [], rng.expovariate(0.4 / 1440)
    while at < MINUTES - 60:
        end = min(at + max(10.0, min(rng.lognormvariate(math.log(120), 1.3), 2880)), MINUTES)
        first, last = int(at), int(end)
        shape = levels(last - first, rng) * ramps(last - first, rng.uniform(0.1, 0.5), rng.uniform(0.1, 0.5))
        above = first + np.flatnonzero(shape > 0.1)
        at = end + rng.expovariate(0.4 / 1440)
        if len(above) >= 3:
            failing[first:last] = np.maximum(failing[first:last], shape)
            incidents.append(Incident(float(above[0]), float(above[-1] + 1), float(shape.max())))
    return incidents, np.minimum(failing, 1.0)


def levels(minutes, rng):
    """Shares failing that stay for a while and then change by up to three fifths."""
    found, at, level = np.empty(minutes), 0, rng.uniform(0.2, 1.0)
    while at < minutes:
        step = max(5, int(rng.expovariate(1 / (0.4 * minutes + 1))))
        found[at : at + step] = level
        at, level = at + step, min(1.0, max(0.15, level * rng.uniform(0.6, 1.6)))
    return found


def ramps(minutes, up, down):
    """A rise over the first share of the time, and a fall over the last."""
    x = (np.arange(minutes) + 0.5) / minutes
    return np.minimum(1.0, np.minimum(x / max(up, 1e-9), (1 - x) / max(down, 1e-9)))


WORLDS = {"own": own_world, "outside": outside_world}
CHOOSING = {"stepped": stepped_world, "sloped": sloped_world}


def watched(failing, rng):
    """Minutes and failures of the canaries that the product's schedule would have sent."""
    settings = detect.Settings(tiers=("4k-high",), calm_s={"4k-high": CALM * 60})
    watcher = detect.Detector(settings)
    sent, failures, scheduled = [], [], []
    grid, extra = rng.uniform(0, CALM), math.inf
    while min(grid, extra) < MINUTES:
        at = min(grid, extra)
        scheduled.append(at == grid)
        grid += CALM if at == grid else 0
        failed = rng.random() < failing[int(at)]
        sent.append(at)
        failures.append(failed)
        moment = START + dt.timedelta(minutes=at)
        watcher.update(detect.Observation(moment, "4k-high", failed))
        found = watcher.detection("4k-high", moment)
        degraded = found.state in {model.State.DEGRADED, model.State.RECOVERING}
        extra = at + (RECHECK if degraded else BURST if found.suspicious else math.inf)
    return np.array(sent), np.array(failures), np.array(scheduled)


def facts_of(number, sent, failures, scheduled):
    """A path that these canaries were sent on."""
    now = present.PathNow(model.PathState(model.Path("vip", str(number)), model.State.HEALTHY))
    series = {
        window.Series.SCHEDULED: columns(sent[scheduled], failures[scheduled]),
        window.Series.EXTRA: columns(sent[~scheduled], failures[~scheduled]),
    }
    return window.PathFacts(now, series)


def columns(sent, failures):
    ok, failed = outcomes.OK, outcomes.KIND_CODES[model.Kind.PROCESSING_ERROR]
    n = len(sent)
    kinds = np.where(failures, failed, ok).astype(np.uint8)
    zeros = np.zeros(n, np.uint8)
    return outcomes.Outcomes(START.timestamp() + 60 * sent, kinds, zeros, np.full(n, np.nan), np.zeros(n), zeros)


@dataclasses.dataclass
class Score:
    errors: list = dataclasses.field(default_factory=list)  # occupancy, points
    naive: list = dataclasses.field(default_factory=list)  # share of all canaries, points
    starts: list = dataclasses.field(default_factory=list)  # inside the 90 % range?
    ends: list = dataclasses.field(default_factory=list)
    long_found: list = dataclasses.field(default_factory=list)
    short_found: list = dataclasses.field(default_factory=list)
    false: int = 0

    def add(self, incidents, failing, failures, found):
        truth = float(failing.mean())
        self.errors.append(100 * (found.occupancy.failing - truth))
        self.naive.append(100 * (float(failures.mean()) - truth))
        stretches = [
            (minutes(one.start.at), minutes(one.end.at) if one.end else MINUTES, one) for one in found.degraded
        ]
        hits = [[k for k, each in enumerate(stretches) if touch(one, each)] for one in incidents]
        for one, found_by in zip(incidents, hits, strict=True):
            (self.long_found if one.end - one.start >= LONG else self.short_found).append(bool(found_by))
        for first, last, told in together(incidents, hits):
            self.starts.append(within(first.start, stretches[told[0]][2].start))
            ending = stretches[told[-1]][2].end
            if ending and last.end < MINUTES:
                self.ends.append(within(last.end, ending))
        self.false += sum(not any(k in found_by for found_by in hits) for k in range(len(stretches)))


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
    """A cell is as fine as the smoother sees."""
    return minutes(found.low) - CELL <= truth <= minutes(found.high) + CELL


def score(world, months, seed):
    rng, total = random.Random(seed), Score()
    drawn = [(WORLDS | CHOOSING)[world](rng) for _ in range(months)]
    seen = [watched(failing, rng) for _, failing in drawn]
    until = START + dt.timedelta(days=DAYS)
    for first in range(0, months, AT_ONCE):
        chunk = range(first, min(first + AT_ONCE, months))
        facts = {model.Path("vip", str(number)): facts_of(number, *seen[number]) for number in chunk}
        pasts = past.read(facts, START, until)
        for number in chunk:
            total.add(*drawn[number], seen[number][1], pasts[model.Path("vip", str(number))])
    return total, sum(len(sent) for sent, *_ in seen) / months / DAYS


def rmse(errors):
    return math.sqrt(np.mean(np.square(errors)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--months", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--choose", action="store_true")
    arguments = parser.parse_args()
    missed = 0
    for world in CHOOSING if arguments.choose else WORLDS:
        began_s = time.monotonic()
        found, per_day = score(world, arguments.months, arguments.seed)
        rows = (
            ("occupancy RMSE, points", rmse(found.errors), "<= 0.5", rmse(found.errors) <= 0.5),
            ("  bias, points", float(np.mean(found.errors)), "", True),
            ("  naive share of canaries, bias", float(np.mean(found.naive)), "", True),
            ("start inside its 90 % range", np.mean(found.starts), "0.87-0.96", 0.87 <= np.mean(found.starts) <= 0.96),
            ("end inside its 90 % range", np.mean(found.ends), "0.87-0.96", 0.87 <= np.mean(found.ends) <= 0.96),
            ("incidents >= 2 h found", np.mean(found.long_found), ">= 0.85", np.mean(found.long_found) >= 0.85),
            ("shorter ones found", np.mean(found.short_found), "", True),
            (
                "false stretches a month",
                found.false / arguments.months,
                "<= 0.5",
                found.false / arguments.months <= 0.5,
            ),
        )
        print(
            f"\n{world}: {arguments.months} months, {per_day:.1f} canaries a day, "
            f"{len(found.long_found) + len(found.short_found)} incidents, {time.monotonic() - began_s:.0f} s"
        )
        for name, value, target, ok in rows:
            print(f"  {name:<34} {value:6.3f}  {target:<10} {'' if ok else 'MISSED'}")
            missed += not ok
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main())
