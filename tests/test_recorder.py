"""The recorder in a user's program: what it sees, what it leaves out, and that the program never notices."""

import asyncio
import base64
import gzip
import json
import os
import socket
import stat
import struct
import subprocess
import sys
import textwrap
import threading

import httpx
import httpx2
import openai
import pytest

from probe import model, recorder
from probe.own import account, fields, formats
from probe.recorder import bodies, facts, faults, passing, queue, scrubbing, spooling

PROMPT = "A harbour at dawn, with red boats and a lighthouse."
KEY = "sk-test-0123456789abcdefghijklmnop"
ORDER = {"model": "gpt-image-2-vip", "prompt": PROMPT, "size": "1280x720", "quality": "low"}
HEADERS = {"authorization": f"Bearer {KEY}"}

STEADY = "[[steady]]\nlatency_s = { median = 5, sigma = 0 }\n"
BROKEN = "[[steady]]\nsuccess = 0\nlatency_s = { median = 5, sigma = 0 }\nfailures = { %s = 1.0 }\n"

LIBRARIES = pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
CLIENT = {"trust_env": False, "verify": False, "timeout": 10}


@pytest.fixture
def spool(tmp_path):
    return tmp_path / "spool"


def lines(spool):
    """What was written, in order."""
    assert recorder.flush(10)
    found = [json.loads(line) for path in sorted(spool.glob("*.ndjson")) for line in path.read_text().splitlines()]
    return sorted((line for line in found if "id" in line), key=lambda line: line["sent_at"])


def one(spool):
    (line,) = lines(spool)
    return line


@LIBRARIES
def test_a_picture_leaves_its_facts_and_neither_prompt_nor_picture_nor_key(standin, spool, library):
    url = standin(STEADY)
    with library.Client(event_hooks=recorder.hooks(str(spool)), **CLIENT) as http:
        answer = http.post(f"{url}/v1/images/generations", json=ORDER, headers=HEADERS)
    told = one(spool)
    assert told["picture"] == {"format": "png", "width": 1280, "height": 720, "bytes": told["picture"]["bytes"]}
    assert (told["status"], told["picture_count"], told["attempt"]) == (200, 1, 1)
    assert told["headers"]["request-id"] == answer.headers["request-id"]
    assert (told["model"], told["size"], told["quality"]) == ("gpt-image-2-vip", "1280x720", "low")
    assert told["url"] == f"{url}/v1/images/generations"
    assert 0 < told["headers_s"] <= told["elapsed_s"] < 10
    written = "".join(path.read_text() for path in spool.glob("*.ndjson"))
    assert "harbour" not in written
    assert KEY not in written
    assert answer.json()["data"][0]["b64_json"][:40] not in written


@LIBRARIES
def test_an_asynchronous_client_is_seen_by_the_same_hook(standin, spool, library):
    url = standin(STEADY)

    async def go():
        async with library.AsyncClient(event_hooks=recorder.hooks(str(spool)), **CLIENT) as http:
            return await http.post(f"{url}/v1/images/generations", json=ORDER, headers=HEADERS)

    assert len(asyncio.run(go()).json()["data"][0]["b64_json"]) > 1000
    assert one(spool)["picture"]["width"] == 1280


@LIBRARIES
def test_the_response_hook_alone_knows_when_the_request_began(standin, spool, library):
    url = standin(STEADY, speed=20)
    with library.Client(event_hooks={"response": [recorder.hook(str(spool))]}, **CLIENT) as http:
        answer = http.post(f"{url}/v1/images/generations", json=ORDER, headers=HEADERS)
    told = one(spool)
    assert told["elapsed_s"] == pytest.approx(answer.elapsed.total_seconds(), abs=0.1)
    assert told["headers_s"] > 0.2


def test_every_attempt_of_the_openai_sdk_is_seen_though_it_hides_its_retries(standin, spool):
    url = standin(BROKEN % "processing_error")
    http = openai.DefaultHttpxClient(event_hooks=recorder.hooks(str(spool), batch="night"), trust_env=False)
    client = openai.OpenAI(api_key=KEY, base_url=f"{url}/v1", http_client=http, max_retries=2)
    with pytest.raises(openai.InternalServerError):
        client.images.generate(model="gpt-image-2-vip", prompt=PROMPT, size="3840x2160", quality="high")
    told = lines(spool)
    assert [line["attempt"] for line in told] == [1, 2, 3]
    assert {line["batch"] for line in told} == {"night"}
    assert len({line["prompt_id"] for line in told}) == 1
    assert "An error occurred while processing your request" in told[0]["text"]


def test_an_edit_of_the_openai_sdk_is_seen_with_its_order_and_without_its_files(standin, spool):
    url = standin(STEADY)
    http = openai.DefaultHttpxClient(event_hooks=recorder.hooks(str(spool)), trust_env=False)
    client = openai.OpenAI(api_key=KEY, base_url=f"{url}/v1", http_client=http, max_retries=0)
    picture = ("a.png", b"\x89PNG\r\n\x1a\n" + b"0" * 4000, "image/png")
    client.images.edit(model="gpt-image-2", image=picture, prompt=PROMPT, size="1280x720", quality="low")
    told = one(spool)
    assert (told["operation"], told["size"], told["quality"], told["model"]) == (
        "edit",
        "1280x720",
        "low",
        "gpt-image-2",
    )
    assert told["prompt_id"] == facts.prompt_id(PROMPT, spooling.key(spool))


def test_the_asynchronous_openai_sdk_is_seen(standin, spool):
    url = standin(STEADY)

    async def go():
        http = openai.DefaultAsyncHttpxClient(event_hooks=recorder.hooks(str(spool)), trust_env=False)
        async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1", http_client=http, max_retries=0) as client:
            return await client.images.generate(model="gpt-image-2", prompt=PROMPT, size="1280x720", quality="low")

    assert asyncio.run(go()).data[0].b64_json
    assert one(spool)["image_tokens"] == 106


def test_a_gemini_request_is_seen_in_its_own_words(standin, spool):
    url = standin(STEADY)
    body = {
        "contents": [{"role": "user", "parts": [{"text": PROMPT}]}],
        "generationConfig": {
            "responseModalities": ["IMAGE"],
            "imageConfig": {"imageSize": "2K", "aspectRatio": "16:9"},
        },
    }
    with httpx.Client(event_hooks=recorder.hooks(str(spool)), **CLIENT) as http:
        http.post(
            f"{url}/v1beta/models/gemini-3.1-flash-image:generateContent", json=body, headers={"x-goog-api-key": KEY}
        )
    told = one(spool)
    assert (told["model"], told["image_size"], told["aspect_ratio"]) == ("gemini-3.1-flash-image", "2K", "16:9")
    assert (told["image_tokens"], told["served_model"]) == (1680, "gemini-3.1-flash-image")
    assert told["prompt_id"] == facts.prompt_id(PROMPT, spooling.key(spool))


@LIBRARIES
@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_time_out_of_the_program_itself_is_seen_although_no_answer_came(standin, spool, library, asynchronous):
    url = standin(BROKEN % "timeout")
    options = {**CLIENT, "timeout": 0.05, "event_hooks": recorder.hooks(str(spool))}

    async def go():
        async with library.AsyncClient(**options) as http:
            await http.post(f"{url}/v1/images/generations", json=ORDER, headers=HEADERS)

    def send():
        if asynchronous:
            asyncio.run(go())
        else:
            library.Client(**options).post(f"{url}/v1/images/generations", json=ORDER, headers=HEADERS)

    with pytest.raises(library.ReadTimeout):
        send()
    told = one(spool)
    assert told["fault"] == "read_timeout"
    assert "status" not in told
    assert told["elapsed_s"] >= 0.05


def test_a_refused_connection_is_seen(spool):
    with (
        httpx.Client(event_hooks=recorder.hooks(str(spool)), **CLIENT) as http,
        pytest.raises(httpx.ConnectError),
    ):
        http.post("http://127.0.0.1:9/v1/images/generations", json=ORDER, headers=HEADERS)
    assert one(spool)["fault"] == "refused"


def test_a_cancelled_task_is_seen_as_cancelled(standin, spool):
    url = standin(BROKEN % "timeout")

    async def go():
        async with httpx.AsyncClient(event_hooks=recorder.hooks(str(spool)), **CLIENT) as http:
            async with asyncio.timeout(0.05):
                await http.post(f"{url}/v1/images/generations", json=ORDER, headers=HEADERS)

    with pytest.raises(TimeoutError):
        asyncio.run(go())
    assert one(spool)["fault"] == "cancelled"


def test_a_body_that_breaks_off_is_seen(standin, spool):
    url = standin(BROKEN % "truncated-body")
    with (
        httpx.Client(event_hooks=recorder.hooks(str(spool)), **CLIENT) as http,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        http.post(f"{url}/v1/images/generations", json=ORDER, headers=HEADERS)
    told = one(spool)
    assert told["fault"] == "truncated_body"
    assert "picture" not in told


def test_a_trace_of_the_programs_own_is_told_as_before(standin, spool):
    url = standin(STEADY)
    events = []
    extensions = {"trace": lambda event, _info: events.append(event)}
    with httpx.Client(event_hooks=recorder.hooks(str(spool)), **CLIENT) as http:
        http.post(f"{url}/v1/images/generations", json=ORDER, headers=HEADERS, extensions=extensions)
    assert "http11.receive_response_headers.complete" in events
    assert one(spool)["status"] == 200


def test_other_requests_of_the_same_client_are_not_recorded(standin, spool):
    url = standin(STEADY)
    with httpx.Client(event_hooks=recorder.hooks(str(spool)), **CLIENT) as http:
        http.get(f"{url}/v1/models", headers=HEADERS)
        http.post(f"{url}/v1/moderations", json={"input": PROMPT}, headers=HEADERS)
    assert recorder.flush(10)
    assert list(spool.glob("*.ndjson")) == []


def answering(handler, spool, **options):
    return httpx.Client(transport=httpx.MockTransport(handler), event_hooks=recorder.hooks(str(spool), **options))


def test_an_answer_that_quotes_prompt_and_key_is_kept_without_them(spool):
    words = {
        "error": {"message": f'rejected: "{PROMPT}" with key {KEY}. See "with red boats and a lighthouse"', "code": "x"}
    }
    with answering(lambda _: httpx.Response(400, json=words), spool) as http:
        http.post("https://api.example.com/v1/images/generations?key=querysecret1234", json=ORDER, headers=HEADERS)
    told = one(spool)
    assert told["url"] == "https://api.example.com/v1/images/generations"
    assert '"code":"x"' in told["text"].replace(" ", "")
    for secret in (PROMPT, KEY, "red boats", "querysecret"):
        assert secret not in json.dumps(told)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_packed_answer_is_read(spool, encoding):
    import zlib

    plain = b'{"error": {"message": "The model is overloaded. Please try again later."}}'
    packed = gzip.compress(plain) if encoding == "gzip" else zlib.compress(plain)
    with answering(
        lambda _: httpx.Response(503, content=packed, headers={"content-encoding": encoding}), spool
    ) as http:
        http.post("https://api.example.com/v1/images/generations", json=ORDER)
    assert "overloaded" in one(spool)["text"]


def test_a_stream_of_events_is_recorded_when_its_last_event_came(spool):
    events = (
        b'event: image_generation.partial_image\ndata: {"type":"image_generation.partial_image","b64_json":"'
        + PNG
        + b'"}\n\n'
        b'event: image_generation.completed\ndata: {"type":"image_generation.completed","b64_json":"'
        + PNG
        + b'"}\n\ndata: [DONE]\n\n'
    )
    with (
        answering(lambda _: httpx.Response(200, content=events), spool) as http,
        http.stream("POST", "https://api.example.com/v1/images/generations", json=ORDER) as answer,
    ):
        assert "".join(answer.iter_lines())
    told = one(spool)
    assert "fault" not in told
    assert told["picture"]["width"] == 16


def test_a_program_that_leaves_before_the_picture_is_whole_cancelled_it(spool):
    body = b'{"data":[{"b64_json":"' + PNG * 20 + b'"}]}'
    with (
        answering(lambda _: httpx.Response(200, stream=Slow(body)), spool) as http,
        http.stream("POST", "https://api.example.com/v1/images/generations", json=ORDER) as answer,
    ):
        next(answer.iter_raw())
    assert one(spool)["fault"] == "cancelled"


class Slow(httpx.SyncByteStream):
    def __init__(self, body):
        self.body = body

    def __iter__(self):
        for at in range(0, len(self.body), 100):
            yield self.body[at : at + 100]


def test_an_answer_without_a_picture_keeps_its_words(spool):
    answer = {"candidates": [{"finishReason": "IMAGE_SAFETY", "content": {"parts": []}}]}
    with answering(lambda _: httpx.Response(200, json=answer), spool) as http:
        http.post("https://api.example.com/v1beta/models/gemini-3.1-flash-image:generateContent", json={"contents": []})
    assert "IMAGE_SAFETY" in one(spool)["text"]


def test_what_the_program_reads_is_untouched(spool):
    body = os.urandom(70_000)
    with answering(lambda _: httpx.Response(200, content=body), spool) as http:
        assert http.post("https://api.example.com/v1/images/generations", json=ORDER).content == body


def test_a_batch_may_be_named_for_a_thread_or_task(spool):
    token = recorder.BATCH.set("tuesday")
    with answering(lambda _: httpx.Response(500), spool) as http:
        http.post("https://api.example.com/v1/images/generations", json=ORDER)
    recorder.BATCH.reset(token)
    assert one(spool)["batch"] == "tuesday"


def test_record_tells_what_a_program_without_hooks_knows(spool):
    recorder.record(
        str(spool),
        model="gpt-image-2",
        size="3840x2160",
        quality="high",
        channel="official",
        prompt=PROMPT,
        elapsed_s=100.2,
        status=504,
        body="<html><title>504 Gateway Time-out</title></html>",
        attempt=2,
    )
    told = one(spool)
    assert (told["channel"], told["status"], told["attempt"], told["elapsed_s"]) == ("official", 504, 2, 100.2)
    assert account.of(fields.check(told, fields.LINE)).evidence.order == model.Order(
        "openai-images", "gpt-image-2", 3840, 2160, "high"
    )


def test_record_names_the_fault_of_an_exception_of_any_library(spool):
    class ReadTimeout(Exception): ...  # noqa: N818 - the name it has in httpx and requests

    recorder.record(str(spool), model="m", exception=ReadTimeout("slow"))
    recorder.record(str(spool), model="m", exception="connection dropped")
    first, second = lines(spool)
    assert first["fault"] == "read_timeout"
    assert second["fault_text"] == "connection dropped"


def serve_once(answer):
    """A server's address; it answers one connection with these bytes and closes it."""
    listening = socket.create_server(("127.0.0.1", 0))

    def run():
        with listening:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

    threading.Thread(target=run, daemon=True).start()
    return f"127.0.0.1:{listening.getsockname()[1]}/v1/images/generations"


@pytest.mark.parametrize(
    ("scheme", "answer", "fault"),
    [
        ("http", None, "refused"),
        ("http", b"", "reset"),
        ("http", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc", "truncated_body"),
        ("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", "tls_error"),
        ("gopher", None, "bad_request"),
    ],
)
def test_record_names_the_fault_under_an_exception_of_requests(spool, scheme, answer, fault):
    import requests

    place = "127.0.0.1:1/" if answer is None else serve_once(answer)
    with pytest.raises(requests.RequestException) as raised:
        requests.post(f"{scheme}://{place}", data="x", timeout=5)
    recorder.record(str(spool), model="m", exception=raised.value)
    assert one(spool)["fault"] == fault


def test_record_names_the_fault_under_an_exception_of_the_openai_sdk(spool):
    client = openai.OpenAI(base_url="http://127.0.0.1:1", api_key="k", max_retries=0)
    with client, pytest.raises(openai.APIConnectionError) as raised:
        client.images.generate(model="m", prompt="p")
    recorder.record(str(spool), model="m", exception=raised.value)
    assert one(spool)["fault"] == "refused"


def test_record_takes_a_body_with_a_picture_and_keeps_its_size_alone(spool):
    recorder.record(str(spool), model="m", status=200, body=b'{"data":[{"b64_json":"' + PNG + b'"}]}')
    told = one(spool)
    assert told["picture"]["width"] == 16
    assert "text" not in told


@pytest.mark.parametrize("name", sorted(faults.FAULTS))
def test_every_fault_is_a_word_of_the_model(name):
    assert faults.FAULTS[name] in set(model.Fault)


def test_each_exception_class_of_httpx_has_a_fault_or_an_ancestor_with_one():
    from probe import client

    names = [kind.__name__ for kind in client.FAULTS if issubclass(kind, httpx.TransportError)]
    unnamed = {name for name in names if name not in faults.FAULTS}
    assert unnamed <= {"TransportError", "NetworkError", "ProtocolError"}


def test_nothing_reaches_the_program_when_the_recorder_itself_breaks(spool, monkeypatch):
    def broken(*_args, **_kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(passing, "watched", broken)
    monkeypatch.setattr(passing.Seen, "answered", broken)
    monkeypatch.setattr(facts, "line", broken)
    with answering(lambda _: httpx.Response(200, content=b"picture"), spool) as http:
        assert http.post("https://api.example.com/v1/images/generations", json=ORDER).content == b"picture"
    recorder.record(str(spool), model="m")
    assert recorder.flush(10)


HUGE = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 2**31, 2**31) + bytes(400)


@pytest.mark.parametrize(
    "answer",
    [
        {"usageMetadata": {"candidatesTokensDetails": 5}},
        {"usageMetadata": {"candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": -1}]}},
        {"usage": {"output_tokens": 10**30, "cost": True}},
        {"usage": {"output_tokens": True, "cost": -1.0}},
        {"data": [{"b64_json": base64.b64encode(HUGE).decode()}]},
    ],
)
def test_nonsense_in_an_answer_keeps_no_request_from_being_taken_in(spool, answer):
    with answering(lambda _: httpx.Response(200, json=answer), spool) as http:
        http.post("https://api.example.com/v1/images/generations", json={**ORDER, "modalities": 7})
    read = formats.read(json.dumps(one(spool)), None)
    assert (read["status"], read.get("image_tokens"), read.get("charged_usd")) == (200, None, None)
    assert "width" not in read.get("picture", {})


def test_a_full_queue_drops_and_says_how_many(spool, monkeypatch):
    gate = threading.Event()
    real = facts.line
    monkeypatch.setattr(facts, "line", lambda *args: gate.wait(10) and real(*args))
    monkeypatch.setattr(queue, "MOST_WAITING", 5)
    before = recorder.dropped()
    for _ in range(20):
        recorder.record(str(spool), model="m")
    gate.set()
    assert recorder.flush(10)
    recorder.record(str(spool), model="m")
    assert recorder.flush(10)
    found = [json.loads(line) for path in spool.glob("*.ndjson") for line in path.read_text().splitlines()]
    dropped = sum(line.get("dropped", 0) for line in found)
    assert dropped == recorder.dropped() - before >= 14
    assert dropped + sum("id" in line for line in found) == 21


FILLING = """
import resource, sys
from probe import recorder
from probe.recorder import spooling
spooling.RETRY_S = 0.0
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)

def record(times):
    for _ in range(times):
        recorder.record(sys.argv[1], model="m" * 30)
        assert recorder.flush(10)

record(3)
resource.setrlimit(resource.RLIMIT_FSIZE, (700, most))  # a write that begins below goes as far as there is room
record(1)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))
record(4)
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
record(2)
print(recorder.dropped())
"""


def test_a_disk_that_fills_up_leaves_no_half_line_and_every_lost_request_is_counted_once(spool):
    done = subprocess.run([sys.executable, "-c", FILLING, spool], capture_output=True, text=True, check=True)
    texts = [path.read_text() for path in spool.glob("*.ndjson")]
    found = [json.loads(line) for text in texts for line in text.splitlines()]
    assert all(text.endswith("\n") for text in texts if text)
    assert sum("id" in line for line in found) + int(done.stdout) == 10
    assert sum(line.get("dropped", 0) for line in found) == int(done.stdout) > 0


def test_a_spool_that_cannot_be_written_costs_the_program_nothing(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    recorder.record(str(blocked / "spool"), model="m")
    assert recorder.flush(10)
    assert recorder.dropped() >= 1


def test_a_file_that_the_daemon_removes_meanwhile_costs_no_request(spool):
    spool.mkdir()
    (spool / "gone.ndjson").symlink_to("nowhere")  # in the listing, and not there
    before = recorder.dropped()
    recorder.record(str(spool), model="m")
    assert recorder.flush(10)
    assert recorder.dropped() == before


def test_a_spool_nobody_reads_stops_growing(spool, monkeypatch):
    monkeypatch.setattr(spooling, "LARGEST_FILE_BYTES", 500)
    monkeypatch.setattr(spooling, "LARGEST_SPOOL_BYTES", 2000)
    for _ in range(60):
        recorder.record(str(spool), model="m")
    assert recorder.flush(10)
    assert 2000 <= sum(path.stat().st_size for path in spool.glob("*.ndjson")) < 3000
    assert len(list(spool.glob("*.ndjson"))) > 2


def test_the_key_is_made_once_and_for_its_owner_alone(spool):
    spool.mkdir()
    first = spooling.key(spool)
    assert spooling.key(spool, proposed=b"other") == first
    assert stat.S_IMODE((spool / spooling.KEY_NAME).stat().st_mode) == 0o600
    assert len(first) == 32


def test_processes_that_start_together_agree_on_one_key(spool):
    spool.mkdir()
    code = (
        f"import pathlib; from probe.recorder import spooling; print(spooling.key(pathlib.Path({str(spool)!r})).hex())"
    )
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({process.communicate(timeout=30)[0] for process in running}) == 1


def test_a_forked_child_writes_a_file_of_its_own_and_what_waits_is_written_at_exit(spool):
    code = textwrap.dedent(f"""
        import os
        from probe import recorder
        recorder.record({str(spool)!r}, model="parent")
        recorder.flush(5)
        if os.fork() == 0:
            recorder.record({str(spool)!r}, model="child")
            raise SystemExit
        os.wait()
        recorder.record({str(spool)!r}, model="parent again")
    """)
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=30)
    by_file = [[json.loads(line)["model"] for line in path.read_text().splitlines()] for path in spool.glob("*.ndjson")]
    assert sorted(by_file) == [["child"], ["parent", "parent again"]]


def test_importing_the_recorder_loads_the_standard_library_and_nothing_else():
    code = (
        "import sys; before = set(sys.modules); from probe import recorder; from probe.recorder import facts, spooling;"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before};"
        "print(sorted(new - set(sys.stdlib_module_names) - {'probe'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "[]"


def test_our_hash_of_a_prompt_is_the_one_that_triage_computes():
    from probe.triage import subject

    assert facts.prompt_id(PROMPT, b"key") == subject.hashed(PROMPT, b"key")


def make_png():
    import base64
    import io

    from PIL import Image

    made = io.BytesIO()
    Image.effect_noise((16, 16), 90).convert("RGB").save(made, "PNG")
    return base64.b64encode(made.getvalue())


PNG = make_png()


@pytest.mark.parametrize("size", [1, 7, 399, 400, 401, 5000])
def test_base64_is_left_out_however_the_body_is_cut_into_chunks(size):
    whole = b'{"a":"' + PNG + b'","usage":{"output_tokens":5},"b":"short+base64/=="}'
    body = bodies.Body()
    for at in range(0, len(whole), size):
        body.feed(whole[at : at + size])
    body.end()
    assert json.loads(body.text) == {
        "a": f"<{len(PNG)} base64 characters>",
        "usage": {"output_tokens": 5},
        "b": "short+base64/==",
    }
    assert [picture["width"] for picture in body.pictures] == [16]


def test_a_long_body_of_words_keeps_its_beginning_and_its_end():
    body = bodies.Body()
    body.feed(b"begin " + b"x " * 100_000 + b" end")
    body.end()
    assert body.text.startswith(b"begin")
    assert body.text.endswith(b" end")
    assert len(body.text) < 25_000


@pytest.mark.parametrize(
    ("prompt", "text", "left"),
    [
        ("a red car", "no a red car here", "no [prompt] here"),
        ("hm", "hmm, failed", "hmm, failed"),
        (PROMPT, "We failed: A HARBOUR AT DAWN, with red boats!", "We failed: [prompt]!"),
        (PROMPT, "\u0130zmir failed: A HARBOUR AT DAWN, with red boats!", "\u0130zmir failed: [prompt]!"),
        ("画一只在月光下奔跑的白色骏马", "拒绝：一只在月光下奔跑的白色骏马。", "拒绝：[prompt]。"),
        (
            "画一只在月光下奔跑的白色骏马",
            json.dumps("拒绝 一只在月光下奔跑的白色骏马"),
            '"\\u62d2\\u7edd \\u4e00[prompt]"',
        ),
        ("generate an image of a cat", "failed to generate an image", "failed to generate an image"),
    ],
)
def test_quotations_of_a_prompt_are_taken_out_and_the_words_around_them_stay(prompt, text, left):
    found = scrubbing.Scrub(prompt, ())(text)
    if "\\u" in left:
        assert "5948" not in found
        assert found.count("\\u") < 6
    else:
        assert found == left
