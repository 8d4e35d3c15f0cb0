"""Puts the evidence about one failed request together: pieces in order, what each added, the leading causes."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from probe import model
from probe.inference import causes, posterior
from probe.triage import around, subject

if TYPE_CHECKING:
    from probe.config import Config
    from probe.records.history import History


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """One piece of evidence: in words for people, and as clue and findings for the tables.

    A piece with neither is told and weighs nothing.
    """

    name: str
    words: str
    clue: str | None = None
    findings: tuple[causes.Finding, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is known about one failed request. `after[n]` is the posterior once the first n pieces are weighed."""

    about: subject.Subject
    pieces: tuple[Piece, ...]
    after: tuple[posterior.Posterior, ...]
    near: around.Around | None = None
    state: model.PathState | None = None  # of the path at that minute
    lacks: tuple[str, ...] = ()  # what would help and is not there
    spent_usd: float = 0.0  # list prices of the live rungs

    @property
    def now(self) -> posterior.Posterior:
        return self.after[-1]

    @property
    def cause(self) -> causes.Cause | None:
        """The leading cause; None where none stands out."""
        return self.now.lead[0] if self.now.known else None


def diagnose(
    about: subject.Subject,
    pieces: Sequence[Piece],
    *,
    near: around.Around | None = None,
    state: model.PathState | None = None,
    lacks: Sequence[str] = (),
    spent_usd: float = 0.0,
    tables: causes.Tables = causes.TABLES,
) -> Diagnosis:
    """Weigh the pieces one after another."""
    said = causes.SAID[about.verdict.kind] if about.verdict else None
    after = []
    for count in range(len(pieces) + 1):
        weighed = pieces[:count]
        clues = [piece.clue for piece in weighed if piece.clue is not None]
        findings = [finding for piece in weighed for finding in piece.findings]
        after.append(posterior.weigh(said, clues, findings, tables))
    return Diagnosis(about, tuple(pieces), tuple(after), near, state, tuple(lacks), spent_usd)


def free(
    about: subject.Subject, history: "History | None", config: "Config | None"
) -> tuple[list[Piece], around.Around | None]:
    """Evidence that costs nothing and leaves nothing: the reply itself, and what was stored around its minute."""
    pieces = of_the_reply(about)
    if about.path is None or about.sent_at is None or history is None or config is None:
        return pieces, None
    reach = around.WIDER[-1]
    stored = history.outcomes(about.sent_at - reach, about.sent_at + reach + dt.timedelta(seconds=1))
    near = around.look(about.path, about.sent_at, stored, config, about.outcome.id if about.outcome else "")
    found = around.findings(near, about.path, config)
    for count in near.counts:
        if count.n or count.refused:
            of_path = () if count.own else found.pop(count.path, ())
            pieces.append(Piece(name_of(count), told(count), findings=of_path))
    pieces.extend(Piece(f"own traffic on {path}", "", findings=rest) for path, rest in found.items())
    return pieces, near


def of_the_reply(about: subject.Subject) -> list[Piece]:
    """What the reply's finer words and the request's origin say."""
    pieces = []
    if about.verdict is not None:
        pieces = [Piece("words of the reply", clue, clue) for clue in causes.clues_of(about.verdict)]
    if about.canary:
        pieces.append(
            Piece(
                "it was a canary", "its prompt and parameters are known to be good", "known-good prompt and parameters"
            )
        )
    return pieces


def name_of(count: around.Count) -> str:
    return f"{'own traffic' if count.own else 'canaries'} on {count.path}"


def told(count: around.Count) -> str:
    """`9 of 20 failed within 30 min (processing_error 6, timeout 3)`."""
    if not count.n:
        refused = f"{count.refused} refused, which says nothing about its health" if count.refused else ""
        return refused or f"no data within {span(count.within)}"
    kinds = ", ".join(f"{kind} {n}" for kind, n in count.kinds)
    failed = f"{count.failed} of {count.n}" if count.failed else f"none of {count.n}"
    return f"{failed} failed within {span(count.within)}" + (f" ({kinds})" if kinds else "")


def span(length: dt.timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h"
