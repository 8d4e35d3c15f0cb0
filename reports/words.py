"""How numbers, money, spans and moments read to a person; the one place that words them."""

import datetime as dt
from collections.abc import Iterable

from probe.inference import words as worded

percent, usd = worded.percent, worded.usd


def percents(low: float, high: float, digits: int = 0) -> str:
    """`94-99`: a range of shares in per cent, without the sign."""
    return f"{100 * low:.{digits}f}-{100 * high:.{digits}f}"


def seconds(value_s: float) -> str:
    """A latency: `4.2 s`, `48 s`, `4.6 min`."""
    size_s, unit, digits = scale(value_s)
    return f"{value_s / size_s:.{digits}f} {unit}"


def seconds_with_range(value_s: float, low_s: float, high_s: float | None) -> str:
    """`4.6 min (4.1-5.0)`; the upper end None = beyond the deadline."""
    size_s, _, digits = scale(value_s)
    low = f"{low_s / size_s:.{digits}f}"
    return f"{seconds(value_s)} ({low}-{f'{high_s / size_s:.{digits}f}' if high_s is not None else 'timeout'})"


def scale(value_s: float) -> tuple[float, str, int]:
    """Seconds in the unit, its name, and the digits that a latency is told in."""
    return (60.0, "min", 1) if value_s >= 120 else (1.0, "s", 0 if value_s >= 10 else 1)


def rfc3339(at: dt.datetime | None) -> str | None:
    """`2026-08-13T02:19:00Z`: a moment for programs."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def span(value_s: float) -> str:
    """How long something lasts, in its two largest units: `3 h 10 min`, `2 d 4 h`."""
    minutes = round(value_s / 60)
    if minutes < 1:
        return f"{max(value_s, 0):.0f} s"
    days, rest = divmod(minutes, 1440)
    hours, minutes = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    while parts and not parts[0][0]:
        parts.pop(0)
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count)


def moment(at: dt.datetime, near: dt.datetime | None = None) -> str:
    """`02:20 UTC` on the day of `near`, `Nov 23 02:20 UTC` within about a year of it, else with the year."""
    return f"{clock(at, near)} UTC"


def clock(at: dt.datetime, near: dt.datetime | None = None) -> str:
    """`moment` without the zone, for columns and ranges that name it once."""
    return f"{at.astimezone(dt.UTC):%H:%M}" if near is not None and same_day(at, near) else dated(at, near)


def dated(at: dt.datetime, near: dt.datetime | None) -> str:
    """`Nov 23 02:20`, with the year where that could be another."""
    close = near is not None and abs(at - near) < dt.timedelta(days=300)
    return f"{at.astimezone(dt.UTC):{'%b %d' if close else '%Y-%m-%d'} %H:%M}"


def clock_range(first: dt.datetime, last: dt.datetime, near: dt.datetime | None = None) -> str:
    """`01:55-02:35`; `Nov 23 22:10 to Nov 24 02:35` where the days differ."""
    if same_day(first, last):
        return f"{clock(first, near)}-{clock(last, last)}"
    return f"{dated(first, near)} to {dated(last, near)}"


def around(low: dt.datetime, high: dt.datetime, at: dt.datetime) -> str:
    """The range of a moment that is told beside it; a day stands where it is not that of the moment."""
    return f"{clock(low, at)}-{clock(high, at)}"


def same_day(one: dt.datetime, other: dt.datetime) -> bool:
    """The same UTC day."""
    return one.astimezone(dt.UTC).date() == other.astimezone(dt.UTC).date()


def period(since: dt.datetime, until: dt.datetime) -> str:
    """`Nov 10 06:10 to Nov 24 06:10 UTC, 2026 (14 d)`; with both years where they differ."""
    lasted = span((until - since).total_seconds())
    if since.year == until.year:
        return f"{since:%b %d %H:%M} to {until:%b %d %H:%M} UTC, {until:%Y} ({lasted})"
    return f"{since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC ({lasted})"


def ago(at: dt.datetime, now: dt.datetime) -> str:
    """`6 min ago`."""
    passed_s = (now - at).total_seconds()
    return "just now" if passed_s < 30 else f"{span(passed_s)} ago"


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 canary`, `41 canaries`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {plural or plural_of(noun)}"


def plural_of(noun: str) -> str:
    return (
        noun[:-1] + "ies"
        if noun.endswith("y") and noun[-2] not in "aeiou"
        else noun + ("es" if noun.endswith(("ch", "sh", "s", "x")) else "s")
    )


def sentence(clause: str) -> str:
    """A clause as a sentence: a capital first, but where it begins with the name of a path, and a full stop last."""
    is_path = "/" in clause.partition(" ")[0]
    return f"{clause[:1] if is_path else clause[:1].upper()}{clause[1:].rstrip('.')}."


def listed(items: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    words = list(items)
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
