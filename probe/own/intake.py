"""Lines in, outcomes out: own requests read, mapped, judged and stored batch by batch, in memory that does not grow."""

import collections
import dataclasses
import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from probe import model
from probe.own import account, fields, formats, judging
from probe.records import columns, own

if TYPE_CHECKING:
    from probe.config import schema
    from probe.records import Records

BATCH = 4_000
"""Requests stored in one transaction."""

BATCH_CHARACTERS = 32 * 2**20
"""Lines that are held together for it are no longer than this, or a single one: LiteLLM's may hold pictures."""

MOST_REASONS = 20
"""Why lines are bad is told for so many reasons; the file beside them tells all."""

AHEAD = dt.timedelta(hours=1)
"""A request sent later than this from now has a wrong clock: it would hide everything until then."""


class Line(NamedTuple):
    """One line of a source: its text, or the account that an adapter has made already."""

    number: int
    text: str = ""
    told: account.Account | None = None
    position: object = ""  # its text says how far the source has been read once this line is stored


@dataclasses.dataclass(slots=True)
class Tally:
    """What became of the lines of one source."""

    read: int = 0
    new: int = 0
    known: int = 0  # told of before, by this source or another
    canaries: int = 0  # of `known`: our own
    unmapped: int = 0
    bad: int = 0  # set aside, each with its reason
    skipped: int = 0  # lines that are no requests for pictures
    dropped: int = 0  # by the recorder, whose queue was full
    early: int = 0  # sent before the period asked for
    cut: int = 0  # at the end of its file, not whole yet: read when it is
    reasons: dict[str, int] = dataclasses.field(default_factory=dict)  # of `bad`, the first MOST_REASONS
    by_path: dict[model.Path, int] = dataclasses.field(default_factory=dict)


class Intake:
    """Takes in the requests of one source; `tally` says what became of them so far.

    `aside` is given each bad line with its reason; `since` leaves out what is older; `key` hashes the prompts
    that other programs' rows hold.
    """

    def __init__(
        self,
        config: "schema.Config",
        book: "Records",
        now: Callable[[], dt.datetime],
        *,
        source: str = "",
        aside: Callable[[Line, str], None] = lambda _line, _reason: None,
        since: dt.datetime | None = None,
        key: bytes | None = None,
    ) -> None:
        self.tally = Tally()
        self.position: object = ""  # reached with what has been stored
        self._book, self._now, self._source = book, now, source
        self.since = since
        self._aside, self._key = aside, key
        self._judging = judging.Judging(config)

    def take(self, lines: Iterable[Line | None]) -> Iterator[tuple[columns.OutcomeRow, ...]]:
        """Take in lines; gives the outcomes that were new, batch by batch. None among the lines: no more for now.

        How far the source has been read is committed with each batch: interrupted, it goes on from there.
        """
        for batch in batches(lines):
            before, latest = dataclasses.replace(self.tally), self._now() + AHEAD
            requests = self._requests(batch, latest)
            self.tally.read += len(batch)
            dropped, bad = self.tally.dropped - before.dropped, self.tally.bad - before.bad
            lost = {"not recorded: queue or spool full": dropped, "set aside": bad}
            self.position = batch[-1].position
            yield self._store(requests, str(self.position), {reason: n for reason, n in lost.items() if n})

    def set_aside(self, line: Line, reason: str) -> None:
        """A line or row that is no request."""
        self.tally.bad += 1
        reasons = self.tally.reasons
        if reason in reasons or len(reasons) < MOST_REASONS:
            reasons[reason] = reasons.get(reason, 0) + 1
        self._aside(line, reason)

    def advance(self, position: str) -> None:
        """The source has been read so far, though nothing more was found there."""
        self._store([], position, {})

    def again(self, held: Iterable[tuple[str, str]]) -> Iterator[tuple[columns.OutcomeRow, ...]]:
        """Look at (id, line) of requests that no path was known for; gives the outcomes of those that have one now."""
        waiting = iter(held)
        while batch := list(itertools.islice(waiting, BATCH)):
            latest = self._now() + AHEAD
            told = {identity: self._read(Line(0, text), latest) for identity, text in batch}
            found = {identity: self._judging.request(each) for identity, each in told.items() if each is not None}
            requests = {identity: each for identity, each in found.items() if each.row}
            self.tally.read += len(requests)
            yield self._store([*requests.values()], "", {}, [*requests])

    def _requests(self, batch: Iterable[Line], latest: dt.datetime) -> list[own.Request]:
        """The requests to store. All lines are read before the first is judged: each step by itself is quicker."""
        told = [found for line in batch if (found := self._read(line, latest)) is not None]
        return [self._judging.request(each) for each in told]

    def _read(self, line: Line, latest: dt.datetime) -> account.Account | fields.Line | None:
        """What one line tells; None where it is no request, is too old, or was set aside."""
        tally = self.tally
        try:
            told = line.told or formats.read(line.text, self._key)
            if isinstance(told, formats.Dropped):
                tally.dropped += told.count
                return None
            sent_at = told.sent_at if isinstance(told, account.Account) else told["sent_at"]
            if sent_at > latest:
                raise ValueError("sent_at lies in the future")
        except formats.Skipped:
            tally.skipped += 1
            return None
        except ValueError as error:
            self.set_aside(line, str(error))
            return None
        if self.since is not None and sent_at < self.since:
            tally.early += 1
            return None
        return told

    def _store(
        self, requests: list[own.Request], position: str, lost: Mapping[str, int], released: Sequence[str] = ()
    ) -> tuple[columns.OutcomeRow, ...]:
        positions = {self._source: position} if self._source and position else {}
        taken = self._book.take_in(requests, self._now(), positions=positions, lost=lost, released=released)
        tally = self.tally
        tally.new += len(taken.new)
        tally.known += taken.known
        tally.canaries += taken.canaries
        tally.unmapped += taken.unmapped
        for path, count in collections.Counter((each.channel, each.tier) for each in taken.new).items():
            tally.by_path[model.Path(*path)] = tally.by_path.get(model.Path(*path), 0) + count
        return taken.new


def batches(lines: Iterable[Line | None]) -> Iterator[list[Line]]:
    """Lists of lines to be stored together; a None ends one early."""
    batch: list[Line] = []
    characters = 0
    for line in lines:
        if line is not None:
            batch.append(line)
            characters += len(line.text)
        if batch and (line is None or len(batch) >= BATCH or characters >= BATCH_CHARACTERS):
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
