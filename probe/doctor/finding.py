"""What one check found, in words a person can act on."""

import dataclasses
from typing import Literal

Mark = Literal["ok", "note", "FAULT"]


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """`about` is the matter (`keys`, `clock`); a FAULT names its remedy, a note is worth knowing and no fault."""

    about: str
    mark: Mark
    text: str


def ok(about: str, text: str) -> Finding:
    return Finding(about, "ok", text)


def note(about: str, text: str) -> Finding:
    return Finding(about, "note", text)


def fault(about: str, text: str) -> Finding:
    return Finding(about, "FAULT", text)
