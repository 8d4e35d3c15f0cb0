"""Intervals and comparisons against the values that R's packages and published tables give."""

import math

import pytest

from probe.inference import statistics


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # R binom::binom.confint(method = "wilson")
        (18, 20, 0.6989663547715128, 0.972133518786232),
        (4, 20, 0.0806576625797981, 0.4160174322518935),
        (4, 200, 0.00780442641634947, 0.05028708690582643),
        (190, 200, 0.910421851861224, 0.972617354399236),
    ],
)
def test_wilson_is_what_r_gives(successes, n, low, high):
    assert statistics.wilson(successes, n) == pytest.approx((low, high), abs=1e-9)


def test_wilson_of_whole_successes_ends_at_one_and_of_nothing_says_nothing():
    assert statistics.wilson(24, 24) == pytest.approx((0.862024, 1.0), abs=1e-6)
    assert statistics.wilson(24, 24).high == 1.0
    assert statistics.wilson(0, 24).low == 0.0
    assert statistics.wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # R binom::binom.confint(method = "bayes", type = "central"); 190/200 from the beta quantiles
        (18, 20, 0.716146742695748, 0.97862751197755),
        (4, 20, 0.07152005247873425, 0.4082257625169254),
        (4, 200, 0.00678759879519299, 0.0468465669668423),
        (190, 200, 0.9131249, 0.9740066),
    ],
)
def test_jeffreys_is_what_r_gives(successes, n, low, high):
    assert statistics.jeffreys(successes, n) == pytest.approx((low, high), abs=1e-7)


def test_jeffreys_is_closed_at_both_ends():
    assert statistics.jeffreys(24, 24).high == 1.0
    assert statistics.jeffreys(0, 24).low == 0.0


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (10, 10, 0.623013, 1.0),
        (24, 24, 0.806463, 1.0),
        (23, 24, 0.713560, 0.999878),
        (97, 100, 0.877051, 0.998121),
        (700, 720, 0.944222, 0.988967),
    ],
)
def test_the_confidence_sequence_has_its_published_ends(successes, n, low, high):
    assert statistics.confidence_sequence(successes, n) == pytest.approx((low, high), abs=1e-6)


def test_a_confidence_sequence_without_data_says_nothing():
    assert statistics.confidence_sequence(0, 0) == (0.0, 1.0)


def test_looking_again_and_again_breaks_wilson_but_not_the_sequence():
    import random

    rng, runs, rate = random.Random(3), 150, 0.9
    left = {"wilson": 0, "sequence": 0}
    for _ in range(runs):
        successes, out = 0, set()
        for n in range(1, 361):
            successes += rng.random() < rate
            if n >= 10 and n % 5 == 0:
                for name, interval in (
                    ("wilson", statistics.wilson(successes, n)),
                    ("sequence", statistics.confidence_sequence(successes, n)),
                ):
                    if not interval.low <= rate <= interval.high:
                        out.add(name)
        for name in out:
            left[name] += 1
    assert left["wilson"] / runs > 0.2
    assert left["sequence"] / runs <= 0.05


@pytest.mark.parametrize(
    ("n", "q", "ranks", "coverage"),
    [
        (20, 0.5, (6, 15), 0.9586),
        (24, 0.5, (7, 18), 0.977),
        (50, 0.5, (18, 33), 0.967),
        (100, 0.5, (40, 61), 0.965),
        (50, 0.9, (41, 50), 0.970),
        (100, 0.9, (84, 96), 0.956),
    ],
)
def test_order_statistics_bound_quantiles_with_the_tabled_coverage(n, q, ranks, coverage):
    assert statistics.quantile_ranks(n, q) == ranks
    covered = sum(math.comb(n, k) * q**k * (1 - q) ** (n - k) for k in range(ranks[0], ranks[1]))
    assert covered == pytest.approx(coverage, abs=6e-4)


def test_a_ninetieth_percentile_under_fifty_latencies_is_not_told():
    assert statistics.latency_quantile([60.0] * 49, 0.9) is None
    assert statistics.latency_quantile([float(n) for n in range(1, 51)], 0.9) == (45.0, 41.0, 50.0)


def test_timeouts_rank_behind_every_success():
    told = statistics.latency_quantile([float(n) for n in range(1, 81)], 0.9, timeouts=20)
    assert told == (math.inf, math.inf, math.inf)
    median = statistics.latency_quantile([float(n) for n in range(1, 81)], 0.5, timeouts=20)
    assert median == (50.0, 40.0, 61.0)


@pytest.mark.parametrize(
    ("a", "b", "probability"),
    [
        ((24, 24), (23, 24), 0.82),
        ((166, 168), (160, 168), 0.975),
        ((97, 100), (90, 100), 0.980),
        ((10, 10), (9, 10), 0.826),
    ],
)
def test_the_probability_of_being_better_is_the_tabled_one(a, b, probability):
    assert statistics.probability_better(*a, *b) == pytest.approx(probability, abs=3e-3)
    assert statistics.probability_better(*b, *a) == pytest.approx(1 - probability, abs=3e-3)


def test_large_samples_are_compared_as_well():
    assert statistics.probability_better(50_000, 100_000, 50_000, 100_000) == pytest.approx(0.5, abs=1e-6)
    assert statistics.probability_better(51_000, 100_000, 50_000, 100_000) > 0.9999


def test_comparisons_are_told_in_words():
    assert statistics.compare(166, 168, 160, 168) == "better"
    assert statistics.compare(24, 24, 23, 24) == "probably better"
    assert statistics.compare(160, 168, 160, 168) == "no clear difference"
    assert statistics.compare(10, 10, 9, 10) == "too few samples"


def test_a_wide_interval_is_too_little_however_many_canaries():
    assert not statistics.enough(20, 40)
    assert statistics.enough(38, 40)
    assert not statistics.enough(19, 19)


def test_the_incomplete_beta_function_and_its_inverse_agree_with_scipy():
    from scipy.stats import beta

    for a, b in ((0.5, 0.5), (0.5, 20.5), (1, 30), (20.5, 0.5), (41, 991), (300, 5000)):
        for x in (0.001, 0.03, 0.4, 0.97):
            assert statistics.beta_cdf(x, a, b) == pytest.approx(beta.cdf(x, a, b), abs=1e-12)
        for probability in (0.025, 0.5, 0.8, 0.975):
            assert statistics.beta_quantile(probability, a, b) == pytest.approx(beta.ppf(probability, a, b), rel=1e-9)


def test_the_binomial_distribution_is_summed_through_it():
    assert statistics.binomial_cdf(-1, 10, 0.3) == 0.0
    assert statistics.binomial_cdf(10, 10, 0.3) == 1.0
    summed = sum(math.comb(10, k) * 0.3**k * 0.7 ** (10 - k) for k in range(4))
    assert statistics.binomial_cdf(3, 10, 0.3) == pytest.approx(summed, abs=1e-12)
