"""Judging each sort of success once gives, cell by cell, what judging every request in full gives."""

import json

import hypothesis
import own_samples as samples
import pytest
from hypothesis import strategies as st

from probe import headers, model
from probe.own import fields, judging
from probe.records import columns

SMALL = {"format": "png", "width": 1254, "height": 1254, "bytes": 1}

WORDS = st.text(max_size=30)
HEADERS = st.dictionaries(st.sampled_from([*sorted(headers.KEPT), "x-request-id", "Request-ID", "set-cookie"]), WORDS)
SECONDS = st.floats(0, 900)

VARIED = st.fixed_dictionaries(
    {},
    optional={
        "id": st.text(min_size=1, max_size=30),
        "sent_at": st.datetimes().map(lambda at: at.isoformat() + "+08:00"),
        "elapsed_s": SECONDS,
        "headers_s": SECONDS,
        "headers": HEADERS,
        "prompt_id": st.sampled_from(["own-0123456789abcdef", ""]),
        "charged_usd": st.floats(0, 9),
        "picture": st.fixed_dictionaries(
            {"width": st.sampled_from([1254, 3840]), "height": st.sampled_from([1254, 2160])},
            optional={"format": st.sampled_from(["png", "webp"]), "bytes": st.integers(0, 10**8)},
        ),
        "picture_count": st.integers(0, 3),
        "image_tokens": st.sampled_from([0, 371, 13342]),
        "echoed_size": st.sampled_from(["1254x1254", "3840x2160"]),
        "echoed_quality": st.sampled_from(["low", "high"]),
        "quality": st.sampled_from(["low", "high"]),
        "n": st.integers(1, 3),
        "batch": st.sampled_from(["a", "b"]),
        "status": st.sampled_from([200, 201, 429, 504]),
        "text": st.sampled_from(["", samples.ERROR]),
        "fault": st.sampled_from(["read_timeout", "refused", "cancelled"]),
    },
)


def stored(request):
    """What is stored of a request, JSON as its meaning."""
    row, (*_, ids) = request.row, request.row
    verdict = dict(zip(columns.VERDICT, row.verdict, strict=True))
    for_json = {"facts": row.facts, "timings": row.outcome.timings, "request_ids": verdict.pop("request_ids")}
    return row.outcome._replace(timings=""), verdict, {name: json.loads(text) for name, text in for_json.items()}, ids


def checked(line):
    return fields.check(line, fields.LINE)


OF_WORDS = """
[[rule]]
name = "words"
kind = "overloaded"
literals = ["error occurred"]
[[rule]]
name = "pattern"
kind = "overloaded"
pattern = "err+or"
[[rule]]
name = "code"
kind = "overloaded"
codes = ["server_error"]
[[rule]]
name = "status"
kind = "overloaded"
status = [429, 504]
"""
"""None of them can hold of a picture without words."""


@pytest.fixture(scope="module", params=["", OF_WORDS], ids=["no own rules", "own rules of words"])
def judge(request, tmp_path_factory):
    return judging.Judging(samples.settings(tmp_path_factory.mktemp("judging"), samples.CONFIG + request.param))


@hypothesis.settings(max_examples=300, deadline=None, derandomize=True, database=None)
@hypothesis.given(VARIED)
def test_a_success_like_one_before_is_stored_as_if_it_were_the_first(judge, varied):
    line = samples.told() | varied
    in_full = judge.request(samples.read(line))
    for _ in range(2):
        assert stored(judge.request(checked(line))) == stored(in_full)


def test_successes_that_differ_in_times_ids_and_bytes_are_judged_once(judge, monkeypatch):
    judge.request(checked(samples.told()))
    monkeypatch.setattr(judging.taxonomy, "judge", lambda *_: pytest.fail("judged again"))
    other = samples.told("r2", samples.minutes(1), elapsed_s=60.1, headers={"request-id": "g2"}, charged_usd=0.03)
    other["picture"] = {**other["picture"], "bytes": 7}
    row = judge.request(checked(other)).row
    assert (row.outcome.id, row.outcome.latency_s, row.ids.gateway) == ("r2", 60.1, ("g2",))
    assert json.loads(row.facts)["picture"]["image_bytes"] == 7


def test_a_picture_of_another_size_is_judged_by_itself(judge):
    kinds = [judge.request(checked(line)).row.verdict[0] for line in (samples.told(), samples.told(picture=SMALL))]
    assert kinds == [model.Kind.OK, model.Kind.DEGRADED_IMAGE]


@pytest.mark.parametrize(
    "asked", ["status = [200]", 'codes = ["shape:empty"]', 'pattern = "^$"', 'status = [200, 500]\npattern = "x*"']
)
def test_a_rule_of_the_config_that_may_hold_of_a_picture_sees_every_request(tmp_path, asked):
    rule = f'[[rule]]\nname = "cut"\nkind = "timeout"\n{asked}\nwhen = ["at_wall"]\n'
    judge = judging.Judging(samples.settings(tmp_path, samples.CONFIG + rule))
    lines = samples.told(), samples.told(elapsed_s=60.1)
    kinds = [judge.request(checked(line)).row.verdict[0] for line in lines]
    assert kinds == [model.Kind.OK, model.Kind.TIMEOUT]


def test_no_more_sorts_than_a_bound_are_remembered(judge, monkeypatch):
    monkeypatch.setattr(judging, "MOST_SORTS", 5)
    for number in range(20):
        judge.request(checked(samples.told(batch=f"b{number}")))
    assert len(judge._sorts) <= 5
