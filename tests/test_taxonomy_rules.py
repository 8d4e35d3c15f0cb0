"""Recorded replies prove every rule: one that no reply reaches, or a kind that no rule gives, fails here."""

import collections
import dataclasses
import hashlib
import json
import pathlib

import pytest

from probe import config, model, taxonomy
from probe.config import schema
from probe.taxonomy import conditions

REPLIES = pathlib.Path(__file__).parent / "replies"
RECORDED = [
    (f"{path.stem}:{number}", json.loads(line))
    for path in sorted(REPLIES.glob("*.jsonl"))
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
]


def evidence_of(recorded):
    """The reply through the classify door, with what only our own client can know laid over."""
    facts = dict(recorded.get("evidence", {}))
    if "fault" in facts:
        facts["fault"] = model.Fault(facts["fault"])
    if "picture" in facts:
        facts["picture"] = model.Picture(**facts["picture"])
    return dataclasses.replace(taxonomy.evidence_of(recorded["reply"]), **facts)


@pytest.mark.parametrize("recorded", [each for _, each in RECORDED], ids=[name for name, _ in RECORDED])
def test_a_recorded_reply_is_decided_by_its_rule(recorded):
    verdict = taxonomy.judge(evidence_of(recorded))
    assert (verdict.rule, verdict.kind) == (recorded["rule"], recorded["kind"])


def test_a_change_of_the_rules_raises_their_version():
    """What every rule says and every recorded reply means, in one line a version: stored verdicts name the version."""
    said = [
        repr([sorted(value) if isinstance(value, frozenset) else value for value in map(rule.__getattribute__, fields)])
        for fields in [[field.name for field in dataclasses.fields(taxonomy.Rule) if field.init]]
        for rule in taxonomy.RULES
    ]
    meant = [repr(taxonomy.judge(evidence_of(recorded))) for _, recorded in RECORDED]
    digest = hashlib.sha256("\n".join(said + meant).encode()).hexdigest()[:16]
    versions = (REPLIES / "VERSIONS").read_text(encoding="utf-8").splitlines()
    line = f"{taxonomy.RULES_VERSION} {digest}"
    assert versions[-1] == line, (
        f"rules changed: raise taxonomy.RULES_VERSION and append its line to {REPLIES / 'VERSIONS'}"
    )
    assert len({version.split()[0] for version in versions}) == len(versions)


def test_every_rule_decides_at_least_one_recorded_reply():
    assert {rule.name for rule in taxonomy.RULES} - {recorded["rule"] for _, recorded in RECORDED} == set()


def test_every_kind_is_given_by_a_rule():
    assert {rule.kind for rule in taxonomy.RULES} == set(model.Kind)


def test_rule_names_are_used_once():
    counts = collections.Counter(rule.name for rule in taxonomy.RULES)
    assert [name for name, count in counts.items() if count > 1] == []


def test_every_rule_looks_for_something_but_the_last_one():
    empty = [rule.name for rule in taxonomy.RULES if not (rule.any or rule.codes or rule.statuses or rule.when)]
    assert empty == ["nothing-said"]


def test_every_condition_is_asked_by_a_rule():
    assert set(conditions.CONDITIONS) == {name for rule in taxonomy.RULES for name in rule.when}


def test_phrases_are_written_as_they_are_compared():
    folded = [(rule.name, phrase) for rule in taxonomy.RULES for phrase in (*rule.any, *rule.every, *rule.without)]
    assert [(name, phrase) for name, phrase in folded if phrase != phrase.lower() or "  " in phrase] == []
    assert [(rule.name, code) for rule in taxonomy.RULES for code in rule.codes if code != code.lower()] == []


def test_the_last_rule_always_holds():
    assert taxonomy.judge(model.Evidence()).rule == "nothing-said"


def own(**fields):
    return taxonomy.compile_rules([schema.RuleSpec(name="mine", **fields)])


def test_an_own_rule_is_tried_before_the_built_in_ones():
    rules = own(
        kind="gateway_error", detail="house", literals=("Too Many Requests",), action="switch_channel", party="channel"
    )
    verdict = taxonomy.judge(model.Evidence(status=429, text="Too many requests"), rules, runner_up=True)
    assert (verdict.rule, verdict.kind, verdict.detail) == ("own.mine", "gateway_error", "house")
    assert (verdict.party, verdict.action) == ("channel", "switch_channel")
    assert verdict.runner_up == "words.rate"


def test_an_own_rule_may_ask_for_code_status_and_pattern_together():
    rules = own(kind="overloaded", codes=("E42",), status=(500,), pattern=r"ovens? \d+ cold")
    body = json.dumps({"error": {"code": "E42", "message": "Oven 7 cold"}})
    assert taxonomy.judge(model.Evidence(status=500, text=body), rules).rule == "own.mine"
    assert taxonomy.judge(model.Evidence(status=503, text=body), rules).rule != "own.mine"
    assert taxonomy.judge(model.Evidence(status=500, text=body.replace("E42", "E43")), rules).rule != "own.mine"


def test_an_own_rule_takes_the_rest_from_its_kind():
    verdict = taxonomy.judge(model.Evidence(status=500, text="plop"), own(kind="timeout", literals=("plop",)))
    assert (verdict.stage, verdict.retryable, verdict.billed) == ("processing", True, "unknown")


def test_an_own_rule_finds_its_words_anywhere_in_the_reply_and_in_any_case():
    body = json.dumps({"node": "EU-7", "error": {"message": "no"}})
    assert (
        taxonomy.judge(model.Evidence(status=500, text=body), own(kind="overloaded", literals=("eu-7",))).rule
        == "own.mine"
    )
    assert (
        taxonomy.judge(model.Evidence(status=500, text=body), own(kind="overloaded", pattern="EU-[0-9]")).rule
        == "own.mine"
    )


def test_an_own_rule_may_exclude_words_and_ask_conditions_by_name():
    rules = own(kind="overloaded", every=("no", "oven"), without=("later",), when=("vague_status",), confidence="low")
    assert taxonomy.judge(model.Evidence(status=500, text="no warm oven"), rules).confidence == "low"
    assert taxonomy.judge(model.Evidence(status=500, text="no warm oven, later"), rules).rule != "own.mine"
    assert taxonomy.judge(model.Evidence(status=400, text="no warm oven"), rules).rule != "own.mine"


def test_a_condition_that_does_not_exist_is_refused_when_the_config_is_read(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(
        '[[channel]]\nname = "a"\nprotocol = "openai-images"\nbase_url = "https://h.example/v1"\nmodel = "gpt-image-2"\nkey_env = "K"\n'
        '[[rule]]\nname = "r"\nkind = "timeout"\nwhen = ["at_teatime"]\n',
        encoding="utf-8",
    )
    with pytest.raises(config.ConfigError, match="at_teatime"):
        config.load(path)
