"""What every protocol reads alike: strict JSON, strict base64, and the body as text with its pictures left out."""

import base64
import binascii
import dataclasses
import json
import re
from typing import Any, NoReturn

from probe import model
from probe.config import secrets

TEXT_CAP_BYTES = 16 * 2**10
"""How much of a body is kept as evidence once pictures are left out."""

VALUES_CAP = 100_000
"""No answer has so many values in it; 60 MB of empty lists would become 1.2 GB."""

BASE64_LEAST = 400
BASE64_RUN = re.compile(rb"[A-Za-z0-9+/_=-]{%d,}" % BASE64_LEAST)
"""Longer runs than any id or key: pictures and thought signatures."""

DATA_URL = re.compile(r"data:[^,]{0,100};base64,", re.IGNORECASE)
"""What the bytes are is told by themselves, whatever type is stated here."""


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """What a reply holds: the picture's bytes and what the answer says of itself.

    `picture_count` counts the pictures found, drafts left out.
    """

    text: str = ""
    fault: model.Fault | None = None
    picture: bytes | None = dataclasses.field(default=None, repr=False)
    picture_count: int = 0
    picture_url: str | None = None
    image_tokens: int | None = None
    echoed_size: str | None = None
    echoed_quality: str | None = None
    charged_usd: float | None = None


def text_of(body: bytes) -> str:
    """The body as text: base64 runs replaced by their length, undecodable bytes marked, cut to 16 KiB.

    No more of the body is looked at than is kept, and the byte that tells that there is more.
    """
    pieces, at, room = [], 0, TEXT_CAP_BYTES + 1
    while room > 0:
        near = BASE64_RUN.search(body, at, at + room + BASE64_LEAST)
        run = BASE64_RUN.match(body, near.start()) if near else None
        plain = body[at : min(at + room, run.start() if run else len(body))]
        pieces.append(plain)
        room -= len(plain)
        if run is None:
            break
        pieces.append(b"<%d base64 characters>" % len(run[0]))
        room -= len(pieces[-1])
        at = run.end()
    found = b"".join(pieces)
    text = found[:TEXT_CAP_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd")
    return text.rstrip(secrets.KEY_CHARACTERS) if len(found) > TEXT_CAP_BYTES else text  # half a key is not recognised


def parse(body: bytes) -> Any:
    """Strict JSON; raises ValueError for everything that is not: NaN, depth, huge numbers and too many values included."""
    if sum(body.count(mark) for mark in (b"[", b"{", b",")) > VALUES_CAP:
        raise ValueError("too many values")
    try:
        return json.loads(body, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def picture_bytes(encoded: Any) -> bytes | None:
    """Strictly decoded base64, a `data:` prefix and line breaks allowed; None where it is not base64."""
    if not isinstance(encoded, str):
        return None
    head = DATA_URL.match(encoded)
    payload = encoded[head.end() :] if head else encoded
    if "\n" in payload or "\r" in payload:
        payload = payload.replace("\r", "").replace("\n", "")
    try:
        return base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError):
        return None


def whole_number(value: Any) -> int | None:
    """A reported count if it is a sane one (an int of 0 to 10 million), else None: nothing reported is trusted."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 10_000_000 else None


def usd(value: Any) -> float | None:
    """A reported charge if it is a sane one (0 to 1,000 USD), else None."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and 0 <= value <= 1000 else None


def word(value: Any) -> str | None:
    """A reported word of at most 40 characters, else None."""
    return value if isinstance(value, str) and 0 < len(value) <= 40 else None


def field(value: Any, *keys: str) -> Any:
    """Walk into nested objects; None where a step is missing or no object."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def items(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; empty where it is none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def answer(reply: model.Reply) -> tuple[str, Any, model.Fault | None]:
    """(text, parsed JSON or None, fault): a success that is no JSON is BAD_JSON, a page and a stream of events too."""
    text = text_of(reply.body)
    if reply.fault is not None or reply.status is None or not 200 <= reply.status < 300:
        return text, None, reply.fault
    try:
        return text, parse(reply.body), None
    except ValueError:
        return text, None, model.Fault.BAD_JSON
