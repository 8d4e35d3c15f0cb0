"""Lines of own traffic: what is read, what is refused and why, and to which path a request belongs."""

import dataclasses
import json

import own_samples as samples
import pytest

from probe import model, taxonomy
from probe.own import account, formats, litellm, mapping
from probe.recorder import facts

KEY = b"0" * 32


def test_a_line_says_what_was_ordered_and_what_came():
    found = samples.read(samples.told())
    assert found.evidence.order == model.Order("openai-images", "gpt-image-2-vip", 3840, 2160, "high")
    assert (found.evidence.picture.width_px, found.evidence.picture_count) == (3840, 1)
    assert (found.host, found.latency_s, found.sent_at) == ("api.apiyi.com", 90.5, samples.AT)


def test_an_account_comes_back_from_the_line_it_is_written_to():
    gateway = {"kind": "apiyi", "id": "x", "began_at": samples.AT.isoformat(), "model": "m", "charged_usd": 0.03}
    lines = [
        samples.told(),
        samples.failed(),
        samples.unanswered(),
        samples.told(model="gemini-3.1-flash-image", image_size="4K", aspect_ratio="16:9", size=None, quality=None),
        samples.told(
            operation="edit", n=3, batch="b", prompt_id="own-0123456789abcdef", gateway=gateway, channel="vip"
        ),
    ]
    for line in lines:
        found = samples.read(line)
        assert samples.read(json.loads(json.dumps(account.line(found)))) == found


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"schema_version": 2}, "schema_version: Input should be 1"),
        ({"id": ""}, "id: String should have at least 1"),
        ({"id": 7}, "id: Input should be a valid string"),
        ({"model": None}, "model: "),
        ({"sent_at": "yesterday"}, "sent_at: no time with its zone"),
        ({"sent_at": "2026-08-13T02:41:00"}, "with its zone"),
        ({"sent_at": "0001-01-01T00:00:00+14:00"}, "with its zone"),
        ({"sent_at": "9999-12-31T23:59:59-14:00"}, "with its zone"),
        ({"elapsed_s": -1}, "elapsed_s: Input should be greater than or equal to 0"),
        ({"elapsed_s": float("nan")}, "elapsed_s: Input should be"),
        ({"elapsed_s": True}, "elapsed_s: Input should be a valid number"),
        ({"status": 99}, "status: Input should be greater than or equal to 100"),
        ({"status": 200.5}, "status: Input should be a valid integer"),
        ({"fault": "boom"}, "fault: Input should be 'deadline'"),
        ({"prompt_id": "a red car on a bridge"}, "prompt_id: no keyed hash .own- and 16 hex digits"),
        ({"gateway": {"kind": "apiyi"}}, "gateway.id: Field required"),
        ({"charged_usd": "free"}, "charged_usd: Input should be a valid number"),
    ],
)
def test_a_bad_line_says_what_is_wrong_with_it(fields, reason):
    with pytest.raises(ValueError, match=reason):
        samples.read(samples.told(**fields) | {name: value for name, value in fields.items() if value is None})


@pytest.mark.parametrize("text", ["", "[]", "7", "{", "[" * 100_000, '{"a": 1}', "null"])
def test_what_is_no_line_at_all_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - any words
        formats.read(text, None)


@pytest.mark.parametrize("url", ["http://[x", "https://a\u2100b.com/", "no address"])
def test_a_request_to_no_address_has_no_host(url):
    assert samples.read(samples.told(url=url)).host == ""


def test_what_looks_like_a_key_is_taken_out():
    key = "sk-0123456789abcdefghijkl"
    found = samples.read(samples.failed(text=f"bad key {key}", headers={"x-request-id": key, "set-cookie": "a"}))
    assert key not in str(found)
    assert "set-cookie" not in found.evidence.headers


@pytest.mark.parametrize("most", [account.TEXT_CHARACTERS, litellm.TEXT_CHARACTERS, account.WORD_CHARACTERS])
def test_half_a_key_where_a_text_is_cut_is_taken_out_too(most):
    text = "." * (most - 12 - 1) + " sk-0123456789abcdefghijkl"
    error = {"error_code": "500", "error_message": text}
    for found in (
        samples.read(samples.failed(text=text, headers={"location": text})),
        told(payload(error_information=error)),
    ):
        assert "sk-012345678 " not in f"{found} "
        assert "sk-012345678'" not in str(found)


def test_faults_of_the_callers_side_are_excluded_and_time_outs_are_not():
    def excluded(fault):
        return samples.read(samples.told(fault=fault, status=None)).excluded

    assert excluded("own_pool") is model.Exclusion.OWN_POOL
    assert excluded("cancelled") is model.Exclusion.CANCELLED
    assert excluded("dns") is model.Exclusion.LOCAL_NETWORK
    assert excluded("read_timeout") is None
    assert not samples.read(samples.told(fault="refused", status=None)).evidence.sent


@pytest.fixture
def places(tmp_path):
    return mapping.Map(samples.settings(tmp_path))


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({}, "vip/4k-high"),
        ({"size": "2160x3840"}, "vip/4k-high"),
        ({"size": "2880x2880"}, "vip/4k-high"),
        ({"size": "2048x2048"}, "vip/2k-high"),
        ({"size": "1024x1024", "quality": "low"}, "vip/1k-low"),
        ({"size": "1536x1024", "quality": None}, "vip/1k-low"),
        ({"size": "1024x1024", "quality": "auto"}, "vip/1k-low"),
        ({"size": "1024x1024"}, "vip/1k-high"),  # not watched, and a path all the same
        ({"size": "2048x1152", "quality": "max"}, "vip/2k-max"),
        ({"size": None}, "vip/?"),
        ({"size": "auto"}, "vip/?"),
        ({"operation": "edit"}, "vip/4k-high-edit"),
        ({"model": "gpt-image-2", "url": ""}, "official/4k-high"),
        ({"model": "gpt-image-2", "url": "", "channel": "vip"}, "vip/4k-high"),
        ({"model": "gemini-3.1-flash-image", "size": None, "quality": None, "image_size": "4K"}, "nano/4k-high"),
        ({"model": "gemini-3.1-flash-image", "size": None, "quality": None, "image_size": "2K"}, "nano/2k"),
        ({"model": "gemini-3.1-flash-image", "size": None, "quality": None}, "nano/1k-low"),
        ({"tier": "4k-high", "size": None}, "vip/4k-high"),
    ],
)
def test_a_request_finds_its_path_by_what_it_asked_for(places, fields, path):
    assert str(places.place(samples.read(samples.told(**fields))).path) == path


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"model": "gpt-image-9"}, "no channel has this model"),
        ({"url": "https://elsewhere.example/v1/images/generations"}, "no channel with this model has this host"),
        ({"channel": "vipp"}, "there is no channel 'vipp'"),
    ],
)
def test_a_request_without_a_path_is_told_why(places, fields, reason):
    assert places.place(samples.read(samples.told(**fields))).startswith(reason)


def test_two_channels_of_one_model_and_host_must_be_named(tmp_path):
    twin = samples.CONFIG + '[[channel]]\nname = "vip-b"\nprotocol = "openai-images"\nkey_env = "B"\nprice_usd = 0.02\n'
    twin += 'base_url = "https://api.apiyi.com/v1"\nmodel = "gpt-image-2-vip"\n'
    places = mapping.Map(samples.settings(tmp_path, twin))
    assert "name the channel" in places.place(samples.read(samples.told()))
    assert str(places.place(samples.read(samples.told(channel="vip-b"))).path) == "vip-b/4k-high"


def test_an_answer_never_decides_the_path(places):
    small = {"format": "png", "width": 1254, "height": 1254, "bytes": 1}
    answers = [
        samples.told(picture=small),
        samples.failed(),
        samples.told(echoed_size="1254x1254", echoed_quality="low"),
    ]
    assert {str(places.place(samples.read(line)).path) for line in answers} == {"vip/4k-high"}


def test_what_a_log_says_was_made_names_the_price_and_no_path(tmp_path):
    text = samples.CONFIG.replace(
        "price_usd = 0.03", 'price_usd = { "1k-low" = 0.01, "2k-high" = 0.02, "4k-high" = 0.04 }'
    )
    places = mapping.Map(samples.settings(tmp_path, text))
    made, failed = (places.place(samples.read(samples.told(tier="?", size=size))) for size in ("3840x2160", None))
    assert (str(made.path), made.price_usd, made.fingerprint) == ("vip/?", 0.04, "")
    assert (str(failed.path), failed.price_usd) == ("vip/?", 0.0)


def test_the_price_is_that_of_what_was_ordered(places):
    def price_usd(**fields):
        return places.place(samples.read(samples.told(**fields))).price_usd

    assert price_usd() == 0.03
    official = {"model": "gpt-image-2", "url": ""}
    assert price_usd(**official) == pytest.approx(13342 * 30e-6)  # the token law at 3840x2160 high
    assert price_usd(**official, size="2048x2048") == pytest.approx(14272 * 30e-6)
    assert price_usd(**official, size=None) == 0.0


def test_elapsed_time_alone_never_changes_what_a_delivered_picture_means(tmp_path):
    evidence = samples.read(samples.told()).evidence
    for elapsed_s in (0.1, 30.0, 60.1, 100.2, 300.0, 900.0):
        assert taxonomy.judge(dataclasses.replace(evidence, elapsed_s=elapsed_s)) == taxonomy.judge(evidence)


# --- LiteLLM ---------------------------------------------------------------------------------------------------


def payload(**fields):
    """A `StandardLoggingPayload` of LiteLLM 1.106 with `optional_params` beside it, cut to what is read."""
    row = {
        "id": "call-1",
        "litellm_call_id": "call-1",
        "call_type": "aimage_generation",
        "status": "failure",
        "startTime": samples.AT.timestamp(),
        "endTime": samples.AT.timestamp() + 41.5,
        "model": "openai/gpt-image-2-vip",
        "model_group": "img-vip",
        "api_base": "https://api.apiyi.com/v1",
        "messages": [{"role": "user", "content": "A red harbour at dawn."}],
        "model_parameters": {},
        "optional_params": {"size": "3840x2160", "quality": "high"},
        "response": {},
        "metadata": {"usage_object": {}},
        "hidden_params": {"additional_headers": {"request-id": "gateway-1", "content-length": "333"}},
        "error_information": {
            "error_code": "500",
            "error_class": "InternalServerError",
            "error_message": "litellm.InternalServerError: OpenAIException - An error occurred while processing your "
            "request. You asked for: A red harbour at dawn.",
        },
    }
    return row | fields


def spend(**fields):
    """A row of `LiteLLM_SpendLogs` with `store_prompts_in_spend_logs`, after a fall-back, cut to what is read."""
    details = {"image_tokens": 13342}
    metadata = {
        "original_model_group": "img-vip",
        "attempted_fallbacks": 1,
        "attempted_retries": 0,
        "usage_object": {"output_image_count": 1, "completion_tokens_details": details},
        "error_information": None,
    }
    row = {
        "request_id": "call-1",
        "litellm_call_id": "call-1",
        "call_type": "aimage_generation",
        "status": "success",
        "startTime": "2026-08-13 02:20:00+00:00",
        "endTime": "2026-08-13 02:23:20+00:00",
        "model": "openai/gpt-image-2",
        "model_group": "img-official",
        "api_base": "https://api.openai.com/v1/",
        "metadata": json.dumps(metadata),
        "proxy_server_request": json.dumps(
            {"model": "img-vip", "prompt": "A red harbour at dawn.", "size": "3840x2160", "quality": "high"}
        ),
        "messages": "{}",
        "response": "{}",
        "spend": 0.4003,
    }
    return row | fields


def told(row):
    return account.of(formats.of(row, KEY))


def test_a_failed_attempt_of_litellm_is_a_request_to_the_channel_behind_it(places):
    found = told(payload())
    assert str(places.place(found).path) == "vip/4k-high"
    verdict = taxonomy.judge(found.evidence)
    assert (verdict.kind, verdict.request_ids.gateway) == (model.Kind.PROCESSING_ERROR, ("gateway-1",))
    assert (found.source, found.evidence.elapsed_s) == ("litellm", 41.5)
    assert "red harbour" not in str(found)
    assert found.prompt_id == facts.prompt_id("A red harbour at dawn.", KEY)


def test_attempts_of_one_call_are_told_apart_and_the_same_one_is_not_told_twice():
    first, second = told(payload()), told(payload(startTime=samples.AT.timestamp() + 60))
    assert first.id != second.id
    assert told(payload()).id == first.id


def test_a_spend_log_after_a_fall_back_says_what_was_asked_for_first(places):
    found = told(spend())
    assert str(places.place(found).path) == "official/4k-high"
    assert (found.entry.asked_model, found.entry.model) == ("img-vip", "img-official")
    assert found.latency_s == 200
    assert taxonomy.judge(found.evidence).kind is model.Kind.OK


def test_a_time_out_that_litellm_reports_as_408_is_the_callers_own():
    error = {"error_code": "408", "error_class": "Timeout", "error_message": "litellm.Timeout: Request timed out."}
    verdict = taxonomy.judge(told(payload(error_information=error)).evidence)
    assert (verdict.kind, verdict.detail) == (model.Kind.TIMEOUT, "client_deadline")


def test_without_a_size_the_model_group_may_name_the_tier(places):
    assert str(places.place(told(payload(optional_params={}))).path) == "vip/?"
    grouped = payload(optional_params={}, model_group="img-4k-high")
    assert str(places.place(told(grouped)).path) == "vip/4k-high"


def test_calls_that_make_no_picture_are_passed_over():
    with pytest.raises(formats.Skipped):
        told(payload(call_type="acompletion"))


@pytest.mark.parametrize("fields", [{"startTime": None}, {"endTime": "soon"}, {"startTime": True}, {"model": None}])
def test_a_row_of_litellm_without_its_times_or_model_is_refused(fields):
    with pytest.raises(ValueError):  # noqa: PT011 - any words
        told(payload(**fields))


def test_numbers_and_nests_of_any_kind_do_no_harm_in_a_row_of_litellm():
    hostile = [None, 7, "x" * 300, [], [1], {"a": {}}, float("nan"), 1e300, "{", '{"a"', "0001-01-01T00:00+14:00"]
    for value in hostile:
        for name in payload():
            try:
                told(payload(**{name: value}))
            except ValueError:
                continue


def test_litellm_names_the_group_it_is_read_from():
    assert litellm.tier_in("img-2k-high") == "2k-high"
    assert litellm.tier_in("4k-high") == "4k-high"
    assert not litellm.tier_in("img-4k-higher")
