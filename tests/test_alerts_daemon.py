"""The whole way: a real daemon, an upstream that refuses the key, a message at a local service."""

import asyncio
import datetime as dt
import pathlib

import alert_samples as samples

from probe import clock, config, daemon, records, run

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
    file, start = tmp_path / "config.toml", dt.datetime(2026, 8, 13, tzinfo=dt.UTC)

    async def go(settings, service):
        with records.open(config.database(pathlib.Path(settings.source))) as book:
            tools = run.tools(settings, clock.FastClock(start, 400.0), book)
            watching = daemon.Daemon(tools)
            running = asyncio.create_task(watching.run())
            for _ in range(400):
                await asyncio.sleep(0.02)
                if service.taken:
                    break
            watching.stop()
            await running
            await run.close(tools)

    with samples.service() as service:
        file.write_text(CONFIG.format(base_url=standin(SCENARIO, speed=400.0), address=service.address))
        asyncio.run(go(config.load(file), service))
    first = service.taken[0]
    assert first["title"].startswith("vip 1k-")
    assert first["title"].endswith("no access")
    assert "Fault: your account: the key, its permission or its balance" in first["message"]
    assert first["type"] == "failure"
