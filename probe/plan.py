"""When to send which canary: intervals that the budget pays for, and the slots that follow from them.

Pure: the same config gives the same plan, and every function takes the time it is asked about.
"""

import dataclasses
import datetime as dt
import hashlib
import math
from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING

from probe import model
from probe.inference import schedule

if TYPE_CHECKING:
    from probe.config import schema

DAY_S = 86_400.0
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

FASTEST_S = 300.0
"""No automatic interval is shorter: closer canaries see the same trouble twice."""

CALMEST_S = DAY_S
"""No automatic interval is longer: a path seen less than once a day is not watched."""

RARE_S = DAY_S / 3
"""A longer interval is worth a word."""

ENOUGH_S = 1200.0
"""Closer canaries see trouble little sooner (`probe.inference.delays`): first every path gets as many, if it can use them."""

FIRST_CHOICE_WEIGHT = 4.0
"""How much more a path gets that work uses first: fall-backs are checked just in time (`probe.extras`)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """What is planned for one path."""

    path: model.Path
    interval_s: float  # whole minutes, unless the config fixes it
    offset_s: float  # of its slots from the epoch, so that paths do not fire together
    price_usd: float  # list price of one canary
    fixed: bool = False  # the config names the interval
    fastest_s: float = FASTEST_S  # no automatic interval of this path is shorter

    @property
    def canaries_per_day(self) -> float:
        return DAY_S / self.interval_s

    @property
    def usd_per_day(self) -> float:
        return self.canaries_per_day * self.price_usd


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """One line a path in the order of the config; `notes` say what a person should know about it."""

    lines: tuple[Line, ...]
    budget_usd_per_day: float
    notes: tuple[str, ...] = ()
    sentinels: tuple[Line, ...] = ()  # one a channel, where the config asks for them

    @property
    def usd_per_day(self) -> float:
        return sum(line.usd_per_day for line in (*self.lines, *self.sentinels))


@dataclasses.dataclass(frozen=True, slots=True)
class Demand:
    """A path that wants money: its weight against the others, and what it can use, USD per day."""

    weight: float
    least_usd: float
    enough_usd: float  # more only where everybody has enough
    most_usd: float


def plan(config: "schema.Config", grid_share: float = schedule.GRID_SHARE) -> Plan:
    """Fixed intervals for every path, from this share of the budget; the rest is for canaries beside the grid.

    1. Paths with an `interval` in the config keep it, and sentinels theirs.
    2. What they leave of the budget goes to the channels in equal parts, in each to the first (lightest)
       tier the share of a tripwire, the rest to the others in equal parts.
    3. A path that is the cheapest at its tier is what work uses first, and gets four times that.
    4. What a path has no use for, being looked at every 20 minutes, goes to the others until they are too, then
       to all up to their fastest.
    """
    paths = config.paths()
    fixed_s = {path: seconds for path in paths if (seconds := fixed_interval_s(config, path)) is not None}
    asides = sentinels(config)
    spent_usd = sum(config.price_usd(path) * DAY_S / seconds for path, seconds in fixed_s.items())
    spent_usd += sum(line.usd_per_day for line in asides)
    firsts = first_choices(config)
    demands = {path: _demand(config, path, fixed_s, firsts) for path in paths if path not in fixed_s}
    shares = share(max(config.budget.usd_per_day * grid_share - spent_usd, 0.0), demands)
    intervals = fixed_s | {path: _interval_s(config, path, shares[path]) for path in demands}
    lines = tuple(
        Line(
            path=path,
            interval_s=intervals[path],
            offset_s=_offset_s(path, intervals[path]),
            price_usd=config.price_usd(path),
            fixed=path in fixed_s,
            fastest_s=fastest_s(config, path),
        )
        for path in paths
    )
    draft = Plan(lines, config.budget.usd_per_day, sentinels=asides)
    return dataclasses.replace(draft, notes=_notes(draft))


def sentinels(config: "schema.Config") -> tuple[Line, ...]:
    """How often each channel is sent a sentinel: on its cheapest tier that draws from words alone, for size changes no filter."""
    every_s = config.monitor.sentinel_every
    if every_s is None:
        return ()
    found = []
    for channel in config.channel:
        paths = [model.Path(channel.name, tier) for tier in channel.tiers if config.tier(tier).operation == "generate"]
        if paths:
            path = min(paths, key=config.price_usd)
            found.append(Line(path, every_s, _offset_s(path, every_s), config.price_usd(path), fixed=True))
    return tuple(found)


def fixed_interval_s(config: "schema.Config", path: model.Path) -> float | None:
    """The interval that the config names for a path; None: the budget decides."""
    interval = config.find(path.channel).interval
    return interval.get(path.tier) if isinstance(interval, dict) else interval


def fastest_s(config: "schema.Config", path: model.Path) -> float:
    """The shortest automatic interval: a canary has always ended before the next is due."""
    return max(FASTEST_S, config.deadline_s(path) + 60.0)


def share(total_usd: float, demands: Mapping[model.Path, Demand]) -> dict[model.Path, float]:
    """Split money by weight so that nobody gets less than the least or more than the most they can use.

    One level `x` fits all: each gets `x * weight`, held between its least and enough (between enough and the most,
    where there is enough for all), and the sum is the total (or the sum of the bounds, where the total lies outside).
    """
    plenty = sum(d.enough_usd for d in demands.values()) <= total_usd
    bounds = {
        path: (d.enough_usd, d.most_usd) if plenty else (d.least_usd, d.enough_usd) for path, d in demands.items()
    }

    def at(level: float) -> dict[model.Path, float]:
        return {path: min(max(level * demands[path].weight, low), high) for path, (low, high) in bounds.items()}

    low, high = 0.0, max((most / demands[path].weight for path, (_, most) in bounds.items()), default=0.0)
    if sum(at(high).values()) <= total_usd:
        return at(high)
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(at(middle).values()) <= total_usd else (low, middle)
    return at(low)


def first_choices(config: "schema.Config") -> frozenset[model.Path]:
    """The cheapest path at each tier of the jobs, or at each tier where there are no jobs."""
    wanted = {tier for job in config.job for tier in job.tiers} or {path.tier for path in config.paths()}
    at_tier = ([path for path in config.paths() if path.tier == tier] for tier in wanted)
    return frozenset(min(paths, key=config.price_usd) for paths in at_tier if paths)


def _demand(
    config: "schema.Config", path: model.Path, fixed: Mapping[model.Path, float], firsts: Container[model.Path]
) -> Demand:
    tiers = [tier for tier in config.find(path.channel).tiers if model.Path(path.channel, tier) not in fixed]
    prices_usd = {tier: config.price_usd(model.Path(path.channel, tier)) for tier in tiers}
    weight = 1.0
    if len(tiers) > 1:
        tripwire = schedule.tripwire_share(prices_usd[tiers[0]], max(prices_usd.values()))
        weight = tripwire if path.tier == tiers[0] else (1 - tripwire) / (len(tiers) - 1)
    if path in firsts:
        weight *= FIRST_CHOICE_WEIGHT
    a_day_usd = prices_usd[path.tier] * DAY_S
    fastest = fastest_s(config, path)
    return Demand(weight, a_day_usd / CALMEST_S, a_day_usd / max(ENOUGH_S, fastest), a_day_usd / fastest)


def _interval_s(config: "schema.Config", path: model.Path, usd_per_day: float) -> float:
    """The interval that this money buys, rounded up to whole minutes so that the plan never exceeds it."""
    if usd_per_day <= 0:
        return fastest_s(config, path) if config.price_usd(path) == 0 else CALMEST_S
    wanted_s = config.price_usd(path) * DAY_S / usd_per_day
    minutes = math.ceil(round(wanted_s / 60, 6))
    return min(max(minutes * 60.0, fastest_s(config, path)), CALMEST_S)


def _offset_s(path: model.Path, interval_s: float) -> float:
    """A whole second within the interval that depends on the path alone: the same after every restart."""
    fraction = int.from_bytes(hashlib.sha256(str(path).encode()).digest()[:8]) / 2**64
    return float(math.floor(fraction * interval_s))


def _notes(plan: Plan) -> tuple[str, ...]:
    """What the table does not say by itself, one sentence each."""
    budget_usd, total_usd = plan.budget_usd_per_day, plan.usd_per_day
    own = [line for line in plan.lines if not line.fixed]
    notes = []
    if budget_usd == 0:
        notes.append("The budget is 0: no canary that costs anything will be sent.")
    elif total_usd > budget_usd:
        notes.append(
            f"One canary a day on every path{' and the sentinels cost' if plan.sentinels else ' already costs'} "
            f"{total_usd:.2f} USD, more than the budget of {budget_usd:.2f} USD: the cap will leave some out. "
            "Raise the budget or take tiers away."
        )
    elif own and all(line.interval_s <= line.fastest_s for line in own):
        notes.append(
            f"{budget_usd - total_usd:.2f} USD of the budget stay unused: every path is at its fastest, "
            "5 minutes or a little more than its deadline."
        )
    rare = [str(line.path) for line in own if line.interval_s > RARE_S]
    if rare and total_usd <= budget_usd:
        notes.append(
            f"Fewer than 3 canaries a day on {', '.join(rare)}: trouble there may last most of a day unseen. "
            "A higher budget or fewer tiers would shorten that."
        )
    return tuple(notes)


def starts_at(line: Line, at: dt.datetime) -> dt.datetime:
    """When the slot that contains `at` began, UTC. Whole microseconds throughout: no drift."""
    interval, first = dt.timedelta(seconds=line.interval_s), EPOCH + dt.timedelta(seconds=line.offset_s)
    return first + (at - first) // interval * interval


def next_at(line: Line, at: dt.datetime) -> dt.datetime:
    """When the slot after the one that contains `at` begins, UTC."""
    return starts_at(line, at) + dt.timedelta(seconds=line.interval_s)


def slot(line: Line, at: dt.datetime) -> int:
    """The slot that contains `at`, named by the UTC second at which it began.

    Named so, slots keep their order when an edit of the config changes the interval.
    """
    return math.floor(starts_at(line, at).timestamp())


def due(lines: Sequence[Line], at: dt.datetime, last_slot: Mapping[model.Path, int]) -> tuple[tuple[Line, int], ...]:
    """The canaries to send now, with their slots: at most one a path, the current one; what was missed stays missed.

    `last_slot` holds the slot of each path's latest canary. One that lies in the future (the clock went
    back) is forgotten, so that a path is never silent for longer than its interval.
    """
    now = at.timestamp()
    found = []
    for line in lines:
        current, last = slot(line, at), last_slot.get(line.path)
        if last is None or last < current or last > now:
            found.append((line, current))
    return tuple(found)
