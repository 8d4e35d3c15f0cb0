"""One tier's running statistic: R while it is healthy or suspect, the mirrored Q while it is degraded."""

import collections
import copy
import dataclasses
import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from probe.inference import change
from probe.inference.alternatives import FAILING, SLOW, Alternative, Evidence, shiryaev_roberts
from probe.inference.baseline import SLOW_QUANTILE

SEVERITIES = (0.2, 0.4, 0.7, 0.95)
"""Shares failing that recovery is weighed against, equally likely at first."""

SLOWNESSES = (0.4, 0.8)
"""Shares slow that recovery from slowness is weighed against, equally likely at first."""

SUSPICION = 9.0  # suspicious from R = so many calm intervals
DOUBT = 0.9  # at first sight and after an all-clear R starts at most so far below suspicion
SILENCE = 3.0  # calm intervals without evidence that are "no data"; longer silence adds nothing to R
RECOVERY_SILENCE_S = 5400.0  # the same while degraded: three of the longest recovery intervals
INCIDENT_MINUTES = 150.0  # assumed mean length of an incident
TRAIL = 300  # pieces of evidence remembered to date a change
DAY_S = 86_400.0


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """How the tiers of one channel are watched.

    `tiers` run from light to heavy: a failing light tier is evidence against the heavier ones, never the
    other way round. `calm_s` is the spacing of scheduled canaries by tier, seconds. `a_days` is the
    promised mean time between false alarms of one path. With `learned` false `healthy_success` is taken
    as known instead of as the least that a learned baseline allows.
    """

    tiers: tuple[str, ...]
    calm_s: Mapping[str, float] = dataclasses.field(default_factory=dict)
    a_days: float = 30.0
    healthy_success: float = 0.97
    confirm_every_s: float = 300.0
    recovered_minutes: float = 720.0
    incidents_per_day: float = 0.3  # assumed
    prior_days: float = INCIDENT_MINUTES / 1440  # R at first sight: time degraded over incidents a day
    failing: tuple[tuple[float, float], ...] = FAILING
    slow: tuple[tuple[float, float], ...] = SLOW
    learned: bool = True

    def calm(self, tier: str) -> float:
        """Spacing of scheduled canaries of a tier, seconds; an hour where nobody said."""
        return self.calm_s.get(tier, 3600.0)


@dataclasses.dataclass(slots=True)
class Alarm:
    """A path in trouble, and how far its recovery has got."""

    raised_s: float
    since: change.Moment
    slow: bool  # slowness raised it
    checked_s: float  # the path's own latest evidence
    q_minutes: float = 0.0
    steps: collections.deque[change.Step] = dataclasses.field(default_factory=lambda: collections.deque(maxlen=TRAIL))


class Episode(NamedTuple):
    """A past alarm: estimated start, when it was raised, estimated end, when it was cleared."""

    since: change.Moment
    raised_at: dt.datetime
    until: change.Moment
    cleared_at: dt.datetime


@dataclasses.dataclass(slots=True)
class Incident:
    """The path's own outcomes since suspicion arose."""

    failed: int = 0
    n: int = 0
    slow: int = 0
    timed: int = 0  # successes that could be called slow or not
    latencies_s: list[float] = dataclasses.field(default_factory=list)
    blame: int | None = None  # tier of the latest adverse evidence, own or lighter

    def count(self, evidence: Evidence, own: int) -> None:
        if evidence.failed or evidence.slow:
            self.blame = evidence.tier
        if evidence.tier != own or evidence.failed is None:
            return
        self.n += 1
        self.failed += evidence.failed
        if evidence.slow is not None:
            self.timed += 1
            self.slow += evidence.slow
        if not evidence.failed and evidence.latency_s is not None and len(self.latencies_s) < TRAIL:
            self.latencies_s.append(evidence.latency_s)

    @property
    def about_failing(self) -> float | None:
        """Share failing by the rule of succession; None: the path itself was not asked."""
        return (self.failed + 1) / (self.n + 2) if self.n else None


class View:
    """One tier's statistic, from its own evidence and that of the lighter tiers.

    Tier T has the alternatives severity x (scopes that contain T), a scope being a run of tiers up to the
    heaviest; an outcome multiplies those whose scope contains its tier, and time adds to all.
    """

    def __init__(self, index: int, settings: Settings) -> None:
        self.index, self.settings = index, settings
        self.calm_s = settings.calm(settings.tiers[index])
        self.alternatives = [
            Alternative(share, weight / (index + 1), scope)
            for share, weight in settings.failing
            for scope in range(index + 1)
        ] + [Alternative(share, weight, None) for share, weight in settings.slow]
        self.episodes: list[Episode] = []
        self.muted: set[int] = set()  # lighter tiers whose evidence does not count here
        self.alarm: Alarm | None = None
        self.last_s: float | None = None  # latest evidence of any tier
        self.horizon_s = -math.inf  # time adds to R up to here: silence of the own tier is no evidence
        self.own: Evidence | None = None  # the tier's own latest
        self.observations = 0
        self.healthy_since: change.Moment | None = None
        self._restart()

    def copied(self) -> "View":
        """A view to try evidence on; what it shares with this one is never changed in place."""
        twin = copy.copy(self)
        twin.steps, twin.alarm = self.steps.copy(), dataclasses.replace(self.alarm) if self.alarm else None
        twin.incident = dataclasses.replace(self.incident, latencies_s=list(self.incident.latencies_s))
        return twin

    def _restart(self) -> None:
        self.r_days = [0.0] * len(self.alternatives)
        self.value_days = 0.0  # R, the weighted mean over the alternatives
        self.watches_latency = False
        self.weights = self._weights()
        self.steps: collections.deque[change.Step] = collections.deque(maxlen=TRAIL)
        self.incident = Incident()

    def _weights(self) -> list[float]:
        """Of the alternatives in use, sum 1: latency ones stand aside until a healthy quantile is known."""
        used = [a.weight if a.scope is not None or self.watches_latency else 0.0 for a in self.alternatives]
        total = math.fsum(used)
        return [weight / total for weight in used]

    @property
    def suspicious(self) -> bool:
        return self.alarm is None and self.value_days >= SUSPICION * self.calm_s / DAY_S

    @property
    def most_doubt_days(self) -> float:
        """Where R may start: the first failure makes the path suspect, its being watched closely does not."""
        return DOUBT * SUSPICION * self.calm_s / DAY_S

    @property
    def calm(self) -> bool:
        return self.alarm is None and not self.suspicious

    @property
    def silence_s(self) -> float:
        """So long without own evidence is "no data"."""
        return max(SILENCE * self.calm_s, RECOVERY_SILENCE_S if self.alarm else 0.0)

    def take(self, evidence: Evidence) -> None:
        """Take in one outcome of this tier or a lighter one, in order of send time."""
        elapsed_s = self._elapsed_s(evidence)
        own = evidence.tier == self.index
        if own and evidence.failed is not None:
            self.own = evidence
            self.observations += 1
        if self.alarm is None:
            self._accumulate(evidence, elapsed_s / DAY_S)
        elif own and evidence.failed is not None:
            self._recover(evidence, self.alarm)

    def _elapsed_s(self, evidence: Evidence) -> float:
        """Seconds since the view's latest evidence that add to R; moves `last_s` and the horizon on."""
        if self.last_s is None:
            self.last_s, self.horizon_s = evidence.at_s, evidence.at_s + SILENCE * self.calm_s
            self.healthy_since = change.exactly(_utc(evidence.at_s))
            return min(self.settings.prior_days, self.most_doubt_days) * DAY_S
        elapsed_s = min(evidence.at_s, self.horizon_s) - min(self.last_s, self.horizon_s)
        self.last_s = max(self.last_s, evidence.at_s)
        if evidence.tier == self.index:
            self.horizon_s = evidence.at_s + SILENCE * self.calm_s
        return max(0.0, elapsed_s)

    def _accumulate(self, evidence: Evidence, elapsed_days: float) -> None:
        was_suspicious = self.suspicious
        if not self.watches_latency and evidence.tier == self.index and evidence.slow is not None:
            self.watches_latency = True
            self.weights = self._weights()
        ratios = tuple(alternative.ratio(evidence, self.index) for alternative in self.alternatives)
        self.r_days = [
            shiryaev_roberts(r, elapsed_days, ratio) if weight else 0.0
            for r, ratio, weight in zip(self.r_days, ratios, self.weights, strict=True)
        ]
        self.value_days = sum(r * weight for r, weight in zip(self.r_days, self.weights, strict=True))
        self.steps.append(change.Step(evidence.at_s, elapsed_days, ratios))
        if self.suspicious != was_suspicious:
            self.incident = Incident()
        if self.suspicious:
            self.incident.count(evidence, self.index)
        if self.value_days >= self.settings.a_days:
            self.alarm = Alarm(evidence.at_s, self.suspect_since(), slow=self.slow_leads, checked_s=evidence.at_s)

    def _recover(self, evidence: Evidence, alarm: Alarm) -> None:
        """Q <- (Q + minutes) * P(outcome | healthy) / P(outcome | still degraded); over at `recovered_minutes`."""
        minutes = min(max(0.0, evidence.at_s - alarm.checked_s), RECOVERY_SILENCE_S) / 60
        failing = self.still_failing(evidence.p0)
        ratio = evidence.p0 / failing if evidence.failed else (1 - evidence.p0) / (1 - failing)
        if evidence.slow is not None:
            slowness = self.still_slow()
            ratio *= (1 - SLOW_QUANTILE) / slowness if evidence.slow else SLOW_QUANTILE / (1 - slowness)
        alarm.checked_s = evidence.at_s
        alarm.q_minutes = (alarm.q_minutes + minutes) * ratio
        alarm.steps.append(change.Step(evidence.at_s, minutes / 1440, (ratio,)))
        self.incident.count(evidence, self.index)
        if alarm.q_minutes >= self.settings.recovered_minutes:
            self._clear(alarm, evidence.at_s)

    def _clear(self, alarm: Alarm, at_s: float) -> None:
        self.healthy_since = change.moment(alarm.steps, [1.0]) or change.exactly(_utc(at_s))
        self.episodes.append(Episode(alarm.since, _utc(alarm.raised_s), self.healthy_since, _utc(at_s)))
        self.alarm = None
        self._restart()
        # The all-clear is not certain; carrying the doubt over lets the first failure after it count at once.
        doubt_days = INCIDENT_MINUTES / self.settings.recovered_minutes / self.settings.incidents_per_day
        self.value_days = min(doubt_days, self.most_doubt_days)
        self.r_days = [self.value_days] * len(self.alternatives)

    @property
    def slow_leads(self) -> bool:
        """Does slowness, rather than failing, hold the larger part of R?"""
        shares = [weight * r for weight, r in zip(self.weights, self.r_days, strict=True)]
        slow = sum(share for share, a in zip(shares, self.alternatives, strict=True) if a.scope is None)
        return slow > sum(shares) / 2

    def still_failing(self, p0: float) -> float:
        """P(the next request fails | still degraded): posterior mean over the severities, given this incident.

        Where slowness raised the alarm, failing may be as rare as ever: `p0` is then one more severity,
        so that an incident that turns from slow to failing is not taken for recovered.
        """
        severities = (p0, *SEVERITIES) if self.alarm and self.alarm.slow else SEVERITIES
        return _mean(severities, self.incident.failed, self.incident.n)

    def still_slow(self) -> float:
        """P(the next success is slow | still degraded), the other way round."""
        slownesses = SLOWNESSES if self.alarm and self.alarm.slow else (1 - SLOW_QUANTILE, *SLOWNESSES)
        return _mean(slownesses, self.incident.slow, self.incident.timed)

    def suspect_since(self) -> change.Moment:
        """When the path left its healthy state, should it have done so."""
        return change.moment(self.steps, self.weights) or change.exactly(_utc(self.steps[-1].at_s))


def _utc(at_s: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(at_s, dt.UTC)


def _mean(shares: Sequence[float], hits: int, n: int) -> float:
    """Posterior mean of a share over a flat grid."""
    logs = [hits * math.log(share) + (n - hits) * math.log1p(-share) for share in shares]
    top = max(logs)
    likelihoods = [math.exp(value - top) for value in logs]
    return math.fsum(s * w for s, w in zip(shares, likelihoods, strict=True)) / math.fsum(likelihoods)
