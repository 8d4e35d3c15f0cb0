"""The fragment of `tierwatch recommend --format litellm` in a real LiteLLM router: who is asked, how often, in which order."""

import http.server
import json
import os
import re
import subprocess
import threading

import pytest
from report_samples import NOW, advice, candidate

from probe import config as configs
from reports import exports

LITELLM = os.environ.get("TIERWATCH_LITELLM", "")  # read before tests have a clean environment
pytestmark = pytest.mark.skipif(not LITELLM, reason="needs LiteLLM: make test-integrations")

CONFIG = """
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "{url}/v1"
model = "gpt-image-2-vip"
key_env = "VIP_KEY"
price_usd = 0.03
[[channel]]
name = "nano"
protocol = "gemini"
base_url = "{url}"
model = "gemini-3.1-flash-image"
key_env = "NANO_KEY"
price_usd = 0.15
"""

CALLER = """
import asyncio, sys, litellm, yaml
with open(sys.argv[1]) as file:
    fragment = yaml.safe_load(file)
router = litellm.Router(model_list=fragment["model_list"], **fragment["router_settings"])
asyncio.run(router.aimage_generation(model="img-4k-high", prompt="a harbour"))
"""

FAILED = {"error": {"message": "An error occurred while processing your request.", "type": "server_error"}}
PICTURES = {
    "gpt-image-2-vip": {"created": 1, "data": [{"b64_json": "aGk="}]},
    "gemini-3.1-flash-image": {
        "candidates": [{"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "aGk="}}]}}],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
    },
}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        name = asked.get("model") or re.search(r"models/([^:]+)", self.path)[1]
        self.server.asked.append(name)
        fails = name in self.server.failing
        body = json.dumps(FAILED if fails else PICTURES[name]).encode()
        self.send_response(500 if fails else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words):
        pass


@pytest.fixture
def upstream():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked, server.failing = [], set()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def route(upstream, folder):
    """(attempts that the choice is worth, models asked in order) of one picture through the real router."""
    (folder / "config.toml").write_text(CONFIG.format(url=f"http://127.0.0.1:{upstream.server_port}"))
    told = advice("4k-high", candidate("vip/4k-high", 0.03), candidate("nano/4k-high", 0.15))
    fragment = exports.render("litellm", [told], configs.load(folder / "config.toml"), NOW)
    (folder / "fragment.yaml").write_text(fragment)
    keys = {
        "VIP_KEY": "sk-1234567890abcdef",
        "NANO_KEY": "AIza-1234567890abcdef",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    subprocess.run(
        [f"{LITELLM}/python", "-c", CALLER, str(folder / "fragment.yaml")], env={**os.environ, **keys}, check=True
    )
    return told.batch.choice.attempts, upstream.asked


def test_the_choice_is_asked_first_and_nobody_else_while_it_delivers(upstream, tmp_path):
    _, asked = route(upstream, tmp_path)
    assert asked == ["gpt-image-2-vip"]


def test_a_choice_that_fails_is_asked_as_often_as_recommended_and_then_the_fall_back(upstream, tmp_path):
    upstream.failing = {"gpt-image-2-vip"}
    attempts, asked = route(upstream, tmp_path)
    assert attempts > 1
    assert asked == [*["gpt-image-2-vip"] * attempts, "gemini-3.1-flash-image"]
