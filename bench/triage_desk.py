"""The desk that the blind worlds share: how causes look in words, and the troubles that every desk sees."""

import dataclasses
import math
import random

from triage_worlds import AT_WORK, ELSEWHERE, Case, Seen, Trouble

from probe.inference.causes import Cause, Check, Clue, Said

Stops = tuple[tuple[Cause, float], ...]
Shares = dict[Cause, float]
NEVER = Trouble(0, 0, 0, 0)


@dataclasses.dataclass(frozen=True)
class Face:
    """How a cause looks: the words of its replies, and how many come at once, lie at a time limit, name the pool."""

    said: dict[Said, float]
    at_once: float
    at_a_limit: float
    names_pool: float


def face(at_once: float = 0.3, *, at_a_limit: float = 0.0, names_pool: float = 0.0, **said: float) -> Face:
    return Face({Said[name.upper()]: share for name, share in said.items()}, at_once, at_a_limit, names_pool)


FACES = {
    Cause.CONTENT: face(0.4, processing=0.85, timeout=0.06, gateway=0.09),
    Cause.UPSTREAM: face(0.3, processing=0.6, timeout=0.2, gateway=0.15, overload=0.05),
    Cause.QUEUE: face(0.75, overload=0.6, processing=0.2, timeout=0.15, gateway=0.05),
    Cause.CHANNEL: face(0.6, gateway=0.6, processing=0.15, timeout=0.15, broken=0.1, names_pool=0.4),
    Cause.PARAMETERS: face(0.9, invalid=0.55, processing=0.3, gateway=0.15),
    Cause.ACCOUNT: face(0.95, account=0.5, gateway=0.35, processing=0.15),
    Cause.NETWORK: face(0.2, network=0.55, timeout=0.4, gateway=0.05),
    Cause.ONE_OFF: face(0.35, processing=0.55, timeout=0.2, gateway=0.15, network=0.1),
}


@dataclasses.dataclass
class Desk(Case):
    """What every desk sees beside its own mechanism: refused fields, closed accounts, crowds, a line that drops.

    Unlike elsewhere these begin and end, and a gateway that flattens errors hides some of them. The other channel
    speaks for itself, and more plainly.
    """

    FACES = FACES
    REFUSED_FIELD, CLOSED, DROPPED = 0.014, 0.009, 0.013  # of requests; of time
    CROWDED, CROWD_MINUTES, CROWD_STOPS = 0.035, 60, (0.25, 0.7)  # of time
    FLAKIER = 1.6  # than elsewhere: what fails for no reason is an eighth of the specification's prior
    HIDDEN_ELSEWHERE = 0.5  # of moderation that is disguised here
    elsewhere = False  # is it the other channel that speaks

    def __post_init__(self) -> None:
        self.flaky *= self.FLAKIER
        self.bad_parameter = self.draw.random() < self.REFUSED_FIELD
        self.account = self.spell(self.CLOSED, 240, 1.0)
        self.line = self.spell(self.DROPPED, 60, self.draw.uniform(0.4, 0.9))
        self.crowd = self.spell(self.CROWDED, self.CROWD_MINUTES, self.draw.uniform(*self.CROWD_STOPS))

    def trait(self, what: str, low: float = 0.0, high: float = 1.0) -> float:
        """What is so in every hour of a case."""
        return random.Random(f"{what}/{self.flaky}").uniform(low, high)

    def spell(self, share: float, median_minutes: float, failing: float) -> Trouble:
        """Trouble in so large a share of the time, which then holds minute 0."""
        if self.draw.random() >= share:
            return NEVER
        length = self.draw.lognormvariate(math.log(median_minutes), 0.8)
        begins = -self.draw.random() * length
        return Trouble(begins, begins + length, failing, self.draw.getrandbits(32))

    def stops(self, *, good: bool, other: bool, smaller: bool, minute: float) -> Stops:
        own = self.own(good=good, other=other, smaller=smaller, minute=minute)
        common = {
            Cause.NETWORK: self.line.share(minute),
            Cause.ACCOUNT: 0.0 if other else self.account.share(minute),
            Cause.QUEUE: self.crowd.share(minute) * (0.5 if other else 1.0),
        }
        found = super().stops(good=good, other=other, smaller=smaller, minute=minute)
        return tuple((each, own.get(each, max(share, common.get(each, 0.0)))) for each, share in found)

    def own(self, *, good: bool, other: bool, smaller: bool, minute: float) -> Shares:
        """The shares in which this world differs."""
        return {}

    def at_work(self) -> frozenset[Cause]:
        stops = self.stops(good=False, other=False, smaller=False, minute=0.0)
        return frozenset({self.truth, *(cause for cause, share in stops if share >= AT_WORK)})

    def send(self, *, good: bool, other: bool = False, smaller: bool = False, minute: float) -> Cause | None:
        self.elsewhere = other
        return super().send(good=good, other=other, smaller=smaller, minute=minute)

    def check(self, check: Check) -> Seen:
        self.elsewhere = check in ELSEWHERE
        return super().check(check)

    def face(self, stopped: Cause) -> Face:
        return self.FACES[stopped]

    def words(self, stopped: Cause) -> tuple[Said, tuple[Clue, ...]]:
        draw = self.draw
        hidden = self.world.disguised * (self.HIDDEN_ELSEWHERE if self.elsewhere else 1.0)
        if stopped is Cause.CONTENT and draw.random() >= hidden:
            return Said.MODERATION, ()
        seen = self.face(stopped)
        habits = self.habits.setdefault(stopped, [draw.gammavariate(4, 1) for _ in Said])
        weights = [seen.said.get(said, 0.0) * habit for said, habit in zip(Said, habits, strict=True)]
        said = draw.choices(list(Said), weights)[0]
        clues = [Clue.NAMES_POOL] if said is Said.GATEWAY and draw.random() < seen.names_pool else []
        if said in {Said.PROCESSING, Said.GATEWAY}:
            clues.append(Clue.AT_ONCE if draw.random() < seen.at_once else Clue.LATE)
        elif said is Said.TIMEOUT and draw.random() < seen.at_a_limit:
            clues.append(Clue.TIME_LIMIT)
        return said, tuple(clues)
