"""The daemon's desk: from states to messages at a local service, through restarts."""

import asyncio
import dataclasses
import datetime as dt
import types

import alert_samples as samples
import pytest

from probe import model, records
from probe.alerts import desk, routes
from probe.inference import incidents
from probe.records import history, told

pytestmark = samples.APPRISE


class Clock:
    """A clock that stands still until a test moves it."""

    speed = 1.0

    def __init__(self):
        self.at = samples.AT

    def now(self):
        return self.at

    def monotonic_s(self):
        return (self.at - samples.AT).total_seconds()


BOARD = types.SimpleNamespace(standing=lambda _path, _at: None)


class World:
    """A desk with its database and a local service; `look` shows it states, `restart` makes another desk."""

    def __init__(self, folder, service, alerts):
        self.config = samples.load(folder, alerts)
        self.book, self.clock, self.service, self.board = records.open(folder / "tierwatch.db"), Clock(), service, BOARD
        self.desk = desk.Desk(self.config, self.book, self.clock)

    def restart(self):
        self.desk = desk.Desk(self.config, self.book, self.clock)

    def look(self, minutes=0, *, states=None, **words):
        """So much later each path is so; what is due is sent."""
        self.clock.at += dt.timedelta(minutes=minutes)

        async def go():
            await self.desk.see(states or samples.states(**words), self.board, self.clock.at)
            await self.desk.deliver()
            if self.desk._http is not None:  # its connections belong to this loop
                await self.desk._http.aclose()
                self.desk._http = None

        asyncio.run(go())

    def close(self):
        asyncio.run(self.desk.close())
        self.book.close()

    @property
    def titles(self):
        return [body["title"] for body in self.service.taken]


@pytest.fixture
def service():
    with samples.service() as running:
        yield running


@pytest.fixture
def world(tmp_path, service):
    made = []

    def make(alerts=""):
        made.append(World(tmp_path, service, f'urls = ["{service.address}"]\n{alerts}'))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_an_incident_is_told_from_its_beginning_to_its_end_through_restarts(world):
    here = world()
    here.look()
    here.look(5, vip="degraded")
    here.restart()
    here.look(5, vip="degraded")
    here.look(5, vip="recovering")
    here.restart()
    here.look(5, vip="healthy")
    here.look(10)
    here.look(5)
    assert here.titles == ["vip 4k-high degraded", "vip 4k-high recovered"]
    assert "key 1.1" in here.service.taken[0]["message"]


@pytest.mark.parametrize("text", ["[[channel", '[monitor]\ndatabase = "elsewhere.db"\n', None])
def test_a_config_file_that_was_broken_moved_or_changed_meanwhile_holds_no_alert_back(world, tmp_path, text):
    here = world()
    here.look()
    (tmp_path / "config.toml").unlink()
    if text is not None:
        (tmp_path / "config.toml").write_text(text)
    here.look(5, vip="degraded")
    assert here.titles == ["vip 4k-high degraded"]


def test_what_begins_again_within_ten_minutes_was_not_over(world):
    here = world()
    for word in ("degraded", "healthy", "degraded", "healthy", "degraded"):
        here.look(9, vip=word)
    assert here.titles == ["vip 4k-high degraded"]
    here.look(1)
    here.look(10)
    here.look(1, vip="degraded")
    assert here.titles == ["vip 4k-high degraded", "vip 4k-high recovered", "vip 4k-high degraded"]


def test_alarms_of_paths_are_raised_and_cleared_with_their_incident(world, tmp_path):
    here = world()
    here.look(vip="degraded")
    here.look(5, vip="degraded", official="no_access")
    here.look(5, official="no_access")
    with history.open(tmp_path / "tierwatch.db") as past:
        alarms = [(alarm.path, alarm.state.value, alarm.cleared_at is None) for alarm in past.alarms()]
    assert alarms == [(samples.VIP, "degraded", False), (samples.OFFICIAL, "no_access", True)]


def test_a_database_that_cannot_be_written_now_loses_nothing(world, monkeypatch, caplog):
    here = world()
    real = here.book.outbox.keep

    def full(*_words):
        raise records.UnavailableError("the disk is full")

    monkeypatch.setattr(here.book.outbox, "keep", full)
    here.look(vip="degraded")
    assert "alerts not recorded reason=the disk is full" in caplog.text
    monkeypatch.setattr(here.book.outbox, "keep", real)
    here.look(1, vip="degraded")
    assert here.titles == ["vip 4k-high degraded"]


def test_an_incident_is_told_where_nothing_can_be_said_of_what_to_use_instead(world, monkeypatch, caplog):
    here = world()
    monkeypatch.setattr(routes, "read", lambda *_words: 1 / 0)
    here.look(vip="degraded")
    assert here.titles == ["vip 4k-high degraded"]
    assert "routes not chosen" in caplog.text


def test_a_bug_in_alerts_stops_nothing_else(world, monkeypatch, caplog):
    here = world()
    monkeypatch.setattr(incidents, "follow", lambda *_words: 1 / 0)
    here.look(vip="degraded")
    assert "ZeroDivisionError" in caplog.text


def test_acknowledged_while_the_daemon_runs_it_is_not_repeated(world):
    here = world('repeat = "1h"')
    here.look(vip="degraded")
    here.look(60, vip="degraded")
    here.book.outbox.acknowledge([1], here.clock.at)
    here.look(120, vip="degraded")
    assert here.titles == ["vip 4k-high degraded", "Still: vip 4k-high degraded"]


def test_a_silence_holds_it_back_and_its_end_lets_it_out(world):
    here = world()
    here.book.outbox.silence("vip", here.clock.at, samples.minutes(30))
    here.look(vip="degraded")
    assert here.titles == []
    here.look(30, vip="degraded")
    assert here.titles == ["vip 4k-high degraded"]


def test_quiet_hours_hold_back_all_but_the_severe(world):
    here = world('quiet_hours = "22:00-07:00"')
    here.look(vip="degraded")
    here.look(1)
    here.look(11, official="no_access")
    assert here.titles == ["official 4k-high no access"]
    here.look(260, official="no_access")
    assert here.titles[1:] == ["2 alerts: vip 4k-high degraded"]


def test_a_path_below_its_target_is_told_with_its_numbers(world):
    here = world()
    standing = types.SimpleNamespace(since=types.SimpleNamespace(at=samples.BEGAN), successes=64, n=71, target=0.95)
    here.board = types.SimpleNamespace(standing=lambda path, _at: standing if path == samples.VIP else None)
    here.look()
    assert here.titles == ["vip 4k-high below target"]
    assert "vip/4k-high: 90.1 % of 95 % succeed" in here.service.taken[0]["message"]


def test_a_spent_budget_is_told_once_a_day_and_its_end_to_nobody(world):
    here = world()
    order = model.Order("openai-images", "m")
    canary = model.Canary("c", samples.VIP, model.Trigger.SCHEDULED, order, "p", "prompt", 4.9)
    here.book.reserve(canary, here.clock.at, 5.0)
    here.look()
    assert here.titles == []
    here.book.skip(samples.VIP, 1, here.clock.at, "budget")
    here.look(1)
    here.look(1)
    assert here.titles == ["Canary budget spent"]
    assert "$4.90 of $5.00 reserved today, 1 canary left out" in here.service.taken[0]["message"]
    here.look(24 * 60)
    assert len(here.titles) == 1
    assert here.book.outbox.read(here.clock.at).opened == ()


def test_blind_and_seen_again(world):
    here = world()
    here.look(states=[dataclasses.replace(each, state=model.State.UNKNOWN) for each in samples.states()])
    here.look(1)
    here.look(10)
    assert here.titles == ["Blind: nothing is watched", "Seeing again: canaries come back"]


def test_a_change_of_route_is_told_once_unless_an_incident_tells_it(world, monkeypatch):
    here = world()
    best = ["vip"]
    monkeypatch.setattr(
        routes, "read", lambda _config, _known, _at: (told.Route("1k-low", "", best[0], 1, "", 0.03, 1.0), told.Route("4k-high", "", best[-1], 1, "", 0.2, 2.0))
    )  # fmt: skip
    here.look()
    best[:] = ["vip", "official"]
    here.look(5, vip="degraded")
    assert here.titles == ["vip 4k-high degraded"]
    assert "for 4k-high use official" in here.service.taken[0]["message"]
    best[:] = ["official"]
    here.look(60, vip="degraded")
    here.look(60, vip="degraded")
    assert here.titles[1:] == ["Use official for 1k-low"]


def test_routes_come_from_what_was_stored(world):
    here = world()
    order = model.Order("openai-images", "m", 3840, 2160, "high")
    verdict = model.Verdict(model.Kind.OK, "", model.Stage.DELIVERY, model.Party.UNKNOWN, retryable=False, action=model.Action.NONE, rule="t")  # fmt: skip
    from probe.config import fingerprint

    for n in range(60):
        at = samples.AT - dt.timedelta(hours=n)
        for path in (samples.VIP, samples.OFFICIAL):
            outcome = model.Outcome(f"{path}{n}", path, model.Trigger.SCHEDULED, at, model.Evidence(order=order), latency_s=60.0, fingerprint=fingerprint(here.config, path))  # fmt: skip
            here.book.store(outcome, verdict)
    found = {(route.tier, route.job): route for route in routes.read(here.config, (), samples.minutes(1))}
    assert {(key, route.channel) for key, route in found.items()} == {
        (("4k-high", ""), "vip"),
        (("4k-high", "nightly"), "vip"),
    }
    assert found["4k-high", ""].usd == pytest.approx(0.03, rel=0.1)


def test_without_an_address_incidents_are_still_on_record(tmp_path, service):
    here = World(tmp_path, service, "")
    here.look(vip="degraded")
    known = here.book.outbox.read(here.clock.at)
    here.close()
    assert ([one.number for one in known.opened], here.titles) == ([1], [])


def test_another_config_is_gone_by_from_then_on(world, tmp_path, service):
    here = world()
    here.look(vip="degraded")
    with samples.service() as other:
        here.desk.use(samples.load(tmp_path, f'urls = ["{service.address}", "{other.address}"]'))
        here.look(1, vip="degraded")
        assert [body["title"] for body in other.taken] == ["vip 4k-high degraded"]
    assert here.titles == ["vip 4k-high degraded"]


@pytest.mark.parametrize(("beat_age_minutes", "pings"), [(0, 2), (10, 0)])
def test_the_dead_mans_switch_hears_of_a_daemon_that_can_write_and_of_no_other(
    tmp_path, service, beat_age_minutes, pings
):
    here = World(tmp_path, service, f'heartbeat_url = "http://127.0.0.1:{service.server_port}/{samples.PASSWORD}"')
    for _ in range(3):
        at = here.clock.at - dt.timedelta(minutes=beat_age_minutes)
        here.book.beat(at, pid=1, digest="", stale_after_s=90)
        here.look(0.5)
    here.close()
    assert service.pings == pings


def test_the_switch_hears_of_the_first_heartbeat_at_once(tmp_path, service):
    here = World(tmp_path, service, f'heartbeat_url = "http://127.0.0.1:{service.server_port}/"')
    here.look()  # the daemon has just started, and written none
    here.book.beat(here.clock.at, pid=1, digest="", stale_after_s=90)
    here.look(0.1)
    here.close()
    assert service.pings == 1


def test_a_switch_that_does_not_answer_is_told_once_without_its_address(tmp_path, service, caplog):
    here = World(tmp_path, service, f'heartbeat_url = "http://127.0.0.1:9/{samples.PASSWORD}"')
    for _ in range(3):
        here.book.beat(here.clock.at, pid=1, digest="", stale_after_s=90)
        here.look(1)
    here.close()
    assert caplog.text.count("heartbeat_url not reached reason=refused") == 1
    assert samples.PASSWORD not in caplog.text
