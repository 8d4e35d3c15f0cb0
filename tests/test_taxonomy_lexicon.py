"""The last reader of words: it speaks only where a default would, from a table that anybody can make anew."""

import importlib.util
import json
import pathlib

import pytest

from probe import model, taxonomy
from probe.model import Kind
from probe.taxonomy import facts, lexicon

BENCH = pathlib.Path(__file__).parent.parent / "bench" / "taxonomy_lexicon.py"


def voices(words):
    return facts.prepare(model.Evidence(text=words)).voices


TABLE = {
    lexicon.PRIOR: {Kind.AUTH: -1.0, Kind.PROCESSING_ERROR: -1.0},
    "badg": {Kind.AUTH: 1.5, Kind.PROCESSING_ERROR: -1.0},
    "show": {Kind.AUTH: 1.0, Kind.PROCESSING_ERROR: -0.5},
}


def test_words_that_outweigh_the_default_decide_and_are_named():
    assert lexicon.read(voices("Show a badge"), Kind.PROCESSING_ERROR, TABLE) == (Kind.AUTH, ("badg", "show"))


def test_words_that_do_not_outweigh_the_default_by_enough_leave_it():
    weak = {**TABLE, "badg": {Kind.AUTH: 1.0}, "show": {Kind.AUTH: 0.5}}
    assert lexicon.read(voices("Show a badge"), Kind.PROCESSING_ERROR, weak) is None
    assert lexicon.read(voices("Show a badge"), Kind.UNKNOWN, weak) is not None


def test_a_single_known_word_decides_nothing():
    assert lexicon.read(voices("badge"), Kind.UNKNOWN, TABLE) is None


def test_a_word_after_a_negation_is_read_as_a_pair_and_chinese_by_two_characters():
    assert lexicon.stems(iter(["not enabled here", "余额不足"])) == {
        "enabl",
        "not",
        "not+enabl",
        "here",
        "余额",
        "额不",
        "不足",
    }


def test_a_verdict_names_the_words_that_decided_and_the_default_they_outweighed():
    verdict = taxonomy.judge(model.Evidence(text="Hm: country, behavior"))
    assert (verdict.rule, verdict.runner_up, verdict.confidence) == ("likely.permission", "nothing-said", "low")
    assert verdict.would_decide == "a reading of its words; these stems decided: countr, behavior"


@pytest.mark.parametrize("status", [401, 402, 404, 413, 504])
def test_a_status_of_one_meaning_and_a_404_stand_against_likely_words(status):
    assert not taxonomy.judge(model.Evidence(status=status, text="Hm: country, behavior")).rule.startswith("likely")


def test_words_nobody_knows_stay_unknown():
    assert taxonomy.judge(model.Evidence(text="zzgl frobnik wub")).rule == "nothing-said"


def test_the_table_is_made_from_labelled_replies(tmp_path, capsys, monkeypatch):
    spec = importlib.util.spec_from_file_location("taxonomy_lexicon", BENCH)
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    rows = [{"body": f"the frobnik {number} is out of plums", "class": "quota_exhausted"} for number in range(12)]
    labelled = tmp_path / "labelled.jsonl"
    labelled.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    monkeypatch.setattr("sys.argv", [str(BENCH), str(labelled)])
    assert bench.main() == 0
    lines = dict(line.split("\t", 1) for line in capsys.readouterr().out.splitlines() if "\t" in line)
    weights = {stem: dict(cell.split("=") for cell in cells.split("\t")) for stem, cells in lines.items()}
    assert max(weights["frobnik"], key=lambda kind: float(weights["frobnik"][kind])) == "quota_exhausted"
    assert set(weights) >= {lexicon.PRIOR, "plum"}
