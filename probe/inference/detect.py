"""Is a path degraded, since when and how badly: a time-weighted Shiryaev-Roberts detector for the tiers of a channel.

Each alternative ("a fifth of the requests fail") keeps R <- (R + elapsed days) * likelihood ratio; a path
is degraded once their weighted mean reaches a threshold in days, and the mean time to a false alarm is at
least that threshold whatever the schedule of canaries. Method, proofs and measurements: docs/detection.md.
"""

import dataclasses
import datetime as dt
import statistics as numbers
from collections.abc import Iterable, Sequence

from probe import model
from probe.inference import change, words
from probe.inference.alternatives import Evidence
from probe.inference.baseline import HANGING_QUANTILE, OWN_PRIOR_SUCCESSES, SLOW_QUANTILE, Baseline
from probe.inference.view import INCIDENT_MINUTES, Settings, View

__all__ = ["Detection", "Detector", "Observation", "Settings", "replay"]

FEW_OBSERVATIONS = 20
UNLEARNED = 30  # weight left to a baseline after an alarm: the level may have changed for good


@dataclasses.dataclass(frozen=True, slots=True)
class Observation:
    """One piece of health evidence, dated when it was sent.

    `failed` is None for a request still unanswered after `latency_s` seconds. `own` marks own traffic.
    """

    at: dt.datetime
    tier: str
    failed: bool | None
    latency_s: float | None = None
    own: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Detection:
    """What the evidence says about one path at one moment."""

    tier: str
    state: model.State
    since: change.Moment | None = None  # estimated start of this state; None while nothing was seen
    checked_at: dt.datetime | None = None  # when the path's own latest evidence was sent
    alarm_at: dt.datetime | None = None  # send time of the evidence that raised the alarm still on
    r_days: float = 0.0  # the statistic; an alarm at `Settings.a_days`
    suspicious: bool = False  # being re-checked, whatever the state says
    q_minutes: float = 0.0  # its mirror while degraded; recovered at `Settings.recovered_minutes`
    p_degraded: float | None = None
    about_failing: float | None = None  # share failing, where failures raised it
    slow_factor: float | None = None  # times the healthy median latency, where slowness raised it
    blame: str = ""  # tier of the latest adverse evidence while suspect or degraded
    healthy_failing: float = 0.0  # learned share failing while healthy
    observations: int = 0  # own evidence so far
    incident_failed: int = 0  # of `incident_n` own outcomes since suspicion arose
    incident_n: int = 0
    reason: str = ""


class Detector:
    """The running state of one channel's tiers; `update` in order of send time, then ask `detection`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.baselines = [{False: Baseline(), True: Baseline(OWN_PRIOR_SUCCESSES)} for _ in settings.tiers]
        self.views = [View(index, settings) for index in range(len(settings.tiers))]

    def view(self, tier: str) -> View:
        """The running statistic of one tier."""
        return self.views[self.settings.tiers.index(tier)]

    def update(self, observation: Observation) -> None:
        """Take in one outcome; raises ValueError for a tier the settings do not name."""
        index = self.settings.tiers.index(observation.tier)
        own = self.views[index]
        evidence = self._weigh(index, observation)
        calm, degraded = own.calm, own.alarm is not None
        for view in self.views[index:]:
            if index not in view.muted:
                view.take(evidence)
        if calm and observation.failed is not None:
            self.baselines[index][observation.own].learn(failed=observation.failed, latency_s=observation.latency_s)
        if degraded and own.alarm is None:
            self._recovered(index)

    def detection(
        self, tier: str, now: dt.datetime, pending: Sequence[Observation] = (), *, dated: bool = True
    ) -> Detection:
        """The state of a tier; `pending` are requests still unanswered, which count as slow once they hang.

        Dating a suspicion takes most of the time: with `dated` false its `since` is left out.
        """
        index = self.settings.tiers.index(tier)
        view = self.views[index]
        hanging = [seen for seen in pending if seen.tier == tier and self._hangs(seen)]
        if hanging:
            view = self._whatever_comes(index, hanging)
        canaries, own_traffic = self.baselines[index][False], self.baselines[index][True]
        return _describe(view, canaries if canaries.n else own_traffic, now, dated=dated)

    def _whatever_comes(self, index: int, hanging: Sequence[Observation]) -> View:
        """The view once the hanging requests are answered, late or not at all, by the milder of the two.

        An alarm that a hang raises is then not taken back by its answer.
        """
        outlooks = []
        for failed in (False, True):
            view = self.views[index].copied()
            for seen in hanging:
                view.take(self._weigh(index, dataclasses.replace(seen, failed=failed)))
            outlooks.append(view)
        return min(outlooks, key=lambda view: (view.alarm is not None, view.value_days))

    def _weigh(self, index: int, seen: Observation) -> Evidence:
        baseline, healthy_success = self.baselines[index][seen.own], self.settings.healthy_success
        p0 = baseline.failing_bound(healthy_success) if self.settings.learned else 1 - healthy_success
        limit_s = baseline.latency_bound_s(SLOW_QUANTILE)
        slow = None
        if not seen.failed and seen.latency_s is not None and limit_s is not None:
            slow = seen.latency_s > limit_s
        return Evidence(index, seen.at.timestamp(), seen.failed, slow, seen.latency_s, p0)

    def hanging_after_s(self, tier: str, *, own: bool = False) -> float | None:
        """A request unanswered for longer is slow evidence already; None: too little is known."""
        return self.baselines[self.settings.tiers.index(tier)][own].latency_bound_s(HANGING_QUANTILE)

    def _hangs(self, pending: Observation) -> bool:
        limit_s = self.hanging_after_s(pending.tier, own=pending.own)
        return limit_s is not None and (pending.latency_s or 0.0) > limit_s

    def _recovered(self, index: int) -> None:
        for baseline in self.baselines[index].values():
            baseline.shrink(UNLEARNED)
        # A lighter tier still in trouble does not pull this one down after all: its evidence stops flowing here
        # until it has recovered too.
        self.views[index].muted = {lighter for lighter in range(index) if self.views[lighter].alarm}
        for heavier in self.views[index + 1 :]:
            heavier.muted.discard(index)


def replay(observations: Iterable[Observation], settings: Settings, now: dt.datetime) -> dict[str, Detection]:
    """State by tier at `now`, rebuilt from stored evidence in any order."""
    detector = Detector(settings)
    for observation in sorted(observations, key=lambda seen: (seen.at, settings.tiers.index(seen.tier))):
        detector.update(observation)
    return {tier: detector.detection(tier, now) for tier in settings.tiers}


def _describe(view: View, baseline: Baseline, now: dt.datetime, *, dated: bool) -> Detection:
    settings, alarm, tier = view.settings, view.alarm, view.settings.tiers[view.index]
    if view.own is None:
        return Detection(tier, model.State.UNKNOWN, reason="no canary yet")
    checked_at = dt.datetime.fromtimestamp(view.own.at_s, dt.UTC)
    odds = settings.incidents_per_day * view.value_days
    p_degraded = odds / (1 + odds) if alarm is None else 1 / (1 + alarm.q_minutes / INCIDENT_MINUTES)
    slow = alarm.slow if alarm else view.slow_leads
    troubled = alarm is not None or view.suspicious
    detection = Detection(
        tier,
        model.State.HEALTHY,
        since=view.healthy_since,
        checked_at=checked_at,
        alarm_at=dt.datetime.fromtimestamp(alarm.raised_s, dt.UTC) if alarm else None,
        r_days=view.value_days,
        suspicious=view.suspicious,
        q_minutes=alarm.q_minutes if alarm else 0.0,
        p_degraded=p_degraded,
        about_failing=view.incident.about_failing if troubled and not slow else None,
        slow_factor=_slow_factor(view, baseline) if troubled and slow else None,
        blame=settings.tiers[view.incident.blame] if view.incident.blame is not None else "",
        healthy_failing=baseline.failing_mean(),
        observations=view.observations,
        incident_failed=view.incident.failed,
        incident_n=view.incident.n,
    )
    silent_s = (now - checked_at).total_seconds()
    if silent_s > view.silence_s:
        last = "degraded" if alarm else "healthy"
        return dataclasses.replace(
            detection,
            state=model.State.UNKNOWN,
            since=change.exactly(checked_at),
            reason=f"no canary for {words.span(silent_s)}; {last} when last seen",
        )
    if alarm is not None:
        ok = view.own.failed is False and not (alarm.slow and view.own.slow) and view.own.at_s > alarm.raised_s
        return dataclasses.replace(
            detection,
            state=model.State.RECOVERING if ok else model.State.DEGRADED,
            since=alarm.since,
            reason=_trouble(detection),
        )
    if troubled:
        return dataclasses.replace(
            detection,
            state=model.State.SUSPECT,
            since=view.suspect_since() if dated else None,
            reason=_doubt(p_degraded),
        )
    few = view.observations < FEW_OBSERVATIONS
    reason = f"{view.observations} of {FEW_OBSERVATIONS} canaries so far: {words.FEW_SEEN}" if few else ""
    return dataclasses.replace(detection, reason=reason)


def _doubt(p_degraded: float) -> str:
    likely = f"{words.percent(p_degraded)} likely degraded"
    if p_degraded >= 0.5:
        return f"being re-checked, {likely}"
    return f"being re-checked to be sure, probably healthy ({likely})"


def _trouble(detection: Detection) -> str:
    if detection.slow_factor is not None:
        return words.slower(detection.slow_factor)
    if detection.about_failing is None:
        return f"{detection.blame} fails, and this tier with it as a rule"
    return words.failing(detection.about_failing)


def _slow_factor(view: View, baseline: Baseline) -> float:
    """Median latency in this incident over the healthy median; 1 where there is nothing to compare."""
    healthy_s = baseline.median_s()
    if not (healthy_s and view.incident.latencies_s):
        return 1.0
    return numbers.median(view.incident.latencies_s) / healthy_s
