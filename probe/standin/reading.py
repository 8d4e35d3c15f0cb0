"""Reads and checks a scenario file: all faults at once, each with table, key, value and what would be right."""

import datetime as dt
import math
import pathlib
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from probe import model
from probe.config import durations
from probe.standin import delivery, replies, rows, spelling, voices

Reader = Callable[[Any], Any]


class ScenarioError(model.UserError):
    """A scenario that cannot be used; `faults` has one line for each thing to mend."""

    exit_code = 2

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n  ".join(("the scenario cannot be used:", *self.faults)) if faults[1:] else faults[0])


def table(path: pathlib.Path) -> dict[str, Any]:
    """The TOML of a file; raises ScenarioError that names file and line."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise ScenarioError([f"{path}: {error.strerror}"]) from error
    except (ValueError, RecursionError) as error:  # ValueError: TOML, UTF-8, and numbers of thousands of digits
        raise ScenarioError([f"{path}: not TOML: {error}"]) from error


def fields(raw: Mapping[str, Any], source: str) -> dict[str, Any]:
    """The fields of a Scenario; raises ScenarioError with every fault of the file."""
    faults: list[str] = []
    top = {key: value for key, value in raw.items() if key not in TABLES}
    found = read(top, TOP, source, faults)
    for name, keys in TABLES.items():
        found[FIELD_OF[name]] = tuple(each(raw.get(name, []), name, keys, faults))
    if faults:
        raise ScenarioError(faults)
    return found


def each(raw: Any, name: str, keys: Mapping[str, tuple[str, Reader]], faults: list[str]) -> Iterator[Any]:
    """The values of an array of tables; what is wrong goes to `faults`."""
    if not isinstance(raw, list) or not all(isinstance(part, dict) for part in raw):
        faults.append(f"{name}: write it as [[{name}]]")
        return
    make = rows.Channel if name == "channel" else rows.Row
    for number, part in enumerate(raw, 1):
        where = f"[[{name}]] {number}"
        before = len(faults)
        found = read(part, keys, where, faults)
        missing = [key for key in REQUIRED[name] if key not in part]
        faults.extend(f"{where}: {key} is missing" for key in missing)
        faults.extend(f"{where}: {fault}" for fault in disagreements(found))
        if len(faults) == before:
            yield make(**found)


def read(
    raw: Mapping[str, Any], keys: Mapping[str, tuple[str, Reader]], where: str, faults: list[str]
) -> dict[str, Any]:
    """Field -> value for the keys of one table; what is wrong goes to `faults`."""
    found: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in keys:
            hint = spelling.hint(key, keys, f"known are {', '.join(keys)}")
            faults.append(f"{where}: {key} is no key here; {hint}")
            continue
        field, reader = keys[key]
        try:
            found[field] = reader(value)
        except ValueError as error:
            faults.append(f"{where}: {key} = {str(value)[:80]!r}: {error}")
    return found


def disagreements(found: Mapping[str, Any]) -> Iterator[str]:
    """Faults of keys that are right alone and wrong together."""
    begins, ends = found.get("begins"), found.get("ends")
    if begins and ends and begins >= ends:
        yield "until must be after from"
    if begins and ends and found.get("every_s") and (ends - begins).total_seconds() > found["every_s"]:
        yield "every must not be shorter than the time from `from` to `until`"


def text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError('write a text in quotes, for example "vip"')
    return value


def personality(value: Any) -> str:
    return one_of(text(value), voices.PERSONALITIES)


def reply_name(value: Any) -> str:
    return one_of(text(value), replies.catalogue())


def one_of(value: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    if value not in known:
        raise ValueError(spelling.hint(value, known, f"use one of {', '.join(known)}"))
    return value


def number(low: float, high: float, *, above: bool = False) -> Reader:
    """A reader of finite numbers of low..high; `above`: low itself is too low."""

    def reader(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not -math.inf < value < math.inf:
            raise ValueError("write a finite number")
        if not low <= value <= high or (above and value == low):
            raise ValueError(
                f"must be {'above' if above else 'at least'} {low:g}" + f" and at most {high:g}" * (high < math.inf)
            )
        return float(value)

    return reader


YEARS = range(1971, 2200)
"""Years of a scenario: `hours` of it may go on for a hundred more."""


def moment(value: Any) -> dt.datetime:
    if not isinstance(value, dt.datetime):
        raise ValueError("write a time such as 2026-08-13T02:19:00+08:00, without quotes")  # noqa: TRY004 - collected
    if value.tzinfo is None:
        raise ValueError("write the zone too, for example +08:00 or Z")
    if value.year not in YEARS:
        raise ValueError(f"must lie in the years {YEARS[0]} to {YEARS[-1]}")
    return value.astimezone(dt.UTC)


def duration(value: Any) -> float:
    found = durations.seconds(value) if isinstance(value, str) else 0.0
    if found == 0:
        raise ValueError('write a duration above zero as a number and a unit: "30s", "5m", "1h" or "2d"')
    return found


def inner(value: Any, keys: Mapping[str, tuple[str, Reader]], example: str) -> dict[str, Any]:
    """The fields of an inline table; raises ValueError with what is wrong in it."""
    if not isinstance(value, dict):
        raise ValueError(f"write a table, for example {example}")  # noqa: TRY004 - collected
    faults: list[str] = []
    found = read(value, keys, "in it", faults)
    if faults:
        raise ValueError("; ".join(faults))
    return found


def latency(value: Any) -> rows.Latency:
    keys = {"median": ("median_s", number(0, 86_400, above=True)), "sigma": ("sigma", number(0, 3))}
    return rows.Latency(**inner(value, keys, "{ median = 90, sigma = 0.3 }"))


def blips(value: Any) -> rows.Blips:
    keys = {"share": ("share", number(0, 1)), "minutes": ("minutes", number(0, 1440, above=True))}
    found = inner(value, keys, "{ share = 0.4, minutes = 3 }")
    if len(found) < len(keys):
        raise ValueError("write share and minutes, for example { share = 0.4, minutes = 3 }")
    return rows.Blips(**found)


def failures(value: Any) -> tuple[tuple[str, float], ...]:
    example = "{ timeout = 0.8, overloaded = 0.2 }"
    if not isinstance(value, dict) or not value:
        raise ValueError(f"write shares by kind or by named reply, for example {example}")
    known = (*(kind.value for kind in model.Kind if kind is not model.Kind.OK), *replies.catalogue())
    share = number(0, 1)
    for name in value:
        try:
            one_of(name, known)
        except ValueError as error:
            hint = error if "did you mean" in str(error) else "`tierwatch simulate --list` shows all"
            raise ValueError(f"{name!r} is neither a kind nor a named reply; {hint}") from error
    shares = tuple((name, share(part)) for name, part in value.items())
    total = sum(part for _, part in shares)
    if not math.isclose(total, 1, abs_tol=1e-6):
        raise ValueError(f"the shares add up to {total:g}; they must add up to 1")
    return shares


def delivers(value: Any) -> delivery.Delivery:
    return delivery.parse(text(value))


Keys = Mapping[str, tuple[str, Reader]]
BEHAVIOUR: Keys = MappingProxyType(
    {
        "channel": ("channel", text),
        "tier": ("tier", text),
        "success": ("success", number(0, 1)),
        "latency_s": ("latency", latency),
        "failures": ("failures", failures),
        "latency_factor": ("latency_factor", number(0, 1000, above=True)),
        "blips": ("blips", blips),
        "delivers": ("delivers", delivers),
    }
)
TOP: Keys = MappingProxyType(
    {"name": ("name", text), "start": ("start", moment), "hours": ("hours", number(0, 876_000, above=True))}
)
TABLES: Mapping[str, Keys] = MappingProxyType(
    {
        "channel": {
            "name": ("name", text),
            "model": ("model", text),
            "personality": ("personality", personality),
            "refusal": ("refusal", reply_name),
        },
        "steady": BEHAVIOUR,
        "incident": {
            **BEHAVIOUR,
            "from": ("begins", moment),
            "until": ("ends", moment),
            "ramp": ("ramp_s", duration),
            "every": ("every_s", duration),
        },
    }
)
"""Table -> key -> (field it becomes, reader that checks it)."""
REQUIRED = MappingProxyType({"channel": ("name", "model"), "steady": (), "incident": ("from", "until")})
FIELD_OF = MappingProxyType({"channel": "channels", "steady": "steady", "incident": "incidents"})
