"""What own traffic shows: read for the report, and told in sentences there and by `tierwatch ingest`."""

import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from probe import model
from probe.inference import own
from probe.records.rows import Stray
from reports import words

if TYPE_CHECKING:
    from probe.config import schema
    from probe.records import history

FEW = 20  # requests of a path; below, its share is not told
MOST = 8  # sentences of one sort


MOST_READ = 100_000
"""Requests of a period that are looked at, the latest ones."""

PRE_SCREEN, NOT_CHECKED = "pre-screen", "not checked: "
"""How triage names that piece of evidence, and begins it where there was no answer (a test compares)."""

UNTOLD = "?"
"""The tier of requests whose source does not tell what was ordered (`probe.own.mapping.UNTOLD`; a test compares)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Own:
    """Own traffic of a period."""

    requests: int = 0
    findings: own.Findings = own.NONE
    strays: tuple[Stray, ...] = ()  # that fit no channel
    lost: Mapping[str, int] = dataclasses.field(default_factory=dict)  # that could not be taken in, by reason
    saved: int = 0  # canaries that were not paid for, since own traffic was fresher
    saved_usd: float = 0.0
    unscreened: tuple[dt.datetime, str] | None = None  # since when the pre-screen does not answer, and why


NONE = Own()


def read(
    config: "schema.Config",
    stored: "history.History",
    since: dt.datetime,
    until: dt.datetime,
    takes: Callable[[model.Path], bool] = lambda _path: True,
) -> Own:
    """Own traffic of chosen paths in [since, until)."""
    points = [point for point in stored.traffic.points(since, until, latest=MOST_READ) if takes(point.path)]
    saved = [skip.path for skip in stored.skips(since, until) if skip.reason is model.SkipReason.OWN_TRAFFIC]
    skipped = [path for path in saved if takes(path)]
    known = frozenset(config.paths())
    return Own(
        requests=len(points),
        findings=own.find(points),
        strays=stored.traffic.strays(since, until),
        lost=stored.traffic.lost(since, until),
        saved=len(skipped),
        saved_usd=sum(config.price_usd(path) for path in skipped if path in known),
        unscreened=unscreened(stored, since, until),
    )


def unscreened(stored: "history.History", since: dt.datetime, until: dt.datetime) -> tuple[dt.datetime, str] | None:
    """Since when triage has asked the moderation pre-screen in vain, and why; None: it answered, or was not asked."""
    found = None
    for triage in stored.triages():
        pieces = json.loads(triage.document).get("evidence", ())
        said = [str(piece.get("words", "")) for piece in pieces if piece.get("name") == PRE_SCREEN]
        if not said or not since <= triage.at < until:
            continue
        if not said[-1].startswith(NOT_CHECKED):
            break
        found = (triage.at, said[-1].removeprefix(NOT_CHECKED))
    return found


def sentences(found: own.Findings) -> tuple[str, ...]:
    """The findings, what costs most first."""
    return (
        *cuts(found),
        *failing(found),
        *apart(found),
        *lost(found),
        *prices(found),
        *hidden(found),
        *moderation(found),
        *untold(found),
    )


def cuts(found: own.Findings) -> Iterator[str]:
    """`vip/4k-high: 23 of 31 failures end at 100.0-100.4 s: ...`."""
    for cut in found.cuts[:MOST]:
        told = cut.wall.sentence()
        if cut.own:
            told = f"{told.partition(': ')[0]}: your program's own time limit, not the model"
        yield f"{cut.path}: {told}."


def failing(found: own.Findings) -> Iterator[str]:
    """`vip/4k-high: 61 of 412 fail, 15 % (95 %: 12-19): processing_error 40, timeout 21.`; the worst first."""
    worst = sorted((each for each in found.shares if each.failed), key=lambda each: -each.failed / max(each.n, 1))
    for share in worst[:MOST]:
        kinds = ", ".join(f"{kind} {count}" for kind, count in share.kinds)
        if share.n < FEW:
            yield f"{share.path}: {share.failed} of {share.n} fail, too few to say more: {kinds}."
            continue
        low, high = share.interval
        percent = words.percent(share.failed / share.n)
        yield f"{share.path}: {share.failed} of {share.n:,} fail, {percent} (95 %: {words.percents(low, high)}): {kinds}."


def apart(found: own.Findings) -> Iterator[str]:
    """What is in no share of failures, by path."""
    for share in [each for each in found.shares if each.apart][:MOST]:
        count = sum(n for _, n in share.apart)
        kinds = ", ".join(f"{kind} {n}" for kind, n in share.apart[:MOST])
        yield (
            f"{share.path}: {words.count(count, 'request')} failed for what was asked, the account or on your own side, "
            f"and tell nothing of the channel: {kinds}."
        )


def lost(found: own.Findings) -> Iterator[str]:
    """Money for pictures that nobody got."""
    if found.lost.n:
        pictures = words.count(found.lost.n, "picture")
        yield f"Billed and lost: {pictures}, {words.usd(found.lost.usd)} of {found.lost.of:,} failures."
    if found.perhaps_lost.n:
        pictures = words.count(found.perhaps_lost.n, "more picture" if found.lost.n else "picture")
        yield (
            f"Perhaps billed and lost: {pictures}, {words.usd(found.perhaps_lost.usd)} at list prices: no "
            "picture came, and no gateway's log that was read tells of them."
        )


def prices(found: own.Findings) -> Iterator[str]:
    for told, direction in ((found.over_list, "above"), (found.under_list, "below")):
        if told.n:
            yield (
                f"Charged {direction} the list price: {told.n:,} of {words.count(told.of, 'request')}, "
                f"{words.usd(told.usd)} in all."
            )


def hidden(found: own.Findings) -> Iterator[str]:
    """What a gateway does without saying so."""
    for asked, served, n in found.fallbacks[:MOST]:
        yield f"Served by another model: {asked} was asked for and {served} answered, {words.count(n, 'time')}."
    for channel, usual, other, n in found.groups[:MOST]:
        yield f"{channel}: {words.count(n, 'request')} ran in token group {other!r} instead of {usual!r}."
    if found.retried.n:
        yield (
            f"Tried more than once inside the gateway: {found.retried.n:,} of "
            f"{words.count(found.retried.of, 'answer')} (the caller waited far longer than the gateway says it worked)."
        )


def moderation(found: own.Findings) -> Iterator[str]:
    for each in found.stricter[:MOST]:
        yield (
            f"{each.channel} refuses {words.count(each.prompts, 'prompt')} that {each.passes} draws, of "
            f"{each.of:,} sent to both: moderation of {each.channel}, not its health."
        )


def untold(found: own.Findings) -> Iterator[str]:
    """Why requests that only a gateway's log knows are on no path."""
    for share in found.shares:
        if share.path.tier == UNTOLD:
            yield (
                f"{share.path}: {words.count(share.requests, 'request')} known from a source that does not tell what was "
                "ordered, such as a gateway's log: they count for the channel, for no path, and save no canary. "
                "Record them (docs/own-traffic.md) to see them by tier."
            )
