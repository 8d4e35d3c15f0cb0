"""Play a scenario in simulated time: the plan, the budget and the detector that the daemon uses, without any HTTP."""

import collections
import copy
import dataclasses
import datetime as dt
import heapq
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from probe import extras, model, plan, protocols, tokens
from probe.inference import detect, rules, schedule, states
from probe.standin import scenario as scenarios

if TYPE_CHECKING:
    from probe.config import schema

OURS = "tierwatch"
WARM_UP = dt.timedelta(days=7)
"""Played before the scenario begins, its steady rows only, so that baselines are known as in a daemon that has run."""

STEP = dt.timedelta(minutes=5)
WORSE_SHARE, WORSE_LATENCY = 0.10, 1.5
"""An incident is a stretch with so many more failing than usual, or so many times the usual latency."""

GRACE = dt.timedelta(minutes=30)
"""An alarm this soon after an incident is still its alarm: canaries sent within it are answered later."""

DEFAULT_PRICE_USD = 0.03


class Alarm(NamedTuple):
    """A path reported as degraded, or as unusable at once (no access, model gone, refusing)."""

    path: model.Path
    state: model.State
    raised_at: dt.datetime
    cleared_at: dt.datetime | None


class Incident(NamedTuple):
    """A stretch in which a path truly is worse than usual."""

    path: model.Path
    begins: dt.datetime
    ends: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """One playing of the scenario."""

    seed: int
    canaries: int
    usd: float  # list prices
    skipped: int  # canaries that the daily budget did not allow
    alarms: tuple[Alarm, ...]


class Watcher(Protocol):
    """What decides about one channel."""

    def take(self, tier: str, seen: states.Seen, latency_s: float) -> None:
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
        self.recent = {tier: collections.deque[states.Seen](maxlen=10) for tier in settings.tiers}

    def take(self, tier: str, seen: states.Seen, latency_s: float) -> None:
        self.recent[tier].append(seen)
        if seen.healthy is not None:
            latency = latency_s if seen.healthy else None
            self.detector.update(detect.Observation(seen.at, tier, not seen.healthy, latency))

    def troubled(self, tier: str) -> model.State | None:
        latest = max((seen[-1] for seen in self.recent.values() if seen), key=lambda one: one.at, default=None)
        found = states.immediate(self.recent[tier], latest)
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

    def take(self, tier: str, seen: states.Seen, latency_s: float) -> None:
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


class Event(NamedTuple):
    """Something that happens at a moment of simulated time; `number` keeps equal moments in order."""

    at: dt.datetime
    number: int
    what: str  # slot, extra, answer, hang
    path: model.Path
    sent_at: dt.datetime | None = None
    kind: model.Kind = model.Kind.OK


class Player:
    """Plays scenarios for one configuration."""

    def __init__(self, config: "schema.Config", rule: str = OURS) -> None:
        self.config, self.rule = config, rule
        asks_again = rule == OURS or rules.RULES[rule]().quick
        self.plan = plan.plan(config, schedule.GRID_SHARE if asks_again else 1.0)
        self.lines = {line.path: line for line in self.plan.lines}
        self.orders = {path: protocols.order(config, path) for path in self.lines}
        spacing = {path: line.interval_s for path, line in self.lines.items()}
        self.settings = {channel.name: states.settings(config, channel.name, spacing) for channel in config.channel}
        self.warm: dict[str, Watcher] = {}

    def fresh(self) -> dict[str, Watcher]:
        """Watchers that have seen nothing."""
        made: dict[str, Watcher] = {}
        for name, settings in self.settings.items():
            made[name] = Ours(settings) if self.rule == OURS else Usual(self.rule, settings)
        return made

    def runs(self, played: scenarios.Scenario, count: int, seed: int) -> Iterator[Run]:
        """Play it `count` times; the slots fall differently each time. The warm-up is played once."""
        before = dataclasses.replace(
            played, start=played.start - WARM_UP, hours=WARM_UP.total_seconds() / 3600, incidents=()
        )
        warm = _Play(self, before, seed - 1, self.fresh())
        warm.run()
        for number in range(count):
            yield _Play(self, played, seed + number, copy.deepcopy(warm.watchers)).run()


class _Play:
    """One playing: what is in flight, spent and alarmed."""

    def __init__(self, player: Player, played: scenarios.Scenario, seed: int, watchers: dict[str, Watcher]) -> None:
        self.player, self.played, self.seed, self.watchers = player, played, seed, watchers
        rng = random.Random(f"{seed}/slots")  # noqa: S311 - reproducible by purpose
        self.lines = {
            path: dataclasses.replace(line, offset_s=rng.uniform(0, line.interval_s))
            for path, line in player.lines.items()
        }
        self.events: list[Event] = []
        self.pushed = 0
        self.sent = collections.Counter[model.Path]()
        self.busy: set[model.Path] = set()
        self.wanted: dict[model.Path, schedule.Extra] = {}
        self.spent_usd = collections.defaultdict[dt.date, float](float)
        self.recovery_usd = collections.defaultdict[dt.date, float](float)
        self.skipped = 0
        self.open: dict[model.Path, Alarm] = {}
        self.closed: list[Alarm] = []

    def run(self) -> Run:
        for path, line in self.lines.items():
            self._push(plan.next_at(line, self.played.start), "slot", path)
        while self.events and self.events[0].at < self.played.end:
            event = heapq.heappop(self.events)
            getattr(self, f"_{event.what}")(event)
        alarms = sorted([*self.closed, *self.open.values()], key=lambda alarm: (alarm.raised_at, alarm.path))
        return Run(self.seed, self.sent.total(), sum(self.spent_usd.values()), self.skipped, tuple(alarms))

    def _push(
        self,
        at: dt.datetime,
        what: str,
        path: model.Path,
        sent_at: dt.datetime | None = None,
        kind: model.Kind = model.Kind.OK,
    ) -> None:
        self.pushed += 1
        heapq.heappush(self.events, Event(at, self.pushed, what, path, sent_at, kind))

    def _slot(self, event: Event) -> None:
        self._push(plan.next_at(self.lines[event.path], event.at), "slot", event.path)
        if event.path not in self.busy:
            self._send(event.path, event.at)

    def _extra(self, event: Event) -> None:
        extra = self.wanted.get(event.path)
        if extra is None or event.path in self.busy:
            return
        if extra.at > event.at:
            self._push(extra.at, "extra", event.path)
        elif self._purse(event.at).allows(extra.trigger, self.lines[event.path].price_usd, event.at):
            self._send(event.path, event.at, extra.trigger)
        else:
            self.skipped += 1

    def _purse(self, at: dt.datetime) -> schedule.Purse:
        today, cap = at.astimezone(dt.UTC).date(), self.player.config.budget.usd_per_day
        grid_usd = self.player.plan.usd_per_day
        return schedule.Purse(cap, grid_usd, self.spent_usd[today], self.recovery_usd[today])

    def _send(self, path: model.Path, at: dt.datetime, trigger: model.Trigger = model.Trigger.SCHEDULED) -> None:
        price_usd, today = self.lines[path].price_usd, at.astimezone(dt.UTC).date()
        if self.spent_usd[today] + price_usd > self.player.config.budget.usd_per_day + schedule.ROUNDING_USD:
            self.skipped += 1
            return
        self.spent_usd[today] += price_usd
        self.recovery_usd[today] += price_usd if trigger is model.Trigger.RECOVERY else 0.0
        answer = scenarios.answer(self.played, *path, at, self.sent[path], self.seed)
        self.sent[path] += 1
        self.busy.add(path)
        deadline_s = self.player.config.deadline_s(path)
        kind = model.Kind.TIMEOUT if answer.latency_s > deadline_s else answer.judged(self.player.orders[path])
        latency_s = min(answer.latency_s, deadline_s)
        self._push(at + dt.timedelta(seconds=latency_s), "answer", path, at, kind)
        limit_s = self.watchers[path.channel].hanging_after_s(path.tier)
        if limit_s is not None and limit_s < latency_s:
            self._push(at + dt.timedelta(seconds=limit_s), "hang", path, at)

    def _answer(self, event: Event) -> None:
        path, sent_at = event.path, event.sent_at or event.at
        self.busy.discard(path)
        watcher = self.watchers[path.channel]
        excluded = event.kind in model.CONTENT_KINDS | model.ACCOUNT_KINDS
        healthy = None if excluded else event.kind is model.Kind.OK
        seen = states.Seen(sent_at, event.kind, "", healthy, model.Trigger.SIMULATED, str(self.sent[path]))
        watcher.take(path.tier, seen, (event.at - sent_at).total_seconds())
        for tier in self.player.settings[path.channel].tiers:
            self._tell(model.Path(path.channel, tier), watcher.troubled(tier), event.at)
            self.wanted.pop(model.Path(path.channel, tier), None)
        asked = [(model.Path(path.channel, extra.tier), extra) for extra in watcher.extras(event.at)]
        for of, extra in (*asked, *self._fall_backs(event.at)):
            self.wanted[of] = extra
            self._push(max(extra.at, event.at), "extra", of)

    def _fall_backs(self, at: dt.datetime) -> tuple[tuple[model.Path, schedule.Extra], ...]:
        """Checks of fall-backs wherever a channel is in trouble; what a path wants for itself goes first."""
        if all(watcher.calm for watcher in self.watchers.values()):
            return ()
        known = {
            model.Path(channel, tier): detection
            for channel, watcher in self.watchers.items()
            for tier, detection in watcher.detections(at).items()
        }
        found = extras.fall_backs(self.player.config, known, at)
        return tuple((of, extra) for of, extra in found if of not in self.wanted and of not in self.busy)

    def _hang(self, event: Event) -> None:
        """Unanswered past what is usual: evidence before the deadline."""
        watcher = self.watchers[event.path.channel]
        if event.path not in self.open and watcher.hangs(event.path.tier, event.sent_at or event.at, event.at):
            self._tell(event.path, model.State.DEGRADED, event.at)

    def _tell(self, path: model.Path, state: model.State | None, at: dt.datetime) -> None:
        """Open, keep or close the path's alarm."""
        alarm = self.open.get(path)
        if alarm is not None and alarm.state is not state:
            self.closed.append(self.open.pop(path)._replace(cleared_at=at))
        if state is not None and path not in self.open:
            self.open[path] = Alarm(path, state, at, None)


def incidents(config: "schema.Config", played: scenarios.Scenario) -> tuple[Incident, ...]:
    """Where a path truly is worse than its steady rows say: 10 points more failing, or 1.5 times as slow."""
    usual, found = dataclasses.replace(played, incidents=()), list[Incident]()
    for path in config.paths():
        order, begins, at = protocols.order(config, path), None, played.start
        while at <= played.end:
            bad = at < played.end and _worse(played, usual, path, order, at)
            if bad and begins is None:
                begins = at
            if not bad and begins is not None:
                found.append(Incident(path, begins, at))
                begins = None
            at += STEP
    return tuple(found)


def _worse(
    played: scenarios.Scenario, usual: scenarios.Scenario, path: model.Path, order: model.Order, at: dt.datetime
) -> bool:
    (failing, median_s), (before, before_s) = (_level(one, path, order, at) for one in (played, usual))
    return failing >= before + WORSE_SHARE or median_s >= WORSE_LATENCY * before_s


def _level(played: scenarios.Scenario, path: model.Path, order: model.Order, at: dt.datetime) -> tuple[float, float]:
    """Share of requests without a usable picture, and median latency, seconds."""
    now = scenarios.behaviour(played, *path, at, strength=0.5)
    delivered = now.delivers.judged(order) is model.Kind.OK
    return (1 - now.success if delivered else 1.0), now.latency.median_s * now.latency_factor


@dataclasses.dataclass(frozen=True, slots=True)
class Score:
    """What the runs showed, over all paths."""

    days: float
    canaries_per_day: float
    usd_per_day: float
    skipped_per_day: float
    incidents: int  # over all runs
    caught: int
    delays_s: tuple[float, ...]  # of those caught, ascending
    false_alarms_per_30_days: float

    @property
    def mean_delay_s(self) -> float | None:
        return sum(self.delays_s) / len(self.delays_s) if self.delays_s else None

    @property
    def delay_95_s(self) -> float | None:
        """So many seconds or fewer in 95 of 100 incidents that were caught."""
        return self.delays_s[min(len(self.delays_s) - 1, int(0.95 * len(self.delays_s)))] if self.delays_s else None


def score(played: Sequence[Run], truth: Sequence[Incident], days: float) -> Score:
    """Compare alarms with the incidents of the scenario; an alarm outside every incident of its path is false."""
    delays, false_alarms = list[float](), 0
    for run in played:
        for incident in truth:
            delay_s = _delay_s(incident, run)
            if delay_s is not None:
                delays.append(delay_s)
        false_alarms += sum(not any(_belongs(alarm, one) for one in truth) for alarm in run.alarms)
    total = days * len(played)
    return Score(
        days=total,
        canaries_per_day=sum(run.canaries for run in played) / total,
        usd_per_day=sum(run.usd for run in played) / total,
        skipped_per_day=sum(run.skipped for run in played) / total,
        incidents=len(truth) * len(played),
        caught=len(delays),
        delays_s=tuple(sorted(delays)),
        false_alarms_per_30_days=30 * false_alarms / total,
    )


def _belongs(alarm: Alarm, incident: Incident) -> bool:
    return alarm.path == incident.path and incident.begins <= alarm.raised_at <= incident.ends + GRACE


def _delay_s(incident: Incident, run: Run) -> float | None:
    """From the incident's begin to its alarm, 0 where one was on already; None: missed."""
    for alarm in run.alarms:
        on = alarm.raised_at <= incident.begins and (alarm.cleared_at is None or alarm.cleared_at > incident.begins)
        if alarm.path == incident.path and on:
            return 0.0
        if _belongs(alarm, incident):
            return (alarm.raised_at - incident.begins).total_seconds()
    return None


def default_config(played: scenarios.Scenario, usd_per_day: float) -> "schema.Config":
    """A configuration for a scenario played without one: its channels at 1K low, 2K high and 4K high."""
    from probe.config import schema  # noqa: PLC0415 - pydantic is slow to import

    models = {channel.name: channel.model for channel in played.channels}
    named = [row.channel for row in (*played.steady, *played.incidents) if not set(row.channel) & set("*?[")]
    channels = [_default_channel(name, models.get(name, name)) for name in dict.fromkeys([*models, *named])]
    return schema.Config.model_validate(
        {
            "channel": tuple(channels or [_default_channel("vip", "gpt-image-2-vip")]),
            "budget": {"usd_per_day": usd_per_day},
        }
    )


def _default_channel(name: str, model_name: str) -> dict[str, object]:
    gemini = model_name.startswith("gemini") or "nano" in model_name
    protocol, asked = ("gemini", "gemini-3.1-flash-image") if gemini else ("openai-images", model_name)
    known = asked in tokens.GEMINI_TOKENS or asked == "gpt-image-2"
    return {
        "name": name,
        "protocol": protocol,
        "base_url": "http://127.0.0.1",
        "model": asked,
        "price_usd": "tokens" if known else DEFAULT_PRICE_USD,
    }
