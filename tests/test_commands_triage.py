"""`tierwatch triage` as a person types it."""

import datetime as dt
import json
import re

import click.testing
import pytest
import triage_samples as samples

from probe import client, commands, model, prompts, records
from probe.commands import inputs
from probe.records import history
from probe.triage import subject


def invoke(*words, text=None):
    return click.testing.CliRunner().invoke(commands.program, ["triage", *words], prog_name="tierwatch", input=text)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """config.toml and a database with a failure among failing canaries; no key, and nothing can be sent."""
    monkeypatch.chdir(tmp_path)
    samples.config(tmp_path)
    with records.open(tmp_path / "tierwatch.db") as book:
        book.store_all(samples.series(samples.VIP, "x.xxxxx.xx", first=-50))
        book.store_all(samples.series(samples.OFFICIAL, "." * 10, first=-50))
        book.store_all([samples.judged("mine-0001", trigger=model.Trigger.OWN_TRAFFIC)])

    async def refuse(*_, **__):
        raise AssertionError("something was sent")

    monkeypatch.setattr(client.Client, "send", refuse)
    return tmp_path


def test_a_stored_id_is_answered_in_two_lines_without_a_key(folder):
    result = invoke("mine-0001")
    assert result.exit_code == 0
    first, second, *_ = result.stdout.splitlines()
    assert re.match(r"PROBABLY UPSTREAM \(0\.\d\d\), not your input \(0\.9\d\): vip/4k-high failed 6 of 7", first)
    assert second == "SWITCH: do not resend on vip. Use official, $0.40."


def test_an_undecided_request_exits_1(folder):
    assert invoke("--text", "Error code: 500 - An error occurred while processing your request").exit_code == 1


def test_the_status_of_a_pasted_text_may_be_told(folder):
    told = invoke("--text", "sorry", "--status", "429").stdout
    assert "came back   rate_limited: HTTP 429" in told
    assert "--status 429 --channel CHANNEL" in told


def test_an_undecided_text_without_a_path_says_what_would_tell(folder):
    told = invoke("--text", "Unknown error", "--status", "500").stdout
    assert "where it was sent (--channel, --tier) may tell them apart" in told
    assert "next rung" not in told


@pytest.mark.parametrize(
    ("channel", "tier", "said"),
    [
        ("zz", "4k-high", "channel zz is neither in the config nor in the records; channels there: vip, "),
        ("vlp", "4k-high", 'channel vlp is neither in the config nor in the records; did you mean "vip"?'),
        ("vip", "4k-hihg", 'tier 4k-hihg is neither in the config nor in the records; did you mean "4k-high"?'),
    ],
)
def test_a_channel_or_tier_that_nobody_knows_is_not_answered_from_others(folder, channel, tier, said):
    result = invoke("--text", "sorry", "--channel", channel, "--tier", tier)
    assert (result.stdout, result.exception.exit_code) == ("", 2)
    assert str(result.exception).startswith(said)


def test_a_channel_that_left_the_config_is_still_known_from_the_records(folder):
    text = (folder / "config.toml").read_text().replace('"vip"', '"new"')
    (folder / "config.toml").write_text(text)
    assert "this path  vip/4k-high canaries" in invoke("--text", "x", "--channel", "vip", "--tier", "4k-high").stdout


def test_a_missing_database_is_not_called_a_missing_config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    samples.config(tmp_path)
    told = invoke("--text", "Unknown error").stdout
    assert "tierwatch.db is missing or" in told
    assert "name the config" not in told


def test_ctrl_c_ends_with_the_exit_code_that_shells_give_it(folder, monkeypatch):
    def interrupted(_name):
        raise KeyboardInterrupt

    monkeypatch.setattr(inputs, "pasted", interrupted)
    result = invoke("--reply", "-")
    assert (result.exit_code, result.stderr.strip()) == (130, "Interrupted.")


def test_an_empty_paste_is_refused(folder):
    result = invoke("--reply", "-", text="  \n")
    assert (result.exit_code, str(result.exception)) == (1, "standard input is empty: paste what came back")


def test_a_reply_is_read_from_standard_input(folder):
    result = invoke("--reply", "-", text='HTTP/1.1 401 Unauthorized\n\n{"error": {"code": "invalid_api_key"}}')
    assert result.exit_code == 0
    assert result.stdout.startswith("YOUR ACCOUNT")


def test_a_pasted_reply_needs_neither_config_nor_database(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke("--text", "Your request was rejected by the safety system")
    assert result.exit_code == 0
    assert result.stdout.startswith("YOUR INPUT, not the channel")
    assert "without history: no config.toml here" in result.stderr


def test_beside_a_config_with_a_typo_the_typo_is_what_is_to_be_mended(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text('[[chanel]]\nname = "vip"\n')
    result = invoke("--text", "Unknown error", "--status", "500")
    assert "chanel" in result.stderr
    assert "no config could be read; mend it, or name one" in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--text", "x", "--max-cost", "1"], "nothing is sent without it: add --live"),
        (["--batch", "-", "--live", "--max-cost", "1"], "--live is for one request"),
        (["--since", "6h", "--ticket"], "--ticket is for one request"),
        (["--batch", "-", "--stored"], "--stored is for one request"),
    ],
)
def test_what_would_do_nothing_is_refused(folder, asked, words):
    result = invoke(*asked)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())


def test_a_path_that_nobody_knows_is_not_called_one_without_failures(folder):
    told = str(invoke("--last", "vip/9k").exception)
    assert told.startswith("vip/9k is neither in the config nor in the records; ")


def test_a_misspelt_path_is_told_what_is_meant(folder):
    assert 'did you mean "vip/4k-high"?' in str(invoke("--last", "vip/4k-hihg").exception)


def test_another_prompt_than_was_sent_is_left_out_and_said(folder):
    with records.open(folder / "tierwatch.db") as book:
        sent = subject.hashed(samples.PROMPT, book.prompt_key())
        book.store_all([samples.judged("mine-0003", trigger=model.Trigger.OWN_TRAFFIC, prompt_id=sent)])
    (folder / "sent.txt").write_text(samples.PROMPT + "\n")
    (folder / "other.txt").write_text("a harbour")
    sent, other = (
        " ".join(invoke("mine-0003", "--offline", "--prompt-file", name).stdout.split())
        for name in ("sent.txt", "other.txt")
    )
    assert "--prompt-file holds another one (its hash differs), which was left out" in other
    assert "2 pre-screen: not tried (free, needs the prompt)" in other
    assert "its hash differs" not in sent
    assert "2 pre-screen: not tried (free)" in sent


def test_json_is_one_document_with_its_schema(folder):
    found = json.loads(invoke("mine-0001", "--json").stdout)
    assert found["schema_version"] == 1
    assert found["answer"]["verb"] == "switch"
    assert found["request"]["kept_as"] == "mine-0001"


def test_a_triage_is_kept_and_shown_again(folder):
    assert "has not been triaged yet" in str(invoke("mine-0001", "--stored").exception)
    first = invoke("mine-0001").stdout
    again = invoke("mine-0001", "--stored")
    assert again.stdout.splitlines()[:2] == first.splitlines()[:2]
    with history.open(folder / "tierwatch.db") as past:
        assert len(past.triages("mine-0001")) == 1


def test_no_own_traffic_is_not_the_same_as_no_failure(folder):
    result = invoke("--since", "1h")
    assert result.exit_code == 0
    assert "no own traffic since" in result.stderr
    assert "`tierwatch ingest` brings it" in result.stderr


def test_a_ticket_is_markdown(folder):
    result = invoke("mine-0001", "--ticket")
    assert result.stdout.startswith("# Image request failed\n")
    assert "20260813024100123456789AbCdEfGh" in result.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Name one thing"),
        (["a", "--text", "b"], "Name one thing"),
        (["a", "--live"], "--max-cost"),
        (["--last", "vip"], "channel/tier"),
        (["a", "--sent-at", "soon"], "is no time"),
        (["mine-0001", "--ladder"], "add --live --max-cost"),
    ],
)
def test_wrong_usage_is_named(folder, words, said):
    result = invoke(*words)
    assert result.exit_code == 2
    assert said in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--last", "nano/4k-high"], "nano/4k-high has no failed request"),
        (["--reply", "nowhere.txt"], "nowhere.txt cannot be read"),
        (["mine-0001", "--prompt-file", "nowhere.txt"], "nowhere.txt cannot be read"),
        (["x", "--config", "nowhere.toml"], "there is no file nowhere.toml"),
        (["mine-0001", "--image", "config.toml"], "config.toml is no PNG, JPEG or WebP picture"),
        (["mine-0001", "--image", "cut.png"], "cut.png is a broken PNG picture (truncated)"),
    ],
)
def test_what_cannot_be_read_is_named(folder, words, said):
    (folder / "cut.png").write_bytes(prompts.reference_picture()[:-40])
    result = invoke(*words)
    assert isinstance(result.exception, model.UserError)
    assert said in str(result.exception)


def test_the_prompt_stays_here_without_a_yes(folder):
    (folder / "p.txt").write_text(samples.PROMPT)
    result = invoke("mine-0001", "--prompt-file", "p.txt")
    assert "pre-screen not asked: --yes lets the prompt go to http://127.0.0.1:9/v1" in result.stderr
    assert samples.PROMPT not in result.output


def test_a_log_whose_key_is_missing_is_not_asked_and_says_so(folder):
    with records.open(folder / "tierwatch.db") as book:
        minutes = (dt.datetime.now(dt.UTC) - samples.AT) / dt.timedelta(minutes=1)
        book.store_all([samples.judged("mine-0002", trigger=model.Trigger.OWN_TRAFFIC, minutes=minutes - 60)])
    samples.config(folder, log='log = { kind = "apiyi", url = "http://127.0.0.1:9", key_env = "NO_SUCH_KEY" }')
    assert "vip's log: not asked: environment variable NO_SUCH_KEY is not set" in " ".join(
        invoke("mine-0002").stdout.split()
    )


def test_offline_asks_nobody(folder, monkeypatch):
    monkeypatch.setenv("TRIAGE_KEY", samples.KEY)
    samples.config(folder, log='log = { kind = "apiyi", url = "http://127.0.0.1:9", key_env = "TRIAGE_KEY" }')
    (folder / "p.txt").write_text(samples.PROMPT)
    result = invoke("mine-0001", "--offline", "--prompt-file", "p.txt", "--yes")
    assert result.exit_code == 0
    assert "vip's log" not in result.stdout


def test_a_batch_is_sorted_into_piles_and_nothing_is_sent(folder):
    body = json.dumps(
        {"error": {"message": "Your request was rejected by the safety system.", "code": "moderation_blocked"}}
    )
    line = {
        "id": "a",
        "channel": "vip",
        "tier": "4k-high",
        "sent_at": "2026-08-13T02:41:00Z",
        "status": 400,
        "body": body,
    }
    (folder / "f.ndjson").write_text(json.dumps(line) + "\n{\n")
    result = invoke("--batch", "f.ndjson", "--out", "piles")
    assert result.exit_code == 1  # a line was set aside
    assert "1 failures" in result.stdout
    assert "line 2 set aside: no JSON" in result.stdout
    assert json.loads((folder / "piles" / "rewrite.ndjson").read_text())["id"] == "a"


def test_piles_are_written_over_only_when_told_so(folder):
    assert invoke("--since", "2026-08-13", "--out", "piles").exit_code == 0
    (folder / "piles" / "resend.ndjson").write_text("half worked through\n")
    again = invoke("--since", "2026-08-13", "--out", "piles")
    assert "piles holds piles already (resend.ndjson); name another with --out, or add --replace" in str(
        again.exception
    )
    assert (folder / "piles" / "resend.ndjson").read_text() == "half worked through\n"
    assert invoke("--since", "2026-08-13", "--out", "piles", "--replace").exit_code == 0
    assert "mine-0001" in (folder / "piles" / "resend.ndjson").read_text()


def test_stored_own_traffic_is_a_batch_too(folder):
    result = invoke("--since", "2026-08-13", "--json")
    found = json.loads(result.stdout)
    assert [item["id"] for item in found["piles"]["resend"]] == ["mine-0001"]


SCENE = """
[[channel]]
name = "vip"
model = "gpt-image-2-vip"
refusal = "shell-api-unknown-error"
[[channel]]
name = "official"
model = "gpt-image-2"
[[steady]]
latency_s = { median = 5, sigma = 0 }
"""


def test_a_live_triage_says_the_cost_first_and_is_not_paid_twice(tmp_path, monkeypatch, standin):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRIAGE_KEY", samples.KEY)
    samples.config(tmp_path, standin(SCENE, 200.0))
    (tmp_path / "p.txt").write_text(samples.PROMPT)
    words = ["--text", "Error code: 500 - Unknown error", "--channel", "vip", "--tier", "1k-low"]
    words += ["--prompt-file", "p.txt", "--yes"]
    with records.open(tmp_path / "tierwatch.db"):
        pass
    first = invoke(*words, "--live", "--max-cost", "0.06")
    assert first.stderr.splitlines()[0] == "live: at most $0.06 at list prices; Ctrl-C stops"
    assert first.stdout.startswith("YOUR INPUT, not the channel")
    with history.open(tmp_path / "tierwatch.db") as past:
        paid = len(list(past.outcomes()))
    again = invoke(*words, "--live", "--max-cost", "0.06")
    assert "live: sure enough; $0.00 spent" in again.stderr
    with history.open(tmp_path / "tierwatch.db") as past:
        assert len(list(past.outcomes())) == paid
