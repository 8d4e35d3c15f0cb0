"""Triages kept in the records: written as the document people see, and read back as evidence and for showing again."""

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from probe.inference.causes import Check, Clue, Finding, Result, Said
from probe.triage.diagnosis import Piece
from probe.triage.subject import Subject

if TYPE_CHECKING:
    from probe.records.history import History


def name(about: Subject) -> str:
    """Under what a triage is kept: our id of the request, else a digest of what is known of it."""
    if about.outcome is not None:
        return about.outcome.id
    if about.evidence is None:
        return about.name
    words = f"{about.evidence.status}\n{about.evidence.text}\n{about.evidence.fault_text}"
    return "reply-" + hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def earlier_pieces(about: Subject, history: "History") -> list[Piece]:
    """What earlier triages of the same request found by asking and paying: it is not asked or paid again."""
    for kept in history.triages(name(about), limit=1):
        document = json.loads(kept.document)
        return [piece_of(piece) for piece in document.get("evidence", ()) if piece.get("live")]
    return []


def lines(document: Mapping[str, Any]) -> list[str]:
    """A kept triage for people: the answer, when it was given, what each piece of evidence added."""
    two = document["answer"]["lines"]
    found = [*two, "", f"triage {document['triage']} of {document['at'][:16]} UTC, ${document['spent_usd']:.2f} spent"]
    found += [f"  {cause} {p:.2f}" for cause, p in document["causes"].items() if p >= 0.02]
    found += [f"  {piece['p_lead']:.2f} {piece['name']}: {piece['words']}" for piece in document["evidence"]]
    return found


def piece_facts(piece: Piece) -> dict[str, Any]:
    """A piece for the document."""
    return {
        "name": piece.name,
        "words": piece.words,
        "brief": piece.brief,
        "clue": piece.clue,
        "live": piece.live,
        "outcome_id": piece.outcome_id or None,
        "check": piece.check,
        "findings": [
            {
                "check": finding.check,
                "result": finding.result,
                "weight": round(finding.weight, 4),
                "of": finding.of,
                "shared": finding.shared,
                "minutes": finding.minutes,
                "said": finding.said,
                "purse": finding.purse,
                "pace": finding.pace,
            }
            for finding in piece.findings
        ]
        if piece.live
        else [],
    }


def piece_of(facts: Mapping[str, Any]) -> Piece:
    """Read `piece_facts`."""
    findings = tuple(
        Finding(
            Check(each["check"]),
            Result(each["result"]),
            each["weight"],
            each["of"],
            each["shared"],
            each.get("minutes"),
            Said(each["said"]) if each.get("said") else None,
            purse=each.get("purse"),
            pace=Clue(each["pace"]) if each.get("pace") else None,
        )
        for each in facts.get("findings", ())
    )
    check = Check(facts["check"]) if facts.get("check") else None
    clue = Clue(facts["clue"]) if facts.get("clue") else None
    outcome_id = facts.get("outcome_id") or ""
    return Piece(
        facts["name"],
        facts["words"],
        clue,
        findings,
        outcome_id,
        check,
        live=True,
        brief=facts.get("brief", ""),
    )
