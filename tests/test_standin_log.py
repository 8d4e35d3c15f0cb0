"""The gateway's own log: what was asked, made and billed, whoever was still there."""

import json

import httpx
import pytest

ORDER = {"model": "gpt-image-2-vip", "prompt": "a tabby cat", "size": "1280x720"}
KEY = {"authorization": "Bearer sk-test"}
TOKEN = {"authorization": "system-token"}


WIRE = httpx.Client(trust_env=False, verify=False, timeout=10)
"""One for all tests: a client that verifies certificates takes long to make."""


@pytest.fixture(scope="module", autouse=True)
def _closed_at_the_end():
    yield
    WIRE.close()


def order(url, **options):
    return WIRE.post(f"{url}/v1/images/generations", json=ORDER, headers=KEY, **options)


def look_up(url, headers=TOKEN, address="/api/log/self", **query):
    return WIRE.get(url + address, params=query, headers=headers)


def failing(reply, median=5):
    latency = f"latency_s = {{ median = {median}, sigma = 0 }}"
    return f"[[steady]]\nsuccess = 0\n{latency}\nfailures = {{ {reply} = 1.0 }}"


def test_a_request_is_found_by_its_id_with_its_price_and_duration(standin):
    url = standin("[[steady]]\nlatency_s = { median = 90, sigma = 0 }")
    request_id = order(url).headers["request-id"]
    order(url)
    answer = look_up(url, request_id=request_id).json()
    assert answer["success"] is True
    (row,) = answer["data"]
    assert row["request_id"] == request_id
    assert row["quota"] == 15_000  # 0.03 USD at 500,000 a dollar
    assert row["duration_for_view"] == 90
    assert row["error_code"] == ""
    assert json.loads(row["other"])["request_path"] == "/v1/images/generations"


def test_a_failure_is_logged_with_its_code_and_costs_nothing(standin):
    url = standin(failing("processing_error"))
    request_id = order(url).headers["request-id"]
    (row,) = look_up(url, request_id=request_id).json()["data"]
    assert row["error_code"]
    assert row["content"].startswith("An error occurred while processing your request.")  # the error's own words
    assert row["quota"] == 0


def test_what_was_made_is_billed_though_the_client_had_left(standin):
    url = standin(failing("timeout", median=200), speed=1000)
    with pytest.raises(httpx.ReadTimeout):
        order(url, timeout=0.1)
    rows = []
    while not rows:  # it shows once the picture is ready upstream, 0.2 s after it was ordered
        rows = look_up(url).json()["data"]
    assert (rows[0]["quota"], rows[0]["duration_for_view"], rows[0]["error_code"]) == (15_000, 200, "")


def test_what_an_edge_cut_off_is_billed_too(standin):
    url = standin(failing("nginx-504", median=90))
    assert order(url).status_code == 504
    rows = []
    while not rows:
        rows = look_up(url).json()["data"]
    assert (rows[0]["quota"], rows[0]["duration_for_view"]) == (15_000, 90)


def test_only_pagesize_in_camel_case_sets_the_page(standin):
    url = standin("[[steady]]\nlatency_s = { median = 1, sigma = 0 }\nsuccess = 0")
    for _ in range(12):
        order(url)
    assert len(look_up(url).json()["data"]) == 10
    assert len(look_up(url, page_size=100).json()["data"]) == 10
    assert len(look_up(url, pageSize=100).json()["data"]) == 12
    assert len(look_up(url, pageSize=5, p=2).json()["data"]) == 2
    refused = look_up(url, pageSize=5001).json()
    assert refused == {"success": False, "message": "每页条数不能超过 5000"}


def test_a_window_is_at_most_a_day(standin):
    url = standin("start = 2026-01-05T00:00:00Z\n[[steady]]\nlatency_s = { median = 1, sigma = 0 }")
    order(url)
    start = 1_767_571_200  # 2026-01-05
    assert len(look_up(url, start_timestamp=start, end_timestamp=start + 86_400).json()["data"]) == 1
    assert len(look_up(url, start_timestamp=start - 86_400, end_timestamp=start - 1).json()["data"]) == 0
    assert look_up(url, start_timestamp=start - 86_400, end_timestamp=start + 86_400).json()["success"] is False


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer system-token"}, {"authorization": "bad"}])
def test_the_look_up_wants_a_raw_token(standin, headers):
    answer = look_up(standin(), headers)
    assert answer.status_code == 401
    assert answer.json()["success"] is False


def test_new_api_lists_errors_as_rows_of_type_5(standin):
    url = standin(failing("overloaded"))
    order(url)
    (row,) = look_up(url, KEY, "/api/log/token").json()["data"]
    assert row["type"] == 5
    assert json.loads(row["other"])["status_code"] == 429
    assert look_up(url, {"authorization": "Bearer bad"}, "/api/log/token").status_code == 401


def test_usage_adds_up_what_was_billed(standin):
    url = standin("[[steady]]\nlatency_s = { median = 1, sigma = 0 }")
    order(url)
    order(url)
    data = look_up(url, KEY, "/api/usage/token/").json()["data"]
    assert data["total_used"] == 30_000
    assert data["total_granted"] - data["total_used"] == data["total_available"]
