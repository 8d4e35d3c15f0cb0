"""When did a path begin to deliver something else: another size, format, origin, quality, detail or pace?"""

import dataclasses
import datetime as dt
import itertools
import math
import statistics as numbers
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from probe import model, tokens
from probe.taxonomy import delivered

LASTING = 5
"""So many deliveries in a row that are alike are what a path does; fewer may be a passing fault."""

PACE_FACTOR = 1.5
"""Medians that differ less are the same pace."""

PACE_Z = 5.0
"""Rank-sum score above which two paces differ: the best of all splits reaches it by chance less than once in 1,000."""

PACE_EACH = 20
"""Deliveries needed on either side of a change of pace."""


ALMOST_ALL = 0.9
"""So many deliveries must be of the new kind since it began, or it does not last."""

NOBODY = "nobody"

UNTRUSTED = "usage_untrusted"
"""Token counts that stand for no quality: placeholders, or those of another model."""


class Change(NamedTuple):
    """One lasting change of what a path delivers; `after` deliveries have confirmed it."""

    what: str  # size, format, origin, quality, detail, pace
    at: dt.datetime  # when the first delivery of the new kind was sent
    before: str
    now: str
    after: int
    strays: int = 0  # deliveries of another kind since then

    def sentence(self, path: model.Path) -> str:
        """`vip/4k-high: since 2026-06-16 every picture is 1254x1254, not 3840x2160`."""
        if self.what == "pace":
            return f"{path}: since {self.at:%Y-%m-%d} a picture takes {self.now}, not {self.before}"
        if UNTRUSTED in (self.now, self.before):
            fit = "fit no quality" if self.now == UNTRUSTED else f"fit quality {self.now}"
            return f"{path}: since {self.at:%Y-%m-%d} the token counts {fit}, where they fitted {self.before}"
        every = "almost every" if self.strays else "every"
        return f"{path}: since {self.at:%Y-%m-%d} {every} picture {COMPARED[self.what].words} {self.now}, not {self.before}"


class Delivery(NamedTuple):
    """What is looked at of one delivered picture; "" or None where nothing is known."""

    at: dt.datetime
    size: str = ""
    format: str = ""
    origin: str = ""
    quality: str = ""
    detail: str = ""
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
        maker(picture),
        quality(evidence, picture),
        detail(picture),
        outcome.latency_s,
    )


def family(width_px: int, height_px: int) -> str:
    """The size, or one word for the sizes of the reverse web routes, which vary by a few pixels."""
    if delivered.is_web_route(width_px, height_px):
        return "about 1.57 megapixels"
    return f"{width_px}x{height_px}"


def maker(picture: model.Picture) -> str:
    """Who made it by its C2PA manifest, NOBODY where a whole picture has none; "" where nobody looked."""
    return picture.provenance or (NOBODY if picture.sha256 and not picture.flaw else "")


def quality(evidence: model.Evidence, picture: model.Picture) -> str:
    """The quality that the reported tokens stand for at the delivered size, or UNTRUSTED; "" where several, or no law."""
    if evidence.order is None or evidence.image_tokens is None:
        return ""
    if delivered.usage_untrusted(evidence):
        return UNTRUSTED
    size = picture.width_px, picture.height_px
    named = tokens.qualities_by_tokens(evidence.order.model, *size, evidence.image_tokens)
    return named[0] if len(named) == 1 else ""


def detail(picture: model.Picture) -> str:
    """`enlarged` or `native`; "" where the motif does not tell."""
    if picture.effective_resolution is None:
        return ""
    return "enlarged" if picture.effective_resolution < delivered.ENLARGED_BELOW else "native"


def changes(judged: Iterable[model.Judged]) -> tuple[Change, ...]:
    """The latest lasting change of each kind on one path, oldest first; outcomes in order of sending.

    Only pictures that were ordered like the latest one are compared: what we order otherwise is no change of the path.
    """
    found = [(ordered(one), came) for one in judged if (came := delivery(one)) is not None]
    seen = [each for order, each in found if order == found[-1][0]]
    changed = [*(_word(what, seen, compared.read) for what, compared in COMPARED.items()), _pace(seen)]
    return tuple(sorted((one for one in changed if one is not None), key=lambda one: one.at))


def ordered(judged: model.Judged) -> model.Order | None:
    """What was ordered, whatever the model's name; None: not known."""
    order = judged.outcome.evidence.order
    return dataclasses.replace(order, model="") if order else None


class _Compared(NamedTuple):
    """What is compared as a word, and how it is said of a picture."""

    words: str
    read: Callable[[Delivery], str]


COMPARED: Mapping[str, _Compared] = MappingProxyType(
    {
        "size": _Compared("is", lambda one: one.size),
        "format": _Compared("is a", lambda one: one.format),
        "origin": _Compared("names as its maker (C2PA)", lambda one: one.origin),
        "quality": _Compared("is of quality", lambda one: one.quality),
        "detail": _Compared("whose detail can be told is", lambda one: one.detail),
    }
)


def _word(what: str, seen: Sequence[Delivery], read: Callable[[Delivery], str]) -> Change | None:
    """The last two settled runs of different words; what lies between them and is too short to settle is a passing fault."""
    known = [(one.at, read(one)) for one in seen if read(one)]
    settled = [run for run in _runs([word for _, word in known]) if run.length >= LASTING]
    if not settled:
        return None
    now = settled[-1].word
    before = next((run for run in reversed(settled) if run.word != now), None)
    if before is None:
        return None
    later = known[before.start + before.length :]
    after = [at for at, word in later if word == now]
    if len(after) < ALMOST_ALL * len(later):
        return None
    return Change(what, after[0], before.word, now, len(after), strays=len(later) - len(after))


class _Run(NamedTuple):
    """Equal words in a row."""

    word: str
    start: int
    length: int


def _runs(words: Sequence[str]) -> Iterator[_Run]:
    start = 0
    for word, group in itertools.groupby(words):
        length = len(list(group))
        yield _Run(word, start, length)
        start += length


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
    latest_s = numbers.median(latency_s for _, latency_s in timed[-PACE_EACH:])
    if any(max(before_s, each_s) < PACE_FACTOR * min(before_s, each_s) for each_s in (now_s, latest_s)):
        return None  # too small, or over by now
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
