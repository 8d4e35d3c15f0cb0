"""What to use, in words: the offer, why it was chosen, and until when it stands."""

import datetime as dt
import random

import pytest

from probe import model
from probe.inference import recommend
from reports import advice, present


def candidate(channel, price_usd, **changes):
    fields = {"state": model.State.HEALTHY, "latency_s": 108.0, "usable": 196, "n": 200}
    return recommend.Candidate(model.Path(channel, "4k-high"), price_usd=price_usd, **{**fields, **changes})


VIP, OFFICIAL = candidate("vip", 0.0304, p_degraded=0.03), candidate("official", 0.40)
BROKEN = candidate("vip", 0.03, p_degraded=0.97, severity_weights=(0.0, 0.1, 0.9), trouble_usable=2, trouble_n=40)


def rank(*candidates, current=None):
    return recommend.rank("4k-high", candidates, recommend.Needs(), rng=random.Random(1), current=current)


def test_an_offer_names_attempts_price_time_share_and_what_it_rests_on():
    found = rank(OFFICIAL, VIP)
    said = advice.offer(found.choice, found.fall_back)
    assert said == "vip, up to 3 attempts: $0.03 and 115 s a usable picture, 99.0 % get through (n 200)"


@pytest.mark.parametrize(
    ("bad", "here", "said"),
    [
        (["vip"], ["vip"], "4k-high: stay on vip, up to 3 attempts:"),
        (["vip", "nano"], ["nano"], "(n 200); vip is in trouble too, and still the best."),
        (["nano"], ["nano"], "(n 200). Not nano now."),
    ],
)
def test_a_choice_that_is_in_trouble_itself_says_so(bad, here, said):
    given = present.Advice("4k-high", "", rank(VIP, OFFICIAL), None, None, None)
    ((label, text),) = advice.choices(given, bad, here, dt.datetime(2026, 11, 24, tzinfo=dt.UTC))
    assert label == "batch"
    assert said in text


@pytest.mark.parametrize(
    ("others", "bad", "said"),
    [
        ((BROKEN, OFFICIAL), "vip", "Not vip (19 % get through) now."),
        ((VIP, OFFICIAL), "official", "Not official (dearer, all priced in) now."),
    ],
)
def test_a_channel_in_trouble_that_is_left_is_told_with_the_reason(others, bad, said):
    given = present.Advice("4k-high", "", rank(*others), None, None, None)
    ((_, text),) = advice.choices(given, [bad], [bad], dt.datetime(2026, 11, 24, tzinfo=dt.UTC))
    assert said in text


def test_who_is_in_a_hurry_hears_it_where_that_changes_nothing():
    given = present.Advice("4k-high", "", rank(VIP, OFFICIAL), rank(VIP, OFFICIAL), None, None)
    batch, urgent = advice.choices(given, ["vip"], ["vip"], dt.datetime(2026, 11, 24, tzinfo=dt.UTC))
    assert urgent == ("urgent", batch[1])


def test_where_many_pictures_are_lost_the_offer_says_where_they_go():
    found = rank(BROKEN, candidate("nano", 0.15, usable=11, n=11))
    assert advice.offer(found.choice, found.fall_back).endswith(", the rest on nano (not in the $0.03)")


def test_a_path_in_trouble_is_told_by_the_canaries_since_it_began():
    assert advice.offer(rank(BROKEN).choice).endswith("n 40)")


@pytest.mark.parametrize(
    ("candidates", "current", "said"),
    [
        ((VIP, OFFICIAL), None, "a picture costs $0.36 more on official, lost pictures priced in"),
        ((BROKEN, OFFICIAL), None, "only 19 % get through on vip, which is cheaper"),
        ((VIP, candidate("other", 0.0299)), "vip", "a change to other would save less than 3 %"),
        ((VIP,), None, "the only channel known well enough"),
        ((candidate("nano", 0.15, usable=11, n=11),), None, "not enough data"),
    ],
)
def test_the_reason_says_what_the_next_best_would_change(candidates, current, said):
    assert advice.reason(rank(*candidates, current=current)) == said
