"""From judged outcomes to the state of every configured path."""

import bisect
import collections
import copy
import datetime as dt
import itertools
import statistics as numbers
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from probe import config as configuration
from probe import model
from probe.inference import change, detect, prompts, schedule, scope, target, view

if TYPE_CHECKING:
    from probe.config import Config

REFUSALS = 3
"""So many different prompts refused in a row: the channel refuses, not one prompt."""

MEMORY = dt.timedelta(days=60)
"""How far back the states look."""

RECENT = 1000  # outcomes of a path remembered for its reason in words
REPLACEABLE = 5000  # own outcomes of a channel that better evidence may replace yet
TRAILING = 30  # pieces of evidence that may still come before the latest ones
DEFAULT_CALM_S = 3600.0
A_MONTH_DAYS = 30.0
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


class Board:
    """The states of all configured paths, kept up to date outcome by outcome.

    Outcomes may come in any order: what was sent earlier than the latest known is put in its place and
    the channel's evidence replayed.
    """

    def __init__(self, config: "Config", calm_s: Mapping[model.Path, float]) -> None:
        self.paths = config.paths()
        self._channels = {
            channel.name: _Channel(settings(config, channel.name, calm_s), channel.target_success)
            for channel in config.channel
        }
        self._fingerprints = {path: {"", configuration.fingerprint(config, path)} for path in self.paths}
        self._replaced = {channel.name: frozenset(channel.replaces) for channel in config.channel}

    def add(self, judged: model.Judged, replaces: Iterable[str] = ()) -> None:
        """Take in one outcome; sentinels, and those of paths or configurations no longer watched, are passed over.

        `replaces` are ids of own outcomes that told of the same request before: they are forgotten.
        """
        outcome = judged.outcome
        if outcome.trigger is model.Trigger.SENTINEL:
            return
        channel = self._channels.get(outcome.path.channel)
        counted = [said for each in replaces if channel and (said := channel.take_back(each)) is not None]
        if channel and self._is_watched(judged) and not outcome.excluded:
            channel.add(judged, counted_before=any(counted) if counted else None)

    def _is_watched(self, judged: model.Judged) -> bool:
        """Is it of a path as now configured, or of a model that the channel's present one replaces (`replaces`)?

        That the old model is gone is not inherited.
        """
        outcome = judged.outcome
        if outcome.fingerprint in self._fingerprints.get(outcome.path, ()):
            return True
        order = outcome.evidence.order
        inherited = order is not None and order.model in self._replaced[outcome.path.channel]
        return inherited and outcome.path in self._fingerprints and judged.verdict.kind not in model.ACCOUNT_KINDS

    def detections(self, now: dt.datetime, pending: Sequence[Pending] = ()) -> dict[model.Path, detect.Detection]:
        """What the statistics say, path by path."""
        return {path: self._channels[path.channel].detection(path, now, pending) for path in self.paths}

    def own_is_fresh(self, path: model.Path, now: dt.datetime, within_s: float) -> bool:
        """Did own traffic on the path say something about its health so lately that a canary would add little?"""
        latest = self._channels[path.channel].own_at.get(path.tier)
        return latest is not None and (now - latest).total_seconds() < within_s

    def calm_everywhere(self) -> bool:
        """Is no path suspect or degraded?"""
        return all(channel.is_calm for channel in self._channels.values())

    def extras(self, now: dt.datetime) -> list[tuple[model.Path, schedule.Extra]]:
        """The canaries that are wanted beside the grid, each not before its time."""
        return [
            (model.Path(name, extra.tier), extra)
            for name, channel in self._channels.items()
            if not channel.is_calm
            for extra in channel.extras(now)
        ]

    def calm(self, path: model.Path, judged: Iterable[model.Judged]) -> list[model.Judged]:
        """Those outcomes of a path that were sent outside its incidents, past and present."""
        stretches = self._channels[path.channel].troubled(path)
        return [one for one in judged if not any(start <= one.outcome.sent_at < end for start, end in stretches)]

    def trouble_since(self, path: model.Path) -> change.Moment | None:
        """When the incident that is on began, also where nobody has looked for long; None: none is."""
        alarm = self._channels[path.channel].alarm(path)
        return alarm.since if alarm else None

    def spread(self, channel: str) -> tuple[scope.Scope, ...]:
        """How far the present incident of a channel has spread, narrowest first; empty where there is none."""
        return self._channels[channel].spread()

    def standing(self, path: model.Path, now: dt.datetime) -> target.Standing | None:
        """The finding that a path is below its target, if it surely is."""
        return self._channels[path.channel].standing(path, now)

    def states(self, now: dt.datetime, pending: Sequence[Pending] = ()) -> tuple[model.PathState, ...]:
        """What is published: the statistics' state, or an immediate one that needs none."""
        detections = self.detections(now, pending)
        return tuple(self._channels[path.channel].state(path, detections[path], now) for path in self.paths)


def of(
    judged: Iterable[model.Judged],
    config: "Config",
    now: dt.datetime,
    *,
    calm_s: Mapping[model.Path, float] | None = None,
    pending: Sequence[Pending] = (),
) -> tuple[model.PathState, ...]:
    """The state of every configured path from stored outcomes; `calm_s` is told by their spacing where not given."""
    return board(judged, config, calm_s=calm_s).states(now, pending)


def board(
    judged: Iterable[model.Judged], config: "Config", *, calm_s: Mapping[model.Path, float] | None = None
) -> Board:
    """A board that has seen these outcomes."""
    ordered = sorted(judged, key=lambda one: one.outcome.sent_at)
    made = Board(config, calm_s if calm_s is not None else spacing_s(ordered))
    for one in ordered:
        made.add(one)
    return made


def settings(config: "Config", channel: str, calm_s: Mapping[model.Path, float]) -> detect.Settings:
    """How the tiers of a channel are watched: light to heavy by pixels, then in the order of the file."""
    found = config.find(channel)
    interval_s = found.interval if isinstance(found.interval, dict) else {}
    fixed_s = found.interval if isinstance(found.interval, float) else DEFAULT_CALM_S
    return detect.Settings(
        tiers=tuple(sorted(found.tiers, key=lambda tier: _pixels(config, tier))),
        calm_s={t: calm_s.get(model.Path(channel, t), interval_s.get(t, fixed_s)) for t in found.tiers},
        a_days=A_MONTH_DAYS * len(config.paths()) / config.detection.false_alarms_per_month,
        healthy_success=config.detection.healthy_success,
        confirm_every_s=config.detection.confirm_every,
    )


def spacing_s(judged: Iterable[model.Judged]) -> dict[model.Path, float]:
    """Median seconds between scheduled canaries, for paths that have at least three."""
    sent: dict[model.Path, list[dt.datetime]] = collections.defaultdict(list)
    for one in judged:
        if one.outcome.trigger in model.SAMPLE_TRIGGERS:
            sent[one.outcome.path].append(one.outcome.sent_at)
    return {
        path: numbers.median((b - a).total_seconds() for a, b in itertools.pairwise(times[-50:]))
        for path, times in sent.items()
        if len(times) >= 3
    }


def _pixels(config: "Config", tier: str) -> int:
    """How heavy a tier is, in pixels or in the protocol's own size word (1K, 2K, 4K)."""
    spec = config.tier(tier)
    if spec.size and "x" in spec.size:
        width, _, height = spec.size.partition("x")
        return int(width) * int(height)
    digits = "".join(letter for letter in spec.image_size or "" if letter.isdigit())
    return (int(digits or 0) * (1024 if "K" in (spec.image_size or "").upper() else 1)) ** 2


class _Channel:
    """One channel's evidence and its detector."""

    def __init__(self, channel_settings: detect.Settings, target_success: float) -> None:
        self._settings, self._target = channel_settings, target_success
        self._latest = detect.Detector(channel_settings)  # has seen all, but from `_stale_from` on
        self._stale_from: int | None = None
        self._trailing, self._trailing_at = detect.Detector(channel_settings), 0  # has seen so many observations
        self._observations: list[detect.Observation] = []
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
        if counts:
            self._take(observation)
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
        removed = observation is not None and self._remove(observation)
        return None if seen.healthy is None else removed

    def _remove(self, observation: detect.Observation) -> bool:
        """Take one piece of evidence out; False where it is not there any more."""
        place = bisect.bisect_left(self._observations, observation.at, key=lambda one: one.at)
        for each in itertools.takewhile(
            lambda one: one.at == observation.at, itertools.islice(self._observations, place, None)
        ):
            if each == observation:
                del self._observations[place]
                self._changed(place)
                return True
            place += 1
        return False

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
            self._remove(before)
        if said == "new" and prompt_id:
            self._counted[prompt_id] = observation
        return said == "new"

    def _take(self, observation: detect.Observation) -> None:
        place = bisect.bisect_right(self._observations, observation.at, key=lambda one: one.at)
        self._observations.insert(place, observation)
        place -= self._forget(self._observations[-1].at - MEMORY)
        if place < 0:
            return
        if self._stale_from is None and place == len(self._observations) - 1:
            self._latest.update(observation)
        else:
            self._changed(place)

    def _forget(self, before: dt.datetime) -> int:
        """Drop evidence that a restart would not read either, once there is as much of it as of the rest; how many."""
        if self._observations[0].at > before - MEMORY:
            return 0
        old = bisect.bisect_left(self._observations, before, key=lambda one: one.at)
        del self._observations[:old]
        self._counted = {prompt: one for prompt, one in self._counted.items() if one.at >= before}
        if self._trailing_at < old:
            self._trailing, self._trailing_at = detect.Detector(self._settings), old
        self._trailing_at -= old
        if self._stale_from is not None:
            self._stale_from = max(0, self._stale_from - old)
        return old

    def _changed(self, place: int) -> None:
        """The evidence from `place` on is no longer what the detector saw; it is replayed when it is next asked."""
        self._stale_from = place if self._stale_from is None else min(place, self._stale_from)

    @property
    def _detector(self) -> detect.Detector:
        if self._stale_from is not None:
            self._rewind(self._stale_from)
            self._stale_from = None
        return self._latest

    def _rewind(self, place: int) -> None:
        """Replay the evidence from `place` on, starting at a detector kept a little behind."""
        if place < self._trailing_at:
            self._trailing, self._trailing_at = detect.Detector(self._settings), 0
        until = max(self._trailing_at, min(place, len(self._observations) - TRAILING))
        for one in self._observations[self._trailing_at : until]:
            self._trailing.update(one)
        self._trailing_at, self._latest = until, copy.deepcopy(self._trailing)
        for one in self._observations[until:]:
            self._latest.update(one)

    def troubled(self, path: model.Path) -> list[tuple[dt.datetime, dt.datetime]]:
        """Stretches from the estimated start of an incident to its estimated end."""
        view = self._detector.view(path.tier)
        stretches = [(episode.since.at, episode.until.at) for episode in view.episodes]
        if view.alarm is not None:
            stretches.append((view.alarm.since.at, FAR_AHEAD))
        return stretches

    def alarm(self, path: model.Path) -> view.Alarm | None:
        return self._detector.view(path.tier).alarm

    @property
    def is_calm(self) -> bool:
        return all(view.calm for view in self._detector.views)

    def extras(self, now: dt.datetime) -> tuple[schedule.Extra, ...]:
        return schedule.extras(
            {tier: self._detector.detection(tier, now) for tier in self._settings.tiers}, self._settings
        )

    def detection(self, path: model.Path, now: dt.datetime, pending: Sequence[Pending]) -> detect.Detection:
        waiting = [
            detect.Observation(one.sent_at, one.path.tier, None, (now - one.sent_at).total_seconds(), one.own)
            for one in pending
            if one.path == path
        ]
        return self._detector.detection(path.tier, now, waiting)

    def spread(self) -> tuple[scope.Scope, ...]:
        alarm = self._detector.views[-1].alarm
        if alarm is None:
            return ()
        healthy = [sources[False].failing_mean() for sources in self._detector.baselines]
        return scope.posterior(self._observations, self._settings.tiers, healthy, alarm.since.at)

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
    prompts = {one.prompt_id or str(number) for number, one in enumerate(refused)}
    if len(prompts) < REFUSALS:
        return None
    return model.State.REFUSING, refused, f"{len(refused)} canaries in a row refused: {refused[-1].words}"


def _trailing(seen: Sequence[Seen], kinds: frozenset[model.Kind]) -> list[Seen]:
    """The unbroken run of these kinds at the end."""
    return list(itertools.takewhile(lambda one: one.kind in kinds, reversed(seen)))[::-1]
