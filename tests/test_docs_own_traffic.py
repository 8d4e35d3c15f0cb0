"""The programs of docs/own-traffic.md record what the page says, against the stand-in."""

import pathlib
import re

import pytest

from probe import recorder
from probe.own import account, fields, formats

PAGE = pathlib.Path(__file__).parent.parent / "docs" / "own-traffic.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"```python\n# (\S+)\n(.*?)```", TEXT, re.DOTALL))
PROMPT = "A red harbour at dawn, with boats and one old crane."
SCENE = """
[[channel]]
name = "vip"
model = "gpt-image-2-vip"
[[steady]]
success = 1
latency_s = { median = 1, sigma = 0 }
"""


@pytest.fixture
def spool(tmp_path):
    yield tmp_path / "spool"
    recorder.flush()


def block(name, **replaced):
    """The names that a block of the page defines; places and keys are the test's own."""
    text = BLOCKS[name]
    for before, after in replaced.values():
        assert before in text
        text = text.replace(before, after)
    scope = {}
    exec(text, scope)
    return scope


def recorded(spool):
    assert recorder.flush()
    lines = [line for path in spool.glob("*.ndjson") for line in path.read_text().splitlines()]
    return [account.of(formats.read(line, None)) for line in lines]


def test_a_client_made_as_the_page_says_records_under_the_openai_sdk(standin, spool):
    import openai

    http = block("httpx", spool=("/var/lib/tierwatch/spool", str(spool)))["http"]
    url = standin(SCENE)
    with openai.OpenAI(
        http_client=http, base_url=f"{url}/v1", api_key="sk-0123456789abcdef0123", max_retries=0
    ) as client:
        client.images.generate(model="gpt-image-2-vip", prompt=PROMPT, size="3840x2160", quality="high")
    (one,) = recorded(spool)
    assert one.evidence.status == 200
    assert one.order.size == "3840x2160"
    assert one.evidence.picture.width_px == 3840


def test_a_program_that_tells_by_itself_as_the_page_says_is_recorded_with_and_without_an_answer(standin, spool):
    import requests

    place = ("/var/lib/tierwatch/spool", str(spool))
    url = standin(SCENE)
    there = block("record", spool=place, url=("https://api.apiyi.com", url))
    there["draw"](PROMPT, {"authorization": "Bearer sk-0123456789abcdef0123"})
    nowhere = block("record", spool=place, url=("https://api.apiyi.com", "http://127.0.0.1:1"))
    with pytest.raises(requests.ConnectionError):
        nowhere["draw"](PROMPT, {})
    drawn, refused = recorded(spool)
    assert (drawn.evidence.status, drawn.evidence.picture.height_px) == (200, 2160)
    assert drawn.prompt_id == refused.prompt_id != ""
    assert refused.evidence.fault == "refused"
    assert not refused.evidence.sent


def test_the_page_names_every_field_of_a_line_and_no_other():
    table = TEXT.partition("## Format")[2]
    named = {name for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert named == fields.Line.__annotations__.keys()


def test_the_page_names_every_field_of_what_a_gateways_log_says():
    row = next(line for line in TEXT.splitlines() if line.startswith("| `gateway`"))
    named = re.findall(r"`(\w+)`", row)
    assert {*named[1:]} == fields.Gateway.__annotations__.keys()
