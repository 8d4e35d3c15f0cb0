"""The board of all configured paths: judged outcomes in, the state of every path out."""

import collections
import datetime as dt
import itertools
import statistics as numbers
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from probe import config as configuration
from probe import model
from probe.inference import change, channels, detect, schedule, scope, target

if TYPE_CHECKING:
    from probe.config import Config

DEFAULT_CALM_S = 3600.0
A_MONTH_DAYS = 30.0


class Board:
    """The states of all configured paths, kept up to date outcome by outcome.

    Outcomes may come in any order: what was sent earlier than the latest known is put in its place and
    the channel's evidence replayed.
    """

    def __init__(self, config: "Config", calm_s: Mapping[model.Path, float]) -> None:
        self.paths = config.paths()
        self._channels = {
            channel.name: channels.Channel(settings(config, channel.name, calm_s), channel.target_success)
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

    def detections(
        self, now: dt.datetime, pending: Sequence[channels.Pending] = ()
    ) -> dict[model.Path, detect.Detection]:
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

    def states(self, now: dt.datetime, pending: Sequence[channels.Pending] = ()) -> tuple[model.PathState, ...]:
        """What is published: the statistics' state, or an immediate one that needs none."""
        detections = self.detections(now, pending)
        return tuple(self._channels[path.channel].state(path, detections[path], now) for path in self.paths)


def of(
    judged: Iterable[model.Judged],
    config: "Config",
    now: dt.datetime,
    *,
    calm_s: Mapping[model.Path, float] | None = None,
    pending: Sequence[channels.Pending] = (),
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
