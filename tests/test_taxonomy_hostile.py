"""Nothing that a reply can hold raises, costs more than its length allows, or passes for a picture."""

import json
import os
import pathlib
import sys

import hypothesis
import hypothesis.strategies as st
import pytest

from probe import model, taxonomy
from probe.taxonomy import unwrap

SIZE = 60_000
BOMBS = {
    "braces": "{" * SIZE,
    "brackets": "[" * SIZE,
    "objects": '{"a":' * (SIZE // 5),
    "messages in messages": '{"error":{"message":"' * (SIZE // 21),
    "escaped quotes": '{\\"error\\":' * (SIZE // 11),
    "backslashes": "{" + "\\" * SIZE,
    "quotes": '"' * SIZE,
    "tags": "<html>" + "<p " * (SIZE // 3),
    "scripts": "<html>" + "<script>" * (SIZE // 8),
    "commas": "{a: b" + "," * SIZE,
    "spaces": "{" + " " * SIZE + "x",
    "events": "data: {\n\n" * (SIZE // 9),
    "ids": "request id: " * (SIZE // 12),
    "waits": "try again in " * (SIZE // 13),
    "statuses": "error code: " * (SIZE // 12),
    "money": "insufficient " * (SIZE // 13),
    "models": "model `" * (SIZE // 7),
    "Chinese": "额度" * (SIZE // 2),
    "surrogates": "\ud800" * SIZE,
    "many speakers": json.dumps([{"message": "rate limit"}] * (SIZE // 25)),
    "digits": '{"a": ' + "9" * SIZE + "}",
    "markdown": json.dumps({"content": "![" * (SIZE // 2)}),
}


@pytest.mark.parametrize("status", [None, 200, 500])
@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_judged_and_is_no_picture(text, status):
    verdict = taxonomy.judge(model.Evidence(status=status, text=text, fault_text=text[: SIZE // 4]))
    assert verdict.kind is not model.Kind.OK
    json.dumps(verdict.detail + verdict.rule).encode()


def calls_of(work):
    """How many functions, Python's and C's, are called."""
    count = 0

    def counting(frame, event, argument):
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(counting)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_work_grows_no_faster_than_the_text(text):
    pieces = [text[: SIZE // 4], text]
    small, large = (
        calls_of(lambda body=body: taxonomy.judge(model.Evidence(status=500, text=body))) for body in pieces
    )
    assert large <= 5 * small + 500


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_what_lies_beyond_the_limit_costs_nothing(text):
    few, many = (
        calls_of(lambda body=body: taxonomy.judge(model.Evidence(status=500, text=body)))
        for body in (text * 2, text * 8)
    )
    assert many <= few * 1.5 + 500


def test_a_very_long_text_is_cut_before_it_is_read():
    assert len(unwrap.shorten("word " * 1_000_000)) <= unwrap.TEXT_LIMIT + 1


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["error", "message", "code", "details", "status", "data", "url", "content", "x"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
pieces = st.sampled_from(
    ['{"error":', "{'message': '", '\\"', "}", "]", "[", "rate limit", "429", " <html>", "data: ", "\n\n", "request id: ", "try again in 5s", "\ud800", "额度不足", "\\u0000", "null", ","]
)  # fmt: skip


@hypothesis.settings(max_examples=150, deadline=None, derandomize=True, database=None)
@hypothesis.given(
    st.dictionaries(
        st.sampled_from(["status", "headers", "body", "exception", "elapsed_s", "request", "observed"]), anything
    )
)
def test_no_object_at_the_door_raises(reply):
    assert taxonomy.judge(taxonomy.evidence_of(reply)).kind in model.Kind


@hypothesis.settings(max_examples=200, deadline=None, derandomize=True, database=None)
@hypothesis.given(
    st.lists(pieces | st.text(max_size=10), max_size=25).map("".join), st.sampled_from([None, 200, 400, 500])
)
def test_no_text_raises(text, status):
    verdict = taxonomy.judge(model.Evidence(status=status, text=text, fault_text=text[::-1]))
    assert verdict.retry_after_s is None or 0 <= verdict.retry_after_s <= 3600
    assert all(len(value) <= 128 and value.isascii() for _, value in verdict.request_ids.all())


@hypothesis.settings(max_examples=100, deadline=None, derandomize=True, database=None)
@hypothesis.given(anything)
def test_a_document_reads_the_same_from_json_and_from_python_repr(tree):
    hypothesis.assume(isinstance(tree, dict))
    text = json.dumps({"error": {"message": "Rate limit reached for m on images per min"}, "more": tree})
    assert taxonomy.judge(model.Evidence(status=400, text=text)).kind in model.Kind
    said = repr({"error": {"message": "Billing hard limit has been reached"}})
    assert taxonomy.judge(model.Evidence(status=400, text=f"BadRequest: {said}")).kind == "quota_exhausted"


HOSTILE = os.environ.get("TIERWATCH_HOSTILE")
needs_hostile = pytest.mark.skipif(not HOSTILE, reason="TIERWATCH_HOSTILE names no folder")


def files(*folders):
    return [
        path for folder in folders for path in sorted((pathlib.Path(HOSTILE) / folder).rglob("*")) if path.is_file()
    ]


@needs_hostile
@pytest.mark.parametrize("status", [200, 500])
def test_no_hostile_json_body_raises_or_is_a_picture(status):
    for path in files("json"):
        text = path.read_bytes().decode("utf-8", "replace")
        verdict = taxonomy.judge(model.Evidence(status=status, headers={"content-type": "application/json"}, text=text))
        expected = {"no_image", "malformed_response", "gateway_error"} if status == 200 else set(model.Kind) - {"ok"}
        assert verdict.kind in expected, path.name


@needs_hostile
def test_valid_json_without_a_picture_is_no_image_and_invalid_json_is_malformed():
    for path in files("json/test_parsing"):
        text = path.read_bytes().decode("utf-8", "replace")
        kind = taxonomy.judge(model.Evidence(status=200, text=text)).kind
        if path.name.startswith("y_"):
            assert kind == "no_image", path.name
        elif path.name.startswith("n_"):
            assert kind == "malformed_response", path.name


@needs_hostile
def test_no_raw_http_reply_raises_or_is_a_picture():
    for path in files("http/curl", "http/llhttp"):
        raw = path.read_bytes().decode("latin-1")
        head, _, body = raw.partition("\r\n\r\n")
        status = head[9:12]
        facts = {"status": int(status) if status.isdecimal() else None, "body": body, "exception": head}
        assert taxonomy.judge(taxonomy.evidence_of(facts)).kind is not model.Kind.OK, path.name


@needs_hostile
def test_no_naughty_string_raises_in_any_field():
    lists = pathlib.Path(HOSTILE) / "lists"
    strings = json.loads((lists / "blns.json").read_text(encoding="utf-8"))
    for name in ("xss.txt", "traversal.txt", "ssrf.txt", "csv-formulas.txt"):
        strings += [line.decode("utf-8", "replace") for line in (lists / name).read_bytes().split(b"\n")[::10]]
    for string in strings:
        reply = {
            "status": 500,
            "headers": {"x-request-id": string, "retry-after": string},
            "body": string,
            "exception": string,
        }
        verdict = taxonomy.judge(taxonomy.evidence_of(reply))
        assert verdict.kind is not model.Kind.OK, string
        assert all(value.isascii() and value.isprintable() for _, value in verdict.request_ids.all())
