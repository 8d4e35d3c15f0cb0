"""Durations as people write them: a number and a unit, `5m`."""

import re

WRITTEN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)")
SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(text: str) -> float:
    """Read a duration, seconds; raises ValueError that says how one is written."""
    found = WRITTEN.fullmatch(text.strip())
    if not found:
        raise ValueError('write a duration as a number and a unit: "30s", "5m", "1h" or "2d"')
    return float(found[1]) * SECONDS[found[2]]


def written(seconds: float) -> str:
    """A duration in the largest unit of which it is a whole number, `366d`; in seconds where it is of none."""
    letter = max((each for each in SECONDS if seconds % SECONDS[each] == 0), key=SECONDS.__getitem__, default="s")
    return f"{seconds / SECONDS[letter]:g}{letter}"
