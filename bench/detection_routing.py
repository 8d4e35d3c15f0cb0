"""A month of 50,000 pictures with incidents, routed by our recommendation and by others: what each costs.

Three channels, their incidents Poisson with exponential lengths; a fifth of the reseller's incidents are
its upstream's and hit the official channel too. Own requests are evidence, canaries come on top.
"""

import dataclasses
import datetime as dt
import functools
import itertools
import random

from probe import model
from probe.inference import detect, recommend, routing, schedule

START = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
TIER = "4k-high"
USD_PER_MINUTE, LOST_USD, LATE_MINUTES = 0.02, 1.0, 10.0
ATTEMPT_MINUTES = 2.5
NEEDS = recommend.Needs(usd_per_minute=USD_PER_MINUTE, lost_usd=LOST_USD)
CALM_MINUTES = {"vip": 60.0, "official": 240.0, "nano": 240.0}


@dataclasses.dataclass(frozen=True)
class Channel:
    name: str
    price_usd: float
    failing: float  # while healthy
    incidents_per_day: float
    incident_minutes: float


CHANNELS = (
    Channel("vip", 0.08, 0.05, 1.0, 120.0),
    Channel("official", 0.20, 0.02, 0.1, 90.0),
    Channel("nano", 0.151, 0.02, 0.1, 90.0),
)
SEVERITIES = (0.25, 0.5, 0.7, 0.95)
SHARED = 0.2


class Truth:
    """What each channel does minute by minute."""

    def __init__(self, days: int, rng: random.Random) -> None:
        minutes = days * 1440
        self.failing = {channel.name: [channel.failing] * (minutes + 1) for channel in CHANNELS}
        for channel in CHANNELS:
            at = rng.expovariate(channel.incidents_per_day / 1440)
            while at < minutes:
                until, share = at + rng.expovariate(1 / channel.incident_minutes), rng.choice(SEVERITIES)
                hit = ["vip", "official"] if channel.name == "vip" and rng.random() < SHARED else [channel.name]
                for name, minute in itertools.product(hit, range(int(at), min(int(until) + 1, minutes))):
                    self.failing[name][minute] = max(self.failing[name][minute], share)
                at = until + rng.expovariate(channel.incidents_per_day / 1440)

    def at(self, name: str, minute: float) -> float:
        times = self.failing[name]
        return times[min(int(minute), len(times) - 1)]


@dataclasses.dataclass
class Bill:
    """What a month cost."""

    pictures: int = 0
    usd: float = 0.0
    canary_usd: float = 0.0
    minutes: float = 0.0
    lost: int = 0
    late: int = 0

    @property
    def total_usd(self) -> float:
        """Spending, waiting at its worth, and what lost pictures are worth."""
        return self.usd + self.canary_usd + USD_PER_MINUTE * self.minutes + LOST_USD * self.lost


Leg = tuple[str, int]  # a channel and how often to try it


class Fixed:
    """Always the same chain."""

    def __init__(self, *names: str) -> None:
        self.chain = tuple((name, 3) for name in names)

    def choose(self, truth: Truth, minute: float) -> tuple[Leg, ...]:
        return self.chain

    def tell(self, name: str, minute: float, *, failed: bool, own: bool) -> None:
        pass

    def due(self, minute: float) -> str | None:
        return None


class Clairvoyant(Fixed):
    """Knows what fails now, and takes the chain that costs least; the future it does not know."""

    def choose(self, truth: Truth, minute: float) -> tuple[Leg, ...]:
        return cheapest(tuple(truth.at(channel.name, minute) for channel in CHANNELS))


@functools.cache
def cheapest(failing: tuple[float, ...]) -> tuple[Leg, ...]:
    best = (float("inf"), ())
    for order in itertools.permutations(range(len(CHANNELS))):
        for tries in itertools.product((1, 2, 3), repeat=len(order)):
            cost = LOST_USD
            for number, attempts in reversed(list(zip(order, tries, strict=True))):
                cost = recommend.value(
                    [(1.0, failing[number])],
                    attempts,
                    price_usd=CHANNELS[number].price_usd,
                    latency_minutes=ATTEMPT_MINUTES,
                    usd_per_minute=USD_PER_MINUTE,
                    fall_back_usd=cost,
                )
            best = min(best, (cost, tuple((CHANNELS[n].name, m) for n, m in zip(order, tries, strict=True))))
    return best[1]


class Ours(Fixed):
    """The product: its detector on canaries and own traffic, its recommendation on every new evidence."""

    def __init__(self) -> None:
        self.detectors = {
            channel.name: detect.Detector(detect.Settings((TIER,), {TIER: CALM_MINUTES[channel.name] * 60}))
            for channel in CHANNELS
        }
        self.next_slot = {channel.name: CALM_MINUTES[channel.name] * (n + 1) / 3 for n, channel in enumerate(CHANNELS)}
        self.last = dict.fromkeys(self.detectors, 0.0)
        # While calm: usable, all. A hundred canaries have been seen before the month begins.
        self.usable = {channel.name: [round(100 * (1 - channel.failing)), 100] for channel in CHANNELS}
        self.offers: tuple[Leg, ...] | None = None
        self.current: str | None = None

    def tell(self, name: str, minute: float, *, failed: bool, own: bool) -> None:
        detector = self.detectors[name]
        if detector.views[0].calm:
            self.usable[name][0] += not failed
            self.usable[name][1] += 1
        detector.update(detect.Observation(at(minute), TIER, failed, None, own))
        self.last[name], self.offers = minute, None

    def due(self, minute: float) -> str | None:
        """The channel that a canary should go to now: silent for its interval, suspect or degraded."""
        for channel in CHANNELS:
            name, detector = channel.name, self.detectors[channel.name]
            if minute - self.last[name] >= CALM_MINUTES[name]:
                return name
            if not detector.views[0].calm:
                found = {TIER: detector.detection(TIER, at(minute))}
                if any(extra.at <= at(minute) for extra in schedule.extras(found, detector.settings)):
                    return name
        return None

    def choose(self, truth: Truth, minute: float) -> tuple[Leg, ...]:
        if self.offers is None:
            candidates = [self._candidate(channel, minute) for channel in CHANNELS]
            found = recommend.rank(TIER, candidates, NEEDS, rng=None, current=self.current)
            attempts = {offer.candidate.path.channel: offer.attempts for offer in found.offers}
            if found.choice is None:
                self.offers = (("vip", 3), ("official", 3), ("nano", 3))
            else:
                self.current = found.choice.candidate.path.channel
                chain = (found.choice.candidate.path, *found.fall_back)
                self.offers = tuple((path.channel, attempts[path.channel]) for path in chain)
        return self.offers

    def _candidate(self, channel: Channel, minute: float) -> recommend.Candidate:
        found = self.detectors[channel.name].detection(TIER, at(minute))
        usable, n = self.usable[channel.name]
        return recommend.Candidate(
            model.Path(channel.name, TIER),
            found.state,
            channel.price_usd,
            ATTEMPT_MINUTES * 60,
            usable,
            n,
            routing.USUALLY_DEGRADED if found.p_degraded is None else found.p_degraded,
            routing.severity_weights(found),
        )


def at(minute: float) -> dt.datetime:
    return START + dt.timedelta(minutes=minute)


def month(router: Fixed, truth: Truth, days: int, pictures: int, rng: random.Random) -> Bill:
    """Send the pictures one after the other at random moments and pay for them."""
    bill, minute, prices = Bill(), 0.0, {channel.name: channel.price_usd for channel in CHANNELS}
    rate, end = pictures / (days * 1440), days * 1440
    next_job = rng.expovariate(rate)
    while minute < end:
        minute += 1.0
        name = router.due(minute)
        if name is not None:
            bill.canary_usd += prices[name]
            router.tell(name, minute, failed=rng.random() < truth.at(name, minute), own=False)
        while next_job < minute:
            _send(router, truth, next_job, bill, prices, rng)
            next_job += rng.expovariate(rate)
    return bill


def _send(router: Fixed, truth: Truth, minute: float, bill: Bill, prices: dict[str, float], rng: random.Random) -> None:
    waited = 0.0
    bill.pictures += 1
    for name, attempts in router.choose(truth, minute):
        for attempt in range(attempts):
            failed = rng.random() < truth.at(name, minute + waited)
            waited += ATTEMPT_MINUTES
            router.tell(name, minute, failed=failed, own=True)
            if not failed:
                bill.usd += prices[name]
                bill.minutes += waited
                bill.late += waited > LATE_MINUTES
                return
            waited += recommend.WAITS_S[min(attempt, 2)] / 60
    bill.minutes += waited
    bill.lost += 1
