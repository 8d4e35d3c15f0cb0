"""What one speaker in a reply said, as a frozen value."""

from typing import NamedTuple


class Layer(NamedTuple):
    """One speaker's words and structured facts; a reply is a row of these, outermost first.

    `details` are the scalars that stood beside or below the message, as (key, value) pairs with the
    keys as written: `("quotaId", "...PerDay...")`, `("moderation_stage", "output")`.
    """

    message: str = ""
    code: str = ""
    type: str = ""
    param: str = ""
    status: str = ""
    details: tuple[tuple[str, str], ...] = ()
    speaker: str = ""
    error: bool = False  # stood under an `error` key, or in an event that says it failed

    def detail(self, *names: str) -> tuple[str, ...]:
        """Values of the details of these names, in the order they stood."""
        return tuple(value for key, value in self.details if key in names)


class Unwrapped(NamedTuple):
    """A body taken apart."""

    shape: str  # empty, json, html, events, text, broken (nearly JSON), cut (JSON without its end)
    layers: tuple[Layer, ...] = ()
    pictures: int = 0  # base64 or data URLs seen, elided ones included
    links: int = 0  # pictures given as a plain URL only
    prose: str = ""  # what a language model said in place of, or beside, a picture
