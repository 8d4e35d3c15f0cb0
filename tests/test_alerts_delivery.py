"""From the outbox to a service: at least once, in order, with back-off, without a flood, without secrets."""

import asyncio
import dataclasses
import datetime as dt
import io
import itertools
import json
import logging
import os
import signal
import subprocess
import sys
import threading

import alert_samples as samples
import pytest

from probe import records
from probe.alerts import delivery, sending
from probe.config import secrets

HOUR = dt.timedelta(hours=1)

pytestmark = samples.APPRISE


@pytest.fixture
def service():
    with samples.service() as running:
        yield running


@pytest.fixture
def post(tmp_path, service):
    with records.open(tmp_path / "t.db") as book:
        book.outbox.keep([samples.incident(number) for number in (1, 2)])
        yield Post(book.outbox, service)


class Post:
    """A delivery to the local service, on a clock that tests set."""

    def __init__(self, box, service):
        self.box, self.at = box, samples.AT
        self.delivery = delivery.Delivery(box, lambda: self.at, sending.deliver)  # as `send`, a second sooner
        self.delivery.addresses = {"json": secrets.Secret(service.address)}

    def queue(self, *messages):
        self.box.keep([], messages)

    def round(self, minutes=0):
        self.at += dt.timedelta(minutes=minutes)
        asyncio.run(self.delivery.round())


def titles(service):
    return [body["title"] for body in service.taken]


# --- one message ---


def test_a_message_arrives_as_plain_text(service):
    assert sending.deliver(secrets.Secret(service.address), "title", "a <b> & *c*\nsecond", "warning") == ""
    assert [(b["title"], b["message"], b["type"]) for b in service.taken] == [
        ("title", "a <b> & *c*\nsecond", "warning")
    ]


def test_what_a_plugin_prints_is_no_part_of_the_answer(monkeypatch, capsys):
    monkeypatch.setattr(sending, "deliver", lambda *_letter: sys.stdout.write("hello") and "refused")
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO(b'[%d, "json://h", "t", "b", "info", 0]' % os.getppid()))
    )
    sending.main()
    assert json.loads(capsys.readouterr().out) == "refused"


@pytest.fixture
def logged():
    """What reaches the root logger (caplog also listens to loggers that are kept from it)."""
    seen, handler = [], logging.Handler()
    handler.emit = lambda record: seen.append(record.getMessage())
    logging.getLogger().addHandler(handler)
    yield seen
    logging.getLogger().removeHandler(handler)


def test_a_refusal_says_why_without_the_address(service, logged):
    service.refusing = lambda _body: True
    why = sending.send(secrets.Secret(service.address), "title", "body")
    assert "error=500" in why
    assert samples.PASSWORD not in "".join([why, *logged])


def test_a_service_that_answers_byte_by_byte_holds_nothing_beyond_the_deadline():
    with samples.dripping() as (port, hung_up):
        before = threading.active_count()
        why = sending.send(secrets.Secret(f"json://127.0.0.1:{port}/{samples.PASSWORD}"), "title", "body", deadline_s=3)
        assert why == "the service did not answer within 3 s"
        assert threading.active_count() == before
        assert hung_up.wait(10)


def test_a_sending_process_ends_by_itself_where_nobody_is_left_to_end_it():
    with samples.dripping() as (port, hung_up):
        letter = json.dumps([os.getpid(), f"json://127.0.0.1:{port}/", "title", "body", "info", 3])
        done = subprocess.run([sys.executable, "-m", "probe.alerts.sending"], input=letter.encode(), check=False)
        assert done.returncode == -signal.SIGALRM
        assert hung_up.wait(10)


def test_a_sending_process_sends_nothing_once_its_parent_has_ended(service):
    for parent, sent in ((os.getpid() + 1, 0), (os.getpid(), 1)):
        letter = json.dumps([parent, service.address, "title", "body", "info", 10])
        subprocess.run([sys.executable, "-m", "probe.alerts.sending"], input=letter.encode(), check=True)
        assert len(service.taken) == sent


def test_a_sending_process_that_cannot_be_started_is_a_reason(monkeypatch):
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    why = sending.send(secrets.Secret("json://127.0.0.1:9/"), "title", "body")
    assert why == "no process could be started to send it: No such file or directory"


UNSENDABLE = [f"nonsense://{samples.PASSWORD}", f"json://127.0.0.1:9/{samples.PASSWORD}", f"slack://{samples.PASSWORD}"]


@pytest.mark.parametrize("address", UNSENDABLE)
def test_what_cannot_be_sent_is_a_reason_not_an_exception(address, logged, capfd):
    why = sending.deliver(secrets.Secret(address), "title", "body")
    assert why
    assert samples.PASSWORD not in "".join([why, *logged, *capfd.readouterr()])


def test_no_part_of_an_address_stands_in_a_reason():
    address = secrets.Secret("slack://TokenAAAA/Token%20BBBB/CCCC?to=%23secret-room")
    told = "cannot reach TokenAAAA or Token BBBB, Token%20BBBB, CCCC, #secret-room\x1b[31m: 500"
    assert sending.reason(address, told) == r"cannot reach [key] or [key], [key], [key], [key]\x1b[31m: 500"


# --- rounds ---


def test_what_is_due_is_delivered_once(post, service):
    post.queue(samples.message("1.1", incident=1), samples.message("2.1", incident=2))
    post.round()
    post.round(5)
    assert titles(service) == ["title 1.1", "title 2.1"]
    assert post.box.waiting() == ()


def test_what_is_not_due_waits(post, service):
    post.queue(samples.message("1.1", due_at=samples.minutes(10)))
    post.round(9)
    assert titles(service) == []
    post.round(1)
    assert titles(service) == ["title 1.1"]


def test_a_refused_message_is_tried_again_after_a_wait_that_doubles(post, service):
    tries = []
    service.refusing = lambda body: tries.append(post.at) is None
    post.queue(samples.message("1.1", incident=1))
    for _ in range(200):
        post.round(1)
    waits = [(after - before).total_seconds() / 60 for before, after in itertools.pairwise(tries)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    service.refusing = lambda _body: False
    post.round(60)
    assert titles(service) == ["title 1.1"]


def test_messages_about_one_incident_keep_their_order_and_others_do_not_wait(post, service):
    service.refusing = lambda body: body["title"] == "title 1.1"
    post.queue(
        samples.message("1.1", incident=1), samples.message("1.over", incident=1), samples.message("2.1", incident=2)
    )
    post.round()
    post.round()
    assert titles(service) == ["title 2.1"]
    service.refusing = lambda _body: False
    post.round(1)
    post.round()
    assert titles(service) == ["title 2.1", "title 1.1", "title 1.over"]


def test_a_severe_message_does_not_wait_for_one_that_quiet_hours_hold(post, service):
    post.queue(
        samples.message("1.1", incident=1, due_at=samples.minutes(240)), samples.message("1.2", incident=1, severe=True)
    )
    post.round()
    assert titles(service) == ["title 1.2"]


def test_a_process_that_ended_while_sending_leaves_the_message_to_be_sent_again(post, service):
    post.queue(samples.message("1.1"))
    post.box.claim(post.box.waiting(), [samples.minutes(1)])  # and then nothing: it was killed
    post.round()
    assert titles(service) == []
    post.round(1)
    assert titles(service) == ["title 1.1"]


def test_a_bug_of_a_plugin_is_a_failed_delivery(post, service, monkeypatch):
    import apprise

    def broken(*_words, **_more):
        raise ZeroDivisionError(service.address)

    monkeypatch.setattr(apprise.Apprise, "notify", broken)
    post.queue(samples.message("1.1"))
    post.round()
    (waiting,) = post.box.waiting()
    assert waiting.failure.startswith("ZeroDivisionError")
    assert samples.PASSWORD not in waiting.failure


def test_no_row_holds_an_address(post, service, tmp_path):
    service.refusing = lambda _body: True
    post.queue(samples.message("1.1"))
    post.round()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"title 1.1" in stored
    assert samples.PASSWORD.encode() not in stored


def test_what_waited_for_the_morning_comes_as_one(post, service):
    held = [samples.message(f"{n}.1", due_at=samples.minutes(240)) for n in range(3, 6)]
    post.queue(*held, samples.message("1.1", made_at=samples.minutes(235)))
    post.round(240)
    assert titles(service) == ["3 alerts: title 3.1", "title 1.1"]
    assert [f"[{n}.1]" in service.taken[0]["message"] for n in range(3, 6)] == [True] * 3
    assert post.box.waiting() == ()


def test_what_a_dead_service_missed_comes_as_one_when_it_lives(post, service):
    service.refusing = lambda _body: True
    post.queue(*(samples.message(f"{n}.1") for n in range(3, 6)))
    post.round()
    service.refusing = lambda _body: False
    post.round(60)
    assert titles(service) == ["3 alerts: title 3.1"]


def test_a_flood_comes_as_a_few_messages(post, service):
    for minute in range(60):
        made = [samples.message(f"{minute}.{n}", made_at=post.at) for n in range(20)]
        post.queue(*made)
        post.round(1)
    assert len(service.taken) <= delivery.PER_HOUR + 4
    post.round(15)
    assert post.box.waiting() == ()


def test_an_address_that_fails_holds_up_no_other(post, service):
    with samples.service() as other:
        other.refusing = lambda _body: True
        post.delivery.addresses = {**post.delivery.addresses, "json-2": secrets.Secret(other.address)}
        post.queue(samples.message("1.1", destination="json-2"), samples.message("1.1"))
        post.round()
    assert titles(service) == ["title 1.1"]


def test_what_nobody_can_take_is_given_up_with_a_word_in_the_log(post, service, caplog):
    post.queue(
        samples.message("1.1", destination="gone"), samples.message("2.1", made_at=samples.AT - delivery.EXPIRY - HOUR)
    )
    post.round()
    assert (titles(service), post.box.waiting()) == ([], ())
    assert "alerts given up count=2" in caplog.text


@pytest.mark.parametrize(
    ("events", "severe", "tone"),
    [(["recovered"], False, "success"), (["raised", "recovered"], False, "warning"), (["route"], False, "info"), (["spread"], True, "failure")],
)  # fmt: skip
def test_the_tone_is_that_of_the_gravest(events, severe, tone):
    batch = [dataclasses.replace(samples.message("1.1", severe=severe), event=event) for event in events]
    assert delivery.tone(batch) == tone
