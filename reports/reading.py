"""Reads a period from history, once, into a `Window`: the only place where reports meet the database."""

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

from probe import model
from reports import window

if TYPE_CHECKING:
    from probe.config import schema
    from probe.records import history

DEFAULT_PERIOD = dt.timedelta(days=14)


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """Which paths and which period; None = all, or the default."""

    since: dt.datetime | None = None
    until: dt.datetime | None = None
    channels: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()

    def takes(self, path: model.Path) -> bool:
        return (not self.channels or path.channel in self.channels) and (not self.tiers or path.tier in self.tiers)


def read(
    config: "schema.Config", past: "history.History", now: dt.datetime, choice: Choice = Choice()
) -> window.Window:
    """One pass over the outcomes of the period; published states only where the period reaches until now."""
    until = choice.until or now
    since = choice.since or until - DEFAULT_PERIOD
    configured = config.paths()
    stored = tuple(path for path in past.paths() if path not in configured)
    shots: dict[model.Path, list[window.Shot]] = {path: [] for path in (*configured, *stored) if choice.takes(path)}
    for judged in past.outcomes(since=since, until=until):
        if judged.outcome.path in shots:
            shots[judged.outcome.path].append(window.shot(judged))
    states = {state.path: state for state in past.states()} if until >= now else {}
    beat = past.heartbeat()
    paths = tuple(
        facts(config, path, tuple(taken), states.get(path))
        for path, taken in shots.items()
        if taken or path in configured
    )
    return window.Window(
        since,
        until,
        now,
        paths,
        config.budget.usd_per_day,
        past.spent_usd(until.astimezone(dt.UTC).date()),
        beat.at if beat else None,
        watched=beat is not None and (now - beat.at).total_seconds() <= beat.stale_after_s,
    )


def facts(
    config: "schema.Config",
    path: model.Path,
    shots: tuple[window.Shot, ...],
    state: model.PathState | None,
) -> window.PathFacts:
    """The facts of one path; one that has left the config keeps its history and loses price and limits."""
    if path not in config.paths():
        return window.PathFacts(path, state=state, shots=shots)
    channel = config.find(path.channel)
    return window.PathFacts(
        path,
        price_usd=config.price_usd(path),
        deadline_s=config.deadline_s(path),
        usable_within_s=config.usable_within_s(path),
        target_success=channel.target_success,
        upstream=channel.upstream,
        state=state,
        shots=shots,
    )
