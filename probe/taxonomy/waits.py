"""How long a reply asks us to wait: headers, structured delays, and sentences in English and Chinese."""

import email.utils
import math
import re
from collections.abc import Iterable, Mapping

from probe.taxonomy.layers import Layer

WAIT_LIMIT_S = 3_600.0

_UNITS_S = {
    "ms": 0.001, "millisecond": 0.001, "milliseconds": 0.001,
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0, "秒": 1.0, "秒钟": 1.0,
    "m": 60.0, "min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0, "分": 60.0, "分钟": 60.0,
    "h": 3600.0, "hr": 3600.0, "hrs": 3600.0, "hour": 3600.0, "hours": 3600.0, "小时": 3600.0,
    "d": 86400.0, "day": 86400.0, "days": 86400.0, "天": 86400.0,
}  # fmt: skip
_AMOUNT = r"\d{1,12}(?:\.\d{1,12})?\s{0,3}(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|秒钟?|分钟?|小时|天)(?![a-z])"
_SENTENCE = re.compile(
    r"(?:(?:try|retry|again|wait|available|resets?|reset after|back off)[a-z ]{0,30}?\s(?:in|after|for|at least|about)?\s{0,3}"
    r"|(?:retry[-_ ]?after|retry[-_ ]?delay|retry[-_ ]?in)\W{0,4}"
    r"|请(?:在|等待|稍等)?\s{0,3})"
    rf"(~?{_AMOUNT}(?:[\s,]{{0,2}}(?:and )?{_AMOUNT}){{0,3}})"
)
_PART = re.compile(r"(\d{1,12}(?:\.\d{1,12})?)\s{0,3}([a-z]+|秒钟?|分钟?|小时|天)")
_DELAYS = frozenset(("retryDelay", "retry_delay"))
_SECONDS = frozenset(("resets_in_seconds", "retry_after", "retryAfter", "retry_after_seconds", "retryAfterSeconds"))


def number(text: str) -> float | None:
    """A plain decimal number of any length as a float; None for everything else, NaN and infinities by name included."""
    if not re.fullmatch(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,6})?", text.strip()):
        return None
    return float(text)


def header_s(headers: Mapping[str, str]) -> float | None:
    """`retry-after-ms`, then `retry-after` as seconds or as an HTTP date (against the reply's own `date`), in seconds."""
    if not headers:
        return None
    ms = number(headers.get("retry-after-ms", ""))
    if ms is not None:
        return ms / 1000
    # Two headers of the name arrive joined by a comma; an HTTP date has one comma of its own.
    value = headers.get("retry-after", "").strip()[:500]
    seconds = number(value.split(",")[0])
    if seconds is not None:
        return seconds
    until, now = _date_s(value), _date_s(headers.get("date", ""))
    return until - now if until is not None and now is not None else None


def _date_s(text: str) -> float | None:
    if not text or len(text) > 60:
        return None
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def sentence_s(words: str) -> float | None:
    """The wait a sentence names, in seconds; `words` are lower-case."""
    found = _SENTENCE.search(words)
    return duration_s(found[1]) if found else None


def duration_s(text: str) -> float | None:
    """`41s`, `6m0s`, `1h 2m`, `467ms`, `3 秒` -> seconds."""
    parts = _PART.findall(text.lower())
    known = [float(amount) * _UNITS_S[unit] for amount, unit in parts if unit in _UNITS_S]
    return sum(known) if known else None


def structured_s(layers: Iterable[Layer]) -> float | None:
    """RetryInfo's `retryDelay`, `resets_in_seconds` and their like; the longest, in seconds."""
    waits = [
        duration_s(value) if key in _DELAYS else number(value)
        for layer in layers
        for key, value in layer.details
        if key in _DELAYS or key in _SECONDS
    ]
    known = [wait for wait in waits if wait is not None]
    return max(known) if known else None


def clamp(wait_s: float) -> float | None:
    """Within 0..3600 s; None for what is no number."""
    if math.isnan(wait_s):
        return None
    return min(max(wait_s, 0.0), WAIT_LIMIT_S)
