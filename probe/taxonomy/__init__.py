"""From evidence to verdict: what a reply means, who must act, and whether the same request may be sent again."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from probe import model
from probe.taxonomy import conditions, facts, ids, index, lexicon, rules, waits
from probe.taxonomy.door import evidence_of
from probe.taxonomy.ids import request_ids
from probe.taxonomy.kinds import KINDS, RELAYED
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

RULES_VERSION = "23"
"""Stored beside every verdict; raised when a change of the rules can change one, which `tests/replies/VERSIONS` enforces."""
RULES = rules.RULES


def _ranked(*ranks: By) -> tuple[Rule, ...]:
    return tuple(rule for by in ranks for rule in RULES if rule.by is by)


_SEEN = index.Index(_ranked(By.FAULT))
_CLEAR = index.Index(_ranked(By.WORDS, By.CODE))
_VAGUE = index.Index(_ranked(By.HINT))
_REST = index.Index(_ranked(By.PICTURE, By.TIME, By.STATUS, By.TYPE))
_RANK = {rule.name: at for at, rule in enumerate(RULES)}


def judge(evidence: model.Evidence, own_rules: Sequence[Rule] = (), *, runner_up: bool = False) -> model.Verdict:
    """What a reply means: a pure function of the evidence that never raises.

    The first rule that holds decides: own rules, what our client saw, words and codes of the innermost
    speaker before the outer ones, vague words, the delivered picture, the elapsed time, the status.
    Where that is a default, the likely meaning of all words goes before it, and the verdict names the
    default as runner-up; the runner-up of any other rule is looked for only where it is asked for.
    """
    told = facts.prepare(evidence)
    holding = _holding(told, own_rules)
    rule = next(holding)
    if rule.name in rules.DEFAULTS and (reading := lexicon.read(told.voices, rule.kind)) is not None:
        return _verdict(told, rules.LIKELY[reading.kind], rule.name, reading.stems)
    came_next = next((other.name for other in holding if other.name != rule.name), None) if runner_up else None
    return _verdict(told, rule, came_next)


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
    """Every rule that holds, strongest first; the last one always does. No speaker is looked at before its turn."""
    whole = told.reply
    if own_rules:
        anywhere = whole._replace(words=facts.fold(told.said))
        yield from (rule for rule in own_rules if rule.applies(told, anywhere))
    for rule in _SEEN.candidates(told, whole):
        if rule.open_ended or rule.narrows(told, whole):
            yield rule
    clear = False
    for voice in told.voices:
        for rule in _CLEAR.candidates(told, voice):
            if rule.open_ended or rule.narrows(told, voice):
                clear = True
                yield rule
    if not clear:
        yield from _unclear(told)
    for rule in _REST.candidates(told, whole):
        if rule.open_ended or rule.narrows(told, whole):
            yield rule


def _unclear(told: "Facts") -> Iterator[Rule]:
    """Where no words were clear: identifiers read as words, then the hints of both, speaker by speaker."""
    vague: list[tuple[Voice, Rule]] = []
    for voice in told.voices:
        hints = [(voice, rule) for rule in _VAGUE.candidates(told, voice)]
        if (names := facts.named(voice)) is not None:
            for rule in _CLEAR.candidates(told, names):
                if rule.open_ended or rule.narrows(told, names):
                    yield rule
            hints += [(names, rule) for rule in _VAGUE.candidates(told, names)]
            hints.sort(key=lambda pair: _RANK[pair[1].name])
        vague += hints
    for spoken, rule in vague:
        if rule.open_ended or rule.narrows(told, spoken):
            yield rule


def _hits_the_relay(told: "Facts", rule: Rule) -> bool:
    """Is this a vendor's refusal of an account, passed on by a relay whose account it is?

    A key alone may be the caller's: relays say of it what vendors say.
    """
    if rule.kind not in RELAYED or rule.name not in rules.VENDORS or rule.party is not None:
        return False
    if rule.action not in (None, model.Action.SWITCH_CHANNEL):
        return False
    asked = told.evidence.order.relayed if told.evidence.order is not None else None
    if asked is not None and rule.kind is not model.Kind.AUTH:
        return asked
    return conditions.relayed(told, told.reply)


def _verdict(told: "Facts", rule: Rule, runner_up: str | None, stems: Sequence[str] = ()) -> model.Verdict:
    """The rule's own fields over its kind's defaults, and the stems that decided."""
    kind = KINDS[rule.kind]
    party, action = rule.party or kind.party, rule.action or kind.action
    if _hits_the_relay(told, rule):
        party, action = model.Party.CHANNEL, RELAYED[rule.kind]
    billed = rule.billed or kind.billed
    if not told.evidence.sent:
        billed = "no"
    return model.Verdict(
        kind=rule.kind,
        detail=rule.detail,
        stage=rule.stage or kind.stage,
        party=party,
        retryable=kind.retryable if rule.retryable is None else rule.retryable,
        action=action,
        rule=rule.name,
        confidence=rule.confidence or CONFIDENCE[rule.by],
        retry_after_s=None if told.wait_s is None else waits.clamp(told.wait_s),
        billed=billed,
        request_ids=ids.request_ids(told.evidence.headers, told.said),
        runner_up=runner_up,
        would_decide=f"{rule.would_decide}; these stems decided: {', '.join(stems)}" if stems else rule.would_decide,
    )
