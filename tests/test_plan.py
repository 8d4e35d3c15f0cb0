"""What the budget buys, and when a canary is due."""

import datetime as dt
import pathlib
import zoneinfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probe import model, plan
from probe.config import reading, template

START = dt.datetime(2026, 11, 24, 7, 30, tzinfo=dt.UTC)
THREE = template.text()

WHOLE = 1.0  # nothing kept for canaries beside the grid


def config(text=THREE, **changes):
    """A config; `changes` replace the budget line or add to the first channel."""
    for old, new in changes.items():
        text = text.replace({"budget": "usd_per_day = 5.0", "vip": "price_usd = 0.03"}[old], new)
    return reading.parse(text.encode(), pathlib.Path("config.toml"))


def one(tiers='["4k-high"]', price="0.03", budget="5.0", extra=""):
    """A config with one channel."""
    return config(
        f"[budget]\nusd_per_day = {budget}\n[[channel]]\nname = 'vip'\nprotocol = 'openai-images'\n"
        f"base_url = 'https://a.example/v1'\nmodel = 'gpt-image-2'\nkey_env = 'K'\n"
        f"price_usd = {price}\ntiers = {tiers}\n{extra}"
    )


def lines(drawn):
    return {str(line.path): line for line in drawn.lines}


def line(interval_s=3600.0, offset_s=435.0, name="vip/4k-high"):
    return plan.Line(model.Path.parse(name), interval_s, offset_s, 0.03)


# The bill.


def test_the_shipped_config_spends_its_budget_and_not_more():
    drawn = plan.plan(config(), WHOLE)
    assert drawn.usd_per_day <= 5.0
    assert drawn.usd_per_day == pytest.approx(5.0, rel=0.03)  # intervals are rounded up to whole minutes


def test_the_path_that_work_uses_first_gets_four_times_the_money():
    money = {path: line.usd_per_day for path, line in lines(plan.plan(config(), WHOLE)).items()}
    assert money["vip/4k-high"] == pytest.approx(money["vip/2k-high"], rel=0.01)
    assert money["vip/4k-high"] == pytest.approx(4 * money["nano/4k-high"], rel=0.1)


def test_a_job_says_which_tiers_work_uses_first():
    wanted = config(THREE + '[[job]]\nname = "batch"\ntiers = ["2k-high"]\n')
    assert plan.first_choices(wanted) == {model.Path("vip", "2k-high")}


def test_a_light_tier_is_a_tripwire_only_where_it_is_cheaper():
    # vip: flat price, so 10 % of the channel's weight; nano: 1K costs four ninths of 4K, so 11 %.
    money = {path: line.usd_per_day for path, line in lines(plan.plan(config(), WHOLE)).items()}
    assert money["vip/1k-low"] == pytest.approx(money["vip/4k-high"] * 0.1 / (4 * 0.45), rel=0.1)
    assert money["nano/1k-low"] == pytest.approx(money["nano/4k-high"] * 0.111 / 0.444, rel=0.1)


def test_prices_are_the_published_ones():
    # USD a picture: flat; 106, 5,650 and 13,342 tokens at 30 USD a million; Google's 0.0672, 0.1008 and 0.1512.
    prices = {path: round(line.price_usd, 4) for path, line in lines(plan.plan(config())).items()}
    assert prices == {
        "vip/1k-low": 0.03,
        "vip/2k-high": 0.03,
        "vip/4k-high": 0.03,
        "official/1k-low": 0.0032,
        "official/2k-high": 0.1695,
        "official/4k-high": 0.4003,
        "nano/1k-low": 0.0672,
        "nano/2k-high": 0.1008,
        "nano/4k-high": 0.1512,
    }


def test_one_path_alone_gets_the_whole_budget():
    # 3 USD a day / 0.10 USD = 30 canaries = one every 48 minutes.
    (only,) = plan.plan(one(price="0.10", budget="3.0"), WHOLE).lines
    assert (only.interval_s, only.canaries_per_day, only.usd_per_day) == (2880, 30, pytest.approx(3.0))


def test_a_fixed_interval_is_kept_and_paid_first():
    fixed = config(vip='price_usd = 0.03\ninterval = { "4k-high" = "30m" }')
    drawn = plan.plan(fixed, WHOLE)
    assert lines(drawn)["vip/4k-high"].interval_s == 1800
    assert lines(drawn)["vip/4k-high"].fixed
    assert drawn.usd_per_day <= 5.0
    assert drawn.usd_per_day == pytest.approx(5.0, rel=0.02)  # intervals are rounded up to whole minutes


def test_no_automatic_interval_is_shorter_than_five_minutes_or_the_deadline():
    assert plan.plan(one(price="0.001", extra="deadline_s = 100\n")).lines[0].interval_s == 300
    assert plan.plan(one(price="0.001", extra="deadline_s = 900\n")).lines[0].interval_s == 960


def two_tiers(heavy_usd):
    """A nearly free light tier and a heavy one, with the whole budget of 5 USD."""
    return lines(plan.plan(one('["1k-low", "4k-high"]', f'{{ "1k-low" = 0.0001, "4k-high" = {heavy_usd} }}'), WHOLE))


def test_nobody_is_looked_at_more_than_every_20_minutes_before_all_are():
    found = two_tiers(0.1)  # 5 USD buy one every 29 minutes
    assert found["vip/1k-low"].interval_s == 1200
    assert found["vip/4k-high"].usd_per_day == pytest.approx(5.0 - 0.0001 * 86400 / 1200, rel=0.03)


def test_money_that_a_path_cannot_use_goes_to_the_others():
    found = two_tiers(0.0414)  # the light one is at its fastest, which its deadline sets; the heavy one gets the rest
    assert found["vip/1k-low"].interval_s == 420
    assert found["vip/4k-high"].usd_per_day == pytest.approx(5.0 - 0.0001 * 86400 / 420, rel=0.03)


def test_money_that_nobody_can_use_is_named():
    drawn = plan.plan(one(price="0.001"))
    assert drawn.notes == (
        "4.79 USD of the budget stay unused: every path is at its fastest, 5 minutes or a little more than its deadline.",
    )


def test_a_budget_too_small_for_one_canary_a_day_is_named():
    drawn = plan.plan(config(budget="usd_per_day = 0.5"))
    assert {line.interval_s for line in drawn.lines} == {86400}
    (note,) = drawn.notes
    assert note == (
        "One canary a day on every path already costs 0.98 USD, more than the budget of 0.50 USD: "
        "the cap will leave some out. Raise the budget or take tiers away."
    )


def test_no_budget_is_named():
    assert plan.plan(config(budget="usd_per_day = 0")).notes == (
        "The budget is 0: no canary that costs anything will be sent.",
    )


def test_a_quarter_of_the_budget_is_kept_for_asking_again():
    assert 3.6 <= plan.plan(config()).usd_per_day <= 3.75


def test_rarely_seen_paths_are_named():
    (note,) = plan.plan(config(), WHOLE).notes
    assert note.startswith(
        "Fewer than 3 canaries a day on vip/1k-low, official/2k-high, official/4k-high, nano/1k-low, nano/4k-high: "
    )


def test_what_costs_nothing_runs_at_its_fastest():
    assert plan.plan(one(price="0", budget="0")).lines[0].interval_s == 420


def test_a_path_keeps_its_place_in_its_interval_in_every_process():
    offsets_s = [line.offset_s for line in plan.plan(config()).lines[:3]]
    assert offsets_s == [2368.0, 422.0, 2395.0]  # not by Python's own hash, which differs by process


@settings(max_examples=60, deadline=None)
@given(
    total=st.floats(0, 100),
    demands=st.lists(
        st.tuples(st.floats(0.05, 1), st.floats(0, 1), st.floats(0, 25), st.floats(0, 25)).map(
            lambda d: plan.Demand(d[0], d[1], d[1] + d[2], d[1] + d[2] + d[3])
        ),
        max_size=6,
    ),
)
def test_money_is_split_within_bounds_and_by_weight(total, demands):
    named = {model.Path("c", str(n)): demand for n, demand in enumerate(demands)}
    shares = plan.share(total, named)
    for path, demand in named.items():
        assert demand.least_usd - 1e-9 <= shares[path] <= demand.most_usd + 1e-9
    least, most = sum(d.least_usd for d in demands), sum(d.most_usd for d in demands)
    assert sum(shares.values()) == pytest.approx(min(max(total, least), most), abs=1e-6)
    enough = sum(d.enough_usd for d in demands)
    assert all(shares[p] <= d.enough_usd + 1e-9 for p, d in named.items()) or total > enough - 1e-6
    bounds = {
        p: (d.enough_usd, d.most_usd) if total >= enough else (d.least_usd, d.enough_usd) for p, d in named.items()
    }
    free = [shares[p] / d.weight for p, d in named.items() if bounds[p][0] + 1e-6 < shares[p] < bounds[p][1] - 1e-6]
    assert not free or max(free) == pytest.approx(min(free), rel=1e-6, abs=1e-6)


# Slots.


def due(at, last, *planned):
    return {str(line.path): slot for line, slot in plan.due(planned or (line(),), at, last)}


def test_a_slot_is_named_by_the_second_it_begins():
    number = plan.slot(line(), START)
    began = dt.datetime.fromtimestamp(number, dt.UTC)
    assert began <= START < began + dt.timedelta(hours=1)
    assert (number - 435) % 3600 == 0


def test_slots_do_not_drift_in_a_year():
    year = line(interval_s=420.0)
    first = plan.slot(year, START)
    assert plan.slot(year, START + dt.timedelta(seconds=420 * 75_000)) == first + 420 * 75_000


@given(st.integers(0, 2**32), st.integers(300, 86400), st.integers(0, 86400))
def test_a_slot_contains_its_own_beginning(seconds, interval_s, offset_s):
    at, any_line = plan.EPOCH + dt.timedelta(seconds=seconds), line(float(interval_s), float(offset_s))
    began = plan.starts_at(any_line, at)
    assert began <= at < began + dt.timedelta(seconds=interval_s) == plan.next_at(any_line, at)
    assert plan.slot(any_line, began) == plan.slot(any_line, at)
    assert plan.slot(any_line, plan.next_at(any_line, at)) == plan.slot(any_line, at) + interval_s


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(TypeError):
        plan.slot(line(), START.replace(tzinfo=None))


def test_a_path_never_seen_is_due_at_once_and_then_once_a_slot():
    (slot,) = due(START, {}).values()
    last = {line().path: slot}
    assert due(START, last) == {}
    assert due(plan.next_at(line(), START) - dt.timedelta(microseconds=1), last) == {}
    assert due(plan.next_at(line(), START), last) == {"vip/4k-high": slot + 3600}


def test_what_was_missed_in_a_long_sleep_is_not_caught_up():
    slot = plan.slot(line(), START)
    later = START + dt.timedelta(days=30)
    assert due(later, {line().path: slot}) == {"vip/4k-high": plan.slot(line(), later)}


@pytest.mark.parametrize("back", [dt.timedelta(hours=1), dt.timedelta(days=30), dt.timedelta(days=365 * 50)])
def test_a_clock_set_back_costs_one_canary_and_no_silence(back):
    last = {line().path: plan.slot(line(), START)}
    (slot,) = due(START - back, last).values()
    assert due(START - back, {line().path: slot}) == {}


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Europe/Berlin", "2026-10-25"), ("America/New_York", "2026-11-01"), ("America/New_York", "2027-03-14"), ("Europe/Berlin", "2027-03-28")],
)  # fmt: skip
def test_a_change_to_or_from_summer_time_changes_nothing(zone, day):
    midnight = dt.datetime.fromisoformat(day).replace(tzinfo=zoneinfo.ZoneInfo(zone))
    hours = [
        (midnight.astimezone(dt.UTC) + dt.timedelta(hours=n)).astimezone(zoneinfo.ZoneInfo(zone)) for n in range(27)
    ]
    slots = [plan.slot(line(), hour) for hour in hours]
    assert slots == [slots[0] + 3600 * n for n in range(27)]


@pytest.mark.parametrize("minutes", [15, 30, 120, 1440])
def test_a_changed_interval_costs_at_most_one_canary_more(minutes):
    changed = line(interval_s=60.0 * minutes)
    last, sent = {line().path: plan.slot(line(), START)}, 0
    for minute in range(4 * minutes):
        for slot in due(START + dt.timedelta(minutes=minute), last, changed).values():
            last[changed.path] = slot
            sent += 1
    assert 4 <= sent <= 5


def test_paths_are_spread_over_their_interval():
    drawn = plan.plan(config())
    offsets = {line.offset_s / line.interval_s for line in drawn.lines}
    assert len(offsets) == len(drawn.lines)
    assert all(line.offset_s % 60 for line in drawn.lines)
