"""Canaries on top of the scheduled grid: bursts while a path is suspect, recovery checks while it is degraded."""

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

from probe import model
from probe.inference.detect import Detection, Settings

ROUNDING_USD = 1e-9
RECOVERY_S = 600.0
LATE_RECOVERY_S = 1800.0
LATE = dt.timedelta(hours=6)
"""An incident older than this is asked after less often."""


GRID_SHARE = 0.75
"""Share of the budget for the grid: bursts cost about a fifth of it at 3 % failing, recovery checks the rest."""

RECOVERY_SHARE = 0.5
"""Share of what the grid leaves that recovery checks may take, so that one long incident blinds nobody else."""


TRIPWIRE_SHARE = 0.2
"""Share of a channel's money for its lightest tier where that costs next to nothing beside the heaviest."""

LEAST_TRIPWIRE_SHARE = 0.1

FALLBACK_FRESH, FALLBACK_FRESH_LATER = dt.timedelta(minutes=30), dt.timedelta(hours=2)
"""A fall-back seen this recently needs no check when the preferred path turns suspect, or stays degraded."""


def tripwire_share(light_usd: float, heavy_usd: float) -> float:
    """Share of a channel's money for its lightest tier: an outage shows there first, and for less.

    Where a light picture costs what a heavy one costs it is no bargain; the tier is then watched for itself.
    """
    saved = 1 - min(light_usd / heavy_usd, 1.0) if heavy_usd else 0.0
    return max(LEAST_TRIPWIRE_SHARE, TRIPWIRE_SHARE * saved)


class Purse(NamedTuple):
    """What one UTC day's budget has left for canaries beside the grid, USD."""

    cap: float
    grid_per_day: float  # what the whole day's grid costs
    spent: float = 0.0  # today, grid and extras
    on_recovery: float = 0.0  # of that, on recovery checks

    def allows(self, trigger: model.Trigger, price: float, at: dt.datetime) -> bool:
        """May this extra be sent? The rest of the day's grid is always kept; without money probing slows to the grid."""
        utc = at.astimezone(dt.UTC)
        gone = (utc - utc.replace(hour=0, minute=0, second=0, microsecond=0)) / dt.timedelta(days=1)
        left = self.cap - self.spent - self.grid_per_day * (1 - gone)
        if trigger is model.Trigger.RECOVERY:
            left = min(left, RECOVERY_SHARE * (self.cap - self.grid_per_day) - self.on_recovery)
        return price <= left + ROUNDING_USD


class Extra(NamedTuple):
    """A canary that is wanted beside the grid, not before `at`."""

    tier: str
    trigger: model.Trigger
    at: dt.datetime


def extras(detections: Mapping[str, Detection], settings: Settings) -> tuple[Extra, ...]:
    """What one channel wants beside its grid, at most one canary a tier.

    Counted from the latest evidence of the tier: a scheduled canary or an own request in between pushes
    it back. The grid itself never moves, so that scheduled canaries stay an unbiased sample.
    """
    wanted: dict[str, Extra] = {}
    for tier, detection in detections.items():
        extra = _extra(tier, detections, settings, detection)
        if extra is not None and (extra.tier not in wanted or extra.at < wanted[extra.tier].at):
            wanted[extra.tier] = extra
    return tuple(wanted[tier] for tier in settings.tiers if tier in wanted)


def fallback_check(preferred: Detection, fall_back: Detection, now: dt.datetime) -> Extra | None:
    """One canary on the fall-back of a path that has turned suspect or worse; None: it was seen lately enough."""
    alarm_at, checked_at = preferred.alarm_at, fall_back.checked_at
    if alarm_at is None and not preferred.suspicious:
        return None
    if checked_at is not None:
        seen_since = alarm_at is not None and checked_at >= alarm_at
        if now - checked_at < (FALLBACK_FRESH_LATER if seen_since else FALLBACK_FRESH):
            return None
    return Extra(fall_back.tier, model.Trigger.CHECK_FALLBACK, now)


def _extra(tier: str, detections: Mapping[str, Detection], settings: Settings, detection: Detection) -> Extra | None:
    checked_at = detection.checked_at
    if checked_at is None:
        return None
    if detection.alarm_at is not None:
        spacing_s = LATE_RECOVERY_S if checked_at - detection.alarm_at > LATE else RECOVERY_S
        return Extra(tier, model.Trigger.RECOVERY, checked_at + dt.timedelta(seconds=spacing_s))
    if not detection.suspicious:
        return None
    # The tier that failed is asked again, unless it is known to be degraded: then the suspect itself.
    blamed = detections.get(detection.blame, detection)
    if blamed.alarm_at is not None or blamed.checked_at is None:
        blamed = detection
    since = blamed.checked_at or checked_at
    return Extra(blamed.tier, model.Trigger.BURST, since + dt.timedelta(seconds=settings.confirm_every_s))
