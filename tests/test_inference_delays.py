"""What a spacing buys, from the table of simulations."""

import pytest

from probe.inference import delays


def test_a_spacing_of_the_table_is_told_as_it_stands():
    found = delays.expected(80 * 60)
    assert found.outage == pytest.approx((51, 88))
    assert found.to_60 == pytest.approx((205, 544))
    assert found.to_80 == pytest.approx((607, 1627))


def test_between_two_rows_the_delay_lies_between_theirs():
    found = delays.expected(120 * 60).to_60
    assert 205 < found.mean < 393
    assert found.mean == pytest.approx(295, rel=0.05)  # it grows about in proportion


def test_own_traffic_and_shorter_spacing_are_faster():
    assert delays.expected(4800, own_per_hour=4).to_60.mean == pytest.approx(93)
    assert delays.expected(4800, own_per_hour=2).to_60.mean < delays.expected(4800, own_per_hour=1).to_60.mean
    means = [delays.expected(minutes * 60).to_80.mean for minutes in (5, 10, 30, 100, 500, 1440)]
    assert means == sorted(means)


def test_beyond_the_table_the_delay_grows_with_the_spacing():
    assert delays.expected(1600 * 60).outage.mean == pytest.approx(2 * 403)


def test_a_stricter_threshold_costs_minutes():
    assert delays.expected(80 * 60, a_days=300).to_80.mean == pytest.approx(607 + 50)
