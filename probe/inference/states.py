"""From judged outcomes to the state of every configured path."""

import bisect
import collections
import datetime as dt
import statistics as numbers
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from probe import config as configuration
from probe import model
from probe.inference import detect

if TYPE_CHECKING:
    from probe.config import Config

REFUSALS = 3
"""So many different prompts refused in a row: the channel refuses, not one prompt."""

RECENT = 300  # outcomes of a path remembered for its reason in words
REPEAT = dt.timedelta(hours=6)  # one's own prompt failing again within this is the same evidence
DEFAULT_CALM_S = 3600.0
A_MONTH_DAYS = 30.0
FAR_AHEAD = dt.datetime.max.replace(tzinfo=dt.UTC)


class Pending(NamedTuple):
    """A request that has not been answered yet."""

    path: model.Path
    sent_at: dt.datetime
    own: bool = False


class Board:
    """The states of all configured paths, kept up to date outcome by outcome.

    Outcomes may come in any order: what was sent earlier than the latest known is put in its place and
    the channel's evidence replayed.
    """

    def __init__(self, config: "Config", calm_s: Mapping[model.Path, float]) -> None:
        self.paths = config.paths()
        self._channels = {channel.name: _Channel(settings(config, channel.name, calm_s)) for channel in config.channel}
        self._fingerprints = {path: {"", configuration.fingerprint(config, path)} for path in self.paths}

    def add(self, judged: model.Judged) -> None:
        """Take in one outcome; those of paths or configurations no longer watched are passed over."""
        outcome = judged.outcome
        if outcome.fingerprint in self._fingerprints.get(outcome.path, ()) and not outcome.excluded:
            self._channels[outcome.path.channel].add(judged)

    def detections(self, now: dt.datetime, pending: Sequence[Pending] = ()) -> dict[model.Path, detect.Detection]:
        """What the statistics say, path by path."""
        return {path: self._channels[path.channel].detection(path, now, pending) for path in self.paths}

    def calm(self, path: model.Path, judged: Iterable[model.Judged]) -> list[model.Judged]:
        """Those outcomes of a path that were sent outside its incidents, past and present."""
        stretches = self._channels[path.channel].troubled(path)
        return [one for one in judged if not any(start <= one.outcome.sent_at < end for start, end in stretches)]

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
        path: numbers.median((b - a).total_seconds() for a, b in zip(times[-50:], times[-49:], strict=False))
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

    def __init__(self, channel_settings: detect.Settings) -> None:
        self._settings = channel_settings
        self._detector = detect.Detector(channel_settings)
        self._observations: list[detect.Observation] = []
        self._recent: dict[str, collections.deque[model.Judged]] = {
            tier: collections.deque(maxlen=RECENT) for tier in channel_settings.tiers
        }
        self._own_failures: dict[str, dt.datetime] = {}  # by prompt

    def add(self, judged: model.Judged) -> None:
        self._recent[judged.outcome.path.tier].append(judged)
        observation = self._observe(judged)
        if observation is None:
            return
        if self._observations and observation.at < self._observations[-1].at:
            bisect.insort(self._observations, observation, key=lambda seen: seen.at)
            self._detector = detect.Detector(self._settings)
            for seen in self._observations:
                self._detector.update(seen)
        else:
            self._observations.append(observation)
            self._detector.update(observation)

    def _observe(self, judged: model.Judged) -> detect.Observation | None:
        """Health evidence, or None; the same own prompt failing again says nothing new about the channel."""
        outcome, healthy = judged.outcome, model.health(judged)
        if healthy is None:
            return None
        own = outcome.trigger is model.Trigger.OWN_TRAFFIC
        if own and not healthy and outcome.prompt_id:
            before = self._own_failures.get(outcome.prompt_id)
            self._own_failures[outcome.prompt_id] = outcome.sent_at
            if before is not None and abs(outcome.sent_at - before) < REPEAT:
                return None
        latency_s = outcome.latency_s if healthy else None
        return detect.Observation(outcome.sent_at, outcome.path.tier, not healthy, latency_s, own)

    def detection(self, path: model.Path, now: dt.datetime, pending: Sequence[Pending]) -> detect.Detection:
        waiting = [
            detect.Observation(one.sent_at, one.path.tier, None, (now - one.sent_at).total_seconds(), one.own)
            for one in pending
            if one.path == path
        ]
        return self._detector.detection(path.tier, now, waiting)

    def troubled(self, path: model.Path) -> list[tuple[dt.datetime, dt.datetime]]:
        """Stretches from the estimated start of an incident to its estimated end."""
        view = self._detector.view(path.tier)
        stretches = [(episode.since.at, episode.until.at) for episode in view.episodes]
        if view.alarm is not None:
            stretches.append((view.alarm.since.at, FAR_AHEAD))
        return stretches

    def state(self, path: model.Path, detection: detect.Detection, now: dt.datetime) -> model.PathState:
        immediate = self._immediate(path, detection)
        if immediate is not None:
            return immediate
        since = detection.since.at if detection.since else None
        reason = detection.reason
        if detection.state in {model.State.DEGRADED, model.State.RECOVERING, model.State.SUSPECT} and since:
            reason = ": ".join(filter(None, (reason, self._kinds(path.tier, since))))
        return model.PathState(
            path=path,
            state=detection.state,
            since=since,
            checked_at=detection.checked_at,
            p_degraded=detection.p_degraded,
            reason=reason,
        )

    def _kinds(self, tier: str, since: dt.datetime) -> str:
        """`processing_error 5, timeout 2 of 16`: what was seen on the path since then."""
        seen = [one for one in self._recent[tier] if one.outcome.sent_at >= since and model.health(one) is not None]
        failed = collections.Counter(one.verdict.kind.value for one in seen if not one.ok)
        return ", ".join(f"{kind} {n}" for kind, n in failed.most_common(3)) + f" of {len(seen)}" if failed else ""

    def _immediate(self, path: model.Path, detection: detect.Detection) -> model.PathState | None:
        """NO_ACCESS, MODEL_GONE or REFUSING: told by the latest outcomes alone."""
        own = list(self._recent[path.tier])
        everyone = max((seen[-1] for seen in self._recent.values() if seen), key=_sent_at, default=None)
        latest = [
            one for one in (own[-1] if own else None, everyone) if one and one.verdict.kind in model.ACCOUNT_KINDS
        ]
        if latest:
            kind = latest[0].verdict.kind
            run = _trailing(own if latest[0] in own[-1:] else [latest[0]], model.ACCOUNT_KINDS)
            gone = kind is model.Kind.MODEL_NOT_FOUND
            state = model.State.MODEL_GONE if gone else model.State.NO_ACCESS
            return _told(path, state, run, f"{kind.value}{_detail(latest[0])}")
        canaries = [one for one in own if one.outcome.trigger is not model.Trigger.OWN_TRAFFIC]
        refused = _trailing(canaries, model.CONTENT_KINDS)
        prompts = {one.outcome.prompt_id or str(number) for number, one in enumerate(refused)}
        if len(prompts) >= REFUSALS:
            reason = f"{len(refused)} canaries in a row refused: {refused[-1].verdict.kind.value}{_detail(refused[-1])}"
            return _told(path, model.State.REFUSING, refused, reason)
        return None


def _told(path: model.Path, state: model.State, run: Sequence[model.Judged], reason: str) -> model.PathState:
    return model.PathState(path, state, run[0].outcome.sent_at, run[-1].outcome.sent_at, reason=reason)


def _trailing(judged: Sequence[model.Judged], kinds: frozenset[model.Kind]) -> list[model.Judged]:
    """The unbroken run of these kinds at the end."""
    run: list[model.Judged] = []
    for one in reversed(judged):
        if one.verdict.kind not in kinds:
            break
        run.append(one)
    return run[::-1]


def _detail(judged: model.Judged) -> str:
    return f" ({judged.verdict.detail})" if judged.verdict.detail else ""


def _sent_at(judged: model.Judged) -> dt.datetime:
    return judged.outcome.sent_at
