"""Hours of the week, written `22:00-07:00` or `Sat,Sun 02:00-04:30`: is a moment within, and until when."""

import dataclasses
import datetime as dt
import re
import zoneinfo

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WRITTEN = re.compile(r"(?:(?P<days>[A-Za-z,\s-]+?)\s+)?(?P<start>\d{1,2}:\d\d)\s*-\s*(?P<end>\d{1,2}:\d\d)", re.ASCII)
RIGHT = (
    'write hours as "22:00-07:00", with days in front where they matter: "Mon-Fri 22:00-07:00" or "Sat,Sun 02:00-04:30"'
)


@dataclasses.dataclass(frozen=True, slots=True)
class Hours:
    """A stretch of time that begins on each of these days (0 = Monday); one that ends earlier ends the next day."""

    days: frozenset[int]
    start: dt.time
    end: dt.time

    def until(self, at: dt.datetime, zone: dt.tzinfo) -> dt.datetime | None:
        """When the stretch that holds `at` ends, UTC; None: `at` lies outside. Days and hours are those of `zone`."""
        today = at.astimezone(zone).date()
        for day in (today - dt.timedelta(days=1), today):
            last = day if self.end > self.start else day + dt.timedelta(days=1)
            starts, ends = (
                dt.datetime.combine(when, hour, zone).astimezone(dt.UTC)
                for when, hour in ((day, self.start), (last, self.end))
            )
            if day.weekday() in self.days and starts <= at < ends:
                return ends
        return None


def parse(text: str) -> Hours:
    """Read hours; raises ValueError that says how they are written."""
    found = WRITTEN.fullmatch(text.strip())
    if not found:
        raise ValueError(RIGHT)
    try:
        start, end = (dt.time.fromisoformat(found[name].zfill(5)) for name in ("start", "end"))
        return Hours(_days(found["days"]), start, end)
    except ValueError as error:
        raise ValueError(RIGHT) from error


def _days(text: str | None) -> frozenset[int]:
    """`Mon-Fri,Sun` -> {0, 1, 2, 3, 4, 6}; None = every day; `Sat-Mon` goes over the week's end."""
    if text is None:
        return frozenset(range(7))
    days = set[int]()
    for part in text.split(","):
        first, dash, last = (word.strip().capitalize() for word in part.partition("-"))
        begin = DAYS.index(first)
        length = (DAYS.index(last) - begin) % 7 if dash else 0
        days |= {(begin + step) % 7 for step in range(length + 1)}
    return frozenset(days)


def zone(name: str) -> dt.tzinfo:
    """A time zone by its IANA name; raises ValueError for one that is not known here."""
    if name == "UTC":
        return dt.UTC  # known without the system's table of zones
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError('is no time zone known on this machine; for example "UTC" or "Asia/Shanghai"') from error
