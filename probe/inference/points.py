"""One own request as findings see it; apart from them because readers that need no findings must stay quick."""

import datetime as dt
from typing import NamedTuple

from probe import model


class Point(NamedTuple):
    """One own request without its evidence, beside what its gateway's log says of it, where it was asked."""

    path: model.Path
    sent_at: dt.datetime
    kind: model.Kind
    detail: str
    excluded: model.Exclusion | None
    billed: model.Billed
    latency_s: float | None
    elapsed_s: float | None  # also of what failed
    price_usd: float
    charged_usd: float | None  # by the gateway's log, else by the answer
    model: str
    served_model: str  # by the gateway's log, else by the answer
    asked_group: str  # of a router's model groups; "" where there is no router
    served_group: str
    prompt_id: str
    attempt: int
    batch: str
    source: str
    token_group: str
    gateway_s: float | None  # how long the gateway worked on it
    gateway_attempts: int | None
    gateway_failed: int | None  # 0, 1; None: its log was not asked, or does not know it

    @property
    def health(self) -> bool | None:
        return model.health_of(self.kind, self.excluded)

    @property
    def lost(self) -> bool:
        """Did the caller get no picture?"""
        return self.kind is not model.Kind.OK
