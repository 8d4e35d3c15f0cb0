"""The sections: what they count, what they refuse to count, and what the first screen says."""

import dataclasses
import datetime as dt
import itertools

import pytest
from report_samples import (
    DAY,
    HOUR,
    NOW,
    SINCE,
    advice,
    candidate,
    columns,
    degraded_window,
    empty_window,
    estimate,
    facts,
    grid,
    point,
    seen,
)

from probe import model
from probe.inference import own, statistics
from reports import blocks, findings, sample, sections, text, window
from reports import own as reports_own
from reports.sections import cost, kinds, latency, matrix, now, quality, retries, scorecard, timeline, trend

VIP = model.Path("vip", "4k-high")
MINUTE = dt.timedelta(minutes=1)


def first_screen(shown):
    report = sections.build(shown)
    return " ".join(" ".join(line.text for line in block.lines) for block in report.sections[0].blocks)


def labelled(shown):
    report = sections.build(shown)
    return {line.label: line.text for block in report.sections[0].blocks for line in block.lines if line.label}


def table(read, shown, index=0):
    return [block for block in read(shown) if isinstance(block, blocks.Table)][index]


# --- no mixing ------------------------------------------------------------------------------------------------------


def bursting():
    """99 % ok on the grid; bursts look ten times as often at the trouble."""
    healthy = grid("vip/4k-high", 0.99, 60)
    bursts = grid("vip/4k-high", 0.2, 5, since=NOW - 8 * HOUR, seed=2, trigger=model.Trigger.BURST)
    own = grid("vip/4k-high", 0.0, 30, since=NOW - 8 * HOUR, trigger=model.Trigger.OWN_TRAFFIC)
    return healthy, facts("vip/4k-high", [*healthy, *bursts, *own])


def test_a_rate_counts_scheduled_canaries_alone_however_many_bursts_failed():
    healthy, path = bursting()
    rate = table(matrix.read, seen(path)).rows[0][1]
    assert (rate.good, rate.n) == (len(healthy) - int(columns(healthy).failed.sum()), len(healthy))


def test_no_section_mixes_series_in_its_counts():
    healthy, path = bursting()
    shown = seen(path)
    failed = int(columns(healthy).failed.sum())
    strips = table(timeline.read, shown).rows[0]
    assert sum(int(part.split()[1]) for part in strips[2].split(", ")) == failed
    totals = table(kinds.read, shown).rows
    assert totals[-1] == ("all attempts", len(healthy))
    assert sum(row[1] for row in totals[:-1]) == failed
    successes, timeouts = sample.latencies_s(columns(healthy))
    assert table(latency.read, shown).rows[0][4] == len(successes) + timeouts


def test_simulated_outcomes_stand_in_a_table_of_their_own_that_says_so():
    real, made_up = (
        grid("vip/4k-high", 1, 60, since=NOW - 30 * HOUR),
        grid("vip/4k-high", 0.5, 60, until=NOW - 30 * HOUR, trigger=model.Trigger.SIMULATED),
    )
    shown = seen(facts("vip/4k-high", [*made_up, *real]))
    scheduled, simulated = table(matrix.read, shown), table(matrix.read, shown, 1)
    assert (scheduled.rows[0][1].n, simulated.rows[0][1].n) == (30, len(made_up))
    assert "scheduled canaries alone" in scheduled.caption
    assert "simulated canaries alone" in simulated.caption
    assert "SIMULATED history" in first_screen(shown)


def test_canaries_that_failed_by_our_own_fault_are_told_on_the_first_screen():
    own = [point(VIP, NOW - HOUR, model.Kind.NETWORK, excluded=model.Exclusion.LOCAL_NETWORK)] * 31
    lines = labelled(seen(facts("vip/4k-high", [*grid("vip/4k-high", 1, 60), *own])))
    assert lines["excluded"] == "31 outcomes say nothing of any channel: our own fault (local_network 31)."


def test_excluded_and_refused_outcomes_are_no_part_of_a_rate():
    good = grid("vip/4k-high", 1, 60, since=NOW - 40 * HOUR)
    aside = [
        point(VIP, NOW - HOUR, model.Kind.NETWORK, excluded=model.Exclusion.LOCAL_NETWORK),
        point(VIP, NOW - HOUR, model.Kind.MODERATION_INPUT),
        point(VIP, NOW - HOUR, model.Kind.QUOTA_EXHAUSTED),
    ]
    shown = seen(facts("vip/4k-high", [*good, *aside]))
    assert table(matrix.read, shown).rows[0][1].n == 40
    row = dict(zip(table(quality.read, shown).columns, table(quality.read, shown).rows[0], strict=True))
    assert (row["excluded"], row["aside"]) == (1, 2)


# --- too few, none ----------------------------------------------------------------------------------------------------


def test_no_data_is_no_data_and_never_a_per_cent():
    report = text.render(sections.build(empty_window()))
    assert "No data in this period" in report
    assert "%" not in report


@pytest.mark.parametrize(("n", "shown"), [(0, "no data"), (1, "too few (1 of 1 ok)"), (19, "too few (19 of 19 ok)")])
def test_fewer_than_twenty_canaries_make_no_rate(n, shown):
    assert sample.rate(columns(grid("vip/4k-high", 1, 60, since=NOW - n * HOUR))) == blocks.Missing(shown)


def test_a_rate_has_the_interval_of_wilson():
    # 18 of 20: statistics of verification tables (R `binom`).
    points = [point(VIP, NOW)] * 18 + [point(VIP, NOW, model.Kind.TIMEOUT)] * 2
    rate = sample.rate(columns(points))
    assert (rate.low, rate.high) == (pytest.approx(0.6989663547715128), pytest.approx(0.972133518786232))


def test_timeouts_rank_behind_every_picture():
    ok = [point(VIP, NOW, latency_s=float(second)) for second in range(1, 51)]
    late = [point(VIP, NOW, model.Kind.TIMEOUT, latency_s=None)] * 50
    median = sample.quantile(*sample.latencies_s(columns(ok + late)), 0.5)
    assert (median.value_s, median.high_s) == (50.0, None)
    assert sample.quantile(*sample.latencies_s(columns(ok + late)), 0.9) == blocks.Word("timed out", "bad")


def test_other_failures_have_no_latency():
    points = [point(VIP, NOW, latency_s=60.0)] * 30 + [point(VIP, NOW, model.Kind.PROCESSING_ERROR, latency_s=2.0)] * 30
    assert sample.latencies_s(columns(points)) == ([60.0] * 30, 0)


@pytest.mark.parametrize(("n", "share"), [(19, 0.5), (49, 0.9)])
def test_too_few_latencies_make_no_quantile(n, share):
    assert sample.quantile([60.0] * n, 0, share) == blocks.Missing(f"too few (n {n})")


# --- cost -------------------------------------------------------------------------------------------------------------


def test_cost_of_a_usable_picture_counts_billed_failures_and_late_pictures():
    path = facts("vip/4k-high", price_usd=0.10, usable_within_s=120.0)
    on_time = [point(VIP, NOW, latency_s=60.0)] * 40
    late = [point(VIP, NOW, latency_s=130.0)] * 10
    assert sample.usd_per_usable(columns(on_time + late), path) == blocks.Usd(pytest.approx(0.10 * 50 / 40))
    unsure = [point(VIP, NOW, model.Kind.TIMEOUT)] * 10
    found = sample.usd_per_usable(columns(on_time + unsure), path)
    assert (found.low_usd, found.high_usd) == (pytest.approx(0.10), pytest.approx(0.10 * 50 / 40))


def test_a_path_that_delivers_nothing_has_no_price():
    failing = [point(VIP, NOW, model.Kind.PROCESSING_ERROR)] * 30
    assert sample.usd_per_usable(columns(failing), facts("vip/4k-high")) == blocks.Missing("none usable (n 30)")


def test_only_canaries_really_sent_are_counted_as_paid():
    points = [
        point(VIP, NOW),
        point(VIP, NOW, trigger=model.Trigger.BURST),
        point(VIP, NOW, trigger=model.Trigger.SIMULATED),
        point(VIP, NOW, trigger=model.Trigger.OWN_TRAFFIC),
    ]
    assert table(cost.read, seen(facts("vip/4k-high", points))).rows[0][2:] == (2, blocks.Usd(0.06))


# --- first screen -----------------------------------------------------------------------------------------------------


def test_the_first_screen_says_what_since_when_why_and_what_to_use():
    shown = first_screen(degraded_window())
    assert shown.startswith("vip/4k-high DEGRADED since 02:20 UTC (90 %: 01:55-02:35), still on. About 45 % fail.")
    lines = labelled(degraded_window())
    assert lines["why"].startswith(
        "processing_error 11, timeout 1 of 27 canaries; official fine at 2k-high and 4k-high"
    )
    assert lines["why"].endswith("vip fine at 1k-low: the vip route, not your prompts.")
    assert lines["spread"] == "yes: 2k-high since 05:10 UTC (90 %: 05:10-05:30; about 20 % fail); no: 1k-low fine."
    assert lines["batch"].startswith("4k-high: stay on vip, up to 3 attempts: $0.03")
    assert lines["rule"].startswith("the cheapest way that gets 80 % through")
    assert lines["1k-low"].startswith("official, up to 3 attempts: $0.006")
    assert lines["nightly-batch"] == "4k-high: not enough data: nano/4k-high: 11 canaries, too few."
    assert lines["paid"] == "$3.10 canaries today of $5.00."
    assert lines["not known"] == "nano/4k-high: 11 canaries, too few. Not known is not fine."


def test_one_success_within_an_incident_is_not_called_the_end_of_it():
    at = estimate(NOW - 5 * HOUR)
    state = {"state": model.State.RECOVERING, "since": at, "failing": 0.5}
    doubtful = first_screen(seen(facts("vip/4k-high", (point(VIP, NOW),), p_degraded=0.9, **state)))
    assert "still on though its latest canary succeeded. About 50 % fail." in doubtful
    hopeful = first_screen(seen(facts("vip/4k-high", (point(VIP, NOW),), p_degraded=0.2, **state)))
    assert "perhaps over by now (80 % likely). About 50 % failed." in hopeful


def test_a_path_with_few_canaries_of_its_own_is_not_called_healthy():
    young = facts("vip/4k-high", grid("vip/4k-high", 1, 60, since=NOW - 7 * HOUR), observations=7)
    shown = first_screen(seen(young))
    assert shown.startswith("TOO EARLY to say of any path: 7 canaries each so far, 20 are needed.")
    assert "All well" not in shown
    old = facts("official/4k-high", grid("official/4k-high", 1, 60), observations=300)
    both = first_screen(seen(young, old))
    assert both.startswith("No path is known to be degraded: 1 of 2 paths healthy.")
    assert "TOO EARLY to say of 1 of 2 paths" in both


def test_a_channel_is_called_fine_only_at_the_tiers_at_which_it_is():
    beside = [facts("official/2k-high"), facts("official/4k-high"), facts("vip/2k-high"), facts("nano/2k-high")]
    assert findings.told_by(beside, "fine") == "official fine at 2k-high and 4k-high, vip and nano fine at 2k-high"


def test_a_healthy_path_below_its_target_is_said_beside_all_that_is_well():
    reason = "below target since 3 Nov: 90.1 % ok of 95 % promised"
    shown = seen(facts("vip/4k-high", grid("vip/4k-high", 1, 60), reason=reason, observations=300))
    assert first_screen(shown).startswith("No path is worse than usual: 1 of 1 path healthy, 1 below target.")
    claim = "`tierwatch report --supplier vip` is the claim"
    assert labelled(shown)["target"] == f"vip/4k-high: {reason}; {claim}."


def test_a_budget_that_is_used_up_is_said_before_anything_else():
    shown = dataclasses.replace(seen(facts("vip/4k-high", grid("vip/4k-high", 1, 60))), budget_gone=True)
    assert first_screen(shown).startswith("NOT WATCHED now: today's budget is used up ($3.10 of $5.00)")


def test_where_everything_fails_the_advice_is_to_wait():
    lost = {"p_degraded": 0.99, "severity_weights": (0.0, 0.0, 1.0), "trouble_n": 9}
    bad = [facts(f"{channel}/4k-high", (point(VIP, NOW),), BAD, failing=0.95) for channel in ("vip", "official")]
    given = advice("4k-high", candidate("vip/4k-high", 0.03, **lost), candidate("official/4k-high", 0.4, **lost))
    shown = seen(*bad, advice=(given,))
    assert labelled(shown)["batch"].startswith("wait: no channel is well at 4k-high. At best, 4k-high: vip")
    assert labelled(shown)["spread"] == "yes: every tier of every channel."


def test_two_incidents_at_one_tier_are_told_with_one_advice():
    closed = facts("official/4k-high", [point(VIP, NOW)], model.State.NO_ACCESS, reason="auth")
    given = advice("4k-high", candidate("vip/4k-high", 0.03), candidate("nano/4k-high", 0.15))
    failing = facts("vip/4k-high", [point(VIP, NOW)], BAD, failing=0.5, since=estimate(NOW - HOUR))
    report = sections.build(seen(closed, failing, facts("nano/4k-high"), advice=(given,)))
    batches = [line.text for block in report.sections[0].blocks for line in block.lines if line.label == "batch"]
    assert len(batches) == 2
    assert batches[1] == "4k-high: as above."


def test_refused_own_requests_are_told_as_the_prompts_and_not_the_channel():
    share = own.Share(VIP, 120, 1, 90, 30, 0, (), 90.0)
    traffic = reports_own.Own(requests=120, findings=own.Findings(shares=(share,)))
    shown = seen(facts("vip/4k-high", grid("vip/4k-high", 1, 60)), own_traffic=traffic)
    assert labelled(shown)["own"] == (
        "vip/4k-high: 120 own requests; 30 refused for their content: your prompts, not the channel; rewrite those "
        "prompts; 1 of the other 90 failed."
    )


def test_a_pre_screen_that_does_not_answer_is_not_known():
    traffic = reports_own.Own(unscreened=(NOW - 2 * HOUR, "HTTP 503"))
    shown = seen(facts("vip/4k-high", grid("vip/4k-high", 1, 60)), own_traffic=traffic)
    assert labelled(shown)["not known"].startswith("moderation pre-screen not checked since 04:10 UTC (HTTP 503)")


def test_canaries_that_were_refused_explain_why_a_path_is_not_known():
    refused = [point(VIP, NOW - each * HOUR, model.Kind.MODERATION_OUTPUT) for each in (1, 2, 3)]
    old = dataclasses.replace(facts("vip/4k-high", refused, UNKNOWN).now.state, checked_at=NOW - 5 * HOUR)
    path = facts("vip/4k-high", refused, UNKNOWN)
    path = dataclasses.replace(path, now=dataclasses.replace(path.now, state=old))
    assert labelled(seen(path))["not known"].startswith(
        "vip/4k-high: moderation_output 3 in 3 canaries, which tells no"
    )


def test_a_tier_without_a_healthy_channel_is_said_first():
    bad = [facts(f"{channel}/4k-high", (point(VIP, NOW),), BAD, failing=0.5) for channel in ("vip", "official")]
    assert first_screen(seen(*bad)).startswith("4k-high: no channel is known to be healthy.")
    not_chosen = seen(*bad, fine_elsewhere=frozenset({"4k-high"}))
    assert "no channel is known" not in first_screen(not_chosen)
    spare = facts("nano/4k-high", grid("nano/4k-high", 1, 60))
    assert first_screen(seen(*bad, spare)).startswith("vip/4k-high DEGRADED")


def test_an_account_without_access_is_told_by_its_reason():
    closed = facts("vip/4k-high", [point(VIP, NOW)], model.State.NO_ACCESS, reason="quota_exhausted")
    shown = seen(closed, facts("official/4k-high"))
    assert first_screen(shown).startswith("vip/4k-high NO ACCESS since Nov 10 06:10 UTC: quota_exhausted.")
    assert labelled(shown)["why"].startswith("your account")


def test_all_well_is_said_with_how_fresh_it_is():
    shown = seen(facts("vip/4k-high", grid("vip/4k-high", 1, 60)))
    assert first_screen(shown).startswith("All well: 1 of 1 path healthy. Latest canary 6 min ago.")


def test_unknown_paths_are_never_called_fine():
    good = facts("vip/4k-high", grid("vip/4k-high", 1, 60))
    shown = first_screen(seen(good, facts("nano/4k-high", (), model.State.UNKNOWN)))
    assert "All well" not in shown
    assert "1 of 2 paths healthy" in shown
    assert "nano/4k-high: no data. Not known is not fine." in shown


def test_a_stale_daemon_is_said_before_anything_else():
    shown = dataclasses.replace(degraded_window(), beat_at=NOW - 3 * HOUR, watched=False)
    assert first_screen(shown).startswith("NOT WATCHED now: no daemon is running (last sign of life 3 h ago).")


def test_a_past_period_speaks_of_its_end_and_not_of_now():
    shown = dataclasses.replace(degraded_window(), now=NOW + dt.timedelta(days=30))
    assert "NOT WATCHED" not in first_screen(shown)
    assert "still on at the period's end" in first_screen(shown)
    assert "canaries on Nov 24" in first_screen(shown)


def test_what_ended_within_a_day_is_still_news():
    stretch = window.Degraded(estimate(NOW - 9 * HOUR), estimate(NOW - 6 * HOUR), 0.3)
    older = window.Degraded(estimate(SINCE + HOUR), estimate(SINCE + 2 * HOUR), 0.3)
    lines = labelled(seen(facts("vip/4k-high", grid("vip/4k-high", 1, 60), degraded=(older, stretch))))
    assert lines["over"] == "vip/4k-high was degraded Nov 23 21:10 to Nov 24 00:10 UTC (3 h), about 30 % failing."


def test_own_pictures_billed_and_lost_are_told_apart_from_canaries():
    lost = [point(VIP, NOW, model.Kind.TIMEOUT, model.Trigger.OWN_TRAFFIC, billed="yes")] * 38
    assert labelled(seen(facts("vip/4k-high", lost)))["paid"].endswith("; 38 own pictures billed and lost ($1.14).")


# --- whose fault ------------------------------------------------------------------------------------------------------

BAD, FINE, UNKNOWN, SLOW = model.State.DEGRADED, model.State.HEALTHY, model.State.UNKNOWN, "slow"


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (
            {"official/4k-high": FINE, "vip/1k-low": FINE},
            "official fine at 4k-high, vip fine at 1k-low: the vip route, not your prompts",
        ),
        ({"official/4k-high": BAD}, "nothing to compare with: an upstream of all channels, or your own network"),
        ({"official/4k-high": BAD, "nano/4k-high": FINE}, "official failing too at 4k-high, nano fine at 4k-high: per"),
        (
            {"official/4k-high": SLOW, "nano/4k-high": FINE},
            "nano fine at 4k-high, official not failing at 4k-high: the v",
        ),
        ({"official/4k-high": SLOW, "nano/4k-high": BAD, "x/4k-high": FINE}, "nano failing too at 4k-high, x fine"),
        ({"official/4k-high": model.State.NO_ACCESS}, "nothing to compare with"),
        ({"vip/1k-low": FINE}, "vip fine at 1k-low: the vip route or its upstream (no other channel known at this"),
        ({"official/4k-high": UNKNOWN}, "nothing to compare with: the vip route, its upstream or your own network"),
    ],
)
def test_the_fault_follows_from_what_is_fine_beside_it(states, said):
    beside = [
        facts(path, (), BAD if state is SLOW else state, failing=None if state is SLOW else 0.5)
        for path, state in states.items()
    ]
    found = findings.incidents(seen(facts("vip/4k-high", (), BAD, failing=0.5), *beside))
    vip = next(each for each in found if "vip" in each.channels)
    assert findings.fault(vip).startswith(said)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (model.State.NO_ACCESS, "your account"),
        (model.State.REFUSING, "the channel's own moderation refuses harmless prompts"),
        (model.State.MODEL_GONE, "the channel no longer serves this model"),
    ],
)
def test_states_without_statistics_need_no_comparison(state, said):
    (found,) = findings.incidents(seen(facts("vip/4k-high", (), state), facts("official/4k-high")))
    assert findings.fault(found).startswith(said)


@pytest.mark.parametrize(
    ("p_degraded", "said"), [(0.3, "official fine at 4k-high: the vip route"), (0.9, "nothing to compare with")]
)
def test_a_suspect_is_fine_only_while_it_is_more_likely_healthy(p_degraded, said):
    doubtful = facts("official/4k-high", (), model.State.SUSPECT, p_degraded=p_degraded)
    (found,) = findings.incidents(seen(facts("vip/4k-high", (), BAD, failing=0.5), doubtful))
    assert findings.fault(found).startswith(said)


def test_of_tiers_that_went_together_the_heaviest_is_told_first():
    at = estimate(NOW - 2 * HOUR)
    paths = (facts(f"vip/{tier}", (), BAD, since=at) for tier in ("1k-low", "4k-high", "2k-high"))
    (found,) = findings.incidents(seen(*paths))
    assert str(found.first.path) == "vip/4k-high"


def test_channels_that_share_an_upstream_are_one_incident_and_the_upstream_is_named():
    failing = [
        facts(f"{channel}/4k-high", (), BAD, failing=0.5, upstream="azure-eu") for channel in ("vip", "official")
    ]
    (found,) = findings.incidents(seen(*failing, facts("nano/4k-high", grid("nano/4k-high", 1, 60))))
    assert found.channels == ("vip", "official")
    assert findings.verdict(found) == "the upstream that vip and official share (azure-eu)"


# --- time -------------------------------------------------------------------------------------------------------------


def test_strips_have_round_steps_that_cover_the_period():
    edges = timeline.steps(SINCE, NOW, 30)
    assert edges[0] <= SINCE
    assert edges[-1] >= NOW
    assert {after - before for before, after in itertools.pairwise(edges)} == {dt.timedelta(hours=12)}
    assert edges[0].hour == 0


@pytest.mark.parametrize("period", [dt.timedelta(minutes=1), dt.timedelta(hours=5), dt.timedelta(days=800)])
def test_any_period_has_at_most_the_asked_steps(period):
    edges = timeline.steps(NOW - period, NOW, 30)
    assert 1 <= len(edges) - 1 <= 31


def test_gaps_in_watching_are_told():
    points = [*grid("vip/4k-high", 1, 60, until=NOW - 50 * HOUR), *grid("vip/4k-high", 1, 60, since=NOW - 10 * HOUR)]
    notes = [block.text for block in quality.read(seen(facts("vip/4k-high", points))) if isinstance(block, blocks.Note)]
    assert notes == ["Not watched for 1 d 17 h in 1 gap, the longest Nov 22 03:10 to Nov 23 20:10 UTC."]


def test_a_strip_is_bracketed_only_from_where_its_own_series_begins():
    made_up = grid("vip/4k-high", 0.9, 60, until=NOW - 30 * HOUR, trigger=model.Trigger.SIMULATED)
    real = grid("vip/4k-high", 0.9, 60, since=NOW - 30 * HOUR)
    old = window.Degraded(estimate(NOW - 80 * HOUR), estimate(NOW - 70 * HOUR), 0.5)
    new = window.Degraded(estimate(NOW - 3 * HOUR), None, 0.5)
    shown = seen(facts("vip/4k-high", [*made_up, *real], degraded=(old, new)))
    drawn = {series: timeline.picture(shown, series).data.strips[0].brackets for series in shown.series}
    assert [each.still_on for each in drawn[window.Series.SCHEDULED]] == [True]
    assert [each.still_on for each in drawn[window.Series.SIMULATED]] == [False, True]


def test_an_open_stretch_without_an_alarm_is_not_called_still_on():
    stretch = window.Degraded(estimate(NOW - HOUR), None, 0.5)
    quiet = seen(facts("vip/4k-high", grid("vip/4k-high", 1, 60), model.State.SUSPECT, degraded=(stretch,)))
    assert table(timeline.read, quiet, 1).rows[0][2] == blocks.Word("open, no alarm", "warn")


@pytest.mark.parametrize("row", sections.SECTIONS, ids=lambda row: row.key)
@pytest.mark.parametrize("make", [degraded_window, empty_window])
def test_every_section_reads_every_window(row, make):
    assert all(isinstance(block, blocks.Block) for block in row.read(make()))
    assert now.read(make())


# --- better or worse --------------------------------------------------------------------------------------------------


def halves(before, after):
    """A path whose first and second half of the period have these shares ok."""
    middle = SINCE + (NOW - SINCE) / 2
    return seen(
        facts(
            "vip/4k-high", grid("vip/4k-high", before, 60, until=middle) + grid("vip/4k-high", after, 60, since=middle)
        )
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (0.99, 0.80, blocks.Word("worse", "bad")),
        (0.80, 0.99, "better"),
        (0.97, 0.97, "no clear difference"),
    ],
)
def test_halves_of_a_period_are_compared_in_words(before, after, said):
    assert table(trend.read, halves(before, after)).rows[0][1] == said


def test_a_comparison_asked_for_takes_the_time_before_the_period():
    path = facts("vip/4k-high", grid("vip/4k-high", 0.80, 60))
    earlier = columns(grid("vip/4k-high", 0.99, 60, since=SINCE - 14 * DAY, until=SINCE))
    path = dataclasses.replace(path, before={window.Series.SCHEDULED: earlier})
    row = table(trend.read, seen(path, before_since=SINCE - 14 * DAY)).rows[0]
    assert row[1] == blocks.Word("worse", "bad")
    assert row[3].n == len(earlier)


def test_too_few_canaries_are_not_compared():
    shown = seen(facts("vip/4k-high", grid("vip/4k-high", 1, 60, since=NOW - 30 * HOUR)))
    assert table(trend.read, shown).rows[0][1:] == (
        blocks.Missing("too few"),
        blocks.Rate(30, 30, *statistics.wilson(30, 30)),
        blocks.Missing("no data"),
    )


def test_time_degraded_is_told_by_week_with_silence_apart():
    stretch = window.Degraded(estimate(NOW - 2 * DAY), estimate(NOW - DAY), 0.5)
    sent = grid("vip/4k-high", 1, 60, since=NOW - 9 * DAY)
    path = facts("vip/4k-high", sent, degraded=(stretch,), occupancy=window.Occupancy(0.1, 0.05, 0.2, 0.07))
    found = table(trend.read, seen(path), 1)
    assert found.columns == ("path", "Nov 10", "Nov 16", "Nov 23", "first degraded")
    # Nov 22 06:10 to Nov 23 06:10: 17.83 h of the week before Monday 23rd, 6.17 h of the 30.17 h after.
    shares = [cell.value for cell in found.rows[0][1:4]]
    assert shares == [0.0, pytest.approx(17.8333 / 168, abs=1e-5), pytest.approx(6.1667 / 30.1667, abs=1e-5)]


@pytest.mark.parametrize(("days", "told"), [(2, "watched since Nov 22 06:10 UTC"), (9, "10.0 %")])
def test_shares_of_time_are_told_where_most_of_the_time_was_watched(days, told):
    sent = grid("vip/4k-high", 1, 60, since=NOW - days * DAY)
    path = facts("vip/4k-high", sent, occupancy=window.Occupancy(0.1, 0.05, 0.2, 0.07))
    shares = table(matrix.read, seen(path), 1).rows[0][1]
    assert shares.text(NOW).startswith(told)


def test_a_week_without_canaries_is_no_data():
    path = facts(
        "vip/4k-high",
        grid("vip/4k-high", 1, 60, since=NOW - DAY),
        degraded=(window.Degraded(estimate(NOW - HOUR), None, 0.5),),
        occupancy=window.Occupancy(0.1, 0.05, 0.2, 0.07),
    )
    assert table(trend.read, seen(path), 1).rows[0][1] == blocks.Missing("no data")


@pytest.mark.parametrize("days", [1, 14, 45, 46, 365, 800])
def test_a_trend_has_few_parts_that_cover_the_period(days):
    edges = trend.parts(NOW - days * DAY, NOW)
    assert (edges[0], edges[-1]) == (NOW - days * DAY, NOW)
    assert edges == sorted(set(edges))
    assert len(edges) <= 8


def test_a_trend_compares_no_stub_of_a_month_with_several_months():
    edges = trend.parts(NOW - 365 * DAY, NOW)
    assert min(b - a for a, b in itertools.pairwise(edges[:-1])) > 60 * DAY


def test_a_year_is_told_by_quarters_that_name_their_year():
    path = facts("vip/4k-high", grid("vip/4k-high", 1, 720, since=NOW - 365 * DAY))
    path = dataclasses.replace(
        path,
        degraded=(window.Degraded(estimate(NOW - HOUR), None, 0.5),),
        occupancy=window.Occupancy(0.1, 0.0, 0.2, 0.1),
    )
    shown = dataclasses.replace(seen(path), since=NOW - 365 * DAY)
    assert table(trend.read, shown, 1).columns == (
        "path",
        "2025-11",
        "2026-02",
        "2026-05",
        "2026-08",
        "2026-11",
        "first degraded",
    )


# --- scorecard and digest ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "every_min", "said"),
    [(1.0, 60, "met"), (0.80, 60, "missed"), (0.95, 60, "not clear"), (1.0, 1440, "not clear")],
)
def test_a_target_is_met_or_missed_only_by_a_whole_interval(share, every_min, said):
    card = table(scorecard.read, seen(facts("vip/4k-high", grid("vip/4k-high", share, every_min))))
    assert card.rows[0][3].word == said


def test_the_scorecard_counts_what_was_billed_for_nothing():
    points = [
        point(VIP, NOW),
        point(VIP, NOW, model.Kind.DEGRADED_IMAGE, billed="yes", price_usd=0.40),
        point(VIP, NOW, model.Kind.TIMEOUT, model.Trigger.OWN_TRAFFIC, billed="unknown", price_usd=0.40),
        point(VIP, NOW, model.Kind.PROCESSING_ERROR, billed="no"),
        point(VIP, NOW, model.Kind.DEGRADED_IMAGE, model.Trigger.SIMULATED, billed="yes"),
    ]
    shown = seen(facts("vip/4k-high", points))
    # requests, unusable, surely billed, their USD, perhaps billed, their USD
    assert table(scorecard.read, shown, -1).rows[0][1:] == (4, 3, 1, blocks.Usd(0.40), 1, blocks.Usd(0.40))
    assert scorecard.read(shown)[0].lines[-1].text == "1 unusable answer surely billed, $0.40 by list price."


def test_a_digest_is_a_part_of_the_report_in_its_order():
    keys = [section.key for section in sections.build(degraded_window(), sections.DIGEST).sections]
    assert keys == ["now", "matrix", "trend"]


# --- retries and fall-backs -------------------------------------------------------------------------------------------


def test_retries_are_told_by_what_gets_through():
    healthy = candidate("vip/4k-high", 0.03, n=1000, usable=500)
    row = table(retries.read, seen(advice=(advice("4k-high", healthy),))).rows[0]
    # Half of the attempts fail whatever was before: 1/2, 3/4, 7/8 get through.
    assert [cell.split()[0] for cell in row[1:]] == ["50.0", "75.0", "87.5"]


def falling(first_hours, second_hours):
    """Two channels, each degraded for a day that begins so many hours after the period."""
    return seen(
        *(
            facts(
                f"{channel}/4k-high",
                degraded=(window.Degraded(estimate(SINCE + h * HOUR), estimate(SINCE + (h + 24) * HOUR), 0.5),),
                occupancy=window.Occupancy(0.1, 0.05, 0.2, 0.07),
            )
            for channel, h in (("vip", first_hours), ("official", second_hours))
        )
    )


@pytest.mark.parametrize(
    ("second_hours", "both", "said"), [(0, "1 d", "together"), (12, "12 h", "together"), (48, "0 s", "apart")]
)
def test_channels_that_degrade_at_the_same_time_are_no_fall_back_for_each_other(second_hours, both, said):
    row = table(retries.read, falling(0, second_hours)).rows[0]
    # Each is degraded 1 of 14 days: by chance both at once for 24 h / 14.
    assert row[:4] == ("4k-high", "vip and official", both, "1 h 43 min")
    assert (row[4].word if isinstance(row[4], blocks.Word) else row[4]) == said


# --- how far a stretch reached ----------------------------------------------------------------------------------------


def stretch_of(start, end, failing=0.5):
    return window.Degraded(estimate(start), estimate(end), failing)


KNOWN = window.Occupancy(0.05, 0.04, 0.06, 0.1)


def reached(*others, alarms=()):
    """The row of a stretch of vip/4k-high, three hours long, among paths that may be degraded then."""
    start = NOW - 10 * HOUR
    trouble = stretch_of(start, start + 3 * HOUR)
    points = grid("vip/4k-high", 0.5, 60, since=NOW - 20 * HOUR)
    path = facts("vip/4k-high", points, degraded=(trouble,), occupancy=KNOWN, alarms=alarms)
    shown = seen(path, *(facts(name, degraded=found, occupancy=KNOWN) for name, found in others))
    return next(row for row in table(timeline.read, shown, 2).rows if row[0] == "vip/4k-high")


DURING = (stretch_of(NOW - 9 * HOUR, NOW - 6 * HOUR),)
ELSEWHEN = (stretch_of(NOW - 3 * HOUR, NOW - 2 * HOUR),)


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([("vip/2k-high", DURING), ("official/4k-high", ())], "2k-high"),
        ([("official/4k-high", ELSEWHEN)], "nothing else"),
        ([("official/4k-high", DURING), ("nano/4k-high", ())], "official"),
        ([("official/4k-high", DURING), ("nano/4k-high", DURING)], "every channel: upstream"),
        ([], "nothing to compare"),
    ],
)
def test_a_stretch_says_what_else_was_degraded_meanwhile(others, said):
    assert blocks.plain(reached(*others)[5], NOW) == said


@pytest.mark.parametrize(
    ("alarms", "said"),
    [
        ((NOW - 10 * HOUR + 25 * MINUTE,), "after 25 min"),
        ((NOW - 10 * HOUR - 5 * MINUTE,), "at once"),
        ((NOW - 15 * HOUR,), "none"),
        ((), "none"),
    ],
)
def test_a_stretch_says_how_late_its_alarm_was(alarms, said):
    assert blocks.plain(reached(alarms=alarms)[2], NOW) == said


def test_a_stretch_says_what_the_canaries_within_cost():
    row = reached()
    assert (row[3], row[4].value_usd) == (3, pytest.approx(0.09))


# --- time walls -------------------------------------------------------------------------------------------------------


def cut_at(time_s, deadline_s=360.0):
    """A path with 14 failures, of which 11 end within a third of a second."""
    ends_s = [*(time_s + 0.03 * n for n in range(11)), 20.0, 95.0, 140.0]
    failures = [
        point(VIP, SINCE + n * HOUR, model.Kind.GATEWAY_ERROR, latency_s=end_s) for n, end_s in enumerate(ends_s)
    ]
    path = facts("vip/4k-high", [*failures, *grid("vip/4k-high", 1, 60, since=NOW - 2 * DAY, median_s=40.0)])
    path = dataclasses.replace(path, now=dataclasses.replace(path.now, deadline_s=deadline_s))
    return [block.text for block in kinds.read(seen(path)) if isinstance(block, blocks.Note)]


def test_failures_that_end_at_one_time_name_a_limit_on_the_way():
    (told,) = cut_at(180.0)
    assert told.startswith("vip/4k-high: 11 of 14 failures end at 180.0-180.3 s: ")
    assert told.endswith("in the path, not the model.")


def test_our_own_deadline_is_no_limit_on_the_way():
    assert cut_at(180.0, deadline_s=180.0) == []


def test_a_report_of_nothing_holds_no_table_of_zeros():
    found = [block for section in sections.build(empty_window()).sections for block in section.blocks]
    assert not [block for block in found if isinstance(block, blocks.Table)]
