"""A reply is taken apart down to its innermost speaker, whatever it is wrapped in."""

import json

import pytest

from probe import model, taxonomy
from probe.taxonomy import relaxed, unwrap

INNER = {"error": {"code": 400, "message": "Thinking is not enabled for models/m", "status": "INVALID_ARGUMENT"}}


def innermost(text):
    return unwrap.unwrap(text).layers[-1]


def nested(times):
    """The inner error as JSON in the message of a JSON, and so on."""
    body = json.dumps(INNER)
    for level in range(times):
        body = json.dumps({"error": {"message": f"relay {level}: {body}", "type": "upstream_error"}})
    return body


@pytest.mark.parametrize("times", [0, 1, 2, 3, 4])
def test_json_within_strings_is_read_to_the_fourth_wrapping(times):
    found = unwrap.unwrap(nested(times))
    assert len(found.layers) == times + 1
    assert found.layers[-1].message == "Thinking is not enabled for models/m"
    assert found.layers[-1].status == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("array", json.dumps([INNER])),
        ("inside of an object", json.dumps(INNER)[1:-1]),
        ("inside of an object with a comma", json.dumps(INNER)[1:-1] + ","),
        ("python repr", f"ClientError: 400 - {INNER!r}"),
        (
            "python repr in double quotes",
            """Error code: 400 - {'error': {'message': "it's Thinking is not enabled for models/m"}}""",
        ),
        ("javascript", "{error: {code: 400, message: Thinking is not enabled for models/m, status: INVALID_ARGUMENT}}"),
        ("sdk prefix", f"got status: 400 . {json.dumps(INNER)}"),
        ("escaped once", "upstream said " + json.dumps(INNER).replace('"', '\\"')),
        ("escaped twice", "upstream said " + json.dumps(INNER).replace('"', '\\\\"')),
        ("unescaped in quotes", '{"error":"' + json.dumps(INNER) + '"}'),
        (
            "openrouter",
            json.dumps(
                {"error": {"message": "Provider returned error", "code": 400, "metadata": {"raw": json.dumps(INNER)}}}
            ),
        ),
        ("event stream", f"event: error\ndata: {json.dumps(INNER)}\n\ndata: [DONE]\n\n"),
        ("byte order mark", "\ufeff" + json.dumps(INNER)),
    ],
)
def test_the_innermost_message_is_found_in(name, text):
    assert "Thinking is not enabled for models/m" in innermost(text).message


@pytest.mark.parametrize("kept", range(40, len(json.dumps(INNER)), 7))
def test_a_cut_body_still_gives_the_words_that_came(kept):
    whole = "Thinking is not enabled for models/m"
    said = innermost(json.dumps(INNER)[:kept]).message
    assert said
    assert whole.startswith(said)


def test_a_page_within_json_gives_its_words():
    page = "<html><head><title>Tunnel error</title><style>p {color: red}</style></head><body><script>x()</script><p>Error 1033</p></body></html>"
    found = unwrap.unwrap(json.dumps({"success": False, "error": {"message": page}}))
    assert found.layers[-1].message == "Tunnel error Error 1033"
    assert (
        taxonomy.judge(model.Evidence(status=530, text=json.dumps({"error": {"message": page}}))).kind
        == "gateway_error"
    )


def test_details_keep_their_keys_and_values():
    details = [
        {"@type": "x/google.rpc.QuotaFailure", "violations": [{"quotaId": "RequestsPerDay"}]},
        {"retryDelay": "41s"},
    ]
    layer = innermost(json.dumps({"error": {"message": "m", "details": details}}))
    assert layer.detail("quotaId") == ("RequestsPerDay",)
    assert layer.detail("retryDelay") == ("41s",)


def test_what_the_caller_sent_is_not_taken_for_an_answer():
    body = json.dumps(
        {"error": "Internal Server Error", "requestParameters": {"prompt": "rejected by the safety system"}}
    )
    assert taxonomy.judge(model.Evidence(status=500, text=body)).kind == "processing_error"


def test_the_head_of_a_well_known_sentence_is_completed():
    said = "Unexpected token 'R', \"Request En\"... is not valid JSON"
    assert taxonomy.judge(model.Evidence(fault_text=said)).kind == "payload_too_large"


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ('{"a": 1}', "json"),
        ("[]", "json"),
        ("<!DOCTYPE html><p>hello", "html"),
        ("data: {}\n\n", "events"),
        ("plain words", "text"),
        ("{'a': 1}", "broken"),
        ('{"a": NaN}', "broken"),
        ('{"a": 1', "cut"),
    ],
)
def test_the_shape_of_a_body(text, shape):
    assert unwrap.unwrap(text).shape == shape


@pytest.mark.parametrize(
    ("body", "pictures", "links"),
    [
        ({"data": [{"b64_json": "iVBORw0KGgo..."}]}, 1, 0),
        ({"data": [{"b64_json": "<11442376 base64 characters>"}]}, 1, 0),
        ({"data": [{"b64_json": "", "url": "https://h.example/a.png"}]}, 0, 1),
        ({"data": [{"url": "data:image/png;base64,iVBO"}]}, 1, 0),
        (
            {"candidates": [{"content": {"parts": [{"inlineData": {"data": "x"}}, {"inlineData": {"data": "y"}}]}}]},
            2,
            0,
        ),
        ({"candidates": [{"content": {"parts": [{"thought": True, "inlineData": {"data": "x"}}]}}]}, 0, 0),
        ({"choices": [{"message": {"images": [{"image_url": {"url": "data:image/png;base64,..."}}]}}]}, 1, 0),
        ({"choices": [{"message": {"content": "![a](data:image/png;base64,iVBO)"}}]}, 1, 0),
        ({"choices": [{"message": {"content": "![a](https://h.example/a.png)"}}]}, 0, 1),
        ({"output": [{"type": "image_generation_call", "result": "iVBO"}]}, 1, 0),
        ({"images": ["iVBO", "https://h.example/b.png"]}, 1, 1),
        ({"data": []}, 0, 0),
    ],
)
def test_pictures_and_links_are_counted(body, pictures, links):
    found = unwrap.unwrap(json.dumps(body))
    assert (found.pictures, found.links) == (pictures, links)


def test_drafts_of_a_stream_are_no_pictures():
    draft = '{"type": "image_generation.partial_image", "b64_json": "iVBO"}'
    final = '{"type": "image_generation.completed", "b64_json": "iVBO"}'
    stream = f"event: image_generation.partial_image\ndata: {draft}\n\n"
    assert unwrap.unwrap(stream).pictures == 0
    assert unwrap.unwrap(stream + f"event: image_generation.completed\ndata: {final}\n\n").pictures == 1


def test_a_long_body_keeps_its_head_and_its_end():
    text = "head " + "words. " * 40_000 + "Billing hard limit has been reached"
    short = unwrap.shorten(text)
    assert len(short) <= unwrap.TEXT_LIMIT + 1
    assert short.startswith("head ")
    assert short.endswith("has been reached")


def test_base64_is_left_out_and_counted():
    assert unwrap.shorten('{"b64_json": "' + "A" * 9_000 + '"}') == '{"b64_json": "<9000 base64 characters>"}'


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("{'a': None, 'b': True}", {"a": None, "b": True}),
        ('{"a": "cut', {"a": "cut"}),
        ('{a: one, b: 2 words, c: ["x", 3]}', {"a": "one", "b": "2 words", "c": ["x", "3"]}),
        ("@{Message={'error': 'no'}}"[1:], {"Message": {"error": "no"}}),
        ('{"a": "\\u6587\\n"}', {"a": "文\n"}),
        ("{}", {}),
    ],
)
def test_the_forgiving_reader_reads(text, tree):
    assert relaxed.read(text, 0) == (tree, len(text))


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": -Infinity}', "[" * 100_000, '{"a":', "{'a': 1}"])
def test_strict_json_refuses(text):
    with pytest.raises(ValueError, match=r"."):
        relaxed.strict(text)


def test_a_number_of_thousands_of_digits_is_read_as_infinite():
    assert relaxed.strict("9" * 5_000) == float("inf")
