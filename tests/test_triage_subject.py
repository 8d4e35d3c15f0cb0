"""Which request is meant: an id, a pasted reply, the latest failure; read whatever somebody copied."""

import json

import pytest
import triage_samples as samples

from probe import model, prompts, records
from probe.records import history
from probe.triage import subject

HINTS = subject.Hints("vip", "4k-high")


@pytest.fixture
def past(tmp_path):
    with records.open(tmp_path / "t.db") as book:
        book.store_all([samples.judged("ours-1"), samples.judged("ours-2", samples.PICTURE, minutes=5)])
    with history.open(tmp_path / "t.db") as opened:
        yield opened


@pytest.mark.parametrize("name", ["ours-1", "20260813024100123456789AbCdEfGh", "2026081302410"])
def test_any_id_finds_the_stored_request(past, name):
    found = subject.by_id(name, past, HINTS)
    assert (found.outcome.id, found.path, found.sent_at) == ("ours-1", samples.VIP, samples.AT)


def test_an_unknown_id_keeps_what_the_person_said_of_it(past):
    found = subject.by_id("req_nobody_knows", past, HINTS)
    assert (found.verdict, found.outcome, found.path) == (None, None, samples.VIP)


def test_the_latest_failure_of_a_path_is_found(past):
    assert subject.latest_failure(samples.VIP, past, HINTS).outcome.id == "ours-1"


def test_a_prompt_that_was_sent_with_its_line_break_is_taken_with_it():
    sent = samples.judged("o", trigger=model.Trigger.OWN_TRAFFIC, prompt_id=subject.hashed("a cat\n", b"key"))
    about = subject.stored(sent, "o", subject.Hints(prompt="a cat"))
    assert subject.with_prompt_checked(about, b"key").prompt == "a cat\n"


def test_the_prompt_of_a_canary_is_known_whatever_is_given():
    canary = samples.judged("c", prompt_id=prompts.PROMPTS[0].id)
    assert subject.stored(canary, "c", subject.Hints(prompt="a cat")).prompt == prompts.PROMPTS[0].text


def test_a_path_without_a_failure_says_so(past):
    with pytest.raises(model.UserError, match="nano/4k-high has no failed request"):
        subject.latest_failure(samples.NANO, past, HINTS)


def test_a_pasted_reply_whose_id_is_stored_is_that_request(past):
    text = "Error code: 500 - upstream error (request id: 20260813024100123456789AbCdEfGh)"
    assert subject.pasted(text, past, HINTS, samples.AT).outcome.id == "ours-1"


def test_curl_output_gives_status_headers_and_body():
    found = subject.read("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nx-request-id: req_9\r\n\r\nslow down")
    assert (found.status, found.headers["retry-after"], found.text) == (429, "7", "slow down")


def test_a_reply_as_classify_takes_it_is_read_whole():
    found = subject.read(json.dumps({"status": 504, "body": "x", "elapsed_s": 60.2}))
    assert (found.status, found.elapsed_s, found.text) == (504, 60.2, "x")


def test_an_sdk_exception_tells_its_status():
    assert subject.read("openai.InternalServerError: Error code: 500 - {'error': {}}").status == 500


def test_a_json_body_is_a_body():
    body = json.dumps({"error": {"message": "no", "code": "x"}, "status": "failed"})
    assert subject.read(body).text == body


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\x00\x1b[2J", "HTTP/9.9 999\nx"])
def test_anything_can_be_pasted(text):
    assert subject.pasted(text, None, HINTS, samples.AT).verdict is not None


def test_a_pasted_reply_without_a_time_is_taken_as_now_and_says_so():
    found = subject.pasted("oops", None, HINTS, samples.AT)
    assert (found.sent_at, found.assumed_now) == (samples.AT, True)


def test_the_prompt_of_a_canary_is_known_and_that_of_own_traffic_is_not():
    canary = subject.stored(samples.judged("c", prompt_id="harbour-1"), "c", HINTS)
    assert canary.canary
    assert canary.prompt.startswith("A photograph of a small fishing harbour")
    mine = subject.stored(samples.judged("o", trigger=model.Trigger.OWN_TRAFFIC, prompt_id="own-1f"), "o", HINTS)
    assert (mine.canary, mine.prompt) == (False, None)


def test_prompts_are_in_no_repr():
    hints = subject.Hints(prompt=samples.PROMPT)
    assert samples.PROMPT not in repr(hints)
    assert samples.PROMPT not in repr(samples.about(prompt=samples.PROMPT))
