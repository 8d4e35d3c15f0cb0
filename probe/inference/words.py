"""Shares, prices, factors and durations in the words people read."""

import datetime as dt


def failing(share: float) -> str:
    """`about 40 % fail`; rounded to what a few dozen canaries can tell."""
    if share >= 0.86:
        return "nearly all fail"
    return f"about {5 * max(1, round(share * 20))} % fail"


def percent(share: float, digits: int = 0) -> str:
    """`97 %`; what is not quite all or nothing never reads as 100 % or 0 %."""
    text = f"{100 * share:.{digits}f}"
    if share < 1 and float(text) == 100:
        return f">{100 - 10**-digits:.{digits}f} %"
    if share > 0 and float(text) == 0:
        return f"<{10**-digits:.{digits}f} %"
    return f"{text} %"


def usd(value_usd: float) -> str:
    """`$0.40`; prices below ten cents keep two significant digits."""
    if value_usd == 0 or value_usd >= 0.095:
        return f"${value_usd:,.2f}"
    return f"${value_usd:.2g}" if value_usd >= 0.0001 else "<$0.0001"


def canaries(number: int) -> str:
    """`1 canary`, `11 canaries`."""
    return f"{number:,} {'canary' if number == 1 else 'canaries'}"


FEW_SEEN = "mostly what is usual elsewhere"
"""Said of a path of which too little was seen to call it healthy by its own canaries."""


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
