"""The outbox: incidents and messages written together, taken by one, and read back as they were."""

import dataclasses
import datetime as dt

import alert_samples as samples
import pytest

from probe import model, records
from probe.inference import incidents
from probe.records import history, told


@pytest.fixture
def book(tmp_path):
    with records.open(tmp_path / "t.db") as opened:
        yield opened


@pytest.fixture
def box(book):
    return book.outbox


def test_an_incident_comes_back_as_it_was(box):
    one = samples.incident(
        7, edition=3, paths=(samples.VIP, samples.OFFICIAL), reason="why", scope=incidents.Scope.SHARED
    )
    box.keep([one])
    assert box.read(samples.AT).remembered == (one,)
    assert box.read(samples.AT).next_number == 8


def test_an_incident_is_remembered_for_a_week_after_it_is_over(box):
    box.keep([samples.incident(cleared_at=samples.AT)])
    assert box.read(samples.AT + told.REMEMBERED).opened == ()
    assert len(box.read(samples.AT + told.REMEMBERED).remembered) == 1
    assert box.read(samples.AT + told.REMEMBERED + dt.timedelta(seconds=1)).remembered == ()
    assert box.read(samples.AT + 2 * told.REMEMBERED).next_number == 2


def test_what_people_acknowledged_stays_so_while_the_incident_changes(box):
    box.keep([samples.incident()])
    assert box.acknowledge([1, 2], samples.AT) == (1,)
    box.keep([samples.incident(edition=2)])
    (one,) = box.read(samples.AT).opened
    assert (one.edition, one.acknowledged_at) == (2, samples.AT)


def test_an_incident_that_is_over_cannot_be_acknowledged(box):
    box.keep([samples.incident(cleared_at=samples.AT)])
    assert box.acknowledge([1], samples.AT) == ()


def test_a_message_of_one_key_is_queued_once_for_each_address(box):
    box.keep([samples.incident()])
    wanted = [samples.message("1.1", incident=1), samples.message("1.1", destination="slack", incident=1)]
    assert box.keep([], wanted) == 2
    assert box.keep([], wanted) == 0
    assert [each.destination for each in box.waiting()] == ["json", "slack"]
    assert list(box.read(samples.AT).notes) == [(1, "json"), (1, "slack")]


def test_incidents_and_messages_are_kept_together_or_not_at_all(box):
    orphan = samples.message("9.1", incident=9)  # refers to an incident that is not there
    with pytest.raises(records.RecordsError):
        box.keep([samples.incident()], [orphan])
    assert box.read(samples.AT).remembered == ()


def test_a_message_is_taken_by_one_of_those_who_read_it(box):
    box.keep([], [samples.message("1.1")])
    seen, again = box.waiting(), samples.minutes(1)
    (taken,) = box.claim(seen, [again])
    assert (taken.attempts, taken.due_at) == (1, again)
    assert box.claim(seen, [again]) == ()
    assert box.waiting() == (taken,)


def test_a_failed_message_waits_and_a_delivered_one_does_not(box):
    box.keep([], [samples.message("1.1"), samples.message("2.1")])
    first, second = box.waiting()
    box.settle([first], samples.AT, "error=500")
    box.settle([second], samples.AT)
    assert [(each.key, each.failure) for each in box.waiting()] == [("1.1", "error=500")]
    assert box.sent_since(samples.AT) == {"json": (samples.AT,)}
    assert box.sent_since(samples.minutes(1)) == {}


def test_messages_sent_as_one_count_once(box):
    box.keep([], [samples.message("1.1"), samples.message("2.1")])
    box.settle(box.waiting(), samples.AT)
    assert box.sent_since(samples.AT) == {"json": (samples.AT,)}


def test_a_message_given_up_says_why(box, tmp_path):
    box.keep([], [samples.message("1.1")])
    box.drop(box.waiting(), samples.AT, "too old")
    assert box.waiting() == ()
    with history.open(tmp_path / "t.db") as past:
        (gone,) = past.messages()
    assert (gone.state, gone.failure, gone.settled_at) == ("dropped", "too old", samples.AT)


def test_a_silence_ends_by_time_or_by_hand(box):
    box.silence("vip", samples.AT, samples.minutes(60))
    box.silence("nano", samples.AT, samples.minutes(30))
    assert [each.pattern for each in box.read(samples.AT).silences] == ["nano", "vip"]
    assert [each.pattern for each in box.read(samples.minutes(30)).silences] == ["vip"]
    box.silence("vip", samples.AT, samples.AT)
    assert box.read(samples.minutes(30)).silences == ()


def test_a_route_replaces_the_one_before(box):
    route = told.Route("4k-high", "", "vip", 3, "official", 0.03, 4.0)
    box.keep([], [], [route, dataclasses.replace(route, job="nightly")])
    box.keep([], [], [dataclasses.replace(route, channel="official")])
    assert {(each.job, each.channel) for each in box.read(samples.AT).routes} == {("", "official"), ("nightly", "vip")}


def test_money_of_the_day_and_canaries_left_out_for_it_are_read(book):
    order = model.Order("openai-images", "m")
    canary = model.Canary("c", samples.VIP, model.Trigger.SCHEDULED, order, "p", "prompt", 0.5)
    book.reserve(canary, samples.AT, 5.0)
    book.skip(samples.VIP, 1, samples.AT, "budget")
    book.skip(samples.VIP, 2, samples.AT, "overrun")
    book.skip(samples.VIP, 3, samples.AT - dt.timedelta(days=1), "budget")
    known = book.outbox.read(samples.AT)
    assert (known.budget_skips, known.reserved_usd) == (1, 0.5)


def test_what_a_text_column_cannot_hold_is_replaced(box):
    box.keep([], [dataclasses.replace(samples.message("1.1"), title="a\x00b\ud800")])
    assert box.waiting()[0].title == "a\ufffdb\ufffd"


def test_what_cannot_be_read_now_is_told_as_an_error_of_the_records(book):
    with book._door.reading() as connection:
        connection.set_progress_handler(lambda: 1, 1)  # SQLite gives every statement up
    with pytest.raises(records.RecordsError, match="could not read the database"):
        book.outbox.waiting()
    assert not book.seen_before("vip", model.Picture(sha256="a"))  # no outcome that was paid for is lost over it
