"""Every named reply, served over HTTP and read by tierwatch itself, means what the catalogue says."""

import asyncio
import dataclasses
import datetime as dt

import pytest

from probe import client, clock, model, picture, protocols, run, taxonomy
from probe.config import schema, secrets
from probe.standin import pictures, replies, voices

SPEED = 100.0
DEADLINE_S, SHORT_DEADLINE_S = 1200.0, 30.0  # the short one is for what never comes
AT_ONCE_S = 5.0
PROMPT = "a tabby cat asleep on a stack of newspapers"
NAMED = [row for row in replies.catalogue().values() if row.kind is not model.Kind.OK]


def spoken_by(row):
    """Personality and protocol in which a reply is at home."""
    gemini = row.protocol == "gemini" or row.voice in {"google", "vertex"}
    protocol = "gemini" if gemini else "openai-images"
    return (row.voice if row.voice in voices.PERSONALITIES else voices.ORIGINALS[protocol]), protocol


def model_name(row):
    prefix = "gemini-3.1-flash-image" if spoken_by(row)[1] == "gemini" else "gpt-image-2"
    return f"{prefix}-{row.name}"


@pytest.fixture(scope="module")
def judged(all_replies):
    """Verdict by name of reply: all are asked for at once."""

    async def ask():
        ticking = clock.FastClock(dt.datetime(2026, 1, 5, tzinfo=dt.UTC), SPEED)
        http = client.Client(ticking)
        gate = asyncio.Semaphore(8)

        async def one(row):
            async with gate:
                return await verdict(http, all_replies, row)

        try:
            return dict(zip((row.name for row in NAMED), await asyncio.gather(*map(one, NAMED)), strict=True))
        finally:
            await http.aclose()

    return asyncio.run(ask())


async def verdict(http, url, row):
    protocol = spoken_by(row)[1]
    name = model_name(row)
    pixels = (1376, 768) if protocol == "gemini" else (1280, 720)
    words = {"image_size": "1K", "aspect_ratio": "16:9"} if protocol == "gemini" else {"quality": "low"}
    order = model.Order(protocol, name, *pixels, **words)
    base_url = url if protocol == "gemini" else f"{url}/v1"
    channel = schema.Channel(name="a", protocol=protocol, base_url=base_url, model=name, key_env="KEY")
    request = protocols.request(channel, order, PROMPT, None)
    deadline_s = SHORT_DEADLINE_S if row.act in {"hang", "stall", "drip"} else DEADLINE_S
    reply = await http.send(request, key=secrets.Secret("sk-test"), deadline_s=deadline_s)
    read = protocols.read(reply, order)
    seen = picture.inspect(read.picture, order) if read.picture is not None else None
    canary = model.Canary("x", model.Path("a", "1k-low"), model.Trigger.MANUAL, order, "cat", PROMPT)
    evidence = run.evidence_of(reply, read, seen, canary, str)
    if row.kind is model.Kind.MODERATION_INPUT:
        # A prompt is refused at once, and one reply is told by that alone: a busy machine must not stretch fast time.
        evidence = dataclasses.replace(evidence, elapsed_s=min(evidence.elapsed_s, AT_ONCE_S))
    return taxonomy.judge(evidence)


@pytest.fixture(scope="module")
def all_replies(module_standin):
    """One stand-in with one channel for each named reply."""
    pictures.picture(64, 64, "warm")  # the textures take a second, which would count as latency
    calm = {"latency_s": {"median": 33.0, "sigma": 0.0}}  # far from the time walls at 30 and 60 s
    return module_standin(
        {
            "channel": [
                {"name": row.name, "model": model_name(row), "personality": spoken_by(row)[0]} for row in NAMED
            ],
            "steady": [{"channel": row.name, "success": 0, "failures": {row.name: 1.0}, **calm} for row in NAMED],
        },
        speed=SPEED,
    )


@pytest.mark.parametrize("name", [row.name for row in NAMED])
def test_a_named_reply_is_judged_as_the_kind_it_stands_for(judged, name):
    assert judged[name].kind is replies.catalogue()[name].kind
