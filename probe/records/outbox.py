"""The outbox: incidents and the messages about them, written together, so that nothing is told twice or forgotten."""

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

from probe.inference import incidents
from probe.records import columns, told, verdicts
from probe.records import door as doors


class Outbox:
    """What is to be told, over the same door as all records; see `Records` for what a write may raise."""

    def __init__(self, door: doors.Door) -> None:
        self._door = door

    def read(self, at: dt.datetime) -> told.Told:
        """Everything that decides what is to be told next, other processes' writes included."""
        with self._asking() as ask:
            return told.read(ask, at)

    def keep(
        self,
        changed: Iterable[incidents.Incident],
        messages: Iterable[told.Message] = (),
        routes: Iterable[told.Route] = (),
    ) -> int:
        """Keep incidents as they are now, routes, and the messages about them, in one transaction.

        A message whose key its destination has already is left out. Returns how many were new.
        """
        with self._door.writing("record incidents and messages") as db:
            for one in changed:
                db.table("incident").upsert(told.incident_row(one), pk="number")
            for route in routes:
                facts = dataclasses.asdict(route)
                row = {"tier": facts.pop("tier"), "job": facts.pop("job"), "facts": columns.compact(facts)}
                db.table("route").insert(columns.row(row), pk=("tier", "job"), replace=True)
            before = db.conn.total_changes
            for message in messages:
                row = told.message_row(message)
                names = ", ".join(row)
                sql = f"INSERT OR IGNORE INTO message ({names}) VALUES ({verdicts.marks(row)})"  # noqa: S608
                db.conn.execute(sql, [*row.values()])
            return db.conn.total_changes - before

    # --- delivery ------------------------------------------------------------------------------------------------

    def waiting(self) -> tuple[told.Message, ...]:
        """Messages not yet delivered, oldest first."""
        with self._asking() as ask:
            return told.waiting(ask)

    def sent_since(self, since: dt.datetime) -> dict[str, tuple[dt.datetime, ...]]:
        """When something was delivered to each destination since then."""
        with self._asking() as ask:
            return told.sent_since(ask, since)

    @contextlib.contextmanager
    def _asking(self) -> Iterator[told.Ask]:
        """Questions through the writer's own connection, which sees what was written last."""
        with self._door.reading() as connection:
            yield lambda sql, *parameters: connection.execute(sql, parameters).fetchall()

    def claim(self, messages: Sequence[told.Message], due_at: Sequence[dt.datetime]) -> tuple[told.Message, ...]:
        """Take messages to send them now: those nobody took since they were read, in order.

        Compare-and-set on the number of attempts, which also moves each on to when it is due again: a
        process that ends before `settle` leaves it to be sent then, and never in a hurry.
        """
        taken = []
        with self._door.writing("claim messages") as db:
            for message, again_at in zip(messages, due_at, strict=True):
                won = db.conn.execute(
                    """
                    UPDATE message SET attempts = attempts + 1, due_at = ?
                    WHERE id = ? AND attempts = ? AND state = 'waiting'
                    """,
                    [columns.when(again_at), message.id, message.attempts],
                ).rowcount
                if won:
                    taken.append(dataclasses.replace(message, attempts=message.attempts + 1, due_at=again_at))
        return tuple(taken)

    def settle(self, messages: Iterable[told.Message], at: dt.datetime, failure: str = "") -> None:
        """What came of sending them, as one: delivered, or why not (`failure`, scrubbed of secrets)."""
        state = ("waiting", None) if failure else ("delivered", columns.when(at))
        with self._door.writing("record a delivery") as db:
            db.conn.executemany(
                "UPDATE message SET state = ?, settled_at = ?, failure = ? WHERE id = ?",
                [(*state, columns.storable(failure), message.id) for message in messages],
            )

    def drop(self, messages: Iterable[told.Message], at: dt.datetime, why: str) -> None:
        """Give these messages up, and say why."""
        with self._door.writing("give messages up") as db:
            db.conn.executemany(
                "UPDATE message SET state = 'dropped', settled_at = ?, failure = ? WHERE id = ?",
                [(columns.when(at), columns.storable(why), message.id) for message in messages],
            )

    # --- what people say -----------------------------------------------------------------------------------------

    def acknowledge(self, numbers: Iterable[int], at: dt.datetime) -> tuple[int, ...]:
        """Somebody cares about these open incidents: they are not repeated. Returns those that are open."""
        with self._door.writing("acknowledge incidents") as db:
            sql = """
                UPDATE incident SET acknowledged_at = coalesce(acknowledged_at, ?)
                WHERE number = ? AND cleared_at IS NULL
            """
            return tuple(number for number in numbers if db.conn.execute(sql, [columns.when(at), number]).rowcount)

    def silence(self, pattern: str, at: dt.datetime, until: dt.datetime) -> None:
        """Tell nothing about paths that match until a time; a time already past ends the silence."""
        row = {"pattern": pattern, "until": columns.when(until), "made_at": columns.when(at)}
        with self._door.writing("record a silence") as db:
            db.table("silence").insert(columns.row(row), pk="pattern", replace=True)
