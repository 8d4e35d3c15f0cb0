"""`classify` and `explain` as people and programs call them."""

import json

import click.testing
import pytest

from probe import commands, model, taxonomy

KEYS = ["kind", "detail", "stage", "party", "retryable", "action", "rule", "confidence", "retry_after_s", "billed", "request_ids"]  # fmt: skip
PROCESSING = "An error occurred while processing your request."


def invoke(*words, given=None):
    return click.testing.CliRunner().invoke(commands.program, words, input=given, prog_name="tierwatch")


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_a_reply_in_words_is_told_in_plain_words_with_the_verb_first():
    result = invoke("classify", "--status", "500", "--text", PROCESSING)
    assert result.exit_code == 0
    first, _, do, *rest = result.output.splitlines()
    assert first == "processing_error: The model's own servers failed while drawing."
    assert do.split() == ["do", "resend", "(retry_then_check_input)"]
    assert any("decided by" in line and "openai.processing" in line for line in rest)
    assert any("came next" in line for line in rest)
    assert max(map(len, result.output.splitlines())) <= 80


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (PROCESSING, "processing_error"),
        (json.dumps({"error": {"message": PROCESSING}}), "processing_error"),
        (json.dumps({"status": 504, "body": "", "elapsed_s": 60.2}), "timeout"),
        ("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\n\r\n{}", "rate_limited"),
        ("", "unknown"),
    ],
)
def test_a_reply_is_read_from_standard_input_in_the_forms_people_have_it(given, kind):
    result = invoke("classify", "--json", given=given)
    assert json.loads(result.output)["kind"] == kind


def test_a_file_and_the_elapsed_time_are_used(tmp_path):
    reply = tmp_path / "reply.txt"
    reply.write_text("Failed to fetch", encoding="utf-8")
    told = json.loads(invoke("classify", str(reply), "--elapsed", "60.2", "--json").output)
    assert (told["kind"], told["detail"], told["schema_version"]) == ("timeout", "time_wall", 1)


def test_one_verdict_a_line_comes_out_in_order_with_the_promised_keys():
    replies = [{"status": 500, "body": PROCESSING}, {"status": 401}, {"exception": "ECONNRESET"}]
    result = invoke("classify", "--ndjson", given="".join(json.dumps(reply) + "\n" for reply in replies))
    verdicts = lines(result.output)
    assert [verdict["kind"] for verdict in verdicts] == ["processing_error", "auth", "network"]
    assert list(verdicts[0]) == KEYS
    assert list(verdicts[0]["request_ids"]) == ["gateway", "trace", "upstream", "edge"]


@pytest.mark.parametrize(
    "broken", ["not json", "[1, 2]", "7", "null", '{"status": 500', "[" * 100_000, '{"a": "\x01"}']
)
def test_a_broken_line_gets_an_unknown_verdict_and_the_next_one_its_own(broken):
    result = invoke("classify", "--ndjson", given=f"{broken}\n{json.dumps({'status': 413})}\n")
    first, second = lines(result.output)
    assert (first["kind"], first["detail"]) == ("unknown", "malformed_input")
    assert second["kind"] == "payload_too_large"


def test_bytes_that_are_no_text_and_odd_values_do_not_stop_the_lines():
    given = (
        b'\xff\xfe\n{"status": 1e999, "body": "\\ud800", "headers": {"x-request-id": "\\ud800a"}}\n{"status": 500}\n'
    )
    verdicts = lines(invoke("classify", "--ndjson", given=given).output)
    assert [verdict["kind"] for verdict in verdicts] == ["unknown", "unknown", "processing_error"]


def test_own_rules_of_a_config_are_tried_first(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(
        '[[channel]]\nname = "a"\nprotocol = "openai-images"\nbase_url = "https://h.example/v1"\nmodel = "gpt-image-2"\nkey_env = "K"\n'
        '[[rule]]\nname = "house"\nkind = "gateway_error"\nliterals = ["tea break"]\nnote = "Ours."\n',
        encoding="utf-8",
    )
    told = json.loads(invoke("classify", "--config", str(config), "--json", "--text", "Tea break!").output)
    assert (told["rule"], told["kind"]) == ("own.house", "gateway_error")


def test_options_that_contradict_each_other_are_refused():
    assert invoke("classify", "--ndjson", "--text", "x").exit_code == 2


def test_the_table_lists_every_kind_within_80_columns():
    output = invoke("explain").output
    assert [kind for kind in model.Kind if f"\n{kind} " not in output] == []
    assert max(map(len, output.splitlines())) <= 80


def test_the_markdown_table_has_a_row_for_every_kind():
    rows = invoke("explain", "--markdown").output.splitlines()
    assert len(rows) == len(model.Kind) + 2
    assert len({row.count("|") for row in rows}) == 1


@pytest.mark.parametrize("kind", list(model.Kind))
def test_a_kind_is_explained_with_all_its_rules(kind):
    result = invoke("explain", kind)
    assert result.exit_code == 0
    names = [rule.name for rule in taxonomy.RULES if rule.kind is kind]
    assert [name for name in names if f"  {name}" not in result.output] == []


def test_a_rule_is_explained_by_the_name_a_verdict_gives():
    output = invoke("explain", "google.shared-capacity").output
    assert output.startswith("overloaded (shared_quota)")
    assert "everybody's capacity" in output


def test_a_misspelt_kind_is_answered_with_the_nearest_one():
    result = invoke("explain", "overloded")
    assert result.exit_code == 2
    assert "did you mean overloaded?" in result.output


def test_the_whole_taxonomy_is_one_json_document():
    told = json.loads(invoke("explain", "--json").output)
    assert [kind["kind"] for kind in told["kinds"]] == list(model.Kind)
    assert sum(len(kind["rules"]) for kind in told["kinds"]) == len(taxonomy.RULES)
