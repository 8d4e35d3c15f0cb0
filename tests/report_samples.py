"""Windows with known contents for the report tests."""

import datetime as dt
import random

from probe import model
from reports import window

NOW = dt.datetime(2026, 11, 24, 6, 10, tzinfo=dt.UTC)
SINCE = NOW - dt.timedelta(days=14)


def shot(at, kind=model.Kind.OK, trigger=model.Trigger.SCHEDULED, latency_s=90.0, **extra):
    health = extra.pop("health", None if kind in model.CONTENT_KINDS | model.ACCOUNT_KINDS else kind is model.Kind.OK)
    fields = {
        "detail": "",
        "excluded": None,
        "price_usd": 0.03,
        "charged_usd": None,
        "billed": "yes" if health else "no",
    }
    return window.Shot(
        sent_at=at, trigger=trigger, kind=kind, health=health, latency_s=latency_s, **{**fields, **extra}
    )


def series(share_ok, every_min, *, since=SINCE, until=NOW, seed=1, trigger=model.Trigger.SCHEDULED, median_s=90.0):
    """A grid of canaries from `since` to `until`, some failing."""
    chance = random.Random(seed)
    at, shots = since, []
    while at < until:
        if chance.random() < share_ok:
            shots.append(shot(at, trigger=trigger, latency_s=median_s * chance.lognormvariate(0, 0.3)))
        else:
            kind = chance.choice([model.Kind.PROCESSING_ERROR] * 3 + [model.Kind.TIMEOUT])
            shots.append(
                shot(at, kind, trigger, latency_s=360.0, billed="unknown" if kind is model.Kind.TIMEOUT else "no")
            )
        at += dt.timedelta(minutes=every_min)
    return tuple(shots)


def facts(path, shots=(), state=model.State.HEALTHY, since=SINCE, **extra):
    path = model.Path.parse(path)
    published = model.PathState(path, state, since, NOW - dt.timedelta(minutes=6)) if state else None
    fields = {"price_usd": 0.03, "deadline_s": 360.0, "target_success": 0.95}
    return window.PathFacts(path, state=published, shots=tuple(shots), **{**fields, **extra})


def degraded_window():
    """vip 4K went at 02:20 today, 2K at 05:10; 1K, official and most of nano are fine; nano 4K has too few."""
    began, spread = NOW.replace(hour=2, minute=20), NOW.replace(hour=5, minute=10)
    trouble = series(0.55, 60, since=began, seed=3) + series(0.5, 10, since=began, seed=4, trigger=model.Trigger.BURST)
    vip_4k = facts(
        "vip/4k-high",
        sorted(series(0.98, 60, until=began) + trouble, key=lambda each: each.sent_at),
        model.State.DEGRADED,
        degraded=(
            window.Degraded(
                NOW - dt.timedelta(days=5, hours=3),
                (NOW - dt.timedelta(days=5, hours=3, minutes=20), NOW - dt.timedelta(days=5, hours=2, minutes=45)),
                NOW - dt.timedelta(days=5),
                (NOW - dt.timedelta(days=5, minutes=15), NOW - dt.timedelta(days=4, hours=23, minutes=50)),
                0.3,
            ),
            window.Degraded(began, (began.replace(hour=1, minute=55), began.replace(minute=35)), failing=0.45),
        ),
    )
    vip_2k = facts(
        "vip/2k-high",
        series(0.98, 90, until=spread) + series(0.8, 10, since=spread, seed=8),
        model.State.DEGRADED,
        degraded=(window.Degraded(spread, (spread, spread.replace(minute=30)), failing=0.2),),
    )
    paths = (
        facts("vip/1k-low", series(0.99, 60, median_s=25.0), price_usd=0.01),
        vip_2k,
        vip_4k,
        facts("official/1k-low", series(0.995, 120, seed=5, median_s=20.0), price_usd=0.006),
        facts("official/2k-high", series(0.995, 120, seed=6, median_s=60.0), price_usd=0.11),
        facts("official/4k-high", series(0.99, 120, seed=7, median_s=150.0), price_usd=0.40),
        facts("nano/1k-low", series(0.97, 120, seed=9, median_s=15.0), model.State.SUSPECT, price_usd=0.067),
        facts(
            "nano/4k-high", series(1.0, 1440, since=NOW - dt.timedelta(days=11)), model.State.UNKNOWN, price_usd=0.151
        ),
    )
    return window.Window(SINCE, NOW, NOW, paths, 5.0, 3.1, NOW - dt.timedelta(seconds=40), watched=True)


def empty_window():
    paths = (facts("vip/4k-high", (), None), facts("official/4k-high", (), None))
    return window.Window(SINCE, NOW, NOW, paths, 5.0, 0.0)
