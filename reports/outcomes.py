"""The outcomes of one path and one series as columns: two years of a million fit into 30 MB and are counted at once."""

import collections
import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from probe import model
from probe.records import rollups

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
    latency_s: Floats  # of failures: until they ended; nan = not known
    price_usd: Floats  # list price
    billed: NDArray[np.uint8]  # codes of `BILLED`

    @classmethod
    def of(
        cls,
        sent_at: Sequence[str] = (),
        kinds: Sequence[str] = (),
        exclusions: Sequence[str | None] = (),
        latency_s: Sequence[float | None] = (),
        price_usd: Sequence[float] = (),
        billed: Sequence[str] = (),
    ) -> Self:
        """From the columns of `history.cells`, in order of sending; raises KeyError or ValueError for unknown words."""
        return cls(
            seconds(sent_at),
            codes(KIND_CODES, kinds),
            codes(EXCLUSION_CODES, exclusions),
            np.array(latency_s, dtype=np.float64),
            np.array(price_usd, dtype=np.float64),
            codes(BILLED_CODES, billed),
        )

    @classmethod
    def rolled(
        cls,
        hours: Sequence[str],
        kinds: Sequence[str],
        exclusions: Sequence[str | None],
        billed: Sequence[str],
        price_usd: Sequence[float],
        counts: Sequence[int],
        latencies: Sequence[bytes],
    ) -> Self:
        """From the columns of `history.rollups`, in order of hours: as many outcomes as were counted.

        They stand evenly within their hour, and pictures have the middle latency of their bucket. Failures
        have none: that middle would look like a time limit.
        """
        count = np.array(counts, dtype=np.int64)
        row = np.repeat(np.arange(len(count)), count)
        hour_s = seconds(hours)[row]
        _, first, of_hour = np.unique(hour_s, return_index=True, return_counts=True)
        place = np.arange(len(row)) - np.repeat(first, of_hour)
        latency_s = np.full(len(row), np.nan)
        pairs = np.frombuffer(b"".join(latencies), dtype=PAIRS)
        owner = np.repeat(
            np.repeat(np.arange(len(count)), [len(each) // PAIRS.itemsize for each in latencies]), pairs["n"]
        )
        timed = np.bincount(owner, minlength=len(count))
        within = np.arange(len(owner)) - np.repeat(np.cumsum(timed) - timed, timed)
        middle_s = rollups.LEAST_S * rollups.GROWTH ** (pairs["bucket"] + 0.5)
        latency_s[(np.cumsum(count) - count)[owner] + within] = np.repeat(middle_s, pairs["n"])
        of_row = codes(KIND_CODES, kinds)
        latency_s[of_row[row] != OK] = np.nan
        return cls(
            hour_s + (place + 0.5) * 3600 / np.repeat(of_hour, of_hour),
            of_row[row],
            codes(EXCLUSION_CODES, exclusions)[row],
            latency_s,
            np.array(price_usd, dtype=np.float64)[row],
            codes(BILLED_CODES, billed)[row],
        )

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


PAIRS = np.dtype([("bucket", "u1"), ("n", "<i4")])
"""What `rollups.PAIR` packs."""


def seconds(times: Sequence[str]) -> Floats:
    """From the epoch; times as text, in UTC and without a zone."""
    return np.asarray(np.array(times, dtype="datetime64[ms]").astype(np.int64) / 1000, dtype=np.float64)


def codes(known: Mapping[Any, int], words: Sequence[Any]) -> NDArray[np.uint8]:
    return np.fromiter(map(known.__getitem__, words), np.uint8, len(words))


def flags(found: Any) -> Flags:
    return np.asarray(found, dtype=np.bool_)


NONE = Outcomes.of()


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
