"""Everything that is written: intents, outcomes with verdicts, the daemon's state, own traffic, triages."""

import contextlib
import dataclasses
import datetime as dt
import secrets
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Self

from probe import model, taxonomy
from probe.records import archive, columns, database, errors, ledger, outbox, own, rows, verdicts
from probe.records import door as doors

BATCH = 500
"""Rows a transaction: between two of them other writers get their turn."""

SAME_PICTURE_BITS = 2
"""Perceptual fingerprints (64 bits) that differ in no more bits are the same picture."""

PICTURES_COMPARED = 500
"""How many of a channel's latest pictures a new one is compared with."""


class Records:
    """What is written, one durable transaction a call, from several threads and processes.

    A write may wait for others, then raise UnavailableError: call it from a thread where an event loop
    must not stand still.
    """

    def __init__(self, door: doors.Door) -> None:
        self._door = door
        self.outbox = outbox.Outbox(door)
        self.archive = archive.Archive(door)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; nothing can be written afterwards."""
        self._door.close()

    def wal_bytes(self) -> int:
        """Size of the -wal file, which is emptied whenever it is large and nobody reads from it."""
        return database.wal_bytes(self._door.path)

    # --- money -------------------------------------------------------------------------------------------------

    def reserve(self, canary: model.Canary, at: dt.datetime, cap_usd: float) -> None:
        """Commit the intent to send a canary, if the day's cap allows its list price. Only then may it be sent.

        The cap is on the list prices reserved in a budget day over all processes, whatever came of them; only
        what certainly never left this machine gives its price back (`store`).
        Raises BudgetExhausted; SlotTaken where the path's slot has an intent; UnavailableError: do not send.
        """
        with self._door.writing(f"record the intent to send {canary.path}") as db:
            refused = ledger.reserve(db, canary, at, cap_usd)
        if refused:
            raise refused

    def abandon(self, at: dt.datetime, *, also_own: bool = False) -> int:
        """Call the open intents of processes that are gone `unknown_outcome`: counted as spent, never sent again.

        `also_own`: those of this process too, which has nothing in flight any more. Returns how many there were.
        """
        with self._door.writing("close the intents of ended processes") as db:
            return ledger.abandon(db, at, also_own=also_own)

    # --- outcomes ----------------------------------------------------------------------------------------------

    def seen_before(self, channel: str, picture: model.Picture) -> bool:
        """Did this channel deliver the same picture among its latest ones? Ask before judging, and set `repeated`.

        The same: equal bytes, or perceptual fingerprints that differ in at most SAME_PICTURE_BITS bits.
        False where that cannot be read now: an outcome that was paid for must not be lost over it.
        """
        latest: list[tuple[str, str | None]] = []
        with contextlib.suppress(errors.RecordsError), self._door.reading() as connection:
            latest = connection.execute(
                "SELECT picture_sha256, picture_fingerprint FROM outcome INDEXED BY outcome_picture "
                "WHERE channel = ? AND picture_sha256 IS NOT NULL ORDER BY seq DESC LIMIT ?",
                [columns.storable(channel), PICTURES_COMPARED],
            ).fetchall()
        return any(
            sha256 == picture.sha256 or same_picture(fingerprint or "", picture.fingerprint)
            for sha256, fingerprint in latest
        )

    def store(self, outcome: model.Outcome, verdict: model.Verdict) -> bool:
        """Keep an outcome with its verdict and close its intent, in one transaction.

        False: an outcome of this id was there already, and stays as it was, with its intent. Raises
        UnavailableError: keep it and store it again.
        """
        with self._door.writing("store 1 outcome") as db:
            new = verdicts.add(db, [model.Judged(outcome, verdict)], taxonomy.RULES_VERSION) == 1
            if new:
                ledger.settle(db, outcome)
        return new

    def store_all(self, judged: Iterable[model.Judged], rules_version: str = taxonomy.RULES_VERSION) -> int:
        """Keep outcomes that others sent, judged by rules of `rules_version`, in transactions of BATCH rows.

        No intent changes by them: what another database tells gives no budget back. Returns how many were new.
        """
        added = 0
        for batch in doors.batches(judged, BATCH):
            with self._door.writing(f"store {len(batch)} outcome{'s' if len(batch) > 1 else ''}") as db:
                added += verdicts.add(db, batch, rules_version)
        return added

    def rejudge(self, judge: verdicts.Judge, rules_version: str) -> verdicts.Rejudging:
        """Judge all stored evidence again, in transactions of BATCH rows; what changes can be put back (`undo_rejudge`).

        Interrupted, it has judged the older outcomes; call it again for the rest.
        """
        with self._door.writing("begin to judge again") as db:
            judgement = verdicts.begin_judgement(db, rules_version, rejudging=True)
        total, last = verdicts.Rejudging(), 0
        while True:
            with self._door.writing("store verdicts") as db:
                last, done = verdicts.rejudge(db, judge, judgement, last, BATCH)
                if not done.judged and not total.changed:
                    verdicts.forget(db, judgement)
            if not done.judged:
                return total
            total += done

    def undo_rejudge(self) -> int:
        """Put back what the latest re-judging changed; returns how many verdicts. 0 where there was none.

        Outcomes stored since keep the verdict they came with. Interrupted, call it again for the rest.
        """
        with self._door.writing("find the latest re-judging") as db:
            judgement = verdicts.last_rejudging(db)
        restored = 0
        while judgement is not None:
            with self._door.writing("put verdicts back") as db:
                done = verdicts.undo(db, judgement, BATCH)
                if not done:
                    verdicts.forget(db, judgement)
            if not done:
                break
            restored += done
        return restored

    # --- the daemon's state --------------------------------------------------------------------------------------

    def skip(self, path: model.Path, slot: int, at: dt.datetime, reason: model.SkipReason) -> None:
        """A scheduled slot was not sent, and why. The first reason stays."""
        row = {"channel": path.channel, "tier": path.tier, "slot": slot, "at": columns.when(at), "reason": reason}
        with self._door.writing("record a skipped slot") as db:
            db.table("skip").insert(columns.row(row), ignore=True)

    def beat(self, at: dt.datetime, *, pid: int, digest: str, stale_after_s: float, note: str = "") -> None:
        """The daemon lives, with this configuration; not heard of for `stale_after_s` it counts as dead."""
        row = {
            "id": 1,
            "at": columns.when(at),
            "pid": pid,
            "digest": digest,
            "stale_after_s": float(stale_after_s),
            "note": note,
        }
        with self._door.writing("record the heartbeat") as db:
            db.table("daemon").insert(columns.row(row), replace=True)

    def publish(self, states: Sequence[model.PathState], at: dt.datetime) -> None:
        """Replace what `status` reads by these states, one a path."""
        latest = [
            columns.row(
                {
                    "channel": state.path.channel,
                    "tier": state.path.tier,
                    "state": state.state,
                    "since": columns.maybe_when(state.since),
                    "checked_at": columns.maybe_when(state.checked_at),
                    "p_degraded": state.p_degraded,
                    "reason": state.reason,
                    "next_at": columns.maybe_when(state.next_at),
                    "published_at": columns.when(at),
                }
            )
            for state in states
        ]
        with self._door.writing("publish the states of the paths") as db:
            db.conn.execute("DELETE FROM path_state")
            db.table("path_state").insert_all(latest)

    def raise_alarm(
        self, path: model.Path, state: model.State, at: dt.datetime, *, since: dt.datetime | None, reason: str
    ) -> bool:
        """Open an alarm on a path; False: one is open already, and stays as it was."""
        row = {
            "channel": path.channel,
            "tier": path.tier,
            "state": state,
            "since": columns.maybe_when(since),
            "raised_at": columns.when(at),
            "reason": reason,
        }
        with self._door.writing(f"record the alarm of {path}") as db:
            is_open = db.conn.execute(
                "SELECT 1 FROM alarm WHERE (channel, tier) = (?, ?) AND cleared_at IS NULL", [*path]
            ).fetchone()
            if not is_open:
                db.table("alarm").insert(columns.row(row))
        return not is_open

    def clear_alarm(self, path: model.Path, at: dt.datetime) -> bool:
        """Close the open alarm of a path; False: there was none."""
        with self._door.writing(f"clear the alarm of {path}") as db:
            cleared = db.conn.execute(
                "UPDATE alarm SET cleared_at = ? WHERE (channel, tier) = (?, ?) AND cleared_at IS NULL",
                [columns.when(at), *path],
            ).rowcount
        return bool(cleared)

    # --- own traffic -------------------------------------------------------------------------------------------

    def take_in(
        self,
        requests: Sequence[own.Request],
        at: dt.datetime,
        *,
        positions: Mapping[str, str] = MappingProxyType({}),
        lost: Mapping[str, int] = MappingProxyType({}),
        released: Sequence[str] = (),
    ) -> own.Taken:
        """Store own requests of one source, with how far it has been read, in one transaction.

        `lost` counts by reason what could not be taken in; `released` are held requests that found a path.
        """
        with self._door.writing(f"store {len(requests)} own requests") as db:
            own.release(db, released)
            taken = own.take(db, requests)
            own.lose(db, at.date(), lost)
            own.advance(db, positions, at)
        return taken

    # --- triage ------------------------------------------------------------------------------------------------

    def keep_triage(self, triage: rows.Triage) -> None:
        """Keep what triage found; one of the same id is replaced."""
        row = {**dataclasses.asdict(triage), "at": columns.when(triage.at)}
        with self._door.writing("keep a triage") as db:
            db.table("triage").insert(columns.row(row), replace=True)

    def prompt_key(self) -> bytes:
        """The key of the hashes by which own prompts are recognised, made when first asked for."""
        with self._door.writing("make the key of prompt hashes") as db:
            db.conn.execute("INSERT OR IGNORE INTO prompt_key (id, key) VALUES (1, ?)", [secrets.token_bytes(32)])
            (key,) = db.conn.execute("SELECT key FROM prompt_key").fetchone()
        return bytes(key)

    def adopt_prompt_key(self, key: bytes) -> None:
        """Use this key from now on: the one that recorders hash with."""
        with self._door.writing("adopt the key of prompt hashes") as db:
            db.conn.execute("INSERT OR REPLACE INTO prompt_key (id, key) VALUES (1, ?)", [key])


def same_picture(first: str, second: str) -> bool:
    """Do two perceptual fingerprints (hex digits) mean the same picture? Never where one is missing."""
    if not first or not second or len(first) != len(second):
        return False
    try:
        return (int(first, 16) ^ int(second, 16)).bit_count() <= SAME_PICTURE_BITS
    except ValueError:
        return first == second
