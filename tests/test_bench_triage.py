"""The bench of triage runs, and a small part of it holds what the whole of it is asked."""

import pathlib
import sys

import pytest


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(pathlib.Path(__file__).parent.parent / "bench"))
    import triage
    import triage_batch
    import triage_worlds

    yield triage, triage_worlds, triage_batch
    for name in ("triage", "triage_batch", "triage_worlds"):
        sys.modules.pop(name)


def test_triage_beats_the_textbook_rule_and_hardly_ever_blames_an_innocent_prompt(bench):
    triage, worlds, _ = bench
    found = triage.score("plain", list(triage.mechanisms(worlds.WORLDS[0], 80, 11)))
    assert found.content >= 0.9
    assert found.content > found.rule + 0.1
    assert found.wrongly_blamed <= 0.025
    assert found.usd < 1.0


def test_no_billed_picture_of_a_batch_is_paid_for_again(bench, tmp_path):
    _, _, batches = bench
    from probe import config

    path = tmp_path / "config.toml"
    path.write_text(batches.CONFIG)
    batches.REQUESTS = 1500
    counts, twice, failures = batches.run(config.load(path), 3)
    right = sum(n for (_, _, is_right), n in counts.items() if is_right)
    assert twice == 0
    assert right / failures >= 0.9
