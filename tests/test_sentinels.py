"""Sentinels show how strict moderation is, cost what the plan says, and are evidence of nothing else."""

import datetime as dt
import json
import pathlib

import click.testing
import pytest
from daemon_samples import SPEED, START, watch

from probe import commands, model, plan, prompts, records
from probe import config as configs
from probe.inference import states, strictness
from probe.records import history
from probe.standin import pictures
from reports import blocks, reading, sections

VIP = model.Path("vip", "1k-low")
DAY = dt.timedelta(days=1)
CONFIG = """
[monitor]
{every}
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "{url}/v1"
model = "gpt-image-2-vip"
key_env = "VIP_KEY"
price_usd = {{ "4k-high" = 0.06, "1k-low" = 0.02 }}
tiers = ["4k-high", "1k-low"]
interval = "2h"
"""
REFUSED = '{"error": {"message": "Your request was rejected by the safety system", "code": "moderation_blocked"}}'


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setenv("VIP_KEY", "sk-test-0123456789abcdef")

    def load(every='sentinel_every = "6h"', url="https://vip.example"):
        file = tmp_path / "config.toml"
        file.write_text(CONFIG.format(every=every, url=url))
        return configs.load(file)

    return load


def sentinel(number, kind=model.Kind.OK, prompt=prompts.SENTINELS[0], trigger=model.Trigger.SENTINEL, channel="vip"):
    evidence = model.Evidence(
        status=200 if kind is model.Kind.OK else 400, text="" if kind is model.Kind.OK else REFUSED
    )
    path = model.Path(channel, "1k-low")
    outcome = model.Outcome(
        f"id-{channel}-{number}", path, trigger, START + number * DAY, evidence, prompt_id=prompt.id
    )
    stage, party = model.Stage.MODERATION_OUTPUT, model.Party.CALLER
    return model.Judged(outcome, model.Verdict(kind, "", stage, party, False, model.Action.NONE, "rule"))


def test_none_are_sent_where_the_config_does_not_ask_for_them(config):
    assert plan.plan(config(every="")).sentinels == ()


def test_each_channel_is_asked_on_its_cheapest_tier_and_the_plan_pays_for_it(config):
    drawn = plan.plan(config())
    (line,) = drawn.sentinels
    assert (line.path, line.interval_s, line.usd_per_day) == (VIP, 6 * 3600.0, pytest.approx(0.08))
    assert drawn.usd_per_day == pytest.approx(12 * 0.08 + 0.08)


def test_what_sentinels_cost_is_not_spent_on_canaries(config):

    automatic = CONFIG.replace('interval = "2h"\n', "")
    file = pathlib.Path(config().source)
    spent = []
    for every in ("", 'sentinel_every = "15m"'):
        file.write_text("[budget]\nusd_per_day = 3.0\n" + automatic.format(every=every, url="https://vip.example"))
        drawn = plan.plan(configs.load(file), 1.0)
        spent.append(sum(line.usd_per_day for line in drawn.lines))
        assert drawn.usd_per_day <= 3.0
    assert spent[0] - spent[1] == pytest.approx(96 * 0.02, abs=0.1)


def test_history_tells_of_sentinels_only_where_they_are_asked_for(tmp_path):
    file = tmp_path / "tierwatch.db"
    with records.open(file) as book:
        book.store_all([sentinel(0), sentinel(1, trigger=model.Trigger.SCHEDULED)])
    with history.open(file) as past:
        assert [one.outcome.id for one in past.outcomes()] == ["id-vip-1"]
        cells = past.cells(START, START + 2 * DAY, path=model.Path("vip", "1k-low"))
        assert [trigger for trigger, *_ in cells] == [model.Trigger.SCHEDULED]
        assert [row[2] for row in past.archived.rollups(START, START + 2 * DAY)] == [model.Trigger.SCHEDULED]
        assert [one.outcome.id for one in past.outcomes(triggers=[model.Trigger.SENTINEL])] == ["id-vip-0"]


def test_a_channel_that_refuses_every_sentinel_is_not_refusing(config):
    refused = [
        sentinel(number, model.Kind.MODERATION_INPUT, prompt) for number, prompt in enumerate(prompts.SENTINELS * 2)
    ]
    found = states.of(refused, config(), START + 6 * DAY)
    assert {one.state for one in found} == {model.State.UNKNOWN}


def test_a_sentinel_that_fails_says_nothing_of_the_paths_health(config):
    calm = [sentinel(n / 24, trigger=model.Trigger.SCHEDULED) for n in range(24 * 10)]
    failing = [sentinel(10 + n / 24, model.Kind.TIMEOUT) for n in range(24)]
    assert states.of([*calm, *failing], config(), START + 11 * DAY) == states.of(calm, config(), START + 11 * DAY)


def test_strictness_is_told_by_prompt_with_its_stage_and_since_when():
    swimwear, mascot, _ = prompts.SENTINELS
    sent = [
        *(sentinel(n, prompt=swimwear) for n in range(3)),
        *(sentinel(n, model.Kind.MODERATION_OUTPUT, swimwear) for n in (3, 4)),
        sentinel(5, model.Kind.TIMEOUT, swimwear),
        sentinel(6, model.Kind.MODERATION_INPUT, mascot),
    ]
    drawn, refused = "draws it", "refuses the picture"
    assert strictness.read(sent) == (
        strictness.Strictness("vip", mascot.id, 1, 1, "refuses the prompt", START + 6 * DAY, ""),
        strictness.Strictness("vip", swimwear.id, 5, 2, refused, START + 3 * DAY, drawn),
    )


def test_the_report_has_a_section_of_its_own_where_sentinels_were_sent(config, tmp_path):
    settings = config()
    with records.open(tmp_path / "tierwatch.db") as book:
        book.store_all([sentinel(0), sentinel(1, model.Kind.MODERATION_INPUT)])
    with history.open(tmp_path / "tierwatch.db") as past:
        seen = reading.read(settings, past, START + 2 * DAY)
    (section,) = [each for each in sections.build(seen).sections if each.key == "strictness"]
    (table,) = [block for block in section.blocks if isinstance(block, blocks.Table)]
    assert table.rows == (("vip", "swimwear-1", 2, 1, "refuses the prompt", "2026-08-14"),)
    assert seen.is_empty  # no rate, state or stretch is made of them


def test_a_report_without_sentinels_does_not_speak_of_them(config, tmp_path):
    settings = config()
    records.open(tmp_path / "tierwatch.db").close()
    with history.open(tmp_path / "tierwatch.db") as past:
        seen = reading.read(settings, past, START)
    assert "strictness" not in [each.key for each in sections.build(seen).sections]


SCENARIO = """
name = "strict"
start = 2026-08-13T00:00:00Z
hours = 24
[[steady]]
channel = "*"
tier = "*"
success = 0.0
latency_s = { median = 20, sigma = 0.01 }
failures = { moderation_input = 1.0 }
"""


def watched(settings, start, hours, busy=()):
    """What a daemon on a fast clock sees in so many hours."""

    async def during(_watching, ticking):
        await ticking.sleep(hours * 3600)

    seen = watch(settings, during, start=start, on_daemon=lambda watching: watching.underway.busy.update(busy))
    return [one for one in seen if one.outcome.trigger is model.Trigger.SENTINEL]


def test_the_daemon_sends_them_on_time_beside_a_path_that_is_busy_and_not_again_after_a_restart(config, standin):
    pictures.picture(1280, 720, "warm", "png", "")  # the first one takes a second, which is minutes of a fast clock
    settings = config('sentinel_every = "30m"', standin(SCENARIO, speed=SPEED))
    line = plan.plan(settings).sentinels[0]
    start = plan.starts_at(line, START) + dt.timedelta(minutes=5)
    first = watched(settings, start, 0.1, busy=settings.paths())
    again = watched(settings, start + dt.timedelta(minutes=8), 0.1)
    assert [one.verdict.kind for one in first] == [model.Kind.MODERATION_INPUT]
    assert first[0].outcome.path == VIP
    assert first[0].outcome.prompt_id in {prompt.id for prompt in prompts.SENTINELS}
    assert again == []


def test_one_may_be_sent_now_by_hand_and_is_no_evidence_either(config, standin):
    settings = config("", standin(SCENARIO, speed=SPEED))
    arguments = ["probe", "vip/1k-low", "--sentinel", "--max-cost", "1", "--config", settings.source, "--json"]
    result = click.testing.CliRunner().invoke(commands.program, arguments)
    (told,) = json.loads(result.stdout)["outcomes"]
    assert (told["kind"], result.exit_code) == ("moderation_input", 1)
    assert result.stderr.startswith("1 canary, $0.02 at list prices.\n")  # minutes are for 4K
    with history.open(pathlib.Path(settings.source).with_name("tierwatch.db")) as past:
        assert list(past.outcomes()) == []
        (one,) = past.outcomes(triggers=[model.Trigger.SENTINEL])
    assert one.outcome.prompt_id in {prompt.id for prompt in prompts.SENTINELS}
