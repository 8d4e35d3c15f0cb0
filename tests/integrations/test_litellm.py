"""A real LiteLLM proxy in front of the stand-in: what its callback and its spend logs tell is taken in.

Runs by `make test-integrations`, which puts LiteLLM into an environment of its own.
"""

import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import time

import click.testing
import httpx
import pytest

from probe import commands, model
from probe.records import history

LITELLM = os.environ.get("TIERWATCH_LITELLM", "")  # read before tests have a clean environment
pytestmark = pytest.mark.skipif(not LITELLM, reason="needs LiteLLM: make test-integrations")

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "own-traffic.md"
CALLBACK = re.search(r"```python\n# tierwatch_callback.py\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[1]

SPEND_CALLBACK = '''
"""Spend rows as LiteLLM itself makes them for its database, which is not there: they are written to a file."""
import datetime
import json

from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy.spend_tracking.spend_tracking_utils import get_logging_payload


class SpendLogger(CustomLogger):
    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
        told = kwargs["standard_logging_object"]
        start_time, end_time = (datetime.datetime.fromtimestamp(told[name], datetime.UTC) for name in ("startTime", "endTime"))
        kwargs = {**kwargs, "completion_start_time": kwargs.get("completion_start_time") or end_time}
        row = get_logging_payload(kwargs, response_obj or {}, start_time, end_time)
        with open("spend.ndjson", "a") as file:
            file.write(json.dumps(row, default=str) + "\\n")

    async_log_failure_event = async_log_success_event


logger = SpendLogger()
'''

PROXY = """
model_list:
  - model_name: img-vip
    litellm_params: {{model: openai/gpt-image-2-vip, api_base: "{url}/v1", api_key: sk-upstream-0123456789abcdef}}
    model_info: {{mode: image_generation}}
  - model_name: img-official
    litellm_params: {{model: openai/gpt-image-2, api_base: "{url}/v1", api_key: sk-upstream-0123456789abcdef}}
    model_info: {{mode: image_generation}}
router_settings:
  num_retries: 1
  fallbacks: [{{"img-vip": ["img-official"]}}]
litellm_settings:
  callbacks: [tierwatch_callback.logger, spend_callback.logger]
general_settings:
  store_prompts_in_spend_logs: true
  master_key: {key}
"""

SCENE = """
[[channel]]
name = "vip"
model = "gpt-image-2-vip"
personality = "shell-api"
[[channel]]
name = "official"
model = "gpt-image-2"
personality = "openai"
[[steady]]
channel = "vip"
success = 0
latency_s = { median = 5, sigma = 0 }
failures = { processing_error = 1.0 }
[[steady]]
channel = "official"
success = 1
latency_s = { median = 5, sigma = 0 }
"""

CONFIG = """
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "{url}/v1"
model = "gpt-image-2-vip"
key_env = "KEY"
price_usd = 0.03
[[channel]]
name = "official"
protocol = "openai-images"
base_url = "{url}/v1"
model = "gpt-image-2"
key_env = "KEY"
price_usd = 0.12
"""

KEY = "sk-1234567890abcdef"
PROMPT = "A red harbour at dawn, with boats and one old crane."


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@contextlib.contextmanager
def proxy(folder, upstream):
    """A LiteLLM proxy that writes to the folder; gives a client of it."""
    (folder / "config.yaml").write_text(PROXY.format(url=upstream, key=KEY))
    (folder / "tierwatch_callback.py").write_text(CALLBACK.replace("/var/lib/tierwatch/", ""))
    (folder / "spend_callback.py").write_text(SPEND_CALLBACK)
    port = free_port()
    settings = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true"}
    words = ["--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "proxy.log").open("w") as log:
        process = subprocess.Popen(
            [f"{LITELLM}/litellm", *words],
            cwd=folder,
            env={**os.environ, **settings, "PYTHONPATH": str(folder)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as http:
                await_ready(http, process, folder)
                yield http
        finally:
            process.terminate()
            process.wait(30)


def await_ready(http, process, folder):
    for _ in range(240):
        with contextlib.suppress(httpx.TransportError):
            if http.get("/health/liveliness").is_success:
                return
        assert process.poll() is None, (folder / "proxy.log").read_text()[-4000:]
        time.sleep(0.5)
    raise AssertionError((folder / "proxy.log").read_text()[-4000:])


def order(http, group, size, prompt=PROMPT):
    body = {"model": group, "prompt": prompt, "size": size, "quality": "high"}
    return http.post("/v1/images/generations", json=body, headers={"authorization": f"Bearer {KEY}"})


def await_lines(path, count):
    """Callbacks run after the answer."""
    for _ in range(100):
        if path.exists() and len(path.read_text().splitlines()) >= count:
            return [json.loads(line) for line in path.read_text().splitlines()]
        time.sleep(0.1)
    raise AssertionError(path.read_text() if path.exists() else f"no {path.name}")


@pytest.fixture(scope="module")
def folder(module_standin, tmp_path_factory):
    """Of a proxy through which three requests went: one that succeeds, one that falls back, one that is refused."""
    folder = tmp_path_factory.mktemp("litellm")
    upstream = module_standin(SCENE, speed=20.0)
    (folder / "config.toml").write_text(CONFIG.format(url=upstream))
    with proxy(folder, upstream) as http:
        assert order(http, "img-official", "2048x1152").is_success
        assert order(http, "img-vip", "3840x2160").is_success
        assert order(http, "img-official", "800x800").status_code == 400
        await_lines(folder / "litellm.ndjson", 5)
        await_lines(folder / "spend.ndjson", 5)
    return folder


def ingest(folder, tmp_path, name):
    """What `tierwatch ingest` prints; its database lies in tmp_path."""
    (tmp_path / "config.toml").write_text((folder / "config.toml").read_text())
    words = ["ingest", str(folder / name), "--config", str(tmp_path / "config.toml")]
    result = click.testing.CliRunner().invoke(commands.program, words, prog_name="tierwatch")
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def stored(tmp_path):
    with history.open(tmp_path / "tierwatch.db") as past:
        return list(past.outcomes())


def test_every_attempt_and_the_fall_back_are_taken_in_from_the_callback(folder, tmp_path):
    told = ingest(folder, tmp_path, "litellm.ndjson")
    assert "5 lines, 5 new" in told
    assert "img-vip was asked for and img-official answered, 1 time" in told
    found = [(str(judged.outcome.path), judged.verdict.kind) for judged in stored(tmp_path)]
    assert found == [
        ("official/2k-high", model.Kind.OK),
        ("vip/4k-high", model.Kind.PROCESSING_ERROR),
        ("vip/4k-high", model.Kind.PROCESSING_ERROR),  # the router's own retry
        ("official/4k-high", model.Kind.OK),
        ("official/1k-high", model.Kind.INVALID_REQUEST),
    ]


def test_the_upstreams_own_ids_come_through_the_proxy(folder, tmp_path):
    ingest(folder, tmp_path, "litellm.ndjson")
    for judged in stored(tmp_path):
        assert judged.verdict.request_ids.gateway or judged.verdict.request_ids.upstream


def test_spend_logs_of_the_same_calls_are_known_already(folder, tmp_path):
    ingest(folder, tmp_path, "litellm.ndjson")
    assert "5 lines, 5 known already" in ingest(folder, tmp_path, "spend.ndjson")
    assert len(stored(tmp_path)) == 5


def test_spend_logs_alone_tell_paths_prompts_and_the_fall_back_and_keep_no_prompt(folder, tmp_path):
    told = ingest(folder, tmp_path, "spend.ndjson")
    assert "5 lines, 5 new" in told
    assert "img-vip was asked for and img-official answered, 1 time" in told
    found = stored(tmp_path)
    assert {str(judged.outcome.path) for judged in found} == {
        "official/2k-high", "vip/4k-high", "official/4k-high", "official/1k-high",
    }  # fmt: skip
    assert len({judged.outcome.prompt_id for judged in found} - {""}) == 1
    assert PROMPT.encode() in (folder / "spend.ndjson").read_bytes()
    assert all(PROMPT.encode() not in path.read_bytes() for path in tmp_path.glob("tierwatch.db*"))
