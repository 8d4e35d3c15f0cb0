"""A channel whose model was renamed or replaced keeps the history that `replaces` claims, everywhere it is told."""

import contextlib
import datetime as dt
import random
import sqlite3

import pytest
import record_samples as samples

from probe import config as configs
from probe import keeping, model, records
from probe.inference import states
from probe.records import history
from reports import present, reading, window

CONFIG = """
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "https://vip.example/v1"
model = "{model}"
key_env = "VIP_KEY"
price_usd = {price_usd}
tiers = ["4k-high"]
{replaces}
"""
OLD, NEW = "gpt-image-2-vip", "gpt-image-2-all"
NOW = dt.datetime(2026, 11, 24, 6, 10, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
VIP = model.Path("vip", "4k-high")


def load(tmp_path, named, replaces="", price_usd=0.03):
    file = tmp_path / "config.toml"
    file.write_text(CONFIG.format(model=named, replaces=replaces, price_usd=price_usd))
    return configs.load(file)


@pytest.fixture
def before(tmp_path):
    """The config as it was, under which a fortnight is stored: calm, then failing for the last hours."""
    config = load(tmp_path, OLD)
    with records.open(tmp_path / "tierwatch.db") as book:
        book.store_all(fortnight(config))
    return config


def fortnight(config, failing_from=NOW - 8 * HOUR):
    chance, at, number = random.Random(1), NOW - 14 * DAY, 0
    order = model.Order("openai-images", OLD, 3840, 2160, "high")
    while at < NOW:
        failing = chance.random() < (0.9 if at >= failing_from else 0.02)
        yield samples.judged(
            f"{number}",
            kind=model.Kind.PROCESSING_ERROR if failing else model.Kind.OK,
            at=at,
            path=VIP,
            evidence=model.Evidence(status=500 if failing else 200, order=order),
            latency_s=None if failing else 90.0,
            fingerprint=configs.fingerprint(config, VIP),
            price_usd=0.03,
        )
        at, number = at + HOUR / 2, number + 1


def after(tmp_path):
    """The model replaced, at another price."""
    return load(tmp_path, NEW, f'replaces = ["{OLD}"]', 0.05)


def test_without_the_mapping_a_new_model_begins_anew(before, tmp_path):
    (state,) = states.of(fortnight(before), load(tmp_path, NEW), NOW)
    assert state.state is model.State.UNKNOWN


def test_detection_goes_on_over_the_change(before, tmp_path):
    (was,), (now,) = (states.of(fortnight(before), config, NOW) for config in (before, after(tmp_path)))
    assert now.state is model.State.DEGRADED
    assert now == was


def test_what_was_learned_of_a_calm_path_stays(before, tmp_path):
    boards = [states.board(fortnight(before, NOW), config) for config in (before, after(tmp_path))]
    learned = [board.detections(NOW)[VIP].healthy_failing for board in boards]
    assert learned[0] == learned[1] > 0


def test_that_the_old_model_is_gone_says_nothing_of_the_new_one(before, tmp_path):
    config = after(tmp_path)
    gone = samples.judged(
        "gone",
        kind=model.Kind.MODEL_NOT_FOUND,
        at=NOW - HOUR / 4,
        path=VIP,
        evidence=model.Evidence(status=404, order=model.Order("openai-images", OLD, 3840, 2160, "high")),
        fingerprint=configs.fingerprint(before, VIP),
    )
    (state,) = states.of([*fortnight(before, NOW), gone], config, NOW)
    assert state.state is model.State.HEALTHY


def test_advice_counts_the_canaries_of_the_model_replaced(before, tmp_path):
    config = after(tmp_path)
    with history.open(tmp_path / "tierwatch.db") as past:
        (advice,) = present.read(config, past, NOW, published=False).advice
    candidate = advice.batch.offers[0].candidate
    assert candidate.state is model.State.DEGRADED
    assert candidate.n > 600
    assert candidate.price_usd == 0.05


def test_reports_and_roll_ups_tell_one_path(before, tmp_path):
    config = after(tmp_path)
    with records.open(tmp_path / "tierwatch.db") as book:
        book.store_all(
            [
                samples.judged(
                    "new",
                    at=NOW - HOUR / 4,
                    path=VIP,
                    evidence=model.Evidence(status=500, order=model.Order("openai-images", NEW, 3840, 2160, "high")),
                    fingerprint=configs.fingerprint(config, VIP),
                    price_usd=0.05,
                )
            ]
        )
    with history.open(tmp_path / "tierwatch.db") as past:
        seen = reading.read(config, past, NOW)
        rolled = reading.read_rolled(past, NOW - 14 * DAY, NOW)
    (vip,) = seen.paths
    assert len(vip.of(window.Series.SCHEDULED)) == 14 * 48 + 1
    assert rolled.keys() == {VIP}
    assert vip.degraded


def test_a_closed_month_is_one_over_the_change(before, tmp_path):
    config = after(tmp_path)
    now = NOW + 20 * DAY
    with records.open(tmp_path / "tierwatch.db") as book:
        book.store_all(samples.judged(f"later-{day}", at=NOW + day * DAY, path=VIP) for day in range(7, 20))
        keeping.turn(config, book, now, sleep=lambda _s: None, stopping=lambda: False)
    with contextlib.closing(sqlite3.connect(tmp_path / "tierwatch.db")) as connection:
        assert connection.execute("SELECT month, channel, tier FROM month").fetchall() == [("2026-11", *VIP)]
