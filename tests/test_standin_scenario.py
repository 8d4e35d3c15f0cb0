"""The scenario engine: what a file may say, and what its rows make a path do."""

import collections
import datetime as dt
import statistics
import tomllib

import pytest

from probe import model
from probe.standin import delivery, reading, replies, rows, scenario

START = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def played(text):
    return scenario.parse(tomllib.loads("start = 2026-01-05T00:00:00Z\n" + text))


def kinds(plan, count=4000, tier="4k-high", at=START, channel="vip", seed=1):
    answers = (scenario.answer(plan, channel, tier, at, n, seed) for n in range(count))
    return collections.Counter(answer.kind for answer in answers)


def share(counter, kind):
    return counter[kind] / counter.total()


def faults_of(text):
    with pytest.raises(reading.ScenarioError) as caught:
        scenario.parse(tomllib.loads(text))
    return caught.value.faults


def test_an_empty_scenario_always_succeeds():
    assert set(kinds(scenario.Scenario(), 200)) == {model.Kind.OK}


def test_the_nth_request_gets_the_same_answer_whatever_was_asked_before():
    plan = played("[[steady]]\nsuccess = 0.5\nfailures = { timeout = 0.5, overloaded = 0.5 }")
    forward = [scenario.answer(plan, "vip", "4k-high", START, n, 7) for n in range(50)]
    backward = [scenario.answer(plan, "vip", "4k-high", START, n, 7) for n in reversed(range(50))]
    assert forward == backward[::-1]


def test_another_seed_path_or_number_gives_another_answer():
    plan = played("[[steady]]\nlatency_s = { median = 90, sigma = 0.3 }")
    one = scenario.answer(plan, "vip", "4k-high", START, 1, 1)
    others = [
        ("vip", "4k-high", 1, 2),
        ("vip", "1k-low", 1, 1),
        ("official", "4k-high", 1, 1),
        ("vip", "4k-high", 2, 1),
    ]
    assert all(scenario.answer(plan, channel, tier, START, n, seed) != one for channel, tier, n, seed in others)


def test_the_share_of_failures_and_their_mix_are_those_of_the_row():
    plan = played("[[steady]]\nsuccess = 0.6\nfailures = { timeout = 0.75, overloaded = 0.25 }")
    seen = kinds(plan)
    assert share(seen, model.Kind.OK) == pytest.approx(0.6, abs=0.03)
    assert share(seen, model.Kind.TIMEOUT) == pytest.approx(0.3, abs=0.03)
    assert share(seen, model.Kind.OVERLOADED) == pytest.approx(0.1, abs=0.02)


def test_latency_of_successes_is_lognormal_with_the_median_and_sigma_of_the_row():
    plan = played("[[steady]]\nlatency_s = { median = 90, sigma = 0.3 }")
    latencies = sorted(scenario.answer(plan, "vip", "4k-high", START, n, 3).latency_s for n in range(4000))
    assert statistics.median(latencies) == pytest.approx(90, rel=0.03)
    assert latencies[int(0.8413 * 4000)] == pytest.approx(90 * 2.718281828**0.3, rel=0.03)


def test_a_later_row_wins_and_keeps_what_it_does_not_say():
    plan = played(
        "[[steady]]\nsuccess = 0.5\nlatency_s = { median = 10, sigma = 0 }\n"
        '[[steady]]\nchannel = "vip"\ntier = "4k-*"\nsuccess = 0'
    )
    assert set(kinds(plan, 200)) == {model.Kind.PROCESSING_ERROR}
    assert share(kinds(plan, tier="1k-low"), model.Kind.OK) == pytest.approx(0.5, abs=0.03)
    assert scenario.behaviour(plan, "vip", "4k-high", START, 0).latency.median_s == 10


INCIDENT = """
[[incident]]
channel = "vip"
from = 2026-01-05T06:00:00Z
until = 2026-01-05T08:00:00Z
success = 0
"""


@pytest.mark.parametrize(
    ("hour", "failing"), [(5.99, False), (6, True), (7.99, True), (8, False), (30, False)], ids=str
)
def test_an_incident_holds_from_its_start_until_its_end(hour, failing):
    at = START + dt.timedelta(hours=hour)
    assert (model.Kind.OK not in kinds(played(INCIDENT), 20, at=at)) is failing


@pytest.mark.parametrize(("hour", "failing"), [(7, True), (31, True), (24 * 9 + 7, True), (33, False), (-17, False)])
def test_an_incident_with_every_comes_again(hour, failing):
    at = START + dt.timedelta(hours=hour)
    assert (model.Kind.OK not in kinds(played(INCIDENT + 'every = "24h"'), 20, at=at)) is failing


def test_a_ramp_is_climbed_evenly():
    plan = played(INCIDENT + 'ramp = "1h"\nlatency_factor = 3')
    half = START + dt.timedelta(hours=6.5)
    assert share(kinds(plan, at=half), model.Kind.OK) == pytest.approx(0.5, abs=0.03)
    assert scenario.behaviour(plan, "vip", "4k-high", half, 0).latency_factor == pytest.approx(2)


def test_on_a_ramp_a_delivery_is_met_as_often_as_the_ramp_is_high():
    plan = played(INCIDENT.replace("success = 0", 'delivers = "1254x1254"') + 'ramp = "1h"')
    quarter = START + dt.timedelta(hours=6.25)
    answers = [scenario.answer(plan, "vip", "4k-high", quarter, n, 1) for n in range(2000)]
    assert sum(answer.judged() is model.Kind.DEGRADED_IMAGE for answer in answers) / 2000 == pytest.approx(
        0.25, abs=0.03
    )


def test_blips_keep_the_mean_and_cluster_the_failures():
    plan = played("[[steady]]\nsuccess = 0.9\nblips = { share = 0.4, minutes = 3 }")
    failed = [
        scenario.answer(plan, "vip", "4k-high", START + dt.timedelta(minutes=n), n, 1).kind is not model.Kind.OK
        for n in range(15_000)
    ]
    assert statistics.mean(failed) == pytest.approx(0.1, abs=0.01)
    spells = [failed[first : first + 3] for first in range(0, 15_000, 3)]
    # Independent failures would fill a spell of three in 0.1 % of cases; four in a hundred are blips.
    assert statistics.mean(all(spell) for spell in spells) == pytest.approx(0.04, abs=0.01)


def test_blips_belong_to_the_success_they_are_written_beside():
    plan = played("[[steady]]\nsuccess = 0.9\nblips = { share = 0.4, minutes = 3 }\n" + INCIDENT)
    assert scenario.behaviour(plan, "vip", "4k-high", START, 0).blips == rows.Blips(0.4, 3)
    assert scenario.behaviour(plan, "vip", "4k-high", START + dt.timedelta(hours=7), 0).blips is None


def test_a_blip_takes_all_tiers_of_a_channel():
    behaviour = rows.Behaviour(success=0.5, blips=rows.Blips(share=1.0, minutes=3))
    moments = [START + dt.timedelta(minutes=3 * n) for n in range(400)]
    assert {behaviour.failing("vip", at, 1) for at in moments} == {0.0, 1.0}


def test_refusals_come_fast_and_processing_errors_take_as_long_as_pictures():
    plan = played(
        "[[steady]]\nsuccess = 0\nlatency_s = { median = 100, sigma = 0 }\n"
        "failures = { moderation_input = 0.25, rate_limited = 0.25, processing_error = 0.25, moderation_output = 0.25 }"
    )
    slowest, fastest = collections.defaultdict(float), collections.defaultdict(lambda: 1e9)
    for n in range(500):
        answer = scenario.answer(plan, "vip", "4k-high", START, n, 1)
        slowest[answer.kind] = max(slowest[answer.kind], answer.latency_s)
        fastest[answer.kind] = min(fastest[answer.kind], answer.latency_s)
    assert slowest[model.Kind.MODERATION_INPUT] < 20
    assert slowest[model.Kind.RATE_LIMITED] < 3
    assert fastest[model.Kind.PROCESSING_ERROR] >= 50
    assert fastest[model.Kind.MODERATION_OUTPUT] >= 90


def test_a_timeout_outlasts_every_deadline_and_an_edge_ends_at_its_own_limit():
    plan = played("[[steady]]\nsuccess = 0\nfailures = { timeout = 0.5, nginx-504 = 0.5 }")
    answers = [scenario.answer(plan, "vip", "4k-high", START, n, 1) for n in range(100)]
    assert {answer.latency_s for answer in answers if not answer.reply} == {scenario.HANG_S}
    assert all(60 <= answer.latency_s <= 60.3 for answer in answers if answer.reply == "nginx-504")


def test_a_failure_by_degraded_picture_is_a_delivery():
    plan = played("[[steady]]\nsuccess = 0\nfailures = { degraded_image = 0.5, blank-picture = 0.5 }")
    answers = [scenario.answer(plan, "vip", "4k-high", START, n, 1) for n in range(50)]
    assert {answer.kind for answer in answers} == {model.Kind.OK}
    assert {answer.judged() for answer in answers} == {model.Kind.DEGRADED_IMAGE}


ORDER = model.Order("openai-images", "gpt-image-2", 1024, 1024, "high")


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("1254x1254", model.Kind.DEGRADED_IMAGE),
        ("1024x1024", model.Kind.OK),
        ("high", model.Kind.OK),
        ("low", model.Kind.DEGRADED_IMAGE),
        ("low, dishonest", model.Kind.OK),
        ("blank", model.Kind.DEGRADED_IMAGE),
        ("data:, no usage", model.Kind.OK),
        ("url", model.Kind.NO_IMAGE),
    ],
)
def test_deliveries_are_judged_by_what_was_ordered(words, kind):
    assert delivery.parse(words).judged(ORDER) is kind


def test_a_moved_scenario_keeps_its_distances():
    plan = played(INCIDENT)
    later = scenario.moved(plan, START + dt.timedelta(days=100))
    assert later.incidents[0].begins - later.start == plan.incidents[0].begins - plan.start
    assert later.end - later.start == plan.end - plan.start


def test_all_faults_of_a_file_are_told_at_once():
    found = faults_of(
        'nam = "x"\nstart = 2026-01-05T00:00:00\nhours = -1\n'
        '[[channel]]\nname = "vip"\npersonality = "shelapi"\n'
        "[[steady]]\nsuccess = 1.5\nlatency_s = { median = 0 }\nfailures = { timout = 1.0 }\n"
        'blips = { share = 0.4 }\ndelivers = "blnak"\n'
        '[[incident]]\nfrom = 2026-01-05T00:00:00Z\nuntil = 2026-01-04T00:00:00Z\nramp = "1 hour"\n'
    )
    assert len(found) == 12
    for words in (
        "nam is no key here; did you mean 'name'?",
        "write the zone too",
        "hours = '-1': must be above 0",
        "[[channel]] 1: model is missing",
        "did you mean 'shell-api'?",
        "success = '1.5': must be at least 0 and at most 1",
        "median = '0': must be above 0",
        "'timout' is neither a kind nor a named reply; did you mean 'timeout'?",
        "write share and minutes",
        "did you mean 'blank'?",
        "until must be after from",
        '"30s", "5m", "1h" or "2d"',
    ):
        assert any(words in fault for fault in found), (words, found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[steady]]\nsuccess = nan", "finite"),
        ("[[steady]]\nsuccess = inf", "finite"),
        (f"[[steady]]\nlatency_factor = 1{'0' * 400}", "at most 1000"),
        ("start = 0001-01-01T00:00:00+08:00", "years 1971 to 2199"),
        ("start = 9999-12-31T00:00:00Z", "years 1971 to 2199"),
        ("[[steady]]\nsuccess = true", "finite number"),
        ("[[steady]]\nsuccess = '0.9'", "finite number"),
        ("[[steady]]\nfailures = { timeout = 0.8 }", "must add up to 1"),
        ("[[steady]]\nfailures = { timeout = 0.8, overloaded = 0.1, ok = 0.1 }", "neither a kind nor a named reply"),
        ("[[steady]]\nfailures = {}", "write shares by kind"),
        ("[[steady]]\nchannel = ''", "write a text"),
        ("[steady]\nsuccess = 1", "write it as [[steady]]"),
        ("[[incident]]\nsuccess = 1", "from is missing"),
        (INCIDENT + 'every = "1h"', "every must not be shorter"),
    ],
)
def test_a_fault_says_what_would_be_right(text, words):
    assert any(words in fault for fault in faults_of(text))


def test_a_file_that_is_no_toml_names_itself_and_the_line(tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text("name = \n")
    with pytest.raises(reading.ScenarioError, match=r"broken\.toml: not TOML: .*line 1"):
        scenario.load(path)
    path.write_text(f"hours = {'1' * 5000}\n")
    with pytest.raises(reading.ScenarioError, match=r"broken\.toml: not TOML: "):
        scenario.load(path)


def test_a_mistyped_shipped_name_is_guessed():
    with pytest.raises(reading.ScenarioError, match="did you mean 'demo'"):
        scenario.find("dmeo")


@pytest.mark.parametrize("name", scenario.shipped())
def test_a_shipped_scenario_loads_and_says_what_it_is(name):
    plan = scenario.load(scenario.find(name))
    assert plan.name
    assert plan.steady
    assert all(row.begins < plan.end for row in plan.incidents)


def test_the_demo_takes_the_heavy_tiers_of_vip_alone():
    plan = scenario.load(scenario.find("demo"))
    live = plan.end - dt.timedelta(minutes=30)
    success = {
        path: share(kinds(plan, 2000, channel=path[0], tier=path[1], at=live), model.Kind.OK)
        for path in (
            ("vip", "1k-low"),
            ("vip", "2k-high"),
            ("vip", "4k-high"),
            ("official", "4k-high"),
            ("nano", "4k-high"),
        )
    }
    assert success["vip", "1k-low"] > 0.95
    assert success["vip", "2k-high"] == pytest.approx(0.6, abs=0.04)
    assert success["vip", "4k-high"] < 0.45
    assert success["official", "4k-high"] > 0.97
    assert success["nano", "4k-high"] > 0.95
    slow = scenario.behaviour(plan, "nano", "4k-high", live, 0).latency_factor
    calm = scenario.behaviour(plan, "nano", "4k-high", plan.start, 0).latency_factor
    assert slow / calm == pytest.approx(2.6)


def test_the_incident_of_13_august_has_both_its_faces():
    plan = scenario.load(scenario.find("vip-2026-08-13"))
    hour = plan.start + dt.timedelta(hours=3)
    assert share(kinds(plan, at=hour), model.Kind.OK) == pytest.approx(0.4, abs=0.03)
    assert kinds(plan, 50, at=hour + dt.timedelta(hours=1, minutes=5)) == {model.Kind.OVERLOADED: 50}
    assert share(kinds(plan, at=hour + dt.timedelta(hours=2)), model.Kind.OK) > 0.96


def test_every_kind_but_ok_can_be_said_by_everyone():
    from probe.standin import voices

    for who in voices.PERSONALITIES.values():
        for protocol in voices.ORIGINALS:
            for kind in model.Kind:
                row = voices.choose(who, protocol, kind, "", "en")
                assert row.kind is kind


def test_named_replies_are_whole():
    from probe.standin import acts

    for row in replies.catalogue().values():
        assert row.note, row.name
        assert row.zh in {"", *replies.catalogue()}, row.name
        assert row.act in {"", *acts.ACTS}, row.name
        assert not (row.status == 200 and row.kind in {model.Kind.AUTH, model.Kind.OVERLOADED}) or row.body, row.name
        delivery.parse(row.delivers or "blank")
