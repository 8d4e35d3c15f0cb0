"""Shares, factors and durations in the words people read."""

import datetime as dt


def failing(share: float) -> str:
    """`about 40 % fail`; rounded to what a few dozen canaries can tell."""
    if share >= 0.86:
        return "nearly all fail"
    return f"about {5 * max(1, round(share * 20))} % fail"


def slower(factor: float) -> str:
    """`twice as slow`, `1.6 times as slow`."""
    if 1.85 <= factor < 2.15:
        return "twice as slow"
    return f"{factor:.1f} times as slow" if factor >= 1.1 else "often slower than usual"


def ago(then: dt.datetime, now: dt.datetime) -> str:
    """`6 min`, `3 h`, `2 d`: how long ago."""
    return span((now - then).total_seconds())


def span(seconds: float) -> str:
    """A length of time in one unit."""
    minutes = max(0, round(seconds / 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{round(minutes / 60)} h" if minutes < 2880 else f"{round(minutes / 1440)} d"
