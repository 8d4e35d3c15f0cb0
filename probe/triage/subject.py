"""The failed request that triage is about, as far as it is known: stored, pasted, or only an id."""

import dataclasses
import datetime as dt
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from probe import model, prompts, taxonomy
from probe.config import faults, schema

if TYPE_CHECKING:
    from probe.config import Config
    from probe.records.history import History

PASTE_CAP_CHARACTERS = 256 * 1024
"""What is read of a pasted reply."""

REPLY_KEYS = frozenset({"status", "headers", "body", "exception", "elapsed_s", "request", "observed"})
STATUS_LINE = re.compile(r"HTTP/\d(?:\.\d)?\s+(\d{3})\b")
HEADER_LINE = re.compile(r"([A-Za-z0-9-]{1,64}):\s*(.*)")
SAID_STATUS = re.compile(r"\b(?:error code|status(?:[ _]code)?|http)\W{1,3}([1-5]\d\d)\b", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, slots=True)
class Hints:
    """What the person adds: where and when it was sent, how long it took, and what HTTP status a pasted text had."""

    channel: str | None = None
    tier: str | None = None
    sent_at: dt.datetime | None = None
    elapsed_s: float | None = None
    prompt: str | None = dataclasses.field(default=None, repr=False)
    reference: bytes | None = dataclasses.field(default=None, repr=False)
    status: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Subject:
    """One failed request. `evidence` and `verdict` are None where only its id is known.

    `prompt` and `reference` are the caller's own, given for this triage; they are kept nowhere.
    """

    name: str  # what the person asked about
    verdict: model.Verdict | None = None
    evidence: model.Evidence | None = None
    outcome: model.Outcome | None = None  # where it is stored
    channel: str | None = None
    tier: str | None = None
    sent_at: dt.datetime | None = None
    assumed_now: bool = False  # nobody said when it was sent
    prompt: str | None = dataclasses.field(default=None, repr=False)
    reference: bytes | None = dataclasses.field(default=None, repr=False)
    other_prompt: bool = False  # the prompt that was given is not the one that was sent, and was left out

    @property
    def path(self) -> model.Path | None:
        return model.Path(self.channel, self.tier) if self.channel and self.tier else None

    @property
    def ok(self) -> bool:
        return self.verdict is not None and self.verdict.kind is model.Kind.OK

    @property
    def canary(self) -> bool:
        """Was it one of our own canaries, whose prompt and parameters are known to be good?"""
        sentinel = self.outcome is not None and self.outcome.trigger is model.Trigger.SENTINEL
        return self.outcome is not None and not self.outcome.own and not sentinel

    @property
    def ids(self) -> tuple[tuple[str, str], ...]:
        """(hop, id) pairs: those of the reply, then ours."""
        found = self.verdict.request_ids.all() if self.verdict else ()
        return (*found, ("ours", self.outcome.id)) if self.outcome else found


class NotKnownError(model.UserError):
    """A channel, tier or path that neither the config nor the records know."""

    exit_code = 2


def check_known(channel: str | None, tier: str | None, config: "Config", history: "History | None") -> None:
    """Where a request is said to have gone; raises NotKnownError that names the nearest channel or tier."""
    paths = (*config.paths(), *(history.paths() if history is not None else ()))
    tiers = (path.tier for path in paths)
    for word, name, known in (
        ("channel", channel, (*(each.name for each in config.channel), *(path.channel for path in paths))),
        ("tier", tier, (*schema.BUILT_IN_TIERS, *config.tiers, *tiers)),
    ):
        names = dict.fromkeys(known)
        if name is not None and name not in names:
            near, there = faults.near(name, names), ", ".join(names) or "none"
            raise NotKnownError(
                f"{word} {name} is neither in the config nor in the records{near}; {word}s there: {there}"
            )


def check_path(path: model.Path, config: "Config | None", history: "History") -> None:
    """A path as the person names it; raises NotKnownError that names the nearest one."""
    names = [str(each) for each in (config.paths() if config is not None else ())]
    if str(path) not in (*names, *map(str, history.paths())):
        near, there = faults.near(str(path), names), ", ".join(names) or "none"
        raise NotKnownError(f"{path} is neither in the config nor in the records{near}; paths there: {there}")


def stored(judged: model.Judged, name: str, hints: Hints) -> Subject:
    """A request of the records. A canary's prompt is known, whatever is given; of the caller's own only a hash is."""
    outcome = judged.outcome
    known = next(
        (prompt.text for prompt in (*prompts.PROMPTS, *prompts.SENTINELS) if prompt.id == outcome.prompt_id), None
    )
    return Subject(
        name=name,
        verdict=judged.verdict,
        evidence=outcome.evidence,
        outcome=outcome,
        channel=outcome.path.channel,
        tier=outcome.path.tier,
        sent_at=outcome.sent_at,
        prompt=known or hints.prompt,
        reference=hints.reference,
    )


def hashed(prompt: str, key: bytes) -> str:
    """The id under which an own prompt is recognised; without the key nobody can test a guess."""
    return model.OWN_PROMPT + hmac.new(key, prompt.encode(), hashlib.sha256).hexdigest()[:16]


def with_prompt_checked(about: Subject, key: bytes | None) -> Subject:
    """Without the given prompt where the stored hash is of another: what became of that one says nothing of this request.

    A file's line break at the end may have been sent or not. `key` is None where no prompt was ever hashed.
    """
    known = about.outcome.prompt_id if about.outcome is not None else ""
    if about.prompt is None or key is None or not known.startswith(model.OWN_PROMPT):
        return about
    for prompt in (about.prompt, f"{about.prompt}\n"):
        if hmac.compare_digest(hashed(prompt, key), known):
            return dataclasses.replace(about, prompt=prompt)
    return dataclasses.replace(about, prompt=None, other_prompt=True)


def by_id(request_id: str, history: "History | None", hints: Hints) -> Subject:
    """The stored request that carries this id, the latest if several do; else what the hints say."""
    found = history.find(request_id) if history is not None else ()
    if found:
        return stored(max(found, key=lambda judged: judged.outcome.sent_at), request_id, hints)
    return Subject(
        request_id,
        channel=hints.channel,
        tier=hints.tier,
        sent_at=hints.sent_at,
        prompt=hints.prompt,
        reference=hints.reference,
    )


def latest_failure(path: model.Path, history: "History", hints: Hints) -> Subject:
    """The latest failure on a path; raises UserError where it has none."""
    for judged in history.outcomes(path=path, newest_first=True):
        if not judged.ok:
            return stored(judged, judged.outcome.id, hints)
    raise model.UserError(f"{path} has no failed request; `tierwatch report` shows what was seen")


def pasted(
    text: str, history: "History | None", hints: Hints, now: dt.datetime, own_rules: Sequence[taxonomy.Rule] = ()
) -> Subject:
    """A reply as somebody copied it; an id in it that is stored brings the stored request."""
    evidence = read(text[:PASTE_CAP_CHARACTERS])
    if hints.elapsed_s is not None:
        evidence = dataclasses.replace(evidence, elapsed_s=hints.elapsed_s)
    if hints.status is not None:
        evidence = dataclasses.replace(evidence, status=hints.status)
    verdict = taxonomy.judge(evidence, own_rules)
    if history is not None:
        for _, request_id in verdict.request_ids.all():
            if known := [judged for judged in history.find(request_id) if not judged.ok]:
                return stored(known[-1], request_id, hints)
    ids = verdict.request_ids.all()
    return Subject(
        name=ids[0][1] if ids else "the pasted reply",
        verdict=verdict,
        evidence=evidence,
        channel=hints.channel,
        tier=hints.tier,
        sent_at=hints.sent_at or now,
        assumed_now=hints.sent_at is None,
        prompt=hints.prompt,
        reference=hints.reference,
    )


def read(text: str) -> model.Evidence:
    """A pasted reply: the classify door's JSON object, an HTTP response with its head, or bare words."""
    found = _object(text)
    if found is not None and found.keys() <= REPLY_KEYS and found.keys() & {"body", "exception", "status"}:
        return taxonomy.evidence_of(found)
    if STATUS_LINE.match(text.lstrip()):
        return taxonomy.evidence_of(_response(text.lstrip()))
    status = SAID_STATUS.search(text[:2000])
    return taxonomy.evidence_of({"status": int(status[1]) if status else None, "body": text})


def _object(text: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _response(text: str) -> dict[str, Any]:
    """`curl -i` output: status line, headers, empty line, body."""
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    status, *lines = head.split("\n")
    matches = filter(None, map(HEADER_LINE.fullmatch, lines))
    code = STATUS_LINE.match(status)
    return {
        "status": int(code[1]) if code else None,
        "headers": {match[1].lower(): match[2] for match in matches},
        "body": body,
    }
