"""What each path delivered against what was ordered, read from its latest pictures."""

import collections
import dataclasses
import datetime as dt
import statistics as numbers
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from probe import model
from probe.inference import regime
from probe.taxonomy import delivered as flaws

if TYPE_CHECKING:
    from probe.records import history

LATEST = 500
"""Pictures of a path that are looked at: a change shows in the latest, and older ones cost time to read."""


@dataclasses.dataclass(frozen=True, slots=True)
class Delivered:
    """The pictures of one path in a period, at most LATEST of them."""

    path: model.Path
    ordered: str  # "3840x2160 high"
    pictures: int  # pictures that came
    as_ordered: int
    faults: tuple[tuple[str, int], ...]  # what was wrong with the others, most frequent first
    commonest: str  # size delivered most often
    effective: float | None  # median share of the long edge that carries detail; None: no picture tells
    effective_n: int
    changes: tuple[regime.Change, ...]  # lasting ones, oldest first
    untrusted: int = 0  # token counts that fit no quality
    detail: tuple[tuple[dt.datetime, float], ...] = ()  # of each picture that tells, by time sent


def read(
    stored: "history.History",
    paths: Sequence[model.Path],
    since: dt.datetime,
    until: dt.datetime,
    takes: Callable[[model.Path], bool],
) -> tuple[Delivered, ...]:
    """One row a path that delivered any picture, in the order of `paths`."""
    found = []
    for path in filter(takes, paths):
        latest = list(stored.outcomes(since, until, path=path, limit=LATEST, newest_first=True))[::-1]
        row = summed_up(path, [one for one in latest if regime.delivery(one) is not None])
        if row is not None:
            found.append(row)
    return tuple(found)


def summed_up(path: model.Path, delivered: Sequence[model.Judged]) -> Delivered | None:
    """The row of a path from the outcomes that brought a picture, in order of sending; None: there is none."""
    if not delivered:
        return None
    pictures = [one.outcome.evidence.picture for one in delivered]
    detail = tuple(
        (one.outcome.sent_at, seen.effective_resolution)
        for one, seen in zip(delivered, pictures, strict=True)
        if seen and seen.effective_resolution is not None
    )
    faults = collections.Counter(one.verdict.detail or one.verdict.kind.value for one in delivered if not one.ok)
    sizes = collections.Counter(f"{seen.width_px}x{seen.height_px}" for seen in pictures if seen)
    order = delivered[-1].outcome.evidence.order
    return Delivered(
        path=path,
        ordered=" ".join(filter(None, (order.size, order.quality or ""))) if order else "",
        pictures=len(delivered),
        as_ordered=sum(one.ok for one in delivered),
        faults=tuple(faults.most_common()),
        commonest=sizes.most_common(1)[0][0],
        effective=numbers.median(share for _, share in detail) if detail else None,
        effective_n=len(detail),
        changes=regime.changes(delivered),
        untrusted=sum(flaws.usage_untrusted(one.outcome.evidence) for one in delivered),
        detail=detail,
    )
