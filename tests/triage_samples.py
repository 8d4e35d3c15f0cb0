"""Values for the tests of triage: a config of three channels, outcomes around a minute, and failed requests."""

import dataclasses
import datetime as dt
import pathlib

from probe import config as configs
from probe import model, taxonomy
from probe.triage import around, subject

AT = dt.datetime(2026, 8, 13, 2, 41, tzinfo=dt.UTC)
VIP, OFFICIAL, NANO = (model.Path(channel, "4k-high") for channel in ("vip", "official", "nano"))
LIGHT = model.Path("vip", "1k-low")
PROMPT = "a nude statue in a crowded market square"
KEY = "sk-triage-test-0123456789abcdef"

CONFIG = """
[budget]
usd_per_day = {usd_per_day}
[moderation]
base_url = "{url}/v1"
key_env = "TRIAGE_KEY"
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "{url}/v1"
model = "gpt-image-2-vip"
key_env = "TRIAGE_KEY"
price_usd = 0.03
{log}
{upstream}
[[channel]]
name = "official"
protocol = "openai-images"
base_url = "{url}/v1"
model = "gpt-image-2"
key_env = "TRIAGE_KEY"
{upstream}
[[channel]]
name = "nano"
protocol = "gemini"
base_url = "{url}"
model = "gemini-3.1-flash-image"
key_env = "TRIAGE_KEY"
"""


def config(folder, url="http://127.0.0.1:9", *, log="", upstream="", usd_per_day=50.0):
    """A checked config in a folder; nothing listens at its default address."""
    path = pathlib.Path(folder) / "config.toml"
    path.write_text(CONFIG.format(url=url, log=log, upstream=upstream, usd_per_day=usd_per_day), "utf-8")
    return configs.load(path)


PROCESSING = model.Evidence(
    status=500,
    headers={"x-oneapi-request-id": "20260813024100123456789AbCdEfGh"},
    text='{"error": {"message": "An error occurred while processing your request.", "type": "server_error"}}',
    elapsed_s=41.5,
)
TIMEOUT = model.Evidence(status=504, text="<html><h1>504 Gateway Time-out</h1></html>", elapsed_s=60.1)
GATEWAY = model.Evidence(status=502, text="<html><h1>502 Bad Gateway</h1></html>", elapsed_s=41.5)
BARRED = model.Evidence(
    status=401, text='{"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}'
)
MODERATED = model.Evidence(
    status=400, text='{"error": {"message": "Your request was rejected by the safety system.", "code": "moderation_blocked"}}'
)  # fmt: skip
PICTURE = model.Evidence(
    status=200,
    elapsed_s=80.0,
    order=model.Order("openai-images", "gpt-image-2-vip", 3840, 2160, "high"),
    picture=model.Picture(3840, 2160, "png", 9_000_000, "ab" * 32),
    picture_count=1,
)


def judged(name, evidence=PROCESSING, *, path=VIP, minutes=0.0, trigger=model.Trigger.SCHEDULED, **fields):
    """An outcome so many minutes after AT, with the verdict that its evidence deserves."""
    at = AT + dt.timedelta(minutes=minutes)
    outcome = model.Outcome(name, path, trigger, at, evidence, latency_s=evidence.elapsed_s, **fields)
    return model.Judged(outcome, taxonomy.judge(evidence))


def series(path, marks, *, first=-60.0, every=10.0, **fields):
    """Outcomes of a path: one for each mark of `.` (ok), `x` (failed), `g` (a gateway error), `m` (moderated)."""
    kinds = {".": PICTURE, "x": PROCESSING, "g": GATEWAY, "m": MODERATED}
    name = fields.pop("name", str(path))
    return [
        judged(f"{name}-{number}", kinds[mark], path=path, minutes=first + number * every, **fields)
        for number, mark in enumerate(marks)
    ]


def about(evidence=PROCESSING, *, path=VIP, prompt=None, **fields):
    """A failed request that is not stored."""
    return subject.Subject(
        "req_1", taxonomy.judge(evidence), evidence, None, path.channel, path.tier, AT, prompt=prompt, **fields
    )


def own(evidence=PROCESSING, **fields):
    """A failed request of own traffic, stored."""
    one = judged("own-1", evidence, trigger=model.Trigger.OWN_TRAFFIC, **fields)
    return dataclasses.replace(subject.stored(one, "own-1", subject.Hints()))


def neighbourhood(*outcomes):
    return around.Neighbourhood(one for each in outcomes for one in each)
