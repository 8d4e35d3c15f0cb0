"""What a line may be: one of the recorder's, or a row of LiteLLM's; told apart by its fields."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pydantic

from probe.own import fields, litellm

LONGEST = 64 * 2**20
"""Characters of a line that are read at most: LiteLLM's payloads may hold whole pictures."""


@dataclasses.dataclass(frozen=True, slots=True)
class Dropped:
    """A line that says how many requests were not recorded."""

    count: int


class Skipped(ValueError):  # noqa: N818 - no error: the line is of no concern
    """A line about something else, which is left out and not set aside."""


def read(text: str, key: bytes | None) -> fields.Line | Dropped:
    """One line; raises ValueError saying what is wrong with it, Skipped where it is no image request."""
    if len(text) > LONGEST:
        raise ValueError(f"longer than {LONGEST:,} characters")
    try:
        return fields.LINE.validate_json(text)
    except pydantic.ValidationError:
        return of(parsed(text), key)  # a row of another kind, or what is wrong with it in words


def parsed(text: str) -> dict[str, Any]:
    """A JSON object; raises ValueError."""
    try:
        told = json.loads(text.lstrip("\ufeff"))  # some programs begin a file with it
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON: {error.msg} at character {error.pos + 1}") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(told, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - one kind of error for a bad line
    return told


def of(told: Mapping[str, Any], key: bytes | None) -> fields.Line | Dropped:
    """An object of any of the kinds."""
    if "schema_version" in told:
        if "dropped" in told:
            return Dropped(fields.check(told, fields.LOST)["dropped"])
        return fields.check(told, fields.LINE)
    if litellm.is_row(told):
        try:
            return fields.check(litellm.line(told, key), fields.LINE)
        except litellm.NotAnImageError as error:
            raise Skipped(str(error)) from error
    raise ValueError("neither a line of the recorder (schema_version) nor a row of LiteLLM (call_type, startTime)")
