"""Outcomes as lines of JSON: what is exported is imported as it was, and nothing else is."""

import dataclasses
import io
import json

import pytest
import record_samples as samples

from probe import model
from probe.records import lines

RICH = model.Judged(
    samples.outcome(
        "01980000-0000-7000-8000-000000000001",
        evidence=dataclasses.replace(
            samples.FAILED, picture=model.Picture(3840, 2160, "png"), fault=model.Fault.RESET, text='{"图": "\u2028"}'
        ),
        timings=model.Timings(0.1, None, 0.3),
        excluded=model.Exclusion.LOCAL_NETWORK,
        slot=1_786_500_000,
        charged_usd=0.0,
        latency_s=41.5,
    ),
    samples.verdict(request_ids=model.RequestIds(gateway=("g",), edge=("e1", "e2")), retry_after_s=3.0),
)


def read(*written):
    return list(lines.read(io.StringIO("\n".join(written))))


def changed(**fields):
    """The line of RICH with other values; a dotted name reaches within (`verdict__kind`)."""
    document = json.loads(lines.write(RICH))
    for name, value in fields.items():
        *within, last = name.split("__")
        place = document
        for each in within:
            place = place[each]
        place[last] = value
    return json.dumps(document)


@pytest.mark.parametrize("judged", [RICH, samples.judged("bare", evidence=model.Evidence())], ids=["rich", "bare"])
def test_an_exported_outcome_is_imported_equal(judged):
    assert "\n" not in lines.write(judged)
    assert read(lines.write(judged)) == [judged]


def test_empty_lines_are_left_out_and_the_order_is_kept():
    written = [lines.write(samples.judged(name)) for name in ("a", "b")]
    assert [each.outcome.id for each in read("", written[0], "  ", written[1], "")] == ["a", "b"]


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        "{}",
        '{"schema_version": 1}',
        "[" * 100_000,
        "9" * 5000,
        '{"schema_version": 2' + ", " * 0 + "}",
        "x" * (lines.LONGEST + 1),
        changed(verdict__kind="moonphase"),
        changed(trigger="whim"),
        changed(sent_at="yesterday"),
        changed(sent_at=5),
        changed(sent_at="2026-08-13T02:19:00"),
        changed(sent_at="0001-01-01T00:00:00+14:00"),
        changed(latency_s="fast"),
        changed(attempt=True),
        changed(evidence__status="500"),
        changed(evidence__headers=["x"]),
        changed(evidence__headers={"x": 1}),
        changed(evidence__order__width_px=None),
        changed(evidence__picture=[]),
        changed(evidence=None),
        changed(verdict=None),
        changed(verdict__request_ids={"gateway": [1]}),
        changed(verdict__request_ids={"moon": ["1"]}),
        changed(verdict__confidence="certain"),
        changed(channel=7),
    ],
    ids=lambda line: line[-40:] if isinstance(line, str) else None,
)
def test_a_line_that_is_no_outcome_is_refused_by_its_number(line):
    good = lines.write(samples.judged("good"))
    with pytest.raises(lines.LineError, match="line 2 is no outcome"):
        read(good, line, good)


def test_a_file_that_is_no_text_is_refused():
    with pytest.raises(lines.LineError, match="line 1"):
        list(lines.read(io.TextIOWrapper(io.BytesIO(b"\x89PNG\xff\xfe"), encoding="utf-8")))


def test_what_a_later_version_adds_to_the_evidence_is_left_out():
    assert read(changed(evidence__mood="good")) == [RICH]


# --- summaries --------------------------------------------------------------------------------------------------------

ROLLUP = {
    "hour": "2025-08-13T02", "channel": "vip", "tier": "4k-high", "trigger": "scheduled", "kind": "ok", "excluded": "",
    "billed": "yes", "price_usd": 0.03, "count": 3, "latencies": {"150": 2},
}  # fmt: skip
MONTH = {
    "month": "2025-08", "channel": "vip", "tier": "4k-high", "failing": 0.05, "failing_low": 0.04, "failing_high": 0.06,
    "degraded": 0.02, "calm_failed": 20.0, "calm_n": 700.0, "segments": [[["2025-08-13T02:20:00.000Z"] * 3, None, 0.5, 0.99]],
}  # fmt: skip


def summary(table, row, **fields):
    return json.dumps({"schema_version": 1, "summary": table, **row, **fields})


@pytest.mark.parametrize(
    "line", [summary("rollup", ROLLUP), summary("month", MONTH), summary("kept", {"since": "2025-09-01T00:00:00.000Z"})]
)
def test_a_summary_is_imported_as_it_was_exported(line):
    (found,) = read(line)
    assert json.loads(lines.write_summary(found)) == json.loads(line)


@pytest.mark.parametrize(
    "line",
    [
        summary("rollup", ROLLUP, hour="2025-08-13T25"),
        summary("rollup", ROLLUP, kind="perfect"),
        summary("rollup", ROLLUP, count=10**9),
        summary("rollup", ROLLUP, count=True),
        summary("rollup", ROLLUP, latencies={"150": 4}),
        summary("rollup", ROLLUP, latencies={"256": 1}),
        summary("rollup", ROLLUP, latencies={"1'; DROP": 1}),
        summary("rollup", ROLLUP, price_usd=-1),
        summary("rollup", ROLLUP, channel=["vip"]),
        summary("rollup", ROLLUP, excluded=[]),
        summary("rollup", ROLLUP, excluded=0),
        summary("kept", {"since": "0001-01-01T00:00:00+14:00"}),
        summary("month", MONTH, segments=[[["2025-08-13T02:00:00"] * 3, None, 0.5, 0.9]]),
        summary("month", MONTH, month="2025-13"),
        summary("month", MONTH, failing="much"),
        summary("month", MONTH, segments=[["never", None, 0.5, 0.9]]),
        summary("kept", {"since": "yesterday"}),
        summary("kept", {"since": "9999-01-01T00:00:00.000Z"}),
        summary("kept", {"since": "2025-08-13T02:30:00.000Z"}),
        summary("kept", {"since": "2025-08-13T02:00:00.000"}),
        summary("outcome; --", {}),
        summary([], {}),
    ],
)
def test_a_summary_that_was_not_exported_is_refused(line):
    with pytest.raises(lines.LineError, match="line 1"):
        read(line)
