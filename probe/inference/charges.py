"""What a path charges for a picture, where somebody says so, against its list price, and since when they differ."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from probe import model

OVER, UNDER = 1.25, 0.8
"""A charge beyond these multiples of the list price is another price; nearer, it may be the tokens of the prompt."""

LASTING = 3
"""So many charges in a row are a price; fewer may be a mistake of the log."""


class Charge(NamedTuple):
    """One picture that came and what was charged for it, by the gateway's log or the answer."""

    path: model.Path
    sent_at: dt.datetime
    listed_usd: float
    charged_usd: float

    @property
    def side(self) -> int:
        """1: more than listed; -1: less; 0: as listed."""
        return (self.charged_usd > self.listed_usd * OVER) - (self.charged_usd < self.listed_usd * UNDER)


class Price(NamedTuple):
    """What a path charges now, being another price than the one listed; medians of the charges since then."""

    path: model.Path
    charged_usd: float
    listed_usd: float
    since: dt.datetime  # when the first picture at this price was ordered
    charges: int  # since then
    always: bool  # no charge before it was known


def off_list(charges: Iterable[Charge]) -> tuple[Price, ...]:
    """The paths whose latest charges all lie on one side of the list price; charges in order of sending."""
    by_path: dict[model.Path, list[Charge]] = {}
    for charge in charges:
        by_path.setdefault(charge.path, []).append(charge)
    return tuple(price for of in by_path.values() if (price := _price(of)) is not None)


def _price(of: Sequence[Charge]) -> Price | None:
    import statistics as numbers  # noqa: PLC0415 - kept off `tierwatch status`

    side, start = of[-1].side, len(of)
    while start and of[start - 1].side == side:
        start -= 1
    run = of[start:]
    if side == 0 or len(run) < LASTING:
        return None
    charged_usd = numbers.median(charge.charged_usd for charge in run)
    listed_usd = numbers.median(charge.listed_usd for charge in run)
    return Price(run[0].path, charged_usd, listed_usd, run[0].sent_at, len(run), always=start == 0)
