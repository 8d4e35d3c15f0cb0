"""When did a path begin to deliver something else: another size, format, origin, quality or pace, and for good?"""

import datetime as dt
import math
import statistics as numbers
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from probe import model, tokens

LASTING = 5
"""So many deliveries in a row that differ alike are a change; fewer may be a passing fault."""

SETTLED = 5
"""So many deliveries before it must have been alike, or there was nothing to change from."""

WEB_ROUTE_PX = 1_572_864
"""Reverse web routes deliver about this many pixels whatever is ordered (1254x1254, 1672x941, 1086x1448 ...)."""

PACE_FACTOR = 1.5
"""Medians that differ less are the same pace."""

PACE_Z = 5.0
"""Rank-sum score above which two paces differ: the best of all splits reaches it by chance less than once in 1,000."""

PACE_EACH = 20
"""Deliveries needed on either side of a change of pace."""


class Change(NamedTuple):
    """One lasting change of what a path delivers; `after` deliveries have confirmed it."""

    what: str  # size, format, origin, quality, pace
    at: dt.datetime  # when the first delivery of the new kind was sent
    before: str
    now: str
    after: int

    def sentence(self, path: model.Path) -> str:
        """`vip/4k-high: since 2026-06-16 every picture is 1254x1254, not 3840x2160`."""
        if self.what == "pace":
            return f"{path}: since {self.at:%Y-%m-%d} a picture takes {self.now}, not {self.before}"
        words = {"size": "is", "format": "is a", "origin": "comes from", "quality": "is of quality"}[self.what]
        return f"{path}: since {self.at:%Y-%m-%d} every picture {words} {self.now}, not {self.before}"


class Delivery(NamedTuple):
    """What is looked at of one delivered picture; "" or None where nothing is known."""

    at: dt.datetime
    size: str = ""
    format: str = ""
    origin: str = ""
    quality: str = ""
    latency_s: float | None = None


def delivery(judged: model.Judged) -> Delivery | None:
    """The delivered facts of an outcome; None where no picture came."""
    outcome = judged.outcome
    evidence, picture = outcome.evidence, outcome.evidence.picture
    if picture is None or not picture.width_px or outcome.excluded:
        return None
    return Delivery(
        outcome.sent_at,
        family(picture.width_px, picture.height_px),
        picture.format,
        picture.provenance,
        quality(evidence, picture),
        outcome.latency_s,
    )


def family(width_px: int, height_px: int) -> str:
    """The size, or one word for the sizes of the reverse web routes, which vary by a few pixels."""
    if abs(width_px * height_px - WEB_ROUTE_PX) <= 0.002 * WEB_ROUTE_PX:
        return "about 1.57 megapixels"
    return f"{width_px}x{height_px}"


def quality(evidence: model.Evidence, picture: model.Picture) -> str:
    """The quality that the reported tokens stand for at the delivered size; "" where they stand for none or several."""
    if evidence.order is None or evidence.image_tokens is None:
        return ""
    size = picture.width_px, picture.height_px
    named = tokens.qualities_by_tokens(evidence.order.model, *size, evidence.image_tokens)
    return named[0] if len(named) == 1 else ""


def changes(judged: Iterable[model.Judged]) -> tuple[Change, ...]:
    """The latest lasting change of each kind on one path, oldest first; outcomes in order of sending."""
    seen = [one for one in map(delivery, judged) if one is not None]
    found = [_word(what, seen, read) for what, read in WORDS.items()]
    found.append(_pace(seen))
    return tuple(sorted((one for one in found if one is not None), key=lambda one: one.at))


WORDS: dict[str, Callable[[Delivery], str]] = {
    "size": lambda one: one.size,
    "format": lambda one: one.format,
    "origin": lambda one: one.origin,
    "quality": lambda one: one.quality,
}
"""What is compared as a word."""


def _word(what: str, seen: Sequence[Delivery], read: Callable[[Delivery], str]) -> Change | None:
    """The unbroken run at the end against what came just before it."""
    known = [(one.at, read(one)) for one in seen if read(one)]
    if not known:
        return None
    now = known[-1][1]
    start = len(known)
    while start and known[start - 1][1] == now:
        start -= 1
    before = [word for _, word in known[max(start - SETTLED, 0) : start]]
    if len(known) - start < LASTING or len(before) < SETTLED or len(set(before)) > 1:
        return None
    return Change(what, known[start][0], before[-1], now, len(known) - start)


def _pace(seen: Sequence[Delivery]) -> Change | None:
    """The split of latencies with the largest rank-sum score, where it is large and the medians are far apart."""
    timed = [(one.at, one.latency_s) for one in seen if one.latency_s]
    total = len(timed)
    if total < 2 * PACE_EACH:
        return None
    ranks = _ranks([latency_s for _, latency_s in timed])
    best, best_z, rank_sum = 0, 0.0, sum(ranks[: PACE_EACH - 1])
    for split in range(PACE_EACH, total - PACE_EACH + 1):
        rank_sum += ranks[split - 1]
        mean = split * (total + 1) / 2
        spread = math.sqrt(split * (total - split) * (total + 1) / 12)
        if abs(rank_sum - mean) / spread > best_z:
            best, best_z = split, abs(rank_sum - mean) / spread
    if best_z < PACE_Z:
        return None
    before_s, now_s = (numbers.median(latency_s for _, latency_s in part) for part in (timed[:best], timed[best:]))
    if max(before_s, now_s) < PACE_FACTOR * min(before_s, now_s):
        return None
    return Change("pace", timed[best][0], f"{before_s:.0f} s", f"{now_s:.0f} s", total - best)


def _ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1; ties share their mean rank."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    place = 0
    while place < len(order):
        end = place
        while end + 1 < len(order) and values[order[end + 1]] == values[order[place]]:
            end += 1
        for position in range(place, end + 1):
            ranks[order[position]] = (place + end) / 2 + 1
        place = end + 1
    return ranks
