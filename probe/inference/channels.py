"""One channel: which outcomes count as evidence, and what the evidence says of each of its tiers, in words too."""

import collections
import datetime as dt
import itertools
from collections.abc import Sequence
from typing import NamedTuple

from probe import model
from probe.inference import detect, prompts, replay, schedule, scope, target, view

REFUSALS = 3
"""So many different prompts refused in a row: the channel refuses, not one prompt."""

RECENT = 1000  # outcomes of a path remembered for its reason in words
REPLACEABLE = 5000  # own outcomes of a channel that better evidence may replace yet
FAR_AHEAD = dt.datetime.max.replace(tzinfo=dt.UTC)


class Pending(NamedTuple):
    """A request that has not been answered yet."""

    path: model.Path
    sent_at: dt.datetime
    own: bool = False


class Seen(NamedTuple):
    """What is remembered of one outcome."""

    at: dt.datetime
    kind: model.Kind
    detail: str
    healthy: bool | None
    trigger: model.Trigger
    prompt_id: str

    @property
    def words(self) -> str:
        return f"{self.kind.value} ({self.detail})" if self.detail else self.kind.value


class Channel:
    """One channel's evidence and its detector."""

    def __init__(self, channel_settings: detect.Settings, target_success: float) -> None:
        self._settings, self._target = channel_settings, target_success
        self._evidence = replay.Replay(channel_settings)
        # Own traffic may be much more than canaries, and must not push them out.
        self._recent, self._recent_own = (
            {tier: collections.deque[Seen](maxlen=RECENT) for tier in channel_settings.tiers} for _ in range(2)
        )
        self.own_at: dict[str, dt.datetime] = {}  # latest own evidence of a tier
        self._prompts = prompts.Memory()
        self._counted: dict[str, detect.Observation] = {}  # the failure of an own prompt that counted last
        self._own: dict[str, tuple[Seen, str, detect.Observation | None]] = {}  # by id: seen, tier, what counted

    def add(self, judged: model.Judged, *, counted_before: bool | None = None) -> None:
        """Take in one outcome. `counted_before`: did another account of the same request count? None: there was none."""
        outcome, verdict, healthy = judged.outcome, judged.verdict, model.health(judged)
        seen = Seen(outcome.sent_at, verdict.kind, verdict.detail, healthy, outcome.trigger, outcome.prompt_id)
        own = outcome.trigger is model.Trigger.OWN_TRAFFIC
        (self._recent_own if own else self._recent)[outcome.path.tier].append(seen)
        latency_s = outcome.latency_s if healthy else None
        observation = detect.Observation(outcome.sent_at, outcome.path.tier, not healthy, latency_s, own)
        counts = healthy is not None
        if own and counts:
            repeats = observation.failed and counted_before is not None  # its prompt's memory holds it already
            counts = bool(counted_before) if repeats else self._is_news(observation, outcome.prompt_id)
        if counts and (before := self._evidence.add(observation)) is not None:
            self._counted = {prompt: one for prompt, one in self._counted.items() if one.at >= before}
        if own:
            self._own[outcome.id] = (seen, outcome.path.tier, observation if counts else None)
            if len(self._own) > REPLACEABLE:
                del self._own[next(iter(self._own))]

    def take_back(self, identity: str) -> bool | None:
        """Forget an own outcome that is told better now; did it count? None: it said nothing, or is not known here."""
        if identity not in self._own:
            return None
        seen, tier, observation = self._own.pop(identity)
        if seen in self._recent_own[tier]:
            self._recent_own[tier].remove(seen)
        removed = observation is not None and self._evidence.remove(observation)
        return None if seen.healthy is None else removed

    def _is_news(self, observation: detect.Observation, prompt_id: str) -> bool:
        """Does an own outcome say anything new about the channel's health? A prompt's own failures do not."""
        tier = observation.tier
        self.own_at[tier] = max(observation.at, self.own_at.get(tier, observation.at))
        if not observation.failed:
            self._prompts.passes(prompt_id)
            self._counted.pop(prompt_id, None)
            return True
        said = self._prompts.fails(prompt_id, observation.at)
        if said == "prompt" and (before := self._counted.pop(prompt_id, None)) is not None:
            self._evidence.remove(before)
        if said == "new" and prompt_id:
            self._counted[prompt_id] = observation
        return said == "new"

    def troubled(self, path: model.Path) -> list[tuple[dt.datetime, dt.datetime]]:
        """Stretches from the estimated start of an incident to its estimated end."""
        seen = self._evidence.detector.view(path.tier)
        stretches = [(episode.since.at, episode.until.at) for episode in seen.episodes]
        if seen.alarm is not None:
            stretches.append((seen.alarm.since.at, FAR_AHEAD))
        return stretches

    def alarm(self, path: model.Path) -> view.Alarm | None:
        return self._evidence.detector.view(path.tier).alarm

    @property
    def is_calm(self) -> bool:
        return all(each.calm for each in self._evidence.detector.views)

    def extras(self, now: dt.datetime) -> tuple[schedule.Extra, ...]:
        return schedule.extras(
            {tier: self._evidence.detector.detection(tier, now) for tier in self._settings.tiers}, self._settings
        )

    def detection(self, path: model.Path, now: dt.datetime, pending: Sequence[Pending]) -> detect.Detection:
        waiting = [
            detect.Observation(one.sent_at, one.path.tier, None, (now - one.sent_at).total_seconds(), one.own)
            for one in pending
            if one.path == path
        ]
        return self._evidence.detector.detection(path.tier, now, waiting)

    def spread(self) -> tuple[scope.Scope, ...]:
        alarm = self._evidence.detector.views[-1].alarm
        if alarm is None:
            return ()
        healthy = [sources[False].failing_mean() for sources in self._evidence.detector.baselines]
        return scope.posterior(self._evidence.observations, self._settings.tiers, healthy, alarm.since.at)

    def state(self, path: model.Path, detection: detect.Detection, now: dt.datetime) -> model.PathState:
        immediate = self._immediate(path)
        if immediate is not None:
            return immediate
        since = detection.since.at if detection.since else None
        said = [detection.reason]
        if since and detection.state in {model.State.DEGRADED, model.State.RECOVERING, model.State.SUSPECT}:
            said.append(self._kinds(path.tier, since))
        elif detection.state is model.State.HEALTHY:
            standing = self.standing(path, now)
            said.append(standing.words() if standing else "")
        return model.PathState(
            path=path,
            state=detection.state,
            since=since,
            checked_at=detection.checked_at,
            p_degraded=detection.p_degraded,
            reason=": ".join(filter(None, said)),
        )

    def standing(self, path: model.Path, now: dt.datetime) -> target.Standing | None:
        sampled = [
            (one.at, one.healthy)
            for one in self._recent[path.tier]
            if one.trigger in model.SAMPLE_TRIGGERS and one.healthy is not None
        ]
        return target.standing(sorted(sampled), self._target, now)

    def _kinds(self, tier: str, since: dt.datetime) -> str:
        """`processing_error 5, timeout 2 of 16; own: timeout 40 of 210`: what was seen on the path since then."""
        told = []
        for recent, whose in ((self._recent, ""), (self._recent_own, "own: ")):
            seen = [one for one in recent[tier] if one.at >= since and one.healthy is not None]
            failed = collections.Counter(one.kind.value for one in seen if not one.healthy)
            kinds = ", ".join(f"{kind} {n}" for kind, n in failed.most_common(3))
            told += [f"{whose}{kinds} of {len(seen)}"] if failed else []
        return "; ".join(told)

    def _immediate(self, path: model.Path) -> model.PathState | None:
        own = self._recent[path.tier]
        latest = max((seen[-1] for seen in self._recent.values() if seen), key=lambda one: one.at, default=None)
        found = immediate(own, latest)
        if found is None:
            return None
        state, run, reason = found
        return model.PathState(path, state, run[0].at, run[-1].at, reason=reason)


def immediate(own: Sequence[Seen], latest: Seen | None) -> tuple[model.State, list[Seen], str] | None:
    """NO_ACCESS, MODEL_GONE or REFUSING with the canaries that tell it and a reason; None: statistics decide.

    Own traffic may use another key and says nothing here: without health evidence of its own, canaries go out.
    Key, quota and model are the channel's: its latest outcome speaks for every tier. A tier's own latest
    holds too, since a balance may pay for a small picture and not for a large one.
    """
    for seen in (own, [latest] if latest else []):
        run = _trailing(seen, model.ACCOUNT_KINDS)
        if run:
            gone = run[-1].kind is model.Kind.MODEL_NOT_FOUND
            return model.State.MODEL_GONE if gone else model.State.NO_ACCESS, run, run[-1].words
    refused = _trailing(own, model.CONTENT_KINDS)
    different = {one.prompt_id or str(number) for number, one in enumerate(refused)}
    if len(different) < REFUSALS:
        return None
    return model.State.REFUSING, refused, f"{len(refused)} canaries in a row refused: {refused[-1].words}"


def _trailing(seen: Sequence[Seen], kinds: frozenset[model.Kind]) -> list[Seen]:
    """The unbroken run of these kinds at the end."""
    return list(itertools.takewhile(lambda one: one.kind in kinds, reversed(seen)))[::-1]
