"""The pre-screen: flagged, clean, or not checked; an outage is never clean."""

import asyncio
import base64
import json

import pytest
import triage_samples as samples

from probe import client, clock, model, moderation
from probe.config import schema, secrets


def screened(url, prompt, picture=None):
    async def go():
        http = client.Client(clock.RealClock())
        spec = schema.Moderation(base_url=f"{url}/v1")
        try:
            return await moderation.screen(prompt, picture, spec, http, secrets.Secret(samples.KEY))
        finally:
            await http.aclose()

    return asyncio.run(go())


def test_a_flagged_prompt_is_flagged_with_its_categories(standin):
    found = screened(standin(), "a lolicon drawing")
    assert (found.state, set(found.categories)) == ("flagged", {"sexual", "sexual/minors"})


def test_a_harmless_prompt_is_clean(standin):
    assert screened(standin(), "a tabby cat", b"\x89PNG...") == moderation.Screen("clean")


def test_an_outage_is_not_checked():
    found = screened("http://127.0.0.1:9", "a tabby cat")
    assert (found.state, found.again) == ("not checked", True)


def test_a_picture_that_is_too_large_is_not_sent():
    found = screened("http://127.0.0.1:9", "x", b"0" * (moderation.PICTURE_CAP_BYTES + 1))
    assert found.reason == "the picture is over 20 MB"


def test_the_reference_picture_goes_along_as_a_data_url():
    sent = []

    class Http:
        async def send(self, request, **_):
            sent.append(json.loads(request.body))
            return model.Reply(status=503)

    picture = b"RIFF....WEBPxx"
    asyncio.run(moderation.screen("a cat", picture, schema.Moderation(), Http(), secrets.Secret("sk-x")))
    text, image = sent[0]["input"]
    assert text == {"type": "text", "text": "a cat"}
    assert image["image_url"]["url"] == f"data:image/webp;base64,{base64.b64encode(picture).decode()}"


def reply(body, status=200, **headers):
    return model.Reply(
        status=status, headers=headers, body=body if isinstance(body, bytes) else json.dumps(body).encode()
    )


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"<html>"),
        reply(b"[" * 100_000),
        reply({"results": []}),
        reply({"results": [{"flagged": "no"}]}),
        reply({"results": [{}]}),
        reply([]),
        reply({"error": {}}, 401),
        reply({"error": {}}, 503),
    ],
)
def test_an_answer_that_cannot_be_read_is_not_checked_and_says_why(answer):
    (found,) = moderation.read(answer, 1)
    assert found.state == "not checked"
    assert found.reason


@pytest.mark.parametrize(
    ("headers", "pause_s"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "Tue, 24 Nov 2026 12:00:30 GMT", "date": "Tue, 24 Nov 2026 12:00:00 GMT"}, 30.0),
        ({"retry-after": "86400"}, 120.0),
        ({"retry-after": "nan"}, None),
    ],
)
def test_a_busy_service_names_its_pause(headers, pause_s):
    (found,) = moderation.read(reply({}, 429, **headers), 1)
    assert (found.again, found.retry_after_s) == (True, pause_s)


def test_a_refused_key_is_not_asked_again():
    assert not moderation.read(reply({}, 401), 1)[0].again


def test_categories_come_worst_first():
    result = {
        "flagged": True,
        "categories": {"hate": True, "violence": True, "sexual": False},
        "category_scores": {"hate": 0.5, "violence": 1},
    }
    assert moderation.one(result).categories == ("violence", "hate")
