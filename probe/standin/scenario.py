"""What channels do and when: a scenario as frozen values, and the answer it gives to one request."""

import dataclasses
import datetime as dt
import fnmatch
import math
import pathlib
import random
from collections.abc import Mapping
from types import MappingProxyType

from probe import model
from probe.standin import delivery, reading, replies, rows, spelling

HANG_S = 1800.0
"""How long a hanging request is held, scenario seconds: longer than any sensible deadline."""


KINDS = frozenset(model.Kind)
"""Words of `failures` that are no named replies."""


@dataclasses.dataclass(frozen=True, slots=True)
class Pace:
    """How long a failure takes: about `fixed_s` whatever was ordered, or a share of what a picture takes."""

    fixed_s: float | None = None
    share: tuple[float, float] = (1.0, 1.0)


PACES: Mapping[model.Kind, Pace] = MappingProxyType(
    {
        model.Kind.MODERATION_INPUT: Pace(fixed_s=3.0),
        model.Kind.MODERATION_OUTPUT: Pace(share=(0.9, 1.1)),  # the picture was made, then refused
        model.Kind.INVALID_REQUEST: Pace(fixed_s=0.4),
        model.Kind.AUTH: Pace(fixed_s=0.3),
        model.Kind.PERMISSION: Pace(fixed_s=0.4),
        model.Kind.MODEL_NOT_FOUND: Pace(fixed_s=0.3),
        model.Kind.QUOTA_EXHAUSTED: Pace(fixed_s=0.4),
        model.Kind.RATE_LIMITED: Pace(fixed_s=0.3),
        model.Kind.OVERLOADED: Pace(fixed_s=1.0),
        model.Kind.PROCESSING_ERROR: Pace(share=(0.5, 1.2)),
        model.Kind.GATEWAY_ERROR: Pace(fixed_s=5.0),
        model.Kind.NETWORK: Pace(share=(0.2, 1.0)),
        model.Kind.PAYLOAD_TOO_LARGE: Pace(fixed_s=0.6),
        model.Kind.NO_IMAGE: Pace(share=(0.3, 0.9)),
        model.Kind.DEGRADED_IMAGE: Pace(),
        model.Kind.MALFORMED_RESPONSE: Pace(),
        model.Kind.UNKNOWN: Pace(fixed_s=2.0),
    }
)
"""Refusals come at once; what fails while or after a picture is made takes as long as a picture. Time-outs hang."""


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What the n-th request on a path gets.

    `kind` is what a right classifier says before `delivers` is applied; `reply` names the reply of
    the catalogue where the scenario does, "" = the voice's usual one for the kind.
    """

    kind: model.Kind
    reply: str
    latency_s: float
    made_s: float  # when the picture is ready upstream, whether or not anybody still waits
    delivers: delivery.Delivery

    def judged(self, order: model.Order | None = None) -> model.Kind:
        """The right kind with `delivers` applied, for a request that ordered this."""
        return self.delivers.judged(order) if self.kind is model.Kind.OK else self.kind


@dataclasses.dataclass(frozen=True, slots=True)
class Scenario:
    """A checked scenario file. `hours` is how long a backtest runs; a server goes on afterwards."""

    name: str = "quiet"
    start: dt.datetime = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    hours: float = 24.0
    channels: tuple[rows.Channel, ...] = ()
    steady: tuple[rows.Row, ...] = ()
    incidents: tuple[rows.Row, ...] = ()

    @property
    def end(self) -> dt.datetime:
        return self.start + dt.timedelta(hours=self.hours)


def find(name: str) -> pathlib.Path:
    """A scenario file of that path, or a shipped one of that name; raises ScenarioError."""
    path = pathlib.Path(name)
    try:
        if path.is_file():
            return path
    except OSError as error:
        raise reading.ScenarioError([f"{name!r} cannot be read: {error.strerror}"]) from error
    known = shipped()
    if name in known:
        return known[name]
    hint = spelling.hint(name, known, f"shipped are {', '.join(known)}")
    raise reading.ScenarioError([f"no file and no shipped scenario is called {name!r}; {hint}"])


def shipped() -> dict[str, pathlib.Path]:
    """The scenario files inside this package, by name."""
    folder = pathlib.Path(__file__).parent / "scenarios"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load(path: pathlib.Path) -> Scenario:
    """Read and check a scenario file; raises ScenarioError with all faults at once."""
    return parse(reading.table(path), str(path))


def parse(table: Mapping[str, object], source: str = "scenario") -> Scenario:
    """Check a scenario given as a table; raises ScenarioError with all faults at once."""
    return Scenario(**reading.fields(table, source))


def moved(scenario: Scenario, start: dt.datetime) -> Scenario:
    """The same scenario with every time moved so that it begins at `start`."""
    by = start - scenario.start
    return dataclasses.replace(
        scenario,
        start=start,
        incidents=tuple(
            dataclasses.replace(row, begins=row.begins + by, ends=row.ends + by) for row in scenario.incidents
        ),
    )


def alone(scenario: Scenario, calm: rows.Row) -> Scenario:
    """The part of a scenario that names the channel of `calm` in full, laid over `calm`."""
    steady = (row for row in scenario.steady if row.channel == calm.channel)
    incidents = (row for row in scenario.incidents if row.channel == calm.channel)
    channels = (rows.Channel(calm.channel, calm.channel),)
    return dataclasses.replace(scenario, channels=channels, steady=(calm, *steady), incidents=tuple(incidents))


def skipped(scenario: Scenario, hours: float) -> Scenario:
    """The same scenario, begun so many hours later."""
    return dataclasses.replace(
        scenario, start=scenario.start + dt.timedelta(hours=hours), hours=max(scenario.hours - hours, 0.0)
    )


def answer(scenario: Scenario, channel: str, tier: str, at: dt.datetime, n: int, seed: int) -> Answer:
    """What the n-th request on `channel/tier`, sent at `at`, gets. Pure: same arguments, same answer.

    In order: which rows hold now, does it fail, how, how long it takes.
    """
    draw = random.Random(f"{seed}/{channel}/{tier}/{n}")  # noqa: S311 - reproducible by purpose
    fails, which, strength, spread = draw.random(), draw.random(), draw.random(), draw.random()
    bell = draw.gauss()
    now = behaviour(scenario, channel, tier, at, strength)
    success_s = now.latency.median_s * math.exp(now.latency.sigma * bell) * now.latency_factor
    if fails >= now.failing(channel, at, seed):
        return Answer(model.Kind.OK, "", success_s, success_s, now.delivers)
    return failure(pick(now.failures, which), success_s, now.delivers, spread, bell)


def failure(name: str, success_s: float, delivers: delivery.Delivery, spread: float, bell: float) -> Answer:
    """The answer that fails by a kind or by a named reply; a faulty picture is a success with another delivery."""
    row = replies.of_kind(model.Kind(name)) if name in KINDS else replies.catalogue()[name]
    if row and row.pictured and not row.act:
        return Answer(model.Kind.OK, "", success_s, success_s, delivery.parse(row.delivers))
    kind = row.kind if row else model.Kind(name)
    latency_s = failure_s(kind, row, success_s, spread, bell)
    return Answer(kind, "" if name in KINDS else name, latency_s, success_s, delivers)


def behaviour(scenario: Scenario, channel: str, tier: str, at: dt.datetime, strength: float) -> rows.Behaviour:
    """What a path does at a moment: its rows laid over each other, later ones on top.

    `strength`, uniform over 0..1, decides whether a request already meets the failures and
    deliveries of an incident that is still on its ramp.
    """
    now = rows.Behaviour()
    for row in (*scenario.steady, *scenario.incidents):
        if fnmatch.fnmatchcase(channel, row.channel) and fnmatch.fnmatchcase(tier, row.tier):
            weight = row.weight(at)
            if weight > 0:
                now = now.under(row, weight, met=strength < weight)
    return now


def pick(failures: tuple[tuple[str, float], ...], which: float) -> str:
    """The name whose share of 0..1 `which` falls into."""
    for name, share in failures:
        which -= share
        if which < 0:
            return name
    return failures[-1][0]


def failure_s(kind: model.Kind, row: replies.Row | None, success_s: float, spread: float, bell: float) -> float:
    """Latency of a failure, seconds; an intermediary's fixed limit is kept to within 0.3 s."""
    if kind is model.Kind.TIMEOUT and not (row and row.after_s):
        return HANG_S
    if row and row.after_s:
        return row.after_s + 0.3 * spread
    if row and row.pictured:
        return success_s
    pace = PACES[kind]
    if pace.fixed_s is None:
        low, high = pace.share
        return success_s * (low + (high - low) * spread)
    return pace.fixed_s * math.exp(0.4 * bell)
