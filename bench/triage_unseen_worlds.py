"""Six worlds written by somebody who had not read the inference: nothing was chosen by them.

Each follows mechanisms that were reported of real channels, and says what an informed person could see in it.
"""

import dataclasses
import math
import random

from triage_worlds import AT_ONCE, AT_WORK, Case, Trouble, World

from probe.inference.causes import Cause, Clue, Said

Stops = tuple[tuple[Cause, float], ...]
Words = tuple[Said, tuple[Clue, ...]]


class FailsOver(Case):
    """The gateway tries once more inside, and only the last word is heard.

    Reported: new-api repeats most 5xx and 429 on an account drawn anew, which may be the same one again, and where
    no account is left it answers "no available channel (retry)" in place of the first error; moderated requests came
    out at the tail of such a repeat (2026-05-13); blocks after generation differ from send to send and cost the full
    time. To be seen: what comes out has failed twice, so lone failures are rare; a pool that is really empty says so
    at once, a pool that ran dry at the second try says so as late as a picture; known-good prompts pass.
    """

    SAME_ACCOUNT, RUNS_DRY = 0.4, 0.12
    NOT_REPEATED = frozenset({Cause.PARAMETERS, Cause.ACCOUNT, Cause.NETWORK})

    def send(self, *, good: bool, other: bool = False, smaller: bool = False, minute: float) -> Cause | None:
        first = super().send(good=good, other=other, smaller=smaller, minute=minute)
        if first is None or first in self.NOT_REPEATED:
            return first
        if first is Cause.CHANNEL and self.draw.random() < self.SAME_ACCOUNT:
            return first
        return super().send(good=good, other=other, smaller=smaller, minute=minute)

    def words(self, stopped: Cause) -> Words:
        if stopped in self.NOT_REPEATED or self.draw.random() >= self.RUNS_DRY:
            return super().words(stopped)
        at_once = self.draw.random() < AT_ONCE[stopped] ** 2
        return Said.GATEWAY, (Clue.NAMES_POOL, Clue.AT_ONCE if at_once else Clue.LATE)


class HeavyTier(Case):
    """An upstream short of compute starves the heavy tier, and the caller's own request is heavier than a canary.

    Reported: gpt-image-2-vip at 4K answers 500 while the same at 2K usually goes through, more or bigger input
    images raise the rate (2026-05-22); large or complex pictures end after two minutes in a vague 502, small ones are
    stable (sub2api 3381); trouble at 2K and 4K only (Google, 2026-06-19). To be seen: downscaling helps, lighter
    canaries pass, heavy ones fail too although less often; the other channel often hangs on the same upstream and
    meets it as well, more mildly where it buys a better group.
    """

    def fate(self, what: str, low: float, high: float) -> float:
        return random.Random(f"{what}/{self.flaky}").uniform(low, high)

    def stops(self, *, good: bool, other: bool, smaller: bool, minute: float) -> Stops:
        share = self.upstream_share(minute, other=other)
        share *= self.fate("group", 0.3, 1.0) if other else 1.0
        share *= self.fate("plain canary", 0.4, 0.9) if good else 1.0
        share *= self.fate("lighter tier", 0.02, 0.3) if smaller else 1.0
        return replaced(super().stops(good=good, other=other, smaller=smaller, minute=minute), Cause.UPSTREAM, share)

    def words(self, stopped: Cause) -> Words:
        vague = self.fate("spends its generation budget", 0, 1) < 0.4
        if stopped is Cause.UPSTREAM and vague and self.draw.random() < 0.8:
            return Said.GATEWAY, (Clue.LATE,)
        return super().words(stopped)


@dataclasses.dataclass
class RushHour(Trouble):
    """A queue that is full at the same hours of every busy day; `begins` and `ends` are hours of the day."""

    hour: float = 0.0  # of the day, at minute 0

    def share(self, minute: float) -> float:
        into = (self.hour + minute / 60 - self.begins) % 24
        length = self.ends - self.begins
        if into < length:
            half_hour = random.Random(f"{self.seed}/{int(into * 2)}").uniform(0.5, 1.5)
            return min(1.0, self.failing * half_hour)
        return self.failing / 4 if into < length + 0.75 or into > 23.25 else 0.01


@dataclasses.dataclass
class RushHours(Case):
    """Demand comes in daily peaks, in which a model has no capacity whatever the tier.

    Reported: 55 % success at 10-14 h and 92 % or better at night, most spells over within the hour (Nano Banana 2,
    2026-03); 504 every day from 15 h (CLIProxyAPI 3346); a window of three hours with 429 though the quota is
    unused and waiting a minute does not help (Vertex). The 503 reaches callers as a 500 through one gateway and as a
    504 through another. To be seen: failures of known-good prompts at every tier alike since the hour began, none
    the hours before; some replies still say in words that demand is high; the other channel has its own hours, or
    the same ones where it hangs on the same model.
    """

    WINDOWS = ((10.0, 14.0), (15.0, 18.0), (6.0, 9.0))
    BUSY_DAY = 0.45
    FACES = (  # through litellm, through a proxy with a short limit, plain
        ((Said.PROCESSING, 0.7), (Said.OVERLOAD, 0.3)),
        ((Said.TIMEOUT, 0.6), (Said.GATEWAY, 0.2), (Said.OVERLOAD, 0.2)),
        ((Said.OVERLOAD, 0.9), (Said.PROCESSING, 0.1)),
    )

    def __post_init__(self) -> None:
        fate = random.Random(f"rush/{self.flaky}")
        hour = (fate.gauss(13, 5)) % 24  # callers work by day
        self.queue = self.rush(fate, hour)
        own = self.rush(fate, hour)
        self.other_queue = self.queue if self.other_upstream is self.upstream else own
        self.face = fate.choices(self.FACES, (0.4, 0.3, 0.3))[0]

    def rush(self, fate: random.Random, hour: float) -> RushHour:
        begins, ends = fate.choice(self.WINDOWS)
        failing = fate.uniform(0.3, 0.6) if fate.random() < self.BUSY_DAY else 0.02
        return RushHour(begins, ends, failing, fate.getrandbits(32), hour)

    def earlier(self, hours: float, draw: random.Random) -> Case:
        """The hours of the day at which it is full stay; whether it is full differs from day to day."""
        case, now = super().earlier(hours, draw), self.queue
        busy = draw.uniform(0.3, 0.6) if draw.random() < self.BUSY_DAY else 0.02
        case.queue = RushHour(now.begins, now.ends, busy, draw.getrandbits(32), (now.hour - hours) % 24)
        return case

    def stops(self, *, good: bool, other: bool, smaller: bool, minute: float) -> Stops:
        share = (self.other_queue if other else self.queue).share(minute)
        return replaced(super().stops(good=good, other=other, smaller=smaller, minute=minute), Cause.QUEUE, share)

    def words(self, stopped: Cause) -> Words:
        if stopped is not Cause.QUEUE:
            return super().words(stopped)
        said = self.draw.choices([said for said, _ in self.face], [share for _, share in self.face])[0]
        at_once = self.draw.random() < 0.7
        return said, (Clue.AT_ONCE if at_once else Clue.LATE,) if said in {Said.PROCESSING, Said.GATEWAY} else ()


class Walls(Case):
    """Between the caller and the gateway stand an edge with bad nodes, a time limit, or a proxy of the caller's own.

    Reported: a local proxy drops four in ten after 90 to 180 s, the picture is made and billed (2026-10-03);
    everything longer than 126 s or 120 s is cut by an edge, shorter ones succeed (sub2api 2031 and others);
    52x pages of an edge; a client keeps its node for minutes. To be seen: the proxy hits every channel alike and
    lighter tiers hardly, mostly as a dropped connection; an edge's page comes at once, for all tiers of one channel,
    and all or nothing for minutes; its time limit shows in the duration.
    """

    NODE_MINUTES = 10.0
    MEDIAN_S, SIGMA, LIGHTER = 110.0, 0.3, 0.45

    def limit_s(self, whose: str) -> float:
        """The proxy is the caller's, so both channels go through it; the edge is this channel's."""
        fate = random.Random(f"{whose}/{self.flaky}")
        if fate.random() >= (0.06 if whose == "proxy" else 0.03):
            return math.inf
        return fate.uniform(90, 180) if whose == "proxy" else fate.choice((100.0, 120.0, 126.0))

    def cut(self, limit_s: float, *, smaller: bool) -> float:
        """The share of pictures that take longer (lognormal)."""
        if limit_s == math.inf:
            return 0.0
        median_s = self.MEDIAN_S * (self.LIGHTER if smaller else 1.0)
        return 0.5 * math.erfc(math.log(limit_s / median_s) / (self.SIGMA * math.sqrt(2)))

    def gateway_share(self, minute: float, *, good: bool, other: bool) -> float:
        trouble = self.other_gateway if other else self.gateway
        if not trouble.begins <= minute < trouble.ends:
            return 0.0
        node = random.Random(f"{trouble.seed}/{int(minute // self.NODE_MINUTES)}").random()
        return 0.95 if node < trouble.failing else 0.02

    def stops(self, *, good: bool, other: bool, smaller: bool, minute: float) -> Stops:
        found = super().stops(good=good, other=other, smaller=smaller, minute=minute)
        found = replaced(
            found, Cause.NETWORK, max(dict(found)[Cause.NETWORK], self.cut(self.limit_s("proxy"), smaller=smaller))
        )
        edge = 0.0 if other else self.cut(self.limit_s("edge"), smaller=smaller)
        return replaced(found, Cause.CHANNEL, max(dict(found)[Cause.CHANNEL], edge))

    def at_work(self) -> frozenset[Cause]:
        shares = dict(self.stops(good=False, other=False, smaller=False, minute=0.0))
        return super().at_work() | {each for each in (Cause.NETWORK, Cause.CHANNEL) if shares[each] >= AT_WORK}

    def words(self, stopped: Cause) -> Words:
        draw = self.draw
        if stopped is Cause.NETWORK:
            said = draw.choices((Said.NETWORK, Said.TIMEOUT, Said.GATEWAY), (0.6, 0.25, 0.15))[0]
            return said, (Clue.LATE,) if said is Said.GATEWAY else ()
        if stopped is not Cause.CHANNEL:
            return super().words(stopped)
        if self.limit_s("edge") < math.inf:
            return Said.TIMEOUT, (Clue.TIME_LIMIT,) if draw.random() < 0.8 else ()
        if draw.random() < 0.25:
            return Said.TIMEOUT, ()
        return Said.GATEWAY, (Clue.AT_ONCE if draw.random() < 0.8 else Clue.LATE,)


@dataclasses.dataclass
class Spent(Trouble):
    """An allowance used up: nothing passes until the reset."""

    def share(self, minute: float) -> float:
        return 0.98 if self.begins <= minute < self.ends else 0.0


@dataclasses.dataclass
class AccountLimits(Case):
    """The caller's account meets its limits: the day's allowance is spent, or its own batch saturates it.

    Reported: quota comes as 400, 403 and 429, and from gateways as an empty message or "no available channel" once
    the key was switched off by itself; concurrent requests on one account lose pictures (sub2api 2540); a
    reseller's balance is one for all its models. To be seen: known-good prompts fail at every tier, at once and
    without exception where the allowance is spent, and on the other channel as well where both are paid from one
    purse; sooner or later a reply names the quota.
    """

    SPENT = ((Said.ACCOUNT, 0.35), (Said.GATEWAY, 0.35), (Said.PROCESSING, 0.30))
    THROTTLED = (
        (Said.ACCOUNT, 0.15),
        (Said.OVERLOAD, 0.25),
        (Said.PROCESSING, 0.25),
        (Said.TIMEOUT, 0.20),
        (Said.GATEWAY, 0.15),
    )

    def __post_init__(self) -> None:
        fate = random.Random(f"purse/{self.flaky}")
        self.one_purse = fate.random() < 0.5
        self.spent = fate.random() < 0.6
        self.account: Trouble = Trouble(0, 0, 0, 0)
        if fate.random() < 0.04:
            length = fate.lognormvariate(math.log(150 if self.spent else 40), 0.7)
            begins = -fate.random() * length
            kind = Spent if self.spent else Trouble
            self.account = kind(begins, begins + length, fate.uniform(0.3, 0.9), fate.getrandbits(32))
        if fate.random() < 0.8:  # else one gateway under two keys: nobody says who pays
            self.other = self.other._replace(purse=self.one_purse)
        spoken = self.SPENT if self.spent else self.THROTTLED
        self.spoken = [(said, fate.gammavariate(10 * share, 1)) for said, share in spoken]

    def stops(self, *, good: bool, other: bool, smaller: bool, minute: float) -> Stops:
        found = super().stops(good=good, other=other, smaller=smaller, minute=minute)
        limited = self.account.share(minute) if self.one_purse or not other else 0.0
        return replaced(found, Cause.ACCOUNT, max(dict(found)[Cause.ACCOUNT], limited))

    def at_work(self) -> frozenset[Cause]:
        return super().at_work() | ({Cause.ACCOUNT} if self.account.share(0.0) >= AT_WORK else frozenset())

    def words(self, stopped: Cause) -> Words:
        if stopped is not Cause.ACCOUNT:
            return super().words(stopped)
        said = self.draw.choices([said for said, _ in self.spoken], [share for _, share in self.spoken])[0]
        at_once = self.draw.random() < (0.9 if self.spent else 0.5)
        return said, (Clue.AT_ONCE if at_once else Clue.LATE,) if said in {Said.PROCESSING, Said.GATEWAY} else ()


@dataclasses.dataclass
class AfterUpdate(Case):
    """Since this morning the channel hangs on another line, with other parameters and another filter.

    Reported: gpt-image-2-vip moved from one line to another with sizes of its own; one line refuses a field that the
    other accepts, and a refused field may come as a 500 of any type; a new line refuses prompts that passed before,
    after 80 to 95 s; short generic prompts are stopped now and then although harmless (2 of 8). To be seen: the
    same request fails every time and at once where a field is to blame, and passes with plain parameters; a prompt
    that only this line refuses passes on the other channel, while known-good prompts pass on this one, not always.
    """

    def __post_init__(self) -> None:
        fate = random.Random(f"update/{self.flaky}")
        if fate.random() < 0.015:
            self.bad_parameter, self.other_takes_it = True, fate.random() < 0.7
        self.only_here = fate.random() < 0.6
        self.hidden = fate.betavariate(4, 4)  # refusals of a field that come as another error

    def risk(self, *, other: bool, smaller: bool) -> float:
        return self.prompt_risk * 0.2 if other and self.only_here else super().risk(other=other, smaller=smaller)

    def stops(self, *, good: bool, other: bool, smaller: bool, minute: float) -> Stops:
        found = super().stops(good=good, other=other, smaller=smaller, minute=minute)
        return replaced(found, Cause.CONTENT, 0.01) if good and other else found

    def words(self, stopped: Cause) -> Words:
        draw = self.draw
        if stopped is Cause.PARAMETERS:
            if draw.random() >= self.hidden:
                return Said.INVALID, ()
            said = Said.PROCESSING if draw.random() < 0.8 else Said.GATEWAY
            return said, (Clue.AT_ONCE if draw.random() < 0.9 else Clue.LATE,)
        if stopped is Cause.CONTENT and draw.random() < self.world.disguised:
            return Said.PROCESSING, (Clue.LATE if draw.random() < 0.75 else Clue.AT_ONCE,)
        return (Said.MODERATION, ()) if stopped is Cause.CONTENT else super().words(stopped)


def replaced(stops: Stops, cause: Cause, share: float) -> Stops:
    return tuple((each, share if each is cause else before) for each, before in stops)


UNSEEN = (
    World(
        "fails over inside",
        borderline=0.6,
        disguised=0.85,
        bad_prompts=0.02,
        gateway_share=0.06,
        retry_memory=0.5,
        canary_refused=0.03,
        case=FailsOver,
    ),
    World("heavy tier starves", shared_upstream=0.7, incident_share=0.10, bad_prompts=0.02, case=HeavyTier),
    World("rush hours", incident_share=0.04, bad_prompts=0.02, retry_memory=0.5, case=RushHours),
    World("walls on the way", gateway_share=0.06, bad_prompts=0.02, retry_memory=0.6, case=Walls),
    World("limits of the account", incident_share=0.08, bad_prompts=0.02, borderline=0.3, case=AccountLimits),
    World(
        "after an update",
        bad_prompts=0.03,
        disguised=0.6,
        borderline=0.4,
        canary_refused=0.08,
        retry_memory=0.5,
        case=AfterUpdate,
    ),
)
