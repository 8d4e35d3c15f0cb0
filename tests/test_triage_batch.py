"""Many failures at once: sorted by what to do, nothing resent that may be billed, nothing sent at all."""

import csv
import io
import json

import pytest
import triage_samples as samples

from probe import model, taxonomy
from probe.inference import causes
from probe.inference.causes import Check
from probe.triage import batch, piles
from probe.triage.diagnosis import Piece

OWN = model.Trigger.OWN_TRAFFIC


@pytest.fixture
def config(tmp_path):
    return samples.config(tmp_path)


def line(number, status=200, body='{"data": [{"b64_json": "<1000 base64 characters>"}]}', **fields):
    known = {"id": f"job-{number}", "channel": "vip", "tier": "4k-high", "status": status, "body": body}
    return json.dumps(known | {"sent_at": "2026-08-13T02:41:00Z"} | fields).encode()


def read(lines, config):
    return batch.read(lines, config, (), samples.AT)


def failed(*outcomes):
    return batch.Batch(tuple(enumerate(outcomes, start=1)), ())


def sorted_(config, found, stored=(), asked=None):
    return {item.judged.outcome.id: item for item in batch.sort(found, stored, config, asked or {})}


def own(name, evidence, **fields):
    return samples.judged(name, evidence, trigger=OWN, **fields)


def test_lines_are_failures_and_successes_and_what_cannot_be_read(config):
    found = read([line(1), line(2, 500, "{}"), b"", b"{", b"[1]", line(3, channel="nobody"), b"x" * (2 << 20)], config)
    assert [judged.outcome.id for judged in found.succeeded] == ["job-1"]
    assert [(number, judged.outcome.id) for number, judged in found.failed] == [(2, "job-2")]
    assert [number for number, _ in found.refused] == [4, 5, 6, 7]
    assert found.refused[2][1] == "nobody/4k-high is not in the config"


@pytest.mark.parametrize("value", [None, 7, "soon", [], {}, "0001-01-01T00:00+14:00"])
def test_a_line_without_a_proper_time_is_dated_now(config, value):
    assert read([line(1, 500, "{}", sent_at=value)], config).failed[0][1].outcome.sent_at == samples.AT


def test_every_pile_gets_what_belongs_to_it(config):
    calm = samples.series(samples.OFFICIAL, "." * 10) + samples.series(samples.LIGHT, "." * 10)
    failing = samples.series(samples.VIP, "xxxxxxxxxx")
    found = failed(
        own("content", samples.MODERATED),
        own("account", samples.BARRED),
        own("upstream", samples.PROCESSING),
        own("lost", samples.TIMEOUT, charged_usd=0.03),
        own("unsure", samples.TIMEOUT),
    )
    items = sorted_(config, found, [*calm, *failing])
    assert {name: item.pile for name, item in items.items()} == {
        "content": "rewrite",
        "account": "fix-account",
        "upstream": "resend",
        "lost": "billed-and-lost",
        "unsure": "undecided",
    }
    assert items["upstream"].answer.resend_on == samples.OFFICIAL


def test_a_wrong_picture_is_billed_and_is_claimed(config):
    small = model.Evidence(
        status=200,
        order=model.Order("openai-images", "gpt-image-2-vip", 3840, 2160, "high"),
        picture=model.Picture(1254, 1254, "png", 10, "a"),
        picture_count=1,
    )
    (item,) = sorted_(config, failed(own("small", small))).values()
    assert (item.judged.verdict.kind, item.pile) == (model.Kind.DEGRADED_IMAGE, "billed-and-lost")


def test_where_nothing_is_well_the_pile_is_wait(config):
    everywhere = [samples.series(path, "xxxxxxxxxx") for path in (samples.VIP, samples.OFFICIAL, samples.NANO)]
    (item,) = sorted_(
        config, failed(own("one", samples.PROCESSING)), [one for each in everywhere for one in each]
    ).values()
    assert (item.found.cause, item.pile) == ("upstream", "wait")


def test_what_the_log_says_settles_a_timeout(config):
    lost = Piece("vip's log", "finished after 212 s, billed $0.03: lost", causes.Clue.LOST, live=True)
    denied = Piece("vip's log", "failed there too", causes.Clue.LOG_FAILED, live=True)
    outcomes = failed(own("a", samples.TIMEOUT), own("b", samples.TIMEOUT), own("c", samples.TIMEOUT))
    items = sorted_(config, outcomes, samples.series(samples.VIP, "xxxxxx"), {"a": lost, "b": denied})
    assert items["a"].pile == "billed-and-lost"
    assert items["b"].pile != "billed-and-lost"
    assert items["c"].pile == "undecided"


def test_neighbours_that_succeeded_are_evidence(config):
    alone = sorted_(config, failed(own("x", samples.PROCESSING)))["x"]
    others = tuple(samples.series(samples.VIP, "." * 20, first=-20, every=2, trigger=OWN))
    beside = sorted_(config, batch.Batch(failed(own("x", samples.PROCESSING)).failed, others))["x"]
    assert beside.found.now.p["upstream"] < 0.3 * alone.found.now.p["upstream"]


def test_a_prompt_that_failed_here_and_passed_elsewhere_is_not_at_fault(config):
    passed = own("ok", samples.PICTURE, path=samples.OFFICIAL, prompt_id="own-1", minutes=2)
    found = batch.Batch(failed(own("x", samples.PROCESSING, prompt_id="own-1")).failed, (passed,))
    alone = sorted_(config, failed(own("x", samples.PROCESSING)))["x"]
    assert sorted_(config, found)["x"].found.now.p["content"] < 0.6 * alone.found.now.p["content"]


def test_the_canaries_that_would_decide_are_named_with_their_price(config):
    undecided = list(sorted_(config, failed(own("x", samples.PROCESSING))).values())
    rungs = batch.deciding(undecided, config, samples.AT)
    assert [rung.check for rung in rungs] == [Check.CANARY, Check.OTHER_CANARY]
    words = "\n".join(piles.details("undecided", undecided, config, samples.AT))
    assert "tierwatch probe vip/4k-high" in words


def written(tmp_path, config, *outcomes):
    found = failed(*outcomes)
    sorted_piles = batch.piles(batch.sort(found, (), config))
    piles.write(tmp_path / "out", sorted_piles)
    return found, sorted_piles


def test_one_file_a_pile_and_the_claims(tmp_path, config):
    written(tmp_path, config, own("a", samples.MODERATED), own("b", samples.TIMEOUT, charged_usd=0.03))
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {f"{name}.ndjson" for name in batch.PILES} | {"claims.csv"}
    (line_of,) = (tmp_path / "out" / "rewrite.ndjson").read_text().splitlines()
    assert json.loads(line_of)["id"] == "a"
    claims = list(csv.DictReader(io.StringIO((tmp_path / "out" / "claims.csv").read_text())))
    assert [(claim["channel"], claim["charged_usd"]) for claim in claims] == [("vip", "0.0300")]


def test_no_cell_of_the_claims_begins_a_formula():
    assert [piles.cell(text) for text in ("=1+1", "-1", "@x", "+1", "\t=1", "ok")] == [
        "'=1+1",
        "'-1",
        "'@x",
        "'+1",
        "'\t=1",
        "ok",
    ]


def test_the_summary_says_what_to_do_with_how_many(tmp_path, config):
    found, sorted_piles = written(tmp_path, config, own("a", samples.MODERATED), own("b", samples.MODERATED))
    lines = list(piles.summary(found, sorted_piles, config, samples.AT))
    assert lines[0] == "2 failures"
    assert any(text.split()[:2] == ["rewrite", "2"] for text in lines)
    assert max(map(len, lines)) <= 80


def test_a_folder_that_cannot_be_written_is_named(tmp_path, config):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(model.UserError, match="--out"):
        written(tmp_path, config, own("a", samples.MODERATED))


def test_sorting_thousands_takes_no_longer_than_their_number_asks(config):
    successes = tuple(samples.series(samples.VIP, "." * 3000, first=-150, every=0.1, trigger=OWN))
    failures = tuple(enumerate(own(f"x{n}", samples.PROCESSING, minutes=n) for n in range(40)))
    items = batch.sort(batch.Batch(failures, successes), (), config)
    most = max(len(piece.findings) for item in items for piece in item.found.pieces)
    assert most == 20


def test_own_rules_judge_the_lines_of_a_batch(config):
    rule = taxonomy.Rule("own.x", model.Kind.QUOTA_EXHAUSTED, any=("house limit",), party=model.Party.CALLER)
    found = batch.read([line(1, 500, "house limit reached")], config, (rule,), samples.AT)
    assert found.failed[0][1].verdict.kind is model.Kind.QUOTA_EXHAUSTED
