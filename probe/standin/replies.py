"""The catalogue of named replies: every documented failure as a row of `replies.toml`."""

import dataclasses
import functools
import pathlib
import tomllib
from collections.abc import Mapping
from types import MappingProxyType

from probe import model


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One reply. `body` is JSON or text with `$names` to fill in (`string.Template`)."""

    name: str
    voice: str  # whose words these are: a personality
    kind: model.Kind  # what a right classifier says
    note: str
    protocol: str = ""  # usual in this protocol only
    named_only: bool = False  # never usual, only by name
    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    pictured: bool = False  # the body is that of a success
    delivers: str = ""  # words of `delivers` for that picture
    act: str = ""  # what happens on the wire in place of a plain answer (`acts.ACTS`)
    after_s: float | None = None  # it comes after this time, whatever was ordered
    zh: str = ""  # name of the same reply in Chinese


@functools.cache
def catalogue() -> Mapping[str, Row]:
    """All rows by name, in the order of the file."""
    text = pathlib.Path(__file__).with_name("replies.toml").read_text(encoding="utf-8")
    rows = (Row(**{**row, "kind": model.Kind(row["kind"])}) for row in tomllib.loads(text)["reply"])
    return MappingProxyType({row.name: row for row in rows})


@functools.cache
def usual(kind: model.Kind, protocol: str, voices: tuple[str, ...]) -> Row:
    """What speakers usually say for a kind: the first fitting row of the first voice that has one; raises KeyError."""
    for voice in voices:
        for row in catalogue().values():
            fits = row.protocol in {"", protocol} and not row.named_only
            if row.voice == voice and row.kind is kind and fits:
                return row
    raise KeyError(f"no reply for {kind} in {protocol} by {voices}")


@functools.cache
def of_kind(kind: model.Kind) -> Row | None:
    """What a kind usually means on the wire itself, whoever speaks; None where it is a matter of words."""
    rows = (row for row in catalogue().values() if row.voice == "wire" and not row.named_only)
    return next((row for row in rows if row.kind is kind), None)
