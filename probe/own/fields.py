"""The fields of a line of own traffic, as docs/own-traffic.md lists them, and the values that each may have."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Required, TypeVar

import pydantic
import pydantic_core
from pydantic import Field, PlainValidator
from typing_extensions import TypedDict

from probe import model

T = TypeVar("T")

SCHEMA_VERSION = 1


def instant(told: object) -> dt.datetime:
    """A time with its zone as UTC, to the millisecond that records keep."""
    try:
        at = dt.datetime.fromisoformat(told) if isinstance(told, str) else None
        if at is not None and at.tzinfo not in {None, dt.UTC}:
            at = at.astimezone(dt.UTC)
    except (ValueError, OverflowError):  # the first hours of the year 1 are none in UTC
        at = None
    if at is None or at.tzinfo is None:
        raise pydantic_core.PydanticCustomError("instant", "no time with its zone, such as 2026-08-13T02:41:00Z")
    finer_us = at.microsecond % 1000
    return at.replace(microsecond=at.microsecond - finer_us) if finer_us else at


Instant = Annotated[dt.datetime, PlainValidator(instant)]
Name = Annotated[str, Field(min_length=1)]
Seconds = Annotated[float, Field(ge=0, le=86_400 * 7, strict=True, allow_inf_nan=False)]
Usd = Annotated[float, Field(ge=0, le=1e6, strict=True, allow_inf_nan=False)]
Pixels = Annotated[int, Field(ge=0, le=100_000)]
Tries = Annotated[int, Field(ge=1, le=1000)]


class Picture(TypedDict, total=False):
    """The first picture of the answer."""

    format: str | None
    width: Pixels | None
    height: Pixels | None
    bytes: Annotated[int, Field(ge=0, le=1 << 40)] | None


class Gateway(TypedDict, total=False):
    """What the gateway's own log says."""

    kind: Required[Name]
    id: Required[Name]
    began_at: Required[Instant]
    model: str | None
    asked_model: str | None
    group: str | None
    duration_s: Seconds | None
    charged_usd: Usd | None
    error: str | None
    attempts: Tries | None


class Line(TypedDict, total=False):
    """One request. What is not known may be left out or null; fields of other names are passed over."""

    schema_version: Required[Literal[1]]
    id: Required[Name]
    source: str | None
    sent_at: Required[Instant]
    elapsed_s: Seconds | None
    headers_s: Seconds | None
    url: str | None
    channel: str | None
    tier: str | None
    model: Required[Name]
    size: str | None
    quality: str | None
    image_size: str | None
    aspect_ratio: str | None
    operation: str | None
    n: Annotated[int, Field(ge=1, le=100)] | None
    attempt: Tries | None
    batch: str | None
    prompt_id: Annotated[str, Field(pattern=f"^({model.OWN_PROMPT}[0-9a-f]{{16}})?$")] | None
    status: Annotated[int, Field(ge=100, le=999)] | None
    headers: dict[str, Any] | None
    text: str | None
    fault: model.Fault | None
    fault_text: str | None
    picture_count: Annotated[int, Field(ge=0, le=100)] | None
    picture: Picture | None
    image_tokens: Annotated[int, Field(ge=0, le=10_000_000)] | None
    echoed_size: str | None
    echoed_quality: str | None
    served_model: str | None
    charged_usd: Usd | None
    gateway: Gateway | None


class Lost(TypedDict):
    """How many requests before this line were not recorded."""

    schema_version: Literal[1]
    dropped: Annotated[int, Field(ge=1, le=10**9)]


LINE = pydantic.TypeAdapter(Line)
LOST = pydantic.TypeAdapter(Lost)


def check(told: Mapping[str, Any], kind: pydantic.TypeAdapter[T]) -> T:
    """An object as LINE or LOST; raises ValueError naming the field and what is wrong with it."""
    try:
        return kind.validate_python(told)
    except pydantic.ValidationError as error:
        raise ValueError(reason(error)) from None


def reason(error: pydantic.ValidationError) -> str:
    """`elapsed_s: Input should be a valid number`, without the value: it may be a prompt."""
    first = error.errors(include_url=False, include_input=False)[0]
    if first["loc"] == ("prompt_id",):
        return "prompt_id: no keyed hash (own- and 16 hex digits); leave it out where there is none"
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
