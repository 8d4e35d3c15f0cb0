"""What is stored comes back as it was; what upstreams send cannot break it."""

import dataclasses
import datetime as dt
import math

import pytest
import record_samples as samples

from probe import model, records
from probe.records import columns, history

PICTURE = model.Picture(3840, 2160, "png", 9_000_000, "ab" * 32, "0123456789abcdef", effective_resolution=0.93)
OTHER = model.Path("official", "1k-low")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tierwatch.db"


@pytest.fixture
def book(path):
    with records.open(path) as opened:
        yield opened


def stored(database, **selection):
    with history.open(database) as past:
        return list(past.outcomes(**selection))


def names(database, **selection):
    return [each.outcome.id for each in stored(database, **selection)]


def test_an_outcome_with_every_field_set_comes_back_equal(book, path):
    evidence = model.Evidence(
        status=200,
        headers={"x-request-id": "req_1", "retry-after": "3"},
        text='{"ünïcode": "图"}',
        fault=model.Fault.TRUNCATED_BODY,
        fault_text="peer closed",
        elapsed_s=90.25,
        order=dataclasses.replace(samples.ORDER, image_size="4K", aspect_ratio="16:9", operation="edit", relayed=True),
        picture=dataclasses.replace(
            PICTURE, blank=True, repeated=True, flaw="truncated", motif="flat", provenance="OpenAI"
        ),
        picture_count=2,
        image_tokens=8000,
        echoed_size="3840x2160",
        echoed_quality="high",
        sent=False,
    )
    outcome = model.Outcome(
        id="01980000-0000-7000-8000-000000000001",
        path=samples.PATH,
        trigger=model.Trigger.BURST,
        sent_at=samples.AT + dt.timedelta(milliseconds=123),
        evidence=evidence,
        latency_s=90.25,
        timings=model.Timings(0.1, 0.2, 0.3, 88.0, 90.25, 0.4),
        price_usd=0.03,
        charged_usd=0.04,
        prompt_id="harbour",
        fingerprint="0123456789ab",
        slot=1_786_500_000,
        vantage="hongkong",
        excluded=model.Exclusion.LOCAL_SUSPEND,
        attempt=2,
        source="recorder",
        batch="nightly",
        served_model="gpt-image-2-2026-04-21",
    )
    verdict = model.Verdict(
        model.Kind.NETWORK,
        "truncated_body",
        model.Stage.DELIVERY,
        model.Party.NETWORK,
        True,
        model.Action.BACK_OFF_RETRY,
        "transport.truncated",
        "low",
        3.0,
        "yes",
        model.RequestIds(("g1", "g2"), ("t",), ("u",), ("e",)),
        "status.200",
        "the gateway's own log",
    )
    for value in (outcome, evidence, evidence.order, evidence.picture, outcome.timings, verdict, verdict.request_ids):
        assert all(getattr(value, field.name) != field.default for field in dataclasses.fields(value))
    assert book.store(outcome, verdict)
    assert stored(path) == [model.Judged(outcome, verdict)]


def test_an_outcome_with_nothing_but_defaults_comes_back_equal(book, path):
    outcome = samples.outcome("bare", evidence=model.Evidence())
    book.store(outcome, samples.verdict())
    assert stored(path) == [model.Judged(outcome, samples.verdict())]


def test_storing_an_id_again_changes_nothing(book, path):
    assert book.store(samples.outcome("one", latency_s=1.0), samples.verdict())
    assert not book.store(samples.outcome("one", latency_s=2.0), samples.verdict(model.Kind.OK))
    [kept] = stored(path)
    assert (kept.outcome.latency_s, kept.verdict.kind) == (1.0, model.Kind.PROCESSING_ERROR)


def test_many_are_stored_in_order_and_an_id_given_twice_counts_once(book, path):
    given = [samples.judged(f"id-{n % 1200:04d}", at=samples.minutes(n % 1200)) for n in range(1300)]
    assert book.store_all(given) == 1200
    assert names(path) == [f"id-{n:04d}" for n in range(1200)]


@pytest.mark.parametrize(
    "hostile",
    ["\x00", "\ud800", "a\x00b\udfffc", "';DROP TABLE outcome;--", "\u202e", "\U0010ffff", "x" * 1_000_000],
    ids=lambda text: ascii(text)[:20],
)
def test_hostile_text_in_every_field_is_stored_as_valid_text(book, path, hostile):
    evidence = model.Evidence(
        headers={hostile: hostile}, text=hostile, fault_text=hostile, echoed_size=hostile, order=samples.ORDER
    )
    ids = model.RequestIds(gateway=(hostile, hostile), edge=(hostile,))
    outcome = samples.outcome(hostile, evidence=evidence, prompt_id=hostile)
    assert book.store(outcome, samples.verdict(detail=hostile, request_ids=ids))
    assert not book.store(outcome, samples.verdict())
    [kept] = stored(path)
    kept.outcome.evidence.text.encode()
    assert len(kept.outcome.evidence.text) == len(hostile)
    with history.open(path) as past:
        assert past.find(hostile) == (kept,)


@pytest.mark.parametrize(
    ("value", "kept"), [(10**30, None), (2**63, None), (-(2**63), None), (2**63 - 1, 2**63 - 1), (math.nan, None)]
)
def test_numbers_that_sqlite_cannot_hold_become_none(book, path, value, kept):
    evidence = model.Evidence(image_tokens=value)
    assert book.store(samples.outcome("one", evidence=evidence, slot=value), samples.verdict())
    [found] = stored(path)
    assert (found.outcome.evidence.image_tokens, found.outcome.slot) == (kept, kept)


def test_infinite_times_become_none(book, path):
    evidence = model.Evidence(elapsed_s=math.inf)
    book.store(samples.outcome("one", evidence=evidence, latency_s=-math.inf), samples.verdict(retry_after_s=math.nan))
    [found] = stored(path)
    times = (found.outcome.evidence.elapsed_s, found.outcome.latency_s, found.verdict.retry_after_s)
    assert times == (None, None, None)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        columns.when(dt.datetime(2026, 8, 13))  # noqa: DTZ001 - what is refused


def test_stored_times_sort_as_text():
    moments = [samples.AT + dt.timedelta(milliseconds=n) for n in (0, 1, 10, 999, 1000, 60_000, 10**9)]
    texts = [columns.when(each) for each in moments]
    assert texts == sorted(texts)
    assert [columns.instant(each) for each in texts] == moments
    assert len({len(each) for each in texts}) == 1


def test_history_selects_by_period_path_channel_and_trigger(book, path):
    book.store_all(
        [
            samples.judged("a", at=samples.minutes(0)),
            samples.judged("b", at=samples.minutes(1), trigger=model.Trigger.BURST),
            samples.judged("c", at=samples.minutes(2), path=OTHER),
            samples.judged("d", at=samples.minutes(3)),
        ]
    )
    assert names(path) == ["a", "b", "c", "d"]
    assert names(path, since=samples.minutes(1), until=samples.minutes(3)) == ["b", "c"]
    assert names(path, path=OTHER) == ["c"]
    assert names(path, channel="vip") == ["a", "b", "d"]
    assert names(path, triggers=[model.Trigger.BURST, model.Trigger.MANUAL]) == ["b"]
    assert names(path, triggers=[]) == []
    assert names(path, newest_first=True, limit=2) == ["d", "c"]


def test_cells_are_what_rates_need_of_the_outcomes_of_a_path(book, path):
    outcome = samples.outcome("a", latency_s=9.5, price_usd=0.03, excluded=model.Exclusion.CANCELLED)
    book.store(outcome, samples.verdict(billed="no"))
    with history.open(path) as past:
        [cells] = past.cells(samples.minutes(-1), samples.minutes(1), path=samples.PATH)
    assert cells == ("scheduled", "2026-08-13T02:19:00.000", "processing_error", "cancelled", 9.5, 0.03, "no")


def test_a_request_that_was_cut_off_has_the_time_until_then_in_its_cells(book, path):
    cut = model.Evidence(fault=model.Fault.RESET, elapsed_s=60.2, order=samples.ORDER)
    book.store(samples.outcome("a", evidence=cut), samples.verdict())
    book.store(samples.outcome("b", at=samples.minutes(1), evidence=model.Evidence()), samples.verdict())
    book.store(samples.outcome("c", at=samples.minutes(2)), samples.verdict(kind=model.Kind.OK))
    with history.open(path) as past:
        found = past.cells(samples.minutes(-1), samples.minutes(9), path=samples.PATH)
        assert [latency_s for *_, latency_s, _price_usd, _billed in found] == [60.2, None, None]


def test_paths_and_size_tell_what_there_is(book, path):
    with history.open(path) as past:
        assert (past.paths(), past.size()) == ((), 0)
    book.store_all([samples.judged("a"), samples.judged("b", at=samples.minutes(5), path=OTHER)])
    with history.open(path) as past:
        assert set(past.paths()) == {samples.PATH, OTHER}
        assert past.size() == 2


def test_an_outcome_is_found_by_any_of_its_ids_and_by_a_unique_beginning(book, path):
    book.store_all(
        [
            samples.judged("01980000-aaaa", gateway=["20260813aaaa1111"]),
            samples.judged("01980000-bbbb", gateway=["20260813aaaa1111", "shared-id"]),
            samples.judged("01980000-cccc", gateway=["shared-id"]),
        ]
    )
    with history.open(path) as past:

        def found(text):
            return [each.outcome.id for each in past.find(text)]

        assert found(" 01980000-aaaa\n") == ["01980000-aaaa"]
        assert found("01980000-b") == ["01980000-bbbb"]
        assert found("20260813") == ["01980000-aaaa", "01980000-bbbb"]
        assert found("shared-id") == ["01980000-bbbb", "01980000-cccc"]
        assert found("shared-") == []  # shorter than 8 characters
        assert found("absent-id-0") == []
        with pytest.raises(records.RecordsError, match=r"01980000-aaaa.*Write more"):
            past.find("01980000")


@pytest.mark.parametrize(
    ("sha256", "fingerprint", "seen"),
    [
        ("ab" * 32, "", True),  # the same bytes
        ("cd" * 32, "0123456789abcdef", True),  # the same look
        ("cd" * 32, "0123456789abcdec", True),  # two bits apart
        ("cd" * 32, "0123456789abcde8", False),  # three bits apart
        ("cd" * 32, "", False),
        ("cd" * 32, "no hex digits!!!", False),
    ],
)
def test_a_picture_is_repeated_when_its_channel_delivered_it_before(book, sha256, fingerprint, seen):
    book.store(samples.outcome("a", evidence=model.Evidence(picture=PICTURE)), samples.verdict(model.Kind.OK))
    picture = dataclasses.replace(PICTURE, sha256=sha256, fingerprint=fingerprint)
    assert book.seen_before("vip", picture) is seen
    assert not book.seen_before("official", picture)


def test_a_word_that_only_a_newer_program_knows_is_an_error_with_a_remedy(book, path):
    book.store(samples.outcome("a"), samples.verdict())
    with book._door.writing("test") as db:
        db.execute("UPDATE verdict SET kind = 'moonphase'")
    with pytest.raises(records.RecordsError, match=r"moonphase.*Upgrade"):
        stored(path)


def test_states_are_published_as_a_whole(book, path):
    first = model.PathState(
        samples.PATH, model.State.DEGRADED, samples.AT, samples.minutes(1), 0.97, "reason", samples.minutes(9)
    )
    book.publish([first, model.PathState(OTHER, model.State.UNKNOWN)], samples.AT)
    book.publish([first], samples.AT)
    with history.open(path) as past:
        assert past.states() == (first,)


def test_the_heartbeat_is_the_latest_and_goes_stale(book, path):
    with history.open(path) as past:
        assert past.heartbeat() is None
    book.beat(samples.AT, pid=1, digest="old", stale_after_s=60)
    book.beat(samples.minutes(1), pid=2, digest="new", stale_after_s=60, note="draining")
    with history.open(path) as past:
        beat = past.heartbeat()
    assert (beat.at, beat.pid, beat.digest, beat.note) == (samples.minutes(1), 2, "new", "draining")
    assert not beat.stale(samples.minutes(2))
    assert beat.stale(samples.minutes(2) + dt.timedelta(milliseconds=1))


def test_a_skipped_slot_keeps_its_first_reason(book, path):
    book.skip(samples.PATH, 7, samples.AT, "overrun")
    book.skip(samples.PATH, 7, samples.minutes(1), "budget")
    book.skip(OTHER, 7, samples.minutes(2), "budget")
    with history.open(path) as past:
        assert [(each.path, each.reason) for each in past.skips()] == [(samples.PATH, "overrun"), (OTHER, "budget")]
        assert len(past.skips(since=samples.minutes(1))) == 1


def test_a_path_has_one_open_alarm_at_most(book, path):
    def alarm(reason):
        return book.raise_alarm(samples.PATH, model.State.DEGRADED, samples.minutes(5), since=samples.AT, reason=reason)

    assert alarm("first")
    assert not alarm("again")
    assert book.clear_alarm(samples.PATH, samples.minutes(9))
    assert not book.clear_alarm(samples.PATH, samples.minutes(10))
    assert alarm("second time")
    with history.open(path) as past:
        told = [(each.reason, each.since, each.cleared_at) for each in past.alarms()]
        assert told == [("first", samples.AT, samples.minutes(9)), ("second time", samples.AT, None)]
