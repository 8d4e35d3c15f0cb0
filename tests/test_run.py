"""One canary over real HTTP: what is stored for each way it can end."""

import asyncio
import datetime as dt
import json
import socket
import sqlite3
import types

import pytest

from probe import client, clock, exclusion, ids, kept, model, records, run, taxonomy
from probe import config as configs
from probe.config import schema, secrets
from probe.records import history

START = dt.datetime(2026, 8, 13, tzinfo=dt.UTC)
KEY = "sk-test-0123456789abcdef"

CONFIG = """
{before}
{monitor}
[budget]
usd_per_day = {usd_per_day}
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "{base_url}/v1"
model = "gpt-image-2-vip"
key_env = "VIP_KEY"
price_usd = 0.03
tiers = ["1k-low", "4k-high"]
deadline_s = 60
[[channel]]
name = "nano"
protocol = "gemini"
base_url = "{base_url}"
model = "gemini-3.1-flash-image"
key_env = "VIP_KEY"
tiers = ["1k-low"]
deadline_s = 60
"""

STEADY = """
name = "test"
start = 2026-08-13T00:00:00Z
hours = 24
[[steady]]
channel = "*"
tier = "*"
success = {success}
latency_s = {{ median = {median_s}, sigma = 0.01 }}
failures = {{ {failures} = 1.0 }}
{extra}
"""


def scenario(success=1.0, failures="processing_error", median_s=2.0, extra=""):
    return STEADY.format(success=success, failures=failures, median_s=median_s, extra=extra)


@pytest.fixture
def probe_once(standin, tmp_path, monkeypatch):
    """Send one canary to a stand-in that plays a scenario; (what came of it, the folder)."""
    monkeypatch.setenv("VIP_KEY", KEY)

    def go(played, path="vip/1k-low", *, usd_per_day=5.0, times=1, base_url=None, monitor="", before="[monitor]"):
        url = base_url or standin(played, speed=20.0)
        file = tmp_path / "config.toml"
        file.write_text(CONFIG.format(base_url=url, usd_per_day=usd_per_day, monitor=monitor, before=before))
        config = configs.load(file)

        async def send():
            ticking = clock.FastClock(START, 20.0)
            with records.open(configs.database(file)) as book:
                tools = run.tools(config, ticking, book)
                try:
                    seen = []
                    for _ in range(times):
                        canary = run.canary(config, model.Path.parse(path), model.Trigger.MANUAL, ticking.now())
                        seen.append(await run.probe(canary, tools))
                    return seen[-1]
                finally:
                    await run.close(tools)

        return asyncio.run(send()), tmp_path

    return go


def stored(folder):
    with history.open(folder / "tierwatch.db") as past:
        return list(past.outcomes())


def test_a_good_canary_is_decoded_judged_and_stored_as_it_was_returned(probe_once):
    judged, folder = probe_once(scenario())
    assert (judged.verdict.kind, judged.outcome.evidence.picture.width_px) == (model.Kind.OK, 1280)
    assert judged.outcome.evidence.image_tokens == 106
    assert stored(folder) == [judged]


def test_latency_is_in_seconds_of_the_clock_and_leaves_decoding_out(probe_once):
    judged, _ = probe_once(scenario(median_s=10.0))
    assert judged.outcome.latency_s == pytest.approx(10.0, abs=4.0)
    assert judged.outcome.timings.decode_s is not None


def test_a_4k_picture_arrives_with_exactly_the_ordered_pixels(probe_once):
    judged, _ = probe_once(scenario(median_s=30.0), "vip/4k-high")
    picture = judged.outcome.evidence.picture
    assert (picture.width_px, picture.height_px, picture.format) == (3840, 2160, "png")
    assert judged.ok


def test_a_gemini_canary_takes_the_same_way(probe_once):
    judged, _ = probe_once(scenario(), "nano/1k-low")
    assert (judged.verdict.kind, judged.outcome.evidence.picture.format) == (model.Kind.OK, "jpeg")
    assert judged.outcome.evidence.image_tokens == 1120


@pytest.mark.parametrize(
    ("failures", "kind"),
    [
        ("processing_error", model.Kind.PROCESSING_ERROR),
        ("overloaded", model.Kind.OVERLOADED),
        ("moderation_input", model.Kind.MODERATION_INPUT),
        ("quota_exhausted", model.Kind.QUOTA_EXHAUSTED),
        ("auth", model.Kind.AUTH),
        ("timeout", model.Kind.TIMEOUT),
        ("network", model.Kind.NETWORK),
        ("no_image", model.Kind.NO_IMAGE),
        ("rate_limited", model.Kind.RATE_LIMITED),
        ("gateway_error", model.Kind.GATEWAY_ERROR),
        ("malformed_response", model.Kind.MALFORMED_RESPONSE),
    ],
)
def test_a_failed_canary_is_a_stored_value(probe_once, failures, kind):
    judged, folder = probe_once(scenario(success=0.0, failures=failures))
    assert judged.verdict.kind is kind
    assert [one.verdict.kind for one in stored(folder)] == [kind]


@pytest.mark.parametrize(
    ("delivers", "detail"),
    [("1254x1254", "size_reduced"), ("blank", "blank"), ("undecodable", "undecodable"), ("truncated", "truncated")],
)
def test_a_wrong_picture_is_degraded_though_the_status_is_200(probe_once, delivers, detail):
    judged, _ = probe_once(scenario(extra=f'delivers = "{delivers}"', median_s=20.0), "vip/4k-high")
    assert (judged.verdict.kind, judged.outcome.evidence.status) == (model.Kind.DEGRADED_IMAGE, 200)
    assert detail in judged.verdict.detail


def test_the_same_picture_twice_is_noticed(probe_once):
    judged, _ = probe_once(scenario(extra='delivers = "repeated"'), times=2)
    assert (judged.verdict.kind, judged.verdict.detail) == (model.Kind.DEGRADED_IMAGE, "repeated")


@pytest.mark.parametrize(("keep", "files"), [("failures", 1), ("none", 0)])
def test_a_wrong_picture_is_kept_only_where_the_config_asks_for_it(probe_once, keep, files):
    played = scenario(extra='delivers = "1024x1024"')
    judged, folder = probe_once(played, monitor=f'keep_pictures = "{keep}"')
    assert judged.verdict.kind is model.Kind.DEGRADED_IMAGE
    assert [path.name for path in folder.glob("pictures/*")] == [f"{judged.outcome.id}.png"] * files


def test_a_right_picture_is_never_kept(probe_once):
    _, folder = probe_once(scenario(), monitor='keep_pictures = "failures"')
    assert not (folder / "pictures").exists()


def test_a_picture_in_which_a_key_stands_is_not_kept(tmp_path, caplog):
    key = secrets.Secret("sk-hunter2hunter2hunter2")
    monitor = schema.Monitor(pictures_dir=str(tmp_path / "p"))
    tools = types.SimpleNamespace(config=types.SimpleNamespace(monitor=monitor), redact=secrets.Redactor([key]))
    evidence = model.Evidence(status=500)
    outcome = model.Outcome("id-1", model.Path("a", "b"), model.Trigger.MANUAL, START, evidence)
    judged = model.Judged(outcome, taxonomy.judge(evidence))
    run._keep(b"\x89PNG\xff tEXt sk-hunter2hunter2hunter2", judged, tools)
    assert not (tmp_path / "p").exists()
    assert "a key stands in it" in caplog.text
    run._keep(b"\x89PNG\xff tEXt", judged, tools)
    assert len(list((tmp_path / "p").iterdir())) == 1


def keep_pictures(folder, *, numbers, most, picture=b"bytes"):
    """Keep a picture for each number; the ids of their outcomes."""
    names = [ids.new(START + dt.timedelta(seconds=number)) for number in numbers]
    for name in names:
        evidence = model.Evidence(status=200, picture=model.Picture(format="jpeg"))
        outcome = model.Outcome(name, model.Path("a", "b"), model.Trigger.MANUAL, START, evidence)
        kept.keep(folder, picture, model.Judged(outcome, taxonomy.judge(evidence)), most=most)
    return names


def test_the_folder_of_kept_pictures_is_bounded(tmp_path):
    names = keep_pictures(tmp_path / "p", numbers=range(5), most=2)
    assert sorted(path.name for path in (tmp_path / "p").iterdir()) == [f"{name}.jpg" for name in names[-2:]]


def test_thinning_the_folder_of_kept_pictures_leaves_files_of_others_alone(tmp_path):
    for name in ("config.toml", "tierwatch.db", "0.png", "holiday.jpg"):
        (tmp_path / name).write_text("mine")
    (newest,) = keep_pictures(tmp_path, numbers=[0], most=1)
    names = {"config.toml", "tierwatch.db", "0.png", "holiday.jpg", f"{newest}.jpg"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_a_kept_picture_is_private_in_a_folder_that_others_can_read(tmp_path):
    (tmp_path / "p").mkdir(mode=0o755)
    keep_pictures(tmp_path / "p", numbers=[0], most=1)
    (path,) = (tmp_path / "p").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_picture_that_the_disk_has_no_room_for_leaves_no_half_of_it(tmp_path, monkeypatch):
    def full(path, data):
        with path.open("wb") as file:
            file.write(data[:2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept.pathlib.Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        keep_pictures(tmp_path, numbers=[0], most=1)
    assert list(tmp_path.iterdir()) == []


def test_a_spent_budget_sends_nothing(probe_once):
    with pytest.raises(records.BudgetExhausted):
        probe_once(scenario(), usd_per_day=0.05, times=2)


def test_what_the_answer_says_it_cost_is_stored_beside_the_list_price(probe_once, monkeypatch):
    body = json.dumps({"data": [{"b64_json": "iVBORw0KGgo="}], "usage": {"cost": 0.06}}).encode()

    async def answered(*_, **__):
        return model.Reply(200, {"content-type": "application/json"}, body)

    monkeypatch.setattr(client.Client, "send", answered)
    judged, folder = probe_once(scenario())
    assert (judged.outcome.price_usd, judged.outcome.charged_usd) == (0.03, 0.06)
    assert stored(folder)[0].outcome.charged_usd == 0.06


def test_request_ids_of_the_answer_lead_back_to_it(probe_once):
    judged, folder = probe_once(scenario(success=0.0))
    ids = judged.verdict.request_ids.all()
    assert ids
    with history.open(folder / "tierwatch.db") as past:
        assert all(past.find(value)[0].outcome.id == judged.outcome.id for _, value in ids)


def test_neither_key_nor_prompt_reaches_the_database(probe_once):
    _, folder = probe_once(scenario(success=0.0, failures="moderation_input"))
    raw = b"".join(path.read_bytes() for path in folder.glob("tierwatch.db*"))
    with sqlite3.connect(folder / "tierwatch.db") as db:
        dump = "\n".join(db.iterdump())
    db.close()
    canary = run.canary(
        configs.load(folder / "config.toml"), model.Path("vip", "1k-low"), model.Trigger.MANUAL, dt.datetime.now(dt.UTC)
    )
    assert KEY.encode() not in raw
    assert canary.prompt[:40] not in dump


def test_a_closed_port_on_the_only_host_is_the_channels_fault_not_ours(probe_once):
    judged, _ = probe_once("", base_url="http://127.0.0.1:1")
    assert (judged.verdict.kind, judged.outcome.evidence.sent) == (model.Kind.NETWORK, False)
    assert (judged.verdict.billed, judged.outcome.price_usd) == ("no", 0.0)


@pytest.mark.parametrize(("elsewhere", "excluded"), [(False, model.Exclusion.LOCAL_NETWORK), (True, None)])
def test_an_unreachable_channel_is_blamed_only_while_another_host_answers(probe_once, elsewhere, excluded):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1] if elsewhere else 1
        control = f'[moderation]\nbase_url = "http://localhost:{port}/v1"\n[monitor]'
        judged, _ = probe_once("", base_url="http://127.0.0.1:1", before=control)
    assert (judged.verdict.kind, judged.outcome.excluded) == (model.Kind.NETWORK, excluded)


@pytest.mark.parametrize(("proxy", "excluded"), [("http://127.0.0.1:1", model.Exclusion.LOCAL_NETWORK), (None, None)])
def test_a_proxy_of_ours_that_cannot_be_reached_is_no_fault_of_the_channel(proxy, excluded):
    with socket.create_server(("127.0.0.1", 0)) as other:
        elsewhere = f"http://127.0.0.1:{other.getsockname()[1]}"
        table = {"name": "a", "protocol": "gemini", "base_url": "http://127.0.0.1:2", "model": "m", "proxy": proxy}
        config = schema.Config.model_validate({"channel": (table,), "moderation": {"base_url": elsewhere}})
        canary = model.Canary("i", model.Path("a", "b"), model.Trigger.MANUAL, model.Order("gemini", "m"), "p", "")
        reply = model.Reply(fault=model.Fault.REFUSED, sent=False)
        verdict = taxonomy.judge(model.Evidence(fault=reply.fault, sent=False))
        assert asyncio.run(exclusion.of(canary, reply, verdict, config, interrupted=False)) is excluded


def test_ids_are_version_7_uuids_that_sort_by_time():
    early = ids.new(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    late = ids.new(dt.datetime(2026, 1, 2, tzinfo=dt.UTC))
    assert early < late
    assert (early[14], early[19] in "89ab") == ("7", True)


def test_a_header_that_is_no_fact_is_not_kept():
    reply = model.Reply(status=500, headers={"set-cookie": "a=b", "x-request-id": "req_1", "cf-ray": "r"})
    canary = model.Canary("i", model.Path("a", "b"), model.Trigger.MANUAL, model.Order("gemini", "m"), "p", "a prompt")
    evidence = run.evidence_of(reply, run.reading.Reading(), None, canary, str)
    assert set(evidence.headers) == {"x-request-id", "cf-ray"}


def test_a_key_or_prompt_that_an_answer_or_picture_names_as_its_own_is_scrubbed():
    canary = model.Canary("i", model.Path("a", "b"), model.Trigger.MANUAL, model.Order("gemini", "m"), "p", "a red fox")
    read = run.reading.Reading(echoed_size=KEY, echoed_quality="a red fox")
    seen = model.Picture(format="png", provenance=f"made for {KEY}: a red fox")
    redact = secrets.Redactor([secrets.Secret(KEY)])
    evidence = run.evidence_of(model.Reply(status=200), read, seen, canary, redact)
    assert (evidence.echoed_size, evidence.echoed_quality) == ("[key]", "[prompt]")
    assert evidence.picture.provenance == "made for [key]: [prompt]"


def test_the_prompt_is_scrubbed_from_what_the_answer_quotes():
    canary = model.Canary("i", model.Path("a", "b"), model.Trigger.MANUAL, model.Order("gemini", "m"), "p", "a red fox")
    read = run.reading.Reading(text="rejected: a red fox")
    evidence = run.evidence_of(model.Reply(status=400), read, None, canary, str)
    assert evidence.text == "rejected: [prompt]"
    assert taxonomy.judge(evidence).kind
