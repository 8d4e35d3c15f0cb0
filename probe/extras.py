"""Canaries beside the scheduled grid: what the evidence asks for now, and what the day's budget still allows."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from probe import model, plan
from probe.inference import detect, schedule, states

if TYPE_CHECKING:
    from probe.config import schema
    from probe.records import history

Wanted = tuple[model.Path, model.Trigger]


def wanted(
    config: "schema.Config", board: states.Board, busy: Collection[model.Path], now: dt.datetime
) -> tuple[Wanted, ...]:
    """The canaries to send now beside the grid, at most one a path, none on a path whose last one is still out.

    1. bursts on suspect paths and recovery checks on degraded ones, when their spacing has passed;
    2. one on the fall-back of a path in trouble, unless it was seen working just now.
    """
    if board.calm_everywhere():
        return ()
    found: dict[model.Path, model.Trigger] = {}
    for path, extra in (*board.extras(now), *fall_backs(config, board.detections(now), now)):
        if extra.at <= now and path not in busy:
            found.setdefault(path, extra.trigger)
    return tuple(found.items())


def fall_backs(
    config: "schema.Config", detections: Mapping[model.Path, detect.Detection], now: dt.datetime
) -> tuple[tuple[model.Path, schedule.Extra], ...]:
    """For each tier whose cheapest channel is in trouble, a check of the next cheapest that is not."""
    found = []
    for tier in dict.fromkeys(path.tier for path in detections):
        first, *others = sorted((path for path in detections if path.tier == tier), key=config.price_usd)
        spare = next((path for path in others if detections[path].alarm_at is None), None)
        extra = schedule.fallback_check(detections[first], detections[spare], now) if spare else None
        if spare and extra:
            found.append((spare, extra))
    return tuple(found)


def purse(config: "schema.Config", drawn: plan.Plan, past: "history.History", now: dt.datetime) -> schedule.Purse:
    """What today's budget has left for canaries beside the grid."""
    today = now.astimezone(dt.UTC).date()
    return schedule.Purse(
        cap=config.budget.usd_per_day,
        grid_per_day=drawn.usd_per_day,
        spent=past.spent_usd(today),
        on_recovery=past.spent_usd(today, model.Trigger.RECOVERY),
    )
