"""What neighbours, logs and screens say about a failure: in words and as findings."""

import dataclasses
import datetime as dt

import pytest
import triage_samples as samples

from probe import config as configs
from probe import gatewaylogs, model, moderation, records
from probe.inference import causes, habits
from probe.inference.causes import Check, Result
from probe.records import history
from probe.triage import around, evidence, relations, subject

OWN = model.Trigger.OWN_TRAFFIC


@pytest.fixture
def config(tmp_path):
    return samples.config(tmp_path)


def look(config, *outcomes, but=()):
    return around.look(samples.VIP, samples.AT, samples.neighbourhood(*outcomes), config, frozenset(but))


def test_canaries_are_counted_apart_from_own_traffic(config):
    near = look(config, samples.series(samples.VIP, "x.x."), samples.series(samples.VIP, "...x", trigger=OWN, name="o"))
    assert [(count.own, count.ok, count.failed) for count in near.path] == [(False, 2, 2), (True, 3, 1)]


def test_lighter_tiers_and_the_same_tier_of_other_channels_are_the_neighbours(config):
    lighter, others = relations.neighbours(samples.VIP, config)
    assert {path.tier for path in lighter} == {"1k-low", "2k-high"}
    assert set(others) == {samples.OFFICIAL, samples.NANO}
    assert relations.neighbours(samples.LIGHT, config)[0] == ()


def test_the_narrowest_period_that_holds_enough_is_told(config):
    near = look(config, samples.series(samples.VIP, "xxxxxx......", first=-200, every=30))
    assert near.path[0].within == dt.timedelta(hours=2)
    assert around.told(near.path[0]) == "3 of 8 failed within 2 h (processing_error 3)"


def test_a_path_without_outcomes_has_no_data_and_no_zero(config):
    assert around.told(look(config).path[0]) == "no data within 6 h"


def test_refused_canaries_are_no_failures(config):
    near = look(config, samples.series(samples.VIP, "mmm"))
    assert (near.path[0].n, near.path[0].refused) == (0, 3)
    assert {finding.result for finding in near.path[0].findings} == {Result.REFUSED}


def test_the_failure_itself_is_not_its_own_neighbour(config):
    assert look(config, [samples.judged("me")], but={"me"}).path[0].n == 0


def test_excluded_outcomes_are_no_neighbours(config):
    lost = samples.judged("x", excluded=model.Exclusion.LOCAL_NETWORK)
    assert look(config, [lost]).path[0].n == 0


def test_evidence_fades_with_the_distance_in_time(config):
    near = look(config, [samples.judged("a", minutes=-60), samples.judged("b", minutes=0.0)])
    weights = sorted(finding.weight for finding in near.path[0].findings)
    assert weights == pytest.approx([0.36788, 1.0], abs=1e-4)


def test_only_the_nearest_of_many_are_weighed(config):
    many = samples.series(samples.VIP, "." * 300, first=-150, every=1, trigger=OWN)
    (count,) = [count for count in look(config, many).path if count.own]
    assert len(count.findings) == around.NEAREST
    assert min(finding.weight for finding in count.findings) > 0.8


def test_failures_of_own_traffic_weigh_half_and_successes_whole(config):
    near = look(config, samples.series(samples.VIP, "x.", first=0, every=0, trigger=OWN))
    weights = {finding.result: finding.weight for count in near.path for finding in count.findings}
    assert weights == {Result.FAILED: 0.5, Result.PASSED: 1.0}


def test_a_canary_barred_by_the_account_says_so(config):
    (finding,) = look(config, [samples.judged("b", samples.BARRED)]).path[0].findings
    assert finding.result is Result.BARRED
    refusing = look(config, samples.series(samples.VIP, "..mm"))
    assert around.brief(refusing.path[0]) == "vip/4k-high refused 2 of 4 within 2 h"


def test_channels_of_one_upstream_are_told_by_config_and_of_two_by_protocol(tmp_path):
    config = samples.config(tmp_path, upstream='upstream = "openai"')
    assert relations.shared(config, "vip", "official") is True
    assert relations.shared(config, "vip", "nano") is False
    assert relations.shared(samples.config(tmp_path), "vip", "official") is None


def test_the_same_prompt_elsewhere_is_evidence(config):
    about = samples.own(prompt_id="own-77")
    same = [
        samples.judged("a", samples.PICTURE, path=samples.OFFICIAL, minutes=3, trigger=OWN, prompt_id="own-77"),
        samples.judged("b", samples.PROCESSING, minutes=0.2, trigger=OWN, prompt_id="own-77"),
    ]
    pieces = evidence.of_same_prompt(about, same, config, ())
    found = [(piece.findings[0].check, piece.findings[0].result, piece.findings[0].weight) for piece in pieces]
    assert found == [(Check.OTHER, Result.PASSED, 1.0), (Check.RETRY, Result.FAILED, 0.5)]
    assert pieces[0].name == "same prompt on official/4k-high"


def test_a_prompt_is_recognised_by_a_keyed_hash():
    one, other = (subject.hashed(samples.PROMPT, key) for key in (b"1" * 32, b"2" * 32))
    assert one != other
    assert one.startswith(model.OWN_PROMPT)
    assert len(one) == len(model.OWN_PROMPT) + 16


@pytest.mark.parametrize(
    ("entry", "age_min", "words", "clue"),
    [
        (gatewaylogs.Entry("finished", 212, 0.03), 30, "finished after 212 s, billed $0.03", "gateway finished and billed"),
        (gatewaylogs.Entry("failed", 3, 0, "upstream"), 30, "failed there too after 3 s", causes.Clue.LOG_FAILED),
        (gatewaylogs.Entry("absent"), 30, "knows nothing of it", causes.Clue.NOT_LOGGED),
        (gatewaylogs.Entry("absent"), 5, "has nothing of it yet", None),
        (gatewaylogs.Entry("unanswered", reason="HTTP 401"), 30, "not answered: HTTP 401", None),
    ],
)  # fmt: skip
def test_a_gateways_log_is_a_piece_of_evidence(entry, age_min, words, clue):
    piece = evidence.of_log(entry, "vip", dt.timedelta(minutes=age_min))
    assert piece.words.startswith(words)
    assert piece.clue == clue


def test_a_clean_pre_screen_says_what_it_does_not_clear():
    piece = evidence.of_screen(moderation.Screen("clean"))
    assert piece.words == "clean, which does not clear brands, likeness or attire"
    assert piece.findings[0].result is Result.PASSED


def test_a_pre_screen_that_was_not_answered_weighs_nothing():
    piece = evidence.of_screen(moderation.Screen("not checked", reason="deadline"))
    assert (piece.words, piece.findings, piece.live) == ("not checked: deadline", (), False)


def test_our_own_network_is_named_where_no_other_host_could_be_reached():
    lost = samples.own(model.Evidence(fault=model.Fault.DNS), excluded=model.Exclusion.LOCAL_NETWORK)
    assert "no other host could be reached" in [piece.clue for piece in evidence.of_reply(lost)]


def test_the_state_of_the_path_at_that_minute_is_rebuilt(tmp_path, config):
    from probe import records
    from probe.records import history

    with records.open(tmp_path / "t.db") as book:
        book.store_all(samples.series(samples.VIP, "." * 40 + "xxxxxxxx", first=-470, every=10))
    with history.open(tmp_path / "t.db") as past:
        state = evidence.state_at(samples.about(), past, config)
    assert state.state is model.State.DEGRADED


@pytest.mark.parametrize(
    ("elapsed_s", "clue"), [(3.0, ["came at once"]), (75.0, ["came as late as a picture"]), (30.0, []), (None, [])]
)
def test_how_soon_a_failure_came_is_compared_with_a_picture(config, elapsed_s, clue):
    about = samples.about(dataclasses.replace(samples.PROCESSING, elapsed_s=elapsed_s))
    near = look(config, samples.series(samples.VIP, "...."))
    assert [piece.clue for piece in evidence.of_pace(about, near)] == clue


@pytest.mark.parametrize(
    ("elapsed_s", "clue"), [(60.0, causes.Clue.CUT_SHORT), (159.0, causes.Clue.CUT_SHORT), (161.0, causes.Clue.OVERDUE)]
)
def test_a_timeout_is_asked_whether_a_picture_was_due(config, elapsed_s, clue):
    about = samples.about(dataclasses.replace(samples.TIMEOUT, elapsed_s=elapsed_s))
    (piece,) = evidence.of_pace(about, look(config, samples.series(samples.VIP, "....")))
    assert (piece.clue, piece.words) == (clue, f"after {elapsed_s:.0f} s, where a picture takes 80 s")


def test_what_a_picture_takes_is_known_from_the_month_before(config):
    about = samples.about(dataclasses.replace(samples.PROCESSING, elapsed_s=75.0))
    month = habits.Month(sent=600, median_s=400.0)
    near = around.look(
        samples.VIP,
        samples.AT,
        samples.neighbourhood(samples.series(samples.VIP, "....")),
        config,
        months={samples.VIP: month},
    )
    assert [piece.clue for piece in evidence.of_pace(about, near)] == [causes.Clue.AT_ONCE]


PICTURES = ((samples.VIP, ".x"), (samples.OFFICIAL, "."), (samples.LIGHT, "."))


def test_a_canarys_picture_is_slow_when_nine_of_ten_came_sooner(config):
    months = {samples.VIP: habits.Month(sent=600, late_s=79.0), samples.OFFICIAL: habits.Month(sent=600, late_s=81.0)}
    canaries = [samples.series(path, pattern) for path, pattern in PICTURES]
    near = around.look(samples.VIP, samples.AT, samples.neighbourhood(*canaries), config, months=months)
    assert [[finding.slow for finding in count.findings] for count in near.counts if count.n] == [
        [None, True],
        [None],
        [False],
    ]


def test_a_failed_canary_came_at_once_or_as_late_as_a_picture(config):
    months = {samples.VIP: habits.Month(sent=600, median_s=60.0)}
    near = around.look(
        samples.VIP, samples.AT, samples.neighbourhood(samples.series(samples.VIP, "x.")), config, months=months
    )
    assert [finding.pace for finding in near.path[0].findings] == [None, causes.Clue.LATE]


def test_one_key_is_one_purse_and_another_gateway_another(tmp_path):
    words = """
[[channel]]
name = "{name}"
protocol = "openai-images"
base_url = "https://{host}/v1"
model = "gpt-image-2"
key_env = "{key}"
"""
    hosts = {
        "a": ("api.one.example", "K1"),
        "b": ("vip.one.example", "K1"),
        "c": ("vip.one.example", "K2"),
        "d": ("two.other", "K3"),
    }
    path = tmp_path / "purses.toml"
    path.write_text("".join(words.format(name=name, host=host, key=key) for name, (host, key) in hosts.items()))
    known = configs.load(path)
    assert [relations.purse(known, "a", other) for other in ("b", "c", "d", "gone")] == [True, None, False, None]


def test_a_failure_that_ends_where_others_end_met_a_timer_on_the_way(config, tmp_path):
    def cut(name, elapsed_s, minutes):
        reply = model.Evidence(fault=model.Fault.RESET, elapsed_s=elapsed_s)
        return samples.judged(name, reply, minutes=minutes)

    with records.open(tmp_path / "walls.db") as book:
        book.store_all([cut(f"cut-{n}", 75.0 + n / 20, -300 + 10 * n) for n in range(12)])
        book.store_all([cut("early", 31.0, -20), cut("ours", 75.2, 0)])
    with history.open(tmp_path / "walls.db") as past:
        ours, early = (subject.by_id(name, past, subject.Hints()) for name in ("ours", "early"))
        (piece,) = evidence.of_walls(ours, past, config)
        assert evidence.of_walls(early, past, config) == []
    assert piece.clue == causes.Clue.TIME_LIMIT
    assert piece.words.startswith("13 of 14 failures end at 75.0-75.5 s")


def test_what_was_charged_for_a_failure_is_evidence_that_the_picture_was_made(config):
    (piece,) = evidence.of_bill(samples.judged("a", samples.TIMEOUT, charged_usd=0.03))
    assert (piece.words, piece.clue) == ("charged $0.03: the picture was made and lost", causes.Clue.LOST)
    assert evidence.of_bill(samples.judged("b", samples.PICTURE, charged_usd=0.03)) == []
    assert evidence.of_bill(samples.judged("c", samples.TIMEOUT)) == []


def test_a_sentinel_is_no_harmless_canary():
    (sent,) = samples.series(samples.VIP, "m", trigger=model.Trigger.SENTINEL, prompt_id="sentinel-knives-1")
    about = subject.stored(sent, "s", subject.Hints())
    assert not about.canary
    assert about.prompt
