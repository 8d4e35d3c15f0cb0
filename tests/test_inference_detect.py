"""The detector against its published traces, its guarantee, and the traps it must not fall into."""

import datetime as dt
import random

import pytest

from probe import model
from probe.inference import detect, schedule
from probe.inference.alternatives import shiryaev_roberts
from probe.inference.view import Incident, View

START = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
TIERS = ("1k-low", "2k-high", "4k-high")
CALM_S = {"1k-low": 1200.0, "2k-high": 14_400.0, "4k-high": 5400.0}
THIRDS = ((0.2, 1 / 3), (0.4, 1 / 3), (0.9, 1 / 3))
KNOWN = {"learned": False, "prior_days": 0.0}
"""The published traces take p0 = .03 as known and start from R = 0."""


def at(minutes):
    return START + dt.timedelta(minutes=minutes)


def one_tier(**changes):
    return detect.Settings(("4k-high",), {"4k-high": 4200.0}, **{"failing": THIRDS, "slow": (), **KNOWN, **changes})


def watch(settings, outcomes, *, latency_s=100.0, primed=False):
    """Send each outcome when the schedule wants it; give (Detection, minutes waited since the one before)."""
    detector, minute, seen = detect.Detector(settings), 0.0, []
    if primed:  # a healthy 90 % quantile of 100 s
        for _ in range(100):
            detector.baselines[0][False].learn(failed=False, latency_s=100.0)
    tier = settings.tiers[0]
    for outcome in outcomes:
        failed, slow = outcome == "fail", outcome == "slow"
        latency = None if failed else 3 * latency_s if slow else latency_s
        detector.update(detect.Observation(at(minute), tier, failed, latency))
        detection = detector.detection(tier, at(minute))
        seen.append(detection)
        extra = schedule.extras({tier: detection}, settings)
        minute += (extra[0].at - at(minute)).total_seconds() / 60 if extra else settings.calm(tier) / 60
    return seen


def test_the_published_trace_of_failures_is_reproduced():
    seen = watch(one_tier(), ["ok"] * 20 + ["fail", "fail", "ok", "fail"])
    assert seen[19].r_days == pytest.approx(0.1024, abs=5e-5)
    assert [d.r_days for d in seen[20:]] == pytest.approx([1.7117, 27.8910, 9.6857, 135.0365], abs=5e-5)
    assert [d.state for d in seen[19:]] == [
        model.State.HEALTHY,
        model.State.SUSPECT,
        model.State.SUSPECT,
        model.State.SUSPECT,
        model.State.DEGRADED,
    ]


def test_the_published_trace_with_latency_watched_is_reproduced():
    weights = {"failing": ((0.2, 0.2), (0.4, 0.2), (0.9, 0.2)), "slow": ((0.4, 0.2), (0.8, 0.2))}
    seen = watch(one_tier(**weights), ["ok"] * 20 + ["fail", "fail", "ok", "fail"], primed=True)
    assert seen[19].r_days == pytest.approx(0.0837, abs=5e-5)
    assert [d.r_days for d in seen[20:]] == pytest.approx([1.0687, 16.7776, 5.8349, 81.0467], abs=5e-5)
    assert seen[-1].state is model.State.DEGRADED
    slow = watch(one_tier(**weights), ["ok"] * 20 + ["slow"] * 4, primed=True)
    assert [d.r_days for d in slow[20:]] == pytest.approx([0.2783, 1.4450, 9.1002, 64.3667], abs=5e-5)
    assert slow[20].state is model.State.HEALTHY
    assert slow[-1].state is model.State.DEGRADED
    assert slow[-1].slow_factor == pytest.approx(3.0)
    assert slow[-1].about_failing is None


def test_the_published_recovery_is_reproduced():
    settings, expected = one_tier(), [0.6790, 0.7381, 0.6183, 0.5420, 0.4768, 0.4227]
    seen = watch(settings, ["ok"] * 20 + ["fail", "fail", "ok", "fail"] + ["fail"] + ["ok"] * 5)
    recovery = seen[24:]
    assert [d.q_minutes for d in recovery[:5]] == pytest.approx([0.44, 38.68, 123.71, 283.20, 543.64], abs=5e-3)
    view = View(0, settings)
    for (failed, n), share in zip(((3, 4), (4, 5), (4, 6), (4, 7), (4, 8), (4, 9)), expected, strict=True):
        view.incident = Incident(failed=failed, n=n)
        assert view.still_failing(0.03) == pytest.approx(share, abs=5e-5)
    assert [d.state for d in recovery] == [model.State.DEGRADED, *[model.State.RECOVERING] * 4, model.State.HEALTHY]
    assert recovery[-1].q_minutes == 0.0


@pytest.mark.parametrize("schedule_name", ["two speeds", "fixed", "random", "hammering"])
def test_false_alarms_come_no_oftener_than_promised_whatever_the_schedule(schedule_name):
    rng, settings, runs, total = random.Random(4), one_tier(a_days=3.0), 60, 0.0
    for _ in range(runs):
        detector, minute = detect.Detector(settings), 0.0
        view = detector.view("4k-high")
        while view.alarm is None:
            detector.update(detect.Observation(at(minute), "4k-high", rng.random() < 0.03))
            minute += {
                "two speeds": 5.0 if view.suspicious else 60.0,
                "fixed": 60.0,
                "random": rng.choice((5.0, 30.0, 300.0)),
                "hammering": 5.0 if view.value_days > 0.02 else 60.0,
            }[schedule_name]
        total += minute / 1440
    assert total / runs > 3.0


def test_silence_is_no_evidence():
    settings = one_tier()
    detector = detect.Detector(settings)
    for hour in range(20):
        detector.update(detect.Observation(at(70 * hour), "4k-high", failed=False))
    nine_weeks = at(70 * 19) + dt.timedelta(weeks=9)
    assert detector.detection("4k-high", nine_weeks).state is model.State.UNKNOWN
    detector.update(detect.Observation(nine_weeks, "4k-high", failed=False))
    assert detector.detection("4k-high", nine_weeks).state is model.State.HEALTHY


def test_a_path_never_seen_is_unknown():
    detection = detect.replay([], one_tier(), START)["4k-high"]
    assert detection.state is model.State.UNKNOWN
    assert detection.since is None
    assert detection.p_degraded is None


def test_a_new_path_gets_a_verdict_from_what_is_usual_and_says_so():
    settings = detect.Settings(("4k-high",), {"4k-high": 4200.0})
    good = detect.replay([detect.Observation(START, "4k-high", failed=False)], settings, START)["4k-high"]
    assert good.state is model.State.HEALTHY
    assert good.p_degraded < 0.05
    assert "1 of 20" in good.reason
    failing = [detect.Observation(at(5 * n), "4k-high", failed=True) for n in range(4)]
    assert detect.replay(failing[:1], settings, at(1))["4k-high"].state is model.State.SUSPECT
    assert detect.replay(failing, settings, at(20))["4k-high"].state is model.State.DEGRADED


def noisy(rng, days=20, *, failing=0.02):
    """Three tiers on their grids."""
    return [
        detect.Observation(at(minute), tier, rng.random() < failing, rng.lognormvariate(0, 0.3) * 100)
        for tier in TIERS
        for minute in range(0, days * 1440, int(CALM_S[tier] // 60))
    ]


def test_an_update_at_a_time_and_a_replay_in_any_order_agree():
    rng, settings = random.Random(5), detect.Settings(TIERS, CALM_S)
    observations = sorted(noisy(rng), key=lambda seen: (seen.at, TIERS.index(seen.tier)))
    detector = detect.Detector(settings)
    for observation in observations:
        detector.update(observation)
    now = observations[-1].at
    shuffled = observations[:]
    rng.shuffle(shuffled)
    replayed = detect.replay(shuffled, settings, now)
    assert replayed == {tier: detector.detection(tier, now) for tier in TIERS}


def test_a_failing_heavy_tier_says_nothing_about_lighter_ones():
    rng, settings = random.Random(6), detect.Settings(TIERS, CALM_S)
    calm = noisy(rng)
    trouble = [detect.Observation(at(20 * 1440 + 5 * n), "4k-high", failed=True) for n in range(6)]
    now = trouble[-1].at
    without, having = detect.replay(calm, settings, now), detect.replay([*calm, *trouble], settings, now)
    assert having["4k-high"].state is model.State.DEGRADED
    for tier in ("1k-low", "2k-high"):
        assert having[tier] == without[tier]


def test_a_failing_light_tier_is_evidence_against_the_heavier_ones():
    rng, settings = random.Random(6), detect.Settings(TIERS, CALM_S)
    trouble = [detect.Observation(at(20 * 1440 + 5 * n), "1k-low", failed=True) for n in range(8)]
    seen = detect.replay([*noisy(rng), *trouble], settings, trouble[-1].at)
    assert [seen[tier].state for tier in TIERS] == [model.State.DEGRADED] * 3
    assert seen["4k-high"].blame == "1k-low"


def test_a_heavy_tier_that_works_is_not_pulled_down_again_by_a_light_one_that_stays_broken():
    rng, settings = random.Random(6), detect.Settings(TIERS, CALM_S)
    detector, minute = detect.Detector(settings), 20 * 1440
    for observation in sorted(noisy(rng), key=lambda seen: seen.at):
        detector.update(observation)
    for _ in range(288):  # a day: 1K fails altogether, 4K never
        detector.update(detect.Observation(at(minute), "1k-low", failed=True))
        detector.update(detect.Observation(at(minute + 1), "4k-high", failed=False, latency_s=100.0))
        minute += 5
    assert detector.detection("1k-low", at(minute)).state is model.State.DEGRADED
    assert detector.detection("4k-high", at(minute)).state is model.State.HEALTHY
    assert len(detector.view("4k-high").episodes) == 1


def test_nothing_is_learned_while_suspect_or_degraded():
    settings = detect.Settings(("4k-high",), {"4k-high": 4200.0})
    detector = detect.Detector(settings)
    for n in range(200):
        detector.update(detect.Observation(at(70 * n), "4k-high", failed=False, latency_s=100.0))
    baseline = detector.baselines[0][False]
    before = baseline.n, baseline.failed
    for n in range(30):
        detector.update(detect.Observation(at(70 * 200 + 5 * n), "4k-high", failed=True))
    assert (baseline.n, baseline.failed) == (before[0] + 1, before[1] + 1)  # the first failure came out of the calm


def test_the_baseline_is_an_upper_bound_never_below_the_promise():
    from probe.inference.baseline import Baseline

    baseline = Baseline()
    assert baseline.failing_bound(0.97) == pytest.approx(1 - 0.2 ** (1 / 30))  # Beta(1, 30)
    for _ in range(1000):
        baseline.learn(failed=False, latency_s=None)
    assert baseline.failing_bound(0.97) == pytest.approx(0.03)
    for n in range(400):
        baseline.learn(failed=n % 10 == 0, latency_s=None)
    assert 0.04 < baseline.failing_bound(0.97) < 0.08


def test_a_path_settled_at_a_worse_level_alarms_once_or_twice_and_not_for_ever():
    settings, raised, runs = detect.Settings(("4k-high",), {"4k-high": 4500.0}), 0, 5
    for seed in range(runs):
        rng, detector, minute = random.Random(seed), detect.Detector(settings), 0.0
        view = detector.view("4k-high")
        while minute < 60 * 1440:
            was = view.alarm
            failing = 0.02 if minute < 30 * 1440 else 0.10
            detector.update(detect.Observation(at(minute), "4k-high", rng.random() < failing, 100.0))
            raised += was is None and view.alarm is not None
            minute += 10.0 if view.alarm else 5.0 if view.suspicious else 75.0
        assert 0.05 < detector.baselines[0][False].failing_mean() < 0.15
    assert runs <= raised <= 3 * runs


def test_two_successes_are_no_recovery():
    settings, false_recoveries, runs = one_tier(), 0, 200
    rng = random.Random(8)
    for _ in range(runs):
        detector, minute = detect.Detector(settings), 0.0
        for outcome in [False] * 20 + [True, True, False, True]:
            detector.update(detect.Observation(at(minute), "4k-high", outcome))
            minute += 5.0 if outcome else 70.0
        end = minute + 240
        while minute < end and detector.view("4k-high").alarm is not None:
            detector.update(detect.Observation(at(minute), "4k-high", rng.random() < 0.5))
            minute += 10
        false_recoveries += detector.view("4k-high").alarm is None
    # Published: 30 % of half-failing four-hour incidents; "2 in a row" ends 99 % of them too early.
    assert 0.2 < false_recoveries / runs < 0.4


def test_after_an_all_clear_the_first_failure_makes_the_path_suspect_again():
    outcomes = ["ok"] * 20 + ["fail", "fail", "ok", "fail"] + ["ok"] * 6
    assert watch(one_tier(), outcomes)[-1].state is model.State.HEALTHY
    assert watch(one_tier(), [*outcomes, "fail"])[-1].state is model.State.SUSPECT
    assert watch(one_tier(), [*outcomes, "ok", "ok", "ok"])[-1].r_days < 0.2


def test_a_suspicion_says_in_words_whether_trouble_is_likely():
    settings = one_tier()
    likely = watch(settings, ["ok"] * 20 + ["fail"] * 2)[-1]
    unlikely = watch(settings, ["ok"] * 20 + ["fail"])[-1]
    assert (likely.state, unlikely.state) == (model.State.SUSPECT, model.State.SUSPECT)
    assert likely.p_degraded > 0.5 > unlikely.p_degraded
    assert likely.reason == f"being re-checked, {100 * likely.p_degraded:.0f} % likely degraded"
    healthy = f"being re-checked to be sure, probably healthy ({100 * unlikely.p_degraded:.0f} % likely degraded)"
    assert unlikely.reason == healthy


@pytest.mark.parametrize("calm_s", [60.0, 780.0, 4200.0])
def test_a_path_seen_for_the_first_time_is_suspect_where_its_first_canary_fails_and_only_there(calm_s):
    settings = detect.Settings(("4k-high",), {"4k-high": calm_s})
    states = {first: watch(settings, [first])[0].state for first in ("ok", "fail")}
    assert states == {"ok": model.State.HEALTHY, "fail": model.State.SUSPECT}


def test_an_incident_that_turns_from_slow_to_failing_is_not_over():
    settings = one_tier(slow=((0.4, 0.2), (0.8, 0.2)))
    seen = watch(settings, ["ok"] * 20 + ["slow"] * 6 + ["fail"] * 40, primed=True)
    assert seen[25].state is model.State.DEGRADED
    assert all(d.state is model.State.DEGRADED for d in seen[26:])


def test_an_incident_that_turns_from_failing_to_slow_is_not_over():
    settings = one_tier(slow=((0.4, 0.2), (0.8, 0.2)))
    seen = watch(settings, ["ok"] * 20 + ["fail"] * 4 + ["slow"] * 40, primed=True)
    assert seen[23].state is model.State.DEGRADED
    assert all(d.alarm_at is not None for d in seen[24:])


def test_a_slow_path_recovers_when_it_is_fast_again():
    settings = one_tier(slow=((0.4, 0.2), (0.8, 0.2)))
    seen = watch(settings, ["ok"] * 20 + ["slow"] * 6 + ["ok"] * 12, primed=True)
    assert seen[25].state is model.State.DEGRADED
    assert seen[-1].state is model.State.HEALTHY


def test_own_traffic_has_a_latency_of_its_own():
    settings = one_tier(slow=((0.4, 0.2), (0.8, 0.2)))
    detector = detect.Detector(settings)
    for n in range(120):
        detector.update(detect.Observation(at(70 * n), "4k-high", failed=False, latency_s=100.0))
    before = detector.view("4k-high").value_days
    for n in range(5):
        own = detect.Observation(at(70 * 120 + n), "4k-high", failed=False, latency_s=400.0, own=True)
        detector.update(own)
    assert detector.view("4k-high").value_days < before  # successes; nothing is known of own latencies yet


def test_a_hanging_request_is_slow_evidence_before_its_deadline():
    settings = detect.Settings(("4k-high",), {"4k-high": 4200.0})
    rng, detector = random.Random(2), detect.Detector(settings)
    for n in range(200):
        latency_s = rng.lognormvariate(0, 0.3) * 100
        detector.update(detect.Observation(at(70 * n), "4k-high", failed=False, latency_s=latency_s))
    sent = at(70 * 200)

    def waiting(seconds):
        pending = [detect.Observation(sent, "4k-high", None, latency_s=seconds)]
        return detector.detection("4k-high", sent + dt.timedelta(seconds=seconds), pending)

    assert waiting(150.0).r_days == waiting(10.0).r_days
    assert waiting(300.0).r_days > 2 * waiting(150.0).r_days
    assert detector.detection("4k-high", sent).r_days == waiting(10.0).r_days  # asking changes nothing


def test_the_estimated_start_covers_the_true_one():
    settings, covered, runs, rng = one_tier(), 0, 120, random.Random(9)
    errors = []
    for _ in range(runs):
        detector, minute = detect.Detector(settings), rng.random() * 70
        view, onset = detector.view("4k-high"), 3 * 1440 + rng.random() * 1440
        while view.alarm is None or view.alarm.raised_s < at(onset).timestamp():
            detector.update(detect.Observation(at(minute), "4k-high", rng.random() < (0.6 if minute > onset else 0.02)))
            minute += 5.0 if view.suspicious else 70.0
        since = view.alarm.since
        covered += since.low <= at(onset) <= since.high
        errors.append(abs((since.at - at(onset)).total_seconds()) / 60)
    assert 0.84 <= covered / runs <= 0.99
    assert sorted(errors)[runs // 2] < 60


@pytest.mark.parametrize(
    ("threshold", "mean", "published"),
    [  # R spc::xgrsr.arl(.5, log(A), mu, zr = -8, r = 120)
        (100, 0.0, 179.2407),
        (100, 1.0, 7.790663),
        (300, 0.0, 536.1472),
        (300, 1.0, 9.914658),
        (500, 0.0, 893.0542),
        (500, 1.0, 10.91904),
    ],
)
def test_the_recursion_has_the_published_run_lengths_of_shiryaev_and_roberts(threshold, mean, published):
    """N(0, 1) to N(1, 1), R <- (R + 1) e^(x - 1/2) up to R >= A, by quadrature over log R (Nystrom)."""
    import numpy as np

    low, high = -8.0, np.log(threshold)
    nodes, weights = np.polynomial.legendre.leggauss(240)
    logs, weights = low + (nodes + 1) * (high - low) / 2, weights * (high - low) / 2

    def kernel(r):
        one_step = np.log(shiryaev_roberts(np.asarray(r, dtype=float), 1.0, np.exp(-0.5)))
        reach = logs - one_step[..., None]  # the observation that leads from r to each node
        return np.exp(-((reach - mean) ** 2) / 2) / np.sqrt(2 * np.pi) * weights

    lengths = np.linalg.solve(np.eye(240) - kernel(np.exp(logs)), np.ones(240))
    assert 1 + kernel(0.0) @ lengths == pytest.approx(published, rel=2e-5)


def test_a_tier_the_settings_do_not_name_is_refused():
    with pytest.raises(ValueError, match="tuple"):
        detect.Detector(one_tier()).update(detect.Observation(START, "8k-max", failed=False))
