"""A lasting change of what a path delivers is dated; a passing fault is not one."""

import datetime as dt
import math
import random

import pytest

from probe import model, taxonomy, tokens
from probe.inference import regime

START = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
PATH = model.Path("vip", "4k-high")
ORDER = model.Order("openai-images", "gpt-image-2", 3840, 2160, quality="high")


def delivered(
    hour,
    size=(3840, 2160),
    image_format="png",
    origin="",
    quality="high",
    latency_s=90.0,
    order=ORDER,
    count=None,
    share=None,
):
    width_px, height_px = size
    if count is None:
        count = tokens.gpt_image_tokens(width_px, height_px, tokens.GPT_IMAGE_2_FACTORS[quality])
    evidence = model.Evidence(
        status=200,
        order=order,
        picture=model.Picture(
            width_px, height_px, image_format, sha256="ab" * 32, provenance=origin, effective_resolution=share
        ),
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
        ("detail", {"share": 0.4}, "every picture whose detail can be told is enlarged, not native"),
        ("quality", {"quality": "low"}, "every picture is of quality low, not high"),
    ],
)
def test_a_lasting_change_is_dated_to_its_first_delivery(what, now, said):
    found = {one.what: one for one in regime.changes(series((24, {"share": 0.97}), (6, now)))}[what]
    assert (found.at, found.after) == (START + dt.timedelta(hours=24), 6)
    assert found.sentence(PATH) == f"vip/4k-high: since 2026-06-02 {said}"


def test_a_change_of_origin_is_found():
    (found,) = regime.changes(series((10, {"origin": "OpenAI"}), (8, {"origin": "Adobe"})))
    assert (found.what, found.before, found.now) == ("origin", "OpenAI", "Adobe")


def test_a_manifest_that_is_gone_is_a_change_of_origin():
    (found,) = regime.changes(series((10, {"origin": "OpenAI"}), (8, {})))
    assert found.sentence(PATH) == (
        "vip/4k-high: since 2026-06-01 every picture names as its maker (C2PA) nobody, not OpenAI"
    )


def test_token_counts_that_fit_no_quality_any_more_are_a_change_of_the_token_law():
    (found,) = regime.changes(series((24, {}), (9, {"count": 4160})))
    assert found.sentence(PATH) == (
        "vip/4k-high: since 2026-06-02 the token counts fit no quality, where they fitted high"
    )


def test_a_passing_fault_is_no_change():
    assert regime.changes(series((24, {}), (4, {"size": (1254, 1254)}), (20, {}))) == ()


def test_a_stray_picture_neither_hides_a_change_nor_moves_its_date():
    reduced = {"size": (1254, 1254)}
    (found,) = regime.changes(series((24, {}), (1, reduced), (1, {}), (40, reduced), (1, {}), (2, reduced)))
    assert (found.at, found.after, found.strays) == (START + dt.timedelta(hours=24), 43, 2)
    assert "almost every picture is about 1.57 megapixels" in found.sentence(PATH)


def test_what_is_ordered_otherwise_is_no_change_of_the_path():
    smaller = model.Order("openai-images", "gpt-image-2", 2048, 1152, quality="high")
    assert regime.changes(series((24, {}), (24, {"size": (2048, 1152), "order": smaller}))) == ()


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


def test_a_slow_spell_that_is_over_is_no_change_of_pace():
    draw = random.Random(4)
    slow = range(100, 160)
    assert (
        regime.changes(
            [delivered(hour, latency_s=draw.lognormvariate(5.3 if hour in slow else 4.5, 0.3)) for hour in range(190)]
        )
        == ()
    )


def history(seed, changed=None):
    """Four weeks of a path as they are: jitter that follows the hour, failures, single pictures of another kind.

    `changed` maps a day to what is delivered from then on.
    """
    draw, now, found = random.Random(seed), {"origin": "OpenAI", "pace": 4.5}, []
    for hour in range(0, 28 * 24, 2):
        now |= (changed or {}).get(hour / 24, {})
        told = {**now, "latency_s": draw.lognormvariate(now["pace"] + 0.1 * math.sin(hour / 24 * 2 * math.pi), 0.35)}
        del told["pace"]
        if draw.random() < 0.03:
            told |= draw.choice([{"size": (1024, 1024)}, {"image_format": "webp"}, {"origin": ""}, {"count": 4160}])
        if draw.random() > 0.06:
            found.append(delivered(hour, **told))
    return found


SHIFTS = {
    "size": {"size": (1254, 1254)},
    "format": {"image_format": "jpeg"},
    "origin": {"origin": ""},
    "quality": {"quality": "medium"},
    "pace": {"pace": 5.2},
}


@pytest.mark.parametrize("what", SHIFTS)
def test_each_kind_of_change_in_a_noisy_history_is_found_with_its_date_and_nothing_else(what):
    for seed in range(20):
        (found,) = regime.changes(history(seed, {17: SHIFTS[what]}))
        late_h = (found.at - START).total_seconds() / 3600 - 17 * 24
        assert found.what == what
        assert abs(late_h) <= (24 if what == "pace" else 6)


def test_several_changes_of_one_history_are_each_dated():
    found = regime.changes(history(1, {9: SHIFTS["format"], 14: SHIFTS["size"], 20: SHIFTS["origin"]}))
    assert [one.what for one in found] == ["format", "size", "origin"]
    assert [round((one.at - START) / dt.timedelta(days=1)) for one in found] == [9, 14, 20]


def test_no_change_is_found_in_noisy_histories_without_one():
    assert [regime.changes(history(seed)) for seed in range(50)] == [()] * 50


def test_jitter_is_no_change_of_pace():
    for seed in range(30):
        draw = random.Random(seed)
        assert regime.changes([delivered(hour, latency_s=draw.lognormvariate(4.5, 0.4)) for hour in range(200)]) == ()


def test_failures_and_excluded_outcomes_deliver_nothing():
    failed = model.Outcome("x", PATH, model.Trigger.SCHEDULED, START, model.Evidence(status=500))
    assert regime.delivery(model.Judged(failed, taxonomy.judge(failed.evidence))) is None
