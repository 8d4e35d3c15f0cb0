"""Values for the tests of own traffic: a config with three channels, and lines that differ in what a test names."""

import datetime as dt
import json

from probe import config
from probe.own import account, fields

AT = dt.datetime(2026, 8, 13, 2, 19, tzinfo=dt.UTC)

CONFIG = """\
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "https://api.apiyi.com/v1"
model = "gpt-image-2-vip"
key_env = "KEY"
price_usd = 0.03
tiers = ["1k-low", "2k-high", "4k-high"]
log = { kind = "apiyi", url = "https://api.apiyi.com", key_env = "LOG_KEY" }

[[channel]]
name = "official"
protocol = "openai-images"
base_url = "https://api.openai.com/v1"
model = "gpt-image-2"
key_env = "KEY"
tiers = ["1k-low", "4k-high"]

[[channel]]
name = "nano"
protocol = "gemini"
base_url = "https://api.apiyi.com"
model = "gemini-3.1-flash-image"
key_env = "KEY"
tiers = ["1k-low", "4k-high"]
"""

ERROR = json.dumps({"error": {"message": "An error occurred while processing your request.", "type": "server_error"}})


def settings(folder, text=CONFIG):
    path = folder / "config.toml"
    path.write_text(text, "utf-8")
    return config.load(path)


def minutes(count):
    return AT + dt.timedelta(minutes=count)


def told(identity="r1", at=AT, **fields):
    """A successful 4K request to vip, as the recorder tells it."""
    line = {
        "schema_version": 1,
        "id": identity,
        "sent_at": at.isoformat(),
        "elapsed_s": 90.5,
        "url": "https://api.apiyi.com/v1/images/generations",
        "model": "gpt-image-2-vip",
        "size": "3840x2160",
        "quality": "high",
        "operation": "generate",
        "attempt": 1,
        "status": 200,
        "headers": {"request-id": f"gateway-{identity}"},
        "picture_count": 1,
        "picture": {"format": "png", "width": 3840, "height": 2160, "bytes": 12_000_000},
    }
    line |= fields
    return {name: value for name, value in line.items() if value is not None}


def failed(identity="r1", at=AT, **fields):
    fields = {"status": 500, "text": ERROR, "picture": None, "picture_count": None, **fields}
    return told(identity, at, **fields)


def unanswered(identity="r1", at=AT, **fields):
    """The program gave up after 100 s and has no id."""
    nothing = dict.fromkeys(("status", "headers", "picture", "picture_count"))
    fault = {"fault": "read_timeout", "fault_text": "ReadTimeout: ", "elapsed_s": 100.1}
    return told(identity, at, **nothing, **(fault | fields))


def read(line):
    """The account that a line tells; raises ValueError."""
    return account.of(fields.check(line, fields.LINE))
