"""What decides about a channel while a scenario is played: the product's own detector, or a usual rule to compare with."""

import collections
import datetime as dt
from collections.abc import Mapping
from typing import Protocol

from probe import model
from probe.inference import channels, detect, rules, schedule

OURS = "tierwatch"


class Watcher(Protocol):
    """What decides about one channel."""

    def take(self, tier: str, seen: channels.Seen, latency_s: float) -> None:
        """One canary has been answered."""
        ...

    def troubled(self, tier: str) -> model.State | None:
        """The state to raise an alarm for; None: no alarm."""
        ...

    def extras(self, now: dt.datetime) -> tuple[schedule.Extra, ...]:
        """Canaries wanted beside the grid."""
        ...

    @property
    def calm(self) -> bool:
        """Is every tier well?"""
        ...

    def detections(self, now: dt.datetime) -> Mapping[str, detect.Detection]:
        """What it knows, tier by tier, for checks of fall-backs; empty: it wants none."""
        ...

    def hanging_after_s(self, tier: str) -> float | None:
        """When to ask `hangs`; None: never."""
        ...

    def hangs(self, tier: str, sent_at: dt.datetime, now: dt.datetime) -> bool:
        """Does a canary unanswered for so long raise the alarm already?"""
        ...


class Ours:
    """The product's own detector and schedule."""

    def __init__(self, settings: detect.Settings) -> None:
        self.settings = settings
        self.detector = detect.Detector(settings)
        self.recent = {tier: collections.deque[channels.Seen](maxlen=10) for tier in settings.tiers}

    def take(self, tier: str, seen: channels.Seen, latency_s: float) -> None:
        self.recent[tier].append(seen)
        if seen.healthy is not None:
            latency = latency_s if seen.healthy else None
            self.detector.update(detect.Observation(seen.at, tier, not seen.healthy, latency))

    def troubled(self, tier: str) -> model.State | None:
        latest = max((seen[-1] for seen in self.recent.values() if seen), key=lambda one: one.at, default=None)
        found = channels.immediate(self.recent[tier], latest)
        if found is not None:
            return found[0]
        return model.State.DEGRADED if self.detector.view(tier).alarm else None

    def extras(self, now: dt.datetime) -> tuple[schedule.Extra, ...]:
        if self.calm:
            return ()
        return schedule.extras(self.detections(now), self.settings)

    @property
    def calm(self) -> bool:
        return all(view.calm for view in self.detector.views)

    def detections(self, now: dt.datetime) -> Mapping[str, detect.Detection]:
        return {tier: self.detector.detection(tier, now, dated=False) for tier in self.settings.tiers}

    def hanging_after_s(self, tier: str) -> float | None:
        return self.detector.hanging_after_s(tier)

    def hangs(self, tier: str, sent_at: dt.datetime, now: dt.datetime) -> bool:
        pending = detect.Observation(sent_at, tier, None, (now - sent_at).total_seconds() + 1.0)
        return self.detector.detection(tier, now, [pending]).state is model.State.DEGRADED


class Usual:
    """One of the usual rules on every tier of a channel."""

    def __init__(self, rule: str, settings: detect.Settings) -> None:
        self.rules = {tier: rules.RULES[rule]() for tier in settings.tiers}
        self.retry = dt.timedelta(seconds=settings.confirm_every_s)
        self.sent_at: dict[str, dt.datetime] = {}

    def take(self, tier: str, seen: channels.Seen, latency_s: float) -> None:
        self.sent_at[tier] = seen.at
        if seen.healthy is not None:
            self.rules[tier].update(seen.at.timestamp(), failed=not seen.healthy)

    def troubled(self, tier: str) -> model.State | None:
        return model.State.DEGRADED if self.rules[tier].degraded else None

    def extras(self, now: dt.datetime) -> tuple[schedule.Extra, ...]:
        return tuple(
            schedule.Extra(tier, model.Trigger.BURST, self.sent_at[tier] + self.retry)
            for tier, rule in self.rules.items()
            if rule.wants_retry
        )

    @property
    def calm(self) -> bool:
        return not any(rule.degraded for rule in self.rules.values())

    def detections(self, now: dt.datetime) -> Mapping[str, detect.Detection]:
        return {}

    def hanging_after_s(self, tier: str) -> float | None:
        return None

    def hangs(self, tier: str, sent_at: dt.datetime, now: dt.datetime) -> bool:
        return False


def fresh(rule: str, settings: detect.Settings) -> Watcher:
    """A watcher that has seen nothing, by the name of its rule."""
    return Ours(settings) if rule == OURS else Usual(rule, settings)
