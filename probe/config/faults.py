"""A fault of config.toml in the user's words: table, key, value, and what would be right."""

import dataclasses
import difflib
import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from probe.config import durations, schema, secrets

ABSENT: Any = object()
"""A fault without a value to show: it is missing, or must not be printed."""

VALUE_CAP = 60
KEY_CAP = 80
"""Characters of a value and of a key that are shown."""


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """One mistake. `table` as a person names it (`[budget]`, `[[channel]] vip`); `key` "" means the table itself."""

    table: str
    key: str
    text: str
    value: Any = ABSENT

    def __str__(self) -> str:
        value = "" if self.value is ABSENT else f" = {shown(self.value)}"
        place = f"{self.table[:KEY_CAP]} {self.key[:KEY_CAP]}".rstrip()
        text = secrets.KEY_SHAPES.sub(secrets.MASK, f"{place}{value}: {self.text}")
        return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)


def shown(value: Any) -> str:
    """A value as it would stand in the file, keys masked before it is cut to 60 characters."""
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, float):
        text = f"{value:.10g}"
    elif isinstance(value, int):
        text = str(value) if abs(value) < 10**VALUE_CAP else "a huge number"
    else:
        text = secrets.KEY_SHAPES.sub(secrets.MASK, json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= VALUE_CAP else text[: VALUE_CAP - 3] + "..."


def label(table: str, entry: Any, number: int) -> str:
    """`[[channel]] vip`, or `[[channel]] number 2` where it has no usable name."""
    name = entry.get("name") if isinstance(entry, dict) else None
    usable = isinstance(name, str) and name.isprintable() and name
    return f"[[{table}]] {name if usable else f'number {number}'}"


def one_of(words: Iterable[str]) -> str:
    """`"a", "b" or "c"`."""
    *head, last = [json.dumps(word) for word in words]
    return f"{', '.join(head)} or {last}" if head else last


def near(word: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` where something similar is known, else nothing."""
    by_lower = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return f'; did you mean "{by_lower[found[0]]}"?' if found else ""


WORDS: Mapping[str, str] = MappingProxyType(
    {
        "string_type": "must be text in quotes",
        "int_type": "must be a whole number",
        "float_type": "must be a number",
        "finite_number": "must be a finite number",
        "bool_type": "must be true or false",
        "tuple_type": "must be a list in square brackets",
        "dict_type": "must be a table",
        "model_type": "must be a table",
        "model_attributes_type": "must be a table",
        "greater_than": "must be more than {gt}",
        "greater_than_equal": "must be {ge} or more",
        "less_than": "must be less than {lt}",
        "less_than_equal": "must be {le} or less",
        "literal_error": "must be {expected}",
        "enum": "must be {expected}",
        "string_pattern_mismatch": "use 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first",
    }
)
"""pydantic's error types -> what would be right."""

EXAMPLES: Mapping[str, Any] = MappingProxyType(
    {
        "name": "vip",
        "protocol": "openai-images",
        "base_url": "https://api.openai.com/v1",
        "model": "gpt-image-2",
        "tiers": ("1k-low", "4k-high"),
        "kind": "overloaded",
        "url": "https://api.apiyi.com",
    }
)
"""A valid value for each required key: what a fault shows, and what stands in while the rest is checked."""

PASTED = ("key", "api_key", "apikey", "token", "secret")
"""Keys under which people paste what does not belong in the file."""

SYNONYMS: Mapping[str, str] = MappingProxyType(
    {
        "url": "base_url",
        "endpoint": "base_url",
        "timeout": "deadline_s",
        "timeout_s": "deadline_s",
        "timout_s": "deadline_s",
        "price": "price_usd",
    }
)
"""What people write -> the key that is meant, where the two look too different to be guessed."""


def of_pydantic(error: Mapping[str, Any], table: str, kind: type[schema.Table]) -> Fault:
    """One entry of `ValidationError.errors()` about a table of this kind, in the user's words."""
    steps = [str(step) for step in error["loc"] if not str(step).startswith("<")]
    key, context, value = ".".join(steps), error.get("ctx", {}), error["input"]
    if steps and steps[0] in kind.model_fields and not kind.model_fields[steps[0]].repr:
        key, value = steps[0], ABSENT  # what stands there may be a secret
    if error["type"] == "missing":
        return Fault(table, key, f"is missing; for example {steps[-1]} = {shown(EXAMPLES[steps[-1]])}")
    if error["type"] == "extra_forbidden":
        return Fault(table, key, unknown_key(steps[-1], schema.GatewayLog if steps[0] == "log" and steps[1:] else kind))
    if error["type"] == "value_error":
        return Fault(table, key, str(context["error"]), value)
    words = WORDS.get(error["type"])
    bounds = {name: bound(limit, value) for name, limit in context.items() if isinstance(limit, int | float)}
    text = words.format(**context | bounds).replace("'", '"') if words else error["msg"]
    return Fault(table, key, text, value)


def bound(limit: float, value: Any) -> str:
    """A limit in the form of the value that it refuses: `366d` of a duration."""
    return durations.written(limit) if isinstance(value, str) else f"{limit:.10g}"


def unknown_key(key: str, kind: type[schema.Table] | None) -> str:
    """`unknown key`, with the nearest that this kind of table knows, or the table where it belongs."""
    if key.lower() in PASTED:
        return "keys do not belong in this file: name the environment variable that holds it with key_env"
    known = kind.model_fields if kind else ()
    hint = near(SYNONYMS[key] if SYNONYMS.get(key) in known else key, known)
    homes = [name for name, other in schema.TABLES.items() if key in other.model_fields]
    return f"unknown key; it belongs in [{homes[0]}]" if homes and not hint else f"unknown key{hint}"
