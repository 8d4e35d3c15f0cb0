"""Where to send each tier now: expected cost and time per usable picture, the choice and its reason.

A channel may be healthy or degraded to some degree; retries fail together inside an incident, so costs
are mixed over those states and never computed from a mean failure rate. Formulas: docs/detection.md.
"""

import dataclasses
import math
import random
from collections.abc import Sequence

from probe import model
from probe.inference import statistics, words

SEVERITIES = (0.25, 0.5, 0.95)
"""Shares of attempts failing while degraded."""

ENOUGH_IN_TROUBLE = 5
"""Canaries since trouble began that tell its severity better than a guess does."""

WAITS_S = (1.0, 2.0, 4.0)
"""Waits between the attempts on one channel, seconds."""

DEAD_BAND = 0.03
"""A choice is left only for one that is cheaper by more than this share, or when its path degrades."""

LOST_USD = 1.0
"""What a picture that no channel delivers is taken to cost, where no job says otherwise (assumed)."""

LEAST_THROUGH = 0.8
"""A first choice gets at least this share of pictures through, where any channel does: cheap misses are no plan."""

DRAWS = 400


@dataclasses.dataclass(frozen=True, slots=True)
class Needs:
    """What a kind of work asks for."""

    usd_per_minute: float = 0.0  # worth of a minute's waiting per picture
    max_usd: float | None = None  # per usable picture
    max_wait_s: float | None = None
    lost_usd: float = LOST_USD


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of one channel at one tier.

    `usable` of `n` scheduled canaries of the period while the path was healthy count for its healthy
    rate; `p_degraded` and `severity_weights` say how likely it is in trouble now and how badly, and
    `trouble_usable` of `trouble_n` canaries since the trouble began what they delivered.
    """

    path: model.Path
    state: model.State
    price_usd: float
    latency_s: float  # mean seconds of an attempt
    usable: int
    n: int
    p_degraded: float = 0.0
    severity_weights: tuple[float, ...] = (1 / 3, 1 / 3, 1 / 3)
    billed_failures: float = 0.0  # share of unusable attempts that are billed
    upstream: str = ""
    trouble_usable: int = 0
    trouble_n: int = 0
    slow: bool = False  # the trouble is slowness: its canaries alone tell how many pictures it costs

    @property
    def known(self) -> bool:
        """Enough scheduled canaries to be chosen."""
        return statistics.enough(self.usable, self.n)

    def states(self) -> tuple[tuple[float, float], ...]:
        """(probability, share of attempts failing): healthy first, then by severity."""
        return self.mixed((self.n - self.usable + 0.5) / (self.n + 1))

    def mixed(self, healthy_failing: float) -> tuple[tuple[float, float], ...]:
        """The same with a given healthy rate; a degraded path is at least as bad as a healthy one."""
        degraded = ((self.p_degraded * weight, max(share, healthy_failing)) for weight, share in self.severities())
        return ((1 - self.p_degraded, healthy_failing), *degraded)

    def severities(self) -> tuple[tuple[float, float], ...]:
        """(probability, share of attempts failing) in the trouble that is on or would come.

        With few canaries since it began the three severities; with more, two points that have the mean and the
        spread of the share's posterior, Beta(lost + 1/2, usable + 1/2). Slowness may cost no picture at all.
        """
        if self.trouble_n < ENOUGH_IN_TROUBLE and not self.slow:
            return tuple(zip(self.severity_weights, SEVERITIES, strict=True))
        n, mean = self.trouble_n, (self.trouble_n - self.trouble_usable + 0.5) / (self.trouble_n + 1)
        spread = min(math.sqrt(mean * (1 - mean) / (n + 2)), mean, 1 - mean)
        return ((0.5, mean - spread), (0.5, mean + spread))

    @property
    def support(self) -> int:
        """How many canaries the numbers rest on: those of the state that the path more likely is in."""
        return self.trouble_n if self.p_degraded >= 0.5 else self.n

    def extremes(self) -> tuple[tuple[tuple[float, float], ...], ...]:
        """`states` at either end of the 95 % interval (Wilson) of what `support` tells."""
        if self.p_degraded < 0.5:
            return tuple(self.mixed(failing) for failing in statistics.wilson(self.n - self.usable, self.n))
        healthy = ((1 - self.p_degraded, self.states()[0][1]),)
        if not self.trouble_n:
            return tuple((*healthy, (self.p_degraded, failing)) for failing in (SEVERITIES[0], SEVERITIES[-1]))
        interval = statistics.wilson(self.trouble_n - self.trouble_usable, self.trouble_n)
        return tuple((*healthy, (self.p_degraded, failing)) for failing in interval)


@dataclasses.dataclass(frozen=True, slots=True)
class Offer:
    """One channel with a number of attempts: what a picture costs there."""

    candidate: Candidate
    attempts: int
    usd: float  # spent per usable picture
    minutes: float  # waited per usable picture
    usable_share: float  # of pictures that get through within the attempts
    value_usd: float  # expected cost of a picture with waiting and fall-back priced in
    usable_low: float  # 95 % interval of `usable_share`, by the canaries that it rests on
    usable_high: float


@dataclasses.dataclass(frozen=True, slots=True)
class Recommendation:
    """Which channel to use for a tier, why, and what else was considered."""

    tier: str
    choice: Offer | None  # None: not enough data, or nothing meets the limits
    runner_up: Offer | None
    fall_back: tuple[model.Path, ...]  # in this order, when the choice fails
    probability: float | None  # that the choice beats the runner-up, given how little is known
    no_choice: str = ""  # why there is none
    not_known: tuple[str, ...] = ()  # "nano/4k-high: 11 canaries, too few"
    offers: tuple[Offer, ...] = ()  # the best offer of each known channel, best first
    needs: Needs = Needs()  # what was asked for


def value(
    states: Sequence[tuple[float, float]],
    attempts: int,
    *,
    price_usd: float,
    latency_minutes: float,
    usd_per_minute: float,
    fall_back_usd: float,
    billed_failures: float = 0.0,
) -> float:
    """V = sum of pi * [price * billed + v * (L * tries + waits) + q^m * V_fall_back], USD a picture.

    `states` are (pi, q) pairs; tries = (1 - q^m) / (1 - q); billed lies between 1 - q^m (only
    successes are charged) and tries (every attempt is).
    """
    total = 0.0
    for probability, failing in states:
        tries, waited_s = expected_tries(failing, attempts)
        through = 1 - failing**attempts
        billed = through + billed_failures * (tries - through)
        waiting = usd_per_minute * (latency_minutes * tries + waited_s / 60)
        total += probability * (price_usd * billed + waiting + failing**attempts * fall_back_usd)
    return total


def expected_tries(failing: float, attempts: int) -> tuple[float, float]:
    """Expected attempts and seconds of waiting between them, stopping at the first success."""
    tries = math.fsum(failing**k for k in range(attempts))
    waited_s = math.fsum(failing ** (k + 1) * WAITS_S[k] for k in range(attempts - 1))
    return tries, waited_s


def usable_share(states: Sequence[tuple[float, float]], attempts: int) -> float:
    """Share of pictures that get through within so many attempts."""
    return math.fsum(probability * (1 - failing**attempts) for probability, failing in states)


def offer(candidate: Candidate, attempts: int, needs: Needs, fall_back_usd: float) -> Offer:
    """What a picture costs on this channel with so many attempts."""
    states, minutes = candidate.states(), candidate.latency_s / 60
    share = usable_share(states, attempts)
    spent = value(
        states,
        attempts,
        price_usd=candidate.price_usd,
        latency_minutes=minutes,
        usd_per_minute=0.0,
        fall_back_usd=0.0,
        billed_failures=candidate.billed_failures,
    )
    waited = value(states, attempts, price_usd=0.0, latency_minutes=minutes, usd_per_minute=1.0, fall_back_usd=0.0)
    total = spent + needs.usd_per_minute * waited + (1 - share) * fall_back_usd
    shares = [share, *(usable_share(extreme, attempts) for extreme in candidate.extremes())]
    return Offer(candidate, attempts, spent / share, waited / share, share, total, min(shares), max(shares))


def rank(
    tier: str, candidates: Sequence[Candidate], needs: Needs, *, rng: random.Random | None, current: str | None = None
) -> Recommendation:
    """Choose among the channels of one tier; `current` is the channel in use, left only for a clear gain.

    Without `rng` the probability that the choice is right is not worked out.
    """
    known = [candidate for candidate in candidates if candidate.known and candidate.state in USABLE_STATES]
    not_known = tuple(_why_not(candidate) for candidate in candidates if candidate not in known)
    alone = {candidate.path: best_offer(candidate, needs, needs.lost_usd) for candidate in known}
    offers = []
    for candidate in known:
        others = [alone[other.path].value_usd for other in known if other is not candidate]
        offers.append(best_offer(candidate, needs, min([needs.lost_usd, *others])))
    offers.sort(key=lambda one: one.value_usd)
    allowed = [one for one in offers if _meets(one, needs)]
    if not allowed:
        why = "no channel meets the limits" if offers else "not enough data"
        return Recommendation(tier, None, None, (), None, why, not_known, tuple(offers), needs)
    reliable = [one for one in allowed if one.usable_share >= LEAST_THROUGH] or allowed
    choice = _keep(reliable, current)
    runner_up = next((one for one in (*reliable, *allowed) if one is not choice), None)
    probability = _probability(choice, runner_up, needs, rng) if runner_up and rng else None
    untried = [one.path for one in candidates if one not in known and one.state in USABLE_STATES]
    fall_back = (*_fall_back(choice, offers), *untried)  # better a channel little is known of than none
    return Recommendation(
        tier,
        choice,
        runner_up,
        fall_back,
        probability,
        not_known=not_known,
        offers=tuple(offers),
        needs=needs,
    )


USABLE_STATES = frozenset(
    {model.State.HEALTHY, model.State.SUSPECT, model.State.DEGRADED, model.State.RECOVERING, model.State.UNKNOWN}
)
"""A path without access, without its model or that refuses every prompt is no candidate, whatever it cost."""


def best_offer(candidate: Candidate, needs: Needs, fall_back_usd: float) -> Offer:
    """The number of attempts, 1 to 3, after which falling back is cheaper than trying again."""
    offers = [offer(candidate, attempts, needs, fall_back_usd) for attempts in (1, 2, 3)]
    return min(offers, key=lambda one: one.value_usd)


def _keep(allowed: Sequence[Offer], current: str | None) -> Offer:
    best = allowed[0]
    for one in allowed:
        healthy = one.candidate.state in {model.State.HEALTHY, model.State.SUSPECT}
        if one.candidate.path.channel == current and healthy and one.value_usd * (1 - DEAD_BAND) <= best.value_usd:
            return one
    return best


def _meets(one: Offer, needs: Needs) -> bool:
    cheap = needs.max_usd is None or one.usd <= needs.max_usd
    return cheap and (needs.max_wait_s is None or one.minutes * 60 <= needs.max_wait_s)


def _fall_back(choice: Offer, offers: Sequence[Offer]) -> tuple[model.Path, ...]:
    """The others by value; those that share an upstream with an earlier member come last: they fail together."""
    chain, upstreams, together = list[model.Path](), {choice.candidate.upstream} - {""}, list[model.Path]()
    for one in offers:
        if one is choice:
            continue
        shared = one.candidate.upstream in upstreams
        (together if shared else chain).append(one.candidate.path)
        upstreams |= {one.candidate.upstream} - {""}
    return (*chain, *together)


def _probability(choice: Offer, runner_up: Offer, needs: Needs, rng: random.Random) -> float:
    """How often the choice is the cheaper one when each rate, healthy and in trouble, is drawn from its posterior."""
    wins = 0
    for _ in range(DRAWS):
        mine, other = (_drawn(one, needs, rng) for one in (choice, runner_up))
        wins += mine <= other
    return wins / DRAWS


def _drawn(one: Offer, needs: Needs, rng: random.Random) -> float:
    candidate = one.candidate
    failing = rng.betavariate(candidate.n - candidate.usable + 0.5, candidate.usable + 0.5)
    states = candidate.mixed(failing)
    if candidate.trouble_n:
        lost = candidate.trouble_n - candidate.trouble_usable
        trouble = max(rng.betavariate(lost + 0.5, candidate.trouble_usable + 0.5), failing)
        states = ((1 - candidate.p_degraded, failing), (candidate.p_degraded, trouble))
    return value(
        states,
        one.attempts,
        price_usd=candidate.price_usd,
        latency_minutes=candidate.latency_s / 60,
        usd_per_minute=needs.usd_per_minute,
        fall_back_usd=needs.lost_usd,
        billed_failures=candidate.billed_failures,
    )


def _why_not(candidate: Candidate) -> str:
    if candidate.state not in USABLE_STATES:
        return f"{candidate.path}: {candidate.state.value.replace('_', ' ')}"
    if candidate.n < statistics.FEW_SAMPLES:
        return f"{candidate.path}: {words.canaries(candidate.n)}, too few"
    return f"{candidate.path}: {candidate.usable} of {candidate.n} canaries, too uncertain"
