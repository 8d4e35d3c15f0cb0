"""The posterior over causes, against the published figures of the specification (its section 7.9)."""

import dataclasses

import pytest

from probe.inference import causes, posterior
from probe.inference.causes import Cause, Finding, Result, Said, Check

PUBLISHED = dataclasses.replace(causes.TABLES, background=0.0)
"""The specification's own model: a request that failed for another reason is on a healthy path."""

CLEAR = Finding(Check.PRE_SCREEN, Result.PASSED)
RETRY_FAILED = Finding(Check.RETRY, Result.FAILED)


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([], {Cause.CONTENT: 0.2925, Cause.UPSTREAM: 0.4455, Cause.ONE_OFF: 0.1540}),
        ([CLEAR], {Cause.CONTENT: 0.1742, Cause.UPSTREAM: 0.5200, Cause.ONE_OFF: 0.1797}),
        ([CLEAR, RETRY_FAILED], {Cause.CONTENT: 0.2847, Cause.UPSTREAM: 0.5695, Cause.ONE_OFF: 0.0096}),
        (
            [CLEAR, RETRY_FAILED, Finding(Check.CANARY, Result.PASSED)],
            {Cause.CONTENT: 0.5673, Cause.UPSTREAM: 0.3147, Cause.CHANNEL: 0.0508},
        ),
        (
            [CLEAR, RETRY_FAILED, Finding(Check.CANARY, Result.FAILED)],
            {Cause.CONTENT: 0.0166, Cause.UPSTREAM: 0.8112, Cause.CHANNEL: 0.1308},
        ),
        ([Finding(Check.PRE_SCREEN, Result.FAILED)], {Cause.CONTENT: 0.9118}),
    ],
)
def test_posterior_equals_the_published_figures(findings, expected):
    found = posterior.weigh(Said.PROCESSING, findings=findings, tables=PUBLISHED).p
    assert {cause: found[cause] for cause in expected} == pytest.approx(expected, abs=5e-5)
