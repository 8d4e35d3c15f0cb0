"""The official `google-genai` SDK against the stand-in: proof that the wire is read right."""

import io

import httpx2
import pytest
from google import genai
from google.genai import errors, types
from PIL import Image

MODEL = "gemini-3.1-flash-image"
CAT = "a tabby cat asleep on a stack of newspapers"


WIRE = httpx2.Client(trust_env=False, verify=False)
"""One for all tests: a client that verifies certificates takes long to make."""


@pytest.fixture(scope="module", autouse=True)
def _closed_at_the_end():
    yield
    WIRE.close()


def client(url, key="AIza-test", **options):
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=url, httpx_client=WIRE, **options))


def failing(reply, rest=""):
    return f"{rest}\n[[steady]]\nsuccess = 0\nlatency_s = {{ median = 1, sigma = 0 }}\nfailures = {{ {reply} = 1.0 }}"


def personality(name):
    return f'[[channel]]\nname = "nano"\nmodel = "{MODEL}"\npersonality = "{name}"\n'


def generate(upstream, size="1K", ratio="16:9", model=MODEL, prompt=CAT, **config):
    image = types.ImageConfig(aspect_ratio=ratio, image_size=size)
    return upstream.models.generate_content(
        model=model,
        contents=prompt,
        config=types.GenerateContentConfig(**{"response_modalities": ["IMAGE"], "image_config": image, **config}),
    )


def picture(answer, part=-1):
    blob = answer.candidates[0].content.parts[part].inline_data
    image = Image.open(io.BytesIO(blob.data))
    image.load()
    return blob.mime_type, image.size


@pytest.mark.parametrize(
    ("size", "pixels", "image_tokens"),
    [("512", (688, 384), 747), ("1K", (1376, 768), 1120), ("2K", (2752, 1536), 1680), ("4K", (5504, 3072), 2520)],
)
def test_generate_returns_a_jpeg_of_googles_pixels_and_tokens(standin, size, pixels, image_tokens):
    answer = generate(client(standin()), size)
    assert picture(answer) == ("image/jpeg", pixels)
    (details,) = answer.usage_metadata.candidates_tokens_details
    assert (details.modality.value, details.token_count) == ("IMAGE", image_tokens)
    assert 88 <= answer.usage_metadata.candidates_token_count - image_tokens <= 630
    assert answer.candidates[0].finish_reason is types.FinishReason.STOP
    assert len(answer.response_id) == 22
    assert answer.model_version == MODEL


def test_the_beta_address_answers_too(standin):
    assert picture(generate(client(standin(), api_version="v1beta")))[1] == (1376, 768)


def test_2_5_gives_png_and_refuses_image_size(standin):
    upstream = client(standin())
    answer = generate(upstream, size=None, ratio="1:1", model="gemini-2.5-flash-image")
    assert picture(answer) == ("image/png", (1024, 1024))
    with pytest.raises(errors.ClientError, match="image_size"):
        generate(upstream, size="1K", model="gemini-2.5-flash-image")


def test_models_are_listed(standin):
    upstream = client(standin())
    names = [listed.name for listed in upstream.models.list()]
    assert f"models/{MODEL}" in names
    assert not any("gpt" in name for name in names)


@pytest.mark.parametrize(
    ("reply", "error", "code", "status"),
    [
        ("auth", errors.ClientError, 400, "INVALID_ARGUMENT"),
        ("permission", errors.ClientError, 403, "PERMISSION_DENIED"),
        ("model_not_found", errors.ClientError, 404, "NOT_FOUND"),
        ("rate_limited", errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        ("quota_exhausted", errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        ("processing_error", errors.ServerError, 500, "INTERNAL"),
        ("overloaded", errors.ServerError, 503, "UNAVAILABLE"),
        ("google-deadline-exceeded", errors.ServerError, 504, "DEADLINE_EXCEEDED"),
    ],
)
def test_each_failure_arrives_as_the_sdks_own_exception(standin, reply, error, code, status):
    with pytest.raises(error) as caught:
        generate(client(standin(failing(reply))))
    assert (caught.value.code, caught.value.status) == (code, status)
    assert caught.value.response.headers["server-timing"].startswith("gfet4t7; dur=")


@pytest.mark.parametrize(
    ("reply", "blocked", "finished"),
    [
        ("moderation_input", types.BlockedReason.PROHIBITED_CONTENT, None),
        ("moderation_output", None, types.FinishReason.IMAGE_SAFETY),
        ("google-image-recitation", None, types.FinishReason.IMAGE_RECITATION),
        ("google-no-image", None, types.FinishReason.NO_IMAGE),
        ("no_image", None, types.FinishReason.STOP),
    ],
)
def test_a_200_may_be_blocked(standin, reply, blocked, finished):
    answer = generate(client(standin(failing(reply))))
    assert (answer.prompt_feedback and answer.prompt_feedback.block_reason) == blocked
    assert (answer.candidates and answer.candidates[0].finish_reason) == finished
    assert not any(part.inline_data for part in answer.parts or ())


def test_an_empty_answer_and_nulls_are_read(standin):
    assert not generate(client(standin(failing("google-empty")))).candidates
    assert not generate(client(standin(failing("shell-api-null-candidates", personality("shell-api"))))).candidates


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"size": "4k"}, "image_size"),
        ({"ratio": "7:5"}, "aspect_ratio"),
        ({"response_modalities": ["TEXT"]}, "The requested combination of response modalities"),
    ],
)
def test_a_bad_field_is_refused(standin, config, words):
    with pytest.raises(errors.ClientError, match=words) as caught:
        generate(client(standin()), **config)
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")


def test_an_unknown_field_is_not_found(standin):
    body = {"generationConfig": {"imageConfig": {"imageOutputOptions": {}}}}
    upstream = client(standin(), extra_body=body)
    with pytest.raises(errors.ClientError, match=r'Unknown name "imageOutputOptions" at .*Cannot find field'):
        generate(upstream)


def test_a_bad_key_is_a_400_and_no_key_a_403(standin):
    url = standin()
    with pytest.raises(errors.ClientError, match="API key not valid") as caught:
        generate(client(url, key="a-bad-key"))
    assert caught.value.code == 400
    with pytest.raises(errors.ClientError, match="unregistered callers") as caught:
        generate(client(url, headers={"x-goog-api-key": ""}))
    assert caught.value.code == 403


def test_a_bearer_key_is_enough(standin):
    upstream = client(standin(), headers={"x-goog-api-key": "", "authorization": "Bearer sk-test"})
    assert picture(generate(upstream))[1] == (1376, 768)


def test_an_unknown_model_is_a_404(standin):
    with pytest.raises(errors.ClientError, match="models/gemini-9 is not found for API version") as caught:
        generate(client(standin(personality("google"))), model="gemini-9")
    assert caught.value.code == 404


def test_a_marker_word_blocks_the_prompt(standin):
    answer = generate(client(standin()), prompt="a nude statue")
    assert answer.prompt_feedback.block_reason is types.BlockedReason.PROHIBITED_CONTENT


def test_the_clients_own_deadline_is_obeyed(standin):
    # google-genai sends X-Server-Timeout = ceil(timeout); its own timer of 10 s is far away.
    upstream = client(standin(failing("timeout")), timeout=10_000, headers={"X-Server-Timeout": "0"})
    with pytest.raises(errors.ServerError, match="Deadline expired") as caught:
        generate(upstream)
    assert caught.value.code == 504


def test_a_lower_tier_may_be_delivered_with_its_own_tokens(standin):
    answer = generate(client(standin('[[steady]]\ndelivers = "1376x768"')), "4K")
    assert picture(answer)[1] == (1376, 768)
    assert answer.usage_metadata.candidates_tokens_details[0].token_count == 1120


def test_a_draft_and_a_text_may_come_before_the_picture(standin):
    answer = generate(client(standin('[[steady]]\ndelivers = "draft, text"')))
    words, draft, final = answer.candidates[0].content.parts
    assert words.text
    assert draft.inline_data.data != final.inline_data.data
    assert answer.usage_metadata.candidates_tokens_details[0].token_count == 2240


def test_vertex_tells_its_traffic_type(standin):
    answer = generate(client(standin(personality("vertex"))))
    assert answer.usage_metadata.traffic_type is types.TrafficType.ON_DEMAND


def test_a_vertex_address_answers_in_global_only(standin):
    url = standin()
    body = {"contents": [{"role": "user", "parts": [{"text": CAT}]}]}
    answers = [
        WIRE.post(
            f"{url}/v1/projects/p/locations/{location}/publishers/google/models/{MODEL}:generateContent",
            json=body,
            headers={"authorization": "Bearer ya29"},
        )
        for location in ("global", "us-central1")
    ]
    assert answers[0].json()["createTime"].startswith("2026-01-01T00:00:")
    assert answers[1].status_code == 404
    assert "locations/us-central1/publishers" in answers[1].json()["error"]["message"]


def test_a_shell_api_gateway_writes_nulls_and_its_own_errors(standin):
    answer = generate(client(standin(personality("shell-api"))))
    assert answer.prompt_feedback.safety_ratings is None
    with pytest.raises(errors.ServerError) as caught:
        generate(client(standin(failing("gateway_error", personality("shell-api")))))
    assert caught.value.details["error"]["type"] == "shell_api_error"
