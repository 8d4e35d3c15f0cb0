"""From history to a window: what is read, how long periods are pieced together, and which estimate stands."""

import datetime as dt
import json
import math

import pytest
from record_samples import judged
from report_samples import DAY, HOUR, NOW, SINCE, estimate, facts

from probe import config as configs
from probe import model, moderation, records
from probe.inference import change, months, segments
from probe.records import history, rows
from probe.triage import evidence
from reports import outcomes, past, reading, window

CONFIG = """
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "https://vip.example/v1"
model = "gpt-image-2-vip"
key_env = "VIP_KEY"
price_usd = 0.03
tiers = ["1k-low", "4k-high"]
"""
VIP = model.Path("vip", "4k-high")


@pytest.fixture
def config(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG)
    return configs.load(tmp_path / "config.toml")


def read(config, tmp_path, stored, **choice):
    with records.open(tmp_path / "tierwatch.db") as book:
        book.store_all(stored)
    with history.open(tmp_path / "tierwatch.db") as stored_there:
        return reading.read(config, stored_there, NOW, reading.Choice(**choice))


def canary(number, at, kind=model.Kind.OK, path=VIP, **fields):
    return judged(f"canary-{number}", kind=kind, at=at, path=path, **fields)


def test_outcomes_are_read_by_path_and_series_within_the_period(config, tmp_path):
    stored = [
        canary(0, SINCE - HOUR),
        canary(1, SINCE),
        canary(2, NOW - HOUR, trigger=model.Trigger.BURST),
        canary(3, NOW - HOUR, trigger=model.Trigger.OWN_TRAFFIC),
        canary(4, NOW),
    ]
    seen = read(config, tmp_path, stored)
    (vip,) = [each for each in seen.paths if each.path == VIP]
    assert {series: len(taken) for series, taken in vip.series.items()} == {
        window.Series.SCHEDULED: 1,
        window.Series.EXTRA: 1,
        window.Series.OWN: 1,
    }
    assert len(vip.canaries()) == 2


def test_a_configured_path_without_outcomes_is_there_and_unknown(config, tmp_path):
    seen = read(config, tmp_path, [canary(0, NOW - HOUR)])
    light = next(each for each in seen.paths if each.path.tier == "1k-low")
    assert (light.state, light.series, light.now.price_usd) == (model.State.UNKNOWN, {}, 0.03)


def test_a_path_that_has_left_the_config_keeps_its_history_and_loses_its_price(config, tmp_path):
    gone = model.Path("old", "4k-high")
    seen = read(config, tmp_path, [canary(0, NOW - HOUR, path=gone)])
    (old,) = [each for each in seen.paths if each.path == gone]
    assert (len(old.of(window.Series.SCHEDULED)), old.now.price_usd) == (1, None)
    assert old.now.state.reason == "no longer in the config"


def test_the_period_compared_with_ends_where_the_period_begins(config, tmp_path):
    stored = [canary(number, NOW - number * DAY + HOUR) for number in range(1, 5)]
    seen = read(config, tmp_path, stored, since=NOW - 2 * DAY, compare=DAY)
    vip = next(each for each in seen.paths if each.path == VIP)
    assert (len(vip.sample(window.Series.SCHEDULED)), len(vip.sample_before(window.Series.SCHEDULED))) == (2, 1)
    assert seen.before_since == NOW - 3 * DAY


def test_only_chosen_paths_are_read(config, tmp_path):
    seen = read(config, tmp_path, [canary(0, NOW - HOUR)], tiers=("1k-low",))
    assert [str(each.path) for each in seen.paths] == ["vip/1k-low"]
    assert {advice.tier for advice in seen.advice} <= {"1k-low"}


def test_skips_and_lost_requests_are_counted_by_path(config, tmp_path):
    with records.open(tmp_path / "tierwatch.db") as book:
        book.skip(VIP, 1, NOW - HOUR, "budget")
        book.skip(VIP, 2, NOW - HOUR, "budget")
        book.skip(VIP, 3, NOW - 30 * DAY, "overrun")
    seen = read(config, tmp_path, [])
    vip = next(each for each in seen.paths if each.path == VIP)
    assert dict(vip.skips) == {"budget": 2}


def test_a_budget_is_gone_while_slots_are_left_out_for_it_and_nothing_is_sent(config, tmp_path):
    with records.open(tmp_path / "tierwatch.db") as book:
        book.skip(VIP, 1, NOW - HOUR, "budget")
    assert read(config, tmp_path, [canary(1, NOW - 2 * HOUR)]).budget_gone
    assert not read(config, tmp_path, [canary(2, NOW - HOUR / 2)]).budget_gone


def test_a_budget_that_was_gone_yesterday_is_not_gone_today(config, tmp_path):
    with records.open(tmp_path / "tierwatch.db") as book:
        book.skip(VIP, 1, NOW - DAY, "budget")
    assert not read(config, tmp_path, []).budget_gone


# --- the pre-screen ---------------------------------------------------------------------------------------------------


def screened(number, at, screen):
    """A triage that asked the pre-screen, as it is kept."""
    piece = evidence.of_screen(screen)
    kept = {"evidence": [{"name": piece.name, "words": piece.words}]}
    return rows.Triage(f"triage-{number}", "request", at, json.dumps(kept))


SILENT, CLEAN = moderation.Screen("not checked", reason="HTTP 503"), moderation.Screen("clean")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ([(5, SILENT), (3, SILENT)], (NOW - 5 * HOUR, "HTTP 503")),
        ([(5, CLEAN), (3, SILENT)], (NOW - 3 * HOUR, "HTTP 503")),
        ([(5, SILENT), (3, CLEAN)], None),
        ([], None),
    ],
)
def test_a_pre_screen_is_unchecked_since_it_was_first_asked_in_vain(config, tmp_path, asked, told):
    with records.open(tmp_path / "tierwatch.db") as book:
        for number, (hours, screen) in enumerate(asked):
            book.keep_triage(screened(number, NOW - hours * HOUR, screen))
    assert read(config, tmp_path, []).own_traffic.unscreened == told


# --- one moment for the start of trouble ------------------------------------------------------------------------------


def test_a_report_dates_trouble_as_the_published_state_does(config, tmp_path):
    calm = [canary(number, NOW - number * HOUR) for number in range(6, 300)]
    failing = [
        canary(f"bad-{number}", NOW - number * dt.timedelta(minutes=10), model.Kind.PROCESSING_ERROR)
        for number in range(1, 30)
    ]
    began = NOW - 5 * HOUR
    with records.open(tmp_path / "tierwatch.db") as book:
        state = model.PathState(VIP, model.State.DEGRADED, began, NOW - HOUR / 6, 0.99, "about 95 % fail")
        book.publish([state], NOW)
    seen = read(config, tmp_path, [*calm, *failing])
    now = next(each.now for each in seen.paths if each.path == VIP)
    assert now.since.at == began
    assert now.since.low <= began <= now.since.high
    assert now.since.low < now.since.high


# --- columns ----------------------------------------------------------------------------------------------------------


def test_columns_are_split_at_edges_without_loss():
    taken = facts("vip/4k-high", [point(at) for at in range(100)]).of(window.Series.SCHEDULED)
    edges = [NOW + minutes * dt.timedelta(minutes=1) for minutes in (0, 30, 31, 100)]
    assert [len(part) for part in taken.split(edges)] == [30, 1, 69]


def point(minute):
    from report_samples import point as made

    return made(VIP, NOW + minute * dt.timedelta(minutes=1))


def test_every_kind_and_exclusion_says_of_health_what_the_model_says():
    from report_samples import columns
    from report_samples import point as made

    for kind in model.Kind:
        for excluded in (None, *model.Exclusion):
            one = columns([made(VIP, NOW, kind, excluded=excluded)])
            expected = model.health_of(kind, excluded)
            assert bool(one.telling[0]) is (expected is not None)
            assert bool(one.failed[0]) is (expected is False)


def test_joined_series_are_in_order_of_sending():
    path = facts("vip/4k-high", [point(5), point(1)])
    both = outcomes.joined([path.of(window.Series.SCHEDULED), path.of(window.Series.SCHEDULED), outcomes.NONE])
    assert both.sent_s.tolist() == sorted(both.sent_s.tolist())
    assert len(both) == 4


# --- what was so ------------------------------------------------------------------------------------------------------


def segment(start, end, failing=0.5):
    moments = [None if at is None else change.Moment(at, at - HOUR, at + HOUR) for at in (start, end)]
    return segments.Segment(moments[0], moments[1], failing, 0.99)


def troubled(calm):
    return months.Piece(SINCE, NOW, 0.05, 0.04, 0.07, 0.1, calm, ())


def calm(of):
    return months.Piece(SINCE, NOW, 0.03, 0.03, 0.03, 0.0, of, ())


@pytest.mark.parametrize(("last", "is_open"), [(NOW - 3 * HOUR, True), (NOW - HOUR, False)])
def test_an_end_that_no_canary_has_seen_is_open(last, is_open):
    found = past.stretch(segment(NOW - 6 * HOUR, NOW - 2 * HOUR), last)
    assert (found.end is None) == is_open


def test_the_spreads_of_trouble_and_of_calm_add_in_quadrature():
    found = past.occupancy(troubled(months.Calm(30.0, 900.0)), past.Usual(0.03, 100.0))
    of_calm = 0.9 * 1.645 * math.sqrt(0.033 * 0.967 / 1000)
    assert found.failing == pytest.approx(0.05 + 0.9 * 0.003)
    assert found.low == pytest.approx(found.failing - math.hypot(0.01, of_calm))
    assert found.high == pytest.approx(found.failing + math.hypot(0.02, of_calm))


def test_a_path_that_never_fails_is_not_said_to_fail_at_the_share_assumed():
    never = [months.Calm(0.0, 5000.0)] * 3
    found = past.occupancy(calm(never[0]), past.usual_of(never))
    assert found.failing < 0.001
    assert found.low == 0.0


def test_a_path_with_few_canaries_is_taken_to_fail_like_the_others_while_calm():
    few, others = months.Calm(0.0, 10.0), [months.Calm(100.0, 10_000.0)] * 5
    found = past.occupancy(calm(few), past.usual_of([few, *others]))
    assert found.failing == pytest.approx(0.01, abs=0.001)


def test_paths_that_differ_keep_their_own_share_and_those_alike_share_one():
    differ = past.usual_of([months.Calm(5.0, 1000.0), months.Calm(50.0, 1000.0), months.Calm(100.0, 1000.0)])
    alike = past.usual_of([months.Calm(30.0, 1000.0), months.Calm(31.0, 1000.0), months.Calm(29.0, 1000.0)])
    assert (differ.weight, alike.weight) == (past.LEAST_POOLED, past.MOST_POOLED)


@pytest.mark.parametrize(
    ("usual", "n", "level"),
    [
        (None, None, 0.03),
        (0.04, 100, 0.03),  # may be as good as others
        (0.1, 1000, 0.085),  # Beta(101, 901), 5 % quantile: 0.1008 - 1.645 * 0.0095
        (0.9, 1000, past.MOST_USUAL),
    ],
)
def test_only_what_surely_fails_on_a_path_as_usual_is_no_trouble(usual, n, level):
    path = facts("vip/4k-high", (), model.State.HEALTHY, usual_failing=usual, observations=n)
    assert past.calm_level(path) == pytest.approx(level, abs=0.001)


def test_an_alarm_that_is_on_is_dated_once():
    since = estimate(NOW - 4 * HOUR)
    path = facts("vip/4k-high", (), model.State.DEGRADED, since=since, failing=0.4)
    seen = (
        window.Degraded(estimate(SINCE), estimate(SINCE + HOUR), 0.3),
        window.Degraded(estimate(NOW - 5 * HOUR), None, 0.6),
    )
    found = past.agreed(path, past.Past(seen))
    assert found.degraded == (seen[0], window.Degraded(since, None, 0.4))


def test_an_alarm_the_smoother_does_not_see_is_a_stretch_all_the_same():
    since = estimate(NOW - 4 * HOUR)
    path = facts("vip/4k-high", (), model.State.DEGRADED, since=since, failing=0.12)
    assert past.agreed(path, past.Past()).degraded == (window.Degraded(since, None, 0.12),)
