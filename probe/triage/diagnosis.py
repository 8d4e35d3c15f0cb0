"""Puts the evidence about one failed request together: pieces in order, what each added, the leading causes."""

import dataclasses
from collections.abc import Sequence

from probe import model
from probe.inference import causes, groups, posterior
from probe.triage import around, subject

INTERRUPTED = "interrupted"
"""Why no further rung was sent: somebody pressed Ctrl-C."""


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """One piece of evidence: in words for people, and as clue and findings for the tables.

    A piece with neither is told and weighs nothing.
    """

    name: str
    words: str
    clue: causes.Clue | None = None
    findings: tuple[causes.Finding, ...] = ()
    outcome_id: str = ""  # of the canary that found it
    check: causes.Check | None = None  # which rung it is
    live: bool = False  # asked or paid for by a triage, rather than stored before
    brief: str = ""  # the same in half a line, as a reason for the answer

    @property
    def reach(self) -> int:
        """How far off it was seen: 0 in the request itself, 1 on its path, 2 at a lighter tier or another channel."""
        if any(groups.place_of(each.check, each.of) != groups.HERE for each in self.findings):
            return 2
        return int(any(each.check is causes.Check.CANARY for each in self.findings))

    @property
    def failed(self) -> bool:
        """Did anything fail in it?"""
        return any(each.result is causes.Result.FAILED for each in self.findings)


@dataclasses.dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is known about one failed request. `after[n]` is the posterior once the first n pieces are weighed."""

    about: subject.Subject
    pieces: tuple[Piece, ...]
    after: tuple[posterior.Posterior, ...]
    near: around.Around | None = None
    state: model.PathState | None = None  # of the path at that minute
    lacks: tuple[str, ...] = ()  # what would help and is not there
    spent_usd: float = 0.0  # list prices of the live rungs, of one cut off in flight too
    stopped: str = ""  # why no further rung was sent
    tables: causes.Tables = causes.TABLES
    learnt_from: int = 0  # settled triages that the tables count

    @property
    def now(self) -> posterior.Posterior:
        return self.after[-1]

    @property
    def known(self) -> tuple[causes.Said | None, list[causes.Clue], list[causes.Finding]]:
        """Words, clues and findings so far, as the posterior takes them."""
        said = causes.said_of(self.about.verdict) if self.about.verdict else None
        clues = [piece.clue for piece in self.pieces if piece.clue is not None]
        return said, clues, [finding for piece in self.pieces for finding in piece.findings]

    @property
    def cause(self) -> causes.Cause | None:
        """The leading cause; None where none stands out."""
        return self.now.lead[0] if self.now.known else None

    @property
    def on_path(self) -> float:
        """Probability that the path is to blame: the same advice, whichever of its causes it is."""
        return sum(self.now.p[cause] for cause in causes.PATH_CAUSES)

    @property
    def answered(self) -> bool:
        """Does a cause stand out, or the path as a whole?"""
        return self.cause is not None or self.on_path >= posterior.NAMED


def diagnose(
    about: subject.Subject,
    pieces: Sequence[Piece],
    *,
    near: around.Around | None = None,
    state: model.PathState | None = None,
    lacks: Sequence[str] = (),
    tables: causes.Tables = causes.TABLES,
    learnt_from: int = 0,
) -> Diagnosis:
    """Weigh the pieces one after another."""
    said = causes.said_of(about.verdict) if about.verdict else None
    after = []
    for count in range(len(pieces) + 1):
        weighed = pieces[:count]
        clues = [piece.clue for piece in weighed if piece.clue is not None]
        findings = [finding for piece in weighed for finding in piece.findings]
        after.append(posterior.weigh(said, clues, findings, tables))
    return Diagnosis(
        about, tuple(pieces), tuple(after), near, state, tuple(lacks), tables=tables, learnt_from=learnt_from
    )
