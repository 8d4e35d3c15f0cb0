"""A gateway's log over a period: paging, windows, quirks, busy gateways, and where reading goes on."""

import asyncio
import collections
import datetime as dt
import json
import urllib.parse

import httpx
import pytest

from probe import client, clock, model
from probe.config import schema, secrets
from probe.gatewaylogs import pull

SINCE = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
KEY = secrets.Secret("system-token")


def log(kind="apiyi", url="http://127.0.0.1:1", user=""):
    return schema.GatewayLog(kind=kind, url=url, key_env="K", user=user)


def row(n, at, **fields):
    known = {
        "request_id": f"{at:%Y%m%d%H%M%S}{n:09d}abcdefgh", "created_at": int(at.timestamp()), "type": 2,
        "model_name": "gpt-image-2-vip", "quota": 15_000, "duration_for_view": 90, "use_time": 90, "error_code": "",
        "token_group": "default", "group": "default", "content": "大小 3840x2160, 品质 high, 生成数量 1", "other": "{}",
    }  # fmt: skip
    return known | fields


class Gateway:
    """What `Asking` talks to: rows by time, newest first, as the kind of gateway pages them."""

    def __init__(self, rows, *, size_key="pageSize", largest=1000, first_page=0, usual=10, script=()):
        self.rows = sorted(rows, key=lambda each: -each["created_at"])
        self.size_key, self.largest, self.first_page, self.usual = size_key, largest, first_page, usual
        self.script = collections.deque(script)  # statuses to answer first
        self.asked = []

    async def send(self, request, *, key, deadline_s, cap_bytes):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(request.url).query))
        self.asked.append((request, query))
        if self.script and (status := self.script.popleft()) != 200:
            return model.Reply(status=status, body=b"busy")
        since, until = int(query.get("start_timestamp", 0)), int(query.get("end_timestamp", 2**40))
        if until - since > 86_400 and self.size_key == "pageSize":
            return self.answer({"success": False, "message": "查询时间跨度不能超过 1 天"})
        found = [each for each in self.rows if since <= each["created_at"] <= until]
        size = min(int(query.get(self.size_key, self.usual)), self.largest)
        first = (int(query.get("p", self.first_page)) - self.first_page) * size
        return self.answer({"success": True, "message": "", "data": found[first : first + size]})

    def answer(self, body):
        return model.Reply(status=200, body=json.dumps(body).encode())


class Impatient(clock.RealClock):
    async def sleep(self, seconds):
        return


def pulled(gateway, settings=None, *, since=SINCE, until=SINCE + 3 * DAY, names=()):
    async def go():
        found = pull.pages(settings or log(), gateway, KEY, Impatient(), since, until, names)
        return [page async for page in found]

    return asyncio.run(go())


def names(pages):
    return [one.ids[0] for page in pages for one in page.rows]


def hourly(count, **fields):
    return [row(n, SINCE + dt.timedelta(hours=n), **fields) for n in range(count)]


def test_each_day_is_one_window_and_every_row_comes_once():
    gateway = Gateway(hourly(72))
    pages = pulled(gateway)
    assert sorted(names(pages)) == sorted(each["request_id"] for each in gateway.rows)
    assert [page.read_until for page in pages] == [SINCE + n * DAY for n in (1, 2, 3)]
    assert len(gateway.asked) == 3


def test_a_busy_day_takes_several_pages(monkeypatch):
    rows = [row(n, SINCE + dt.timedelta(seconds=n)) for n in range(2500)]
    gateway = Gateway(rows)
    pages = pulled(gateway, until=SINCE + DAY)
    assert len(names(pages)) == len(set(names(pages))) == 2500
    assert [page.read_until for page in pages] == [None, None, SINCE + DAY]


def test_a_gateway_that_ignores_the_page_size_is_paged_by_what_it_gives():
    gateway = Gateway(hourly(24), size_key="page_size")  # the camel-case word is not known to it
    pages = pulled(gateway, until=SINCE + DAY)
    assert len(set(names(pages))) == 24
    assert len(gateway.asked) == 3


def test_a_full_last_page_is_followed_by_one_look_more():
    gateway = Gateway(hourly(10))
    pulled(gateway, until=SINCE + DAY)
    assert len(gateway.asked) == 2


def test_rows_that_push_others_to_the_next_page_are_not_taken_twice():
    rows = [row(n, SINCE + dt.timedelta(seconds=n)) for n in range(1500)]
    gateway = Gateway(rows)
    real = gateway.send

    async def growing(request, **options):
        answer = await real(request, **options)
        gateway.rows.insert(0, row(9000 + len(gateway.asked), SINCE + dt.timedelta(hours=23)))
        return answer

    gateway.send = growing
    found = names(pulled(gateway, until=SINCE + DAY))
    assert len(found) == len(set(found))
    assert {each["request_id"] for each in rows} <= set(found)


def test_what_is_no_request_is_counted_apart_and_what_has_no_time_is_bad():
    rows = [
        row(1, SINCE),
        row(2, SINCE, type=1),
        row(3, SINCE, type=11),
        row(4, SINCE, type=6),
        row(5, SINCE, model_name=""),
    ]
    (page,) = pulled(Gateway(rows), until=SINCE + DAY)
    assert (len(page.rows), page.aside, len(page.bad)) == (1, 3, 1)


def test_a_row_without_an_id_is_named_by_what_it_says():
    rows = [row(1, SINCE, request_id=None, id=7), row(2, SINCE, request_id=None, id=8, use_time=91)]
    first = names(pulled(Gateway(rows), until=SINCE + DAY))
    again = names(pulled(Gateway([each | {"id": 900} for each in rows]), until=SINCE + DAY))
    assert first == again
    assert len(set(first)) == 2
    assert all(name.startswith("row-") for name in first)


def test_new_api_is_asked_for_an_account_with_its_number_and_pages_from_one():
    gateway = Gateway(hourly(250), size_key="page_size", largest=100, first_page=1)
    pages = pulled(gateway, log("new-api", user="42"), until=SINCE + 12 * DAY)
    assert len(set(names(pages))) == 250
    request, query = gateway.asked[0]
    assert (request.headers["new-api-user"], query["p"], query["page_size"]) == ("42", "1", "100")


def test_the_log_of_one_new_api_key_is_its_newest_rows_and_says_so():
    gateway = Gateway(hourly(1000), size_key="", usual=1000)
    (page,) = pulled(gateway, log("new-api"), since=SINCE - DAY, until=SINCE + 10 * DAY)
    assert len(page.rows) == 240
    assert "shows the newest 1,000 requests of a key only, back to 2026-08-01 00:00 UTC" in page.note


def test_errors_of_new_api_are_rows_of_type_5():
    other = json.dumps({"error_code": "do_request_failed", "status_code": 500})
    (page,) = pulled(Gateway([row(1, SINCE, type=5, other=other, quota=0)], size_key="", usual=1000), log("new-api"))
    (one,) = page.rows
    assert (one.error, one.status, one.charged_usd) == ("do_request_failed", 500, 0.0)


def test_openrouter_is_asked_for_each_known_generation():
    class OpenRouter(Gateway):
        async def send(self, request, **_options):
            self.asked.append(request.url)
            if "gen-2" in request.url:
                return model.Reply(status=404, body=b"{}")
            data = {"id": "gen-1", "model": "google/gemini", "created_at": "2026-08-01T00:00:00Z", "total_cost": 0.15}
            tries = [{"status": 503}, {"status": 200}]
            return self.answer({"data": {**data, "generation_time": 9000, "provider_responses": tries}})

    gateway = OpenRouter([])
    (page,) = pulled(gateway, log("openrouter"), names=["gen-1", "gen-2"])
    (one,) = page.rows
    assert (one.charged_usd, one.duration_s, one.attempts) == (0.15, 9.0, 2)
    assert len(gateway.asked) == 2


def test_a_busy_gateway_is_asked_again():
    gateway = Gateway(hourly(5), script=[429, 503, 200])
    assert len(names(pulled(gateway, until=SINCE + DAY))) == 5
    assert len(gateway.asked) == 3


def test_a_day_that_a_gateway_cannot_answer_is_asked_for_in_halves():
    gateway = Gateway(hourly(24), script=[500] * 4)
    pages = pulled(gateway, until=SINCE + DAY)
    assert len(set(names(pages))) == 24
    assert [page.read_until for page in pages] == [SINCE + DAY / 2, SINCE + DAY]


def test_a_gateway_that_stays_busy_is_given_up_with_a_remedy():
    with pytest.raises(pull.BusyError, match=r"did not answer \(HTTP 500\). Try again later"):
        pulled(Gateway([], script=[500] * 1000), until=SINCE + DAY)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, {"success": False, "message": "invalid"}, "system token of the profile page"),
        (200, {"success": False, "message": "无效的令牌"}, "system token of the profile page"),
        (200, {"success": False, "message": "数据库错误"}, "HTTP 200: 数据库错误"),
        (404, {}, "HTTP 404"),
    ],
)
def test_a_refusal_is_told_in_the_gateways_words_with_the_remedy(status, body, words):
    class Refusing(Gateway):
        async def send(self, *_args, **_options):
            return model.Reply(status=status, body=json.dumps(body).encode())

    with pytest.raises(pull.PullError, match=words):
        pulled(Refusing([]))


@pytest.mark.parametrize("before", ["bad token ", "x" * 190 + " "])
def test_a_token_that_a_refusal_quotes_is_not_told(before):
    class Quoting(Gateway):
        async def send(self, *_args, key, **_options):
            return self.answer({"success": False, "message": before + key.reveal()})

    with pytest.raises(pull.PullError) as caught:
        pulled(Quoting([]))
    assert KEY.reveal()[:8] not in str(caught.value)


def test_a_gateway_that_pages_for_ever_is_not_followed(monkeypatch):
    monkeypatch.setattr(pull, "MOST_PAGES", 20)

    class Endless(Gateway):
        async def send(self, *_args, **_options):
            self.asked.append(1)
            at = SINCE + dt.timedelta(seconds=len(self.asked))
            return self.answer({"success": True, "data": [row(n + 10 * len(self.asked), at) for n in range(10)]})

    with pytest.raises(pull.PullError, match="more than 20 pages"):
        pulled(Endless([]), until=SINCE + DAY)


def test_the_stand_in_answers_as_apiyi_over_http(standin):
    url = standin("start = 2026-08-01T00:00:00Z\n[[steady]]\nlatency_s = { median = 1, sigma = 0 }")
    order = {"model": "gpt-image-2-vip", "prompt": "a", "size": "1280x720"}
    with httpx.Client(trust_env=False, verify=False, timeout=10) as http:
        ids = [
            http.post(f"{url}/v1/images/generations", json=order, headers={"authorization": "Bearer k"}).headers[
                "request-id"
            ]
            for _ in range(3)
        ]

    async def go():
        http = client.Client(clock.RealClock())
        found = pull.pages(log(url=url), http, KEY, clock.RealClock(), SINCE, SINCE + DAY)
        pages = [page async for page in found]
        await http.aclose()
        return pages

    assert set(names(asyncio.run(go()))) == set(ids)
