"""What the product's own detector does, canary by canary: checked against the arrays, learning, recovering, over tiers."""

import datetime as dt
import random

import detection_worlds as worlds
import numpy as np

from probe.inference import detect, schedule

START = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
TIER = "4k-high"


def at(minutes: float) -> dt.datetime:
    return START + dt.timedelta(minutes=minutes)


def known(**changes) -> detect.Settings:
    """One tier with p0 known, as in the arrays."""
    fields = {"learned": False, "prior_days": 0.0, **changes}
    return detect.Settings((TIER,), {TIER: 75 * 60.0}, **fields)


def check_arrays() -> None:
    """The arrays and the product agree outcome by outcome."""
    rng, rule, detector = np.random.default_rng(0), worlds.Mixture(a_days=1e9), detect.Detector(known(a_days=1e9))
    rule.start(1)
    for _ in range(500):
        detector.baselines[0][False].learn(failed=False, latency_s=100.0)
    worst, minute, days = 0.0, 0.0, 0.0
    for number in range(300):
        failed, slow = bool(rng.random() < 0.1), bool(rng.random() < 0.1)
        latency_s = None if failed else 300.0 if slow else 100.0
        if number == 0:  # latency is watched from the first success on, in the arrays from the start
            failed, slow, latency_s = False, False, 100.0
        detector.update(detect.Observation(at(minute), TIER, failed, latency_s))
        rule.update(np.array([failed]), np.array([slow]), np.array([days]), 75.0)
        worst = max(worst, abs(detector.views[0].value_days / max(rule.value[0], 1e-300) - 1) if number else 0.0)
        days = float(rng.integers(5, 200)) / 1440
        minute += days * 1440
    assert worst < 1e-6, worst
    print(f"arrays against the product, 300 outcomes: largest relative difference {worst:.1e}\n")


def learned(share: float, runs: int = 20, days: float = 60.0) -> tuple[float, float]:
    """False alarms in 30 days of the product itself at this share failing, and days simulated."""
    alarms = 0
    for seed in range(runs):
        rng, detector, minute = random.Random(seed), detect.Detector(detect.Settings((TIER,), {TIER: 75 * 60.0})), 0.0
        path = detector.views[0]
        while minute < days * 1440:
            was = path.alarm
            detector.update(
                detect.Observation(at(minute), TIER, rng.random() < share, rng.lognormvariate(0, 0.3) * 150)
            )
            alarms += was is None and path.alarm is not None
            minute += 10.0 if path.alarm else 5.0 if path.suspicious else 75.0
    return alarms / runs / days * 30, runs * days


def recovery() -> None:
    print("## e. Recovery: a 4 h incident, a canary every 10 min: ended too early / minutes after the true end\n")
    print("| rule | 95 % failing | 50 % | 25 % |\n|---|---|---|---|")
    rows = [(f"{k} successes in a row", k) for k in (2, 3, 5, 8)] + [("Q >= 12 h, as shipped", None)]
    for name, in_a_row in rows:
        cells = []
        for share in (0.95, 0.5, 0.25):
            ends = [_recovered(share, in_a_row, random.Random(seed)) for seed in range(1500)]
            after = [end - 240 for end in ends if end > 240]
            early = sum(end <= 240 for end in ends) / len(ends)
            cells.append(f"{early:.0%} / {sum(after) / len(after):.0f}" if after else f"{early:.0%} / -")
        print(f"| {name} | {' | '.join(cells)} |")
    print()


def _recovered(share: float, in_a_row: int | None, rng: random.Random) -> float:
    """Minutes into the incident at which it is called over; it truly ends at 240."""
    detector, minute = detect.Detector(known(failing=((0.2, 1), (0.4, 1), (0.9, 1)), slow=())), -20 * 75.0
    for failed in [False] * 20 + [True, True, False, True]:
        detector.update(detect.Observation(at(minute), TIER, failed))
        minute += 5.0 if failed else 75.0
    minute, run, start = 0.0, 0, detector.views[0].alarm.raised_s
    origin = dt.datetime.fromtimestamp(start, dt.UTC)
    while True:
        minute += 10
        failed = rng.random() < (share if minute < 240 else worlds.P0)
        run = 0 if failed else run + 1
        detector.update(detect.Observation(origin + dt.timedelta(minutes=minute), TIER, failed))
        if (run >= in_a_row) if in_a_row else detector.views[0].alarm is None:
            return minute


TIERS = {"1k-low": 20.0, "2k-high": 240.0, "4k-high": 94.0}
"""Calm minutes by tier, as 4.80 USD a day buy at 0.01, 0.08 and 0.20 USD a canary."""


def tiers() -> None:
    print("## g. Three tiers of one channel, the 4K alarm: mean/95 % minutes, and false alarms at 1K in 4 h\n")
    print("| incident | 4K alarm | 1K alarm within 4 h |\n|---|---|---|")
    cases = (
        ("4K only, half fail", ("4k-high",), 0.5),
        ("2K and 4K, half fail", ("2k-high", "4k-high"), 0.5),
        ("all, half fail", tuple(TIERS), 0.5),
        ("outage", tuple(TIERS), 1.0),
    )
    for name, hit, share in cases:
        found = [_tier_alarms(hit, share, random.Random(seed)) for seed in range(300)]
        heavy = sorted(minutes["4k-high"] for minutes in found)
        light = sum(minutes["1k-low"] <= 240 for minutes in found) / len(found)
        print(f"| {name} | {sum(heavy) / len(heavy):.0f}/{heavy[int(0.95 * len(heavy))]:.0f} | {light:.1%} |")
    print()


def _tier_alarms(hit: tuple[str, ...], share: float, rng: random.Random) -> dict[str, float]:
    """Minutes from the onset to each tier's alarm (at most two days), grid and bursts as scheduled."""
    settings = detect.Settings(
        tuple(TIERS), {tier: 60 * calm for tier, calm in TIERS.items()}, learned=False, prior_days=0.0
    )
    detector, onset = detect.Detector(settings), 1440 + rng.random() * 240
    slots = {tier: rng.random() * calm for tier, calm in TIERS.items()}
    found: dict[str, float] = {}
    extras: tuple[schedule.Extra, ...] = ()
    minute = 0.0
    while (minute < onset + 2880 and "4k-high" not in found) or minute < onset + 240:
        due = [(when, tier, False) for tier, when in slots.items()]
        due += [(max(minute, (extra.at - START).total_seconds() / 60), extra.tier, True) for extra in extras]
        minute, tier, is_extra = min(due)
        if not is_extra:
            slots[tier] += TIERS[tier]
        failing = share if minute >= onset and tier in hit else worlds.P0
        detector.update(detect.Observation(at(minute), tier, rng.random() < failing))
        for view in detector.views:
            name = settings.tiers[view.index]
            if view.alarm and minute < onset:
                detector.views[view.index] = type(view)(view.index, settings)
            elif view.alarm:
                found.setdefault(name, minute - onset)
        if all(view.calm for view in detector.views):
            extras = ()
        else:
            extras = schedule.extras(
                {name: detector.detection(name, at(minute), dated=False) for name in TIERS}, settings
            )
    return {tier: found.get(tier, 2880.0) for tier in TIERS}
