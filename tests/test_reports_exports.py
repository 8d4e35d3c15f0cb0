"""Recommendations as files for other programs."""

import csv
import dataclasses
import datetime as dt
import io
import json
import re
import shlex

import pytest
from record_samples import judged
from report_samples import NOW, advice, candidate

from probe import config as configs
from probe import model
from reports import exports
from reports.exports import claims

CONFIG = """
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "https://vip.example/v1"
model = "gpt-image-2-vip"
key_env = "VIP_KEY"
price_usd = 0.03

[[channel]]
name = "nano"
protocol = "gemini"
base_url = "https://nano.example"
model = "gemini-3.1-flash-image"
key_file = "nano.key"
price_usd = 0.15
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG)
    return configs.load(tmp_path / "config.toml")


KNOWN = advice("4k-high", candidate("vip/4k-high", 0.03), candidate("nano/4k-high", 0.15))
JOB = advice("4k-high", candidate("nano/4k-high", 0.15), job="nightly-batch")
TOO_FEW = advice("2k-high", candidate("vip/2k-high", 0.03, n=3, usable=3))


def test_env_names_channel_attempts_and_fall_back_by_tier_and_job(config):
    rendered = exports.render("env", [KNOWN, JOB, TOO_FEW], config, NOW)
    values = dict(line.split("=", 1) for line in rendered.splitlines() if not line.startswith("#"))
    assert values["IMG_CHANNEL_4K_HIGH"] == "vip"
    assert values["IMG_FALLBACK_4K_HIGH"] == "nano"
    assert int(values["IMG_ATTEMPTS_4K_HIGH"]) in {1, 2, 3}
    assert values["IMG_CHANNEL_NIGHTLY_BATCH_4K_HIGH"] == "nano"
    assert "# 2K_HIGH: not enough data" in rendered
    assert not any(name.endswith("2K_HIGH") for name in values)


def test_env_says_what_is_valid_no_more(config):
    assert "# valid until" in exports.render("env", [KNOWN], config, NOW)
    assert "# EXPIRED: was valid until" in exports.render("env", [KNOWN], config, NOW + dt.timedelta(days=1))


def test_env_quotes_what_a_shell_would_run(config):
    evil = advice("4k-high", candidate("$(touch x)/4k-high", 0.03))
    (line,) = [
        line for line in exports.render("env", [evil], config, NOW).splitlines() if line.startswith("IMG_CHANNEL")
    ]
    assert shlex.split(line.partition("=")[2]) == ["$(touch x)"]


def deployments(rendered):
    """The entries of `model_list`: each value of the fragment is one line of JSON."""
    entries = re.split(r"^  - model_name: ", rendered, flags=re.MULTILINE)[1:]
    for entry in entries:
        name, *lines = entry.splitlines()
        pairs = [line.strip().split(": ", 1) for line in lines if line.startswith("      ")]
        yield json.loads(name), {key: json.loads(value) for key, value in pairs}


def test_litellm_tries_the_choice_first_and_then_the_fall_back(config):
    rendered = exports.render("litellm", [KNOWN, TOO_FEW], config, NOW)
    (first, vip), (second, nano) = deployments(rendered)
    assert first == second == "img-4k-high"
    assert (vip["order"], vip["model"], vip["size"], vip["quality"]) == (
        1,
        "openai/gpt-image-2-vip",
        "3840x2160",
        "high",
    )
    assert (nano["order"], nano["model"]) == (2, "gemini/gemini-3.1-flash-image")
    assert nano["imageConfig"] == {"aspectRatio": "16:9", "imageSize": "4K"}
    assert nano["api_base"] == "https://nano.example/v1beta"
    assert "# img-2k-high: not enough data" in rendered
    assert vip["num_retries"] == KNOWN.batch.choice.attempts - 1


def test_litellm_gets_references_to_keys_and_no_key(config):
    (_, vip), (_, nano) = deployments(exports.render("litellm", [KNOWN], config, NOW))
    assert vip["api_key"] == "os.environ/VIP_KEY"
    assert "api_key" not in nano


def test_a_litellm_fragment_without_any_choice_is_still_a_list(config):
    rendered = exports.render("litellm", [], config, NOW)
    assert "model_list: []" in rendered


# --- claims -----------------------------------------------------------------------------------------------------------


def claimed(config, *found):
    return list(csv.DictReader(io.StringIO(claims.render(found, config))))


def answer(name, kind=model.Kind.TIMEOUT, billed="unknown", **fields):
    one = judged(name, kind=kind, price_usd=0.03, **fields)
    return dataclasses.replace(one, verdict=dataclasses.replace(one.verdict, billed=billed))


def test_a_claim_lists_what_was_perhaps_billed_and_not_usable(config):
    found = claimed(
        config,
        answer("late-picture"),
        answer("ok", model.Kind.OK, "yes", latency_s=10.0),
        answer("free", model.Kind.PROCESSING_ERROR, "no"),
        answer("made-up", trigger=model.Trigger.SIMULATED),
        answer("ours", excluded=model.Exclusion.CANCELLED),
        answer("own", model.Kind.DEGRADED_IMAGE, "yes", trigger=model.Trigger.OWN_TRAFFIC, charged_usd=0.05),
    )
    assert [(row["id"], row["billed"], row["charged_usd"]) for row in found] == [
        ("late-picture", "unknown", ""),
        ("own", "yes", "0.050000"),
    ]
    assert found[0]["sent_at_utc"] == "2026-08-13 02:19:00"


def test_a_late_picture_is_a_claim_where_the_config_says_what_late_is(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG.replace("price_usd = 0.03", "price_usd = 0.03\nusable_within_s = 100"))
    config = configs.load(tmp_path / "config.toml")
    (row,) = claimed(config, answer("slow", model.Kind.OK, "yes", latency_s=130.0))
    assert row["why_unusable"] == "late: 130 s"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_a_claim_is_a_formula(config, start):
    evil = start + "cmd|' /C calc'!A0"
    (row,) = claimed(config, answer(evil, gateway=[evil]))
    assert not any((value or "").startswith(("=", "+", "-", "@", "\t", "\r")) for value in row.values())
