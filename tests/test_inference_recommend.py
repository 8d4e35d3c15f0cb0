"""Cost per usable picture against the published values, and the choice among channels."""

import datetime as dt
import random

import pytest

from probe import model
from probe.inference import recommend, words

FAILING = (0.05, 0.25, 0.5, 0.95)
MIXES = ((1, 0, 0, 0), (0.5, 0.1, 0.2, 0.2), (0, 0, 0, 1))


def states_of(weights):
    return list(zip(weights, FAILING, strict=True))


@pytest.mark.parametrize(
    ("weights", "billed", "usd"),
    [
        (MIXES[0], 0.0, 0.132665),
        (MIXES[1], 0.0, 0.192849),
        (MIXES[2], 0.0, 0.369297),
        (MIXES[0], 1.0, 0.136875),
        (MIXES[1], 1.0, 0.254937),
        (MIXES[2], 1.0, 0.586087),
    ],
)
def test_the_cost_of_a_picture_is_the_published_one(weights, billed, usd):
    found = recommend.value(
        states_of(weights),
        3,
        price_usd=0.08,
        latency_minutes=2.5,
        usd_per_minute=0.02,
        fall_back_usd=0.25,
        billed_failures=billed,
    )
    assert found == pytest.approx(usd, abs=5e-7)


@pytest.mark.parametrize(("weights", "share"), list(zip(MIXES, (0.999875, 0.8019, 0.142625), strict=True)))
def test_the_share_that_gets_through_is_the_published_one(weights, share):
    assert recommend.usable_share(states_of(weights), 3) == pytest.approx(share, abs=5e-7)


def test_retries_fail_together_so_a_mean_failure_rate_would_promise_too_much():
    mixed = states_of(MIXES[1])
    mean = sum(weight * failing for weight, failing in mixed)
    assert recommend.usable_share([(1.0, mean)], 3) > recommend.usable_share(mixed, 3) + 0.1


def test_the_waits_between_three_attempts_are_one_and_two_seconds():
    assert recommend.expected_tries(0.5, 3) == pytest.approx((1.75, 0.5 + 2 * 0.25))
    assert recommend.expected_tries(0.5, 1) == (1.0, 0.0)
    assert recommend.expected_tries(1.0, 3) == (3.0, 3.0)


def candidate(channel, **changes):
    fields = {"state": model.State.HEALTHY, "price_usd": 0.03, "latency_s": 100.0, "usable": 196, "n": 200}
    return recommend.Candidate(model.Path(channel, "4k-high"), **{**fields, **changes})


BATCH = recommend.Needs()


def rank(*candidates, needs=BATCH, current=None):
    return recommend.rank("4k-high", candidates, needs, rng=random.Random(1), current=current)


VIP, OFFICIAL = candidate("vip", p_degraded=0.03), candidate("official", price_usd=0.40, usable=198)


def test_the_cheap_healthy_channel_is_chosen():
    found = rank(OFFICIAL, VIP)
    assert found.choice.candidate is VIP
    assert found.runner_up.candidate is OFFICIAL
    assert found.fall_back == (OFFICIAL.path,)
    assert found.probability == 1.0


def test_a_cheap_channel_that_fails_now_loses_where_waiting_is_dear():
    broken = candidate("vip", p_degraded=0.97, state=model.State.DEGRADED, severity_weights=(0.0, 0.1, 0.9))
    assert rank(OFFICIAL, broken, needs=recommend.Needs(usd_per_minute=0.5)).choice.candidate is OFFICIAL


def test_a_channel_that_fails_most_pictures_is_no_first_choice_however_cheap():
    broken = candidate("vip", p_degraded=0.97, state=model.State.DEGRADED, severity_weights=(0.0, 0.1, 0.9))
    assert rank(OFFICIAL, broken).choice.candidate is OFFICIAL


def test_where_every_channel_fails_most_pictures_the_cheapest_is_still_named():
    broken = candidate("vip", p_degraded=0.97, state=model.State.DEGRADED, severity_weights=(0.0, 0.1, 0.9))
    assert rank(broken).choice.candidate is broken


def test_failures_that_are_billed_can_make_the_cheap_channel_the_dear_one():
    def half(billed):
        weights = (0.0, 1.0, 0.0)
        return candidate("vip", price_usd=0.10, p_degraded=0.9, severity_weights=weights, billed_failures=billed)

    dear = candidate("official", price_usd=0.15)
    assert rank(half(0.0), dear).choice.candidate.path.channel == "vip"
    assert rank(half(1.0), dear).choice.candidate.path.channel == "official"


def test_too_few_canaries_are_not_enough_data():
    few = candidate("nano", usable=11, n=11)
    found = rank(few)
    assert found.choice is None
    assert found.no_choice == "not enough data"
    assert found.not_known == ("nano/4k-high: 11 canaries, too few",)
    assert rank(few, VIP).choice.candidate is VIP


@pytest.mark.parametrize("state", [model.State.NO_ACCESS, model.State.MODEL_GONE, model.State.REFUSING])
def test_a_channel_that_cannot_be_used_is_no_candidate(state):
    found = rank(candidate("vip", state=state), OFFICIAL)
    assert found.choice.candidate is OFFICIAL
    assert found.not_known == (f"vip/4k-high: {state.value.replace('_', ' ')}",)


def test_the_channel_in_use_is_left_for_a_clear_gain_only():
    slightly = candidate("other", price_usd=0.0295)
    assert rank(VIP, slightly).choice.candidate is slightly
    kept = rank(VIP, slightly, current="vip")
    assert kept.choice.candidate is VIP
    degraded = candidate("vip", state=model.State.DEGRADED)
    assert rank(degraded, slightly, current="vip").choice.candidate is slightly
    assert rank(VIP, candidate("other", price_usd=0.02), current="vip").choice.candidate.path.channel == "other"


def test_limits_on_price_and_waiting_rule_channels_out():
    slow_cheap = candidate("vip", latency_s=600.0)
    assert rank(slow_cheap, OFFICIAL, needs=recommend.Needs(max_wait_s=300)).choice.candidate is OFFICIAL
    found = rank(slow_cheap, OFFICIAL, needs=recommend.Needs(max_usd=0.01))
    assert found.choice is None
    assert found.no_choice == "no channel meets the limits"


def slow(usable, n):
    fields = {"state": model.State.DEGRADED, "p_degraded": 0.99, "slow": True, "latency_s": 250.0}
    return candidate("vip", trouble_usable=usable, trouble_n=n, **fields)


def test_a_slow_channel_whose_pictures_time_out_gets_as_few_through_as_its_canaries_did():
    (found,) = rank(slow(12, 40)).offers
    assert found.attempts == 3
    assert found.usable_share == pytest.approx(1 - (28.5 / 41) ** 3, abs=0.01)
    assert rank(OFFICIAL, slow(12, 40)).choice.candidate is OFFICIAL


def test_a_slow_channel_that_delivers_in_time_costs_no_pictures():
    (found,) = rank(slow(40, 40)).offers
    assert found.usable_share > 0.999


def test_numbers_of_a_path_in_trouble_rest_on_the_canaries_since_it_began():
    assert slow(12, 40).support == 40
    assert candidate("vip", p_degraded=0.03, trouble_n=5).support == 200


def test_the_interval_of_what_gets_through_is_that_of_the_canaries():
    # One attempt: Wilson for 18 of 20 is .6989663547715128 to .972133518786232 (R `binom`).
    needs = recommend.Needs(lost_usd=0.0)
    found = recommend.offer(candidate("vip", usable=18, n=20), 1, needs, 0.0)
    assert (found.usable_low, found.usable_high) == (
        pytest.approx(0.698966, abs=1e-6),
        pytest.approx(0.972134, abs=1e-6),
    )
    (few,) = rank(
        candidate("vip", p_degraded=0.9, severity_weights=(0.0, 1.0, 0.0), trouble_usable=1, trouble_n=2)
    ).offers
    (many,) = rank(
        candidate("vip", p_degraded=0.9, severity_weights=(0.0, 1.0, 0.0), trouble_usable=50, trouble_n=100)
    ).offers
    assert few.usable_high - few.usable_low > 2 * (many.usable_high - many.usable_low)


def test_the_fall_back_chain_puts_channels_that_fail_together_last():
    vip, twin = candidate("vip", upstream="azure"), candidate("twin", upstream="azure", price_usd=0.05)
    assert rank(vip, twin, OFFICIAL).fall_back == (OFFICIAL.path, twin.path)


def test_a_channel_little_is_known_of_is_the_last_resort():
    few, gone = candidate("nano", usable=11, n=11), candidate("old", state=model.State.MODEL_GONE)
    assert rank(few, gone, VIP, OFFICIAL).fall_back == (OFFICIAL.path, few.path)


def test_how_sure_the_choice_is_falls_with_how_close_it_is():
    close = candidate("other", usable=95, n=100, price_usd=0.03)
    assert 0.5 < rank(candidate("vip", usable=96, n=100), close).probability < 0.95


def test_recommendations_are_made_from_stored_outcomes(tmp_path):
    from probe import config as configuration
    from probe.inference import routing

    path = tmp_path / "config.toml"
    path.write_text(
        """
        [[channel]]
        name = "vip"
        protocol = "openai-images"
        base_url = "https://vip.example/v1"
        model = "gpt-image-2-vip"
        key_env = "VIP_KEY"
        price_usd = 0.03
        tiers = ["4k-high"]
        usable_within_s = 240

        [[channel]]
        name = "official"
        protocol = "openai-images"
        base_url = "https://official.example/v1"
        model = "gpt-image-2"
        key_env = "OFFICIAL_KEY"
        tiers = ["4k-high"]

        [[job]]
        name = "batch"
        tiers = ["4k-high"]
        max_usd = 0.10
        """
    )
    config, start = configuration.load(path), dt.datetime(2026, 9, 1, tzinfo=dt.UTC)

    def told(channel, hour, kind, latency_s, trigger=model.Trigger.SCHEDULED, detail=""):
        at = start + dt.timedelta(hours=hour)
        outcome = model.Outcome("x", model.Path(channel, "4k-high"), trigger, at, model.Evidence(), latency_s=latency_s)
        stage, party = model.Stage.PROCESSING, model.Party.UPSTREAM
        return model.Judged(outcome, model.Verdict(kind, detail, stage, party, False, model.Action.NONE, "rule"))

    outcomes = [told("official", hour, model.Kind.OK, 100.0) for hour in range(100)]
    for hour in range(100):
        late, enlarged = hour % 10 == 3, hour % 10 == 7
        kind = model.Kind.DEGRADED_IMAGE if enlarged else model.Kind.OK
        outcomes.append(told("vip", hour, kind, 300.0 if late else 100.0, detail="enlarged" if enlarged else ""))
        outcomes.append(told("vip", hour + 0.1, model.Kind.TIMEOUT, None, trigger=model.Trigger.MANUAL))
    now = start + dt.timedelta(hours=100)
    board = routing.states.board([one for one in outcomes if one.outcome.trigger is model.Trigger.SCHEDULED], config)
    known = {one.path.channel: one for one in routing.candidates(outcomes, config, "4k-high", board, now)}
    assert (known["official"].usable, known["official"].n) == (100, 100)
    assert (known["vip"].usable, known["vip"].n) == (
        80,
        100,
    )  # late and enlarged are not usable, manual ones not counted
    assert known["vip"].billed_failures == pytest.approx(0.5)  # the late ones
    anything = routing.candidates(outcomes, config, "4k-high", board, now, native_only=False)
    assert next(one for one in anything if one.path.channel == "vip").usable == 90
    (recommendation,) = routing.job(outcomes, config, config.job[0], now, rng=random.Random(0), board=board)
    assert recommendation.choice.candidate.path.channel == "vip"
    (batch,) = routing.tiers(outcomes, config, now, rng=random.Random(0), board=board)
    assert batch.tier == "4k-high"
    assert batch.choice is not None


def test_a_single_canary_is_told_in_the_singular():
    assert [words.canaries(number) for number in (1, 11)] == ["1 canary", "11 canaries"]
