"""Worlds in which requests fail, built from mechanisms and not from the tables that triage believes in.

A request passes the account, the parameter check, the input filter, the gateway, the upstream and the output
filter, over a network; the first that stops it is the truth. What triage is shown are only words, later
sends and canaries.
"""

import dataclasses
import math
import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from probe import model
from probe.inference import habits as spoken
from probe.inference.causes import SAID, Cause, Check, Clue, Finding, Result, Said


@dataclasses.dataclass(frozen=True)
class World:
    """What makes one world different. Shares are of requests, minutes are means."""

    name: str
    borderline: float = 0.15  # of bad prompts: moderated at random, send by send
    retry_memory: float = 0.3  # a send seconds later meets the same machine, with the same result
    canary_refused: float = 0.01  # a known-good prompt is refused all the same
    bad_prompts: float = 0.012  # of requests
    incident_share: float = 0.06  # of time, per upstream
    gateway_share: float = 0.03  # of time, per channel
    shared_upstream: float = 0.5  # of cases: the other channel hangs on the same upstream
    told_shared: float = 0.3  # of those: the config says which upstream a channel has
    disguised: float = 0.5  # moderation that comes as a bare 500
    history: bool = True  # canaries were running
    case: "type[Case] | None" = None  # a mechanism of its own


WORLDS = (
    World("plain mechanisms"),
    World("no canaries before", history=False),
    World("correlated retries", retry_memory=0.9),
    World("mixed causes", bad_prompts=0.06, incident_share=0.25, gateway_share=0.10),
    World("random output moderation", borderline=0.7),
    World("moderated canaries", canary_refused=0.15),
    World("one upstream for both", shared_upstream=1.0, told_shared=0.3),
    World("all moderation disguised", disguised=1.0),
)

AT_WORK = 0.25
"""A cause that stops so many requests of its kind is at work, whether or not it stopped this one first."""

DAYS = 30
"""So many days before the failure show what is usual on its path; two canaries every three hours."""

CANARY_EVERY_MINUTES = {Check.CANARY: 74.0, Check.LIGHTER_CANARY: 20.0, Check.OTHER_CANARY: 74.0}


@dataclasses.dataclass
class Trouble:
    """A spell in which a share of sends fails; `waves` makes the share differ from minute to minute."""

    begins: float
    ends: float
    failing: float
    seed: int

    def share(self, minute: float) -> float:
        if not self.begins <= minute < self.ends:
            return 0.0
        wave = random.Random(f"{self.seed}/{int(minute // 3)}").uniform(0.7, 1.3)
        return min(1.0, self.failing * wave)


class Other(NamedTuple):
    """What the config says of the other channel; None: it leaves that open. A world that makes it otherwise says so."""

    name: str = "other"
    shared: bool | None = None  # it hangs on the same upstream
    purse: bool | None = None  # it is paid by the same key or from the same balance


class Seen(NamedTuple):
    """What one send is to triage: its result, in which words it failed, and whether at once or late."""

    result: Result
    said: Said | None = None
    pace: Clue | None = None

    @property
    def kind(self) -> model.Kind:
        """A kind that says so."""
        if self.result is Result.FAILED:
            return next(kind for kind, said in SAID.items() if said is self.said)
        openly = {Result.REFUSED: model.Kind.MODERATION_INPUT, Result.BARRED: model.Kind.QUOTA_EXHAUSTED}
        return openly.get(self.result, model.Kind.OK)


PACES = frozenset({Clue.AT_ONCE, Clue.LATE})
OPENLY = {Said.MODERATION: Result.REFUSED, Said.ACCOUNT: Result.BARRED}
"""Words that name their cause."""

ELSEWHERE = frozenset({Check.OTHER, Check.OTHER_CANARY})


@dataclasses.dataclass
class Case:
    """One failed request (at minute 0) and the world around it, which answers every check."""

    world: World
    draw: random.Random
    prompt_risk: float  # chance that moderation stops this prompt, send by send
    screened: float  # chance that a pre-screen would flag it
    upstream: Trouble
    other_upstream: Trouble
    gateway: Trouble
    other_gateway: Trouble
    queue: Trouble
    lighter: float  # how much of the upstream's trouble a lighter tier meets
    bad_parameter: bool
    other_takes_it: bool  # the parameter is fine elsewhere, or smaller
    account_closed: bool
    network_down: bool
    flaky: float  # chance that any send fails for no reason
    other: "Other"
    truth: Cause = Cause.ONE_OFF
    said: Said = Said.PROCESSING
    clues: tuple[Clue, ...] = ()
    minute: float = 0.0
    last: dict[Check, Cause | None] = dataclasses.field(default_factory=dict)
    habits: dict[Cause, list[float]] = dataclasses.field(default_factory=dict)  # of the speaker
    slow: bool | None = None  # did the latest picture come later than nine of ten do? None: this world has no times

    def send(self, *, good: bool, other: bool = False, smaller: bool = False, minute: float) -> Cause | None:
        """What stops a send; None: a picture."""
        stops = self.stops(good=good, other=other, smaller=smaller, minute=minute)
        return next((cause for cause, share in stops if self.draw.random() < share), None)

    def stops(self, *, good: bool, other: bool, smaller: bool, minute: float) -> tuple[tuple[Cause, float], ...]:
        """What may stop a send and how likely, in the order of its way."""
        load = self.lighter if smaller else 1.0
        misfit = self.bad_parameter and not good and not (self.other_takes_it and (other or smaller))
        return (
            (Cause.NETWORK, 0.75 if self.network_down else 0.0),
            (Cause.ACCOUNT, 1.0 if self.account_closed and not other else 0.0),
            (Cause.PARAMETERS, 1.0 if misfit else 0.0),
            (Cause.CHANNEL, self.gateway_share(minute, good=good, other=other)),
            (Cause.QUEUE, self.queue.share(minute) * (0.5 if other else load)),
            (Cause.UPSTREAM, self.upstream_share(minute, other=other) * load),
            (Cause.CONTENT, self.risk(other=other, smaller=smaller) if not good else self.world.canary_refused),
            (Cause.ONE_OFF, self.flaky),
        )

    def gateway_share(self, minute: float, *, good: bool, other: bool) -> float:
        return (self.other_gateway if other else self.gateway).share(minute)

    def upstream_share(self, minute: float, *, other: bool) -> float:
        return (self.other_upstream if other else self.upstream).share(minute)

    def risk(self, *, other: bool, smaller: bool) -> float:
        """Moderation differs somewhat between providers, and hardly between sizes."""
        return self.prompt_risk * (0.8 if other else 0.95 if smaller else 1.0)

    def at_work(self) -> frozenset[Cause]:
        """Every cause that would have stopped many such requests at that minute, and the one that did."""
        shares = {
            Cause.CONTENT: self.prompt_risk,
            Cause.UPSTREAM: self.upstream_share(0.0, other=False),
            Cause.CHANNEL: self.gateway_share(0.0, good=False, other=False),
            Cause.QUEUE: self.queue.share(0.0),
        }
        return frozenset({self.truth, *(cause for cause, share in shares.items() if share >= AT_WORK)})

    def words(self, stopped: Cause) -> tuple[Said, tuple[Clue, ...]]:
        """What the reply says, and finer clues in it; in each case the habits of the speaker differ."""
        draw = self.draw
        if stopped is Cause.CONTENT and draw.random() >= self.world.disguised:
            return Said.MODERATION, ()
        if stopped not in self.habits:
            self.habits[stopped] = [draw.gammavariate(12 * share, 1) for _, share in SPOKEN[stopped]]
        said = draw.choices([said for said, _ in SPOKEN[stopped]], self.habits[stopped])[0]
        pool = stopped is Cause.CHANNEL and said is Said.GATEWAY and draw.random() < 0.4
        clues = [Clue.NAMES_POOL] if pool else []
        if said in {Said.PROCESSING, Said.GATEWAY}:
            at_once = draw.random() < draw.betavariate(8 * AT_ONCE[stopped], 8 * (1 - AT_ONCE[stopped]))
            clues.append(Clue.AT_ONCE if at_once else Clue.LATE)
        return said, tuple(clues)

    def check(self, check: Check) -> Seen:
        """What a live check found, some seconds or minutes after the one before, and in which words it failed."""
        draw = self.draw
        if check is Check.PRE_SCREEN:
            return Seen(Result.FAILED if draw.random() < self.screened else Result.PASSED)
        again = check in self.last and check is Check.RETRY
        self.minute += draw.uniform(0.05, 0.2) if check is Check.RETRY else draw.uniform(1.0, 4.0)
        first_retry = check is Check.RETRY and Check.RETRY not in self.last
        if (again or first_retry) and draw.random() < self.world.retry_memory:
            stopped = self.last.get(check, self.truth if self.truth is not Cause.ONE_OFF else None)
        else:
            stopped = self.send(
                good=check in {Check.CANARY, Check.OTHER_CANARY},
                other=check in {Check.OTHER, Check.OTHER_CANARY},
                smaller=check is Check.DOWNSCALE,
                minute=self.minute,
            )
        self.last[check] = stopped
        return self.failed(check, stopped)

    def failed(self, check: Check, stopped: Cause | None) -> Seen:
        """What a send that was stopped, or not, is to triage."""
        if stopped is None:
            return Seen(Result.PASSED)
        said, clues = self.words(stopped)
        if said in OPENLY:
            return Seen(OPENLY[said])
        return Seen(Result.FAILED, said, next((clue for clue in clues if clue in PACES), None))

    def free(self, fading: Callable[[float], float]) -> list[Finding]:
        """What scheduled canaries said within six hours before and up to half an hour after the failure."""
        found = []
        if not self.world.history:
            return found
        for check, every in CANARY_EVERY_MINUTES.items():
            minute = 30.0 - self.draw.uniform(0, every)
            while minute > -360:
                stopped = self.send(
                    good=True, other=check is Check.OTHER_CANARY, smaller=check is Check.LIGHTER_CANARY, minute=minute
                )
                seen = self.failed(check, stopped)
                slow = self.slow if seen.result is Result.PASSED else None
                found.append(self.finding(check, seen, fading(minute), minutes=minute, slow=slow))
                minute -= every
        return found

    def finding(
        self, check: Check, seen: Seen, weight: float = 1.0, *, minutes: float | None = None, slow: bool | None = None
    ) -> Finding:
        """What a check saw, as triage takes it."""
        of, shared, purse = self.other if check in ELSEWHERE else ("", None, None)
        return Finding(check, seen.result, weight, of, shared, minutes, seen.said, slow, purse, seen.pace)

    def look(self, check: Check, weight: float = 1.0) -> Finding:
        """A live check."""
        seen = self.check(check)
        return self.finding(check, seen, weight, slow=self.slow if seen.result is Result.PASSED else None)

    def month(self) -> spoken.Month:
        """What scheduled canaries on this path said in the weeks before: the same speaker, other hours."""
        if not self.world.history:
            return spoken.Month()
        draw = random.Random(self.draw.getrandbits(64))
        sent = []
        for hours in range(24, 24 * (DAYS + 1), spoken.WINDOW_HOURS):
            earlier = self.earlier(hours, random.Random(draw.getrandbits(64)))
            for minute in (draw.uniform(-60, 0), draw.uniform(0, 60)):
                seen = earlier.failed(Check.CANARY, earlier.send(good=True, minute=minute))
                sent.append(spoken.Sent(-hours, seen.kind, None))
        return spoken.read(sent, 0)

    def earlier(self, hours: float, draw: random.Random) -> "Case":
        """The same path and speaker so many hours before the failure; other days have other trouble.

        A world whose trouble comes at certain hours of the day keeps them here.
        """
        case = situation(self.world, draw)
        case.habits, case.flaky = self.habits, self.flaky
        return case


def cases(world: World, count: int, seed: int) -> Iterator[Case]:
    """Failed requests of a world whose reply does not name its cause (5xx, timeout, gateway errors)."""
    draw = random.Random(f"{world.name}/{seed}")
    made = 0
    while made < count:
        case = situation(world, random.Random(draw.getrandbits(64)))
        stopped = case.send(good=False, minute=0.0)
        if stopped is None:
            continue
        case.truth = stopped
        case.said, case.clues = case.words(stopped)
        if case.said in AMBIGUOUS:
            made += 1
            yield case


AMBIGUOUS = frozenset({Said.PROCESSING, Said.TIMEOUT, Said.GATEWAY})


def situation(world: World, draw: random.Random) -> Case:
    """What the world is like when one request is sent."""

    def trouble(share: float, median_minutes: float) -> Trouble:
        if draw.random() >= share:
            return Trouble(0, 0, 0, 0)
        length = draw.lognormvariate(math.log(median_minutes), 0.8)
        begins = -draw.random() * length
        return Trouble(begins, begins + length, draw.betavariate(1.6, 1.2), draw.getrandbits(32))

    upstream = trouble(world.incident_share, 120)
    shared = draw.random() < world.shared_upstream
    bad = draw.random() < world.bad_prompts
    borderline = draw.random() < world.borderline
    likeness = draw.random() < 0.45  # brands, persons: no pre-screen knows of them
    return (world.case or Case)(
        world=world,
        draw=draw,
        prompt_risk=0.0 if not bad else draw.uniform(0.25, 0.85) if borderline else draw.uniform(0.9, 1.0),
        screened=(0.05 if likeness else 0.9) if bad else 0.02,
        upstream=upstream,
        other_upstream=upstream if shared else trouble(world.incident_share, 120),
        gateway=trouble(world.gateway_share, 60),
        other_gateway=trouble(world.gateway_share, 60),
        queue=trouble(world.incident_share / 4, 45),
        lighter=draw.choice((0.1, 0.3, 0.6, 1.0)),
        bad_parameter=draw.random() < 0.002,
        other_takes_it=draw.random() < 0.4,
        account_closed=draw.random() < 0.001,
        network_down=draw.random() < 0.001,
        flaky=draw.uniform(0.002, 0.012),
        other=Other(
            "other", shared if draw.random() < world.told_shared else None, None if draw.random() < 0.3 else False
        ),
    )


SPOKEN: dict[Cause, tuple[tuple[Said, float], ...]] = {
    Cause.CONTENT: ((Said.PROCESSING, 0.88), (Said.TIMEOUT, 0.04), (Said.GATEWAY, 0.03), (Said.BROKEN, 0.05)),
    Cause.UPSTREAM: ((Said.PROCESSING, 0.60), (Said.TIMEOUT, 0.22), (Said.GATEWAY, 0.12), (Said.OVERLOAD, 0.06)),
    Cause.QUEUE: ((Said.OVERLOAD, 0.65), (Said.PROCESSING, 0.18), (Said.TIMEOUT, 0.12), (Said.GATEWAY, 0.05)),
    Cause.CHANNEL: ((Said.GATEWAY, 0.45), (Said.PROCESSING, 0.25), (Said.TIMEOUT, 0.15), (Said.BROKEN, 0.15)),
    Cause.PARAMETERS: ((Said.INVALID, 0.90), (Said.PROCESSING, 0.07), (Said.GATEWAY, 0.03)),
    Cause.ACCOUNT: ((Said.ACCOUNT, 0.90), (Said.GATEWAY, 0.05), (Said.PROCESSING, 0.05)),
    Cause.NETWORK: ((Said.NETWORK, 0.70), (Said.TIMEOUT, 0.28), (Said.GATEWAY, 0.02)),
    Cause.ONE_OFF: ((Said.PROCESSING, 0.55), (Said.TIMEOUT, 0.20), (Said.GATEWAY, 0.15), (Said.NETWORK, 0.10)),
}


AT_ONCE = {
    Cause.CONTENT: 0.5,
    Cause.UPSTREAM: 0.25,
    Cause.QUEUE: 0.8,
    Cause.CHANNEL: 0.5,
    Cause.PARAMETERS: 0.9,
    Cause.ACCOUNT: 0.9,
    Cause.NETWORK: 0.4,
    Cause.ONE_OFF: 0.35,
}
"""Share of the failures that come at once and not as late as a picture; it differs from speaker to speaker."""
