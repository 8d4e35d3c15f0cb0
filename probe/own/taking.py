"""One run of taking own traffic in: from files, from the spool, or from gateways' logs, with what became of each."""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import gc
import pathlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, cast

from probe import client, clock
from probe.config import secrets
from probe.inference import points
from probe.own import files, intake, pulling, spool
from probe.own.intake import Line, Tally
from probe.records import columns, history

if TYPE_CHECKING:
    import io

    from probe.config import schema
    from probe.records import Records

PERIOD = dt.timedelta(days=30)
"""How far back a gateway's log is read at first."""

POLL_S = 60.0
"""A log that is followed is asked so often."""

MOST_POINTS = 100_000
"""So many of the latest requests are looked at for findings."""

Advance = Callable[[int], None]
"""Told how far things are."""


@dataclasses.dataclass
class Run:
    """Takes in and keeps the tallies by source. `say` is told what a person should know meanwhile.

    `book` stores in `database`; a dry run has one of its own, beside the `real` one that stays as it is.
    `progress` is given what there is to do and its unit (None: not known), and gives what is told how far it is.
    """

    config: "schema.Config"
    book: "Records"
    database: pathlib.Path
    now: Callable[[], dt.datetime]
    say: Callable[[str], None]
    progress: Callable[[int | None, str], contextlib.AbstractContextManager[Advance]]
    since: dt.datetime | None = None
    follow: bool = False
    real: pathlib.Path | None = None
    tallies: dict[str, Tally] = dataclasses.field(default_factory=dict)
    asides: dict[str, pathlib.Path] = dataclasses.field(default_factory=dict)
    first_at: dt.datetime | None = None  # of what was new
    last_at: dt.datetime | None = None
    failed: bool = False  # a log could not be read

    @property
    def folder(self) -> pathlib.Path:
        """The spool, where what belongs to no file is set aside as well."""
        return pathlib.Path(self.config.monitor.spool)

    @property
    def dry_run(self) -> bool:
        return self.real is not None

    def before(self) -> history.History:
        """What was stored before this run."""
        return history.open(self.real if self.real and self.real.exists() else self.database)

    def history(self) -> history.History:
        """What is stored, after a dry run by it alone."""
        return history.open(self.database)

    def taking(self, name: str, source: str, folder: pathlib.Path) -> intake.Intake:
        """An intake for one source; bad lines go to a file in `folder`."""
        taking = intake.Intake(
            self.config,
            self.book,
            self.now,
            source=source,
            aside=(lambda _line, _reason: None) if self.dry_run else spool.aside_in(folder, name),
            since=self.since,
            key=self.key,
        )
        taking.tally = self.tallies.setdefault(name, taking.tally)
        self.asides[name] = folder / spool.ASIDE
        return taking

    def __post_init__(self) -> None:
        self.key = self.book.prompt_key() if self.dry_run else spool.share_key(self.folder, self.book)

    def again(self) -> None:
        """Requests that fitted no channel before may fit one of today's config."""
        name = "held before"
        with self.history() as past:
            for new in self.taking(name, "", self.folder).again(past.traffic.held()):
                self.saw(new)
        if not self.tallies[name].read:
            del self.tallies[name]

    def take_files(self, names: Iterable[str]) -> None:
        for name in names:
            if name == "-":
                self._piped("standard input", cast("io.BufferedReader", sys.stdin.buffer))
                continue
            path = pathlib.Path(name)
            if path.is_dir():
                raise files.NotLinesError(f"{name} is a folder: name the files in it, as {path / '*.ndjson'}")
            if not path.is_file():
                with path.open("rb") as piped:
                    self._piped(name, piped)
                continue
            taking = self.taking(path.name, files.source(path), path.absolute().parent)
            with self.history() as past:
                before = None if self.since else past.traffic.position(files.source(path))
            lines = files.follow(path, before) if self.follow else files.lines(path, before)
            self._lines(taking, lines, None if self.follow else path.stat().st_size)
            taking.tally.cut += files.is_cut(path, str(taking.position) or before or "")

    def _piped(self, name: str, piped: "io.BufferedReader") -> None:
        """What comes through a pipe, of which nothing can be read again."""
        self._lines(self.taking(name, "", pathlib.Path.cwd()), files.stream(piped, name), None)

    def _lines(self, taking: intake.Intake, lines: Iterator[Line | None], size: int | None) -> None:
        with self.progress(size, "") as advance, rarely_collecting():
            for new in taking.take(lines):
                self.saw(new)
                advance(files.Position.parse(str(taking.position)).offset)

    def take_spool(self) -> None:
        while True:
            for path in spool.waiting(self.folder):
                if self.dry_run:
                    self._lines(self.taking(path.name, "", self.folder), files.lines(path, None), path.stat().st_size)
                    continue
                with self.history() as past:
                    tally = spool.take_file(self.config, self.book, past, self.now, self.key, path, self.saw)
                self.tallies[path.name], self.asides[path.name] = tally, self.folder / spool.ASIDE
            if not self.follow:
                return
            files.wait()

    async def take_logs(self, sources: Iterable[pulling.Source]) -> None:
        """Pull logs; one that fails is told and the others go on."""
        time = clock.RealClock()
        while True:
            for source in sources:
                redact = secrets.Redactor([secrets.key(source.log)])
                async with contextlib.aclosing(
                    client.Client(time, proxy=source.channels[0].proxy, redact=redact)
                ) as http:
                    try:
                        await self._log(source, http, time)
                    except pulling.PullError as error:
                        self.failed = True
                        self.say(f"tierwatch: {error}")
            if not self.follow:
                return
            await asyncio.sleep(POLL_S)

    async def _log(self, source: pulling.Source, http: client.Client, time: clock.Clock) -> None:
        until = self.now()
        since = self.since or until - PERIOD
        name = f"{source.log.kind} log of {', '.join(channel.name for channel in source.channels)}"
        taking = self.taking(name, source.name, self.folder)
        taking.since = None  # the log is asked for the period
        with self.before() as past, self.progress(int((until - since).total_seconds()), "of the period") as advance:
            async for batch in pulling.read(source, past, http, time, since, until):
                for new in taking.take(batch.lines):
                    self.saw(new)
                for reason, row in batch.bad:
                    taking.set_aside(Line(0, row), reason)
                taking.tally.skipped += batch.skipped
                if batch.position:
                    taking.advance(batch.position)
                if batch.read_until is not None:
                    advance(int((batch.read_until - since).total_seconds()))
                if batch.note:
                    self.say(batch.note)

    def saw(self, new: Sequence[columns.OutcomeRow]) -> None:
        if new:
            first, last = min(each.sent_at for each in new), max(each.sent_at for each in new)
            self.first_at = min(columns.instant(first), self.first_at or columns.instant(first))
            self.last_at = max(columns.instant(last), self.last_at or columns.instant(last))

    def points(self) -> list[points.Point]:
        """Own requests for findings, the latest MOST_POINTS: of the period asked for, else of what was new."""
        begin = self.since or self.first_at
        if begin is None:
            return []
        until = self.last_at + dt.timedelta(milliseconds=1) if self.last_at and not self.since else None
        with self.history() as past:
            return past.traffic.points(begin, until, latest=MOST_POINTS)


@contextlib.contextmanager
def rarely_collecting() -> Iterator[None]:
    """Lets the garbage collector rest: the objects of a batch hold no circles, and looking for some takes 5 % of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(100 * usual[0], *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
