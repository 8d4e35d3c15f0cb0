"""Closed months: their shares and segments, and how months become longer periods."""

import datetime as dt
import math

import numpy as np
import pytest

from probe import model
from probe.inference import change, months, segments

JUNE = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
JULY = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
AUGUST = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
PATH = model.Path("vip", "4k-high")


def segment(start, end, failing=0.5):
    return segments.Segment(change.exactly(start), change.exactly(end) if end else None, failing, 0.99)


def piece(since, until, failing=0.05, spread=0.01, degraded=0.02, found=()):
    return months.Piece(
        since, until, failing, failing - spread, failing + spread, degraded, months.Calm(20.0, 700.0), tuple(found)
    )


def test_months_begin_in_universal_time():
    east = dt.timezone(dt.timedelta(hours=8))
    assert months.start(dt.datetime(2026, 7, 1, 3, tzinfo=east)) == JUNE
    assert [months.after(each) for each in (JUNE, JULY)] == [JULY, AUGUST]
    assert months.after(dt.datetime(2028, 1, 1, tzinfo=dt.UTC)) == dt.datetime(2028, 2, 1, tzinfo=dt.UTC)


def test_shares_are_weighed_by_time_and_spreads_add_in_quadrature():
    found = months.joined([piece(JUNE, JULY, 0.02), piece(JULY, JULY + 10 * DAY, 0.10)], JUNE)
    assert found.failing == pytest.approx(0.75 * 0.02 + 0.25 * 0.10)
    assert found.failing - found.failing_low == pytest.approx(math.hypot(0.75 * 0.01, 0.25 * 0.01))
    assert found.calm == months.Calm(40.0, 1400.0)
    assert (found.since, found.until) == (JUNE, JULY + 10 * DAY)


def test_a_segment_that_crosses_the_border_is_one():
    early = piece(JUNE, JULY, found=[segment(JULY - 9 * DAY, JULY - 8 * DAY), segment(JULY - HOUR, JULY + 2 * HOUR)])
    late = piece(JULY, AUGUST, found=[segment(JULY - HOUR, JULY + 2 * HOUR), segment(JULY + DAY, None)])
    found = months.joined([early, late], JUNE)
    assert [(each.start.at, each.end and each.end.at) for each in found.segments] == [
        (JULY - 9 * DAY, JULY - 8 * DAY),
        (JULY - HOUR, JULY + 2 * HOUR),
        (JULY + DAY, None),
    ]


def test_one_that_outlasts_what_its_month_could_see_goes_on_in_the_next():
    early = piece(JUNE, JULY, found=[segment(JULY - 20 * DAY, None)])
    late = piece(JULY, AUGUST, found=[segment(JULY - months.MARGIN, JULY + 20 * DAY)])
    (found,) = months.joined([early, late], JUNE).segments
    assert (found.start.at, found.end.at) == (JULY - 20 * DAY, JULY + 20 * DAY)


def test_what_ended_before_the_period_is_left_out():
    whole = piece(JUNE, JULY, found=[segment(JUNE + DAY, JUNE + 2 * DAY), segment(JUNE + 20 * DAY, JUNE + 21 * DAY)])
    found = months.joined([whole, piece(JULY, AUGUST)], JUNE + 15 * DAY)
    assert [each.start.at for each in found.segments] == [JUNE + 20 * DAY]
    assert found.since == JUNE + 15 * DAY


def watched(seed=1, days=61):
    """Canaries every half an hour over two months, with an incident over the border and one in the middle of each."""
    chance = np.random.default_rng(seed)
    sent_s = JUNE.timestamp() + np.arange(days * 48) * 1800.0
    troubled = np.zeros(len(sent_s), bool)
    for day, hours in ((10, 12), (29.8, 14), (45, 20)):
        troubled |= (sent_s >= JUNE.timestamp() + day * 86400) & (
            sent_s < JUNE.timestamp() + day * 86400 + hours * 3600
        )
    failed = chance.random(len(sent_s)) < np.where(troubled, 0.6, 0.02)
    return sent_s, failed


def test_two_months_smoothed_apart_tell_what_they_tell_together():
    sent_s, failed = watched()
    signals = {PATH: segments.Signals(sent_s, failed)}
    apart = []
    for begin, end in ((JUNE, JULY), (JULY, JULY + 31 * DAY)):
        light = {"before": months.MARGIN, "after": months.MARGIN}
        apart.append(months.piece(segments.past(signals, begin, end, **light)[PATH], end, sent_s, failed))
    one, whole = months.joined(apart, JUNE), segments.past(signals, JUNE, JULY + 31 * DAY)[PATH]
    assert one.failing == pytest.approx(whole.failing, abs=2e-4)
    assert one.degraded == pytest.approx(whole.degraded, abs=2e-4)
    assert one.failing_high - one.failing_low == pytest.approx(whole.failing_high - whole.failing_low, rel=0.25)
    assert len(one.segments) == len(whole.segments) == 3
    for mine, theirs in zip(one.segments, whole.segments, strict=True):
        assert abs(mine.start.at - theirs.start.at) <= HOUR / 2
        assert abs(mine.end.at - theirs.end.at) <= HOUR / 2
    calm = months.piece(whole, JULY + 31 * DAY, sent_s, failed).calm
    assert one.calm.n == pytest.approx(calm.n, rel=1e-3)
    assert one.calm.failed == pytest.approx(calm.failed, rel=0.05)
