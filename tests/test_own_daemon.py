"""The daemon and own traffic: the spool is heard, states follow, and no canary is paid for where it is fresh."""

import datetime as dt
import json
import pathlib
import random
import tempfile

import daemon_samples as daemons
import own_samples as samples
import pytest

from probe import daemon, model, records
from probe.inference import states
from probe.own import feed, intake
from probe.records import history

VIP = model.Path("vip", "4k-high")
REFUSED = {"status": 401, "text": '{"error":{"code":"invalid_api_key"}}'}


@pytest.fixture
def config(tmp_path):
    return samples.settings(tmp_path)


@pytest.fixture
def book(tmp_path, config):
    with records.open(tmp_path / "tierwatch.db") as opened:
        yield opened


def write(config, *lines, name="a.ndjson"):
    folder = pathlib.Path(config.monitor.spool)
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines))


def now():
    return samples.minutes(600)


def test_the_feed_gives_what_the_spool_held_and_what_other_commands_stored(config, book):
    told = feed.Feed(book, now)
    write(config, samples.told("r1"), samples.failed("r2", samples.minutes(1)))
    assert [one.judged.outcome.id for one in told.take(config)] == ["r1", "r2"]
    assert told.take(config) == ()
    taking = intake.Intake(config, book, now)
    list(taking.take([intake.Line(1, json.dumps(samples.told("r3")))]))
    assert [one.judged.outcome.id for one in told.take(config)] == ["r3"]


def test_a_feed_goes_on_after_what_was_known_at_its_start(config, book, tmp_path):
    list(intake.Intake(config, book, now).take([intake.Line(1, json.dumps(samples.told("r1")))]))
    told = feed.Feed(book, now)
    with history.open(tmp_path / "tierwatch.db") as past:
        told.after = past.arrived()
    assert told.take(config) == ()


def test_without_a_spool_none_is_made(config, book):
    assert feed.Feed(book, now).take(config) == ()
    assert not pathlib.Path(config.monitor.spool).exists()


def test_a_file_of_the_spool_that_cannot_be_read_does_not_stop_the_others(config, book, caplog):
    write(config, samples.told("r1"), name="b.ndjson")
    (pathlib.Path(config.monitor.spool) / "a.ndjson").symlink_to("/proc/self/mem")
    told = feed.Feed(book, now)
    assert [one.judged.outcome.id for one in told.take(config)] == ["r1"]
    told.take(config)
    assert caplog.text.count("spool not read") <= 1


def test_a_key_that_cannot_be_read_is_told_once_and_holds_up_nothing_else(config, book, caplog):
    write(config, samples.told("r1"))
    key = pathlib.Path(config.monitor.spool) / "prompt.key"
    key.mkdir()
    told = feed.Feed(book, now)
    list(intake.Intake(config, book, now).take([intake.Line(1, json.dumps(samples.told("r2")))]))
    assert [one.judged.outcome.id for one in told.take(config)] == ["r2"]
    assert told.take(config) == ()
    assert caplog.text.count("prompt.key") == 1
    key.rmdir()
    assert [one.judged.outcome.id for one in told.take(config)] == ["r1"]


def test_a_file_that_another_command_removes_meanwhile_is_no_fault(config, book, monkeypatch):
    write(config, samples.told("r1"))
    gone = pathlib.Path(config.monitor.spool) / "gone.ndjson"
    gone.symlink_to("nowhere")  # in the listing, and not there
    assert [one.judged.outcome.id for one in feed.Feed(book, now).take(config)] == ["r1"]


def outcomes(config, lines):
    """What these lines come to."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "tierwatch.db"
        with records.open(path) as book:
            taking = intake.Intake(config, book, lambda: samples.minutes(100_000))
            list(taking.take(intake.Line(n, json.dumps(line)) for n, line in enumerate(lines)))
        with history.open(path) as past:
            return list(past.outcomes())


def mixed(config, share_failing, hours, start=0, seed=1):
    """Own requests, 30 an hour, a prompt each."""
    rng = random.Random(seed)
    lines = []
    for n in range(hours * 30):
        minute, prompt = start * 60 + 2 * n, f"own-{n + 10_000 * seed:016x}"
        make = samples.failed if rng.random() < share_failing else samples.told
        elapsed_s = round(90 * rng.lognormvariate(0, 0.2), 1)
        lines.append(make(f"r{seed}-{n}", samples.minutes(minute), prompt_id=prompt, elapsed_s=elapsed_s))
    return outcomes(config, lines)


def state(found, config, hours):
    (one,) = [each for each in states.of(found, config, samples.minutes(hours * 60)) if each.path == VIP]
    return one


def test_own_traffic_alone_tells_that_a_path_is_well_and_that_it_is_degraded(config):
    calm = mixed(config, 0.03, 48)
    assert state(calm, config, 48).state is model.State.HEALTHY
    worse = state([*calm, *mixed(config, 0.7, 2, start=48, seed=2)], config, 50)
    assert worse.state is model.State.DEGRADED
    assert "own: processing_error" in worse.reason


def test_a_share_of_prompts_that_fail_for_what_they_say_is_usual_and_no_alarm(config):
    assert state(mixed(config, 0.15, 72), config, 72).state is model.State.HEALTHY


def test_one_prompt_sent_again_all_night_is_no_degradation(config):
    calm = mixed(config, 0.03, 48)
    stubborn = outcomes(
        config,
        [
            samples.failed(f"s{n}", samples.minutes(2 * 1440 + n * 7), prompt_id="own-ffffffffffffffff")
            for n in range(100)
        ],
    )
    others = mixed(config, 0.03, 12, start=48, seed=3)
    assert state([*calm, *stubborn, *others], config, 60).state is model.State.HEALTHY


def test_outcomes_that_arrive_late_give_the_state_they_give_in_order(config):
    found = [*mixed(config, 0.03, 24), *mixed(config, 0.5, 2, start=24, seed=2)]
    shuffled = list(found)
    random.Random(4).shuffle(shuffled)
    late = states.Board(config, {})
    for one in shuffled:
        late.add(one)
    at = samples.minutes(26 * 60)
    in_order = {one.path: one for one in states.of(found, config, at, calm_s={})}
    assert {one.path: one.state for one in late.states(at)} == {path: one.state for path, one in in_order.items()}


def test_what_a_farther_source_told_is_forgotten_once_the_program_tells_better(config, book, tmp_path):
    """LiteLLM saw two hours of failures, of which the program's own recorder says that pictures came."""
    hear, board = feed.Feed(book, now), states.Board(config, {})

    def tell(lines):
        list(intake.Intake(config, book, now).take([intake.Line(1, json.dumps(line)) for line in lines]))
        for news in hear.take(config):
            board.add(news.judged, news.replaces)
        with history.open(tmp_path / "tierwatch.db") as past:
            stored = states.of(past.outcomes(), config, at, calm_s={})
        (live,) = [each for each in board.states(at) if each.path == VIP]
        (read,) = [each for each in stored if each.path == VIP]
        assert (live.state, live.reason) == (read.state, read.reason)
        return live.state

    at = samples.minutes(5 * 60)
    names = [{"request-id": f"g{n}"} for n in range(60)]
    tell([samples.told(f"c{n}", samples.minutes(n)) for n in range(180)])
    far = [
        samples.failed(f"l{n}", samples.minutes(180 + 2 * n), source="litellm", headers=each, prompt_id=f"own-{n:016x}")
        for n, each in enumerate(names)
    ]
    assert tell(far) is model.State.DEGRADED
    near = [
        samples.told(f"r{n}", samples.minutes(180 + 2 * n), headers=each, prompt_id=f"own-{n:016x}")
        for n, each in enumerate(names)
    ]
    assert tell(near) is model.State.HEALTHY


def test_a_failure_that_is_told_again_by_a_nearer_source_counts_once_as_before(config, book):
    hear, board = feed.Feed(book, now), states.Board(config, {})
    calm = [samples.told(f"c{n}", samples.minutes(n)) for n in range(180)]
    for sources in ([{}], [{"source": "litellm"}, {}]):
        failed = [
            samples.failed(f"{len(sources)}{n}{source}", samples.minutes(180 + n), headers={"request-id": f"g{n}"},
                           prompt_id=f"own-{n:016x}", **source)
            for source in sources for n in range(12)
        ]  # fmt: skip
        for line in [*calm, *failed]:
            list(intake.Intake(config, book, now).take([intake.Line(1, json.dumps(line))]))
            for news in hear.take(config):
                board.add(news.judged, news.replaces)
        (one,) = [each for each in board.states(samples.minutes(200)) if each.path == VIP]
        assert one.reason.endswith("own: processing_error 12 of 12")


def test_own_refusals_of_the_account_do_not_take_a_channels_access(config):
    refused = [samples.failed(f"q{n}", samples.minutes(n), **REFUSED) for n in range(3)]
    assert state(outcomes(config, refused), config, 1).state is model.State.UNKNOWN


def test_canaries_are_remembered_however_much_own_traffic_there_is(config):
    canary = model.Outcome("c", VIP, model.Trigger.SCHEDULED, samples.minutes(-60), model.Evidence(), latency_s=90.0)
    verdict = outcomes(config, [samples.failed(**REFUSED)])[0].verdict
    found = [model.Judged(canary, verdict), *mixed(config, 0.0, 40)]
    assert state(found, config, 40).state is model.State.NO_ACCESS


def test_fresh_own_evidence_is_known_and_grows_old(config):
    board = states.board(
        outcomes(config, [samples.told("r1"), samples.failed("r2", samples.minutes(5), **REFUSED)]), config
    )
    assert board.own_is_fresh(VIP, samples.minutes(9), 600)
    assert not board.own_is_fresh(VIP, samples.minutes(11), 600)  # a refused key said nothing of health
    assert not board.own_is_fresh(model.Path("vip", "2k-high"), samples.minutes(9), 600)


CONFIG = """
[budget]
usd_per_day = 50.0
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "{base_url}/v1"
model = "gpt-image-2-vip"
key_env = "VIP_KEY"
price_usd = 0.03
tiers = ["1k-low", "1k-medium"]
interval = "10m"
deadline_s = 590
"""


def test_no_canary_is_paid_for_where_own_traffic_is_fresh(standin, tmp_path, monkeypatch):
    monkeypatch.setenv("VIP_KEY", "sk-test-0123456789abcdef")
    url = standin(
        "start = 2026-08-13T00:00:00Z\n[[steady]]\nlatency_s = { median = 60, sigma = 0.01 }", speed=daemons.SPEED
    )
    config = samples.settings(tmp_path, CONFIG.format(base_url=url))

    def own(minute):
        return samples.told(
            f"r{minute}", daemons.START + dt.timedelta(minutes=minute), url=f"{url}/v1/images/generations", size="1280x720",
            quality="low", picture={"format": "png", "width": 1280, "height": 720, "bytes": 9},
        )  # fmt: skip

    class Talking:
        """A feed that tells of an own request whenever it is asked."""

        def __init__(self, real, make, ticking):
            self.real, self.make, self.ticking, self.after = real, make, ticking, 0

        def take(self, told_config):
            minute = int(self.ticking.monotonic_s() / 60)
            write(told_config, self.make(minute), name=f"{minute}.ndjson")
            return self.real.take(told_config)

    def fed(watching):
        tools = watching.tools
        list(intake.Intake(config, tools.book, tools.clock.now).take([intake.Line(0, json.dumps(own(0)))]))
        monkeypatch.setattr(watching, "_own", Talking(watching._own, own, tools.clock))

    monkeypatch.setattr(daemon, "OWN_S", 0.2)
    seen = daemons.watch(config, daemons.outcomes(2), on_daemon=fed)
    with history.open(tmp_path / "tierwatch.db") as past:
        skips = {(skip.path.tier, skip.reason) for skip in past.skips()}
        stored = list(past.outcomes())
    assert ("1k-low", model.SkipReason.OWN_TRAFFIC) in skips
    assert {one.outcome.path.tier for one in seen} == {"1k-medium"}
    assert any(one.outcome.source == "recorder" for one in stored)
