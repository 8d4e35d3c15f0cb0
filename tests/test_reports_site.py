"""The local page over real HTTP: what each address answers, and to whom."""

import datetime as dt
import threading

import httpx
import pytest
from record_samples import judged

from probe import config as configs
from probe import model, records, serving
from probe.records import rows
from reports import site, status

NOW = dt.datetime.now(dt.UTC)
VIP = model.Path("vip", "4k-high")
CONFIG = """
[budget]
usd_per_day = 3

[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "https://vip.example/v1"
model = "gpt-image-2-vip"
key_env = "VIP_KEY"
price_usd = 0.03
tiers = ["4k-high"]
"""


@pytest.fixture
def place(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def shown(place, ending):
    """A client of the page of `place`."""
    listening = serving.listen("127.0.0.1", 0, "port")
    ready = threading.Event()
    server = serving.Server(site.app(site.Site(configs.load(place / "config.toml"))), ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    ending.append(thread)
    assert ready.wait(10)
    with httpx.Client(base_url=serving.address(listening), trust_env=False, timeout=30) as client:
        yield client
    server.should_exit = True


@pytest.fixture
def beating(place):
    """Let a daemon have lived a moment ago, or so long ago."""

    def beat(ago=dt.timedelta(), note=""):
        with records.open(place / "tierwatch.db") as book:
            outcomes = (
                judged(f"c-{n}", at=NOW - n * dt.timedelta(hours=2), path=VIP, price_usd=0.03) for n in range(40)
            )
            book.store_all(outcomes)
            book.publish([model.PathState(VIP, model.State.DEGRADED, NOW, NOW, 0.9, "about 40 % fail")], NOW)
            book.beat(NOW - ago, pid=1, digest="", stale_after_s=600, note=note)

    return beat


def test_the_page_is_the_report_with_links_to_other_periods(shown, beating):
    beating()
    answer = shown.get("/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "vip/4k-high" in answer.text
    assert '<a href="/?since=90d">90d</a>' in answer.text


def test_a_fresh_report_is_shown_again_and_an_old_one_is_made_anew(place, beating):
    beating()
    kept = site.Site(configs.load(place / "config.toml"))
    first = kept.report("1d", NOW)
    assert kept.report("1d", NOW + site.FRESH / 2) is first
    assert kept.report("1d", NOW + site.FRESH) is not first


def test_a_period_that_is_not_offered_is_refused_with_those_that_are(shown):
    answer = shown.get("/?since=<script>")
    assert (answer.status_code, answer.text) == (400, "since is one of 1d, 7d, 14d, 90d\n")


def test_without_a_database_the_page_says_what_the_command_line_would(shown):
    answer = shown.get("/")
    assert answer.status_code == 503
    assert "there is no database yet" in answer.text


def test_status_json_is_what_the_command_says(shown, beating):
    beating()
    told = shown.get("/status.json").json()
    assert (told["schema_version"], told["exit_code"], told["paths"][0]["state"]) == (1, status.CRITICAL, "degraded")


def test_health_is_good_while_the_daemon_lives_even_where_a_path_is_degraded(shown, beating):
    beating()
    assert shown.get("/healthz").status_code == 200


def test_health_is_bad_when_the_daemon_fell_silent(shown, beating):
    beating(ago=dt.timedelta(hours=1))
    answer = shown.get("/healthz")
    assert answer.status_code == 503
    assert answer.text.startswith("UNKNOWN - blind")


def test_metrics_tell_states_money_and_the_heartbeat(shown, beating):
    beating()
    lines = shown.get("/metrics").text.splitlines()
    assert 'tierwatch_path_state{channel="vip",state="degraded",tier="4k-high"} 1.0' in lines
    assert 'tierwatch_path_state{channel="vip",state="healthy",tier="4k-high"} 0.0' in lines
    assert 'tierwatch_path_degraded_probability{channel="vip",tier="4k-high"} 0.9' in lines
    assert "tierwatch_budget_usd 3.0" in lines
    assert "tierwatch_config_reload_failed 0.0" in lines
    assert any(line.startswith("tierwatch_outcomes{") and line.endswith(" 40.0") for line in lines)


def test_a_config_that_the_daemon_refused_is_told_by_a_metric_though_its_file_is_broken(shown, beating, place):
    beating(note=f"{rows.NOT_RELOADED}: [budgets]: unknown table")
    (place / "config.toml").write_text("[budgets")
    assert "tierwatch_config_reload_failed 1.0" in shown.get("/metrics").text.splitlines()
    assert shown.get("/").status_code == 200


def test_metrics_tell_the_budget_of_the_config_as_its_file_is_now(shown, beating, place):
    beating()
    (place / "config.toml").write_text(CONFIG.replace("usd_per_day = 3", "usd_per_day = 7"))
    assert "tierwatch_budget_usd 7.0" in shown.get("/metrics").text.splitlines()


def test_a_name_that_is_not_this_machine_is_refused(shown):
    assert shown.get("/metrics", headers={"host": "rebound.example"}).status_code == 400


def test_every_answer_forbids_scripts_and_frames(shown, beating):
    beating()
    for address in ("/", "/status.json", "/metrics", "/healthz", "/?since=9d"):
        assert "frame-ancestors 'none'" in shown.get(address).headers["content-security-policy"], address
