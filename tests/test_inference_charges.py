"""What is charged against what is listed, path by path, and since when."""

import datetime as dt

import pytest

from probe import model
from probe.inference import charges
from reports import blocks, window
from reports.sections import delivered as section

START = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
VIP, OFFICIAL = model.Path("vip", "4k-high"), model.Path("official", "4k-high")


def charge(day, charged_usd, path=VIP, listed_usd=0.03):
    return charges.Charge(path, START + dt.timedelta(days=day), listed_usd, charged_usd)


def test_a_price_that_rose_is_told_with_its_date():
    (found,) = charges.off_list([*(charge(day, 0.03) for day in range(5)), *(charge(day, 0.06) for day in range(5, 9))])
    assert found == charges.Price(VIP, 0.06, 0.03, START + dt.timedelta(days=5), 4, always=False)


def test_a_price_that_was_never_the_listed_one_has_no_beginning():
    (found,) = charges.off_list(charge(day, 0.01) for day in range(4))
    assert (found.charged_usd, found.since, found.always) == (0.01, START, True)


@pytest.mark.parametrize(
    "charged",
    [
        [0.03] * 9,
        [0.032, 0.029] * 5,  # the tokens of a prompt
        [0.03] * 7 + [0.06] * 2,  # not yet a price
        [0.06] * 7 + [0.03],  # over
        [],
    ],
    ids=["as listed", "nearly", "two", "over", "none"],
)
def test_nothing_is_told_of(charged):
    assert charges.off_list(charge(day, usd) for day, usd in enumerate(charged)) == ()


def test_paths_are_told_apart():
    mixed = [charge(day, 0.06, path) for day in range(4) for path in (VIP, OFFICIAL)]
    assert {price.path: price.charges for price in charges.off_list(mixed)} == {VIP: 4, OFFICIAL: 4}


def test_the_report_says_what_is_charged_beside_what_is_listed():
    told = [*(charge(day, 0.03) for day in range(5)), *(charge(day, 0.06) for day in range(5, 9))]
    always = [charge(day, 0.6, OFFICIAL, 0.4) for day in range(3)]
    seen = window.Window(START, START, START, (), (), 5.0, 0.0, prices=charges.off_list([*told, *always]))
    first, second, _ = section.read(seen)
    assert first == blocks.Note("vip/4k-high: charged $0.06 where $0.03 is listed, since 2026-11-06 (4 charges).")
    assert second == blocks.Note(
        "official/4k-high: charged $0.60 where $0.40 is listed, since at least 2026-11-01 (3 charges)."
    )
