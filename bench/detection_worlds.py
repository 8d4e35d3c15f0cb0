"""Thousands of simulated paths side by side: what fails when, and the rules that watch it, as numpy arrays.

Times in minutes; the statistic in days, as in the product. `detection.py` checks these arrays against
the product's own code before it uses them.
"""

import dataclasses
import math
from typing import Protocol

import numpy as np

from probe.inference import alternatives, view

P0 = 0.03
LATENCY, SIGMA = 2.5, 0.30  # lognormal successes
SLOW_Z = 1.2815515655446004  # the healthy 90 % quantile
CONFIRM = 5.0
FOREVER = 1e18


@dataclasses.dataclass
class World:
    """What many paths do: a null, or an incident that begins at `onset` (one moment a path)."""

    paths: int
    rng: np.random.Generator
    null: str = "plain"  # or blips
    onset: np.ndarray | None = None
    share: float = P0  # failing from the onset on
    ramp: float = 0.0  # minutes until it is reached
    length: np.ndarray | float = FOREVER
    slower: float = 1.0  # times the latency from the onset on
    flapping: float = 0.0  # correlation time of failures, minutes
    spell: float = 3.0  # of blips: mean minutes and share of the failures
    clustered: float = 0.4

    def __post_init__(self) -> None:
        self.in_spell = np.zeros(self.paths, bool)
        self.in_flap = np.zeros(self.paths, bool)
        self.seen = np.zeros(self.paths)

    def failing(self, at: np.ndarray) -> np.ndarray:
        """Probability of failing for a request of each path at its moment; moments must not go back."""
        elapsed, self.seen = np.maximum(at - self.seen, 0), at.copy()
        share = self._null(at, elapsed)
        if self.onset is None:
            return share
        since = at - self.onset
        inside = (since >= 0) & (since < self.length)
        level = np.full(self.paths, self.share)
        if self.ramp:
            level = P0 + (self.share - P0) * np.clip(since / self.ramp, 0, 1)
        if self.flapping:
            often = (self.share - 0.05) / 0.85
            keep = np.where(inside, np.exp(-elapsed / self.flapping), 0.0)
            self.in_flap = self.rng.random(self.paths) < often + (self.in_flap - often) * keep
            level = np.where(self.in_flap, 0.9, 0.05)
        return np.where(inside, level, share)

    def _null(self, at: np.ndarray, elapsed: np.ndarray) -> np.ndarray:
        if self.null == "plain":
            return np.full(self.paths, P0)
        # Spells of whole failure hold `clustered` of the failures; the rest follows the time of day.
        ends, in_spell = 1 / self.spell, self.clustered * P0 / 0.9
        begins = in_spell * ends / (1 - in_spell)
        keep = np.exp(-(begins + ends) * elapsed)
        self.in_spell = self.rng.random(self.paths) < in_spell + (self.in_spell - in_spell) * keep
        daily = (1 - self.clustered) * P0 * (1 + 0.5 * np.sin(2 * math.pi * at / 1440))
        return np.where(self.in_spell, 0.9, daily)

    def deviation(self, at: np.ndarray) -> np.ndarray:
        """Log latency in standard deviations from the healthy median."""
        drawn = self.rng.normal(size=self.paths)
        if self.slower == 1.0 or self.onset is None:
            return drawn
        return drawn + np.where(at >= self.onset, math.log(self.slower) / SIGMA, 0.0)


class Rule(Protocol):
    """A detector over many paths: alarm and suspicion by path."""

    def start(self, paths: int) -> None: ...

    def update(self, failed: np.ndarray, slow: np.ndarray, days: np.ndarray, calm: float) -> None:
        """Take in one outcome a path, `days` after the one before; `calm` is the spacing, minutes."""

    def alarm(self) -> np.ndarray: ...

    def suspicious(self) -> np.ndarray: ...

    def reset(self, which: np.ndarray) -> None: ...


@dataclasses.dataclass
class Mixture:
    """The product's statistic for one tier, with p0 known."""

    failing: tuple[tuple[float, float], ...] = alternatives.FAILING
    slow: tuple[tuple[float, float], ...] = alternatives.SLOW
    a_days: float = 30.0
    suspicion: float = view.SUSPICION
    fast: bool = True  # bursts

    def start(self, paths: int) -> None:
        self.shares = np.array([share for share, _ in self.failing])[:, None]
        self.slows = np.array([share for share, _ in self.slow])[:, None]
        self.weights = np.array([weight for _, weight in (*self.failing, *self.slow)])
        self.weights /= self.weights.sum()
        self.r = np.zeros((len(self.weights), paths))
        self.calm = 60.0

    def update(self, failed: np.ndarray, slow: np.ndarray, days: np.ndarray, calm: float) -> None:
        self.calm = calm
        ratios = np.where(failed, self.shares / P0, (1 - self.shares) / (1 - P0))
        if self.slow:
            timed = np.where(slow, self.slows / 0.1, (1 - self.slows) / 0.9)
            ratios = np.vstack([ratios, np.where(failed, 1.0, timed)])
        self.r = np.minimum((self.r + days) * ratios, 1e100)

    @property
    def value(self) -> np.ndarray:
        return self.weights @ self.r

    def alarm(self) -> np.ndarray:
        return self.value >= self.a_days

    def suspicious(self) -> np.ndarray:
        if not self.fast:
            return np.zeros(self.r.shape[1], bool)
        return self.value >= self.suspicion * self.calm / 1440

    def reset(self, which: np.ndarray) -> None:
        self.r[:, which] = 0.0


@dataclasses.dataclass
class InARow:
    """k failures in a row, with or without a quick retry."""

    k: int
    quick: bool = False

    def start(self, paths: int) -> None:
        self.run = np.zeros(paths, int)

    def update(self, failed: np.ndarray, slow: np.ndarray, days: np.ndarray, calm: float) -> None:
        self.run = np.where(failed, self.run + 1, 0)

    def alarm(self) -> np.ndarray:
        return self.run >= self.k

    def suspicious(self) -> np.ndarray:
        return self.quick & (self.run > 0)

    def reset(self, which: np.ndarray) -> None:
        self.run[which] = 0


@dataclasses.dataclass
class Window:
    """m failures among the last n."""

    m: int
    n: int

    def start(self, paths: int) -> None:
        self.latest = np.zeros((self.n, paths), bool)
        self.place = 0

    def update(self, failed: np.ndarray, slow: np.ndarray, days: np.ndarray, calm: float) -> None:
        self.latest[self.place % self.n] = failed
        self.place += 1

    def alarm(self) -> np.ndarray:
        return self.latest.sum(axis=0) >= self.m

    def suspicious(self) -> np.ndarray:
        return np.zeros(self.latest.shape[1], bool)

    def reset(self, which: np.ndarray) -> None:
        self.latest[:, which] = False


@dataclasses.dataclass
class Cusum:
    """Bernoulli CUSUM by log-likelihood ratio, p1 = 0.4."""

    h: float
    quick: bool = False
    p1: float = 0.4

    def start(self, paths: int) -> None:
        self.sum = np.zeros(paths)

    def update(self, failed: np.ndarray, slow: np.ndarray, days: np.ndarray, calm: float) -> None:
        step = np.where(failed, math.log(self.p1 / P0), math.log((1 - self.p1) / (1 - P0)))
        self.sum = np.maximum(0.0, self.sum + step)

    def alarm(self) -> np.ndarray:
        return self.sum >= self.h

    def suspicious(self) -> np.ndarray:
        return self.quick & (self.sum >= 0.3)

    def reset(self, which: np.ndarray) -> None:
        self.sum[which] = 0.0


@dataclasses.dataclass(frozen=True)
class Played:
    """What happened on every path."""

    false_alarms: np.ndarray
    before: np.ndarray  # canaries before the onset
    after: np.ndarray
    alarm_at: np.ndarray  # infinite where none came after the onset


def play(
    world: World,
    rule: Rule,
    calm: float,
    *,
    until: np.ndarray | float,
    confirm: float = CONFIRM,
    own_per_hour: float = 0.0,
) -> Played:
    """Canaries on a grid of `calm` minutes and every `confirm` minutes while suspicious, to the first alarm after the onset.

    A slot is left out where the canary before is still in flight, or own traffic was seen within `calm`.
    Evidence is dated when it is sent; an alarm comes when its canary ends.
    """
    paths, rng = world.paths, world.rng
    onset = np.full(paths, np.inf) if world.onset is None else world.onset
    rule.start(paths)
    slot, sent, ends = rng.random(paths) * calm, np.full(paths, -np.inf), np.full(paths, -np.inf)
    own = rng.exponential(60 / own_per_hour, paths) if own_per_hour else np.full(paths, np.inf)
    alive, suspicious = np.ones(paths, bool), np.zeros(paths, bool)
    result = Played(np.zeros(paths), np.zeros(paths), np.zeros(paths), np.full(paths, np.inf))
    while alive.any():
        for _ in range(1000):  # slots that fall away
            blocked = slot < (np.maximum(ends, sent + calm * (1 - 1e-9)) if own_per_hour else ends)
            if not blocked.any():
                break
            slot = np.where(blocked, slot + calm, slot)
        burst = np.where(suspicious, np.maximum(sent + confirm, ends), np.inf)
        at = np.minimum(np.minimum(slot, burst), own)
        from_slot, from_own = at == slot, at == own
        slot = np.where(from_slot, slot + calm, slot)
        own = np.where(from_own, own + rng.exponential(60 / own_per_hour, paths) if own_per_hour else own, own)
        alive &= at < until
        failed = rng.random(paths) < world.failing(at)
        deviation = world.deviation(at)
        latency = LATENCY * np.exp(SIGMA * deviation)
        latency = np.where(failed, latency * (0.2 + 0.8 * rng.random(paths)), latency)
        days = np.where(np.isfinite(sent), (at - sent) / 1440, 0.0)
        rule.update(failed, deviation > SLOW_Z, days, calm)
        sent, ends = np.where(alive, at, sent), np.where(from_own, ends, at + latency)
        canary = alive & ~from_own
        result.before[canary & (at < onset)] += 1
        result.after[canary & (at >= onset)] += 1
        alarm = rule.alarm() & alive
        early, true = alarm & (at < onset), alarm & (at >= onset)
        result.false_alarms[early] += 1
        if early.any():
            rule.reset(early)
        result.alarm_at[true] = (at + latency)[true]
        alive &= ~true
        suspicious = rule.suspicious() & ~alarm
    return result


def false_alarms(rule: Rule, calm: float, null: str, *, paths: int, days: float, seed: int, **more) -> float:
    """False alarms in 30 days of one healthy path."""
    world = World(
        paths, np.random.default_rng(seed), null, **{k: more.pop(k) for k in ("spell", "clustered") if k in more}
    )
    return float(play(world, rule, calm, until=days * 1440, **more).false_alarms.mean() / days * 30)


def tune(rule: Rule, per_day: float, *, paths: int = 3000, days: float = 8, seed: int = 1, **more) -> float:
    """The spacing, minutes, at which grid and bursts together send so many canaries a day on the plain null."""
    low, high = 1440 / per_day * 0.9, 1440 / per_day * 2.2
    if not getattr(rule, "fast", getattr(rule, "quick", False)):
        return 1440 / per_day
    days = max(days, 300 / per_day)
    for _ in range(11):
        calm = (low + high) / 2
        world = World(paths, np.random.default_rng(seed))
        sent = play(world, rule, calm, until=days * 1440, **more).before.mean() / days
        low, high = (calm, high) if sent > per_day else (low, calm)
    return (low + high) / 2


def delays(
    rule: Rule,
    calm: float,
    *,
    paths: int = 4000,
    seed: int = 3,
    longest_days: float = 60,
    more: dict | None = None,
    **incident,
) -> np.ndarray:
    """Minutes from the onset to the alarm; infinite where none came within the incident (+ one canary)."""
    rng = np.random.default_rng(seed)
    settle = max(3.0, 40 * calm / 1440)
    onset = (settle + rng.random(paths)) * 1440
    world = World(paths, rng, onset=onset, **incident)
    until = onset + np.minimum(world.length, longest_days * 1440)
    return play(world, rule, calm, until=until, **(more or {})).alarm_at - onset


def mean(found: np.ndarray, longest_days: float = 60) -> float:
    return float(np.where(np.isfinite(found), found, longest_days * 1440).mean())


def late(found: np.ndarray, longest_days: float = 60) -> float:
    """95 % quantile."""
    return float(np.quantile(np.where(np.isfinite(found), found, longest_days * 1440), 0.95))
