"""Gateways' own logs: asked over HTTP as they want it, read as they answer, never a reason to fail."""

import asyncio
import dataclasses
import datetime as dt
import json

import pytest
import triage_samples as samples

from probe import client, clock, gatewaylogs, model
from probe.config import secrets
from probe.gatewaylogs import apiyi, entry, new_api, openrouter

START = dt.datetime(2026, 8, 13, tzinfo=dt.UTC)
WANTED = gatewaylogs.Wanted(("20260813024100123456789AbCdEfGh",), samples.AT, "gpt-image-2-vip", samples.AT)
UNNAMED = dataclasses.replace(WANTED, ids=())


def reply(body, status=200):
    return model.Reply(status=status, body=body if isinstance(body, bytes) else json.dumps(body).encode())


def row(**fields):
    known = {
        "request_id": WANTED.ids[0],
        "created_at": int(samples.AT.timestamp()) + 212,
        "model_name": "gpt-image-2-vip",
        "quota": 15_000,
        "duration_for_view": 212,
        "use_time": 212,
        "error_code": "",
        "type": 2,
    }
    return known | fields


def test_apiyi_is_asked_with_the_bare_key_within_its_window():
    (request,) = apiyi.requests(Log("apiyi", "https://api.apiyi.com"), WANTED)
    assert request.bare_key
    assert request.url.startswith("https://api.apiyi.com/api/log/self?p=0&start_timestamp=")
    assert "request_id=20260813024100123456789AbCdEfGh" in request.url
    first, last = (int(request.url.split(f"{name}_timestamp=")[1].split("&")[0]) for name in ("start", "end"))
    assert last - first <= 86_400


def test_a_finished_row_tells_duration_and_charge():
    found = apiyi.read(reply({"success": True, "data": [row()]}), WANTED)
    assert (found.state, found.duration_s, found.charged_usd, found.billed) == ("finished", 212, 0.03, True)


def test_an_error_row_is_a_failure_that_was_not_billed():
    found = apiyi.read(reply({"success": True, "data": [row(error_code="bad_response", quota=0)]}), WANTED)
    assert (found.state, found.error, found.billed) == ("failed", "bad_response", False)


def test_what_looks_like_a_key_is_taken_out_of_what_a_log_says():
    key, row_of = "sk-0123456789abcdefghijkl", row(error_code="x" * 190 + " sk-0123456789abcdefghijkl", quota=0)
    found = apiyi.read(reply({"success": True, "data": [row_of]}), WANTED)
    refused = apiyi.read(reply({"success": False, "message": f"bad key {key}"}), WANTED)
    assert found.error.endswith(" [key]")
    assert refused.reason == "HTTP 200: bad key [key]"


def test_new_api_marks_errors_by_type_and_hides_the_code_in_a_string():
    other = json.dumps({"error_code": "do_request_failed"})
    found = new_api.read(reply({"success": True, "data": [row(type=5, quota=0, other=other)]}), WANTED)
    assert (found.state, found.error) == ("failed", "do_request_failed")


def test_a_row_of_another_request_is_not_ours():
    assert apiyi.read(reply({"success": True, "data": [row(request_id="other")]}), WANTED).state == "absent"


def test_without_an_id_model_and_time_find_the_only_row_that_fits():
    found = apiyi.read(reply({"success": True, "data": [row(), row(created_at=1), row(model_name="x")]}), UNNAMED)
    assert (found.state, found.by_time) == ("finished", True)


def test_two_rows_that_fit_are_none_and_no_sign_that_it_never_arrived():
    found = apiyi.read(reply({"success": True, "data": [row(), row()]}), UNNAMED)
    assert (found.state, found.reason) == ("unanswered", "2 requests of this model began then, and ours has no id")


@pytest.mark.parametrize(
    ("read", "page"), [(apiyi.read, 10), (apiyi.read, 200), (new_api.read, 100), (new_api.read, 1000)]
)
@pytest.mark.parametrize("wanted", [WANTED, UNNAMED])
@pytest.mark.parametrize(("oldest_s", "state"), [(300, "unanswered"), (-5, "absent")])
def test_a_full_page_tells_that_it_never_arrived_only_where_it_reaches_back(read, page, wanted, oldest_s, state):
    ends = [int(samples.AT.timestamp()) + oldest_s + number for number in reversed(range(page))]
    rows = [row(request_id="other", duration_for_view=1, use_time=1, created_at=end, model_name="x") for end in ends]
    assert read(reply({"success": True, "data": rows}), wanted).state == state
    assert read(reply({"success": True, "data": rows[1:]}), wanted).state == "absent"


def test_a_new_api_account_is_asked_for_its_log_by_its_number():
    log = Log("new-api", "https://gw.example", user="42")
    (named,), (timed,) = (new_api.requests(log, wanted) for wanted in (WANTED, UNNAMED))
    for request in (named, timed):
        assert request.url.startswith("https://gw.example/api/log/self?p=1&page_size=100&start_timestamp=")
        assert request.headers == {"new-api-user": "42"}
    assert f"request_id={WANTED.ids[0]}" in named.url
    assert "model_name=gpt-image-2-vip" in timed.url


@pytest.mark.parametrize(
    "answer",
    [
        reply({"success": False, "message": "access token is invalid"}),
        reply({"success": False, "message": "You are not authorized"}, 401),
        reply(b"<html>", 502),
        reply(b"[" * 100_000),
        reply({"data": 7}, 500),
    ],
)
def test_a_log_that_cannot_be_read_is_unanswered_with_the_reason(answer):
    found = new_api.read(answer, WANTED)
    assert found.state == "unanswered"
    assert found.reason


@pytest.mark.parametrize("value", [None, "x", [], {}, True, float("nan"), 1e300, -1, "0001-01-01T00:00+14:00"])
def test_hostile_values_in_a_row_are_left_out(value):
    found = apiyi.row({"request_id": value, "created_at": value, "duration_for_view": value, "quota": value})
    assert found.duration_s is None or found.duration_s >= 0
    assert found.charged_usd == 0


def test_openrouter_is_asked_by_its_own_ids_and_answers_in_milliseconds():
    wanted = dataclasses.replace(WANTED, ids=("gen-1a", "other"))
    (request,) = openrouter.requests(Log("openrouter", "https://openrouter.ai"), wanted)
    assert request.url == "https://openrouter.ai/api/v1/generation?id=gen-1a"
    body = {"data": {"id": "gen-1a", "total_cost": 0.151, "generation_time": 43_000, "finish_reason": "stop"}}
    found = openrouter.read(reply(body), wanted)
    assert (found.state, found.duration_s, found.charged_usd) == ("finished", 43.0, 0.151)


@pytest.mark.parametrize(
    ("body", "status", "state"),
    [
        ({"error": {"message": "Generation gen-1a not found"}}, 404, "absent"),
        ({"data": {"cancelled": True}}, 200, "failed"),
        ({"data": {"finish_reason": "content_filter"}}, 200, "failed"),
        ({"data": None}, 200, "unanswered"),
        ({}, 401, "unanswered"),
    ],
)
def test_openrouter_tells_absent_failed_and_unanswered_apart(body, status, state):
    assert openrouter.read(reply(body, status), WANTED).state == state


@pytest.mark.parametrize("kind", sorted(gatewaylogs.GATEWAY_LOGS))
def test_nothing_is_asked_where_there_is_nothing_to_ask_for(kind):
    wanted = gatewaylogs.Wanted((), None, "m", samples.AT)
    assert list(gatewaylogs.GATEWAY_LOGS[kind].requests(Log(kind, "https://x.example"), wanted)) == []


@dataclasses.dataclass
class Log:
    kind: str
    url: str
    user: str = ""


def ask(kind, url, wanted):
    async def go():
        http = client.Client(clock.RealClock())
        try:
            return await gatewaylogs.ask(Log(kind, url), wanted, http, secrets.Secret(samples.KEY))
        finally:
            await http.aclose()

    return asyncio.run(go())


@dataclasses.dataclass
class Answering:
    """A client to which every gateway answers so."""

    body: dict

    async def send(self, *_args, **_options):
        return reply(self.body)


SCENE = """
start = 2026-08-13T00:00:00Z
[[channel]]
name = "vip"
model = "gpt-image-2-vip"
personality = "shell-api"
[[steady]]
success = 0
latency_s = { median = 80, sigma = 0 }
failures = { REPLY = 1.0 }
"""


@pytest.mark.parametrize("kind", ["apiyi", "new-api"])
@pytest.mark.parametrize(
    ("reply_name", "state", "charged_usd"),
    [("nginx-504", "finished", 0.03), ("shell-api-unknown-error", "failed", 0.0)],
)
def test_the_stand_ins_log_is_found_over_http(standin, kind, reply_name, state, charged_usd):
    import httpx

    url = standin(SCENE.replace("REPLY", reply_name))
    order = {"model": "gpt-image-2-vip", "prompt": "a harbour", "size": "3840x2160", "quality": "high"}
    auth = {"authorization": f"Bearer {samples.KEY}"}
    with httpx.Client(trust_env=False, verify=False) as web:
        web.post(f"{url}/v1/images/generations", json=order, headers=auth)
        # Scenario time runs a thousand times faster; wait until the log knows of it.
        for _ in range(100):
            found = ask(kind, url, gatewaylogs.Wanted((), START, "gpt-image-2-vip", START))
            if found.state != "absent":
                break
    assert (found.state, found.charged_usd, found.by_time) == (state, charged_usd, True)


TOKEN = "system-token-0123456789abcdef"


@pytest.mark.parametrize(
    "body", [{"success": False, "message": f"no such token {TOKEN}"}, {"data": [row(error_code=f"for {TOKEN}")]}]
)
def test_a_token_that_a_log_quotes_is_not_told(body):
    log = Log("apiyi", "https://gw.example")
    found = asyncio.run(gatewaylogs.ask(log, WANTED, Answering(body), secrets.Secret(TOKEN)))
    assert (found.reason or found.error).endswith(" [key]")


def test_a_dead_log_is_unanswered():
    assert ask("apiyi", "http://127.0.0.1:9", WANTED).state == "unanswered"


def test_an_entry_says_nothing_of_who_asked():
    assert samples.KEY not in repr(entry.Entry("finished"))
