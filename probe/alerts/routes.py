"""What to use for every tier and job as things are now, and which of that is news."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from probe.inference import recommend, routing, states
from probe.records import history, told

if TYPE_CHECKING:
    from probe.config import schema

MEMORY = dt.timedelta(days=30)
MOST_REMEMBERED = 12_000
"""How far back, and how many outcomes at most, a route is chosen from."""


class Change(NamedTuple):
    """A tier's or a job's route that is another one than people were told."""

    before: told.Route
    now: told.Route


def read(config: "schema.Config", known: Sequence[told.Route], at: dt.datetime) -> tuple[told.Route, ...]:
    """The routes by what history shows at `at`; what is in use is left only for a clear gain. Takes about a second."""
    with history.open(config.database) as past:
        judged = [*past.outcomes(at - MEMORY, at, limit=MOST_REMEMBERED, newest_first=True)][::-1]
    board, used = states.board(judged, config), {(route.tier, route.job): route.channel for route in known}
    work = [(tier, "", routing.BATCH, True) for tier in dict.fromkeys(path.tier for path in config.paths())]
    for job in config.job:
        needs = recommend.Needs(job.usd_per_minute, job.max_usd, job.max_wait_s)
        work += [(tier, job.name, needs, job.native_only) for tier in job.tiers]
    found = []
    for tier, name, needs, native_only in work:
        candidates = routing.candidates(judged, config, tier, board, at, native_only=native_only)
        ranked = recommend.rank(tier, candidates, needs, rng=None, current=used.get((tier, name)))
        if ranked.choice is not None:
            found.append(route(tier, name, ranked.choice, ranked.fall_back[0].channel if ranked.fall_back else ""))
    return tuple(found)


def route(tier: str, job: str, choice: recommend.Offer, then: str) -> told.Route:
    return told.Route(tier, job, choice.candidate.path.channel, choice.attempts, then, choice.usd, choice.minutes)


def changes(known: Iterable[told.Route], now: Iterable[told.Route]) -> Iterator[Change]:
    """The routes that lead to another channel than the ones people know of."""
    before = {(each.tier, each.job): each for each in known}
    for each in now:
        old = before.get((each.tier, each.job))
        if old is not None and old.channel != each.channel:
            yield Change(old, each)
