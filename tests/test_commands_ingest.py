"""`tierwatch ingest`: what a person sees, and a gateway's log of thirty days pulled with an interruption."""

import contextlib
import datetime as dt
import gzip
import json
import os
import sqlite3
import threading

import click.testing
import httpx
import own_samples as samples
import pytest

from probe import commands, model, records
from probe.gatewaylogs import pull
from probe.records import history, writes


@pytest.fixture
def folder(tmp_path, monkeypatch):
    samples.settings(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words, **options):
    return click.testing.CliRunner().invoke(commands.program, ["ingest", *words], prog_name="tierwatch", **options)


def write(path, *lines):
    path.write_text("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines))
    return str(path)


def wall():
    """23 of 31 failed 4K requests end at 100.0 to 100.4 s; 60 succeed sooner."""
    ends = [100.0 + n % 5 / 10 for n in range(23)] + [20.0 + 31 * n for n in range(8)]
    failed = [samples.failed(f"f{n}", samples.minutes(3 * n), elapsed_s=s) for n, s in enumerate(ends)]
    drawn = [samples.told(f"d{n}", samples.minutes(3 * n + 1), elapsed_s=70.0 + n % 20) for n in range(60)]
    return [*failed, *drawn]


def test_the_first_finding_comes_from_a_users_own_failures(folder):
    result = run(write(folder / "requests.ndjson", *wall()))
    assert result.exit_code == 0
    assert "requests.ndjson: 91 lines, 91 new" in result.output
    told = " ".join(result.output.split())
    assert "vip/4k-high: 23 of 31 failures end at 100.0-100.4 s: a CDN's origin timeout" in told
    assert "vip/4k-high: 31 of 91 fail, 34 % (95 %: 25-44): processing_error 31." in told
    assert "next: tierwatch report" in told
    assert max(map(len, result.output.splitlines())) <= 80


def test_a_second_time_nothing_is_new(folder):
    path = write(folder / "requests.ndjson", *wall())
    run(path)
    assert "no new lines" in run(path).output
    assert "91 lines, 91 known already" in run(path, "--since", "2026-08-01").output


def test_a_period_that_was_taken_in_before_is_told_again(folder):
    path = write(folder / "requests.ndjson", *wall())
    run(path)
    again = run(path, "--since", "2026-08-01").output
    assert "91 own requests from 2026-08-13 02:19 to 2026-08-13 05:17 UTC:" in again
    assert "23 of 31 failures end at 100.0-100.4 s" in again


def test_words_of_others_cannot_command_the_terminal(folder):
    hostile = samples.told("h", model="flux\x1b[31m\u202e", url="https://evil.example/v1")
    output = run(write(folder / "requests.ndjson", hostile)).output
    assert "\x1b" not in output
    assert r"flux\x1b[31m\u202e" in output


def test_a_dry_run_tells_the_findings_and_stores_nothing(folder):
    result = run(write(folder / "requests.ndjson", *wall()), "--dry-run")
    assert "91 lines, 91 fit a channel" in result.output
    assert "23 of 31" in result.output
    assert {path.name for path in folder.iterdir()} == {"config.toml", "requests.ndjson"}


def test_bad_lines_are_told_and_make_it_fail(folder):
    result = run(write(folder / "a.ndjson", samples.told(), "nonsense\n", {"schema_version": 1}))
    assert result.exit_code == 1
    assert "3 lines, 1 new, 2 set aside" in result.output
    aside = (folder / "aside.txt").read_text()
    assert "id: Field required" in aside
    assert "nonsense" in aside


def test_half_a_line_at_the_end_of_a_file_waits_and_is_told(folder):
    whole, half = json.dumps(samples.told("a")) + "\n", json.dumps(samples.told("b"))[:100]
    path = write(folder / "requests.ndjson", whole, half)
    first, again = run(path), run(path)
    assert "requests.ndjson: 1 line, 1 new, 1 at the end is not whole yet and waits\n" in first.output
    assert "requests.ndjson: no new lines, 1 at the end is not whole yet and waits\n" in again.output
    assert first.exit_code == again.exit_code == 0
    write(folder / "requests.ndjson", whole, json.dumps(samples.told("b")))
    assert "requests.ndjson: 1 line, 1 new\n" in run(path).output
    assert json.loads(run(path, "--json").output)["sources"][0]["cut"] == 0


def test_a_line_that_is_set_aside_is_kept_without_what_looks_like_a_key(folder):
    key = "sk-0123456789abcdefghijkl"
    run(write(folder / "a.ndjson", {"schema_version": 1, "headers": {"authorization": f"Bearer {key}"}}))
    assert "authorization" in (folder / "aside.txt").read_text()
    assert key not in (folder / "aside.txt").read_text()


def test_times_for_programs_name_their_zone(folder):
    document = json.loads(run(write(folder / "a.ndjson", samples.told(model="gpt-image-9")), "--json").output)
    assert document["unmapped"][0]["first_at"] == "2026-08-13T02:19:00Z"


def test_what_fits_no_channel_is_listed(folder):
    result = run(write(folder / "a.ndjson", samples.told(model="gpt-image-9")))
    assert result.exit_code == 0
    told = " ".join(result.output.split())
    assert "1 x gpt-image-9 3840x2160 high at api.apiyi.com: no channel has this model" in told


def test_requests_that_were_held_are_taken_in_once_the_config_fits_them(folder):
    run(write(folder / "a.ndjson", samples.told(model="gpt-image-9")))
    samples.settings(folder, samples.CONFIG.replace('"gpt-image-2-vip"', '"gpt-image-9"'))
    assert "held before: 1 line, 1 new" in run().output


def piped(text):
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as file:
        file.write(text.encode())
    with os.fdopen(reading, "rb") as file:
        return run("-", input=file)


def test_standard_input_is_read(folder):
    assert "standard input: 1 line, 1 new" in piped(json.dumps(samples.told()) + "\n").output


def test_a_list_that_a_server_answered_may_be_piped(folder):
    assert "standard input: 2 lines, 2 new" in piped(json.dumps([samples.told("a"), samples.told("b")])).output


def test_a_pipe_that_ends_within_a_line_has_that_line_set_aside(folder):
    result = piped(json.dumps(samples.told()) + '\n{"schema_version": 1, "id": "b", "sent')
    assert "2 lines, 1 new, 1 set aside" in result.output


def test_a_named_pipe_is_read_once_and_no_place_in_it_is_kept(folder):
    path = folder / "pipe"
    os.mkfifo(path)
    writing = threading.Thread(target=path.write_text, args=(json.dumps(samples.told()) + "\n",))
    writing.start()
    assert "1 line, 1 new" in run(str(path)).output
    writing.join()
    with contextlib.closing(sqlite3.connect(folder / "tierwatch.db")) as connection:
        assert connection.execute("SELECT * FROM source").fetchall() == []


@pytest.mark.parametrize(
    ("name", "content", "remedy"),
    [
        ("a.ndjson.gz", gzip.compress(b"{}\n"), "is compressed: zcat a.ndjson.gz | tierwatch ingest -"),
        ("my file.zst", b"\x28\xb5\x2f\xfd\x00", "is compressed: zstdcat 'my file.zst' | tierwatch ingest -"),
        ("a.txt", "{}\n".encode("utf-16"), "is UTF-16: iconv -f utf-16 -t utf-8 a.txt | tierwatch ingest -"),
    ],
    ids=["gzip", "zstd", "utf-16"],
)
def test_a_file_of_another_kind_is_refused_with_its_remedy(folder, name, content, remedy):
    (folder / name).write_bytes(content)
    assert f"{name} {remedy}" == str(run(name).exception)
    assert not (folder / "aside.txt").exists()


def test_a_folder_is_refused_with_its_remedy(folder):
    (folder / "logs").mkdir()
    assert "name the files in it, as logs/*.ndjson" in str(run("logs").exception)


def test_lines_that_none_understands_point_to_the_format(folder):
    result = run(write(folder / "access.csv", "time,model\n", "2026-08-13,gpt-image-2\n"), "--dry-run")
    assert "2 lines, 2 set aside" in result.output
    assert "1 x no JSON: Expecting value at character 1" in result.output
    assert "docs/own-traffic.md tells what a line holds" in result.output


def test_an_empty_file_holds_no_new_lines(folder):
    assert "empty.ndjson: no new lines" in run(write(folder / "empty.ndjson")).output


def test_an_empty_spool_says_how_to_record(folder):
    result = run()
    assert result.exit_code == 0
    assert "docs/own-traffic.md tells how to record" in result.output


def test_a_damaged_key_of_the_spool_is_told_with_its_remedy(folder):
    spool = folder / "spool"
    spool.mkdir()
    (spool / "prompt.key").write_text("not hexadecimal")
    result = run()
    assert isinstance(result.exception, model.UserError)
    assert "prompt.key is no key" in str(result.exception)


def test_the_document_for_programs_has_counts_findings_and_walls(folder):
    document = json.loads(run(write(folder / "requests.ndjson", *wall()), "--json").output)
    (source,) = document["sources"]
    assert (source["new"], source["by_path"]) == (91, {"vip/4k-high": 91})
    assert document["walls"][0]["failures"] == 23
    assert document["schema_version"] == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("a.ndjson", "--from", "apiyi"), "FILES or --from, not both"),
        (("--channel", "vip"), "--channel goes with --from"),
        (("--from", "new-api"), "No channel has a log of kind 'new-api'"),
        (("--from", "apiyi", "--channel", "vpi"), "--channel 'vpi' is not in the config"),
    ],
)
def test_what_makes_no_sense_is_refused(folder, words, says):
    write(folder / "a.ndjson")
    result = run(*words)
    assert result.exit_code == 2
    assert says in result.output


def test_the_logs_key_is_asked_for_only_where_a_log_is_read(folder):
    assert run(write(folder / "a.ndjson", samples.told())).exit_code == 0
    result = run("--from", "apiyi")
    assert isinstance(result.exception, model.UserError)
    assert "LOG_KEY is not set" in str(result.exception)


# --- a gateway's log -------------------------------------------------------------------------------------------


class Manual:
    """A clock that stands still until it is set."""

    speed = 1.0

    def __init__(self, at):
        self.at = at

    def now(self):
        return self.at

    def monotonic_s(self):
        return 0.0

    async def sleep(self, seconds):
        return


DAYS = 30
SCENARIO = """
[[channel]]
name = "vip"
model = "gpt-image-2-vip"
personality = "shell-api"
[[steady]]
success = 0.15
latency_s = { median = 90, sigma = 0.3 }
failures = { processing_error = 0.7, overloaded = 0.3 }
"""


@pytest.fixture(scope="module")
def month_start():
    return (dt.datetime.now(dt.UTC) - dt.timedelta(days=DAYS)).replace(microsecond=0)


@pytest.fixture
def month(standin, folder, monkeypatch, month_start):
    """A stand-in gateway that served a request every eight hours for thirty days; gives the ids by outcome."""
    time = Manual(month_start)
    url = standin(SCENARIO, time=time)
    order = {"model": "gpt-image-2-vip", "prompt": "a", "size": "1280x720", "quality": "low"}
    served = {}
    with httpx.Client(trust_env=False, verify=False, timeout=10) as http:
        for n in range(DAYS * 3):
            time.at = month_start + dt.timedelta(hours=8 * n + 1)
            answer = http.post(f"{url}/v1/images/generations", json=order, headers={"authorization": "Bearer k"})
            served[answer.headers["request-id"]] = answer.status_code
    time.at = month_start + dt.timedelta(days=DAYS)
    (folder / "config.toml").write_text(samples.CONFIG.replace('url = "https://api.apiyi.com"', f'url = "{url}"'))
    monkeypatch.setenv("LOG_KEY", "system-token")
    return served


def stored(folder):
    with history.open(folder / "tierwatch.db") as past:
        return list(past.outcomes())


def test_thirty_days_of_a_gateways_log_survive_an_interruption(folder, month, monkeypatch):
    asked, calls = [], [0]
    real_send, real_store = pull.Asking._once, writes.Records.take_in

    async def counting(self, request):
        asked.append(request.url)
        return await real_send(self, request)

    def dying(self, *args, **named):
        calls[0] += 1
        if calls[0] == 21:  # the power fails on the eleventh day
            raise records.UnavailableError("the disk is full")
        return real_store(self, *args, **named)

    monkeypatch.setattr(pull.Asking, "_once", counting)
    monkeypatch.setattr(writes.Records, "take_in", dying)
    first = run("--from", "apiyi", "--since", "30d")
    assert isinstance(first.exception, records.UnavailableError)
    before, asked_before = len(stored(folder)), len(asked)
    assert 20 <= before <= 40
    monkeypatch.setattr(writes.Records, "take_in", real_store)
    second = run("--from", "apiyi", "--since", "30d")
    assert second.exit_code == 0
    assert len(asked) - asked_before <= DAYS + 2 - asked_before + 3  # what was read is not asked for again
    found = stored(folder)
    ids = {one.verdict.request_ids.gateway[0]: one for one in found}
    assert set(ids) == set(month)
    assert len(found) == len(month)
    failed = {name for name, status in month.items() if status != 200}
    assert {name for name, one in ids.items() if not one.ok} == failed
    with history.open(folder / "tierwatch.db") as past:
        points = past.traffic.points()
    assert sum(point.charged_usd or 0 for point in points) == pytest.approx(0.03 * (len(month) - len(failed)))
    assert {str(point.path) for point in points} == {"vip/?"}


def test_a_log_pulled_again_brings_only_what_is_new(folder, month):
    run("--from", "apiyi")
    result = run("--from", "apiyi")
    assert "no new lines" in result.output
    assert len(stored(folder)) == len(month)


def test_a_refused_token_is_told_with_its_remedy_and_makes_it_fail(folder, standin, monkeypatch):
    (folder / "config.toml").write_text(samples.CONFIG.replace('url = "https://api.apiyi.com"', f'url = "{standin()}"'))
    monkeypatch.setenv("LOG_KEY", "bad-token")
    result = run("--from", "apiyi")
    assert result.exit_code == 1
    assert "system token of the profile page" in result.output
