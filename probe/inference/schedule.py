"""Canaries on top of the scheduled grid: bursts while a path is suspect, recovery checks while it is degraded."""

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

from probe import model
from probe.inference.detect import Detection, Settings

RECOVERY_S = 600.0
LATE_RECOVERY_S = 1800.0
LATE = dt.timedelta(hours=6)
"""An incident older than this is asked after less often."""


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
