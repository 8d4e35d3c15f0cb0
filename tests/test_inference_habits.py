"""What a month of canaries teaches the tables of triage about one path."""

import pytest

from probe import model
from probe.inference import causes, habits, posterior
from probe.inference.causes import Cause, Check, Finding, Result, Said
from probe.inference.habits import Month, Sent

FAILED = {word: [Finding(Check.CANARY, Result.FAILED, said=word)] * 6 for word in (Said.PROCESSING, Said.GATEWAY)}


def sent(kind, hours=(1,), latency_s=None):
    return [Sent(hour, kind, latency_s) for hour in hours]


def test_a_month_counts_canaries_and_the_words_of_an_hour_once():
    failures = sent(model.Kind.PROCESSING_ERROR, (1, 1, 2)) + sent(model.Kind.TIMEOUT, (1,))
    month = habits.read(sent(model.Kind.OK, (3,) * 6) + failures, 100)
    assert (month.sent, month.failed) == (10, 4)
    assert month.words == {Said.PROCESSING: 2, Said.TIMEOUT: 1}


def test_refusals_accounts_and_our_own_network_say_nothing_of_a_path():
    silent = (model.Kind.MODERATION_INPUT, model.Kind.AUTH, model.Kind.NETWORK, model.Kind.UNKNOWN)
    assert habits.read([one for kind in silent for one in sent(kind)], 100) == Month()


def test_how_long_pictures_take_is_known_from_twenty():
    pictures = [one for latency_s in range(1, 21) for one in sent(model.Kind.OK, latency_s=float(latency_s))]
    month = habits.read(pictures, 100)
    assert (month.median_s, month.late_s) == (11.0, 19.0)
    assert habits.read(pictures[1:], 100).median_s is None


def test_no_canaries_leave_the_tables():
    assert habits.adapted(causes.TABLES, Month()) is causes.TABLES


def test_a_path_that_often_fails_is_sooner_to_blame_and_sooner_in_trouble_by_coincidence():
    bad, good = (habits.adapted(causes.TABLES, Month(600, failed)) for failed in (120, 2))

    def on_path(tables):
        return sum(tables.prior[causes.CAUSES.index(cause)] for cause in causes.PATH_CAUSES)

    assert on_path(good) < on_path(causes.TABLES) < on_path(bad)
    assert good.background < causes.TABLES.background < bad.background
    assert sum(bad.prior) == pytest.approx(1)


def test_a_month_as_bad_as_assumed_changes_no_prior():
    assert habits.adapted(causes.TABLES, Month(1000, 30)).prior == pytest.approx(causes.TABLES.prior, rel=0.01)


def test_many_equal_words_and_no_others_are_one_phrase_for_everything():
    def of(words):
        return habits.one_phrase(Said.PROCESSING, words, causes.TABLES)

    assert of({Said.PROCESSING: 20.0}) > 3 * of({})
    assert of({Said.PROCESSING: 7.0, Said.GATEWAY: 4.0, Said.TIMEOUT: 3.0}) < 0.2 * of({})


def test_words_of_a_channel_with_one_phrase_do_not_tell_upstream_from_channel():
    def odds(month, word):
        tables = habits.adapted(causes.TABLES, month)
        p = posterior.weigh(word, (), FAILED[word], tables).p
        return p[Cause.UPSTREAM] / p[Cause.CHANNEL]

    alike, varied = Month(600, 18, {Said.PROCESSING: 18.0}), Month(600, 18, {Said.PROCESSING: 9.0, Said.GATEWAY: 9.0})
    prior = (
        causes.TABLES.prior[causes.CAUSES.index(Cause.UPSTREAM)]
        / causes.TABLES.prior[causes.CAUSES.index(Cause.CHANNEL)]
    )
    assert prior < odds(alike, Said.PROCESSING) < 0.6 * odds(varied, Said.PROCESSING)
    assert odds(varied, Said.GATEWAY) < 1


def days(*, same, other, word=model.Kind.OVERLOADED):
    """A month of canaries every three hours: at the hour of the failure those of `same` days fail, of `other` elsewhere."""
    kinds = {
        True: [word] * same + [model.Kind.OK] * (30 - same),
        False: [word] * other + [model.Kind.OK] * (210 - other),
    }
    return [Sent(-3 * n, kinds[n % 8 == 0].pop(), None) for n in range(8, 248)]


def test_trouble_at_the_same_hour_of_many_days_speaks_for_the_queue():
    def queue(same, other, word=model.Kind.OVERLOADED):
        month = habits.read(days(same=same, other=other, word=word), 0)
        assert (month.same_hours, month.other_hours) == ((30, same), (210, other))
        return habits.adapted(causes.TABLES, month).prior[causes.CAUSES.index(Cause.QUEUE)]

    assert queue(12, 4) > 3 * queue(2, 14)
    assert queue(12, 4) > 1.3 * queue(12, 4, model.Kind.PROCESSING_ERROR)


def test_what_is_said_at_the_same_hour_of_other_days_is_what_its_trouble_says():
    month = habits.read(days(same=12, other=4, word=model.Kind.TIMEOUT), 0)
    known = habits.adapted(causes.TABLES, month).said[Said.TIMEOUT][causes.CAUSES.index(Cause.QUEUE)]
    assert known > 3 * causes.TABLES.said[Said.TIMEOUT][causes.CAUSES.index(Cause.QUEUE)]


def test_a_month_that_is_the_same_at_every_hour_has_no_hour_of_its_own():
    assert habits.at_this_hour(habits.read(days(same=2, other=14), 0)) < 0.001
