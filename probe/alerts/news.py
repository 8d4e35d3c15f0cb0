"""What is to be told now: each edition of an incident once to each address, again while nobody cares, and its end.

Pure, and made from the record of what was told. So a crash repeats nothing, what a silence held back is
told when it ends if it is still so, and a new address hears of what is open.
"""

import dataclasses
import datetime as dt
import enum
from collections.abc import Iterator, Sequence

from probe.alerts import rules
from probe.inference import incidents
from probe.records import told


class Event(enum.StrEnum):
    """What a message tells."""

    RAISED = "raised"
    SPREAD = "spread"
    REPEATED = "repeated"
    RECOVERED = "recovered"
    ROUTE = "route"


UNTOLD_ENDS = frozenset({incidents.Trouble.BUDGET_GONE})
"""Over every midnight: nothing to tell."""


@dataclasses.dataclass(frozen=True, slots=True)
class News:
    """One event for one address."""

    incident: incidents.Incident
    event: Event
    destination: str
    key: str


def wanted(
    remembered: Sequence[incidents.Incident], known: told.Told, who: rules.Rules, at: dt.datetime
) -> Iterator[News]:
    """What is to be told about these incidents, given what was told."""
    for one in remembered:
        if one.merged_into is not None or who.is_held(one.touched, known.silences, at):
            continue
        for destination in who.destinations(one.touched):
            notes = known.notes.get((one.number, destination), ())
            found = _open(one, notes, who, at) if one.cleared_at is None else _over(one, notes, at)
            if found:
                yield News(one, found[0], destination, found[1])


def _open(
    one: incidents.Incident, notes: Sequence[told.Note], who: rules.Rules, at: dt.datetime
) -> tuple[Event, str] | None:
    key = f"{one.number}.{one.edition}"
    if all(note.key != key for note in notes):
        return (Event.SPREAD if notes else Event.RAISED), key
    if one.acknowledged_at is None and at - notes[-1].made_at >= who.repeat:
        return Event.REPEATED, f"{key}.{len(notes)}"
    return None


def _over(one: incidents.Incident, notes: Sequence[told.Note], at: dt.datetime) -> tuple[Event, str] | None:
    """Its end is told to those who heard of it, once it is sure not to go on."""
    if not notes or notes[-1].event == Event.RECOVERED or one.trouble in UNTOLD_ENDS:
        return None
    if incidents.is_unsettled(one, at):
        return None
    return Event.RECOVERED, f"{one.number}.over"
