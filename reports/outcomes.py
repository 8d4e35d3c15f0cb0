"""The outcomes of one path and one series as columns: two years of a million fit into 30 MB and are counted at once."""

import array
import collections
import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from probe import model
from probe.records.rows import Point

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

KINDS = tuple(model.Kind)
EXCLUSIONS = (None, *model.Exclusion)
BILLED: tuple[model.Billed, ...] = ("yes", "no", "unknown")
"""What the codes in the columns stand for."""

KIND_CODES = {kind: code for code, kind in enumerate(KINDS)}
EXCLUSION_CODES = {exclusion: code for code, exclusion in enumerate(EXCLUSIONS)}
BILLED_CODES = {billed: code for code, billed in enumerate(BILLED)}

OK = KIND_CODES[model.Kind.OK]
TIMEOUT = KIND_CODES[model.Kind.TIMEOUT]
WITHOUT_HEALTH = np.array([model.health_of(kind, None) is None for kind in KINDS])
"""By kind code: does it say nothing about the channel's health?"""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Columns of equal length, by time sent."""

    sent_s: Floats  # seconds from the epoch
    kinds: NDArray[np.uint8]  # codes of `KINDS`
    exclusions: NDArray[np.uint8]  # codes of `EXCLUSIONS`; 0 = not excluded
    latency_s: Floats  # nan = nothing came back
    price_usd: Floats  # list price
    billed: NDArray[np.uint8]  # codes of `BILLED`

    @classmethod
    def of(cls, points: Iterable[Point]) -> Self:
        """From points in order of sending."""
        columns = (
            array.array("d"),
            array.array("B"),
            array.array("B"),
            array.array("d"),
            array.array("d"),
            array.array("B"),
        )
        sent_s, kinds, exclusions, latency_s, price_usd, billed = columns
        for point in points:
            sent_s.append(point.sent_at.timestamp())
            kinds.append(KIND_CODES[point.kind])
            exclusions.append(EXCLUSION_CODES[point.excluded])
            latency_s.append(np.nan if point.latency_s is None else point.latency_s)
            price_usd.append(point.price_usd)
            billed.append(BILLED_CODES[point.billed])
        return cls(*(np.array(column) for column in columns))

    def __len__(self) -> int:
        return len(self.kinds)

    def where(self, chosen: Flags) -> "Outcomes":
        """Those flagged."""
        return Outcomes(*(getattr(self, field.name)[chosen] for field in dataclasses.fields(self)))

    def split(self, edges: Sequence[dt.datetime]) -> "list[Outcomes]":
        """Those sent in each [edge, next edge)."""
        places = np.searchsorted(self.sent_s, [edge.timestamp() for edge in edges])
        columns = [getattr(self, field.name) for field in dataclasses.fields(self)]
        return [Outcomes(*(column[first:last] for column in columns)) for first, last in itertools.pairwise(places)]

    def since(self, start: dt.datetime) -> "Outcomes":
        return self.where(self.sent_s >= start.timestamp())

    @property
    def included(self) -> Flags:
        """Not our own fault."""
        return flags(self.exclusions == 0)

    @property
    def telling(self) -> Flags:
        """Says something about the channel's health (`model.health_of`)."""
        return flags(self.included & ~WITHOUT_HEALTH[self.kinds])

    @property
    def failed(self) -> Flags:
        """Counts against the channel."""
        return flags(self.telling & (self.kinds != OK))

    @property
    def ok(self) -> Flags:
        return flags(self.included & (self.kinds == OK))

    @property
    def timed_out(self) -> Flags:
        return flags(self.included & (self.kinds == TIMEOUT))

    def is_billed(self, billed: model.Billed) -> Flags:
        return flags(self.billed == BILLED_CODES[billed])

    @property
    def usd(self) -> float:
        """The sum of list prices."""
        return float(self.price_usd.sum())

    def failures(self) -> collections.Counter[model.Kind]:
        """How often each kind other than ok came; our own faults left out."""
        counts = np.bincount(self.kinds[self.included & (self.kinds != OK)], minlength=len(KINDS))
        return collections.Counter({kind: int(count) for kind, count in zip(KINDS, counts, strict=True) if count})


def flags(found: Any) -> Flags:
    return np.asarray(found, dtype=np.bool_)


NONE = Outcomes.of(())


def joined(parts: Iterable[Outcomes]) -> Outcomes:
    """Several series of one path as one, by time sent: for evidence, never for a rate."""
    taken = list(parts) or [NONE]
    order = np.argsort(np.concatenate([part.sent_s for part in taken]), kind="stable")
    return Outcomes(
        *(
            np.concatenate([getattr(part, field.name) for part in taken])[order]
            for field in dataclasses.fields(Outcomes)
        )
    )
