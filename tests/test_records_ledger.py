"""Intents: what may be spent, never twice for a slot, never reopened by a crash or a clock."""

import datetime as dt
import math
import os

import pytest
import record_samples as samples

from probe import model, records
from probe.records import history, process

DAY = dt.timedelta(days=1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tierwatch.db"


@pytest.fixture
def book(path):
    with records.open(path) as opened:
        yield opened


def reserve(book, count, *, at=samples.AT, cap_usd=0.5):
    """Reserve canaries of 0.05 USD until the budget is exhausted or `count` are reserved; returns how many were."""
    for n in range(count):
        try:
            book.reserve(samples.canary(f"{at.isoformat()} {n}"), at, cap_usd)
        except records.BudgetExhausted:
            return n
    return count


def test_a_hundred_canaries_of_five_cents_fit_into_five_dollars_and_no_more(book, path):
    assert reserve(book, 200, cap_usd=5.0) == 100
    with history.open(path) as past:
        assert past.spent_usd(samples.AT.date()) == pytest.approx(5.0)


def test_an_exhausted_budget_says_what_was_spent_and_what_the_cap_is(book):
    reserve(book, 3, cap_usd=0.12)
    with pytest.raises(records.BudgetExhausted) as caught:
        book.reserve(samples.canary("one more"), samples.AT, 0.12)
    assert (caught.value.spent_usd, caught.value.cap_usd) == (pytest.approx(0.10), 0.12)


@pytest.mark.parametrize("cap_usd", [math.nan, -1.0, 0.0])
def test_a_cap_that_is_no_amount_allows_nothing(book, cap_usd):
    assert reserve(book, 1, cap_usd=cap_usd) == 0


def test_a_price_that_is_no_amount_is_not_sent(book):
    with pytest.raises(records.BudgetExhausted):
        book.reserve(samples.canary("odd", price_usd=math.nan), samples.AT, 5.0)


def test_a_new_utc_day_opens_a_new_budget(book):
    midnight = dt.datetime(2026, 8, 14, tzinfo=dt.UTC)
    assert reserve(book, 20, at=midnight - dt.timedelta(milliseconds=1)) == 10
    assert reserve(book, 20, at=midnight) == 10


def test_the_budget_day_is_the_utc_day_whatever_zone_the_time_comes_in(book, path):
    in_tokyo = dt.datetime(2026, 8, 14, 3, tzinfo=dt.timezone(dt.timedelta(hours=9)))
    reserve(book, 1, at=in_tokyo)
    with history.open(path) as past:
        assert past.spent_usd(dt.date(2026, 8, 13)) == 0.05


def test_a_clock_set_back_reopens_no_spent_day(book):
    assert reserve(book, 20, at=samples.AT + DAY) == 10
    assert reserve(book, 20, at=samples.AT) == 0
    assert reserve(book, 20, at=dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) == 0


def test_a_clock_that_was_far_ahead_is_corrected_within_a_day(book):
    assert reserve(book, 20, at=samples.AT.replace(year=2200)) == 10
    assert reserve(book, 20, at=samples.AT) == 0
    assert reserve(book, 20, at=samples.AT + DAY - dt.timedelta(seconds=1)) == 0
    assert reserve(book, 20, at=samples.AT + DAY) == 10
    assert reserve(book, 20, at=samples.AT + 2 * DAY) == 10


def test_a_slot_is_sent_once(book):
    book.reserve(samples.canary("first", slot=7), samples.AT, 5.0)
    with pytest.raises(records.SlotTaken, match="slot 7 of vip/4k-high"):
        book.reserve(samples.canary("second", slot=7), samples.AT, 5.0)
    book.reserve(samples.canary("other tier", slot=7, path=model.Path("vip", "1k-low")), samples.AT, 5.0)
    book.reserve(samples.canary("no slot"), samples.AT, 5.0)
    book.reserve(samples.canary("no slot either"), samples.AT, 5.0)


def test_an_intent_is_open_until_its_outcome_is_stored(book, path):
    book.reserve(samples.canary("one"), samples.AT, 5.0)
    with history.open(path) as past:
        assert [(each.id, each.state, each.pid) for each in past.open_intents()] == [("one", "open", os.getpid())]
    book.store(samples.outcome("one"), samples.verdict())
    with history.open(path) as past:
        assert past.open_intents() == ()
        assert past.spent_usd(samples.AT.date()) == 0.05


def test_what_never_left_this_machine_gives_its_price_back(book, path):
    for name, sent in (("refused", False), ("failed", True)):
        book.reserve(samples.canary(name), samples.AT, 0.5)
        outcome = samples.outcome(name, evidence=model.Evidence(fault=model.Fault.REFUSED, sent=sent))
        book.store(outcome, samples.verdict())
    with history.open(path) as past:
        assert past.spent_usd(samples.AT.date()) == pytest.approx(0.05)


@pytest.mark.parametrize("state", ["open", "settled"])
def test_an_import_gives_no_budget_back_and_settles_nothing(book, path, state):
    book.reserve(samples.canary("one"), samples.AT, 0.5)
    if state == "settled":
        book.store(samples.outcome("one"), samples.verdict())
    unsent = samples.outcome("one", evidence=model.Evidence(fault=model.Fault.REFUSED, sent=False))
    book.store_all([model.Judged(unsent, samples.verdict())], rules_version="imported")
    with history.open(path) as past:
        assert past.spent_usd(samples.AT.date()) == pytest.approx(0.05)
        assert [each.state for each in past.open_intents()] == (["open"] if state == "open" else [])


def test_an_outcome_stored_again_gives_no_budget_back(book, path):
    book.reserve(samples.canary("one"), samples.AT, 0.5)
    book.store(samples.outcome("one"), samples.verdict())
    unsent = samples.outcome("one", evidence=model.Evidence(fault=model.Fault.REFUSED, sent=False))
    assert not book.store(unsent, samples.verdict())
    with history.open(path) as past:
        assert past.spent_usd(samples.AT.date()) == pytest.approx(0.05)


def test_only_intents_of_ended_processes_are_abandoned(book, path):
    book.reserve(samples.canary("ours"), samples.AT, 5.0)
    book.reserve(samples.canary("crashed"), samples.AT, 5.0)
    book.reserve(samples.canary("pid used again"), samples.AT, 5.0)
    with book._door.writing("test") as db:
        db.execute("UPDATE intent SET pid = 4194999, process = 'boot:1' WHERE id = 'crashed'")
        db.execute("UPDATE intent SET process = 'boot:1' WHERE id = 'pid used again'")
    assert book.abandon(samples.AT) == 2
    with history.open(path) as past:
        states = {each.id: each.state for each in past.open_intents()}
        assert states == {"ours": "open", "crashed": "unknown_outcome", "pid used again": "unknown_outcome"}
        assert past.spent_usd(samples.AT.date()) == pytest.approx(0.15)
    assert book.abandon(samples.AT) == 0
    assert book.abandon(samples.AT, also_own=True) == 1


def test_an_outcome_that_arrives_late_settles_an_abandoned_intent(book, path):
    book.reserve(samples.canary("late"), samples.AT, 5.0)
    book.abandon(samples.AT, also_own=True)
    book.store(samples.outcome("late"), samples.verdict())
    with history.open(path) as past:
        assert past.open_intents() == ()


def test_a_process_is_told_from_a_later_one_with_its_pid():
    assert process.identity(os.getpid()) == process.own()[1] != process.identity(1)
    assert process.identity(4194999) is None
