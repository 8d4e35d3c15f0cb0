"""A made-up past: outcomes as the scenario says, judged like real ones."""

import datetime as dt
import tomllib

import pytest

from probe import config as configs
from probe import model
from probe.standin import acts, past, scenario

START = dt.datetime(2026, 8, 13, tzinfo=dt.UTC)

CONFIG = """
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "https://gateway.example/v1"
model = "gpt-image-2-vip"
key_env = "VIP_KEY"
price_usd = 0.03
tiers = ["4k-high"]
interval = "1h"
[[channel]]
name = "nano"
protocol = "gemini"
base_url = "https://gateway.example"
model = "gemini-3.1-flash-image"
key_env = "VIP_KEY"
tiers = ["4k-high"]
interval = "1h"
"""

SCENARIO = """
name = "test"
start = 2026-08-13T00:00:00Z
hours = 24
[[steady]]
channel = "*"
tier = "*"
success = {success}
latency_s = {{ median = 60, sigma = 0.1 }}
failures = {{ {failures} = 1.0 }}
{extra}
"""


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text(CONFIG)
    return configs.load(file)


def made(config, success=0.0, failures="processing_error", extra="", hours=6):
    played = scenario.parse(tomllib.loads(SCENARIO.format(success=success, failures=failures, extra=extra)))
    return list(past.outcomes(config, played, START, START + dt.timedelta(hours=hours), seed=1))


def test_every_act_of_the_standin_has_the_fault_a_client_sees():
    assert set(past.FAULTS) == set(acts.ACTS)


def test_each_path_gets_one_simulated_outcome_an_interval(config):
    found = made(config)
    assert {one.outcome.trigger for one in found} == {model.Trigger.SIMULATED}
    assert sorted({one.outcome.path for one in found}) == sorted(config.paths())
    assert len(found) == 12


def test_the_same_seed_makes_the_same_past(config):
    assert made(config, success=0.5) == made(config, success=0.5)


@pytest.mark.parametrize(
    "kind", [kind for kind in model.Kind if kind not in {model.Kind.OK, model.Kind.DEGRADED_IMAGE}]
)
def test_a_failure_of_the_scenario_is_judged_as_what_it_is(config, kind):
    found = made(config, failures=kind.value, hours=2)
    assert {one.verdict.kind for one in found} == {kind}


def test_a_success_is_ok_and_has_the_ordered_pixels(config):
    found = made(config, success=1.0, hours=2)
    assert {one.verdict.kind for one in found} == {model.Kind.OK}
    assert {one.outcome.evidence.picture.width_px for one in found} == {3840, 5504}


@pytest.mark.parametrize("delivers", ["1254x1254", "blank", "truncated", "undecodable", "enlarged", "repeated"])
def test_what_is_delivered_wrongly_is_a_degraded_image(config, delivers):
    found = made(config, success=1.0, extra=f'delivers = "{delivers}"', hours=2)
    assert {one.verdict.kind for one in found} == {model.Kind.DEGRADED_IMAGE}


def test_an_answer_later_than_the_deadline_is_a_timeout_without_latency(config):
    found = made(config, success=1.0, extra="", hours=2)
    slow = scenario.parse(
        tomllib.loads(SCENARIO.format(success=1.0, failures="overloaded", extra="").replace("60", "6000"))
    )
    late = list(past.outcomes(config, slow, START, START + dt.timedelta(hours=2), seed=1))
    assert {one.verdict.kind for one in late} == {model.Kind.TIMEOUT}
    assert {one.outcome.latency_s for one in late} == {None}
    assert all(one.outcome.latency_s for one in found)
