"""Worlds of other mechanisms than those in which the tables were tuned; they showed what structure was missing.

Here the other channel meets the upstream's trouble later, failures are pictures that took too long, the gateway
repeats and says the same words whatever was wrong, an account of its pool is bad and always meets the same
prompts, or trouble comes in pulses of minutes.
"""

import dataclasses
import math
import random
import statistics

from triage_worlds import Case, Trouble, World

from probe.inference.causes import Cause, Clue, Said


class Lagging(Case):
    """Both channels hang on one upstream; the other one meets its trouble, and its end, some minutes later."""

    def upstream_share(self, minute: float, *, other: bool) -> float:
        lag = random.Random(f"lag/{self.upstream.seed}").uniform(5, 40) if other else 0.0
        return super().upstream_share(minute - lag, other=other)


class Slow(Case):
    """Nothing fails by a share: a picture takes its time, longer under load, and something on the way cuts it off."""

    MEDIAN_S, SIGMA = 80.0, 0.25
    cut_s = math.inf  # when the latest send would have been cut off

    def limit_s(self, *, other: bool) -> float:
        """The shortest limit of a route: a proxy's of 60 or 100 s, or a caller's that fits."""
        fate = random.Random(f"limit/{self.flaky}/{other}")
        return fate.choices((100.0, 180.0, 300.0), (0.1, 0.3, 0.6))[0]

    def usual_s(self, limit_s: float, *, smaller: bool) -> float:
        """What nine of ten pictures take at most while all is well, of those that the limit lets through."""
        alone = statistics.NormalDist(math.log(self.MEDIAN_S * (0.5 if smaller else 1.0)), self.SIGMA)
        return math.exp(alone.inv_cdf(0.9 * alone.cdf(math.log(limit_s))))

    def send(self, *, good: bool, other: bool = False, smaller: bool = False, minute: float) -> Cause | None:
        stops = dict(self.stops(good=good, other=other, smaller=smaller, minute=minute))
        load, queue, gateway = (stops.pop(cause) for cause in (Cause.UPSTREAM, Cause.QUEUE, Cause.CHANNEL))
        early = (Cause.NETWORK, Cause.ACCOUNT, Cause.PARAMETERS, Cause.CONTENT)
        stopped = next((cause for cause in early if self.draw.random() < stops[cause]), None)
        if stopped is not None:
            return stopped
        alone_s = self.draw.lognormvariate(math.log(self.MEDIAN_S * (0.5 if smaller else 1.0)), self.SIGMA)
        limit_s = self.cut_s = min(self.limit_s(other=other), 60.0 if self.draw.random() < gateway else math.inf)
        if alone_s > limit_s:
            return Cause.CHANNEL
        took_s = alone_s * (1 + 4 * load) + 200 * queue
        if took_s > limit_s:
            return Cause.UPSTREAM if 4 * load * alone_s > 200 * queue else Cause.QUEUE
        self.slow = took_s > self.usual_s(limit_s, smaller=smaller)
        return Cause.ONE_OFF if self.draw.random() < stops[Cause.ONE_OFF] else None

    def words(self, stopped: Cause) -> tuple[Said, tuple[Clue, ...]]:
        if stopped not in {Cause.CHANNEL, Cause.UPSTREAM, Cause.QUEUE}:
            return super().words(stopped)
        short = Clue.CUT_SHORT if self.cut_s < 2 * self.MEDIAN_S else Clue.OVERDUE
        if self.limit_s(other=False) < 300 or stopped is Cause.CHANNEL:
            return Said.TIMEOUT, (Clue.TIME_LIMIT, short)
        return Said.TIMEOUT, (short,)


class Rewriting(Case):
    """The gateway repeats twice on other accounts of its pool and says the same words whatever was wrong."""

    def send(self, *, good: bool, other: bool = False, smaller: bool = False, minute: float) -> Cause | None:
        tries = [super(Rewriting, self).send(good=good, other=other, smaller=smaller, minute=minute) for _ in range(3)]
        return tries[-1] if all(tries) else None

    def words(self, stopped: Cause) -> tuple[Said, tuple[Clue, ...]]:
        said = Said.TIMEOUT if stopped is Cause.NETWORK else Said.PROCESSING
        return said, (Clue.LATE,) if said is Said.PROCESSING else ()


class StickyPool(Case):
    """Some accounts of the gateway's pool are bad, and a prompt always meets the same account."""

    PROMPTS = 4  # of the canaries' rotation

    def gateway_share(self, minute: float, *, good: bool, other: bool) -> float:
        trouble = self.other_gateway if other else self.gateway
        if not trouble.begins <= minute < trouble.ends:
            return 0.0
        prompt = int(minute // 74) % self.PROMPTS if good else "the caller's"
        account = random.Random(f"{trouble.seed}/{prompt}").random()
        return 0.97 if account < trouble.failing else 0.01


@dataclasses.dataclass
class Pulses(Trouble):
    """Trouble that is all or nothing, for some minutes at a time."""

    def share(self, minute: float) -> float:
        if not self.begins <= minute < self.ends:
            return 0.0
        return 0.97 if random.Random(f"{self.seed}/{int(minute // 6)}").random() < self.failing else 0.02


@dataclasses.dataclass
class Pulsing(Case):
    def __post_init__(self) -> None:
        pulses = {id(each): Pulses(**vars(each)) for each in (self.upstream, self.other_upstream, self.gateway)}
        self.upstream, self.other_upstream = pulses[id(self.upstream)], pulses[id(self.other_upstream)]
        self.gateway = pulses[id(self.gateway)]


class BadMonth(Rewriting, Lagging):
    """Much is wrong at once."""


FRESH = (
    World("one upstream, with a lag", shared_upstream=1.0, case=Lagging),
    World("cut off when slow", incident_share=0.12, case=Slow),
    World("gateway rewrites errors", bad_prompts=0.02, incident_share=0.10, disguised=1.0, case=Rewriting),
    World("bad accounts in the pool", gateway_share=0.10, case=StickyPool),
    World("trouble in pulses", incident_share=0.10, case=Pulsing),
    World(
        "a bad month",
        borderline=0.5,
        canary_refused=0.08,
        bad_prompts=0.04,
        incident_share=0.25,
        gateway_share=0.08,
        shared_upstream=0.8,
        disguised=1.0,
        case=BadMonth,
    ),
)
