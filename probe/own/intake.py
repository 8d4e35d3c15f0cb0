"""Lines in, outcomes out: own requests read, mapped, judged and stored batch by batch, in memory that does not grow."""

import collections
import dataclasses
import datetime as dt
import functools
import itertools
import json
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from probe import model, taxonomy
from probe.own import account, formats, mapping
from probe.records import own, rows

if TYPE_CHECKING:
    from probe.config import schema
    from probe.records import Records

BATCH = 2_000
"""Requests stored in one transaction."""

BATCH_CHARACTERS = 32 * 2**20
"""Lines that are held together for it are no longer than this, or a single one: LiteLLM's may hold pictures."""

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
    by_path: dict[model.Path, int] = dataclasses.field(default_factory=dict)


class Intake:
    """Takes in the requests of one source; `tally` says what became of them so far.

    Without a `book` nothing is stored. `aside` is given each bad line with its reason; `since` leaves out
    what is older; `key` hashes the prompts that other programs' rows hold.
    """

    def __init__(
        self,
        config: "schema.Config",
        book: "Records | None",
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
        self._vantage = config.monitor.vantage
        self._map, self._judge = mapping.Map(config), judging(config)

    def take(self, lines: Iterable[Line | None]) -> Iterator[tuple[model.Judged, ...]]:
        """Take in lines; gives the outcomes that were new, batch by batch. None among the lines: no more for now.

        How far the source has been read is committed with each batch: interrupted, it goes on from there.
        """
        for batch in batches(lines):
            before, latest = dataclasses.replace(self.tally), self._now() + AHEAD
            requests = [found for line in batch if (found := self._request(line, latest)) is not None]
            self.tally.read += len(batch)
            dropped, bad = self.tally.dropped - before.dropped, self.tally.bad - before.bad
            lost = {"not recorded: queue or spool full": dropped, "set aside": bad}
            self.position = batch[-1].position
            yield self._store(requests, str(self.position), {reason: n for reason, n in lost.items() if n})

    def set_aside(self, text: str, reason: str) -> None:
        """A row that is no request."""
        self.tally.bad += 1
        self._aside(Line(0, text), reason)

    def advance(self, position: str) -> None:
        """The source has been read so far, though nothing more was found there."""
        self._store([], position, {})

    def again(self, held: Iterable[tuple[str, str]]) -> Iterator[tuple[model.Judged, ...]]:
        """Look at (id, line) of requests that no path was known for; gives the outcomes of those that have one now."""
        waiting = iter(held)
        while batch := list(itertools.islice(waiting, BATCH)):
            latest = self._now() + AHEAD
            found = {identity: self._request(Line(0, text), latest) for identity, text in batch}
            requests = {identity: each for identity, each in found.items() if each is not None and each.judged}
            self.tally.read += len(requests)
            yield self._store([*requests.values()], "", {}, [*requests])

    def _request(self, line: Line, latest: dt.datetime) -> own.Request | None:
        """One line as a request to store; None where it is none, is too old, or was set aside."""
        tally = self.tally
        try:
            told = line.told or formats.read(line.text, self._key)
            if isinstance(told, formats.Dropped):
                tally.dropped += told.count
                return None
            if told.sent_at > latest:
                raise ValueError("sent_at lies in the future")
        except formats.Skipped:
            tally.skipped += 1
            return None
        except ValueError as error:
            tally.bad += 1
            self._aside(line, str(error))
            return None
        if self.since is not None and told.sent_at < self.since:
            tally.early += 1
            return None
        place = self._map.place(told)
        if isinstance(place, str):
            return own.Request(None, told.entry, unmapped(told, place))
        return own.Request(model.Judged(outcome_of(told, place, self._vantage), self._judge(told.evidence)), told.entry)

    def _store(
        self, requests: list[own.Request], position: str, lost: Mapping[str, int], released: Sequence[str] = ()
    ) -> tuple[model.Judged, ...]:
        new = tuple(each.judged for each in requests if each.judged)
        taken = own.Taken(new, unmapped=sum(each.unmapped is not None for each in requests))
        if self._book is not None:
            positions = {self._source: position} if self._source and position else {}
            taken = self._book.take_in(requests, self._now(), positions=positions, lost=lost, released=released)
        tally = self.tally
        tally.new += len(taken.new)
        tally.known += taken.known
        tally.canaries += taken.canaries
        tally.unmapped += taken.unmapped
        for path, count in collections.Counter(judged.outcome.path for judged in taken.new).items():
            tally.by_path[path] = tally.by_path.get(path, 0) + count
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


def outcome_of(told: account.Account, place: mapping.Place, vantage: str) -> model.Outcome:
    return model.Outcome(
        id=told.id,
        path=place.path,
        trigger=model.Trigger.OWN_TRAFFIC,
        sent_at=told.sent_at,
        evidence=told.evidence,
        latency_s=told.latency_s,
        timings=model.Timings(headers_s=told.headers_s, body_s=told.latency_s),
        price_usd=place.price_usd * told.pictures,
        charged_usd=told.charged_usd,
        prompt_id=told.prompt_id,
        fingerprint=place.fingerprint,
        vantage=vantage,
        excluded=told.excluded,
        attempt=told.attempt,
        source=told.source,
        batch=told.batch,
        served_model=told.served_model,
    )


def unmapped(told: account.Account, reason: str) -> rows.Unmapped:
    order = told.order
    ordered = " ".join(filter(None, (order.image_size or order.size, order.quality)))
    line = json.dumps(account.line(told), ensure_ascii=False)
    return rows.Unmapped(told.id, told.sent_at, told.host or told.channel, order.model, ordered, reason, line)


Judge = Callable[[model.Evidence], model.Verdict]


def judging(config: "schema.Config") -> Judge:
    """The classifier with the config's own rules.

    Answers with a picture and without words differ in their ids alone: each sort of them is judged once.
    """
    rules = taxonomy.compile_rules(config.rule)

    @functools.lru_cache(maxsize=4096)
    def judge_plain(order: model.Order, picture: tuple[Any, ...], *told: Any) -> model.Verdict:
        width_px, height_px, form = picture
        count, tokens, size, quality = told
        evidence = model.Evidence(
            200,
            order=order,
            picture=model.Picture(width_px, height_px, form) if width_px is not None else None,
            picture_count=count,
            image_tokens=tokens,
            echoed_size=size,
            echoed_quality=quality,
        )
        return taxonomy.judge(evidence, rules)

    def judge(evidence: model.Evidence) -> model.Verdict:
        if not is_plain(evidence):
            return taxonomy.judge(evidence, rules)
        picture = evidence.picture
        verdict = judge_plain(
            evidence.order or account.NO_ORDER,
            (picture.width_px, picture.height_px, picture.format) if picture else (None, None, ""),
            evidence.picture_count,
            evidence.image_tokens,
            evidence.echoed_size,
            evidence.echoed_quality,
        )
        return with_ids(verdict, taxonomy.request_ids(evidence.headers, ""))

    return judge


_FIELDS = tuple(field.name for field in dataclasses.fields(model.Verdict))
_VALUES = operator.attrgetter(*_FIELDS)
_IDS = _FIELDS.index("request_ids")


def with_ids(verdict: model.Verdict, ids: model.RequestIds) -> model.Verdict:
    """The same verdict on another request; `dataclasses.replace` would take most of the time of an intake."""
    values = _VALUES(verdict)
    return model.Verdict(*(*values[:_IDS], ids, *values[_IDS + 1 :]))


def is_plain(evidence: model.Evidence) -> bool:
    """Is it an answer with a picture and without words, so that nothing but the picture can decide?"""
    told = evidence.text or evidence.fault or evidence.fault_text or "retry-after" in evidence.headers
    return evidence.status == 200 and bool(evidence.picture_count) and not told
