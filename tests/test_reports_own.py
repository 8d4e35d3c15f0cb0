"""Own traffic in the report and in `plan`: beside canaries, never counted with them, with what it saved."""

import datetime as dt
import json

import click.testing
import own_samples as samples
import pytest
import time_machine
from report_samples import facts, grid, seen

from probe import commands, model, plan, records
from probe.commands import plan as command
from probe.own import intake, mapping
from probe.records import history
from reports import blocks, own
from reports.sections import own as section

VIP = model.Path("vip", "4k-high")


@pytest.fixture
def config(tmp_path):
    return samples.settings(tmp_path)


@pytest.fixture
def book(tmp_path, config):
    with records.open(tmp_path / "tierwatch.db") as opened:
        yield opened


def take(config, book, *lines):
    numbered = [intake.Line(number, json.dumps(line)) for number, line in enumerate(lines, 1)]
    list(intake.Intake(config, book, lambda: samples.minutes(600)).take(numbered))


def read(config, tmp_path):
    with history.open(tmp_path / "tierwatch.db") as past:
        return own.read(config, past, samples.minutes(-60), samples.minutes(600))


def texts(found):
    return [block.text for block in found if isinstance(block, blocks.Note)]


def tables(found):
    return [block for block in found if isinstance(block, blocks.Table)]


def test_without_own_traffic_the_section_says_how_to_record_it():
    (note,) = texts(section.read(seen()))
    assert "docs/own-traffic.md" in note


def test_own_requests_stand_beside_canaries_and_are_in_neither_rate(config, book, tmp_path):
    drawn = [samples.told(f"r{n}", samples.minutes(n)) for n in range(30)]
    failing = [samples.failed(f"f{n}", samples.minutes(30 + n)) for n in range(10)]
    take(config, book, *drawn, *failing)
    canaries = grid("vip/4k-high", 1, 60)
    window = seen(facts("vip/4k-high", canaries), own_traffic=read(config, tmp_path))
    ((_, ours, theirs, *_),) = tables(section.read(window))[0].rows
    assert (ours.good, ours.n) == (30, 40)
    assert (theirs.good, theirs.n) == (len(canaries), len(canaries))


def test_a_path_that_nobody_watches_is_shown_with_own_requests_alone(config, book, tmp_path):
    take(config, book, *[samples.told(f"r{n}", samples.minutes(n), size="2048x1152") for n in range(25)])
    ((path, _, canaries, *_),) = tables(section.read(seen(own_traffic=read(config, tmp_path))))[0].rows
    assert (path, canaries.reason) == ("vip/2k-high", "not watched")


def test_requests_that_fit_no_channel_are_listed_with_the_reason(config, book, tmp_path):
    take(
        config, book, samples.told("r1", model="unheard-of"), samples.told("r2", samples.minutes(1), model="unheard-of")
    )
    (listed,) = tables(section.read(seen(own_traffic=read(config, tmp_path))))
    ((name, _, _, count, why),) = listed.rows
    assert (name, count, why) == ("unheard-of", 2, "no channel has this model")


def test_what_own_traffic_saved_is_told_in_the_report_and_by_plan(config, book, tmp_path, monkeypatch):
    take(config, book, samples.told("r1"))
    for slot in range(3):
        book.skip(VIP, slot, samples.minutes(slot), model.SkipReason.OWN_TRAFFIC)
    book.skip(VIP, 3, samples.minutes(3), "budget")
    assert any(
        "Own traffic saved 3 canaries ($0.09)" in text
        for text in texts(section.read(seen(own_traffic=read(config, tmp_path))))
    )
    monkeypatch.chdir(tmp_path)
    with time_machine.travel(samples.minutes(600), tick=False):
        result = click.testing.CliRunner().invoke(commands.program, ["plan", "--json"], prog_name="tierwatch")
        printed = click.testing.CliRunner().invoke(commands.program, ["plan"], prog_name="tierwatch").output
    found = json.loads(result.stdout)["saved_by_own_traffic"]
    assert found == {"days": 7, "canaries": 3, "usd": 0.09, "with_this_plan": {"canaries": 1, "usd": 0.03}}
    told = "Own traffic saved 3 canaries ($0.09) in the last 7 days; with this plan it would be 1 canary ($0.03)."
    assert told in " ".join(printed.split())


def test_plan_tells_what_own_traffic_would_save_before_any_daemon_ran(config, book, tmp_path, monkeypatch):
    drawn = plan.plan(config)
    (line,) = [line for line in drawn.lines if line.path == VIP]
    every = [samples.told(f"r{n}", samples.AT + n * dt.timedelta(seconds=line.interval_s)) for n in range(4)]
    same = [samples.told(f"s{n}", samples.AT + dt.timedelta(milliseconds=n)) for n in range(4)]
    unsent = samples.unanswered("u", samples.AT - dt.timedelta(days=1), fault="dns")
    old = samples.told("o", samples.AT - dt.timedelta(days=9))
    take(config, book, *every, *same, unsent, old)
    monkeypatch.chdir(tmp_path)
    saved, would_save = command.savings(config, drawn, samples.AT + dt.timedelta(hours=1))
    assert (saved.canaries, would_save.canaries) == (0, 4)
    assert would_save.usd == pytest.approx(4 * line.price_usd)


def test_report_and_intake_mean_the_same_words():
    assert own.UNTOLD == mapping.UNTOLD


def test_requests_that_were_never_recorded_are_told(config, book, tmp_path):
    take(config, book, samples.told("r1"), {"schema_version": 1, "dropped": 7})
    with history.open(tmp_path / "tierwatch.db") as past:
        found = own.read(config, past, samples.AT - dt.timedelta(days=1), samples.minutes(2000))
    assert any("queue or spool full 7" in text for text in texts(section.read(seen(own_traffic=found))))
