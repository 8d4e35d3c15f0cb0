"""Who is told what and when: routes, silences, maintenance, quiet hours, repeats."""

import datetime as dt

import alert_samples as samples
import pytest

from probe.alerts import news, rules
from probe.inference import incidents
from probe.records import told

AT, VIP, OFFICIAL = samples.AT, samples.VIP, samples.OFFICIAL  # a Thursday, 02:41 UTC

ALERTS = """
urls = ["slack://TokenA1/TokenB1/TokenC1", "mailto://me:hunter2@example.com"]
routes = { "vip" = ["slack://TokenA2/TokenB2/TokenC2"], "official/4k-*" = ["tgram://1234:abc/5"] }
quiet_hours = "22:00-07:00"
maintenance = { "official" = "Thu 02:00-04:00" }
repeat = "6h"
"""


@pytest.fixture
def who(tmp_path):
    return rules.of(samples.load(tmp_path, ALERTS).alerts)


def note(key, event="raised", minutes=0):
    return told.Note(key, event, samples.minutes(minutes))


def wanted(who, one, at=AT, **record):
    return [
        (each.event.value, each.destination, each.key) for each in news.wanted([one], samples.known(**record), who, at)
    ]


def test_addresses_are_named_by_service_and_number():
    urls = ["slack://a", "mailto://b", "slack://c", "slack://a", "SLACK://d"]
    assert list(rules.named(urls).values()) == ["slack", "mailto", "slack-2", "slack-3"]


def test_nothing_secret_shows_in_the_rules(who):
    assert "hunter2" not in repr(who)
    assert "Token" not in repr(who)


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        ([VIP], ("slack-2",)),
        ([OFFICIAL], ("tgram",)),
        ([samples.model.Path("official", "1k-low")], ("slack", "mailto")),
        ([VIP, samples.model.Path("official", "1k-low")], ("slack-2", "slack", "mailto")),
        ([], ("slack", "mailto")),
    ],
)
def test_paths_that_are_routed_go_there_and_all_else_to_the_usual_addresses(who, paths, names):
    assert who.destinations(paths) == names


def test_without_usual_addresses_all_hear_about_tierwatch_itself(tmp_path):
    alone = rules.of(samples.load(tmp_path, 'routes = { "vip" = ["slack://a/b/c"] }').alerts)
    assert alone.destinations([]) == ("slack",)
    assert alone.destinations([OFFICIAL]) == ()


def test_severe_messages_do_not_wait_for_the_morning(who):
    assert who.due_at(AT, severe=False) == AT.replace(hour=7, minute=0)
    assert who.due_at(AT, severe=True) == AT
    assert who.due_at(AT.replace(hour=12), severe=False) == AT.replace(hour=12)


def test_an_incident_is_told_once_to_each_of_its_addresses(who):
    one = samples.incident()
    assert wanted(who, one) == [("raised", "slack-2", "1.1")]
    assert wanted(who, one, notes={(1, "slack-2"): (note("1.1"),)}) == []


def test_each_spread_is_told(who):
    one = samples.incident(edition=3)
    assert wanted(who, one, notes={(1, "slack-2"): (note("1.1"), note("1.2"))}) == [("spread", "slack-2", "1.3")]


def test_an_incident_is_repeated_until_somebody_acknowledges_it(who):
    notes = {(1, "slack-2"): (note("1.1"),)}
    later = AT + dt.timedelta(hours=6)
    assert wanted(who, samples.incident(), later, notes=notes) == [("repeated", "slack-2", "1.1.1")]
    assert wanted(who, samples.incident(), later - dt.timedelta(minutes=1), notes=notes) == []
    assert wanted(who, samples.incident(acknowledged_at=AT), later, notes=notes) == []


def test_what_is_acknowledged_still_spreads_and_ends(who):
    notes = {(1, "slack-2"): (note("1.1"),)}
    assert wanted(who, samples.incident(acknowledged_at=AT, edition=2), notes=notes) == [("spread", "slack-2", "1.2")]
    over = samples.incident(acknowledged_at=AT, cleared_at=samples.minutes(5))
    assert wanted(who, over, samples.minutes(14), notes=notes) == []
    assert wanted(who, over, samples.minutes(15), notes=notes) == [("recovered", "slack-2", "1.over")]


def test_the_end_is_told_once_and_to_nobody_who_never_heard_of_it(who):
    over = samples.incident(cleared_at=samples.minutes(5))
    assert wanted(who, over, samples.minutes(15)) == []
    notes = {(1, "slack-2"): (note("1.1"), note("1.over", "recovered"))}
    assert wanted(who, over, samples.minutes(15), notes=notes) == []


def test_an_incident_that_became_part_of_another_ends_silently(who):
    merged = samples.incident(cleared_at=AT, merged_into=2)
    assert wanted(who, merged, samples.minutes(15), notes={(1, "slack-2"): (note("1.1"),)}) == []


def test_a_spent_budget_ends_silently(who):
    over = samples.incident(trouble=incidents.Trouble.BUDGET_GONE, paths=(), cleared_at=AT)
    assert wanted(who, over, samples.minutes(15), notes={(1, "slack"): (note("1.1"),)}) == []


@pytest.mark.parametrize("pattern", ["vip", "vip/*", "*/4k-high", "*"])
def test_a_silence_holds_until_it_ends_and_then_it_is_told_what_is_still_so(who, pattern):
    silences = [told.Silence(pattern, samples.minutes(60))]
    assert wanted(who, samples.incident(), silences=silences) == []
    assert wanted(who, samples.incident(), samples.minutes(60), silences=silences) == [("raised", "slack-2", "1.1")]


def test_an_incident_is_told_while_one_of_its_paths_is_not_silent(who):
    one = samples.incident(paths=(VIP, OFFICIAL))
    noon = AT.replace(hour=12)
    half, whole = (told.Silence(pattern, noon + dt.timedelta(hours=1)) for pattern in ("vip", "*/4k-*"))
    assert len(wanted(who, one, noon, silences=[half])) == 2
    assert wanted(who, one, noon, silences=[whole]) == []


def test_only_the_star_silences_what_has_no_path(who):
    blind = samples.incident(trouble=incidents.Trouble.BLIND, paths=())
    assert len(wanted(who, blind, silences=[told.Silence("vip", samples.minutes(60))])) == 2
    assert wanted(who, blind, silences=[told.Silence("*", samples.minutes(60))]) == []


def test_in_its_maintenance_nothing_is_told_of_a_path(who):
    one = samples.incident(paths=(OFFICIAL,))
    assert wanted(who, one, AT) == []
    assert wanted(who, one, AT.replace(hour=4)) == [("raised", "tgram", "1.1")]
    assert wanted(who, one, AT + dt.timedelta(days=1)) == [("raised", "tgram", "1.1")]


def test_a_new_address_hears_of_what_is_open(tmp_path):
    both = rules.of(samples.load(tmp_path, 'urls = ["slack://a/b/c", "tgram://1234:abc/5"]').alerts)
    notes = {(1, "slack"): (note("1.1"), note("1.2", "spread"))}
    assert wanted(both, samples.incident(edition=2), notes=notes) == [("raised", "tgram", "1.2")]
