"""Rows of a scenario: which paths they touch, when, and what they make a path do."""

import dataclasses
import datetime as dt
import random
from typing import Self

from probe.standin import delivery


@dataclasses.dataclass(frozen=True, slots=True)
class Channel:
    """How a request finds its path: the model name it asks for, and whose voice answers."""

    name: str
    model: str
    personality: str = ""  # "": the original of the protocol
    refusal: str = ""  # the reply that a flagged prompt gets; "": the voice's own for refused prompts


@dataclasses.dataclass(frozen=True, slots=True)
class Latency:
    """Lognormal latency of successes, seconds."""

    median_s: float = 30.0
    sigma: float = 0.3


@dataclasses.dataclass(frozen=True, slots=True)
class Blips:
    """Failures that come together: this share of a row's failures falls into spells of so many minutes."""

    share: float
    minutes: float


BEGINNING = dt.datetime.min.replace(tzinfo=dt.UTC)
END = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One `[[steady]]` or `[[incident]]`; what is None is left as the rows below it say.

    A steady row holds from the beginning of time to its end.
    """

    channel: str = "*"
    tier: str = "*"
    begins: dt.datetime = BEGINNING
    ends: dt.datetime = END
    every_s: float | None = None
    ramp_s: float = 0.0
    success: float | None = None
    latency: Latency | None = None
    failures: tuple[tuple[str, float], ...] | None = None
    latency_factor: float | None = None
    blips: Blips | None = None
    delivers: delivery.Delivery | None = None

    def weight(self, at: dt.datetime) -> float:
        """How far the row holds at `at`: 0 not at all, 1 fully, between them on its ramp."""
        if not (self.begins <= at and (self.every_s or at < self.ends)):
            return 0.0
        elapsed_s = (at - self.begins).total_seconds()
        if self.every_s:
            elapsed_s %= self.every_s
            if elapsed_s >= (self.ends - self.begins).total_seconds():
                return 0.0
        return min(1.0, elapsed_s / self.ramp_s) if self.ramp_s else 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class Behaviour:
    """What a path does at a moment, after all rows."""

    success: float = 1.0
    latency: Latency = Latency()
    failures: tuple[tuple[str, float], ...] = (("processing_error", 1.0),)
    latency_factor: float = 1.0
    blips: Blips | None = None
    delivers: delivery.Delivery = delivery.AS_ORDERED

    def under(self, row: Row, weight: float, *, met: bool) -> Self:
        """With `row` laid over it at this weight; what is no number is taken over where it is `met`."""
        changes: dict[str, object] = {}
        for name in ("success", "latency_factor"):
            value = getattr(row, name)
            if value is not None:
                below = getattr(self, name)
                changes[name] = below + (value - below) * weight
        if met:
            for name in ("latency", "failures", "blips", "delivers"):
                if getattr(row, name) is not None:
                    changes[name] = getattr(row, name)
            if row.success is not None:
                changes["blips"] = row.blips  # they belong to the success they are written beside
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]

    def failing(self, channel: str, at: dt.datetime, seed: int) -> float:
        """Probability that a request sent at `at` fails.

        With blips a spell of a channel fails whole; spells are so many, and requests between them
        fail so much less, that the mean stays `1 - success`.
        """
        mean = 1 - self.success
        if self.blips is None:
            return mean
        in_spell = self.blips.share * mean
        spell = int(at.timestamp() // (60 * self.blips.minutes))
        draw = random.Random(f"{seed}/{channel}/spell/{spell}")  # noqa: S311 - reproducible by purpose
        if draw.random() < in_spell:
            return 1.0
        return mean * (1 - self.blips.share) / (1 - in_spell) if in_spell < 1 else 1.0
