"""The sense of a config: what no single key can tell. Every check names the keys it reads and yields faults."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from probe.config import faults, schema


@dataclasses.dataclass(frozen=True, slots=True)
class Draft:
    """What could be read of a file, with the faults of shape found so far; faulty keys hold stand-ins."""

    config: schema.Config
    faults: tuple[faults.Fault, ...]


def find(draft: Draft, tables: Mapping[str, Any]) -> Iterator[faults.Fault]:
    yield from ()
