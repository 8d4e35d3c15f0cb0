"""`report`, `recommend` and `status` on a real database: what they read, print and exit with."""

import datetime as dt
import json
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner
from record_samples import judged

from probe import commands, model, records
from probe import config as configs
from probe.inference import words as reasons
from reports import status

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
HOUR = dt.timedelta(hours=1)
OK, FAILED = model.Kind.OK, model.Kind.PROCESSING_ERROR
VIP, OFFICIAL = model.Path("vip", "4k-high"), model.Path("official", "4k-high")
CONFIG = """
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "https://vip.example/v1"
model = "gpt-image-2-vip"
key_env = "VIP_KEY"
price_usd = 0.03
tiers = ["4k-high"]

[[channel]]
name = "official"
protocol = "openai-images"
base_url = "https://official.example/v1"
model = "gpt-image-2"
key_env = "OFFICIAL_KEY"
price_usd = 0.40
tiers = ["4k-high"]

[[job]]
name = "nightly"
tiers = ["4k-high"]
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG)
    return tmp_path


def book(home):
    return records.open(home / "tierwatch.db")


def week(path, *, failing_since=NOW, every=2 * HOUR, trigger=model.Trigger.SCHEDULED):
    """Seven days of canaries that succeed until `failing_since`."""
    at, number = NOW - dt.timedelta(days=7), 0
    while at < NOW:
        kind = FAILED if at >= failing_since else OK
        fields = {"at": at, "path": path, "trigger": trigger, "latency_s": 90.0, "price_usd": 0.03}
        yield judged(f"{path}-{trigger}-{number}", kind=kind, **fields)
        at, number = at + every, number + 1


def run(*words):
    return CliRunner().invoke(commands.program, words, prog_name="tierwatch")


JUST_NOW = object()  # the suite may have been running for minutes since NOW


def published(home, *states, beat_at=JUST_NOW, digest=""):
    with book(home) as open_book:
        told = [model.PathState(path, state, NOW - 3 * HOUR, NOW, 0.9, reason) for path, state, reason in states]
        open_book.publish(told, NOW)
        if beat_at:
            at = dt.datetime.now(dt.UTC) if beat_at is JUST_NOW else beat_at
            open_book.beat(at, pid=1, digest=digest, stale_after_s=90.0)


# --- status -----------------------------------------------------------------------------------------------------------

S = model.State


@pytest.mark.parametrize(
    ("vip", "official", "code", "said"),
    [
        (S.HEALTHY, S.HEALTHY, 0, "OK - 2 of 2 paths healthy"),
        (S.SUSPECT, S.HEALTHY, 0, "OK - 1 of 2 paths healthy, 1 suspect"),
        (S.HEALTHY, S.UNKNOWN, 0, "OK - 1 of 2 paths healthy, 1 not known yet"),
        (S.UNKNOWN, S.UNKNOWN, 0, "OK - 0 of 2 paths healthy, 2 not known yet"),
        (S.DEGRADED, S.HEALTHY, 1, "WARNING - vip/4k-high is bad"),
        (S.RECOVERING, S.SUSPECT, 1, "WARNING - vip/4k-high is bad"),
        (S.NO_ACCESS, S.HEALTHY, 1, "WARNING - vip/4k-high is bad"),
        (S.DEGRADED, S.DEGRADED, 2, "CRITICAL - no healthy channel left for 4k-high (job nightly)"),
        (S.MODEL_GONE, S.REFUSING, 2, "CRITICAL - no healthy channel left for 4k-high (job nightly)"),
        (S.DEGRADED, S.UNKNOWN, 2, "CRITICAL - no healthy channel left for 4k-high (job nightly)"),
    ],
)
def test_status_exits_by_the_gravest_state(home, vip, official, code, said):
    published(home, (VIP, vip, "about 40 % fail"), (OFFICIAL, official, ""))
    result = run("status")
    assert (result.exit_code, result.stdout.split(" | ")[0]) == (code, said)


def test_status_takes_no_path_of_which_little_was_seen_for_healthy(home):
    published(home, (VIP, S.HEALTHY, f"3 of 20 canaries so far: {reasons.FEW_SEEN}"), (OFFICIAL, S.HEALTHY, ""))
    first, *rest = run("status").stdout.splitlines()
    assert first.startswith("OK - 1 of 2 paths healthy, 1 too early to say | ")
    assert rest[0] == "too early to say: vip/4k-high"


def test_status_names_a_path_below_its_target_though_that_is_usual_for_it(home):
    published(home, (VIP, S.HEALTHY, "below its target of 95 %"), (OFFICIAL, S.HEALTHY, ""))
    first, *rest = run("status").stdout.splitlines()
    assert first.startswith("OK - 2 of 2 paths healthy | ")
    assert re.fullmatch(r"vip/4k-high healthy since .*: below its target of 95 %", rest[0])


def test_status_has_a_line_for_each_problem_and_performance_data(home):
    published(home, (VIP, S.DEGRADED, "about 40 % fail: timeout 3 of 8"), (OFFICIAL, S.UNKNOWN, ""))
    first, *rest = run("status").stdout.splitlines()
    assert re.fullmatch(r"CRITICAL - .* \|( [a-z_]+=[0-9.]+s?(;;;0;2)?)+", first)
    assert "degraded=1;;;0;2" in first
    assert re.fullmatch(r"vip/4k-high DEGRADED since .*\d\d:\d\d UTC: about 40 % fail: timeout 3 of 8", rest[0])
    assert rest[1] == "not known: official/4k-high"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda home: None, "there is no database yet"),
        (lambda home: book(home).close(), "no daemon has run here yet"),
        (lambda home: published(home, (VIP, S.HEALTHY, ""), beat_at=None), "no daemon has run here yet"),
        (lambda home: published(home, (VIP, S.HEALTHY, ""), beat_at=NOW - HOUR), "blind: the daemon's last sign of life was 1 h"),
        (lambda home: published(home, (VIP, S.HEALTHY, ""), beat_at=NOW + HOUR), "blind: no sign of life since this machine's clock was set back"),
        (published, "the daemon has published no state yet"),
        (lambda home: (home / "config.toml").write_text("[[channel"), "not valid TOML"),
        (lambda home: (home / "config.toml").unlink(), "no config.toml here"),
        (lambda home: (home / "tierwatch.db").write_bytes(b"no database" * 1000), "tierwatch.db"),
    ],
)  # fmt: skip
def test_status_is_blind_and_says_why(home, spoil, said):
    spoil(home)
    result = run("status")
    assert result.exit_code == 3
    assert result.stdout.startswith("UNKNOWN - ")
    assert said in result.stdout.splitlines()[0]


def test_a_wrong_option_of_status_is_blind_and_not_critical(home):
    assert run("status", "--bogus").exit_code == 3
    assert run("status", "--help").exit_code == 0
    assert run("report", "--bogus").exit_code == 2


def test_a_bug_in_status_is_blind_with_its_traceback(home, monkeypatch):
    published(home, (VIP, S.HEALTHY, ""))
    monkeypatch.setattr(status, "status", lambda known, now: 1 // 0)
    result = run("status")
    assert (result.exit_code, result.stdout) == (3, "UNKNOWN - a bug of tierwatch, see the traceback\n")
    assert "ZeroDivisionError" in result.stderr


def test_status_says_that_the_config_has_changed_under_the_daemon(home):
    published(home, (VIP, S.HEALTHY, ""), digest="0" * 64)
    assert "the config file has changed since the daemon read it" in run("status").stdout
    published(home, (VIP, S.HEALTHY, ""), digest=configs.load(home / "config.toml").digest)
    assert "changed" not in run("status").stdout


def test_status_shows_no_control_character_of_a_stored_reason(home):
    published(home, (VIP, S.DEGRADED, "evil \x1b[2J \u202e | x=1\nOK - fine"), (OFFICIAL, S.HEALTHY, ""))
    printed = run("status").stdout
    assert "\x1b" not in printed
    assert "\u202e" not in printed
    assert "\nOK - fine" not in printed


def test_status_as_json_names_every_path(home):
    published(home, (VIP, S.DEGRADED, "about 40 % fail"), (OFFICIAL, S.HEALTHY, ""))
    result = run("status", "--json")
    document = json.loads(result.stdout)
    assert (result.exit_code, document["exit_code"], document["status"]) == (1, 1, "warning")
    assert document["schema_version"] == 1
    assert [path["state"] for path in document["paths"]] == ["degraded", "healthy"]


# --- report and recommend ---------------------------------------------------------------------------------------------


@pytest.fixture
def degraded(home):
    """vip fails for the last half day, official is fine."""
    with book(home) as open_book:
        open_book.store_all([*week(VIP, failing_since=NOW - 12 * HOUR), *week(OFFICIAL)])
    return home


def test_the_report_dates_the_trouble_and_clears_the_prompts(degraded):
    result = run("report")
    assert result.exit_code == 0
    screen = " ".join(result.stdout.split("WHICH CHANNEL")[0].split())
    assert "vip/4k-high DEGRADED since" in screen
    assert "processing_error 6 of 6 canaries; official fine at 4k-high: the vip route, not your prompts." in screen
    assert "NOT WATCHED now: no daemon is running (it never ran here)" in screen
    assert re.search(r"batch +4k-high: (stay on vip|official)[,:] .*\$.* a usable picture, .* get through", screen)


def test_the_degraded_stretch_of_the_report_begins_where_the_trouble_did(degraded):
    document = json.loads(run("report", "--format", "json").stdout)
    timeline = next(section for section in document["sections"] if section["key"] == "timeline")
    (stretch,) = timeline["blocks"][1]["rows"]
    start = dt.datetime.fromisoformat(stretch[1]["at"])
    low, high = (dt.datetime.fromisoformat(stretch[1][name]) for name in ("low", "high"))
    assert stretch[0] == "vip/4k-high"
    assert low <= NOW - 12 * HOUR <= high + 2 * HOUR
    assert abs(start - (NOW - 12 * HOUR)) <= 2 * HOUR
    assert stretch[2]["word"] == "still on"


def test_a_report_of_the_past_knows_nothing_of_today(degraded):
    screen = run("report", "--until", (NOW - 24 * HOUR).isoformat()).stdout.split("WHICH CHANNEL")[0]
    assert "DEGRADED" not in screen
    assert "NOT WATCHED" not in screen


def test_the_report_can_be_narrowed_to_a_channel(degraded):
    printed = run("report", "--channel", "official").stdout
    assert "official/4k-high" in printed
    assert "vip/4k-high DEGRADED" not in printed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--channel", "vlp"], "--channel 'vlp' is not in the config, which has vip, official."),
        (["--tier", "8k"], "--tier '8k' is not in the config"),
        (["--since", "soon"], "'soon' is no time: write 14d, 36h"),
        (["--since", "1d", "--until", "2d"], "--since must lie before --until"),
        (["--since", "2099-01-01"], "--since must lie before --until and before now"),
        (["--since", "999999w"], "is no time"),
    ],
)
def test_a_wrong_choice_is_refused_before_anything_is_read(degraded, words, said):
    result = run("report", *words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_report_without_a_database_names_the_remedy(home):
    result = CliRunner().invoke(commands.program, ["report"])
    assert isinstance(result.exception, records.RecordsError)
    assert "`tierwatch daemon` makes one" in str(result.exception)


def test_the_ending_of_the_file_chooses_the_format(degraded):
    for ending, start in ((".html", "<!DOCTYPE html>"), (".md", "# tierwatch"), (".json", "{"), (".txt", "tierwatch")):
        output = degraded / "out" / f"report{ending}"
        result = run("report", "--output", str(output))
        assert (result.exit_code, result.stdout) == (0, "")
        assert output.read_text().startswith(start)
    assert sorted(path.name for path in (degraded / "out").iterdir()) == [
        f"report{e}" for e in (".html", ".json", ".md", ".txt")
    ]


def test_plots_are_written_as_png_and_svg(degraded):
    assert run("report", "--plots", "plots").exit_code == 0
    names = sorted(path.name for path in (degraded / "plots").iterdir())
    kinds = (
        "cost-scheduled",
        "kinds-scheduled",
        "latency-scheduled",
        "payoff",
        "rates-scheduled",
        "timeline-scheduled",
    )
    assert names == [f"{kind}.{ending}" for kind in kinds for ending in ("png", "svg")]


def test_an_output_that_cannot_be_written_is_told_in_one_line(degraded):
    (degraded / "file").write_text("")
    result = run("report", "--output", "file/report.txt")
    assert isinstance(result.exception, model.UserError)
    assert "choose another --output" in str(result.exception)


def test_colour_is_for_terminals_and_those_who_ask(degraded, monkeypatch):
    assert "\x1b" not in run("report").stdout
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1;31m" in run("report").stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("report").stdout


def test_recommend_names_a_channel_its_reason_and_how_long_it_stands(degraded):
    result = run("recommend", "--json")
    tier, job = json.loads(result.stdout)["recommendations"]
    assert result.exit_code == 0
    assert (tier["job"], job["job"]) == (None, "nightly")
    assert {tier["choice"]["channel"], tier["runner_up"]["channel"]} == {"vip", "official"}
    assert tier["in_a_hurry"]["channel"] == "official"
    assert dt.datetime.fromisoformat(tier["valid_until"]) > dt.datetime.fromisoformat(tier["checked_at"])
    assert tier["reason"]
    assert "vip is healthy again" in tier["would_change"]


def test_recommend_exits_1_and_says_so_where_there_is_not_enough_data(home):
    with book(home) as open_book:
        open_book.store_all(list(week(VIP, every=24 * HOUR)))
    result = run("recommend", "--tier", "4k-high")
    assert result.exit_code == 1
    assert "not enough data" in result.stdout
    assert "vip/4k-high: 7 canaries, too few" in result.stdout


def test_simulated_evidence_is_named_in_every_answer(home):
    with book(home) as open_book:
        open_book.store_all(
            [*week(VIP, trigger=model.Trigger.SIMULATED), *week(OFFICIAL, trigger=model.Trigger.SIMULATED)]
        )
    assert "SIMULATED" in run("report").stdout
    assert "SIMULATED" in run("recommend").stderr
    assert json.loads(run("recommend", "--json").stdout)["simulated"] is True


# --- weight -----------------------------------------------------------------------------------------------------------

HEAVY = {
    "httpx",
    "httpcore",
    "numpy",
    "scipy",
    "matplotlib",
    "sqlite_utils",
    "apscheduler",
    "PIL",
    "jinja2",
    "pydantic",
}


@pytest.mark.parametrize("words", [["--help"], ["status"], ["status", "--json"]])
def test_help_and_status_load_nothing_heavy(home, words):
    published(home, (VIP, S.HEALTHY, ""))
    command = [sys.executable, "-X", "importtime", "-m", "probe", *words]
    finished = subprocess.run(command, capture_output=True, text=True, cwd=home, check=False)
    assert finished.returncode == 0, finished.stderr
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in finished.stderr.splitlines()}
    assert "click" in loaded
    assert not loaded & HEAVY


def test_a_text_report_loads_no_plots_and_no_page(degraded):
    command = [sys.executable, "-X", "importtime", "-m", "probe", "report"]
    finished = subprocess.run(command, capture_output=True, text=True, cwd=degraded, check=False)
    assert finished.returncode == 0, finished.stderr
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in finished.stderr.splitlines()}
    assert not loaded & {"httpx", "matplotlib", "sqlite_utils", "apscheduler", "PIL", "jinja2", "scipy"}


def test_reading_a_report_writes_nothing(degraded):
    before = (degraded / "tierwatch.db").read_bytes()
    assert run("report").exit_code == 0
    assert (degraded / "tierwatch.db").read_bytes() == before
    assert not any(path.stat().st_size for path in degraded.glob("tierwatch.db-wal"))


def test_a_scorecard_comes_with_the_claims_of_its_channel(degraded):
    result = run("report", "--supplier", "vip", "--claims", "claims.csv")
    assert result.stdout.startswith("tierwatch scorecard of vip")
    assert "official" not in result.stdout
    assert (degraded / "claims.csv").read_text().startswith('"id","request_ids","sent_at_utc"')


@pytest.mark.parametrize("words", [["--digest"], ["--digest", "weekly"]])
def test_a_digest_is_one_page_of_the_last_week(degraded, words):
    said = run("report", *words).stdout
    assert said.startswith("tierwatch digest")
    assert "(7 d)" in said.splitlines()[0]
    assert "SLOWER, OR ONLY JITTERY?" not in said


def test_claims_go_to_one_channel(degraded):
    result = run("report", "--claims", "claims.csv")
    assert (result.exit_code, "--claims needs --supplier" in result.stderr) == (2, True)


def test_a_report_for_a_job_has_its_tiers_and_its_advice(degraded):
    printed = run("report", "--job", "nightly", "--section", "now").stdout
    assert re.search(r"nightly +4k-high: ", printed)
    assert not re.search(r"^  4k-high ", printed, flags=re.MULTILINE)
    assert run("report", "--job", "nightly", "--tier", "4k-high").exit_code == 2


def test_a_section_can_be_asked_for_alone(degraded):
    assert "WHICH CHANNEL" not in run("report", "--section", "now").stdout
    assert run("report", "--section", "nwo").exit_code == 2


# --- preflight --------------------------------------------------------------------------------------------------------


def test_preflight_answers_with_a_decision_and_a_bill(home):
    with book(home) as open_book:
        open_book.store_all([*week(VIP), *week(OFFICIAL)])
    result = run("preflight", "--job", "nightly", "--n", "5000")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "GO: 5,000 pictures at 4k-high for nightly")
    (flight,) = json.loads(run("preflight", "--job", "nightly", "--n", "5000", "--json").stdout)["flights"]
    assert 150 <= flight["now"]["usd"] < 250
    assert flight["chain"] == ["vip/4k-high", "official/4k-high"]


def test_preflight_without_data_waits(home):
    book(home).close()
    result = run("preflight", "--job", "nightly", "--n", "10")
    assert result.exit_code == 1
    assert result.stdout.startswith("WAIT: 10 pictures at 4k-high for nightly")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--job", "nightIy", "--n", "1"], "is not in the config, which has nightly"),
        (["--job", "nightly"], "How many pictures?"),
    ],
)
def test_preflight_refuses_what_it_does_not_know(home, words, said):
    book(home).close()
    result = run("preflight", *words)
    assert result.exit_code == 2
    assert said in result.stderr
