"""Who is told about which paths, and when: addresses by name, quiet hours, maintenance and silences."""

import collections
import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from probe import model
from probe.config import hours, secrets
from probe.records import told

if TYPE_CHECKING:
    from probe.config import schema

EVERYTHING = "*"
"""The pattern that also means what has no path: a spent budget, a blind daemon."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rules:
    """What `[alerts]` says. Addresses hold secrets, so that they are known by name everywhere else."""

    addresses: Mapping[str, secrets.Secret]
    usual: tuple[str, ...]  # told where no route says otherwise
    routes: tuple[tuple[str, tuple[str, ...]], ...]  # (pattern, names)
    quiet: hours.Hours | None
    maintenance: tuple[tuple[str, hours.Hours], ...]
    repeat: dt.timedelta
    zone: dt.tzinfo

    def destinations(self, paths: Sequence[model.Path]) -> tuple[str, ...]:
        """The names of those to tell about these paths; about none: about tierwatch itself."""
        found: list[str] = []
        for path in paths:
            routed = [name for pattern, names in self.routes if path.matches(pattern) for name in names]
            found += routed or self.usual
        return tuple(dict.fromkeys(found if paths else self.usual or self.addresses))

    def is_held(self, paths: Sequence[model.Path], silences: Sequence[told.Silence], at: dt.datetime) -> bool:
        """Does nobody want to hear about any of these paths now?"""
        patterns = [silence.pattern for silence in silences if silence.until > at]
        patterns += [pattern for pattern, times in self.maintenance if times.until(at, self.zone)]
        if not paths:
            return EVERYTHING in patterns
        return all(any(path.matches(pattern) for pattern in patterns) for path in paths)

    def due_at(self, at: dt.datetime, *, severe: bool) -> dt.datetime:
        """When a message made at `at` may be sent."""
        until = None if severe or self.quiet is None else self.quiet.until(at, self.zone)
        return until or at


def of(alerts: "schema.Alerts") -> Rules:
    """The rules in `[alerts]`."""
    routes, maintenance = alerts.routes or {}, alerts.maintenance or {}
    names = named([*alerts.urls, *(url for listed in routes.values() for url in listed)])
    return Rules(
        {name: secrets.Secret(url) for url, name in names.items()},
        tuple(dict.fromkeys(names[url] for url in alerts.urls)),
        tuple((pattern, tuple(names[url] for url in listed)) for pattern, listed in routes.items()),
        hours.parse(alerts.quiet_hours) if alerts.quiet_hours else None,
        tuple((pattern, hours.parse(times)) for pattern, times in maintenance.items()),
        dt.timedelta(seconds=alerts.repeat),
        hours.zone(alerts.timezone),
    )


def named(urls: Iterable[str]) -> dict[str, str]:
    """Address -> its service, numbered among those of the same service: `slack`, `slack-2`.

    A name tells nothing of the address, not even a digest that could be tried out; a corrected address
    keeps the name, and so gets what its mistyped one could not deliver.
    """
    names: dict[str, str] = {}
    count = collections.Counter[str]()
    for url in dict.fromkeys(urls):
        service = url.partition("://")[0].lower()
        count[service] += 1
        names[url] = service if count[service] == 1 else f"{service}-{count[service]}"
    return names
