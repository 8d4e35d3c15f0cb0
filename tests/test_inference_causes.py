"""The posterior over causes, against the published figures of the specification (its section 7.9)."""

import dataclasses
import math

import pytest

from probe import model, taxonomy
from probe.inference import causes, groups, posterior
from probe.inference.causes import Cause, Check, Clue, Finding, Result, Said

ACCOUNT_SAYS = dict(zip(causes.TABLES.said, (.003, .02, .05, .01, .90, .005, .007, .002, .003), strict=True))  # fmt: skip
PUBLISHED = dataclasses.replace(
    causes.TABLES,
    background=0.0,
    blind=0.0,
    one_phrase=dict.fromkeys(Said, 0.0),
    said={
        said: tuple(ACCOUNT_SAYS[said] if cause is Cause.ACCOUNT else p for cause, p in zip(Cause, row, strict=True))
        for said, row in causes.TABLES.said.items()
    },
)
"""The specification's own model: a request that failed for another reason is on a healthy path, canaries meet all
of its trouble, words follow the cause, and an account says so."""

CLEAR = Finding(Check.PRE_SCREEN, Result.PASSED)
FLAGGED = Finding(Check.PRE_SCREEN, Result.FAILED)
RETRY_FAILED = Finding(Check.RETRY, Result.FAILED)


def weighed(*findings, said=Said.PROCESSING, clues=(), tables=causes.TABLES):
    return posterior.weigh(said, clues, findings, tables).p


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([], {Cause.CONTENT: 0.2925, Cause.UPSTREAM: 0.4455, Cause.ONE_OFF: 0.1540}),
        ([CLEAR], {Cause.CONTENT: 0.1742, Cause.UPSTREAM: 0.5200, Cause.ONE_OFF: 0.1797}),
        ([CLEAR, RETRY_FAILED], {Cause.CONTENT: 0.2847, Cause.UPSTREAM: 0.5695, Cause.ONE_OFF: 0.0096}),
        (
            [CLEAR, RETRY_FAILED, Finding(Check.CANARY, Result.PASSED)],
            {Cause.CONTENT: 0.5673, Cause.UPSTREAM: 0.3147, Cause.CHANNEL: 0.0508},
        ),
        (
            [CLEAR, RETRY_FAILED, Finding(Check.CANARY, Result.FAILED)],
            {Cause.CONTENT: 0.0166, Cause.UPSTREAM: 0.8112, Cause.CHANNEL: 0.1308},
        ),
        ([FLAGGED], {Cause.CONTENT: 0.9118}),
    ],
)
def test_posterior_equals_the_published_figures(findings, expected):
    found = weighed(*findings, tables=PUBLISHED)
    assert {cause: found[cause] for cause in expected} == pytest.approx(expected, abs=5e-5)


def test_many_failing_canaries_never_exclude_that_the_prompt_is_bad_too():
    # A bad prompt meets a path in trouble with probability `background`: that caps what the path can say.
    found = weighed(*[Finding(Check.CANARY, Result.FAILED)] * 40)
    assert found[Cause.CONTENT] / found[Cause.UPSTREAM] == pytest.approx(
        0.30 * 0.38 * causes.TABLES.background / (0.28 * 0.62), rel=0.15
    )


def test_canaries_on_another_channel_tell_once_whether_it_shares_the_trouble():
    one = weighed(Finding(Check.CANARY, Result.FAILED), Finding(Check.OTHER_CANARY, Result.PASSED, of="b"))
    many = weighed(Finding(Check.CANARY, Result.FAILED), *[Finding(Check.OTHER_CANARY, Result.PASSED, of="b")] * 20)
    assert many[Cause.UPSTREAM] > 0.5 * one[Cause.UPSTREAM]


def test_a_channel_on_the_same_upstream_by_config_tells_upstream_from_channel():
    failed = [Finding(Check.CANARY, Result.FAILED)] * 3

    def upstream(shared):
        elsewhere = [Finding(Check.OTHER_CANARY, Result.PASSED, of="b", shared=shared)] * 4
        return weighed(*failed, *elsewhere, said=Said.GATEWAY)[Cause.UPSTREAM]

    assert upstream(True) < upstream(None) < upstream(False)


def test_the_severity_is_the_share_that_the_canaries_saw_failing():
    def severity(failed, passed):
        seen = [Finding(Check.CANARY, Result.FAILED)] * failed + [Finding(Check.CANARY, Result.PASSED)] * passed
        return posterior.weigh(Said.PROCESSING, (), seen).severity

    assert severity(12, 0) == pytest.approx(0.95, abs=0.02)
    assert severity(12, 8) == pytest.approx(0.6, abs=0.02)
    assert posterior.weigh(Said.MODERATION).severity is None


def test_the_words_in_which_canaries_fail_tell_the_causes_on_the_path_apart():
    def lead(said):
        return next(iter(weighed(*[Finding(Check.CANARY, Result.FAILED, said=said)] * 4, said=Said.TIMEOUT)))

    assert [lead(said) for said in (Said.PROCESSING, Said.OVERLOAD, Said.GATEWAY)] == [
        Cause.UPSTREAM,
        Cause.QUEUE,
        Cause.CHANNEL,
    ]


def test_a_hundred_canaries_of_one_speaker_do_not_say_it_a_hundred_times():
    def odds(count):
        found = weighed(*[Finding(Check.CANARY, Result.FAILED, said=Said.GATEWAY)] * count)
        return math.log(found[Cause.CHANNEL] / found[Cause.UPSTREAM])

    assert odds(1) > odds(0) + 0.5
    assert odds(200) - odds(100) < 1.0


def test_a_canary_refused_by_moderation_says_nothing_where_the_request_was_not_refused():
    assert weighed(Finding(Check.CANARY, Result.REFUSED)) == pytest.approx(weighed())


def test_canaries_refused_like_the_request_blame_the_channel():
    refused = [Finding(Check.CANARY, Result.REFUSED)] * 3
    assert weighed(said=Said.MODERATION)[Cause.CONTENT] > 0.95
    assert weighed(*refused, said=Said.MODERATION)[Cause.CHANNEL] > 0.95


def test_a_key_refused_now_is_not_cleared_by_canaries_that_passed_before():
    before = [Finding(Check.CANARY, Result.PASSED, minutes=-30.0)] * 20
    assert weighed(*before, said=Said.ACCOUNT, clues=[Clue.BLAMES_CALLER])[Cause.ACCOUNT] > 0.9


def test_a_key_is_cleared_by_a_canary_that_passes_afterwards():
    now = [Finding(Check.CANARY, Result.PASSED)]
    assert weighed(*now, said=Said.ACCOUNT, clues=[Clue.BLAMES_CALLER])[Cause.ACCOUNT] < 0.7


def test_a_finding_counts_by_its_weight():
    half = Finding(Check.RETRY, Result.FAILED, 0.5)
    assert weighed(half, half) == pytest.approx(weighed(RETRY_FAILED))
    assert weighed(Finding(Check.RETRY, Result.FAILED, 0.0)) == pytest.approx(weighed())


def test_nothing_known_of_the_reply_leaves_the_prior():
    found = weighed(said=None)
    assert [round(found[cause], 6) for cause in causes.CAUSES] == list(causes.TABLES.prior)


def test_the_caller_is_blamed_only_when_it_is_nearly_sure():
    def of(cause, p):
        return posterior.Posterior({}, {cause: p})

    assert of(Cause.UPSTREAM, 0.9).sure
    assert not of(Cause.CONTENT, 0.9).sure
    assert of(Cause.UPSTREAM, 0.6).known
    assert not of(Cause.CONTENT, 0.79).known


OPTIONS = [posterior.Option(check, price_usd, "b") for check, price_usd in causes.PRICES_USD.items()]


def test_the_next_check_is_the_free_pre_screen_and_then_the_cheap_one():
    first = posterior.next_check(Said.PROCESSING, [], [], OPTIONS)
    assert first.option.check is Check.PRE_SCREEN
    second = posterior.next_check(Said.PROCESSING, [], [CLEAR], OPTIONS[1:])
    assert second.option.check is Check.DOWNSCALE


def test_the_information_of_a_check_is_the_expected_drop_of_entropy():
    choice = posterior.next_check(Said.PROCESSING, [], [], OPTIONS[:1])

    def entropy(*findings):
        return -math.fsum(p * math.log(p) for p in weighed(*findings).values())

    p_flagged = math.fsum(p * (0.5 if cause is Cause.CONTENT else 0.02) for cause, p in weighed().items())
    expected = entropy() - p_flagged * entropy(FLAGGED) - (1 - p_flagged) * entropy(CLEAR)
    assert choice.nats == pytest.approx(expected)


def test_no_further_check_once_a_cause_is_sure():
    assert posterior.weigh(Said.INVALID).lead == (Cause.PARAMETERS, pytest.approx(0.91, abs=0.005))
    assert posterior.next_check(Said.INVALID, [], [], OPTIONS) is None


def test_no_check_that_is_not_worth_its_price():
    dear = [posterior.Option(Check.CANARY, 10_000.0)]
    assert posterior.next_check(Said.PROCESSING, [], [], dear) is None


def test_counted_cases_move_the_tables_towards_what_happened():
    case = posterior.weigh(Said.GATEWAY, [Clue.NAMES_POOL], [Finding(Check.CANARY, Result.FAILED)] * 3)
    learnt = posterior.learn([(Said.GATEWAY, case)] * 30)
    channel = causes.CAUSES.index(Cause.CHANNEL)
    assert learnt.prior[channel] == pytest.approx((30 * 0.10 + 30 * case.p[Cause.CHANNEL]) / 60)
    assert learnt.said[Said.GATEWAY][channel] > causes.TABLES.said[Said.GATEWAY][channel]
    assert math.fsum(learnt.prior) == pytest.approx(1)


def test_every_table_is_complete():
    assert set(causes.SAID) == set(model.Kind)
    assert set(causes.TABLES.said) == set(Said)
    assert set(causes.TABLES.fails) == set(Check)
    rows = [*causes.TABLES.said.values(), *causes.TABLES.clues.values(), *causes.TABLES.fails.values()]
    assert {len(row) for row in rows} == {len(causes.CAUSES)}
    assert set(causes.DETAILS.values()) <= set(causes.TABLES.clues)
    assert math.fsum(causes.TABLES.prior) == pytest.approx(1)
    for index in range(len(causes.CAUSES)):
        assert math.fsum(row[index] for row in causes.TABLES.said.values()) == pytest.approx(1, abs=0.011)


def test_every_detail_that_is_a_clue_is_one_that_the_taxonomy_gives():
    assert set(causes.DETAILS) <= {rule.detail for rule in taxonomy.RULES}


@pytest.mark.parametrize(
    ("kind", "detail", "party", "clue"),
    [
        (model.Kind.GATEWAY_ERROR, "pool_exhausted", model.Party.CHANNEL, Clue.NAMES_POOL),
        (model.Kind.TIMEOUT, "gateway_timeout", model.Party.CHANNEL, Clue.TIME_LIMIT),
        (model.Kind.AUTH, "", model.Party.CALLER, Clue.BLAMES_CALLER),
        (model.Kind.PERMISSION, "role", model.Party.CHANNEL, Clue.BLAMES_CHANNEL),
        (model.Kind.DEGRADED_IMAGE, "size_reduced", model.Party.CHANNEL, Clue.WRONG_PICTURE),
    ],
)
def test_finer_words_of_a_verdict_are_clues(kind, detail, party, clue):
    base = taxonomy.judge(model.Evidence())
    assert causes.clues_of(dataclasses.replace(base, kind=kind, detail=detail, party=party)) == (clue,)


def test_a_bare_processing_error_has_no_clue():
    assert (
        causes.clues_of(dataclasses.replace(taxonomy.judge(model.Evidence()), kind=model.Kind.PROCESSING_ERROR)) == ()
    )


def test_late_pictures_beside_a_failure_speak_for_load_and_against_the_gateway():
    def odds(slow):
        seen = [Finding(Check.CANARY, Result.FAILED)] * 2 + [Finding(Check.CANARY, Result.PASSED, slow=slow)] * 4
        p = weighed(*seen, said=Said.TIMEOUT)
        return p[Cause.UPSTREAM] / p[Cause.CHANNEL]

    assert odds(True) > odds(None) > odds(False)


def test_good_canaries_may_be_blind_to_what_the_caller_meets():
    seen = [Finding(Check.CANARY, Result.PASSED)] * 30 + [RETRY_FAILED] * 3
    blind = weighed(*seen)
    seeing = weighed(*seen, tables=dataclasses.replace(causes.TABLES, blind=0.0))
    on_path = [sum(p[cause] for cause in causes.PATH_CAUSES) for p in (blind, seeing)]
    assert on_path[0] > 10 * on_path[1]
    assert blind[Cause.CONTENT] < seeing[Cause.CONTENT]


@pytest.mark.parametrize("detail", ["time_wall", "gateway_timeout", "edge_timeout", "relay_timer"])
def test_who_was_cut_off_by_a_proxy_was_told_nothing(detail):
    base = taxonomy.judge(model.Evidence())
    cut = dataclasses.replace(base, kind=model.Kind.GATEWAY_ERROR, detail=detail)
    assert causes.said_of(cut) is Said.TIMEOUT
    assert causes.said_of(dataclasses.replace(cut, detail="html_page")) is Said.GATEWAY


def test_a_failure_at_a_tier_of_the_same_pixels_is_no_news_of_smaller_ones():
    path = [Finding(Check.CANARY, Result.FAILED)] * 6
    smaller = [Finding(Check.LIGHTER_CANARY, Result.PASSED)] * 16
    before = weighed(*path, *smaller)
    after = weighed(*path, *smaller, Finding(Check.DOWNSCALE, Result.FAILED, shared=True))
    assert after[Cause.ACCOUNT] < 2 * before[Cause.ACCOUNT] + 1e-3
    assert after[Cause.UPSTREAM] > 0.9 * before[Cause.UPSTREAM]


def canaries(check, marks, *, every=10.0, said=Said.GATEWAY, **fields):
    """One finding for each mark, the last of them at the failure: `.` passed, `x` failed."""
    return [
        Finding(
            check,
            Result.FAILED if mark == "x" else Result.PASSED,
            minutes=-every * n,
            said=said if mark == "x" else None,
            **fields,
        )
        for n, mark in enumerate(reversed(marks))
    ]


def test_trouble_that_began_an_hour_ago_is_as_severe_as_since_then():
    def severity(marks):
        return posterior.weigh(Said.GATEWAY, (), canaries(Check.CANARY, marks)).severity

    assert severity("......xxxxxx") > 0.85
    assert severity("x.x..x.x.x.x") < 0.6


def test_chances_of_spells_sum_to_one():
    found = [*canaries(Check.CANARY, ".xx.x."), Finding(Check.OTHER_CANARY, Result.PASSED, of="b", minutes=40.0)]
    chances = [chance for _, chance in groups.spells(found)]
    assert len(chances) == 6
    assert math.fsum(chances) == pytest.approx(1)


def test_a_channel_paid_by_the_same_key_that_fails_too_speaks_for_the_account():
    def account(purse, marks):
        here = canaries(Check.CANARY, "....xxx") + canaries(Check.LIGHTER_CANARY, "....xxx")
        there = canaries(Check.OTHER_CANARY, marks, of="b", shared=False, purse=purse)
        return weighed(*here, *there, said=Said.GATEWAY, clues=[Clue.AT_ONCE])[Cause.ACCOUNT]

    assert account(True, "....xxx") > 5 * account(False, "....xxx")
    assert account(False, ".......") > 5 * account(True, ".......")


def test_canaries_that_failed_at_once_speak_for_the_queue_and_late_ones_for_the_upstream():
    def queue(pace):
        failed = [Finding(Check.CANARY, Result.FAILED, said=Said.PROCESSING, pace=pace)] * 4
        return weighed(*failed)[Cause.QUEUE]

    assert queue(Clue.AT_ONCE) > 2 * queue(None) > 4 * queue(Clue.LATE)
