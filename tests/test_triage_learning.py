"""What later happened to a failed prompt re-estimates the tables, without anybody saying so."""

import json

import pytest
import triage_samples as samples

from probe import model, records
from probe.inference import causes
from probe.inference.causes import Cause
from probe.records import history, rows
from probe.triage import document, learning, offline, subject

OWN = model.Trigger.OWN_TRAFFIC
CONTENT = causes.CAUSES.index(Cause.CONTENT)


@pytest.fixture
def config(tmp_path):
    return samples.config(tmp_path)


@pytest.fixture
def triaged(tmp_path, config):
    """Store outcomes, triage the first, then store what came later; the tables that are learnt."""

    def go(failure, before, later):
        with records.open(tmp_path / "t.db") as book:
            book.store_all([failure, *before])
        with history.open(tmp_path / "t.db") as past:
            found = offline.examine(subject.by_id(failure.outcome.id, past, subject.Hints()), past, config)
        made = json.dumps(document.document(found, config, "t-1", samples.AT))
        with records.open(tmp_path / "t.db") as book:
            book.keep_triage(rows.Triage("t-1", failure.outcome.id, samples.AT, made))
            book.store_all(later)
        with history.open(tmp_path / "t.db") as past:
            return learning.tables(past, config)

    return go


def failure():
    return samples.judged("mine-0001", trigger=OWN, prompt_id="own-1")


def repeats(evidence, path, count):
    return [
        samples.judged(f"later-{path}-{n}", evidence, path=path, trigger=OWN, prompt_id="own-1", minutes=60 + n)
        for n in range(count)
    ]


def test_a_prompt_that_keeps_failing_while_canaries_pass_is_counted_as_content(triaged):
    calm = [one for path in (samples.VIP, samples.OFFICIAL) for one in samples.series(path, "." * 12)]
    later = repeats(samples.PROCESSING, samples.VIP, 3) + repeats(samples.MODERATED, samples.OFFICIAL, 1)
    tables, count = triaged(failure(), calm, later)
    assert count == 1
    assert tables.prior[CONTENT] > causes.TABLES.prior[CONTENT]


def test_a_prompt_that_passed_later_takes_the_blame_off_it(triaged):
    failing = samples.series(samples.VIP, "xxxxxxxxxxxx") + samples.series(samples.OFFICIAL, "xxxxxx")
    tables, count = triaged(failure(), failing, repeats(samples.PICTURE, samples.OFFICIAL, 2))
    assert count == 1
    assert tables.prior[CONTENT] < causes.TABLES.prior[CONTENT]


def test_a_triage_after_which_nothing_happened_teaches_nothing(triaged):
    tables, count = triaged(failure(), samples.series(samples.VIP, "xxxxxxxxxxxx"), [])
    assert (tables.prior, count) == (pytest.approx(causes.TABLES.prior), 0)


def test_a_triage_that_stays_undecided_teaches_nothing(triaged):
    assert triaged(failure(), [], repeats(samples.PROCESSING, samples.VIP, 1))[1] == 0
