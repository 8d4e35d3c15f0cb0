"""Hours of the week: over midnight, on some days, in zones that change their clocks."""

import datetime as dt

import pytest

from probe.config import hours

BERLIN = hours.zone("Europe/Berlin")


def utc(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("written", "at", "until"),
    [
        ("22:00-07:00", "2026-08-13T21:59", None),
        ("22:00-07:00", "2026-08-13T22:00", "2026-08-14T07:00"),
        ("22:00-07:00", "2026-08-14T06:59", "2026-08-14T07:00"),
        ("22:00-07:00", "2026-08-14T07:00", None),
        ("2:00-4:30", "2026-08-14T03:00", "2026-08-14T04:30"),
        ("Sat,Sun 02:00-04:30", "2026-08-14T03:00", None),  # a Friday
        ("Sat,Sun 02:00-04:30", "2026-08-15T03:00", "2026-08-15T04:30"),
        ("Fri 22:00-07:00", "2026-08-15T03:00", "2026-08-15T07:00"),  # began on Friday
        ("Sat 22:00-07:00", "2026-08-15T03:00", None),
        ("sat-mon 00:00-00:00", "2026-08-17T23:59", "2026-08-18T00:00"),
        ("Sat-Mon 00:00-00:00", "2026-08-18T00:00", None),
    ],
)
def test_hours_hold_what_is_written(written, at, until):
    assert hours.parse(written).until(utc(at), dt.UTC) == (until and utc(until))


def test_hours_follow_the_clocks_of_their_zone():
    night = hours.parse("22:00-07:00")
    assert night.until(utc("2026-08-13T20:30"), BERLIN) == utc("2026-08-14T05:00")
    assert night.until(utc("2026-12-13T20:30"), BERLIN) is None
    # Clocks are set back on 25 October 2026: this night is an hour longer.
    assert night.until(utc("2026-10-24T20:30"), BERLIN) == utc("2026-10-25T06:00")


@pytest.mark.parametrize(
    "written", ["22-7", "24:30-07:00", "22:00", "Xyz 22:00-07:00", "Mon- 22:00-07:00", "٢٢:00-07:00"]
)
def test_what_is_no_hours_is_refused_with_an_example(written):
    with pytest.raises(ValueError, match='write hours as "22:00-07:00"'):
        hours.parse(written)
