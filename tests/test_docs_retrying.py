"""The retry loops of docs/retrying.md do what the page says of them, with the official SDK against the stand-in."""

import pathlib
import re

import pytest

PAGE = pathlib.Path(__file__).parent.parent / "docs" / "retrying.md"
BLOCK = re.compile(r"```python\n# (\w+)\n(.*?)```", re.DOTALL)

SCENE = """
[[channel]]
name = "vip"
model = "gpt-image-2-vip"
refusal = "{refusal}"
[[steady]]
success = {success}
latency_s = {{ median = 1, sigma = 0 }}
failures = {{ {failure} = 1.0 }}
"""


def block(name):
    """The names that a block of the page defines."""
    found = dict(BLOCK.findall(PAGE.read_text(encoding="utf-8")))
    scope = {}
    exec(found[name], scope)
    return scope


@pytest.fixture
def counting(standin, monkeypatch):
    """(client, the sends so far) for a scenario; all waiting takes no time."""
    import httpx2
    import openai

    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    clients = []

    def start(retries, refusal="openai-moderation-input", success=1, failure="processing_error"):
        url = standin(SCENE.format(refusal=refusal, success=success, failure=failure), 500.0)
        sends = []
        http = httpx2.Client(event_hooks={"request": [sends.append]}, trust_env=False)
        clients.append(
            openai.OpenAI(api_key="sk-test", base_url=f"{url}/v1", max_retries=retries, timeout=5, http_client=http)
        )
        return clients[-1], sends

    yield start
    for client in clients:
        client.close()


def order(prompt="a harbour"):
    return {"model": "gpt-image-2-vip", "prompt": prompt, "size": "1280x720", "quality": "low"}


def test_the_usual_loop_sends_a_disguised_refusal_nine_times(counting):
    client, sends = counting(2, refusal="shell-api-unknown-error")
    usual = block("usual")
    with pytest.raises(RuntimeError, match="it was the prompt"):
        usual["picture"](client, **order("a lolicon drawing"))
    assert len(sends) == 9


def test_the_usual_loop_sends_a_cut_request_nine_times_and_each_is_billed(counting):
    client, sends = counting(2, success=0, failure="nginx-504")
    usual = block("usual")
    with pytest.raises(RuntimeError):
        usual["picture"](client, **order())
    assert len(sends) == 9


@pytest.mark.parametrize(
    ("failure", "sends_wanted", "kind"),
    [("processing_error", 4, "processing_error"), ("nginx-504", 1, "timeout"), ("auth", 1, "auth")],
)
def test_the_other_loop_sends_no_more_than_helps(counting, failure, sends_wanted, kind):
    client, sends = counting(0, success=0, failure=failure)
    instead = block("instead")
    with pytest.raises(instead["Stop"]) as stopped:
        instead["picture"](client, **order())
    assert (len(sends), stopped.value.verdict.kind) == (sends_wanted, kind)


def test_the_other_loop_sends_a_refused_prompt_once(counting):
    client, sends = counting(0)
    instead = block("instead")
    with pytest.raises(instead["Stop"]) as stopped:
        instead["picture"](client, **order("a lolicon drawing"))
    assert (len(sends), stopped.value.verdict.action) == (1, "rewrite_prompt")


def test_a_200_without_a_picture_is_no_picture(counting):
    client, sends = counting(0, success=0, failure="no_image")
    instead = block("instead")
    with pytest.raises(instead["Stop"]) as stopped:
        instead["picture"](client, **order())
    assert (len(sends), stopped.value.verdict.kind) == (1, "no_image")


def test_the_other_loop_returns_the_picture(counting):
    client, sends = counting(0)
    assert block("instead")["picture"](client, **order()).data[0].b64_json
    assert len(sends) == 1
