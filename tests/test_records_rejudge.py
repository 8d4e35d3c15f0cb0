"""Judging stored evidence by other rules, and taking that back."""

import dataclasses

import pytest
import record_samples as samples

from probe import model, records, taxonomy
from probe.records import history


def overloaded(evidence):
    """Rules that call every failure an overload, with a gateway id of their own."""
    return samples.verdict(model.Kind.OVERLOADED, request_ids=model.RequestIds(gateway=(f"new-{evidence.elapsed_s}",)))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tierwatch.db"


@pytest.fixture
def book(path):
    with records.open(path) as opened:
        opened.store_all(samples.judged(f"id-{n:04d}", gateway=[f"old-{n:04d}"], evidence=seen(n)) for n in range(1100))
        yield opened


def seen(number):
    return dataclasses.replace(samples.FAILED, elapsed_s=float(number))


def kinds(path):
    with history.open(path) as past:
        return samples.kinds(past)


def everything(path):
    with history.open(path) as past:
        return list(past.outcomes())


def test_rejudging_says_what_changed_and_history_tells_the_new_verdicts(book, path):
    done = book.rejudge(overloaded, "2")
    assert (done.judged, done.changed) == (1100, 1100)
    assert done.kinds == {(model.Kind.PROCESSING_ERROR, model.Kind.OVERLOADED): 1100}
    assert kinds(path) == {"overloaded": 1100}


def test_ids_are_found_by_the_new_verdict(book, path):
    book.rejudge(overloaded, "2")
    with history.open(path) as past:
        assert past.find("old-0007") == ()
        assert [each.outcome.id for each in past.find("new-7.0")] == ["id-0007"]


def test_undoing_brings_back_every_verdict_and_id(book, path):
    before = everything(path)
    book.rejudge(overloaded, "2")
    assert book.undo_rejudge() == 1100
    assert everything(path) == before
    with history.open(path) as past:
        assert len(past.find("old-0007")) == 1
    assert book.undo_rejudge() == 0


def test_rejudgings_are_undone_one_by_one(book, path):
    book.rejudge(overloaded, "2")
    book.rejudge(lambda _: samples.verdict(model.Kind.TIMEOUT), "3")
    book.undo_rejudge()
    assert kinds(path) == {"overloaded": 1100}
    book.undo_rejudge()
    assert kinds(path) == {"processing_error": 1100}


def test_a_rejudging_that_changes_nothing_is_not_what_is_undone(book, path):
    book.rejudge(overloaded, "2")
    assert book.rejudge(overloaded, "2").changed == 0
    book.undo_rejudge()
    assert kinds(path) == {"processing_error": 1100}


def test_outcomes_that_arrive_after_a_rejudging_keep_their_verdict_when_it_is_undone(book, path):
    book.rejudge(overloaded, "2")
    book.store(samples.outcome("later"), samples.verdict(model.Kind.NETWORK))
    book.undo_rejudge()
    assert kinds(path) == {"processing_error": 1100, "network": 1}


def test_the_same_rules_on_the_same_evidence_change_nothing(book):
    book.store(samples.outcome("as judged"), taxonomy.judge(samples.FAILED))
    done = book.rejudge(lambda evidence: taxonomy.judge(evidence) if evidence == samples.FAILED else was(evidence), "1")
    assert (done.judged, done.changed) == (1101, 0)


def was(evidence):
    return samples.verdict(request_ids=model.RequestIds(gateway=(f"old-{evidence.elapsed_s:04.0f}",)))


def test_an_outcome_whose_evidence_is_gone_keeps_its_verdict(book, path):
    with book._door.writing("test") as db:
        db.execute("DELETE FROM evidence WHERE seq > 1000")
    assert book.rejudge(overloaded, "2").judged == 1000
    assert kinds(path) == {"overloaded": 1000, "processing_error": 100}
    assert everything(path)[-1].outcome.evidence == model.Evidence()


def test_an_interrupted_rejudging_is_completed_by_the_next(book, path):
    calls = iter(range(700))

    def interrupted(evidence):
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return overloaded(evidence)

    with pytest.raises(KeyboardInterrupt):
        book.rejudge(interrupted, "2")
    assert kinds(path) == {"overloaded": 500, "processing_error": 600}
    assert book.rejudge(overloaded, "2").changed == 600
    assert kinds(path) == {"overloaded": 1100}


def test_a_runner_up_that_nobody_asks_for_any_more_is_no_change(path):
    named = samples.verdict(model.Kind.TIMEOUT, runner_up="status.504")
    with records.open(path) as book:
        book.store_all([model.Judged(samples.outcome("id-1", evidence=seen(1)), named)])
        done = book.rejudge(lambda _: dataclasses.replace(named, runner_up=None), "2")
    assert (done.judged, done.changed) == (1, 0)
