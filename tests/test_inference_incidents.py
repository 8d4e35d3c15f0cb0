"""Bad paths become incidents: together where they belong together, once, until the last is seen fine."""

import datetime as dt

import hypothesis
import pytest
from hypothesis import strategies as st

from probe import model
from probe.inference import blame, incidents
from probe.inference.incidents import Scope, Trouble
from probe.model import State

AT = dt.datetime(2026, 8, 13, 2, 41, tzinfo=dt.UTC)
BEGAN = AT - dt.timedelta(minutes=22)


def minutes(count):
    return AT + dt.timedelta(minutes=count)


def states(text, since=BEGAN):
    """`vip 4k degraded, official 4k healthy` as published states."""
    found = []
    for words in text.split(", "):
        channel, tier, state = words.split()
        found.append(model.PathState(model.Path(channel, tier), State(state), since, AT, 0.98, "about 45 % fail"))
    return tuple(found)


def situation(text, at=AT, *, since=BEGAN, **fields):
    return incidents.Situation(at, states(text, since), **fields)


def story(*situations):
    """Follow from one situation to the next; gives the incidents open after the last, and those that are over."""
    known = {}
    for now in situations:
        known |= {one.number: one for one in incidents.follow(tuple(known.values()), now, next_number=1 + len(known))}
    return tuple(one for one in known.values() if not one.cleared_at), [one for one in known.values() if one.cleared_at]


def summary(one):
    return one.trouble.value, one.scope.value, sorted(map(str, one.touched)), one.edition


def test_tiers_of_one_channel_are_one_incident_of_its_route():
    (one,), over = story(situation("vip 2k degraded, vip 4k degraded, vip 1k healthy, official 4k healthy"))
    assert summary(one) == ("degraded", "route", ["vip/2k", "vip/4k"], 1)
    assert (one.number, one.since, one.raised_at, over) == (1, BEGAN, AT, [])


def test_channels_that_share_nothing_are_incidents_of_their_own():
    opened, _ = story(situation("vip 4k degraded, official 4k degraded, nano 4k healthy"))
    assert sorted(one.touched[0].channel for one in opened) == ["official", "vip"]
    assert {one.number for one in opened} == {1, 2}


def test_channels_of_one_upstream_are_one_incident():
    shares = {name: incidents.Shares(upstream="openai") for name in ("vip", "official")}
    (one,), _ = story(situation("vip 4k degraded, official 4k recovering, nano 4k healthy", shares=shares))
    assert summary(one) == ("degraded", "shared", ["official/4k", "vip/4k"], 1)


def test_everything_bad_within_two_hours_is_one_incident():
    (one,), _ = story(situation("vip 4k degraded, official 4k degraded, nano 4k unknown"))
    assert one.scope is Scope.EVERYTHING


def test_everything_bad_at_different_times_is_a_coincidence():
    later = states("official 4k degraded", since=BEGAN + dt.timedelta(hours=3))
    opened, _ = story(incidents.Situation(AT, states("vip 4k degraded") + later))
    assert len(opened) == 2


def test_a_single_channel_is_a_route_not_everything():
    (one,), _ = story(situation("vip 4k degraded, vip 1k degraded"))
    assert one.scope is Scope.ROUTE


def test_an_incident_that_reaches_another_tier_spreads_once():
    first = situation("vip 4k degraded, vip 2k healthy, official 4k healthy")
    second = situation("vip 4k degraded, vip 2k degraded, official 4k healthy", minutes(10))
    (one,), _ = story(first, second, situation("vip 4k degraded, vip 2k recovering, official 4k healthy", minutes(20)))
    assert summary(one) == ("degraded", "route", ["vip/2k", "vip/4k"], 2)
    assert one.raised_at == AT


def test_a_path_that_comes_and_goes_within_an_incident_is_no_news():
    bad, half = (
        "vip 4k degraded, vip 2k degraded, official 4k healthy",
        "vip 4k degraded, vip 2k healthy, official 4k healthy",
    )
    (one,), _ = story(situation(bad), situation(half, minutes(5)), situation(bad, minutes(10)))
    assert one.edition == 1
    assert len(one.states) == 2


def test_an_incident_is_over_when_its_last_path_is_seen_fine():
    first, second = "vip 4k degraded, vip 2k degraded", "vip 4k healthy, vip 2k degraded"
    opened, over = story(
        situation(first), situation(second, minutes(5)), situation("vip 4k healthy, vip 2k suspect", minutes(9))
    )
    assert opened == ()
    assert [(one.number, one.cleared_at) for one in over] == [(1, minutes(9))]


@pytest.mark.parametrize("state", ["unknown", "recovering", "refusing", "no_access", "model_gone"])
def test_what_nobody_can_see_has_not_recovered(state):
    opened, _ = story(
        situation("vip 4k degraded, nano 4k healthy"), situation(f"vip 4k {state}, nano 4k healthy", minutes(30))
    )
    assert Trouble.DEGRADED in {one.trouble for one in opened}


def test_a_path_that_left_the_config_leaves_its_incident():
    opened, over = story(situation("vip 4k degraded, nano 4k healthy"), situation("nano 4k healthy", minutes(5)))
    assert (opened, [one.reason for one in over]) == ((), [incidents.UNWATCHED])


def test_incidents_that_turn_out_to_be_one_become_the_oldest():
    first = situation("vip 4k degraded, official 4k healthy, nano 4k healthy")
    second = situation("vip 4k degraded, official 4k degraded, nano 4k healthy", minutes(5))
    (one,), (merged,) = story(
        first, second, situation("vip 4k degraded, official 4k degraded, nano 4k degraded", minutes(9))
    )
    assert (one.number, one.scope, one.edition) == (1, Scope.EVERYTHING, 2)
    assert (merged.number, merged.merged_into) == (2, 1)


def test_what_was_one_incident_stays_one_while_it_shrinks():
    whole = situation("vip 4k degraded, official 4k degraded, nano 4k degraded")
    (one,), over = story(whole, situation("vip 4k degraded, official 4k healthy, nano 4k degraded", minutes(30)))
    assert (one.scope, one.edition, over) == (Scope.EVERYTHING, 1, [])
    assert [str(state.path) for state in one.states] == ["nano/4k", "vip/4k"]


def test_channels_with_one_key_lose_access_together():
    shares = {name: incidents.Shares(account="https://gateway KEY") for name in ("vip", "official")}
    (one,), _ = story(situation("vip 4k no_access, official 4k no_access, nano 4k healthy", shares=shares))
    assert summary(one)[:2] == ("no_access", "shared")


@pytest.mark.parametrize(("state", "trouble"), [("refusing", Trouble.REFUSING), ("model_gone", Trouble.MODEL_GONE)])
def test_other_troubles_are_incidents_of_their_own_kind_and_end_otherwise(state, trouble):
    opened, over = story(situation(f"vip 4k {state}"), situation("vip 4k degraded", minutes(5)))
    assert [one.trouble for one in over] == [trouble]
    assert [one.trouble for one in opened] == [Trouble.DEGRADED]


def test_a_path_at_the_border_of_its_target_is_told_once_a_week():
    below = {state.path: state for state in states("vip 4k healthy")}
    fine = "vip 4k healthy, nano 4k healthy"
    first, second = situation(fine, below_target=below), situation(fine, AT + dt.timedelta(days=2))
    (one,), _ = story(first, second, situation(fine, AT + dt.timedelta(days=3), below_target=below))
    assert (one.number, one.trouble) == (1, Trouble.BELOW_TARGET)
    assert story(first, situation(fine, AT + dt.timedelta(days=8)))[0] == ()


def test_a_spent_budget_is_one_incident_of_the_monitor():
    (one,), _ = story(
        situation("vip 4k healthy", budget_gone="$5.00"), situation("vip 4k healthy", budget_gone="$5.01")
    )
    assert (one.trouble, one.scope, one.reason, one.edition) == (Trouble.BUDGET_GONE, Scope.MONITOR, "$5.01", 1)


def test_the_daemon_is_blind_when_every_path_that_was_known_is_unknown():
    (one,), _ = story(situation("vip 4k unknown, nano 4k unknown"))
    assert (one.trouble, one.since) == (Trouble.BLIND, AT)
    assert story(situation("vip 4k unknown, nano 4k healthy"))[0] == ()


def test_a_fresh_installation_is_not_blind():
    fresh = model.PathState(model.Path("vip", "4k"), State.UNKNOWN)
    assert story(incidents.Situation(AT, (fresh,)))[0] == ()


def test_sight_comes_back():
    opened, (over,) = story(situation("vip 4k unknown"), situation("vip 4k healthy", minutes(3)))
    assert (opened, over.trouble, over.cleared_at) == ((), Trouble.BLIND, minutes(3))


PATHS = tuple(model.Path(channel, tier) for channel in ("vip", "official", "nano") for tier in ("1k", "4k"))
MOMENTS = st.lists(st.tuples(*[st.sampled_from(State)] * len(PATHS)), min_size=1, max_size=8)


@hypothesis.settings(max_examples=150, deadline=None)
@hypothesis.given(MOMENTS, st.booleans())
def test_whatever_happens_each_bad_path_is_in_one_incident_and_what_has_settled_stays_over(moments, shared):
    shares = {"vip": incidents.Shares("a", "k"), "official": incidents.Shares("a", "k")} if shared else {}
    known = {}
    for n, words in enumerate(moments):
        seen = tuple(model.PathState(path, word, BEGAN, AT) for path, word in zip(PATHS, words, strict=True))
        at, before = minutes(4 * n), dict(known)
        after = incidents.follow(tuple(known.values()), incidents.Situation(at, seen, shares), 1 + len(known))
        known |= {one.number: one for one in after}
        assert len({one.number for one in after}) == len(after)
        settled = {one.number for one in before.values() if one.cleared_at and not incidents.is_unsettled(one, at)}
        assert not settled & {one.number for one in after}
        opened = [one for one in known.values() if not one.cleared_at]
        for trouble, bad in incidents.BAD.items():
            member_of = [state.path for one in opened if one.trouble is trouble for state in one.states]
            assert len(member_of) == len(set(member_of))
            assert set(member_of) >= {state.path for state in seen if state.state in bad}
        for one in opened:
            old = before.get(one.number, one)
            assert set(one.touched) >= {state.path for state in one.states}
            assert one.edition - old.edition == (set(one.touched) > set(old.touched) or one.scope is not old.scope)
            assert one.trouble is Trouble.BLIND or one.states


SEVERE = [
    ("vip 4k degraded, nano 4k healthy", False),
    ("vip 4k degraded, nano 4k unknown", True),
    ("vip 4k degraded, nano 1k healthy", True),
    ("vip 4k no_access, nano 4k healthy", True),
    ("vip 4k refusing, nano 4k suspect", False),
]


@pytest.mark.parametrize(("text", "severe"), SEVERE)
def test_severe_is_what_leaves_a_tier_without_a_channel_or_an_account_without_access(text, severe):
    (one,), _ = story(situation(text))
    assert incidents.is_severe(one, states(text)) is severe


FAULTS = [
    ("vip 4k degraded, vip 1k healthy, official 4k healthy", "official fine at 4k: the vip route, not your prompts"),
    ("vip 4k degraded, vip 1k healthy, nano 4k unknown", "1k fine, no other channel known at this tier: the vip route or its upstream, not your prompts"),
    ("vip 4k degraded, nano 4k degraded", "an upstream that all channels share, or your own network; not your prompts"),
    ("vip 4k degraded", "nothing to compare with: the route, its upstream or your own network; not your prompts"),
    ("vip 4k no_access", "your account: the key, its permission or its balance; waiting does not help"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "fault"), FAULTS)
def test_whose_fault_it_is_shows_in_what_is_fine_beside_it(text, fault):
    (one,), _ = story(situation(text))
    assert blame.clause(one, states(text)) == fault


def test_a_shared_upstream_is_named_as_the_fault():
    text, shares = (
        "vip 4k degraded, official 4k degraded, nano 4k healthy",
        {n: incidents.Shares("openai") for n in ("vip", "official")},
    )
    (one,), _ = story(situation(text, shares=shares))
    assert blame.clause(one, states(text)) == "what official and vip share: one upstream; nano fine; not your prompts"
