"""Tables re-estimated from triages that later events settled: nobody fills in a form.

A triage counts when it ended sure and something was tried after the failure: a rung that was paid for, or the
same prompt sent again later, here or elsewhere.
"""

import dataclasses
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from probe import model
from probe.inference import causes, posterior
from probe.records import errors
from probe.triage import around, evidence

if TYPE_CHECKING:
    from probe.config import Config
    from probe.records.history import History

CASES = 500
"""So many triages, the latest, are looked at."""


def tables(history: "History", config: "Config") -> tuple[causes.Tables, int]:
    """(tables, number of triages they were learnt from)."""
    found = list(settled(history, config))
    return posterior.learn(found), len(found)


def settled(history: "History", config: "Config") -> Iterator[tuple[causes.Said, posterior.Posterior]]:
    """What each settled triage said and what was behind it; the latest triage of a request only."""
    seen: set[str] = set()
    for kept in history.triages(limit=CASES):
        if kept.subject in seen:
            continue
        seen.add(kept.subject)
        document = json.loads(kept.document)
        said = said_in(document["verdict"]) if document["verdict"] else None
        later = list(later_findings(kept.subject, history, config))
        tried = any(piece["live"] and piece["findings"] for piece in document["evidence"])
        if said is None or not (later or tried):
            continue
        found = continued(document, later)
        if found.sure:
            yield said, found


def said_in(verdict: dict[str, Any]) -> causes.Said | None:
    """The words of a kept verdict as the tables know them."""
    return causes.word_of(model.Kind(verdict["kind"]), verdict["detail"])


def continued(document: dict[str, Any], later: list[causes.Finding]) -> posterior.Posterior:
    """The posterior of a kept triage with what came later weighed in."""
    prior = tuple(max(document["causes"].get(cause, 0.0), 1e-6) for cause in causes.CAUSES)
    return posterior.weigh(None, (), later, dataclasses.replace(causes.TABLES, prior=prior))


def later_findings(subject: str, history: "History", config: "Config") -> Iterator[causes.Finding]:
    """What became of the prompt of a stored request after it had failed."""
    try:
        (failure,) = history.find(subject)
    except (ValueError, errors.RecordsError):
        return
    if not failure.outcome.prompt_id.startswith(model.OWN_PROMPT):
        return
    for one in history.of_prompt(failure.outcome.prompt_id):
        if one.outcome.sent_at > failure.outcome.sent_at and one.outcome.trigger is not model.Trigger.TRIAGE:
            found = evidence.of_repeat(
                failure.outcome.path, one, config, minutes=around.minutes(one, failure.outcome.sent_at)
            )
            if found is not None:
                yield found
