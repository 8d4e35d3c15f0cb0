"""What a line may be: one of the recorder's, or a row of LiteLLM's; told apart by its fields."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from probe.own import account, litellm

LONGEST = 64 * 2**20
"""Characters of a line that are read at most: LiteLLM's payloads may hold whole pictures."""


@dataclasses.dataclass(frozen=True, slots=True)
class Dropped:
    """A line that says how many requests were not recorded."""

    count: int


class Skipped(ValueError):  # noqa: N818 - no error: the line is of no concern
    """A line about something else, which is left out and not set aside."""


def read(text: str, key: bytes | None) -> account.Account | Dropped:
    """One line; raises ValueError saying what is wrong with it, Skipped where it is no image request."""
    if len(text) > LONGEST:
        raise ValueError(f"longer than {LONGEST:,} characters")
    try:
        told = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON: {error.msg} at character {error.pos + 1}") from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(told, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - one kind of error for a bad line
    return of(told, key)


def of(told: Mapping[str, Any], key: bytes | None) -> account.Account | Dropped:
    """An object of any of the kinds."""
    if "schema_version" in told:
        if "dropped" in told:
            return Dropped(account.whole(told, "dropped", 1, 10**9) or 0)
        return account.of(told)
    if litellm.is_row(told):
        try:
            return account.of(litellm.line(told, key))
        except litellm.NotAnImageError as error:
            raise Skipped(str(error)) from error
    raise ValueError("neither a line of the recorder (schema_version) nor a row of LiteLLM (call_type, startTime)")
