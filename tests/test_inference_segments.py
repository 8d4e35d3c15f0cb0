"""Degraded intervals of the past: the published golden values, and months whose truth is known."""

import datetime as dt
import math

import numpy as np
import pytest

from probe import model
from probe.inference import segments, smoothing

START = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
PATH = model.Path("vip", "4k-high")


TABLED = smoothing.Course(0.5, (smoothing.Trouble(1.0, 150.0, (0.25, 0.5, 0.95)),), (0.95, 0.017, 0.017, 0.016))
"""The model of the published tables."""


def at(minutes):
    return START + dt.timedelta(minutes=minutes)


def signals(ok=(), failed=()):
    """Canaries by the minute they were sent."""
    sent_s = [at(minute).timestamp() for minute in (*ok, *failed)]
    return segments.Signals(np.array(sent_s), np.array([False] * len(ok) + [True] * len(failed)))


@pytest.fixture(scope="module")
def golden():
    ok, failed = (0, 65, 130, 205, 235, 245, 255, 265, 330, 395, 460), (195, 200, 210, 215, 225)
    return segments.past({PATH: signals(ok=ok, failed=failed)}, START, at(500), course=TABLED)[PATH]


def test_five_minute_transitions_are_the_matrix_exponential():
    from scipy.linalg import expm

    step = smoothing.transition(5, TABLED)
    assert step[0][0] == pytest.approx(0.998294, abs=1e-6)
    assert step[0][1] == pytest.approx(0.000569, abs=1e-6)
    assert step[1][0] == pytest.approx(0.032756, abs=1e-6)
    onset, end = 0.5 / 1440, 1 / 150
    generator = [[-onset, onset / 3, onset / 3, onset / 3]]
    generator += [[end, *[-end if i == j else 0.0 for j in range(3)]] for i in range(3)]
    by_matrix = expm(np.array(generator) * 37)
    assert smoothing.transition(37, TABLED) == pytest.approx(by_matrix, abs=1e-12)


def test_degrees_that_change_are_in_the_matrix_exponential_too():
    from scipy.linalg import expm

    brief, lasting = smoothing.Trouble(0.25, 40.0, (0.7,)), smoothing.Trouble(0.75, 150.0, (0.2, 0.9), 30.0)
    course = smoothing.Course(0.5, (brief, lasting), (0.94, 0.02, 0.02, 0.02))
    onset, end, change = 0.5 / 1440, 1 / 150, 1 / 30
    generator = [
        [-onset, 0.25 * onset, 0.375 * onset, 0.375 * onset],
        [1 / 40, -1 / 40, 0.0, 0.0],
        [end, 0.0, -end - change / 2, change / 2],
        [end, 0.0, change / 2, -end - change / 2],
    ]
    assert smoothing.transition(37, course) == pytest.approx(expm(np.array(generator) * 37), abs=1e-12)
    assert smoothing.transition(5, course).sum(axis=1) == pytest.approx(1.0, abs=1e-12)


def test_trouble_that_comes_by_degrees_is_dated_with_more_doubt_before_it():
    mild = [*range(0, 600, 60), *range(620, 700, 20)]
    taken = signals(ok=mild, failed=[605, 625, *range(700, 800, 10)])
    ranges = []
    steady = smoothing.COURSE._replace(
        troubles=tuple(each._replace(degree_minutes=math.inf) for each in smoothing.COURSE.troubles)
    )
    for course in (smoothing.COURSE, steady):
        found = segments.past({PATH: taken}, START, at(900), course=course)[PATH]
        start = found.segments[0].start
        ranges.append((start.high - start.low).total_seconds())
    assert ranges[0] > ranges[1]


@pytest.mark.parametrize(
    ("minute", "p_degraded"),
    [
        (0, 0.0638),
        (130, 0.2485),
        (170, 0.6695),
        (195, 0.9945),
        (215, 0.9983),
        (230, 0.6673),
        (235, 0.3740),
        (265, 0.1508),
        (400, 0.0367),
    ],
)
def test_the_smoothed_probability_is_the_tabled_one(golden, minute, p_degraded):
    assert golden.p_degraded[minute // 5] == pytest.approx(p_degraded, abs=5e-5)


def test_occupancy_is_the_tabled_one_and_lies_in_its_interval(golden):
    assert golden.failing == pytest.approx(0.150370, abs=1e-6)
    assert golden.failing_low < golden.failing < golden.failing_high


def test_the_only_segment_runs_from_160_to_235_minutes(golden):
    cells = [cell for cell, p in enumerate(golden.p_degraded) if p > 0.5]
    assert (cells[0] * 5, cells[-1] * 5 + 5) == (160, 235)
    (segment,) = golden.segments
    assert segment.start.low <= at(160) <= segment.start.high
    assert segment.end.low <= at(235) <= segment.end.high
    assert segment.start.low <= segment.start.at <= segment.start.high


def test_an_incident_that_lasts_has_no_end():
    lasting = signals(ok=range(0, 210, 10), failed=range(210, 400, 10))
    (segment,) = segments.past({PATH: lasting}, START, at(400))[PATH].segments
    assert segment.end is None
    assert segment.failing > 0.85


MILD = {"ok": (0, 60, 120, *range(210, 290, 10), *range(360, 1000, 60)), "failed": (180, 200)}
"""Two failures close together, then successes."""


def test_mild_trouble_that_no_cell_shows_is_told_as_perhaps():
    found = segments.past({PATH: signals(**MILD)}, START, at(1200))[PATH]
    assert found.p_degraded.max() < segments.SURELY
    (segment,) = found.segments
    assert segments.TOLD < segment.p_degraded < segments.SURELY
    assert segment.start.at <= at(180)
    assert at(200) <= segment.end.at


def test_one_failure_that_nobody_looked_after_is_not_even_perhaps_trouble():
    sparse = signals(ok=[each for each in range(0, 3600, 360) if each != 1800], failed=[1800])
    found = segments.past({PATH: sparse}, START, at(3600))[PATH]
    assert found.p_degraded.max() > segments.TOLD
    assert not found.segments


def test_a_long_outage_seen_seldom_is_dated_whole_and_told_as_bad_as_it_was():
    days = 10 * 1440
    taken = signals(ok=[*range(0, days, 120), *range(2 * days, 3 * days, 120)], failed=range(days, 2 * days, 120))
    (segment,) = segments.past({PATH: taken}, START, at(3 * days))[PATH].segments
    assert at(days - 480) <= segment.start.low <= at(days) <= segment.start.high + dt.timedelta(hours=2)
    assert segment.end.low - dt.timedelta(hours=2) <= at(2 * days) <= segment.end.high <= at(2 * days + 480)
    assert segment.failing > 0.95


def test_a_turn_that_is_certain_may_lie_anywhere_in_the_two_cells_it_parts():
    found = segments.past({PATH: signals(ok=range(300), failed=range(300, 600))}, START, at(600))[PATH]
    start = found.segments[0].start
    assert (start.low, start.at, start.high) == (at(295), at(300), at(305))


def test_doubt_that_lasts_is_left_to_the_alarm():
    until_now = {kind: [each for each in sent if each < 275] for kind, sent in MILD.items()}
    found = segments.past({PATH: signals(**until_now)}, START, at(275))[PATH]
    assert found.p_degraded[-1] > segments.SOMEWHERE
    assert not found.segments


def test_canaries_outside_the_window_change_nothing(golden):
    quiet = segments.past({PATH: signals(failed=(-100, 900))}, START, at(500))[PATH]
    assert not quiet.segments
    assert quiet.failing < 0.07


def test_paths_are_smoothed_together_as_they_are_alone():
    good = signals(ok=range(0, 720, 60))
    bad = signals(ok=[*range(0, 300, 60), *range(480, 720, 60)], failed=range(300, 480, 60))
    other = model.Path("official", "4k-high")
    both = segments.past({PATH: good, other: bad}, START, at(720))
    assert both[other].failing == pytest.approx(segments.past({other: bad}, START, at(720))[other].failing, abs=1e-12)
    assert both[PATH].failing < both[other].failing


def test_a_share_of_time_is_unbiased_where_a_share_of_canaries_is_twice_too_high():
    rng = np.random.default_rng(11)
    truth, naive, occupancy = [], [], []
    for month in range(6):
        failing = np.full(30 * 288, 0.03)
        minute = rng.exponential(2880)
        while minute < 30 * 1440:
            length = rng.lognormal(np.log(150), 0.6)
            failing[int(minute // 5) : int((minute + length) // 5) + 1] = rng.choice([0.3, 0.5, 0.7, 1.0])
            minute += length + rng.exponential(2880)
        sent, now = {True: [], False: []}, 0.0  # minutes by failed
        latest = []
        while now < 30 * 1440:
            failed = bool(rng.random() < failing[int(now // 5)])
            sent[failed].append(now)
            latest = [*latest[-2:], failed]
            # Adaptive probing in one line: look again soon after a failure among the last three.
            now += 5 if any(latest) else 66
        truth.append(failing.mean())
        naive.append(len(sent[True]) / (len(sent[True]) + len(sent[False])))
        taken = signals(sent[False], sent[True])
        occupancy.append(segments.past({PATH: taken}, START, at(30 * 1440), seed=month)[PATH].failing)
    assert np.mean(naive) > 1.7 * np.mean(truth)
    assert np.sqrt(np.mean((np.array(occupancy) - truth) ** 2)) < 0.008
