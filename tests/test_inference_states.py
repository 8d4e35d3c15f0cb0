"""From judged outcomes to the states of the configured paths."""

import datetime as dt
import itertools
import random

import pytest

from probe import config as configuration
from probe import model
from probe.inference import channels, replay, states

START = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
CONFIG = """
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "https://vip.example/v1"
model = "gpt-image-2-vip"
key_env = "VIP_KEY"
price_usd = 0.03
tiers = ["4k-high", "1k-low", "2k-high"]

[[channel]]
name = "official"
protocol = "openai-images"
base_url = "https://official.example/v1"
model = "gpt-image-2"
key_env = "OFFICIAL_KEY"
tiers = ["4k-high"]
"""
VIP_4K, VIP_1K, OFFICIAL = model.Path("vip", "4k-high"), model.Path("vip", "1k-low"), model.Path("official", "4k-high")
IDS = itertools.count()


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "config.toml"
    path.write_text(CONFIG)
    return configuration.load(path)


def at(hours):
    return START + dt.timedelta(hours=hours)


def judged(path, hours, kind=model.Kind.OK, *, trigger=model.Trigger.SCHEDULED, latency_s=100.0, **more):
    detail, fields = more.pop("detail", ""), {"prompt_id": "", **more}
    outcome = model.Outcome(str(next(IDS)), path, trigger, at(hours), model.Evidence(), latency_s=latency_s, **fields)
    stage, party = model.Stage.PROCESSING, model.Party.UPSTREAM
    return model.Judged(outcome, model.Verdict(kind, detail, stage, party, False, model.Action.NONE, "rule"))


def state(outcomes, config, hours, path=VIP_4K, **more):
    found = states.of(outcomes, config, at(hours), **more)
    return next(one for one in found if one.path == path)


def calm_days(path=VIP_4K, days=14):
    rng = random.Random(1)
    return [judged(path, hour, latency_s=rng.lognormvariate(0, 0.3) * 100) for hour in range(24 * days)]


def test_every_configured_path_has_a_state_and_unseen_ones_are_unknown(config):
    found = states.of([], config, START)
    assert [one.path for one in found] == list(config.paths())
    assert {one.state for one in found} == {model.State.UNKNOWN}
    assert {one.reason for one in found} == {"no canary yet"}


def test_trouble_is_told_with_what_failed_since_when(config):
    failing = [judged(VIP_4K, 336 + n / 12, model.Kind.PROCESSING_ERROR) for n in range(5)]
    failing.append(judged(VIP_4K, 336.5, model.Kind.TIMEOUT, latency_s=None))
    told = state([*calm_days(), *failing], config, 337)
    assert told.state is model.State.DEGRADED
    assert told.reason == "nearly all fail: processing_error 5, timeout 1 of 6"
    assert at(335) < told.since <= at(336.1)
    assert told.checked_at == at(336.5)
    assert told.p_degraded > 0.9


def test_the_order_in_which_outcomes_come_does_not_matter(config):
    outcomes = [*calm_days(days=5), *[judged(VIP_4K, 120 + n / 12, model.Kind.TIMEOUT) for n in range(6)]]
    board = states.Board(config, states.spacing_s(outcomes))
    shuffled = outcomes[:]
    random.Random(3).shuffle(shuffled)
    for one in shuffled[:40]:
        board.add(one)
    for one in outcomes:
        if one not in shuffled[:40]:
            board.add(one)
    expected, found = states.board(outcomes, config), board
    assert found.detections(at(121)) == expected.detections(at(121))


def test_tiers_run_from_light_to_heavy_whatever_their_order_in_the_file(config):
    assert states.settings(config, "vip", {}).tiers == ("1k-low", "2k-high", "4k-high")


def test_the_threshold_shares_the_promised_false_alarms_among_all_paths(config):
    assert states.settings(config, "vip", {}).a_days == pytest.approx(30.0 * 4)


@pytest.mark.parametrize("excluded", list(model.Exclusion))
def test_own_faults_never_count_against_a_channel(config, excluded):
    outcomes = [*calm_days(), *[judged(VIP_4K, 336 + n / 12, model.Kind.NETWORK, excluded=excluded) for n in range(9)]]
    assert state(outcomes, config, 337).state is model.State.HEALTHY


def test_one_canary_refused_by_moderation_is_left_out(config):
    outcomes = [*calm_days(), judged(VIP_4K, 336, model.Kind.MODERATION_INPUT, prompt_id="harbour")]
    assert state(outcomes, config, 336.1).state is model.State.HEALTHY


def test_a_channel_that_refuses_every_prompt_is_refusing(config):
    prompts = ("harbour", "orchard", "library")
    outcomes = [
        *calm_days(),
        *[judged(VIP_4K, 336 + n, model.Kind.MODERATION_INPUT, prompt_id=prompt) for n, prompt in enumerate(prompts)],
    ]
    told = state(outcomes, config, 339)
    assert told.state is model.State.REFUSING
    assert told.since == at(336)
    assert "3 canaries in a row refused: moderation_input" in told.reason
    assert state([*outcomes, judged(VIP_4K, 339)], config, 339.1).state is model.State.HEALTHY


def test_the_same_prompt_refused_again_is_one_refusal(config):
    outcomes = [judged(VIP_4K, 336 + n, model.Kind.MODERATION_INPUT, prompt_id="harbour") for n in range(5)]
    assert state([*calm_days(), *outcomes], config, 341).state is not model.State.REFUSING


def test_own_traffic_refused_says_nothing_of_the_channel(config):
    own = [
        judged(VIP_4K, 336 + n / 10, model.Kind.MODERATION_INPUT, trigger=model.Trigger.OWN_TRAFFIC, prompt_id=str(n))
        for n in range(9)
    ]
    assert state([*calm_days(), *own], config, 337).state is model.State.HEALTHY


@pytest.mark.parametrize("kind", [model.Kind.AUTH, model.Kind.PERMISSION, model.Kind.QUOTA_EXHAUSTED])
def test_trouble_with_the_account_is_told_at_once_for_all_tiers_of_the_channel(config, kind):
    outcomes = [*calm_days(), *calm_days(OFFICIAL), judged(VIP_1K, 336, kind, detail="balance")]
    for path in (VIP_1K, VIP_4K):
        told = state(outcomes, config, 336.1, path)
        assert told.state is model.State.NO_ACCESS
        assert told.reason == f"{kind.value} (balance)"
        assert told.since == at(336)
    assert state(outcomes, config, 336.1, OFFICIAL).state is model.State.HEALTHY


def test_a_balance_that_pays_for_small_pictures_only_still_blocks_the_large_ones(config):
    outcomes = [*calm_days(), judged(VIP_4K, 336, model.Kind.QUOTA_EXHAUSTED), judged(VIP_1K, 337)]
    assert state(outcomes, config, 337.1).state is model.State.NO_ACCESS
    assert state(outcomes, config, 337.1, VIP_1K).state is model.State.HEALTHY


def test_a_model_that_is_gone_is_a_state_of_its_own(config):
    outcomes = [*calm_days(), judged(VIP_4K, 336, model.Kind.MODEL_NOT_FOUND)]
    assert state(outcomes, config, 336.1).state is model.State.MODEL_GONE


def test_another_configuration_of_a_path_is_another_baseline(config):
    old = [judged(VIP_4K, n, model.Kind.TIMEOUT, fingerprint="0" * 12) for n in range(50)]
    assert state(old, config, 51).state is model.State.UNKNOWN
    now = configuration.fingerprint(config, VIP_4K)
    assert state([judged(VIP_4K, 50, fingerprint=now)], config, 50.1).state is model.State.HEALTHY


def test_the_same_own_prompt_failing_again_and_again_is_one_piece_of_evidence(config):
    def own(prompts):
        return [
            judged(
                VIP_4K, 336 + n / 60, model.Kind.PROCESSING_ERROR, trigger=model.Trigger.OWN_TRAFFIC, prompt_id=prompt
            )
            for n, prompt in enumerate(prompts)
        ]

    assert state([*calm_days(), *own(["mine"] * 12)], config, 337).state is not model.State.DEGRADED
    assert state([*calm_days(), *own([str(n) for n in range(12)])], config, 337).state is model.State.DEGRADED


def test_a_path_that_is_usual_and_below_its_target_is_a_standing_finding(config):
    rng = random.Random(4)
    outcomes = [
        judged(
            VIP_4K,
            hour,
            model.Kind.PROCESSING_ERROR if rng.random() < (0.11 if hour > 240 else 0.01) else model.Kind.OK,
        )
        for hour in range(40 * 24 - 12)
    ]
    outcomes += [judged(VIP_4K, 40 * 24 + n) for n in range(-12, 0)]  # and a calm half day
    told = state(outcomes, config, 40 * 24)
    standing = states.board(outcomes, config).standing(VIP_4K, at(40 * 24))
    assert told.state is model.State.HEALTHY
    assert "below target since" in told.reason
    assert standing.since.low <= at(264) <= standing.since.high
    assert 0.86 < standing.successes / standing.n < 0.93


def test_a_path_on_target_is_no_finding(config):
    outcomes = [judged(VIP_4K, n, model.Kind.TIMEOUT if n % 40 == 0 else model.Kind.OK) for n in range(720)]
    assert states.board(outcomes, config).standing(VIP_4K, at(720)) is None


def test_how_far_an_incident_has_spread_is_told_as_probabilities(config):
    calm = [one for path in (VIP_1K, model.Path("vip", "2k-high"), VIP_4K) for one in calm_days(path, days=5)]
    heavy = [judged(VIP_4K, 120 + n / 12, model.Kind.TIMEOUT) for n in range(8)]
    light = [judged(VIP_1K, 120 + n / 12) for n in range(8)]

    def spread(kind):
        middle = [judged(model.Path("vip", "2k-high"), 120.4 + n / 12, kind) for n in range(5)]
        board = states.board([*calm, *heavy, *light, *middle], config)
        return {scope.tiers: scope.probability for scope in board.spread("vip")}

    assert spread(model.Kind.OK)["4k-high",] > 0.8
    assert spread(model.Kind.TIMEOUT)["2k-high", "4k-high"] > 0.8
    assert sum(spread(model.Kind.OK).values()) == pytest.approx(1.0)
    assert states.board(calm, config).spread("vip") == ()


def test_a_pending_request_that_hangs_is_seen(config):
    outcomes = calm_days()
    quiet = state(outcomes, config, 335.2)
    hanging = state(outcomes, config, 335.2, pending=[channels.Pending(VIP_4K, at(335.1))])
    assert hanging.p_degraded > quiet.p_degraded


def test_states_load_neither_numpy_nor_pydantic():
    import subprocess
    import sys

    heavy = "[name for name in ('numpy', 'scipy', 'pydantic', 'sqlite_utils') if name in sys.modules]"
    code = f"import sys; from probe.inference import routing, schedule, segments, states; print({heavy})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("count", [3, 49, 50, 120])
def test_the_calm_spacing_is_told_by_the_canaries_however_few(count):
    outcomes = [judged(VIP_4K, 1.5 * n) for n in range(count)]
    outcomes.append(judged(VIP_4K, 1.6, trigger=model.Trigger.BURST))
    assert states.spacing_s(outcomes) == {VIP_4K: 5400.0}
    assert states.spacing_s(outcomes[:2]) == {}


def test_evidence_older_than_a_restart_would_read_is_forgotten_and_the_states_stay_what_they_are(config):
    year = [
        judged(VIP_4K, 2 * n, model.Kind.PROCESSING_ERROR if n % 40 == 0 else model.Kind.OK) for n in range(365 * 12)
    ]
    board = states.board(year, config)
    end = at(365 * 24)
    recent = states.board([one for one in year if one.outcome.sent_at >= end - replay.MEMORY], config)
    channel = board._channels["vip"]
    assert len(channel._evidence.observations) <= 2 * replay.MEMORY.days * 12
    late = judged(VIP_4K, 365 * 24 - 31, model.Kind.PROCESSING_ERROR)
    board.add(late)
    recent.add(late)
    seen = [next(one for one in each.states(end) if one.path == VIP_4K) for each in (board, recent)]
    assert seen[0].state is seen[1].state is model.State.HEALTHY


def test_evidence_that_comes_too_late_to_be_remembered_changes_nothing(config):
    year = [judged(VIP_4K, 2 * n) for n in range(365 * 12)]
    board = states.board(year, config)
    before = board.states(at(365 * 24))
    board.add(judged(VIP_4K, 1, model.Kind.PROCESSING_ERROR))
    assert board.states(at(365 * 24)) == before
