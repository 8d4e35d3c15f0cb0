"""What decides a verdict: the order of evidence, waits, ids, the delivered picture, honest doubt."""

import json

import pytest

from probe import model, taxonomy, tokens
from probe.taxonomy import delivered, waits


def judge(**facts):
    return taxonomy.judge(model.Evidence(**facts))


def error(message, code=None, kind=None, **more):
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code, **more}})


PROCESSING = "An error occurred while processing your request. You can retry your request."


# The order of evidence


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (500, "server_error", "server_error"),
        (500, "invalid_request_error", None),
        (500, "shell_api_error", None),
        (400, "x", "rate_limit_exceeded"),
    ],
)
def test_the_sentence_decides_whatever_status_type_and_code_say(status, kind, code):
    assert judge(status=status, text=error(PROCESSING, code, kind)).kind == "processing_error"


def test_a_code_decides_where_the_words_say_nothing():
    assert judge(status=429, text=error("Rejected.", "credit_balance_exhausted")).kind == "quota_exhausted"


def test_the_stage_in_the_details_is_stronger_than_the_sentence():
    text = error("Your request was rejected by the safety system.", "moderation_blocked")
    with_stage = error(
        "Your request was rejected by the safety system.",
        "moderation_blocked",
        moderation_details={"moderation_stage": "output"},
    )
    assert judge(status=400, text=text).kind == "moderation_input"
    assert judge(status=400, text=with_stage).kind == "moderation_output"


def test_a_safety_rejection_that_came_late_is_the_outputs():
    text = error("Your request was rejected by the safety system.")
    assert judge(status=400, text=text, elapsed_s=3.0).kind == "moderation_input"
    assert judge(status=400, text=text, elapsed_s=80.0).kind == "moderation_output"


def test_the_innermost_speaker_decides_and_the_relay_gives_the_party():
    inner = json.dumps(
        {"error": {"code": 403, "message": "Permission 'a.b.predict' denied", "status": "PERMISSION_DENIED"}}
    )
    relayed = error(f"upstream: {inner}", "500")
    assert judge(status=403, text=inner).party == "caller"
    verdict = judge(status=500, text=relayed)
    assert (verdict.kind, verdict.party) == ("permission", "channel")


@pytest.mark.parametrize(
    ("message", "kind", "party", "action"),
    [
        ("You exceeded your current quota, please check your plan.", "quota_exhausted", "channel", "switch_channel"),
        ("The account was deactivated.", "permission", "channel", "switch_channel"),
        ("Rate limit reached for m on images per min.", "rate_limited", "channel", "back_off_retry"),
        ("You are not allowed to sample from this model", "permission", "caller", "fix_parameters"),
        ("Invalid value: 'huge'.", "invalid_request", "caller", "fix_parameters"),
    ],
)
def test_a_vendors_refusal_of_an_account_that_a_relay_passes_on_hits_the_relay(message, kind, party, action):
    code = {"quota_exhausted": "insufficient_quota", "permission": "account_deactivated"}.get(kind)
    if "sample" in message:
        code = None
    direct = judge(status=403, text=error(message, code))
    relayed = judge(
        status=403, text=error(f"{message} (request id: 202601010000001111111aaaaaaaa)", code, "new_api_error")
    )
    assert (relayed.kind, relayed.party, relayed.action) == (kind, party, action)
    assert direct.kind == kind
    assert direct.party == "caller"


@pytest.mark.parametrize(
    ("base_url", "party"),
    [
        ("https://api.openai.com/v1", "caller"),
        ("https://house.openai.azure.com/", "caller"),
        ("https://relay.example/v1", "channel"),
        ("https://notopenai.com/v1", "channel"),
        ("http://127.0.0.1:8080/v1", "caller"),
        ("http://localhost/v1", "caller"),
    ],
)
def test_the_host_tells_whose_account_a_vendor_refuses(base_url, party):
    reply = {
        "status": 429,
        "body": error("Slow.", "insufficient_quota"),
        "request": {"model": "m", "base_url": base_url},
    }
    assert taxonomy.judge(taxonomy.evidence_of(reply)).party == party


def test_a_wrong_key_may_be_the_callers_at_a_relay_too():
    reply = {
        "status": 401,
        "body": error("Incorrect API key provided."),
        "request": {"base_url": "https://relay.example/v1"},
    }
    assert taxonomy.judge(taxonomy.evidence_of(reply)).party == "caller"


def test_what_a_speaker_only_supposes_is_weaker_than_what_it_says():
    said = "No images were generated. This might be due to our safety policy."
    assert judge(text=said).kind == "no_image"
    assert judge(text="It failed. This might be due to our safety policy.").kind == "moderation_input"


def test_a_time_that_the_words_name_is_measured_against_the_walls():
    assert judge(fault_text="Failed to fetch: the line was cut after 120 seconds").kind == "timeout"
    assert judge(fault_text="Failed to fetch: the line was cut after 45 seconds").kind == "network"


def test_words_in_a_list_of_pictures_are_no_picture():
    body = json.dumps({"answers": [{"images": ["failed to generate image"]}]})
    assert judge(status=200, text=body).kind != "ok"


def test_a_language_complaint_is_the_bug_of_whoever_tells_it():
    words = "'NoneType' object has no attribute 'save'"
    assert judge(status=500, text=words).kind == "gateway_error"
    assert judge(fault_text=words).kind == "malformed_response"


def test_what_our_client_saw_is_stronger_than_the_status_line():
    assert judge(status=200, fault=model.Fault.PROTOCOL_ERROR).kind == "network"


def test_the_runner_up_is_the_rule_that_came_next():
    evidence = model.Evidence(status=502, text="Upstream request failed")
    assert taxonomy.judge(evidence, runner_up=True).runner_up == "status.502"
    assert taxonomy.judge(evidence).runner_up is None


def test_doubt_names_the_evidence_that_would_settle_it():
    verdict = judge(
        status=429, text=json.dumps({"error": {"message": "Resource has been exhausted (e.g. check quota)."}})
    )
    assert verdict.confidence == "low"
    assert verdict.would_decide


def test_words_in_the_prompt_echo_of_a_good_answer_are_no_error():
    body = json.dumps(
        {"data": [{"b64_json": "iVBO...", "revised_prompt": "rejected by the safety system, rate limit"}]}
    )
    assert judge(status=200, text=body).kind == "ok"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "invalid_request"), (401, "auth"), (402, "quota_exhausted"), (403, "permission"), (404, "unknown"), (413, "payload_too_large"),
     (429, "rate_limited"), (500, "processing_error"), (502, "gateway_error"), (503, "overloaded"), (504, "timeout"), (524, "timeout")],
)  # fmt: skip
def test_a_bare_status_gives_its_kind_with_low_confidence(status, kind):
    verdict = judge(status=status)
    assert (verdict.kind, verdict.confidence) == (kind, "low")


@pytest.mark.parametrize(
    "words",
    [
        "Error code: 429 - {}",
        "Request failed with status code 429",
        "[429 Too Many] x",
        "状态码：429",
        "HTTP/1.1 429",
        "429: no",
    ],
)
def test_a_status_that_only_words_name_is_used(words):
    assert judge(fault_text=words).kind == "rate_limited"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('{"data": []}', "no_image"),
        ('{"data": [{"b64_json": "iVBO..."}]}', "ok"),
        ('{"error": {"message": "hm"}}', "unknown"),
    ],
)
def test_a_pasted_body_without_its_status_is_read_as_what_it_looks_like(body, kind):
    assert judge(text=body).kind == kind


# The border table


@pytest.mark.parametrize(
    ("facts", "kind", "detail"),
    [
        ({"status": 200, "text": "<html><p>hi"}, "gateway_error", "html_page"),
        ({"status": 503, "text": "<html><p>hi"}, "gateway_error", "html_page"),
        ({"status": 301}, "gateway_error", "redirect"),
        ({"status": 200, "text": '{"data": []}', "picture_count": 0}, "no_image", "empty_list"),
        ({"status": 200, "text": '{"x": 1}', "picture_count": 0}, "no_image", "no_picture"),
        ({"status": 200, "text": '{"data": [{"url": "https://h.example/a.png"}]}', "picture_count": 0}, "no_image", "url_not_fetched"),
        ({"status": 200, "text": "?", "fault": model.Fault.BAD_JSON}, "malformed_response", "bad_json"),
        ({"status": 200, "fault": model.Fault.BAD_BASE64}, "malformed_response", "bad_base64"),
        ({"status": 200, "fault": model.Fault.OVERSIZED}, "malformed_response", "oversized"),
        ({"status": 200, "fault": model.Fault.TRUNCATED_BODY, "text": '{"a'}, "network", "truncated_body"),
        ({"fault": model.Fault.PROTOCOL_ERROR}, "network", "protocol_error"),
        ({"fault": model.Fault.TLS_ERROR}, "network", "tls_error"),
        ({"fault": model.Fault.RESET}, "network", "reset"),
        ({"status": 200, "picture_count": 1, "picture": model.Picture(flaw="undecodable")}, "degraded_image", "undecodable"),
    ],
)  # fmt: skip
def test_the_border_between_kinds_is_where_the_design_draws_it(facts, kind, detail):
    verdict = judge(**facts)
    assert (verdict.kind, verdict.detail) == (kind, detail)


def test_a_500_whose_body_is_no_json_is_judged_by_its_words():
    assert (
        judge(status=500, text="Rate limit reached for m on images per min", fault=model.Fault.BAD_JSON).kind
        == "rate_limited"
    )


# Billing


def test_an_answer_lost_after_sending_may_have_been_billed():
    assert judge(fault=model.Fault.DEADLINE).billed == "unknown"
    assert judge(fault=model.Fault.RESET).billed == "unknown"


def test_a_request_that_never_left_was_not_billed():
    assert judge(fault=model.Fault.RESET, sent=False).billed == "no"


# Quota, rate and capacity by whether it heals in minutes


def google(message="", **details):
    return json.dumps(
        {
            "error": {
                "code": 429,
                "message": message,
                "status": "RESOURCE_EXHAUSTED",
                "details": [details] if details else [],
            }
        }
    )


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (
            google("You exceeded your current quota", violations=[{"quotaId": "RequestsPerDayPerProject"}]),
            "quota_exhausted",
        ),
        (
            google(
                "You exceeded your current quota. Please retry in 10.1s.", violations=[{"quotaId": "RequestsPerMinute"}]
            ),
            "rate_limited",
        ),
        (google("* Quota exceeded for metric: m, limit: 0\nPlease retry in 37.3s."), "quota_exhausted"),
        (google(retryDelay="41s"), "rate_limited"),
        (google(retryDelay="7200s"), "quota_exhausted"),
        (google("Resource exhausted. Please try again later."), "overloaded"),
        (error("Rate limit reached. Please retry after 86400 seconds.", "429"), "quota_exhausted"),
        (error("Rate limit reached. Please try again in 467ms.", "rate_limit_exceeded"), "rate_limited"),
        (
            json.dumps({"error": {"type": "usage_limit_reached", "message": "m", "resets_in_seconds": 9000}}),
            "quota_exhausted",
        ),
        (error("images per minute in organization o. Limit: 0/1min.", "rate_limit_exceeded"), "quota_exhausted"),
    ],
)
def test_the_wait_tells_an_allowance_from_a_rate(text, kind):
    assert judge(status=429, text=text).kind == kind


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "467", "retry-after": "12"}, 0.467),
        ({"retry-after": "-1"}, 0.0),
        ({"retry-after": "1e30"}, 3600.0),
        ({"retry-after": "1" + "0" * 400}, 3600.0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "5, 7"}, 5.0),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:30 GMT", "date": "Thu, 01 Jan 2026 00:00:00 GMT"}, 30.0),
        ({"retry-after": "Thu, 01 Jan 2099 00:00:00 GMT", "date": "Thu, 01 Jan 2026 00:00:00 GMT"}, 3600.0),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:30 GMT"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_every_form_and_kept_sane(headers, wait_s):
    assert judge(status=429, headers=headers).retry_after_s == wait_s


@pytest.mark.parametrize(
    ("sentence", "wait_s"),
    [
        ("please try again in 12s.", 12.0),
        ("try again after 51.84 seconds", 51.84),
        ("please retry in 37.363665079s.", 37.363665079),
        ("please try again in 467ms.", 0.467),
        ("retry after 3 seconds", 3.0),
        ("try again in 6m0s", 360.0),
        ("the limit resets in 11 hours and 20 minutes", 40_800.0),
        ("请在 30 秒后重试", 30.0),
        ("please try again later", None),
        ("limit 5, used 5", None),
    ],
)
def test_the_wait_a_sentence_names_is_read(sentence, wait_s):
    assert waits.sentence_s(sentence) == pytest.approx(wait_s)


# Time walls


@pytest.mark.parametrize(
    ("elapsed_s", "kind"),
    [(60.2, "timeout"), (126.0, "timeout"), (300.4, "timeout"), (45.0, "network"), (61.9, "network")],
)
def test_a_connection_lost_at_a_wall_was_cut_by_a_timer(elapsed_s, kind):
    assert judge(fault_text="Failed to fetch", elapsed_s=elapsed_s).kind == kind
    assert judge(fault=model.Fault.RESET, elapsed_s=elapsed_s).kind == kind


# Request ids


def test_every_id_of_a_message_is_kept_by_who_issued_it():
    text = (
        "Please include the request ID fc6c3693-4f7b-46aa-a493-88b48f789e4d in your message. "
        "(traceid: d7716a02769ead1890b90074670b7c99) (request id: 2026050822473732782809166920955)"
    )
    ids = taxonomy.request_ids({"cf-ray": "8ac75aff9d48c97c-IAD"}, text)
    assert ids.upstream == ("fc6c3693-4f7b-46aa-a493-88b48f789e4d",)
    assert ids.trace == ("d7716a02769ead1890b90074670b7c99",)
    assert ids.gateway == ("2026050822473732782809166920955",)
    assert ids.edge == ("8ac75aff9d48c97c-IAD",)


def test_ids_of_gateways_in_a_row_stand_outermost_first():
    text = "no (request id: 20260101000000111111111aaaaaaaa) (request id: 20260101000000222222222bbbbbbbb)"
    ids = taxonomy.request_ids({"x-oneapi-request-id": "20260101000000333333333cccccccc"}, text)
    assert [value[-8:] for value in ids.gateway] == ["cccccccc", "bbbbbbbb", "aaaaaaaa"]


@pytest.mark.parametrize(
    ("headers", "hop"),
    [
        ({"x-request-id": "req_0123456789abcdef", "openai-version": "2020-10-01"}, "upstream"),
        ({"x-request-id": "abc-123"}, "gateway"),
        ({"request-id": "abc-123"}, "gateway"),
        ({"x-shellapi-request-id": "abc-123"}, "gateway"),
        ({"x-mybrand-request-id": "abc-123"}, "gateway"),
        ({"x-upstream-request-id": "abc-123"}, "upstream"),
        ({"apim-request-id": "abc-123"}, "upstream"),
        ({"x-amz-cf-id": "abc-123"}, "edge"),
    ],
)
def test_a_header_tells_who_issued_the_id(headers, hop):
    ids = taxonomy.request_ids(headers, "")
    assert [name for name, _ in ids.all()] == [hop]


def test_geminis_response_id_is_the_upstreams():
    assert taxonomy.request_ids({}, '{"responseId": "211Sao2AGf-HoLAP_svcmA4"}').upstream == (
        "211Sao2AGf-HoLAP_svcmA4",
    )


def test_ids_are_cleaned_and_short():
    ids = taxonomy.request_ids({"request-id": "../../x\x00\n\x1b[2J" + "a" * 10_000_000}, "")
    (value,) = ids.gateway
    assert len(value) <= 128
    assert not set(value) & set("\x00\n\x1b[")


# The delivered picture


GPT = model.Order("openai-images", "gpt-image-2-vip", 3840, 2160, quality="high")
GEMINI = model.Order("gemini", "gemini-3.1-flash-image", 5504, 3072, image_size="4K", aspect_ratio="16:9")


def pictured(order, width_px, height_px, **facts):
    picture = model.Picture(
        width_px,
        height_px,
        **{key: facts.pop(key) for key in ("blank", "repeated", "effective_resolution") if key in facts},
    )
    return judge(status=200, order=order, picture=picture, picture_count=1, **facts)


@pytest.mark.parametrize(
    ("order", "size", "detail"),
    [
        (GPT, (3840, 2160), ""),
        (GPT, (3824, 2160), "ratio_changed"),
        (GPT, (1920, 1080), "size_reduced"),
        (GPT, (1672, 941), "size_reduced"),
        (GPT, (5760, 3240), "size_raised"),
        (GEMINI, (5504, 3072), ""),
        (GEMINI, (5632, 3072), ""),
        (GEMINI, (1376, 768), "size_reduced"),
        (GEMINI, (2752, 1536), "size_reduced"),
        (GEMINI, (4096, 4096), "ratio_changed"),
    ],
)
def test_the_picture_is_measured_against_the_order(order, size, detail):
    verdict = pictured(order, *size)
    assert (verdict.kind, verdict.detail) == (("degraded_image", detail) if detail else ("ok", ""))


def test_the_family_of_chat_page_pictures_is_named():
    for size in ((1254, 1254), (1448, 1086), (941, 1672), (1693, 929), (1058, 1487), (1312, 1199)):  # public reports
        assert delivered.is_web_route(*size)
    assert pictured(GPT, 1254, 1254).rule == "picture.web-route-smaller"


def test_tokens_of_a_lower_quality_betray_it():
    for quality, detail in (("high", ""), ("medium", "quality_reduced"), ("low", "quality_reduced")):
        counted = tokens.gpt_image_tokens(3840, 2160, tokens.GPT_IMAGE_2_FACTORS[quality])
        assert pictured(GPT, 3840, 2160, image_tokens=counted).detail == detail


def test_tokens_that_fit_no_quality_are_not_trusted():
    assert pictured(GPT, 3840, 2160, image_tokens=1000).kind == "ok"


@pytest.mark.parametrize(
    ("size", "counted", "untrusted"),
    [
        ((3840, 2160), 1000, True),
        ((3840, 2160), tokens.gpt_image_tokens(3840, 2160, 16), False),
        ((1254, 1254), tokens.gpt_image_tokens(3840, 2160, 96), False),  # billed as ordered
        ((3840, 2160), None, False),
    ],
)
def test_usage_is_untrusted_where_it_fits_no_quality_of_the_delivered_or_ordered_size(size, counted, untrusted):
    evidence = model.Evidence(order=GPT, picture=model.Picture(*size), image_tokens=counted)
    assert delivered.usage_untrusted(evidence) is untrusted


def test_an_echoed_smaller_size_is_evidence_where_no_picture_was_decoded():
    verdict = judge(status=200, order=GPT, picture_count=1, echoed_size="1254x1254")
    assert (verdict.kind, verdict.detail) == ("degraded_image", "size_reduced")


def test_an_echoed_lower_quality_is_direct_evidence():
    verdict = pictured(GPT, 3840, 2160, echoed_quality="low")
    assert (verdict.detail, verdict.confidence) == ("quality_reduced", "high")


@pytest.mark.parametrize(
    ("fact", "detail"),
    [({"blank": True}, "blank"), ({"repeated": True}, "repeated"), ({"effective_resolution": 0.5}, "enlarged")],
)
def test_blank_repeated_and_enlarged_pictures_are_degraded(fact, detail):
    assert pictured(GPT, 3840, 2160, **fact).detail == detail


# The classify door


def test_the_door_reads_the_spellings_people_use():
    seen = taxonomy.evidence_of(
        {
            "status": "200",
            "request": {"imageSize": "4K", "aspectRatio": "16:9", "model": "gemini-x"},
            "observed": {"width": 1376, "height": "768", "seconds": 40},
        }
    )
    assert (seen.status, seen.elapsed_s) == (200, 40.0)
    assert (seen.order.protocol, seen.order.image_size, seen.order.aspect_ratio) == ("gemini", "4K", "16:9")
    assert (seen.picture.width_px, seen.picture.height_px) == (1376, 768)


def test_a_size_in_pixels_or_as_a_tier_is_understood():
    assert taxonomy.evidence_of({"request": {"size": "2048X1152"}}).order.size == "2048x1152"
    assert taxonomy.evidence_of({"request": {"size": "2048 \u00d7 1152"}}).order.size == "2048x1152"
    assert taxonomy.evidence_of({"request": {"size": "4K"}}).order.image_size == "4K"


def test_a_tier_may_be_spelt_in_pixels():
    order = taxonomy.evidence_of({"request": {"image_size": "512px"}}).order
    assert (delivered.wrong_size(order, 1024, 1024), delivered.wrong_size(order, 512, 512)) == ("size_raised", "")


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {
            "status": True,
            "headers": [1],
            "body": 7,
            "exception": {"a": 1},
            "elapsed_s": "x",
            "request": 3,
            "observed": "y",
        },
        {"status": 10**400, "elapsed_s": float("nan"), "observed": {"width": -1, "height": 10**30}},
        {"status": None, "headers": {"A": None, "b": ["x"]}, "body": ["z"], "elapsed_s": -5},
        {"request": {"size": "axb", "model": 7, "quality": False, "aspect_ratio": "9" * 50 + ":1"}},
        {"body": "\ud800", "exception": "\udfff", "headers": {"retry-after": "\ud800"}},
    ],
)
def test_the_door_leaves_out_what_it_cannot_read(reply):
    assert taxonomy.judge(taxonomy.evidence_of(reply)).kind in model.Kind
