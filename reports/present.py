"""What is so at one moment: the state of every path, since when, and what to use; read from history without a period."""

import dataclasses
import datetime as dt
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from probe import model
from probe.inference import recommend, routing, states

if TYPE_CHECKING:
    from probe.config import schema
    from probe.inference import change, detect
    from probe.records import history

MEMORY = dt.timedelta(days=30)
MOST_REMEMBERED = 12_000
"""How far back, and how many at most, outcomes decide what is so."""

CALM_INTERVALS = 3.0
"""Advice stands for so many canary intervals without new evidence (then the state is unknown, too)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Estimate:
    """A moment with its 90 % range."""

    at: dt.datetime
    low: dt.datetime
    high: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class PathNow:
    """One path at that moment, with what the config says of it."""

    state: model.PathState
    since: Estimate | None = None  # of a degraded or recovering state
    failing: float | None = None  # share failing now, where that raised the alarm
    price_usd: float | None = None  # list price; None: not in the config
    deadline_s: float | None = None
    usable_within_s: float | None = None
    target_success: float | None = None
    upstream: str = ""  # name of the upstream it shares with other channels
    observations: int | None = None  # pieces of own evidence so far
    usual_failing: float | None = None  # share failing while healthy, as learned

    @property
    def path(self) -> model.Path:
        return self.state.path


@dataclasses.dataclass(frozen=True, slots=True)
class Advice:
    """What to use for a tier (or a job at that tier), and until when that stands."""

    tier: str
    job: str  # name of a `[[job]]`; "": any work at this tier
    batch: recommend.Recommendation
    urgent: recommend.Recommendation | None  # for work that somebody waits for; None: the job says what waiting costs
    checked_at: dt.datetime | None  # latest evidence on the chosen path
    valid_until: dt.datetime | None  # without new evidence; an alarm ends it at once


@dataclasses.dataclass(frozen=True, slots=True)
class Present:
    """Every configured path, and what to use."""

    paths: Mapping[model.Path, PathNow]
    advice: tuple[Advice, ...]
    simulated: bool  # are outcomes that a scenario made up among the evidence?

    def find(self, path: model.Path) -> PathNow:
        """One that has left the config has no state, price or limits."""
        gone = PathNow(model.PathState(path, model.State.UNKNOWN, reason="no longer in the config"))
        return self.paths.get(path, gone)


def read(config: "schema.Config", past: "history.History", at: dt.datetime, *, published: bool) -> Present:
    """What is so at a moment; with `published`, the daemon's own states stand where it has told any."""
    configured = frozenset(config.paths())
    latest = list(past.outcomes(at - MEMORY, at, limit=MOST_REMEMBERED, newest_first=True))
    judged = [one for one in reversed(latest) if one.outcome.path in configured]
    board = states.board(judged, config)
    found = {state.path: state for state in board.states(at)}
    if published:
        found |= {state.path: state for state in past.states() if state.path in found}
    detections = board.detections(at)
    paths = {path: path_now(config, found[path], detections[path], board.trouble_since(path)) for path in found}
    simulated = any(one.outcome.trigger is model.Trigger.SIMULATED for one in judged)
    return Present(paths, tuple(read_advice(config, judged, board, paths, at)), simulated)


def path_now(
    config: "schema.Config", state: model.PathState, detection: "detect.Detection", begun: "change.Moment | None"
) -> PathNow:
    troubled = state.state in {model.State.DEGRADED, model.State.RECOVERING}
    return PathNow(
        state,
        since=since(state, begun) if troubled else None,
        failing=detection.about_failing if troubled else None,
        price_usd=config.price_usd(state.path),
        deadline_s=config.deadline_s(state.path),
        usable_within_s=config.usable_within_s(state.path),
        target_success=config.find(state.path.channel).target_success,
        upstream=config.find(state.path.channel).upstream,
        observations=detection.observations,
        usual_failing=detection.healthy_failing if detection.observations else None,
    )


def since(state: model.PathState, begun: "change.Moment | None") -> Estimate | None:
    """When the trouble began: the published moment, so that every command names the same one, with its range.

    The daemon may have dated it by more history than was read here, and then its moment widens the range.
    """
    found = estimate(begun) if begun else None
    if state.since is None or found is None:
        return found
    return Estimate(state.since, min(found.low, state.since), max(found.high, state.since))


def read_advice(
    config: "schema.Config",
    judged: Sequence[model.Judged],
    board: states.Board,
    paths: Mapping[model.Path, PathNow],
    at: dt.datetime,
) -> Iterator[Advice]:
    """For every tier, then for every job; the draws are seeded, so that the same history gives the same advice."""
    spacing_s = states.spacing_s(judged)
    rng = random.Random(0)  # noqa: S311 - a simulation

    def advice(tier: str, job: str, batch: recommend.Recommendation, urgent: recommend.Recommendation | None) -> Advice:
        path = batch.choice.candidate.path if batch.choice else None
        checked_at = paths[path].state.checked_at if path else None
        stands_s = CALM_INTERVALS * spacing_s.get(path, states.DEFAULT_CALM_S) if path else 0.0
        valid_until = checked_at + dt.timedelta(seconds=stands_s) if checked_at else None
        return Advice(tier, job, batch, urgent, checked_at, valid_until)

    batches = routing.tiers(judged, config, at, rng=rng, board=board)
    urgents = routing.tiers(judged, config, at, rng=None, needs=routing.URGENT, board=board)
    for batch, urgent in zip(batches, urgents, strict=True):
        yield advice(batch.tier, "", batch, urgent)
    for job in config.job:
        for found in routing.job(judged, config, job, at, rng=rng, board=board):
            yield advice(found.tier, job.name, found, None)


def estimate(moment: "change.Moment") -> Estimate:
    return Estimate(*moment)
