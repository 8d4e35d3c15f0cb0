"""What was paid for and what came."""

import dataclasses
import datetime as dt

from probe import model, taxonomy
from reports import blocks, delivered, plots, window
from reports.sections import delivered as section

START = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
PATH = model.Path("vip", "4k-high")
ORDER = model.Order("openai-images", "gpt-image-2-vip", 3840, 2160, quality="high")


def judged(hour, size=(3840, 2160), effective=None, status=200):
    picture = model.Picture(*size, "png", effective_resolution=effective) if status == 200 else None
    evidence = model.Evidence(status=status, order=ORDER, picture=picture, picture_count=int(status == 200))
    outcome = model.Outcome(str(hour), PATH, model.Trigger.SCHEDULED, START + dt.timedelta(hours=hour), evidence)
    return model.Judged(outcome, taxonomy.judge(evidence))


def seen(*rows):
    return window.Window(START, START, START, (), (), 5.0, 0.0, pictures=rows)


def test_pictures_are_counted_against_what_was_ordered():
    row = delivered.summed_up(PATH, [judged(0), judged(1), judged(2, (1254, 1254))])
    assert (row.ordered, row.pictures, row.as_ordered, row.commonest) == ("3840x2160 high", 3, 2, "3840x2160")
    assert dict(row.faults).popitem()[1] == 1


def test_native_detail_is_the_median_of_the_pictures_that_tell():
    row = delivered.summed_up(
        PATH, [judged(0, effective=1.0), judged(1), judged(2, effective=0.9), judged(3, effective=0.2)]
    )
    assert (row.effective, row.effective_n) == (0.9, 3)


def test_a_lasting_change_is_told_first_with_its_date():
    row = delivered.summed_up(PATH, [judged(hour, (3840, 2160) if hour < 24 else (1254, 1254)) for hour in range(32)])
    note, _ = section.read(seen(row))
    assert note == blocks.Note("vip/4k-high: since 2026-06-02 every picture is about 1.57 megapixels, not 3840x2160.")


def test_token_counts_that_fit_no_quality_are_said_not_to_be_trusted():
    def counted(hour, image_tokens):
        one = judged(hour)
        evidence = dataclasses.replace(one.outcome.evidence, image_tokens=image_tokens)
        return dataclasses.replace(one, outcome=dataclasses.replace(one.outcome, evidence=evidence))

    row = delivered.summed_up(PATH, [counted(0, 1), counted(1, None), counted(2, 7)])
    note, _ = section.read(seen(row))
    assert note.text.startswith("vip/4k-high: the token counts of 2 of 3 pictures fit no quality (usage_untrusted)")


def test_no_picture_is_said_and_not_shown_as_nought():
    assert section.read(seen()) == (blocks.Note("No picture came in this period."),)


def test_a_path_without_pictures_has_no_row():
    assert delivered.summed_up(PATH, []) is None


def test_native_detail_is_drawn_over_time_where_pictures_tell():
    row = delivered.summed_up(PATH, [judged(hour, effective=0.98 if hour < 24 else 0.41) for hour in range(0, 48, 2)])
    shown = dataclasses.replace(seen(row), since=START, until=START + dt.timedelta(days=2))
    (plot,) = [block for block in section.read(shown) if isinstance(block, blocks.Plot)]
    (panel,) = plot.data.panels
    assert panel.points[0] == (START, 0.98)
    assert len(panel.points) == 24
    assert "vip/4k-high (3840x2160 high), n 24" in plots.svg(plot)
