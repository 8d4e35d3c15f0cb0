"""What goes wrong below the SDKs: raw connections, bodies and pages."""

import base64
import json
import socket
import time

import httpx
import pytest

from probe.standin import replies, scenario

ORDER = {"model": "gpt-image-2", "prompt": "a tabby cat", "size": "1280x720"}
KEY = {"authorization": "Bearer sk-test"}


def failing(reply, median=1):
    latency = f"latency_s = {{ median = {median}, sigma = 0 }}"
    return f"[[steady]]\nsuccess = 0\n{latency}\nfailures = {{ {reply} = 1.0 }}"


WIRE = httpx.Client(trust_env=False, verify=False, headers=KEY, timeout=10)
"""One for all tests: a client that verifies certificates takes long to make."""


@pytest.fixture(scope="module", autouse=True)
def _closed_at_the_end():
    yield
    WIRE.close()


def post(url, body=ORDER):
    return WIRE.post(f"{url}/v1/images/generations", json=body)


def stream(url):
    return WIRE.stream("POST", f"{url}/v1/images/generations", json=ORDER)


def test_a_truncated_body_is_shorter_than_it_was_announced(standin):
    with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection without sending complete message body"):
        post(standin(failing("truncated-body")))


def test_a_reset_is_a_reset(standin):
    url = httpx.URL(standin(failing("reset")))
    with socket.create_connection((url.host, url.port)) as raw:
        raw.sendall(request())
        with pytest.raises(ConnectionResetError):
            raw.recv(1)


def test_a_closed_connection_ends_without_a_byte(standin):
    url = httpx.URL(standin(failing("closed")))
    with socket.create_connection((url.host, url.port)) as raw:
        raw.sendall(request())
        assert raw.recv(1) == b""


def request():
    body = json.dumps(ORDER).encode()
    head = f"POST /v1/images/generations HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize(("reply", "least"), [("stall", 100_000), ("drip", 1)])
def test_a_body_that_never_ends_begins_well(standin, reply, least):
    received = 0
    with stream(standin(failing(reply))) as answer:
        assert answer.status_code == 200
        for chunk in answer.iter_raw():
            received += len(chunk)
            if received >= least:
                break
    assert least <= received < int(answer.headers["content-length"])


def test_a_stalled_body_times_out(standin):
    with pytest.raises(httpx.ReadTimeout):
        WIRE.post(standin(failing("stall")) + "/v1/images/generations", json=ORDER, timeout=0.2)


def test_an_oversized_body_is_larger_than_tierwatch_reads(standin):
    with stream(standin(failing("oversized"))) as answer:
        assert sum(len(chunk) for chunk in answer.iter_raw()) > 64 * 1024 * 1024


def test_what_is_no_http_is_no_http(standin):
    with pytest.raises(httpx.RemoteProtocolError):
        post(standin(failing("not-http")))


def test_a_broken_encoding_does_not_decode(standin):
    with pytest.raises(httpx.DecodingError):
        post(standin(failing("bad-gzip")))


@pytest.mark.parametrize(
    ("reply", "status", "content_type", "words"),
    [
        ("nginx-504", 504, "text/html", "504 Gateway Time-out"),
        ("cloudflare-524", 524, "text/html", "Error code 524"),
        ("html-200", 200, "text/html", "<!DOCTYPE html>"),
        ("openai-sse-error", 200, "text/event-stream", "server_error"),
        ("not-json", 200, "application/json", "OK"),
        ("shell-api-write-reset", 500, "text/plain", "write_response_body_failed"),
        ("vertex-resource-exhausted-array", 429, "application/json", "[{"),
    ],
)
def test_pages_and_texts_come_as_what_they_are(standin, reply, status, content_type, words):
    answer = post(standin(failing(reply)))
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith(content_type)
    assert words in answer.text


def test_an_edges_own_page_carries_no_id_of_the_api_behind_it(standin):
    answer = post(standin(failing("cloudflare-524")))
    assert answer.headers["cf-ray"] in answer.text
    assert "x-request-id" not in answer.headers


def test_a_redirect_is_a_redirect(standin):
    answer = post(standin(failing("redirect")))
    assert (answer.status_code, answer.headers["location"]) == (302, "https://login.example.com/")


def test_bad_base64_stands_in_good_json(standin):
    (entry,) = post(standin(failing("bad-base64"))).json()["data"]
    with pytest.raises(ValueError, match="base64"):
        base64.b64decode(entry["b64_json"], validate=True)


def test_every_named_reply_can_be_served_over_http(standin):
    plain = [row for row in replies.catalogue().values() if not (row.act or row.pictured)]
    shares = {row.name: 1 / len(plain) for row in plain}
    url = standin(
        {"steady": [{"success": 0, "latency_s": {"median": 0.001, "sigma": 0}, "failures": shares}]}, speed=1e5
    )
    assert {400, 401, 403, 429, 500, 502, 503, 200} <= {post(url).status_code for _ in range(80)}


def test_latencies_shrink_with_speed(standin):
    began = time.monotonic()
    answer = post(standin(failing("processing_error", median=60), speed=600))
    # 60 s at 600 times real time; a processing error takes 0.5 to 1.2 times as long as a picture.
    assert int(answer.headers["openai-processing-ms"]) >= 30_000
    assert time.monotonic() - began >= 0.05


@pytest.mark.parametrize(
    ("personality", "status", "words"),
    [
        ("openai", 401, "You didn't provide an API key"),
        ("new-api", 401, "Invalid token"),
        ("shell-api", 401, "无效的令牌"),
    ],
)
def test_a_request_without_a_key_is_refused(standin, personality, status, words):
    url = standin(f'[[channel]]\nname = "a"\nmodel = "gpt-image-2"\npersonality = "{personality}"')
    answer = WIRE.post(f"{url}/v1/images/generations", json=ORDER, headers={"authorization": ""})
    assert answer.status_code == status
    assert words in answer.json()["error"]["message"]


def test_a_body_that_is_no_json_object_is_refused(standin):
    answer = WIRE.post(standin() + "/v1/images/generations", content=b"[1]")
    assert answer.status_code == 400
    assert "could not parse the JSON body" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("rows", "model", "failed"),
    [
        ('[[steady]]\nchannel = "gpt-image-*"', "gpt-image-2", True),
        ('[[steady]]\nchannel = "vip"', "gpt-image-2-vip", True),
        ('[[channel]]\nname = "vip"\nmodel = "other"\n[[steady]]\nchannel = "vip"', "other", True),
        ('[[channel]]\nname = "a"\nmodel = "other"\n[[steady]]\nchannel = "*"\ntier = "4k-*"', "gpt-image-2", False),
    ],
)
def test_a_request_finds_its_path_by_channel_then_by_glob(standin, rows, model, failed):
    url = standin(rows + "\nsuccess = 0\nlatency_s = { median = 1, sigma = 0 }")
    assert (post(url, {**ORDER, "model": model}).status_code >= 500) is failed


@pytest.mark.parametrize(
    ("size", "quality", "tier"),
    [
        ("1280x720", "low", "1k-low"),
        ("1280x1280", "medium", "1k-medium"),
        ("1536x1024", "auto", "1k-low"),
        ("2048x2048", "high", "2k-high"),
        ("2880x2880", "high", "4k-high"),
        ("2160x3840", "low", "4k-low"),
    ],
)
def test_a_request_finds_the_nearest_built_in_tier(standin, size, quality, tier):
    url = standin(f'[[steady]]\n[[steady]]\ntier = "{tier}"\nsuccess = 0\nlatency_s = {{ median = 1, sigma = 0 }}')
    assert post(url, {**ORDER, "size": size, "quality": quality}).status_code == 500


def test_a_request_that_is_refused_does_not_count_on_its_path(standin):
    plan = "[[steady]]\nsuccess = 0.5\nlatency_s = { median = 1, sigma = 0 }"
    calm, refused = standin(plan, seed=3), standin(plan, seed=3)
    first = [post(calm).status_code for _ in range(6)]
    second = []
    for _ in range(6):
        assert post(refused, {**ORDER, "size": "1x1"}).status_code == 400
        second.append(post(refused).status_code)
    assert first == second
    assert len(set(first)) == 2


def test_scenario_time_starts_at_the_first_request(standin):
    from probe import clock

    plan = scenario.load(scenario.find("hang"))
    time_of_test = clock.FastClock(plan.start, 1000)
    table = {
        "start": plan.start,
        "incident": [{"from": plan.start, "until": plan.end, "success": 0, "latency_s": {"median": 1.0, "sigma": 0.0}}],
    }
    assert post(standin(table)).status_code == 500
    assert post(standin(table, time=time_of_test)).status_code == 500
