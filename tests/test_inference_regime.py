"""A lasting change of what a path delivers is dated; a passing fault is not one."""

import datetime as dt
import random

import pytest

from probe import model, taxonomy, tokens
from probe.inference import regime

START = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
PATH = model.Path("vip", "4k-high")
ORDER = model.Order("openai-images", "gpt-image-2", 3840, 2160, quality="high")


def delivered(hour, size=(3840, 2160), image_format="png", origin="", quality="high", latency_s=90.0):
    width_px, height_px = size
    count = tokens.gpt_image_tokens(width_px, height_px, tokens.GPT_IMAGE_2_FACTORS[quality])
    evidence = model.Evidence(
        status=200,
        order=ORDER,
        picture=model.Picture(width_px, height_px, image_format, provenance=origin),
        picture_count=1,
        image_tokens=count,
    )
    outcome = model.Outcome(
        f"id-{hour}", PATH, model.Trigger.SCHEDULED, START + dt.timedelta(hours=hour), evidence, latency_s=latency_s
    )
    return model.Judged(outcome, taxonomy.judge(evidence))


def series(*parts):
    """Outcomes an hour apart; each part is (how many, what is delivered)."""
    hours = iter(range(10_000))
    return [delivered(next(hours), **what) for count, what in parts for _ in range(count)]


def test_a_steady_path_has_no_change():
    assert regime.changes(series((60, {}))) == ()


@pytest.mark.parametrize(
    ("what", "now", "said"),
    [
        ("size", {"size": (1254, 1254)}, "every picture is about 1.57 megapixels, not 3840x2160"),
        ("format", {"image_format": "jpeg"}, "every picture is a jpeg, not png"),
        ("quality", {"quality": "low"}, "every picture is of quality low, not high"),
    ],
)
def test_a_lasting_change_is_dated_to_its_first_delivery(what, now, said):
    found = {one.what: one for one in regime.changes(series((24, {}), (6, now)))}[what]
    assert (found.at, found.after) == (START + dt.timedelta(hours=24), 6)
    assert found.sentence(PATH) == f"vip/4k-high: since 2026-06-02 {said}"


def test_a_change_of_origin_is_found():
    (found,) = regime.changes(series((10, {"origin": "OpenAI"}), (8, {"origin": "Adobe"})))
    assert (found.what, found.before, found.now) == ("origin", "OpenAI", "Adobe")


def test_a_passing_fault_is_no_change():
    assert regime.changes(series((24, {}), (4, {"size": (1254, 1254)}), (20, {}))) == ()


def test_four_deliveries_are_not_yet_a_change():
    assert regime.changes(series((24, {}), (4, {"size": (1254, 1254)}))) == ()


def test_sizes_of_the_web_route_are_one_family():
    assert {regime.family(*size) for size in ((1254, 1254), (1672, 941), (1086, 1448), (1024, 1536))} == {
        "about 1.57 megapixels"
    }


def test_a_new_pace_is_found_near_its_start():
    draw = random.Random(3)
    found = regime.changes(
        [delivered(hour, latency_s=draw.lognormvariate(4.5 if hour < 100 else 5.3, 0.3)) for hour in range(160)]
    )
    (pace,) = found
    assert pace.what == "pace"
    assert abs((pace.at - START).total_seconds() / 3600 - 100) <= 5
    assert pace.sentence(PATH) == "vip/4k-high: since 2026-06-05 a picture takes 195 s, not 93 s"


def test_jitter_is_no_change_of_pace():
    for seed in range(30):
        draw = random.Random(seed)
        assert regime.changes([delivered(hour, latency_s=draw.lognormvariate(4.5, 0.4)) for hour in range(200)]) == ()


def test_failures_and_excluded_outcomes_deliver_nothing():
    failed = model.Outcome("x", PATH, model.Trigger.SCHEDULED, START, model.Evidence(status=500))
    assert regime.delivery(model.Judged(failed, taxonomy.judge(failed.evidence))) is None
