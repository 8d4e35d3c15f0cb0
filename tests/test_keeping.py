"""Data for years: months are closed, outcomes past their time are removed, and reports tell the same as before."""

import contextlib
import dataclasses
import datetime as dt
import random
import shutil
import sqlite3
import subprocess
import sys

import alert_samples as alerts
import click.testing
import pytest
import record_samples as samples

from probe import commands, keeping, model, records
from probe import config as configs
from probe.inference import months
from probe.records import backup, history, own, rescue, rollups, rows, told
from reports import reading, sections, window

CONFIG = """
[monitor]
keep_outcomes = "100d"
keep_failures = "150d"
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "https://vip.example/v1"
model = "gpt-image-2-vip"
key_env = "VIP_KEY"
price_usd = 0.03
tiers = ["1k-low", "4k-high"]
"""
NOW = dt.datetime(2026, 11, 24, 3, 10, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
SINCE = NOW - 200 * DAY
VIP = model.Path("vip", "4k-high")
TROUBLE = [(SINCE + 40 * DAY, SINCE + 40 * DAY + 18 * HOUR), (NOW - 20 * DAY, NOW - 19 * DAY)]


def past_of(path=VIP, every=3 * HOUR, seed=1):
    chance, at, number = random.Random(seed), SINCE, 0
    while at < NOW:
        troubled = any(start <= at < end for start, end in TROUBLE)
        failing = chance.random() < (0.8 if troubled else 0.02)
        yield samples.judged(
            f"{path.tier}-{number}",
            kind=model.Kind.PROCESSING_ERROR if failing else model.Kind.OK,
            at=at,
            path=path,
            gateway=[f"req-{path.tier}-{number}"],
            latency_s=None if failing else 90 * chance.lognormvariate(0, 0.3),
            price_usd=0.03,
            trigger=model.Trigger.BURST if troubled and number % 2 else model.Trigger.SCHEDULED,
        )
        at, number = at + (every / 6 if troubled else every), number + 1


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A database with `past_of`, to be copied."""
    path = tmp_path_factory.mktemp("filled") / "tierwatch.db"
    with records.open(path) as book:
        book.store_all(past_of())
    return path


@pytest.fixture
def config(tmp_path, filled):
    (tmp_path / "config.toml").write_text(CONFIG)
    shutil.copy(filled, tmp_path / "tierwatch.db")
    return configs.load(tmp_path / "config.toml")


def turn(config, now=NOW, *, stopping=lambda: False):
    pauses_s = []
    with records.open(database(config)) as book:
        keeping.turn(config, book, now, sleep=pauses_s.append, stopping=stopping)
    return pauses_s


def database(config):
    return config.database


def query(config, sql):
    with contextlib.closing(sqlite3.connect(database(config))) as connection:
        return connection.execute(sql).fetchall()


def seen(config, **choice):
    with history.open(database(config)) as past:
        return reading.read(config, past, NOW, reading.Choice(**choice))


def facts(config, **choice):
    return next(each for each in seen(config, **choice).paths if each.path == VIP)


def test_every_month_that_is_over_is_closed_once(config):
    turn(config, NOW + 9 * HOUR)
    closed = query(config, "SELECT month FROM month ORDER BY month")
    assert closed == [("2026-05",), ("2026-06",), ("2026-07",), ("2026-08",), ("2026-09",), ("2026-10",)]
    with history.open(database(config)) as past:
        assert past.archived.months_open() == (dt.datetime(2026, 11, 1, tzinfo=dt.UTC),)


def test_a_month_is_not_over_before_its_canaries_have_been_seen_in_their_light(config):
    assert dt.datetime(2026, 10, 1, tzinfo=dt.UTC) not in keeping.closable(
        config, dt.datetime(2026, 11, 3, tzinfo=dt.UTC)
    )
    assert dt.datetime(2026, 10, 1, tzinfo=dt.UTC) in keeping.closable(config, dt.datetime(2026, 11, 4, tzinfo=dt.UTC))


def test_a_month_that_tells_nothing_of_health_is_not_waited_for(config):
    with records.open(database(config)) as book:
        book.store_all([samples.judged("broke", kind=model.Kind.QUOTA_EXHAUSTED, at=SINCE - 60 * DAY, path=VIP)])
    turn(config)
    assert keeping.closable(config, NOW) == ()
    assert query(config, "SELECT since FROM kept") == [("2026-08-16T00:00:00.000Z",)]


def test_a_closed_month_is_read_as_it_was_written(config):
    begin = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    with history.open(database(config)) as past:
        made = keeping.smoothed(past, begin)
    with records.open(database(config)) as book:
        book.archive.keep_month(made)
    with history.open(database(config)) as past:
        ((stored,),) = past.archived.months(begin, months.after(begin)).values()
    assert stored == made[VIP]
    assert len(stored.segments) == 1


def test_a_closed_month_in_which_verdicts_change_is_closed_anew(config):
    turn(config, NOW + 9 * HOUR)
    with records.open(database(config)) as book:
        book.store_all([samples.judged("late", at=dt.datetime(2026, 7, 5, tzinfo=dt.UTC), path=VIP)])
    assert [f"{each:%Y-%m}" for each in keeping.closable(config, NOW)] == ["2026-07"]


def test_what_has_had_its_time_goes_at_night_in_small_steps_and_stays_counted(config):
    before = query(config, "SELECT sum(count) FROM rollup")
    assert turn(config, NOW + 9 * HOUR) == []  # at noon
    rolled = query(config, "SELECT * FROM rollup")
    pauses_s = turn(config)
    assert len(pauses_s) >= 3
    assert set(pauses_s) == {keeping.PAUSE_S}
    with history.open(database(config)) as past:
        assert set(samples.kinds(past, until=NOW - 101 * DAY)) == {"processing_error"}
        assert not samples.kinds(past, until=NOW - 151 * DAY)
        assert past.archived.kept_since() == dt.datetime(2026, 8, 16, tzinfo=dt.UTC)
    assert query(config, "SELECT * FROM rollup") == rolled
    assert query(config, "SELECT sum(count) FROM rollup") == before
    with contextlib.closing(sqlite3.connect(database(config))) as connection:
        assert rollups.differences(connection) == []
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert turn(config) == []


def test_skipped_slots_go_with_the_outcomes_of_their_time(config):
    with records.open(database(config)) as book:
        for at in (SINCE + DAY, NOW - DAY):
            book.skip(VIP, int(at.timestamp()), at, "own_traffic")
    turn(config)
    assert [at[:10] for (at,) in query(config, "SELECT at FROM skip")] == ["2026-11-23"]


def test_a_clock_that_runs_ahead_makes_nothing_old(config):
    turn(config, NOW + 9 * HOUR)
    ahead = NOW.replace(year=2029)
    with history.open(database(config)) as past:
        in_time = keeping.cut(config, past, NOW)
    with records.open(database(config)) as book:
        book.store_all([samples.judged("ahead", at=ahead, path=VIP)])
    with history.open(database(config)) as past:
        cut = keeping.cut(config, past, ahead)
    assert cut.since - in_time.since <= 2 * DAY
    assert cut.failures_since - in_time.failures_since <= 2 * DAY
    assert keeping.closable(config, ahead) == ()


def test_nothing_is_removed_before_its_month_is_closed(config):
    with records.open(database(config)) as book:
        removed = keeping.remove(config, book, NOW, most=10_000, sleep=lambda _s: None)
    assert removed == 0
    assert query(config, "SELECT count(*) FROM kept") == [(0,)]


def test_a_daemon_that_stops_leaves_the_rest_for_the_next_night(config):
    turn(config, NOW + 9 * HOUR)
    asked = []
    turn(config, stopping=lambda: len(asked) > 1 or asked.append(1))
    with history.open(database(config)) as past:
        assert samples.kinds(past, until=NOW - 101 * DAY)
    assert query(config, "SELECT sum(count) FROM rollup")[0][0] == len(list(past_of()))


def test_an_outcome_that_arrives_after_its_time_is_not_counted_again(config):
    turn(config)
    before = query(config, "SELECT sum(count) FROM rollup")
    with records.open(database(config)) as book:
        book.store_all(past_of())  # all of them, those that were removed too
    assert query(config, "SELECT sum(count) FROM rollup") == before


def test_a_report_over_what_is_gone_tells_what_it_told_before(config):
    whole = facts(config, since=SINCE)
    turn(config)
    again = facts(config, since=SINCE)
    before, after = (each.sample(window.Series.SCHEDULED) for each in (whole, again))
    assert (len(after), int(after.failed.sum())) == (len(before), int(before.failed.sum()))
    assert again.occupancy.failing == pytest.approx(whole.occupancy.failing, abs=0.002)
    assert again.occupancy.degraded == pytest.approx(whole.occupancy.degraded, abs=0.002)
    assert len(again.degraded) == len(whole.degraded) >= len(TROUBLE)
    for mine, theirs in zip(again.degraded, whole.degraded, strict=True):
        assert abs(mine.start.at - theirs.start.at) <= 2 * HOUR
        assert abs(mine.end.at - theirs.end.at) <= 2 * HOUR
    for start, end in TROUBLE:
        assert any(
            max(each.start.at - start, start - each.start.at, each.end.at - end) <= 4 * HOUR for each in again.degraded
        )


@pytest.mark.parametrize("until", [SINCE + 38 * DAY, SINCE + 60 * DAY, dt.datetime(2026, 6, 1, tzinfo=dt.UTC)])
def test_a_period_that_is_gone_altogether_is_told_up_to_its_end(config, until):
    whole = facts(config, since=SINCE, until=until)
    turn(config)
    again = facts(config, since=SINCE, until=until)
    assert len(again.canaries()) == len(whole.canaries())
    assert whole.occupancy.low <= again.occupancy.failing <= whole.occupancy.high
    assert all(
        abs(mine.start.at - theirs.start.at) <= 2 * HOUR
        for mine, theirs in zip(again.degraded, whole.degraded, strict=True)
    )


def test_a_path_of_which_only_roll_ups_are_left_is_told(config):
    gone = model.Path("old", "2k-high")
    with records.open(database(config)) as book:
        book.store_all([samples.judged("old", kind=model.Kind.OK, at=SINCE + DAY, path=gone)])
        book.store_all([samples.judged("latest", at=NOW, path=VIP)])
    turn(config)
    with history.open(database(config)) as past:
        assert gone not in past.paths()
    assert gone in [each.path for each in seen(config, since=SINCE).paths]


def test_a_closed_month_in_which_a_path_was_watched_only_before_the_period_tells_nothing_of_it(config):
    august, path = dt.datetime(2026, 8, 1, tzinfo=dt.UTC), model.Path("vip", "1k-low")
    with records.open(database(config)) as book:
        book.store_all(samples.judged(f"early-{n}", at=august + n * HOUR, path=path) for n in range(48))
    turn(config, NOW + 9 * HOUR)
    (found,) = (each for each in seen(config, since=august + 19 * DAY).paths if each.path == path)
    assert (found.degraded, found.occupancy) == ((), None)


def test_roll_ups_tell_what_the_rows_tell(config):
    with history.open(database(config)) as past:
        since, until = SINCE.replace(minute=0), NOW.replace(minute=0)
        rolled = reading.read_rolled(past, since, until)[VIP]
        rows = reading.read_rows(past, since, until, VIP)
    assert rolled.keys() == rows.keys()
    for series, taken in rows.items():
        found = rolled[series]
        assert found.failures() == taken.failures()
        assert (found.usd, len(found)) == (pytest.approx(taken.usd), len(taken))
        assert (found.sent_s // 3600).tolist() == (taken.sent_s // 3600).tolist()
        assert sorted(found.sent_s) == found.sent_s.tolist()
        pictures_s, told_s = (sorted(each.latency_s[each.ok].tolist()) for each in (taken, found))
        assert told_s == pytest.approx(pictures_s, rel=0.05)


def test_a_report_says_what_is_told_by_roll_ups(config):
    turn(config)
    report = sections.build(seen(config, since=SINCE))
    (section,) = [each for each in report.sections if each.key == "quality"]
    told = " ".join(block.text for block in section.blocks if hasattr(block, "text"))
    assert "by the hour" in told
    assert "Aug 16" in told
    recent = sections.build(seen(config, since=NOW - 30 * DAY))
    assert "by the hour" not in str(recent)


def test_prune_says_first_what_it_would_remove(config, monkeypatch):
    turn(config, NOW + 9 * HOUR)
    monkeypatch.chdir(database(config).parent)

    monkeypatch.setattr(keeping, "PAUSE_S", 0.0)
    preview = run("prune", "--dry-run").output
    assert "would be removed" in preview
    count = preview.split()[0]
    assert int(count) > 0
    assert run("prune").output.startswith(f"{count} outcomes were removed")
    assert run("prune", "--dry-run").output.startswith("0 outcomes")


def test_history_is_kept_for_at_least_what_reports_read(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG.replace('"100d"', '"90d"'))
    with pytest.raises(configs.ConfigError, match="keep_outcomes"):
        configs.load(tmp_path / "config.toml")


def test_arrivals_are_never_counted_from_an_earlier_one_again(config):
    turn(config)
    with records.open(database(config)) as book:
        book.store_all(list(past_of(seed=2))[:5])  # late, and past their time
    with history.open(database(config)) as past:
        arrived = past.arrived()
    turn(config)
    with records.open(database(config)) as book:
        book.store_all([samples.judged("next", at=NOW, path=VIP)])
    with history.open(database(config)) as past:
        assert past.arrived() == arrived + 1


def test_settled_intents_go_with_their_outcomes(config):
    turn(config, NOW + 9 * HOUR)
    with records.open(database(config)) as book:
        for name, at in (("vip-old", SINCE), ("vip-lost", SINCE), ("vip-new", NOW)):
            book.reserve(samples.canary(name, path=VIP), at, 5.0)
            if name != "vip-lost":
                book.store(samples.outcome(name, at=at, path=VIP), samples.verdict())
    turn(config)
    assert query(config, "SELECT id FROM intent ORDER BY id") == [("vip-lost",), ("vip-new",)]


def loose(book, name, at):
    """A log entry that fits no outcome, a triage, and two sent messages, one of them about an open incident."""
    book.take_in([own.Request(None, rows.GatewayEntry("apiyi", name, at, "gpt-image-2-vip"))], at)
    book.keep_triage(rows.Triage(name, name, at, "{}"))
    sent = told.Message(name, "chat", "route", "title", "body", at, at, state="delivered", settled_at=at)
    about = dataclasses.replace(sent, key=f"{name}-open", incident=1)
    book.outbox.keep([alerts.incident(1)], [sent, about])


def test_what_hangs_on_no_outcome_has_its_time_too(config):
    turn(config, NOW + 9 * HOUR)
    turn(config)
    with records.open(database(config)) as book:
        for days in (160, 110, 90):
            loose(book, f"{days} d", NOW - days * DAY)
    turn(config)
    assert query(config, "SELECT request_id FROM gateway_entry") == [("90 d",)]  # as outcomes, 100 days
    assert query(config, "SELECT id FROM triage ORDER BY id") == [("110 d",), ("90 d",)]  # as failures, 150 days
    kept = ["110 d", "110 d-open", "160 d-open", "90 d", "90 d-open"]
    assert query(config, "SELECT key FROM message ORDER BY key") == [(key,) for key in kept]


REMOVING = """
import datetime as dt, pathlib, sys
from probe import keeping, records
from probe import config as configs
config = configs.load(pathlib.Path(sys.argv[1]))
now = dt.datetime.fromisoformat(sys.argv[2])
with records.open(config.database) as book:
    keeping.BATCH = 5
    print("open", flush=True)
    keeping.remove(config, book, now, most=10_000, sleep=lambda _s: None)
"""


def test_a_process_killed_while_it_removes_leaves_everything_counted(config):
    turn(config, NOW + 9 * HOUR)
    moments = random.Random(20261124)
    for _ in range(3):
        working = subprocess.Popen(
            [sys.executable, "-c", REMOVING, config.source, NOW.isoformat()], stdout=subprocess.PIPE, text=True
        )
        working.stdout.readline()
        with contextlib.suppress(subprocess.TimeoutExpired):
            working.wait(moments.random() * 0.1)
        working.kill()
        working.communicate()
        with contextlib.closing(sqlite3.connect(database(config))) as connection:
            assert rollups.differences(connection) == []
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            assert connection.execute("SELECT sum(count) FROM rollup").fetchall() == [(len(list(past_of())),)]


# --- moving it --------------------------------------------------------------------------------------------------------


def run(*words):
    return click.testing.CliRunner().invoke(commands.program, words, prog_name="tierwatch", catch_exceptions=False)


def everything(path):
    """What reports draw on, of a whole database."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        tables = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in ("rollup", "month", "kept")}
        tables["outcome"] = connection.execute("SELECT id, sent_at FROM outcome ORDER BY sent_at, id").fetchall()
    return tables


@pytest.mark.parametrize("pruned", [False, True])
def test_an_export_imported_into_an_empty_database_tells_the_same(config, monkeypatch, pruned):
    folder = database(config).parent
    monkeypatch.chdir(folder)
    turn(config, NOW + 9 * HOUR)
    if pruned:
        turn(config)
    before = everything(database(config))
    assert run("export", "--output", "all.ndjson").exit_code == 0
    database(config).rename(folder / "old.db")
    count = len(before["outcome"])
    assert run("import", "all.ndjson").output == f"all.ndjson: {count:,} outcomes added.\n"
    turn(config, NOW + 9 * HOUR)
    assert everything(database(config)) == before
    assert run("import", "all.ndjson").output == "all.ndjson: 0 outcomes added.\n"
    assert everything(database(config)) == before
    assert run("export").output == (folder / "all.ndjson").read_text()


def test_half_a_month_in_an_import_holds_up_nothing(config, monkeypatch):
    folder = database(config).parent
    monkeypatch.chdir(folder)
    for _ in range(2):
        turn(config)
    assert run("export", "--since", "2026-06-20", "--output", "part.ndjson").exit_code == 0
    database(config).rename(folder / "old.db")
    assert run("import", "part.ndjson").exit_code == 0
    turn(config, NOW + 9 * HOUR)
    assert "2026-06" not in {month for (month,) in query(config, "SELECT month FROM month")}
    with history.open(database(config)) as past:
        assert keeping.cut(config, past, NOW).since == dt.datetime(2026, 8, 16, tzinfo=dt.UTC)


def test_an_export_of_time_that_is_kept_has_no_summaries(config, monkeypatch):
    monkeypatch.chdir(database(config).parent)
    turn(config)
    assert "summary" not in run("export", "--since", "2026-08-16").output
    assert "summary" in run("export", "--since", "2026-08-15").output


def test_what_was_removed_before_a_disaster_is_recovered_from_its_counts(config, tmp_path):
    turn(config)
    before = everything(database(config))
    done = rescue.recover(database(config), tmp_path / "saved.db")
    assert everything(tmp_path / "saved.db") == before
    assert set(done.lost.values()) == {0}
    with pytest.raises(records.RecordsError, match="never overwritten"):
        rescue.recover(database(config), tmp_path / "saved.db")


def test_a_backup_taken_while_old_outcomes_are_removed_is_whole(config, tmp_path):
    turn(config, NOW + 9 * HOUR)
    copies = []

    def copy(_pause_s):
        if len(copies) < 3:
            copies.append(tmp_path / f"copy-{len(copies)}.db")
            backup.copy(database(config), copies[-1])

    with records.open(database(config)) as book:
        keeping.remove(config, book, NOW, most=10_000, sleep=copy)
    assert len(copies) == 3
    for each in copies:
        with contextlib.closing(sqlite3.connect(each)) as connection:
            assert rollups.differences(connection) == []
            assert connection.execute("SELECT sum(count) FROM rollup").fetchall() == [(len(list(past_of())),)]
