"""The whole way: a real daemon, an upstream that refuses the key, a message at a local service."""

import alert_samples as samples
from daemon_samples import SPEED, until, watch

from probe import config, daemon

pytestmark = samples.APPRISE

CONFIG = """
[budget]
usd_per_day = 50
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "{base_url}/v1"
model = "gpt-image-2-vip"
key_env = "VIP_KEY"
price_usd = 0.03
tiers = ["1k-low", "1k-high"]
interval = "10m"
[alerts]
urls = ["{address}"]
"""

SCENARIO = """
name = "the key is refused"
hours = 24
[[steady]]
success = 0.0
latency_s = { median = 5, sigma = 0.01 }
failures = { auth = 1.0 }
"""


def test_a_refused_key_reaches_a_person_within_the_first_canaries(standin, tmp_path, monkeypatch):
    monkeypatch.setenv("VIP_KEY", "sk-test-0123456789abcdef")
    monkeypatch.setattr(daemon.desk, "DELIVER_S", 0.05)
    file = tmp_path / "config.toml"
    with samples.service() as service:

        async def told(_watching, _ticking):
            await until(lambda: service.taken)

        file.write_text(CONFIG.format(base_url=standin(SCENARIO, speed=SPEED), address=service.address))
        watch(config.load(file), told)
    first = service.taken[0]
    assert first["title"].startswith("vip 1k-")
    assert first["title"].endswith("no access")
    assert "Fault: your account: the key, its permission or its balance" in first["message"]
    assert first["type"] == "failure"
