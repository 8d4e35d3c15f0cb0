"""Scenarios played in simulated time: the daemon's plan, budget and detector, and what they are scored by."""

import datetime as dt
import json

import pytest
from click.testing import CliRunner

from probe import model
from probe.backtest import default, playing, scoring, watchers
from probe.commands import program
from probe.config import schema
from probe.inference import schedule
from probe.standin import scenario as scenarios

START = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
VIP_4K = model.Path("vip", "4k-high")


def scenario(**incident):
    steady = {"channel": "vip", "success": 0.98, "latency_s": {"median": 90, "sigma": 0.3}}
    table = {"name": "made up", "start": START, "hours": 24, "steady": [steady]}
    if incident:
        at = {"from": START + dt.timedelta(hours=9), "until": START + dt.timedelta(hours=13)}
        table["incident"] = [{"channel": "vip", "tier": "4k-*", **at, **incident}]
    return scenarios.parse(table)


def play(played, runs=3, rule=watchers.OURS, usd_per_day=5.0):
    config = default.config(played, usd_per_day)
    return config, list(playing.Player(config, rule).runs(played, runs, 0))


def test_the_truth_is_where_a_path_is_clearly_worse_than_usual():
    played = scenario(success=0.5)
    config = default.config(played, 5.0)
    (incident,) = scoring.incidents(config, played)
    assert incident == (VIP_4K, START + dt.timedelta(hours=9), START + dt.timedelta(hours=13))
    assert scoring.incidents(config, scenario()) == ()
    assert scoring.incidents(config, scenario(success=0.95)) == ()
    assert scoring.incidents(config, scenario(latency_factor=1.2)) == ()
    assert len(scoring.incidents(config, scenario(latency_factor=2.0))) == 1
    assert len(scoring.incidents(config, scenario(delivers="1254x1254"))) == 1


@pytest.mark.parametrize("incident", [{"success": 0.1}, {"delivers": "1254x1254"}, {"latency_factor": 3.0}])
def test_an_incident_is_found_soon_and_cleared_after_it_has_ended(incident):
    _, runs = play(scenario(**incident))
    for run in runs:
        first, *_ = alarms = [alarm for alarm in run.alarms if alarm.path == VIP_4K]
        assert START + dt.timedelta(hours=9) < first.raised_at < START + dt.timedelta(hours=12)
        assert first.state is model.State.DEGRADED
        assert START + dt.timedelta(hours=12.5) < alarms[-1].cleared_at < START + dt.timedelta(hours=17)


def test_an_alarm_raised_by_a_hanging_request_is_not_taken_back_by_its_answer():
    _, runs = play(scenario(latency_factor=3.0), runs=6)
    assert any(run.alarms for run in runs)
    for run in runs:
        assert all(alarm.cleared_at - alarm.raised_at > dt.timedelta(minutes=10) for alarm in run.alarms)


def test_the_fall_back_of_a_path_in_trouble_is_checked_beside_its_grid():
    vip = {**default.channel("vip", "gpt-image-2-vip"), "tiers": ("4k-high",), "interval": 1800.0}
    official = {**vip, "name": "official", "price_usd": 10.0, "interval": 86400.0}
    played = scenario(success=0.0)

    def usd(*channels):
        config = schema.Config.model_validate({"channel": channels, "budget": {"usd_per_day": 100.0}})
        return [run.usd for run in playing.Player(config).runs(played, 3, 0)]

    # A canary of the fall-back costs 10 USD, those of the path in trouble together less; its grid has one a day.
    assert [alone // 10 for alone in usd(vip)] == [0, 0, 0]
    assert all(3 <= both // 10 <= 8 for both in usd(vip, official))


def test_trouble_with_the_account_raises_its_own_alarm_on_every_tier():
    _, runs = play(scenario(success=0.0, failures={"quota_exhausted": 1.0}), runs=1)
    states = {alarm.path.tier: alarm.state for alarm in runs[0].alarms}
    assert states["4k-high"] is model.State.NO_ACCESS


def test_a_name_that_no_config_can_have_is_refused_in_words():
    named = scenarios.parse(
        {"channel": [{"name": "my vip", "model": "gpt-image-2-vip"}], "steady": [{"channel": "v*"}]}
    )
    with pytest.raises(model.UserError, match="channel 'my vip' is none of a config"):
        default.config(named, 5.0)


def test_the_same_seed_gives_the_same_run_and_another_one_another():
    played = scenario(success=0.5)
    _, first = play(played, runs=2)
    _, again = play(played, runs=2)
    assert first == again
    assert first[0].alarms != first[1].alarms


def test_no_utc_day_costs_more_than_the_budget():
    played = scenario(success=0.3)
    _, runs = play(played, usd_per_day=1.0)
    assert all(0.5 < run.usd <= 1.0 + 1e-9 for run in runs)


def test_other_rules_are_played_by_the_same_hands():
    config, runs = play(scenario(success=0.0), runs=2, rule="3-in-a-row")
    score = scoring.score(runs, scoring.incidents(config, scenario(success=0.0)), 1.0)
    assert score.caught == 2
    assert score.mean_delay_s > 2400


def test_scores_count_delays_misses_and_false_alarms():
    path, hour = VIP_4K, dt.timedelta(hours=1)
    truth = [scoring.Incident(path, START + hour, START + 2 * hour)]

    def run(*raised):
        alarms = tuple(playing.Alarm(path, model.State.DEGRADED, START + at * hour, None) for at in raised)
        return playing.Run(0, 24, 1.0, 2, alarms)

    score = scoring.score([run(1.25), run(), run(3.0), run(2.25)], truth, 1.0)
    assert (score.incidents, score.caught) == (4, 2)
    assert score.delays_s == (900.0, 4500.0)
    assert score.false_alarms_per_30_days == pytest.approx(30 / 4)
    assert (score.canaries_per_day, score.usd_per_day, score.skipped_per_day) == (24.0, 1.0, 2.0)
    on_before = [playing.Run(0, 1, 0.0, 0, (playing.Alarm(path, model.State.DEGRADED, START, None),))]
    assert scoring.score(on_before, truth, 1.0).delays_s == (0.0,)
    assert scoring.score([run()], truth, 1.0).mean_delay_s is None


def test_a_purse_keeps_the_rest_of_the_grid_and_half_of_the_extras_from_recovery():
    purse = schedule.Purse(cap=10.0, grid_per_day=8.0)
    burst, recovery = model.Trigger.BURST, model.Trigger.RECOVERY
    assert purse.allows(burst, 2.0, START)
    assert not purse.allows(burst, 2.1, START)
    assert purse.allows(recovery, 1.0, START)
    assert not purse.allows(recovery, 1.1, START)
    noon = START + dt.timedelta(hours=12)
    assert purse._replace(spent=4.0).allows(burst, 2.0, noon)
    assert not purse._replace(spent=5.9).allows(burst, 0.2, noon)


def test_the_command_prints_json_that_a_program_can_read(tmp_path):
    path = tmp_path / "scenario.toml"
    path.write_text(
        """
        name = "dead"
        start = 2026-01-05T00:00:00Z
        hours = 12
        [[steady]]
        channel = "vip"
        success = 0.99
        [[incident]]
        channel = "vip"
        from = 2026-01-05T03:00:00Z
        until = 2026-01-05T09:00:00Z
        success = 0.0
        failures = { overloaded = 1.0 }
        """
    )
    result = CliRunner().invoke(program, ["backtest", str(path), "--runs", "2", "--seed", "5", "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.output)
    assert document["schema_version"] == 1
    assert [run["seed"] for run in document["runs"]] == [5, 6]
    assert {"canaries", "usd", "alarms"} <= set(document["runs"][0])
    alarm = document["runs"][0]["alarms"][0]
    assert {"channel", "tier", "raised_at", "cleared_at"} <= set(alarm)
    assert "2026-01-05T03:00:00Z" < alarm["raised_at"] < "2026-01-05T05:00:00Z"
    assert document["rules"]["tierwatch"]["caught"] == 6
    assert document["incidents"][0] == {
        "channel": "vip",
        "tier": "1k-low",
        "begins": "2026-01-05T03:00:00Z",
        "ends": "2026-01-05T09:00:00Z",
    }


def test_the_command_compares_rules_in_a_table_of_eighty_columns():
    result = CliRunner().invoke(program, ["backtest", "hang", "--runs", "1", "--rule", "all"])
    assert result.exit_code == 0, result.output
    assert max(map(len, result.output.splitlines())) <= 80
    assert "2-in-a-row-retry" in result.output


def test_a_rule_that_does_not_exist_is_refused_with_those_that_do():
    result = CliRunner().invoke(program, ["backtest", "hang", "--rule", "guess"])
    assert result.exit_code == 2
    assert "3-in-a-row" in result.output
