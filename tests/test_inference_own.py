"""What own requests say: content faults counted once, walls, money, and what gateways hide."""

import datetime as dt
import random

import own_samples as samples
import pytest

from probe import model
from probe.inference import own, points, prompts
from reports import own as told

VIP, OFFICIAL = model.Path("vip", "4k-high"), model.Path("official", "4k-high")
KIND = model.Kind


def point(minute, kind=KIND.OK, path=VIP, prompt="", **fields):
    known = {
        "path": path, "sent_at": samples.minutes(minute), "kind": kind, "detail": "", "excluded": None, "billed": "no",
        "latency_s": 90.0 if kind is KIND.OK else None, "elapsed_s": 90.0, "price_usd": 0.03, "charged_usd": None,
        "model": "gpt-image-2-vip", "served_model": "", "asked_group": "", "served_group": "", "prompt_id": prompt, "attempt": 1, "batch": "",
        "source": "recorder", "token_group": "", "gateway_s": None, "gateway_attempts": None, "gateway_failed": None,
    }  # fmt: skip
    return points.Point(**(known | fields))


def share(found):
    (one,) = own.find(found).shares
    return one


def test_a_prompt_that_fails_again_and_again_counts_once():
    found = share([point(n, KIND.PROCESSING_ERROR, prompt="p") for n in range(5)])
    assert (found.requests, found.n, found.failed) == (5, 1, 1)


def test_prompts_that_fail_one_after_another_all_count():
    assert share([point(n, KIND.PROCESSING_ERROR, prompt=f"p{n}") for n in range(5)]).failed == 5


def test_a_prompt_that_fails_while_the_channel_works_for_others_counts_not_at_all():
    others = [point(n, prompt=f"p{n}") for n in range(1, 6)]
    found = share([point(0, KIND.PROCESSING_ERROR, prompt="p"), *others, point(6, KIND.PROCESSING_ERROR, prompt="p")])
    assert (found.n, found.failed) == (5, 0)


def test_an_outage_is_not_mistaken_for_stubborn_prompts_though_all_of_them_are_sent_again():
    rng = random.Random(1)
    found = []
    for n in range(200):
        prompt = f"p{n}"
        for attempt in range(3):
            failed = rng.random() < 0.5
            found.append(point(n + attempt / 10, KIND.PROCESSING_ERROR if failed else KIND.OK, prompt=prompt))
            if not failed:
                break
    assert share(found).failed / share(found).n > 0.25


def test_a_failure_without_a_prompt_hash_counts_each_time():
    assert share([point(n, KIND.TIMEOUT) for n in range(4)]).failed == 4


def test_a_prompt_may_fail_anew_after_some_hours():
    memory = prompts.Memory()
    assert memory.fails("p", samples.minutes(0)) == "new"
    assert memory.fails("p", samples.minutes(30)) == "repeat"
    assert memory.fails("p", samples.minutes(30 + 7 * 60)) == "new"


def test_a_prompt_that_passes_is_forgiven():
    memory = prompts.Memory()
    memory.fails("p", samples.minutes(0))
    memory.passes("p")
    assert memory.fails("p", samples.minutes(1)) == "new"


def test_refusals_and_own_faults_say_nothing_of_health():
    found = share(
        [point(0), point(1, KIND.MODERATION_INPUT), point(2, KIND.TIMEOUT, excluded=model.Exclusion.CANCELLED)]
    )
    assert (found.n, found.failed, found.refused, found.excluded) == (1, 0, 1, 1)


def walled(rng, detail=""):
    failed = [point(n, KIND.TIMEOUT, detail=detail, elapsed_s=100 + rng.random() * 0.4) for n in range(23)]
    failed += [point(n, KIND.PROCESSING_ERROR, elapsed_s=rng.uniform(20, 300)) for n in range(23, 31)]
    return failed + [point(n, elapsed_s=s, latency_s=s) for n in range(31, 60) if (s := rng.uniform(60, 95))]


def test_failures_that_end_at_one_time_are_a_wall_in_the_path():
    (cut,) = own.find(walled(random.Random(2))).cuts
    assert not cut.own
    (sentence,) = told.cuts(own.find(walled(random.Random(2))))
    assert sentence.startswith("vip/4k-high: 23 of 31 failures end at 100.0-100.4 s: a CDN's origin timeout")


def test_a_wall_that_the_programs_own_timer_makes_is_named_so():
    (sentence,) = told.cuts(own.find(walled(random.Random(2), "client_deadline")))
    assert sentence.endswith("your program's own time limit, not the model.")


def test_pictures_that_came_and_are_too_small_are_cut_off_by_no_timer():
    found = [point(n, KIND.DEGRADED_IMAGE, elapsed_s=30.0, latency_s=30.0) for n in range(40)]
    assert own.find(found).cuts == ()


def test_thousands_of_failures_are_looked_at_in_no_time():
    rng = random.Random(3)
    found = [point(n, KIND.TIMEOUT, elapsed_s=60.1 + rng.random() * 0.2) for n in range(5000)]
    (cut,) = own.find(found).cuts
    assert cut.wall.failures == own.MOST_FAILURES


def test_money_for_pictures_nobody_got_is_added_up():
    found = own.find(
        [
            point(0, KIND.TIMEOUT, charged_usd=0.03, billed="unknown"),
            point(1, KIND.NETWORK, charged_usd=0.04),
            point(2, KIND.TIMEOUT, charged_usd=0.0, billed="unknown"),
            point(3, KIND.TIMEOUT, billed="unknown"),
            point(4, charged_usd=0.03),
        ]
    )
    assert (found.lost.n, found.lost.usd, found.lost.of) == (2, pytest.approx(0.07), 4)
    assert (found.perhaps_lost.n, found.perhaps_lost.usd) == (1, 0.03)
    assert "Billed and lost: 2 pictures, $0.07 of 4 failures." in told.sentences(found)


def test_charges_are_compared_with_the_list_price():
    found = own.find([point(0, charged_usd=0.03), point(1, charged_usd=0.06), point(2, charged_usd=0.01), point(3)])
    assert (found.over_list.n, found.over_list.usd, found.over_list.of) == (1, pytest.approx(0.03), 3)
    assert (found.under_list.n, found.under_list.usd) == (1, pytest.approx(0.02))


def test_another_model_than_the_one_asked_for_is_told_and_a_dated_snapshot_is_not_another():
    found = own.find(
        [
            point(0, model="gpt-image-2", served_model="gpt-image-2-2026-04-21"),
            point(1, model="gpt-image-2.5-sunburst", served_model="gpt-image-2"),
            point(2, model="gpt-image-2", served_model="openai/gpt-image-2", asked_group="img", served_group="img"),
            point(3, model="gpt-image-2", asked_group="img", served_group="img-backup"),
        ]
    )
    assert set(found.fallbacks) == {("gpt-image-2.5-sunburst", "gpt-image-2", 1), ("img", "img-backup", 1)}


def test_a_token_group_other_than_the_usual_one_is_told():
    found = own.find([point(n, token_group="default") for n in range(9)] + [point(9, token_group="svip")])
    assert found.groups == (("vip", "default", "svip", 1),)


def test_retries_inside_the_gateway_show_in_the_time_the_caller_waited():
    found = own.find(
        [
            point(0, latency_s=92.0, gateway_s=90.0),
            point(1, latency_s=240.0, gateway_s=80.0),
            point(2, gateway_attempts=3),
            point(3),
        ]
    )
    assert (found.retried.n, found.retried.of) == (2, 3)


def test_a_prompt_refused_here_and_drawn_there_is_the_channels_moderation():
    found = []
    for n in range(4):
        found += [
            point(n, KIND.MODERATION_OUTPUT if n < 3 else KIND.OK, prompt=f"p{n}"),
            point(n, path=OFFICIAL, prompt=f"p{n}"),
        ]
    (one,) = own.find(found).stricter
    assert (one.channel, one.passes, one.prompts, one.of) == ("vip", "official", 3, 4)
    assert "moderation of vip, not its health" in told.sentences(own.find(found))[-1]


def test_what_fails_once_here_and_passes_there_is_no_moderation():
    found = [point(0, KIND.PROCESSING_ERROR, prompt="p"), point(1, path=OFFICIAL, prompt="p")]
    assert own.find(found).stricter == ()


def test_no_requests_are_no_findings():
    assert told.sentences(own.find([])) == ()


def test_what_says_nothing_of_health_is_told_apart_and_not_left_out():
    kinds = [KIND.OK] * 30 + [KIND.INVALID_REQUEST] * 20 + [KIND.AUTH]
    (said,) = told.sentences(own.find([point(n, kind) for n, kind in enumerate(kinds)]))
    assert said == (
        "vip/4k-high: 21 requests failed for what was asked, the account or on your own side, and tell nothing of the "
        "channel: invalid_request 20, auth 1."
    )


def test_too_few_requests_say_so():
    assert told.sentences(own.find([point(0), point(1, KIND.TIMEOUT)])) == (
        "vip/4k-high: 1 of 2 fail, too few to say more: timeout 1.",
    )


def test_sentences_keep_the_worst_first():
    found = [point(n, KIND.TIMEOUT if n < 5 else KIND.OK) for n in range(40)]
    found += [point(n, KIND.TIMEOUT if n < 20 else KIND.OK, path=OFFICIAL) for n in range(40)]
    failing = list(told.failing(own.find(found)))
    assert failing[0].startswith("official/4k-high: 20 of 40 fail, 50 % (95 %: 35-65): timeout 20.")
    assert failing[1].startswith("vip/4k-high: 5 of 40 fail, 12 %")


def test_a_drop_to_60_percent_of_own_requests_is_seen_within_the_hour():
    """50,000 pictures a month are 70 an hour; 24 paid canaries a day need three hours (docs/detection.md)."""
    from probe.inference import detect

    minutes = []
    for seed in range(10):
        rng = random.Random(seed)
        detector = detect.Detector(detect.Settings(tiers=("4k-high",), calm_s={"4k-high": 3600.0}, a_days=270))
        at, drop = samples.AT, samples.AT + dt.timedelta(days=1)
        while detector.view("4k-high").alarm is None:
            at += dt.timedelta(hours=rng.expovariate(70))
            failed = rng.random() < (0.4 if at > drop else 0.04)
            latency_s = None if failed else 90 * rng.lognormvariate(0, 0.3)
            detector.update(detect.Observation(at, "4k-high", failed, latency_s, own=True))
        minutes.append((at - drop).total_seconds() / 60)
    assert min(minutes) > 0
    assert sum(minutes) / len(minutes) < 30
    assert max(minutes) < 60
