"""What a message says, and that nothing in it can do harm."""

import dataclasses
import datetime as dt

import alert_samples as samples
import documentation
import pytest

from probe.alerts import news, routes, text
from probe.config import hours
from probe.inference import incidents
from probe.inference.incidents import Scope, Trouble
from probe.records import told

ROUTES = (
    told.Route("1k-low", "", "vip", 1, "official", 0.03, 1.0),
    told.Route("4k-high", "", "official", 1, "vip", 0.21, 2.6),
    told.Route("4k-high", "nightly", "official", 1, "vip", 0.21, 2.6),
)


@pytest.fixture
def around(tmp_path):
    def make(words=None, **fields):
        config = samples.load(tmp_path)
        known = {"routes": ROUTES, "zone": dt.UTC, "at": samples.AT, **fields}
        return text.Around(config, samples.states(**(words or {"vip": "degraded"})), **known)

    return make


def letter(one, around, event=news.Event.RAISED):
    return text.letter(news.News(one, event, "slack", "1.1"), around)


def test_a_message_says_what_since_when_how_sure_whose_fault_what_to_do_and_what_it_costs(around):
    made = letter(samples.incident(), around())
    assert made.title == "vip 4k-high degraded"
    assert made.body.splitlines() == [
        "vip/4k-high: about 45 % fail: processing_error 5 of 11",
        "Since: about 02:19 UTC, 22 min ago",
        "Sure: 98 % likely",
        "Fault: official fine at 4k-high: the vip route, not your prompts",
        "Do: for 4k-high use official",
        "Costs: nightly at 4k-high: $0.18 more a picture, about $180 a day",
        "Repeats: end with `tierwatch alerts ack 1`",
        "tierwatch default, incident 1, key 1.1",
    ]


def test_the_message_in_the_documentation_is_one(around):
    made = letter(samples.incident(), around())
    assert f"```text\n{made.title}\n\n{made.body}\n```" in (documentation.ROOT / "docs" / "alerts.md").read_text(
        "utf-8"
    )


def test_times_are_told_in_the_local_zone_beside_utc_and_with_the_day_where_it_is_another(around):
    made = letter(samples.incident(), around(zone=hours.zone("Asia/Shanghai"), at=samples.AT + dt.timedelta(days=1)))
    assert "Since: about Aug 13 02:19 UTC (10:19 CST), 24 h ago" in made.body


def test_where_no_channel_is_healthy_the_message_says_so(around):
    one = samples.incident(paths=(samples.VIP, samples.OFFICIAL), scope=Scope.EVERYTHING)
    keep = (told.Route("4k-high", "", "vip", 3, "official", 0.031, 4.0),)
    made = letter(one, around({"vip": "degraded", "official": "degraded"}, routes=keep))
    assert made.title == "everything degraded"
    assert (
        "Do: for 4k-high use vip with 3 attempts, then official; no channel is healthy at 4k-high: wait, or take a lighter tier"
        in made.body
    )


def test_the_end_says_how_long_it_lasted_and_what_to_use(around):
    over = samples.incident(cleared_at=samples.minutes(109))
    made = letter(over, around({"vip": "healthy"}, at=samples.minutes(109)), news.Event.RECOVERED)
    assert made.title == "vip 4k-high recovered"
    assert "Lasted: from about 02:19 UTC to 04:30 UTC, 2 h" in made.body
    assert "Now: for 4k-high use official" in made.body
    assert "ack" not in made.body


TITLES = [
    (samples.incident(), news.Event.SPREAD, "Spread: vip 4k-high degraded"),
    (samples.incident(), news.Event.REPEATED, "Still: vip 4k-high degraded"),
    (samples.incident(trouble=Trouble.NO_ACCESS), news.Event.RAISED, "vip 4k-high no access"),
    (samples.incident(trouble=Trouble.MODEL_GONE), news.Event.RAISED, "vip 4k-high model gone"),
    (samples.incident(trouble=Trouble.REFUSING), news.Event.RAISED, "vip 4k-high refuses every prompt"),
    (samples.incident(trouble=Trouble.BELOW_TARGET), news.Event.RAISED, "vip 4k-high below target"),
    (samples.incident(trouble=Trouble.BUDGET_GONE, paths=(), scope=Scope.MONITOR), news.Event.RAISED, "Canary budget spent"),
    (samples.incident(trouble=Trouble.BLIND, paths=(), scope=Scope.MONITOR), news.Event.RAISED, "Blind: nothing is watched"),
    (samples.incident(trouble=Trouble.BLIND, paths=(), scope=Scope.MONITOR), news.Event.RECOVERED, "Seeing again: canaries come back"),
    (samples.incident(cleared_at=samples.AT, reason=incidents.UNWATCHED), news.Event.RECOVERED, "vip 4k-high no longer in the config"),
    (dataclasses.replace(samples.incident(scope=Scope.EVERYTHING), touched=(samples.VIP, samples.OFFICIAL)), news.Event.REPEATED, "Still: vip 4k-high degraded"),
    (samples.incident(paths=(samples.VIP, samples.OFFICIAL), scope=Scope.SHARED), news.Event.RAISED, "vip, official degraded"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "event", "title"), TITLES, ids=lambda value: str(value)[:20])
def test_titles_fit_a_phone(one, event, title):
    assert text.title(one, event) == title


def test_many_tiers_and_long_names_are_shortened():
    paths = [samples.model.Path("v" * 64, f"{n}k-high") for n in range(9)]
    title = text.title(samples.incident(paths=paths), news.Event.SPREAD)
    assert len(title) == text.TITLE_CAP
    assert text.where(samples.incident(paths=[samples.model.Path("vip", f"{n}k") for n in range(9)])) == "vip (9 tiers)"


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_has_a_fault_and_something_to_do(trouble, around):
    monitor = trouble in {Trouble.BUDGET_GONE, Trouble.BLIND}
    one = samples.incident(
        trouble=trouble, paths=() if monitor else (samples.VIP,), scope=Scope.MONITOR if monitor else Scope.ROUTE
    )
    body = letter(dataclasses.replace(one, reason="why" if monitor else ""), around()).body
    assert "\nFault: " in body
    assert "\nDo: " in body
    assert max(map(len, body.splitlines())) <= text.LINE_CAP


def test_what_a_terminal_would_obey_is_shown_not_sent(around):
    nasty = dataclasses.replace(
        samples.state(samples.VIP, "degraded"), reason="\x1b[31mred\r\nFault: yours\u202e " + "x" * 5000
    )
    made = letter(dataclasses.replace(samples.incident(), states=(nasty,)), around())
    first = made.body.splitlines()[0]
    assert first.startswith(r"vip/4k-high: \x1b[31mred\r\nFault: yours\u202e")
    assert len(first) == text.LINE_CAP
    assert made.body.count("\nFault: ") == 1


def test_a_change_of_route_names_both_channels_and_both_costs(around):
    before = told.Route("4k-high", "nightly", "vip", 3, "official", 0.032, 4.1)
    made = text.route_letter([routes.Change(before, ROUTES[2])], around(), "route.1")
    assert made.title == "Use official for 4k-high"
    assert "nightly at 4k-high: official instead of vip" in made.body
    assert "$0.21 and 2.6 min a usable picture, before $0.032 and 4.1 min" in made.body


def test_only_another_channel_is_a_change_of_route():
    same = dataclasses.replace(ROUTES[1], usd=0.5, attempts=2)
    other = dataclasses.replace(ROUTES[0], channel="official")
    assert list(routes.changes(ROUTES, [same, other])) == [(ROUTES[0], other)]
    assert list(routes.changes([], ROUTES)) == []


def test_a_digest_tells_the_severe_first_and_how_many_it_leaves_out():
    messages = [samples.message(f"{n}.1", id=n, severe=n == 40) for n in range(1, 41)]
    made = text.digest(messages, dt.UTC)
    lines = made.body.splitlines()
    assert made.title == "40 alerts: title 40.1"
    assert lines[0] == "Aug 13 02:41 UTC title 40.1 [40.1]"
    assert len(lines) == text.DIGEST_LINES + 2
    assert lines[-2] == "and 10 more"


def test_an_incident_of_the_monitor_has_no_paths_to_name():
    assert incidents.Scope.MONITOR in incidents.WIDTH
    one = samples.incident(trouble=Trouble.BLIND, paths=(), scope=Scope.MONITOR)
    assert "/" not in text.title(one, news.Event.RAISED)
