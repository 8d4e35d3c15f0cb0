"""The official `openai` SDK against the stand-in: proof that the wire is read right."""

import base64
import io

import httpx2
import openai
import pytest
from PIL import Image

from probe import tokens
from probe.standin import orders

CAT = "a tabby cat asleep on a stack of newspapers"
ONE_CHANNEL = """
[[channel]]
name = "official"
model = "gpt-image-2"
"""
VIP = """
[[channel]]
name = "vip"
model = "gpt-image-2-vip"
personality = "shell-api"
"""


WIRE = httpx2.Client(trust_env=False, verify=False)
"""One for all tests: a client that verifies certificates takes long to make."""


@pytest.fixture(scope="module", autouse=True)
def _closed_at_the_end():
    yield
    WIRE.close()


def client(url, key="sk-test", **options):
    settings = {"max_retries": 0, "timeout": 30, "http_client": WIRE, **options}
    return openai.OpenAI(base_url=f"{url}/v1", api_key=key, **settings)


def failing(reply, rest=""):
    return f"{rest}\n[[steady]]\nsuccess = 0\nlatency_s = {{ median = 1, sigma = 0 }}\nfailures = {{ {reply} = 1.0 }}"


def pixels(answer, number=0):
    image = Image.open(io.BytesIO(base64.b64decode(answer.data[number].b64_json, validate=True)))
    image.load()
    return image.size


def generate(upstream, **fields):
    return upstream.images.generate(**{"model": "gpt-image-2", "prompt": CAT, "size": "1280x720", **fields})


@pytest.mark.parametrize(
    ("size", "quality", "output_tokens"),
    [("1280x720", "low", 106), ("2048x1152", "medium", 1413), ("3840x2160", "high", 13342)],
)
def test_generate_returns_the_ordered_pixels_the_echo_and_the_tokens_of_the_price_page(
    standin, size, quality, output_tokens
):
    answer = generate(client(standin()), size=size, quality=quality)
    assert "x".join(map(str, pixels(answer))) == answer.size == size
    assert (answer.quality, answer.output_format) == (quality, "png")
    assert answer.usage.output_tokens == output_tokens
    assert answer.usage.output_tokens_details.image_tokens == output_tokens


def test_several_pictures_are_several_and_cost_several_times(standin):
    answer = generate(client(standin()), size="1024x1024", quality="low", n=2)
    assert len({picture.b64_json for picture in answer.data}) == 2
    assert answer.usage.output_tokens == 2 * 196


def test_auto_is_resolved_to_low_and_a_square(standin):
    answer = generate(client(standin()), size="auto", quality="auto", output_format="webp")
    assert (answer.quality, answer.size, answer.output_format) == ("low", "1024x1024", "webp")
    assert pixels(answer) == (1024, 1024)


def test_an_edit_takes_a_picture_and_counts_its_tokens(standin):
    reference = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(reference, "PNG")
    answer = client(standin()).images.edit(
        model="gpt-image-2", prompt=CAT, size="1024x1024", image=("red.png", reference.getvalue(), "image/png")
    )
    assert pixels(answer) == (1024, 1024)
    assert answer.usage.input_tokens_details.image_tokens > 0


def test_an_edit_without_a_picture_is_refused(standin):
    with pytest.raises(openai.BadRequestError) as caught:
        client(standin()).post(
            "/images/edits", body={"model": "gpt-image-2", "prompt": CAT}, cast_to=openai.types.ImagesResponse
        )
    assert caught.value.param == "image"


def test_a_streamed_answer_is_read_as_events(standin):
    (event,) = generate(client(standin()), size="1024x1024", stream=True)
    assert event.type == "image_generation.completed"
    assert event.usage.output_tokens == 196


def test_the_header_with_the_request_id_reaches_the_sdk(standin):
    raw = client(standin()).images.with_raw_response.generate(model="gpt-image-2", prompt=CAT, size="1280x720")
    assert raw.request_id.startswith("req_")
    assert int(raw.headers["openai-processing-ms"]) > 0


def test_models_are_listed_and_fetched(standin):
    upstream = client(standin(ONE_CHANNEL + VIP))
    assert [listed.id for listed in upstream.models.list()] == ["gpt-image-2", "gpt-image-2-vip"]
    assert upstream.models.retrieve("gpt-image-2").object == "model"
    with pytest.raises(openai.NotFoundError):
        upstream.models.retrieve("gpt-image-9")


def test_moderation_flags_marker_words_and_nothing_else(standin):
    harmless, flagged = (
        client(standin()).moderations.create(model="omni-moderation-latest", input=[CAT, "GORE, please"]).results
    )
    assert not harmless.flagged
    assert flagged.flagged
    assert flagged.categories.violence_graphic
    assert not flagged.categories.sexual
    assert flagged.category_scores.violence > 0.8
    assert flagged.category_scores.sexual < 0.1


def test_moderation_reads_text_and_pictures(standin):
    parts = [{"type": "text", "text": CAT}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]
    (result,) = client(standin()).moderations.create(model="omni-moderation-latest", input=parts).results
    assert result.category_applied_input_types.violence == ["text", "image"]
    assert result.category_applied_input_types.hate == ["text"]


def test_moderation_fails_when_the_scenario_says_so_and_pictures_do_not(standin):
    upstream = client(standin('[[steady]]\nchannel = "moderation"\nsuccess = 0\n[[steady]]\nchannel = "gpt*"'))
    with pytest.raises(openai.InternalServerError):
        upstream.moderations.create(model="omni-moderation-latest", input=CAT)
    assert pixels(generate(upstream)) == (1280, 720)


def test_a_prompt_with_a_marker_word_is_refused_at_the_input_stage(standin):
    with pytest.raises(openai.BadRequestError) as caught:
        generate(client(standin()), prompt="a nude statue")
    assert caught.value.code == "moderation_blocked"
    assert caught.value.body["moderation_details"]["moderation_stage"] == "input"


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        ("1792x936", "Width and height must both be divisible by 16."),
        ("4096x2048", "The longest edge must be less than or equal to 3840."),
        ("1024x576", "Requested resolution is below the current minimum pixel budget."),
        ("3072x3072", "Requested resolution exceeds the current pixel budget."),
    ],
)
def test_an_illegal_size_is_refused_in_the_words_of_the_original(standin, size, sentence):
    with pytest.raises(openai.BadRequestError) as caught:
        generate(client(standin()), size=size)
    assert caught.value.body["message"] == f"Invalid size '{size}'. {sentence}"
    assert (caught.value.param, caught.value.code) == ("size", "invalid_value")


@pytest.mark.parametrize("size", ["816x816", "1024x640", "2880x2880", "3840x2160", "2160x3840"])
def test_a_legal_size_at_the_edge_is_accepted(size):
    assert "x".join(map(str, orders.openai_size("gpt-image-2", size))) == size


@pytest.mark.parametrize(
    ("size", "snapped"),
    [((1000, 1000), (992, 992)), ((4096, 4096), (2880, 2880)), ((640, 360), (1088, 608)), ((7680, 4320), (3840, 2160))],
)
def test_a_vip_channel_snaps_what_the_original_refuses(size, snapped):
    width_px, height_px = orders.openai_size("gpt-image-2-vip", "{}x{}".format(*size))
    assert (width_px, height_px) == snapped
    assert orders.openai_size("gpt-image-2", f"{width_px}x{height_px}") == snapped


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"response_format": "b64_json"}, "response_format", "unknown_parameter"),
        ({"quality": "standard"}, "quality", "invalid_value"),
        ({"quality": "max"}, "quality", "invalid_value"),
        ({"n": 11}, "n", "invalid_value"),
        ({"output_format": "bmp"}, "output_format", "invalid_value"),
        ({"prompt": "x" * 32_001}, "prompt", "string_above_max_length"),
    ],
)
def test_a_bad_field_is_refused_with_param_and_code(standin, fields, param, code):
    with pytest.raises(openai.BadRequestError) as caught:
        generate(client(standin()), **fields)
    assert (caught.value.param, caught.value.code) == (param, code)


def test_model_generation_2_5_knows_more_qualities_at_its_own_tokens(standin):
    answer = generate(client(standin()), model="gpt-image-2.5-flare", size="1024x1024", quality="max")
    assert answer.usage.output_tokens == 7024


@pytest.mark.parametrize(
    ("reply", "error", "status"),
    [
        ("moderation_output", openai.BadRequestError, 400),
        ("auth", openai.AuthenticationError, 401),
        ("permission", openai.PermissionDeniedError, 403),
        ("model_not_found", openai.NotFoundError, 404),
        ("quota_exhausted", openai.RateLimitError, 429),
        ("rate_limited", openai.RateLimitError, 429),
        ("processing_error", openai.InternalServerError, 500),
        ("overloaded", openai.InternalServerError, 503),
    ],
)
def test_each_failure_arrives_as_the_sdks_own_exception_with_its_request_id(standin, reply, error, status):
    with pytest.raises(error) as caught:
        generate(client(standin(failing(reply))))
    assert caught.value.status_code == status
    assert caught.value.request_id.startswith("req_")


def test_a_hang_is_the_sdks_timeout(standin):
    with pytest.raises(openai.APITimeoutError):
        generate(client(standin(failing("timeout")), timeout=0.3))


@pytest.mark.parametrize(
    "reply", ["reset", "closed", "truncated-body", "truncated-chunks", "reset-in-body", "not-http"]
)
def test_a_broken_connection_is_the_sdks_connection_error(standin, reply):
    with pytest.raises(openai.APIConnectionError):
        generate(client(standin(failing(reply))))


def test_the_sdks_own_retries_meet_the_next_answers_of_the_path(standin):
    url = standin(
        "[[steady]]\nsuccess = 0.5\nlatency_s = { median = 1, sigma = 0 }\nfailures = { overloaded = 1.0 }", seed=5
    )
    outcomes = []
    for _ in range(8):
        try:
            generate(client(url))
            outcomes.append(True)
        except openai.InternalServerError:
            outcomes.append(False)
    assert len(set(outcomes)) == 2
    fresh = standin(
        "[[steady]]\nsuccess = 0.5\nlatency_s = { median = 1, sigma = 0 }\nfailures = { overloaded = 1.0 }", seed=5
    )
    raw = client(fresh, max_retries=8).images.with_raw_response.generate(
        model="gpt-image-2", prompt=CAT, size="1280x720"
    )
    assert raw.retries_taken == outcomes.index(True)


@pytest.mark.parametrize(
    ("rest", "key", "status", "words"),
    [
        (ONE_CHANNEL, "sk-bad-key", 401, "Incorrect API key provided: sk-bad***key"),
        (VIP, "sk-bad-key", 401, "无效的令牌 (request id: "),
        (VIP.replace("shell-api", "new-api"), "sk-bad-key", 401, "Invalid token (request id: "),
    ],
)
def test_a_bad_key_is_refused_in_the_voice_of_the_channel(standin, rest, key, status, words):
    name = "gpt-image-2" if "official" in rest else "gpt-image-2-vip"
    with pytest.raises(openai.AuthenticationError) as caught:
        generate(client(standin(rest), key=key), model=name)
    assert caught.value.status_code == status
    assert words in caught.value.body["message"]
    assert key not in caught.value.body["message"]


def test_an_unknown_model_is_refused(standin):
    with pytest.raises(openai.NotFoundError, match="gpt-image-9"):
        generate(client(standin(ONE_CHANNEL)), model="gpt-image-9")


def test_a_wrong_address_is_named(standin):
    with pytest.raises(openai.NotFoundError, match=r"Invalid URL \(POST /v1/v1/images/generations\)"):
        generate(client(standin() + "/v1"))


def test_a_gateway_appends_its_id_and_keeps_the_upstreams(standin):
    with pytest.raises(openai.InternalServerError) as caught:
        generate(client(standin(failing("shell-api-unknown-error", VIP))), model="gpt-image-2-vip")
    gateway_id = caught.value.response.headers["request-id"]
    assert f"(request id: {gateway_id})" in caught.value.body["message"]
    assert "(traceid: " in caught.value.body["message"]
    assert "request ID " in caught.value.body["message"]


def test_a_gateway_speaks_chinese_where_it_is_asked_to(standin):
    rest = VIP.replace("shell-api", "new-api")
    upstream = client(standin(failing("overloaded", rest)))
    with pytest.raises(openai.RateLimitError, match="Current group upstream load is saturated"):
        generate(upstream, model="gpt-image-2-vip")
    with pytest.raises(openai.RateLimitError, match="当前分组上游负载已饱和"):
        generate(upstream, model="gpt-image-2-vip", extra_headers={"Accept-Language": "zh-CN"})


def test_a_reverse_channel_snaps_sizes_takes_response_format_and_gives_one_picture(standin):
    answer = generate(client(standin(VIP)), model="gpt-image-2-vip", size="1000x1000", response_format="b64_json", n=3)
    assert pixels(answer) == (992, 992)
    assert len(answer.data) == 1


@pytest.mark.parametrize(
    ("delivers", "size", "quality", "output_tokens"),
    [
        ("1254x1254", (1254, 1254), "high", tokens.gpt_image_tokens(1254, 1254, 96)),
        ("low", (2048, 1152), "low", 157),
        ("1254x1254, low, dishonest", (1254, 1254), "high", 5650),
    ],
)
def test_a_wrong_delivery_tells_the_truth_unless_it_is_dishonest(standin, delivers, size, quality, output_tokens):
    answer = generate(client(standin(f'[[steady]]\ndelivers = "{delivers}"')), size="2048x1152", quality="high")
    assert pixels(answer) == size
    assert answer.quality == quality
    assert answer.usage.output_tokens == output_tokens


def test_repeated_pictures_are_the_same_and_others_are_not(standin):
    same, different = client(standin('[[steady]]\ndelivers = "repeated"')), client(standin())
    assert generate(same).data[0].b64_json == generate(same).data[0].b64_json
    assert generate(different).data[0].b64_json != generate(different).data[0].b64_json


def test_an_answer_may_lack_usage_and_echo_have_a_prefix_or_only_an_address(standin):
    bare = generate(client(standin('[[steady]]\ndelivers = "no usage, no echo"')))
    assert bare.usage is None
    assert bare.size is None
    prefixed = generate(client(standin('[[steady]]\ndelivers = "data:"')))
    assert prefixed.data[0].b64_json.startswith("data:image/png;base64,")
    addressed = generate(client(standin('[[steady]]\ndelivers = "url"')))
    assert addressed.data[0].b64_json is None
    image = Image.open(io.BytesIO(WIRE.get(addressed.data[0].url).content))
    assert (image.format, image.size) == ("PNG", (1280, 720))


def test_a_mislabelled_picture_is_of_the_other_format(standin):
    answer = generate(client(standin('[[steady]]\ndelivers = "mislabelled"')))
    assert answer.output_format == "png"
    assert base64.b64decode(answer.data[0].b64_json).startswith(b"\xff\xd8\xff")
