"""Time walls: clusters of failures that a timer cut, and none where there is no timer."""

import random

import pytest

from probe.inference import walls
from probe.taxonomy import walls as limits

RUNS = 200


def cut_at(wall_s, count, rng):
    return [wall_s + 0.1 + rng.random() * 0.2 for _ in range(count)]


def spread(count, rng, median_s=90.0, sigma=0.5):
    return [median_s * rng.lognormvariate(0, sigma) for _ in range(count)]


def test_eleven_of_fourteen_failures_at_sixty_seconds_are_a_wall():
    rng = random.Random(1)
    (wall,) = walls.find_walls([*cut_at(60, 11, rng), 35.0, 140.0, 212.0])
    assert (wall.failures, wall.of) == (11, 14)
    assert wall.sentence().startswith("11 of 14 failures end at 60.1-60.3 s: a proxy's read timeout")
    assert wall.sentence().endswith("in the path, not the model")


@pytest.mark.parametrize("wall_s", [30.0, 60.0, 100.0, 125.0, 300.0])
def test_a_wall_among_spread_failures_is_found_and_named(wall_s):
    rng = random.Random(2)
    found = [walls.find_walls([*cut_at(wall_s, 10, rng), *spread(20, rng)]) for _ in range(RUNS)]
    named = [wall for one in found for wall in one if wall.known and abs(wall.known.limit_s - wall_s) <= 1]
    assert len(named) >= 0.95 * RUNS


def test_an_unknown_timer_is_found_without_a_name():
    rng = random.Random(3)
    (wall,) = walls.find_walls([*cut_at(67, 9, rng), 20.0, 150.0])
    assert wall.known is None
    assert "67.1-67.3 s: a timer in the path" in wall.sentence()


def test_two_walls_are_both_found_the_more_populous_first():
    rng = random.Random(4)
    found = walls.find_walls([*cut_at(60, 8, rng), *cut_at(125, 12, rng)])
    assert [wall.failures for wall in found] == [12, 8]


@pytest.mark.parametrize("count", [5, 14, 40, 200])
@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: rng.lognormvariate(4.5, 0.4),
        lambda rng: rng.lognormvariate(4.5, 0.05),
        lambda rng: rng.gauss(82, 3),
        lambda rng: 8 + rng.expovariate(1 / 60),
        lambda rng: rng.uniform(10, 300),
    ],
    ids=["wide", "narrow", "very narrow", "exponential", "even"],
)
def test_failures_without_a_timer_are_hardly_ever_called_a_wall(draw, count):
    rng = random.Random(5)
    alarms = sum(bool(walls.find_walls([draw(rng) for _ in range(count)])) for _ in range(RUNS))
    assert alarms <= 0.02 * RUNS


def test_four_failures_are_too_few():
    assert walls.find_walls([60.1, 60.2, 60.2, 60.3]) == ()


def test_quick_refusals_are_answers_not_timers():
    assert walls.find_walls([0.4, 0.4, 0.41, 0.42, 0.4, 0.43, 0.4]) == ()


def test_our_own_deadline_is_nobody_elses_wall():
    times_s = [360.1, 360.0, 360.2, 360.1, 360.0, 360.1]
    assert walls.find_walls(times_s)
    assert walls.find_walls(times_s, own_limits_s=[360.0]) == ()


def test_pictures_that_took_longer_disprove_a_wall():
    times_s = [60.1, 60.2, 60.1, 60.3, 60.2, 60.1]
    assert walls.find_walls(times_s, successes_s=[20.0, 30.0, 70.0])
    assert walls.find_walls(times_s, successes_s=[70.0, 80.0, 90.0, 95.0]) == ()


def test_no_failures_or_odd_numbers_give_no_wall():
    assert walls.find_walls([]) == ()
    assert walls.find_walls([float("nan"), float("inf"), -1.0, 0.0] * 5) == ()


@pytest.mark.parametrize(
    ("elapsed_s", "limit_s"),
    [(59.9, 60.0), (60.0, 60.0), (60.9, 60.0), (100.3, 100.0), (125.2, 125.0), (126.0, 126.0), (300.4, 300.0)],
)
def test_a_time_at_a_known_limit_is_recognised(elapsed_s, limit_s):
    assert limits.known(elapsed_s).limit_s == limit_s


@pytest.mark.parametrize("elapsed_s", [0.0, 29.0, 45.0, 59.5, 62.0, 90.0, 110.0, 299.0, 302.0])
def test_other_times_are_no_walls(elapsed_s):
    assert limits.known(elapsed_s) is None
