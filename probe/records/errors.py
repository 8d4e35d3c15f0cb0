"""What can go wrong with the records, in words a person can act on."""

from probe import model


class RecordsError(model.UserError):
    """The database cannot be used as it is: the message names the file and the remedy. Nothing was changed."""


class UnavailableError(RecordsError):
    """Nothing could be written (or read) now: disk full, I/O error, read-only, locked. The same call may succeed later.

    From `Records.reserve` it means: do not send, nothing is reserved. From `Records.store` it means:
    keep the outcome in memory and store it again; storing twice is harmless.
    """


class BudgetExhausted(Exception):  # noqa: N818 - a decision, not a fault
    """The day's cap leaves no room for this canary. `spent_usd` is what the budget day has reserved so far."""

    def __init__(self, spent_usd: float, cap_usd: float, price_usd: float) -> None:
        super().__init__(f"{spent_usd:.4f} USD of {cap_usd:.4f} reserved today; {price_usd:.4f} more is over the cap")
        self.spent_usd = spent_usd
        self.cap_usd = cap_usd
        self.price_usd = price_usd


class SlotTaken(Exception):  # noqa: N818 - a decision, not a fault
    """This scheduled slot of the path has an intent already; it is never paid twice."""

    def __init__(self, path: model.Path, slot: int | None) -> None:
        super().__init__(f"slot {slot} of {path} has been sent already")
        self.path = path
        self.slot = slot
