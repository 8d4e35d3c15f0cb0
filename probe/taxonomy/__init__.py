"""From evidence to verdict: what a reply means, who must act, and whether the same request may be sent again."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from probe import model
from probe.taxonomy import facts, ids, index, rules, waits
from probe.taxonomy.door import evidence_of
from probe.taxonomy.ids import request_ids
from probe.taxonomy.kinds import KINDS
from probe.taxonomy.rule import CONFIDENCE, By, Rule

if TYPE_CHECKING:
    from probe.config.schema import RuleSpec
    from probe.taxonomy.facts import Facts, Voice

__all__ = [
    "KINDS",
    "RULES",
    "RULES_VERSION",
    "By",
    "Rule",
    "compile_rules",
    "evidence_of",
    "judge",
    "request_ids",
    "rule_named",
]

RULES_VERSION = "1"
"""Stored beside every verdict; raised when a change of the rules can change one."""
RULES = rules.RULES


def _ranked(*ranks: By) -> tuple[Rule, ...]:
    return tuple(rule for by in ranks for rule in RULES if rule.by is by)


_SPOKEN = index.Index(_ranked(By.WORDS, By.CODE), _ranked(By.HINT))
_WHOLE = index.Index(_ranked(By.FAULT), _ranked(By.PICTURE, By.TIME, By.STATUS, By.TYPE))


def judge(evidence: model.Evidence, own_rules: Sequence[Rule] = ()) -> model.Verdict:
    """What a reply means: a pure function of the evidence that never raises.

    The first rule that holds decides: own rules, what our client saw, words and codes of the innermost
    speaker before the outer ones, vague words, the delivered picture, the elapsed time, the status.
    """
    told = facts.prepare(evidence)
    holding = _holding(told, own_rules)
    rule = next(holding)
    runner_up = next((other.name for other in holding if other.name != rule.name), None)
    return _verdict(told, rule, runner_up)


def rule_named(name: str) -> Rule | None:
    """The built-in rule of that name, as a verdict gives it."""
    return next((rule for rule in RULES if rule.name == name), None)


def compile_rules(specs: "Sequence[RuleSpec]") -> tuple[Rule, ...]:
    """Rules of the config's `[[rule]]` tables, to be handed to `judge`; they are asked of the reply as a whole."""
    return tuple(
        Rule(
            name=f"own.{spec.name}",
            kind=spec.kind,
            detail=spec.detail,
            any=tuple(facts.fold(phrase) for phrase in spec.literals),
            every=tuple(facts.fold(phrase) for phrase in spec.every),
            without=tuple(facts.fold(phrase) for phrase in spec.without),
            pattern=spec.pattern,
            ignore_case=True,
            when=spec.when,
            codes=frozenset(code.lower() for code in spec.codes),
            statuses=frozenset(spec.status),
            stage=spec.stage,
            party=spec.party,
            retryable=spec.retryable,
            action=spec.action,
            billed=spec.billed,
            confidence=spec.confidence,
            note=spec.note,
        )
        for spec in specs
    )


def _holding(told: "Facts", own_rules: Sequence[Rule]) -> Iterator[Rule]:
    """Every rule that holds, strongest first; the last one always does."""
    if own_rules:
        anywhere = told.reply._replace(words=facts.fold(told.said))
        yield from (rule for rule in own_rules if rule.applies(told, anywhere))
    for voice, rule in _asked(told):
        if rule.open_ended or rule.narrows(told, voice):
            yield rule


def _asked(told: "Facts") -> "Iterator[tuple[Voice, Rule]]":
    """The rules worth asking, strongest first, each with the voice it is asked of; no voice is looked up before its turn."""
    whole = told.reply
    seen, rest = _WHOLE.candidates(told, whole)
    for rule in seen:
        yield whole, rule
    hints: list[tuple[Voice, Rule]] = []
    for voice in told.voices:
        strong, vague = _SPOKEN.candidates(told, voice)
        for rule in strong:
            yield voice, rule
        hints += [(voice, rule) for rule in vague]
    yield from hints
    for rule in rest:
        yield whole, rule


def _verdict(told: "Facts", rule: Rule, runner_up: str | None) -> model.Verdict:
    """The rule's own fields over its kind's defaults."""
    kind = KINDS[rule.kind]
    billed = rule.billed or kind.billed
    if not told.evidence.sent:
        billed = "no"
    return model.Verdict(
        kind=rule.kind,
        detail=rule.detail,
        stage=rule.stage or kind.stage,
        party=rule.party or kind.party,
        retryable=kind.retryable if rule.retryable is None else rule.retryable,
        action=rule.action or kind.action,
        rule=rule.name,
        confidence=rule.confidence or CONFIDENCE[rule.by],
        retry_after_s=None if told.wait_s is None else waits.clamp(told.wait_s),
        billed=billed,
        request_ids=ids.request_ids(told.evidence.headers, told.said),
        runner_up=runner_up,
        would_decide=rule.would_decide,
    )
