"""Windows with known contents for the report tests."""

import dataclasses
import datetime as dt
import random
from typing import NamedTuple

from probe import model
from probe.inference import recommend
from reports import present, window
from reports.outcomes import Outcomes

NOW = dt.datetime(2026, 11, 24, 6, 10, tzinfo=dt.UTC)
SINCE = NOW - dt.timedelta(days=14)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


class Point(NamedTuple):
    """One outcome, as a test says it."""

    path: model.Path
    sent_at: dt.datetime
    trigger: model.Trigger
    kind: model.Kind
    latency_s: float | None
    excluded: model.Exclusion | None
    price_usd: float
    billed: model.Billed


def point(path, at, kind=model.Kind.OK, trigger=model.Trigger.SCHEDULED, latency_s=90.0, **extra):
    billed = {model.Kind.OK: "yes", model.Kind.TIMEOUT: "unknown"}.get(kind, "no")
    fields = {"excluded": None, "price_usd": 0.03, "billed": billed, **extra}
    return Point(path=path, sent_at=at, trigger=trigger, kind=kind, latency_s=latency_s, **fields)


def grid(path, share_ok, every_min, *, since=SINCE, until=NOW, seed=1, trigger=model.Trigger.SCHEDULED, median_s=90.0):
    """Canaries at equal spacing, some failing."""
    path, chance, at, points = model.Path.parse(path), random.Random(seed), since, []
    while at < until:
        if chance.random() < share_ok:
            latency_s = median_s * chance.lognormvariate(0, 0.3)
            points.append(point(path, at, trigger=trigger, latency_s=latency_s))
        else:
            kind = chance.choice([model.Kind.PROCESSING_ERROR] * 3 + [model.Kind.TIMEOUT])
            points.append(point(path, at, kind, trigger, latency_s=None))
        at += dt.timedelta(minutes=every_min)
    return points


def columns(points):
    """The outcomes in order of sending, as sections see them."""
    ordered = sorted(points, key=lambda each: each.sent_at)
    rows = [
        (
            each.sent_at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:23],
            each.kind,
            each.excluded,
            each.latency_s,
            each.price_usd,
            each.billed,
        )
        for each in ordered
    ]
    return Outcomes.of(*zip(*rows, strict=True))


def facts(path, points=(), state=model.State.HEALTHY, reason="", since=None, p_degraded=None, **extra):
    """What is known of a path; fields of `PathNow` and of `PathFacts` may be given."""
    checked_at = NOW - dt.timedelta(minutes=6)
    published = model.PathState(model.Path.parse(path), state, SINCE, checked_at, p_degraded, reason)
    config = {"price_usd": 0.03, "deadline_s": 360.0, "target_success": 0.95}
    names = {field.name for field in dataclasses.fields(present.PathNow)}
    config |= {name: extra.pop(name) for name in names & extra.keys()}
    series = {}
    for point in points:
        series.setdefault(window.SERIES[point.trigger], []).append(point)
    now = present.PathNow(published, since, **config)
    return window.PathFacts(now, {name: columns(taken) for name, taken in series.items()}, **extra)


def estimate(at, before_min=20, after_min=15):
    return present.Estimate(at, at - dt.timedelta(minutes=before_min), at + dt.timedelta(minutes=after_min))


def candidate(path, price_usd, n=214, usable=212, latency_s=90.0, **extra):
    path = model.Path.parse(path)
    return recommend.Candidate(path, model.State.HEALTHY, price_usd, latency_s, usable, n, **extra)


def advice(tier, *candidates, job=""):
    batch = recommend.rank(tier, candidates, recommend.Needs(), rng=random.Random(0))
    urgent = recommend.rank(tier, candidates, recommend.Needs(usd_per_minute=0.2), rng=random.Random(0))
    checked_at = NOW - dt.timedelta(minutes=6) if batch.choice else None
    return present.Advice(
        tier, job, batch, None if job else urgent, checked_at, checked_at and NOW.replace(hour=9, minute=30)
    )


def seen(*paths, **extra):
    fields = {"advice": (), "budget_usd_per_day": 5.0, "spent_usd": 3.1}
    fields |= {"beat_at": NOW - dt.timedelta(seconds=40), "watched": True, **extra}
    return window.Window(SINCE, NOW, NOW, paths, **fields)


def degraded_window():
    """vip 4K went at 02:20 today, 2K at 05:10; 1K, official and nano 1K are fine; nano 4K has too few."""
    began, spread = NOW.replace(hour=2, minute=20), NOW.replace(hour=5, minute=10)
    earlier = NOW - dt.timedelta(days=5)
    vip_4k = facts(
        "vip/4k-high",
        [
            *grid("vip/4k-high", 0.98, 60, until=began),
            *grid("vip/4k-high", 0.55, 60, since=began, seed=3),
            *grid("vip/4k-high", 0.5, 10, since=began, seed=4, trigger=model.Trigger.BURST),
        ],
        model.State.DEGRADED,
        since=estimate(began, 25, 15),
        failing=0.45,
        degraded=(
            window.Degraded(estimate(earlier - 3 * HOUR), estimate(earlier), 0.3),
            window.Degraded(estimate(began), None, 0.45),
        ),
        occupancy=window.Occupancy(0.056, 0.049, 0.063, 0.031),
    )
    vip_2k = facts(
        "vip/2k-high",
        [*grid("vip/2k-high", 0.98, 90, until=spread), *grid("vip/2k-high", 0.8, 10, since=spread, seed=8)],
        model.State.DEGRADED,
        since=estimate(spread, 0, 20),
        failing=0.2,
        degraded=(window.Degraded(estimate(spread), None, 0.2),),
    )
    return seen(
        facts("vip/1k-low", grid("vip/1k-low", 0.99, 60, median_s=25.0), price_usd=0.01),
        vip_2k,
        vip_4k,
        facts("official/1k-low", grid("official/1k-low", 0.995, 120, seed=5, median_s=20.0), price_usd=0.006),
        facts("official/2k-high", grid("official/2k-high", 0.995, 120, seed=6, median_s=60.0), price_usd=0.11),
        facts("official/4k-high", grid("official/4k-high", 0.99, 120, seed=7, median_s=150.0), price_usd=0.40),
        facts(
            "nano/1k-low", grid("nano/1k-low", 0.97, 120, seed=9, median_s=15.0), model.State.SUSPECT, price_usd=0.067
        ),
        facts(
            "nano/4k-high",
            grid("nano/4k-high", 1.0, 1440, since=NOW - dt.timedelta(days=11)),
            model.State.UNKNOWN,
            price_usd=0.151,
        ),
        advice=(
            advice("1k-low", candidate("vip/1k-low", 0.01), candidate("official/1k-low", 0.006)),
            advice(
                "4k-high",
                candidate(
                    "vip/4k-high",
                    0.03,
                    p_degraded=0.97,
                    severity_weights=(0.0, 1.0, 0.0),
                    trouble_usable=14,
                    trouble_n=27,
                ),
                candidate("official/4k-high", 0.40, latency_s=200.0),
                candidate("nano/4k-high", 0.151, n=11, usable=11),
            ),
            advice("4k-high", candidate("nano/4k-high", 0.151, n=11, usable=11), job="nightly-batch"),
        ),
    )


def empty_window():
    paths = (facts("vip/4k-high", (), model.State.UNKNOWN), facts("official/4k-high", (), model.State.UNKNOWN))
    return seen(*paths, spent_usd=0.0, beat_at=None, watched=False)
