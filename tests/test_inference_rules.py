"""The usual rules, by exact average run lengths against the published tables."""

import copy

import numpy as np
import pytest

from probe.inference import rules


def run_length(rule, p, key):
    """Expected outcomes to the first alarm, exactly: the rule's own states as a Markov chain."""
    states, transitions, todo = {key(rule): 0}, [], [rule]
    while todo:
        now = todo.pop(0)
        row = {}
        for failed, probability in ((True, p), (False, 1 - p)):
            following = copy.deepcopy(now)
            following.update(0.0, failed=failed)
            if following.degraded:
                continue
            if key(following) not in states:
                states[key(following)] = len(states)
                todo.append(following)
            number = states[key(following)]
            row[number] = row.get(number, 0.0) + probability
        transitions.append((states[key(now)], row))
    matrix = np.eye(len(states))
    for number, row in transitions:
        for following, probability in row.items():
            matrix[number, following] -= probability
    return np.linalg.solve(matrix, np.ones(len(states)))[0]


@pytest.mark.parametrize(
    ("h", "k", "p", "published"),
    [  # R surveillance::arlCusum(h, k, theta, distr = "binomial", W = 1)
        (2.0, 0.2, 0.01, 164881.2),
        (2.0, 0.2, 0.03, 6067.431),
        (2.0, 0.2, 0.10, 183.5999),
        (2.0, 0.2, 0.40, 9.395402),
        (1.5, 0.25, 0.01, 9816.300),
        (1.5, 0.25, 0.03, 1059.503),
        (1.5, 0.25, 0.10, 91.88498),
        (1.5, 0.25, 0.40, 7.454188),
        (3.0, 0.1, 0.03, 10253.69),
        (3.0, 0.1, 0.10, 122.6271),
        (3.0, 0.1, 0.40, 10.63332),
        (50 / 32, 5 / 32, 0.03, 842.931),
        (50 / 32, 5 / 32, 0.40, 6.7550),
        (50 / 32, 5 / 32, 0.20, 18.6595),
        (49 / 32, 5 / 32, 0.03, 556.644),
        (49 / 32, 5 / 32, 0.40, 6.0848),
        (49 / 32, 5 / 32, 0.20, 16.6868),
    ],
)
def test_cusum_has_the_published_average_run_lengths(h, k, p, published):
    found = run_length(rules.Cusum(k, h), p, lambda rule: rule.sum)
    assert found == pytest.approx(published, rel=2e-6 if published > 20 else 1e-5)


@pytest.mark.parametrize(("p", "lengths"), [(0.03, (33.33, 1144.44, 38181.48)), (0.40, (2.5, 8.75, 24.375))])
def test_k_in_a_row_has_the_run_length_of_the_formula(p, lengths):
    for k, published in enumerate(lengths, start=1):
        found = run_length(rules.InARow(k), p, lambda rule: rule.failed_in_a_row)
        assert found == pytest.approx(published, abs=6e-3)
        assert found == pytest.approx((1 - p**k) / ((1 - p) * p**k))


def test_three_of_ten_fires_on_three_failures_within_ten():
    rule = rules.Window(3, 10)
    for failed in (True, False, False, True, False, False, False, False, False):
        rule.update(0.0, failed=failed)
        assert not rule.degraded
    rule.update(0.0, failed=True)
    assert rule.degraded


def test_a_burn_rate_needs_both_windows_and_enough_failures():
    rule = rules.BurnRate(6, 12 * 3600, 3900, 3, 0.03)
    for number in range(12):
        rule.update(3600.0 * number, failed=number in {2, 5})
    assert not rule.degraded
    rule.update(3600.0 * 12, failed=True)
    assert rule.degraded


def test_two_successes_in_a_row_say_up_again():
    rule = rules.InARow(1, quick=True)
    rule.update(0.0, failed=True)
    assert rule.degraded
    assert not rule.wants_retry
    rule.update(1.0, failed=False)
    assert rule.degraded
    rule.update(2.0, failed=False)
    assert not rule.degraded


def test_a_quick_rule_retries_a_failure_until_it_is_settled():
    rule = rules.InARow(2, quick=True)
    rule.update(0.0, failed=True)
    assert rule.wants_retry
    rule.update(1.0, failed=False)
    assert not rule.wants_retry
    assert not rules.InARow(2).wants_retry
