"""A diagnosis as the JSON document that `--json` prints and the records keep."""

import datetime as dt
from typing import TYPE_CHECKING, Any

from probe import model
from probe.triage import answer, around, ladder, stored
from probe.triage.diagnosis import Diagnosis

if TYPE_CHECKING:
    from probe.config import Config


def document(found: Diagnosis, config: "Config | None", triage_id: str, at: dt.datetime) -> dict[str, Any]:
    """Everything that is shown, and nothing of the prompt."""
    two = answer.answer(found, config)
    lead = found.now.lead[0]
    return {
        "triage": triage_id,
        "at": at.isoformat(),
        "answer": {
            "lines": [two.cause, two.action],
            "cause": found.cause or ("path" if found.answered else None),
            "sure": found.now.sure,
            "verb": two.verb,
            "resend_on": str(two.resend_on) if two.resend_on else None,
            "price_usd": two.price_usd,
        },
        "causes": {cause.value: round(p, 4) for cause, p in found.now.p.items()},
        "severity": round(found.now.severity, 2) if found.now.severity is not None else None,
        "request": request(found),
        "verdict": verdict(found.about.verdict),
        "state": state(found.state),
        "around": [count(each) for each in found.near.counts] if found.near else [],
        "month": month(found.near) if found.near else None,
        "evidence": [
            {**stored.piece_facts(piece), "p_lead": round(after.p[lead], 4)}
            for piece, after in zip(found.pieces, found.after[1:], strict=True)
        ],
        "ladder": [rung(each) for each in ladder.rungs(found, config)],
        "lacks": list(found.lacks),
        "spent_usd": round(found.spent_usd, 6),
        "stopped": found.stopped or None,
    }


def request(found: Diagnosis) -> dict[str, Any]:
    about = found.about
    return {
        "name": about.name,
        "kept_as": stored.name(about),
        "path": str(about.path) if about.path else None,
        "sent_at": about.sent_at.isoformat() if about.sent_at else None,
        "elapsed_s": about.evidence.elapsed_s if about.evidence else None,
        "status": about.evidence.status if about.evidence else None,
        "ids": [{"hop": hop, "id": value} for hop, value in about.ids],
    }


def verdict(found: model.Verdict | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "kind": found.kind,
        "detail": found.detail,
        "stage": found.stage,
        "party": found.party,
        "retryable": found.retryable,
        "action": found.action,
        "rule": found.rule,
        "confidence": found.confidence,
        "retry_after_s": found.retry_after_s,
        "billed": found.billed,
    }


def state(found: model.PathState | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "state": found.state,
        "since": found.since.isoformat() if found.since else None,
        "p_degraded": found.p_degraded,
        "reason": found.reason,
    }


def count(found: around.Count) -> dict[str, Any]:
    return {
        "path": str(found.path),
        "own_traffic": found.own,
        "within_minutes": found.within.total_seconds() / 60,
        "ok": found.ok,
        "failed": found.failed,
        "refused": found.refused,
        "kinds": dict(found.kinds),
    }


def month(near: around.Around) -> dict[str, Any] | None:
    """What scheduled canaries on the path showed in the 30 days before; None: there were none."""
    usual = near.usual
    words = {word.value: n for word, n in usual.words.items()}
    facts = {"sent": usual.sent, "failed": usual.failed, "hours_saying": words, "median_s": usual.median_s}
    facts |= {
        name: dict(each._asdict())
        for name, each in (("same_hours", usual.same_hours), ("other_hours", usual.other_hours))
    }
    return facts if usual.sent else None


def rung(found: ladder.Rung) -> dict[str, Any]:
    return {
        "name": found.name,
        "path": str(found.path) if found.path else None,
        "price_usd": round(found.price_usd, 6),
        "finding": found.finding,
        "needs_prompt": found.needs_prompt,
    }
