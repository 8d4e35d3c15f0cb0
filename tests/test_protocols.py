"""Protocols: what is asked for, and what is read from an answer."""

import base64
import json
import random

import pytest

from probe import model, protocols, run, taxonomy
from probe.config import providers, schema, secrets
from probe.protocols import reading

PNG = b"\x89PNG\r\n\x1a\n" + bytes(300)
B64 = base64.b64encode(PNG).decode()


def channel(protocol="openai-images", **fields):
    return schema.Channel(
        name="c", protocol=protocol, base_url=fields.pop("base_url", "https://gw.example/v1"), model="m", **fields
    )


def reply(body, status=200):
    return model.Reply(status=status, body=body if isinstance(body, bytes) else json.dumps(body).encode())


def read(body, protocol="openai-images", status=200):
    return protocols.read(reply(body, status), model.Order(protocol, "m"))


def test_an_openai_order_has_the_tiers_pixels_and_quality():
    order = protocols.PROTOCOLS["openai-images"].order(channel(), schema.BUILT_IN_TIERS["4k-high"])
    assert (order.width_px, order.height_px, order.quality, order.size) == (3840, 2160, "high", "3840x2160")


@pytest.mark.parametrize(
    ("image_size", "aspect_ratio", "pixels"),
    [
        ("1K", "1:1", (1024, 1024)),
        ("2K", "16:9", (2752, 1536)),
        ("4K", "16:9", (5504, 3072)),
        ("4K", "3:2", (5056, 3392)),
        ("512", "2:3", (424, 632)),
        ("512", "21:9", (792, 336)),
        ("4K", "8:1", (12288, 1536)),
    ],
)
def test_a_gemini_order_has_googles_pixels(image_size, aspect_ratio, pixels):
    tier = schema.TierSpec(image_size=image_size, aspect_ratio=aspect_ratio)
    order = protocols.PROTOCOLS["gemini"].order(channel("gemini"), tier)
    assert (order.width_px, order.height_px) == pixels
    assert order.quality is None


def test_an_openai_request_never_sends_response_format_nor_a_key():
    order = model.Order("openai-images", "m", 1024, 1024, quality="low")
    request = protocols.request(channel(), order, "a lighthouse")
    assert request.url == "https://gw.example/v1/images/generations"
    assert json.loads(request.body) == {
        "model": "m",
        "prompt": "a lighthouse",
        "n": 1,
        "size": "1024x1024",
        "quality": "low",
    }
    assert request.auth_header == "authorization"
    assert "authorization" not in request.headers


def test_an_openai_edit_is_multipart_with_the_reference_picture():
    order = model.Order("openai-images", "m", 1024, 1024, quality="low", operation="edit")
    request = protocols.request(channel(), order, "add a boat", PNG)
    assert request.url.endswith("/images/edits")
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert PNG in request.body
    assert b'name="prompt"\r\n\r\nadd a boat' in request.body


@pytest.mark.parametrize(
    ("picture", "kind"),
    [(PNG, b"png"), (b"\xff\xd8\xff\xe0" + bytes(40), b"jpeg"), (b"RIFF\x10\0\0\0WEBPVP8 " + bytes(40), b"webp")],
)
def test_the_reference_picture_of_an_edit_is_named_by_its_real_type(picture, kind):
    order = model.Order("openai-images", "m", 1024, 1024, operation="edit")
    request = protocols.request(channel(), order, "add a boat", picture)
    assert b'filename="reference.%b"\r\nContent-Type: image/%b\r\n\r\n%b' % (kind, kind, picture) in request.body
    order = model.Order("gemini", "m", image_size="1K", aspect_ratio="1:1", operation="edit")
    sent = json.loads(protocols.request(channel("gemini"), order, "add a boat", picture).body)
    assert sent["contents"][0]["parts"][1]["inlineData"]["mimeType"] == f"image/{kind.decode()}"


def test_a_gemini_request_asks_for_pictures_only_and_sets_no_token_limit():
    order = model.Order("gemini", "gemini-3.1-flash-image", 5504, 3072, image_size="4K", aspect_ratio="16:9")
    request = protocols.request(channel("gemini", base_url="https://gw.example"), order, "a lighthouse")
    assert request.url == "https://gw.example/v1beta/models/gemini-3.1-flash-image:generateContent"
    sent = json.loads(request.body)
    assert sent["generationConfig"] == {
        "responseModalities": ["IMAGE"],
        "imageConfig": {"aspectRatio": "16:9", "imageSize": "4K"},
    }


@pytest.mark.parametrize(
    ("base_url", "header"),
    [
        ("https://generativelanguage.googleapis.com", "x-goog-api-key"),
        ("https://api.apiyi.com", "authorization"),
        ("https://googleapis.com.evil.example", "authorization"),
    ],
)
def test_gemini_keys_travel_as_the_host_wants_them(base_url, header):
    order = model.Order("gemini", "m", image_size="1K", aspect_ratio="1:1")
    assert protocols.request(channel("gemini", base_url=base_url), order, "x").auth_header == header


def test_an_openai_answer_gives_picture_echo_and_image_tokens():
    seen = read(
        {
            "data": [{"b64_json": B64}],
            "size": "1024x1024",
            "quality": "low",
            "usage": {"output_tokens": 999, "output_tokens_details": {"image_tokens": 196}},
        }
    )
    assert (seen.picture, seen.picture_count, seen.image_tokens) == (PNG, 1, 196)
    assert (seen.echoed_size, seen.echoed_quality) == ("1024x1024", "low")


@pytest.mark.parametrize(
    ("cost", "charged_usd"),
    [(0.06, 0.06), (0, 0.0), (-1, None), (True, None), ("0.06", None), (1e9, None), (float("nan"), None), ([], None)],
)
def test_what_the_answer_says_it_cost_is_read_where_it_can_be_a_price(cost, charged_usd):
    assert read({"data": [{"b64_json": B64}], "usage": {"cost": cost}}).charged_usd == charged_usd


def test_a_picture_is_left_out_of_the_text():
    seen = read({"created": 1, "data": [{"b64_json": B64}]})
    assert f"<{len(B64)} base64 characters>" in seen.text
    assert B64 not in seen.text


@pytest.mark.parametrize(
    "prefix",
    [
        "data:image/png;base64,",
        "data:image/PNG;base64,",
        "data:application/octet-stream;base64,",
        "data:image/png;name=a.png;base64,",
        "data:;base64,",
        "",
    ],
)
def test_a_data_prefix_is_stripped(prefix):
    assert read({"data": [{"b64_json": prefix + B64}]}).picture == PNG


def test_a_link_only_answer_names_the_link_and_counts_no_picture():
    seen = read({"data": [{"url": "https://pictures.example/1.png", "b64_json": ""}]})
    assert (seen.picture, seen.picture_count, seen.picture_url) == (None, 0, "https://pictures.example/1.png")


@pytest.mark.parametrize(
    "body", [{"data": []}, {"data": None}, {"created": 1}, {"data": [{"b64_json": ""}]}, {"data": "x"}]
)
def test_an_answer_without_picture_counts_none(body):
    seen = read(body)
    assert (seen.picture_count, seen.fault) == (0, None)


@pytest.mark.parametrize("encoded", ["<html>no</html>", "a-b_c", "abc", "é"])
def test_bad_base64_is_a_fault(encoded):
    assert read({"data": [{"b64_json": encoded}]}).fault is model.Fault.BAD_BASE64


@pytest.mark.parametrize("body", [b"{", b"[NaN]", b"\xff\xfe", b"[" * 100_000, b"1" * 5000, b""])
def test_a_success_that_is_no_json_is_a_fault(body):
    assert read(body).fault is model.Fault.BAD_JSON


def test_an_error_page_is_kept_as_text_without_a_fault():
    seen = read(b"<html><title>502 Bad Gateway</title></html>", status=502)
    assert (seen.fault, seen.picture_count) == (None, 0)
    assert "502 Bad Gateway" in seen.text


def test_no_half_of_a_key_stands_where_the_text_is_cut():
    key = "sk-" + "0123456789abcdefghijklmnop"
    for before in range(reading.TEXT_CAP_BYTES - 40, reading.TEXT_CAP_BYTES + 1):
        text = secrets.scrubbed(reading.text_of(b" " * before + key.encode() + b" and more" * 5))
        assert "sk-" not in text


def test_text_is_cut_and_nul_is_marked():
    assert len(reading.text_of(b"a\x00" * 50_000)) <= reading.TEXT_CAP_BYTES
    assert "\x00" not in reading.text_of(b"a\x00b")


@pytest.mark.parametrize("inline", ["inlineData", "inline_data"])
def test_the_last_gemini_picture_that_is_no_draft_counts(inline):
    draft = {"inlineData": {"data": base64.b64encode(b"draft").decode()}, "thought": True}
    parts = [{"text": "thinking"}, draft, {inline: {"mimeType": "image/jpeg", "data": B64}}]
    body = {
        "candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}],
        "usageMetadata": {"candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 2520}]},
    }
    seen = read(body, "gemini")
    assert (seen.picture, seen.picture_count, seen.image_tokens) == (PNG, 1, 2520)


def in_a_text_part(text):
    return read({"candidates": [{"content": {"parts": [{"text": text}]}}]}, "gemini")


@pytest.mark.parametrize("around", ["{}", ' {} "a title"', "\n{}\n"])
def test_a_markdown_picture_in_a_text_part_is_found(around):
    assert in_a_text_part(f"here: ![a]({around.format(f'data:image/png;base64,{B64}')})").picture == PNG


@pytest.mark.parametrize("around", ["{}", ' {} "a title"'])
def test_a_markdown_link_in_a_text_part_names_the_link_and_counts_no_picture(around):
    link = "https://pictures.example/1.png?x=(1"
    seen = in_a_text_part(f"here: ![a]({around.format(link)})")
    assert (seen.picture, seen.picture_count, seen.picture_url, seen.fault) == (None, 0, link, None)


def test_a_plain_link_in_a_text_part_is_no_picture():
    assert in_a_text_part("see [our rules](https://pictures.example/rules)").picture_url is None


@pytest.mark.parametrize(
    "body",
    [
        {"candidates": None},
        {"candidates": [{"content": {"parts": None}}]},
        {"candidates": [{}]},
        {"promptFeedback": {}},
        [],
    ],
)
def test_gemini_answers_with_gaps_count_no_picture(body):
    assert not read(body, "gemini").picture_count


@pytest.mark.parametrize("tokens", [-1, 1e30, True, "196", None, 10**12])
def test_reported_counts_are_trusted_only_when_sane(tokens):
    assert read({"data": [], "usage": {"output_tokens": tokens}}).image_tokens is None


def test_config_knows_exactly_the_protocols_of_the_table():
    assert set(providers.PROTOCOLS) == set(protocols.PROTOCOLS)


@pytest.mark.parametrize(
    "body",
    [
        b'"data:image/png;base64,"',
        b'[{"b64_json": "iVBORw0KGgo="}]',
        b'{"usage": {"b64_json": "iVBORw0KGgo="}}',
        b'data: {"b64_json": "iVBORw0KGgo="}\n\n',
    ],
)
def test_a_success_in_which_no_picture_was_found_is_never_ok(body):
    order = model.Order("openai-images", "m", 1024, 1024, "low")
    answered = reply(body)
    found = protocols.read(answered, order)
    canary = model.Canary("id", model.Path("vip", "1k-low"), model.Trigger.MANUAL, order, "p", "harbour")
    assert found.picture_count == 0
    assert taxonomy.judge(run.evidence_of(answered, found, None, canary, str)).kind is not model.Kind.OK


@pytest.mark.parametrize("value", [b"[]", b"{}", b"0", b'""'])
def test_json_of_very_many_values_is_refused_before_it_is_read(value):
    with pytest.raises(ValueError, match="too many values"):
        reading.parse(b"[" + (value + b",") * 200_000 + value + b"]")


def test_a_large_picture_is_not_taken_for_many_values():
    body = b'{"data":[{"b64_json":"' + b"A" * 10_000_000 + b'"}]}'
    assert len(reading.parse(body)["data"][0]["b64_json"]) == 10_000_000


def test_the_kept_text_is_the_body_with_its_base64_runs_told_by_length():
    draw = random.Random(7)
    for _ in range(300):
        parts = [
            draw.choice(
                [b"A" * draw.randrange(700), b"<p>" * draw.randrange(900), b'{"x": "', b"\xff\x00", b"+/=" * 200]
            )
            for _ in range(draw.randrange(40))
        ]
        body = b"".join(parts)
        whole = reading.BASE64_RUN.sub(lambda run: b"<%d base64 characters>" % len(run[0]), body)
        expected = whole[: reading.TEXT_CAP_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd")
        if len(whole) > reading.TEXT_CAP_BYTES:
            expected = expected.rstrip(secrets.KEY_CHARACTERS)
        assert reading.text_of(body) == expected
