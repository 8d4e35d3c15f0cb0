"""What people were told and what waits to be told: incidents, messages, silences and routes as rows, and their queries."""

import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar

from probe import model
from probe.inference import incidents
from probe.records import columns, rows

T = TypeVar("T")
Ask = Callable[..., Iterable[tuple[Any, ...]]]
"""Runs a query with its parameters: of a reader, or of the writer's own connection."""

REMEMBERED = dt.timedelta(days=7)
"""How long an incident that is over may still be told: when a silence ends, or a service answers again."""

MOST_AT_ONCE = 1000
"""Messages read at once."""


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """One message to one address; `id` is 0 until it is stored."""

    key: str  # the same event has the same key, however often it is made or sent
    destination: str  # name of an address, never the address
    event: str
    title: str
    body: str
    made_at: dt.datetime
    due_at: dt.datetime
    severe: bool = False
    incident: int | None = None
    attempts: int = 0
    state: Literal["waiting", "delivered", "dropped"] = "waiting"
    settled_at: dt.datetime | None = None
    failure: str = ""  # why the latest attempt failed
    id: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Silence:
    """Paths nobody wants to hear about until a time; `pattern` is a glob over paths or channels."""

    pattern: str
    until: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Route:
    """What to use for a tier, or for a job's work at it."""

    tier: str
    job: str  # "" = the tier whatever the job
    channel: str
    attempts: int
    then: str  # channel to fall back on; "" = none
    usd: float  # per usable picture
    minutes: float


@dataclasses.dataclass(frozen=True, slots=True)
class Note:
    """That a message about an incident was made for a destination."""

    key: str
    event: str
    made_at: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Told:
    """Everything that decides what is to be told next."""

    remembered: tuple[incidents.Incident, ...]  # open, or over for less than `REMEMBERED`; by number
    next_number: int
    notes: Mapping[tuple[int, str], tuple[Note, ...]]  # by incident and destination, in order
    silences: tuple[Silence, ...]
    routes: tuple[Route, ...]
    budget_skips: int  # canaries of the UTC day left out for want of money
    reserved_usd: float  # list prices of the UTC day
    heartbeat: rows.Heartbeat | None  # the daemon's latest

    @property
    def opened(self) -> tuple[incidents.Incident, ...]:
        return tuple(one for one in self.remembered if one.cleared_at is None)


def read(ask: Ask, at: dt.datetime) -> Told:
    """What is on record at `at`."""
    since = columns.when(at - REMEMBERED)
    found = ask(
        f"SELECT {INCIDENT} FROM incident WHERE cleared_at IS NULL OR cleared_at >= ? ORDER BY number",  # noqa: S608
        since,
    )
    ((last,),) = ask("SELECT coalesce(max(number), 0) FROM incident")
    notes: dict[tuple[int, str], tuple[Note, ...]] = {}
    made = ask(
        """
        SELECT message.incident, destination, key, event, made_at FROM message JOIN incident ON number = incident
        WHERE cleared_at IS NULL OR cleared_at >= ? ORDER BY message.id
        """,
        since,
    )
    for number, destination, key, event, made_at in made:
        note = Note(key, event, columns.instant(made_at))
        notes[number, destination] = (*notes.get((number, destination), ()), note)
    midnight = at.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    ((skips,),) = ask(
        "SELECT count(*) FROM skip WHERE at >= ? AND reason = ?", columns.when(midnight), model.SkipReason.BUDGET
    )
    ((reserved_usd,),) = ask(
        "SELECT coalesce(sum(reserved_usd), 0.0) FROM intent WHERE budget_day = ?", midnight.date().isoformat()
    )
    return Told(
        tuple(incident(row) for row in found),
        last + 1,
        notes,
        tuple(
            Silence(pattern, columns.instant(until))
            for pattern, until in ask(
                "SELECT pattern, until FROM silence WHERE until > ? ORDER BY until", columns.when(at)
            )
        ),
        tuple(Route(tier, job, **json.loads(facts)) for tier, job, facts in ask("SELECT tier, job, facts FROM route")),
        skips,
        float(reserved_usd),
        next((rows.heartbeat(row) for row in ask(rows.HEARTBEAT)), None),
    )


def waiting(ask: Ask) -> tuple[Message, ...]:
    """Messages not yet delivered, oldest first, at most MOST_AT_ONCE."""
    sql = f"SELECT {MESSAGE} FROM message WHERE state = 'waiting' ORDER BY id LIMIT {MOST_AT_ONCE}"  # noqa: S608
    return tuple(message(row) for row in ask(sql))


def latest(ask: Ask, limit: int) -> tuple[Message, ...]:
    """The messages that were settled last, latest first."""
    sql = f"SELECT {MESSAGE} FROM message WHERE state != 'waiting' ORDER BY settled_at DESC, id DESC LIMIT ?"  # noqa: S608
    return tuple(message(row) for row in ask(sql, limit))


def sent_since(ask: Ask, since: dt.datetime) -> dict[str, tuple[dt.datetime, ...]]:
    """When something was delivered to each destination since then; messages sent as one count once."""
    sql = """
        SELECT DISTINCT destination, settled_at FROM message
        WHERE state = 'delivered' AND settled_at >= ? ORDER BY settled_at
    """
    found: dict[str, tuple[dt.datetime, ...]] = {}
    for destination, settled_at in ask(sql, columns.when(since)):
        found[destination] = (*found.get(destination, ()), columns.instant(settled_at))
    return found


# --- rows ------------------------------------------------------------------------------------------------------------

INCIDENT = "number, trouble, raised_at, edition, acknowledged_at, cleared_at, facts"
MESSAGE = (
    "id, key, destination, incident, event, severe, title, body, made_at, due_at, attempts, state, settled_at, failure"
)


def incident(row: tuple[Any, ...]) -> incidents.Incident:
    """Read the columns INCIDENT."""
    number, trouble, raised_at, edition, acknowledged_at, cleared_at, facts = row
    found = json.loads(facts)
    return incidents.Incident(
        number,
        incidents.Trouble(trouble),
        incidents.Scope(found["scope"]),
        columns.instant(raised_at),
        tuple(path_state(state) for state in found["states"]),
        tuple(model.Path(*path) for path in found["touched"]),
        columns.maybe_instant(found["since"]),
        found["reason"],
        edition,
        columns.maybe_instant(cleared_at),
        found["merged_into"],
        columns.maybe_instant(acknowledged_at),
    )


def incident_row(one: incidents.Incident) -> dict[str, Any]:
    """An incident as the columns INCIDENT, less `acknowledged_at`, which people write."""
    facts = {
        "scope": one.scope,
        "states": [path_state_facts(state) for state in one.states],
        "touched": one.touched,
        "since": columns.maybe_when(one.since),
        "reason": one.reason,
        "merged_into": one.merged_into,
    }
    return columns.row(
        {
            "number": one.number,
            "trouble": one.trouble,
            "raised_at": columns.when(one.raised_at),
            "edition": one.edition,
            "cleared_at": columns.maybe_when(one.cleared_at),
            "facts": columns.compact(columns.storable(facts)),
        }
    )


def path_state_facts(state: model.PathState) -> dict[str, Any]:
    return {
        "path": state.path,
        "state": state.state,
        "since": columns.maybe_when(state.since),
        "checked_at": columns.maybe_when(state.checked_at),
        "p_degraded": state.p_degraded,
        "reason": state.reason,
    }


def path_state(found: Mapping[str, Any]) -> model.PathState:
    """Read `path_state_facts`."""
    return model.PathState(
        model.Path(*found["path"]),
        model.State(found["state"]),
        columns.maybe_instant(found["since"]),
        columns.maybe_instant(found["checked_at"]),
        found["p_degraded"],
        found["reason"],
    )


def message(row: tuple[Any, ...]) -> Message:
    """Read the columns MESSAGE."""
    number, key, destination, about, event, severe, title, body, made_at, due_at, attempts, state, settled_at, why = row
    return Message(
        key,
        destination,
        event,
        title,
        body,
        columns.instant(made_at),
        columns.instant(due_at),
        bool(severe),
        about,
        attempts,
        state,
        columns.maybe_instant(settled_at),
        why,
        number,
    )


def message_row(one: Message) -> dict[str, Any]:
    """A message as the columns MESSAGE, less `id`."""
    return columns.row(
        {
            **{name: getattr(one, name) for name in MESSAGE.split(", ") if name != "id"},
            "severe": int(one.severe),
            "made_at": columns.when(one.made_at),
            "due_at": columns.when(one.due_at),
            "settled_at": columns.maybe_when(one.settled_at),
        }
    )
