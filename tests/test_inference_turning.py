"""What would change a recommendation: each condition, made true, turns the choice."""

import dataclasses
import re

import pytest

from probe import model
from probe.inference import recommend, turning


def candidate(channel, **changes):
    fields = {"state": model.State.HEALTHY, "price_usd": 0.03, "latency_s": 100.0, "usable": 196, "n": 200}
    return recommend.Candidate(model.Path(channel, "4k-high"), **{**fields, **changes})


def rank(*candidates, needs=None):
    return recommend.rank("4k-high", candidates, needs or recommend.Needs(), rng=None)


VIP, OFFICIAL = candidate("vip", p_degraded=0.03), candidate("official", price_usd=0.40, usable=198, latency_s=60.0)


def usd(conditions, words):
    (told,) = (re.fullmatch(rf"{words} \$([\d.]+)", each) for each in conditions if each.startswith(words))
    return float(told[1])


@pytest.mark.parametrize(("factor", "chosen"), [(0.95, "official"), (1.05, "vip")])
def test_the_rival_is_chosen_below_the_price_that_is_told_and_not_above(factor, chosen):
    price_usd = usd(turning.conditions(rank(VIP, OFFICIAL)), "official falls below")
    cheaper = dataclasses.replace(OFFICIAL, price_usd=factor * price_usd)
    assert rank(VIP, cheaper).choice.candidate.path.channel == chosen


@pytest.mark.parametrize(("factor", "chosen"), [(0.95, "vip"), (1.05, "official")])
def test_the_rival_is_chosen_where_waiting_is_worth_more_than_is_told(factor, chosen):
    worth_usd = usd(turning.conditions(rank(VIP, OFFICIAL)), "a minute's waiting is worth over")
    needs = recommend.Needs(usd_per_minute=factor * worth_usd)
    assert rank(VIP, OFFICIAL, needs=needs).choice.candidate.path.channel == chosen


def test_the_mildest_trouble_that_turns_the_choice_is_told():
    assert turning.conditions(rank(VIP, OFFICIAL))[0] == "vip fails nearly all attempts"
    billed, near = dataclasses.replace(VIP, billed_failures=1.0), dataclasses.replace(OFFICIAL, price_usd=0.035)
    assert turning.conditions(rank(billed, near))[0] == "vip fails a quarter of attempts"


def test_a_cheap_channel_in_trouble_would_be_chosen_again_once_healthy():
    broken = candidate("vip", p_degraded=0.97, state=model.State.DEGRADED, severity_weights=(0.0, 0.0, 1.0))
    found = rank(OFFICIAL, broken)
    assert found.choice.candidate is OFFICIAL
    assert "vip is healthy again" in turning.conditions(found)


def test_nothing_is_told_where_there_is_no_choice_or_no_rival():
    assert turning.conditions(rank(candidate("nano", usable=11, n=11))) == ()
    assert turning.conditions(rank(VIP)) == ()
