"""A scenario played in simulated time: what is sent and when, what it costs, what comes back, what is alarmed."""

import collections
import copy
import dataclasses
import datetime as dt
import heapq
import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from probe import extras, model, plan, protocols
from probe.backtest import watchers
from probe.inference import channels, rules, schedule, states
from probe.standin import scenario as scenarios

if TYPE_CHECKING:
    from probe.config import schema

WARM_UP = dt.timedelta(days=7)
"""Played before the scenario begins, its steady rows only, so that baselines are known as in a daemon that has run."""


class Alarm(NamedTuple):
    """A path reported as degraded, or as unusable at once (no access, model gone, refusing)."""

    path: model.Path
    state: model.State
    raised_at: dt.datetime
    cleared_at: dt.datetime | None


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """One playing of the scenario."""

    seed: int
    canaries: int
    usd: float  # list prices
    skipped: int  # canaries that the daily budget did not allow
    alarms: tuple[Alarm, ...]


class Event(NamedTuple):
    """Something that happens at a moment of simulated time; `number` keeps equal moments in order."""

    at: dt.datetime
    number: int
    happens: "Callable[[Event], None]"
    path: model.Path
    sent_at: dt.datetime | None = None
    kind: model.Kind = model.Kind.OK


class Player:
    """Plays scenarios for one configuration."""

    def __init__(self, config: "schema.Config", rule: str = watchers.OURS) -> None:
        self.config, self.rule = config, rule
        asks_again = rule == watchers.OURS or rules.RULES[rule]().quick
        self.plan = plan.plan(config, schedule.GRID_SHARE if asks_again else 1.0)
        self.lines = {line.path: line for line in self.plan.lines}
        self.orders = {path: protocols.order(config, path) for path in self.lines}
        spacing = {path: line.interval_s for path, line in self.lines.items()}
        self.settings = {channel.name: states.settings(config, channel.name, spacing) for channel in config.channel}

    def runs(self, played: scenarios.Scenario, count: int, seed: int) -> Iterator[Run]:
        """Play it `count` times; the slots fall differently each time. The warm-up is played once."""
        before = dataclasses.replace(
            played, start=played.start - WARM_UP, hours=WARM_UP.total_seconds() / 3600, incidents=()
        )
        warm = {name: watchers.fresh(self.rule, settings) for name, settings in self.settings.items()}
        _Play(self, before, seed - 1, warm).run()
        for number in range(count):
            yield _Play(self, played, seed + number, copy.deepcopy(warm)).run()


class _Play:
    """One playing: what is in flight, spent and alarmed."""

    def __init__(
        self, player: Player, played: scenarios.Scenario, seed: int, watching: dict[str, watchers.Watcher]
    ) -> None:
        self.player, self.played, self.seed, self.watchers = player, played, seed, watching
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
            self._push(plan.next_at(line, self.played.start), self._slot, path)
        while self.events and self.events[0].at < self.played.end:
            event = heapq.heappop(self.events)
            event.happens(event)
        alarms = sorted([*self.closed, *self.open.values()], key=lambda alarm: (alarm.raised_at, alarm.path))
        return Run(self.seed, self.sent.total(), sum(self.spent_usd.values()), self.skipped, tuple(alarms))

    def _push(
        self,
        at: dt.datetime,
        happens: Callable[[Event], None],
        path: model.Path,
        sent_at: dt.datetime | None = None,
        kind: model.Kind = model.Kind.OK,
    ) -> None:
        self.pushed += 1
        heapq.heappush(self.events, Event(at, self.pushed, happens, path, sent_at, kind))

    def _slot(self, event: Event) -> None:
        self._push(plan.next_at(self.lines[event.path], event.at), self._slot, event.path)
        if event.path not in self.busy:
            self._send(event.path, event.at)

    def _extra(self, event: Event) -> None:
        extra = self.wanted.get(event.path)
        if extra is None or event.path in self.busy:
            return
        if extra.at > event.at:
            self._push(extra.at, self._extra, event.path)
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
        self._push(at + dt.timedelta(seconds=latency_s), self._answer, path, at, kind)
        limit_s = self.watchers[path.channel].hanging_after_s(path.tier)
        if limit_s is not None and limit_s < latency_s:
            self._push(at + dt.timedelta(seconds=limit_s), self._hang, path, at)

    def _answer(self, event: Event) -> None:
        path, sent_at = event.path, event.sent_at or event.at
        self.busy.discard(path)
        watcher = self.watchers[path.channel]
        excluded = event.kind in model.CONTENT_KINDS | model.ACCOUNT_KINDS
        healthy = None if excluded else event.kind is model.Kind.OK
        seen = channels.Seen(sent_at, event.kind, "", healthy, model.Trigger.SIMULATED, str(self.sent[path]))
        watcher.take(path.tier, seen, (event.at - sent_at).total_seconds())
        for tier in self.player.settings[path.channel].tiers:
            self._tell(model.Path(path.channel, tier), watcher.troubled(tier), event.at)
            self.wanted.pop(model.Path(path.channel, tier), None)
        asked = [(model.Path(path.channel, extra.tier), extra) for extra in watcher.extras(event.at)]
        for of, extra in (*asked, *self._fall_backs(event.at)):
            self.wanted[of] = extra
            self._push(max(extra.at, event.at), self._extra, of)

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
