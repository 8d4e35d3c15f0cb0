"""Before a batch: go, wait or split."""

import dataclasses
import datetime as dt
import re

import pytest
from report_samples import NOW, advice, candidate

from probe import model
from reports import preflight

LATER = NOW + dt.timedelta(hours=3)


def flight(*candidates, n=5000, valid_until=LATER, usd_per_minute=0.0, **changes):
    found = advice("4k-high", *candidates, job="nightly")
    batch = dataclasses.replace(found.batch, **changes)
    found = dataclasses.replace(found, batch=batch, valid_until=valid_until)
    return preflight.check(found, n, 8, NOW, usd_per_minute=usd_per_minute)


def degraded(path, price_usd, **fields):
    worst = {"p_degraded": 0.97, "severity_weights": (0.0, 0.0, 1.0), **fields}
    return dataclasses.replace(candidate(path, price_usd, **worst), state=model.State.DEGRADED)


def test_a_healthy_and_clearly_better_channel_is_a_go():
    found = flight(candidate("vip/4k-high", 0.03), candidate("official/4k-high", 0.40))
    assert (found.decision, found.pilot, found.later) == ("go", 0, None)
    assert [path.channel for path in found.chain] == ["vip", "official"]


def test_the_bill_counts_every_picture_once():
    # One channel that always delivers: 5000 pictures of $0.03 and 90 s, 8 at once.
    found = flight(candidate("vip/4k-high", 0.03, n=10_000, usable=10_000))
    assert found.bill.usd == pytest.approx(5000 * 0.03, rel=1e-3)
    assert found.bill.hours == pytest.approx(5000 * 90 / 3600 / 8, rel=1e-2)
    assert found.bill.lost == pytest.approx(0, abs=1)


def test_what_a_channel_does_not_deliver_goes_to_the_next():
    found = flight(degraded("vip/4k-high", 0.03), candidate("official/4k-high", 0.031, n=10_000, usable=10_000))
    assert found.bill.lost < 1
    assert found.bill.usd == pytest.approx(5000 * 0.031, rel=0.05)


def test_a_cheap_channel_in_trouble_is_worth_waiting_for():
    found = flight(degraded("vip/4k-high", 0.03), candidate("official/4k-high", 0.40))
    assert found.decision == "wait"
    saved = re.search(r"costs \$([\d.,]+) less", found.why)
    assert float(saved[1].replace(",", "")) == pytest.approx(found.bill.usd - found.later.usd, rel=0.1)
    assert found.later.usd == pytest.approx(5000 * 0.03, rel=0.05)
    assert found.bill.usd > 2 * found.later.usd


def test_what_somebody_waits_for_is_not_kept_waiting():
    found = flight(degraded("vip/4k-high", 0.03), candidate("official/4k-high", 0.40), usd_per_minute=0.2)
    assert found.decision != "wait"


def test_a_dear_channel_in_trouble_is_not_waited_for():
    found = flight(candidate("vip/4k-high", 0.03), degraded("official/4k-high", 0.40))
    assert found.decision == "go"


@pytest.mark.parametrize(("n", "pilot"), [(5, 5), (500, 20), (5000, 100), (10**6, 200)])
def test_where_no_channel_is_clearly_better_a_part_goes_first(n, pilot):
    found = flight(candidate("vip/4k-high", 0.03), candidate("nano/4k-high", 0.0301), n=n, probability=0.55)
    assert (found.decision, found.pilot) == ("split", pilot)


def test_advice_that_is_too_old_is_tried_on_a_part():
    found = flight(candidate("vip/4k-high", 0.03), valid_until=NOW - dt.timedelta(hours=1))
    assert (found.decision, found.why) == ("split", "the last canary was too long ago")


def test_without_data_the_answer_is_to_wait_and_how_to_get_some():
    found = flight(candidate("vip/4k-high", 0.03, n=3, usable=3))
    assert (found.decision, found.bill) == ("wait", None)
    assert "`tierwatch probe` sends canaries now" in found.why
