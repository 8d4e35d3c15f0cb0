"""The figures: the same bytes for the same data, every text as it is, nothing drawn where nothing is known."""

import dataclasses
import io
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from matplotlib import dates
from matplotlib.collections import LineCollection
from PIL import Image
from report_samples import HOUR, NOW, SINCE, degraded_window, empty_window, facts, grid, point, seen

from probe import model
from reports import blocks, figures, plots, sections, window
from reports.plots import cost, style, timeline


def drawn(shown):
    return {
        block.name: block
        for section in sections.build(shown).sections
        for block in section.blocks
        if isinstance(block, blocks.Plot)
    }


def failing_together():
    """Two channels with the same trouble every tenth hour, and a third with none."""

    def points(path):
        return [
            point(path, SINCE + n * HOUR, model.Kind.PROCESSING_ERROR if n % 20 < 2 else model.Kind.OK)
            for n in range(14 * 24)
        ]

    paths = [model.Path(channel, "4k-high") for channel in ("vip", "twin")]
    return seen(*(facts(str(path), points(path)) for path in paths), facts("official/4k-high", fine()))


def fine():
    return [point(model.Path("official", "4k-high"), SINCE + n * HOUR) for n in range(14 * 24)]


PLOTS = drawn(degraded_window())
TOGETHER = drawn(failing_together())["concordance-scheduled"]


def test_a_report_has_a_figure_for_each_question():
    by_series = [f"{name}-scheduled" for name in ("rates", "timeline", "latency", "cost")]
    assert list(PLOTS) == [*by_series, "payoff", "kinds-scheduled"]
    assert {type(plot.data) for plot in (*PLOTS.values(), TOGETHER)} == set(plots.FIGURES) - {figures.Detail}


def test_the_same_data_gives_the_same_bytes():
    for name in ("timeline-scheduled", "cost-scheduled"):
        assert plots.svg(PLOTS[name]) == plots.svg(PLOTS[name])


@pytest.mark.parametrize("width_in", [style.WIDE_IN, style.NARROW_IN])
def test_a_picture_is_as_wide_as_it_was_ordered(width_in):
    png = Image.open(io.BytesIO(plots.png(PLOTS["rates-scheduled"], width_in)))
    assert png.width == pytest.approx(width_in * plots.DPI, abs=2)
    png.load()


def text_of(svg):
    return [element.text for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_question_n_and_zone_stand_in_the_picture():
    found = text_of(plots.svg(PLOTS["timeline-scheduled"]))
    assert "When did a path degrade, and is it over?" in found
    assert "0 of 11 failed" in found
    assert "scheduled canaries, UTC" in found


@pytest.mark.parametrize("name", ["a$x^2$b", "<b>&amp;", "\x1b[31m\u202e", "通道", "_{1}^{2}"])
def test_a_name_is_drawn_as_it_is_and_breaks_nothing(name):
    strip = dataclasses.replace(PLOTS["timeline-scheduled"].data.strips[0], name=name)
    data = dataclasses.replace(PLOTS["timeline-scheduled"].data, strips=(strip,))
    plot = dataclasses.replace(PLOTS["timeline-scheduled"], data=data)
    assert style.label(name) in text_of(plots.svg(plot))


def test_a_figure_on_a_page_takes_the_colours_of_the_page():
    inline = plots.inline_svg(PLOTS["rates-scheduled"], style.WIDE_IN)
    assert inline.startswith("<svg ")
    assert "var(--ink)" in inline
    assert style.INK not in inline
    ET.fromstring(inline)


def test_nothing_is_drawn_where_nothing_is_known():
    assert drawn(empty_window()) == {}
    few = seen(facts("vip/4k-high", grid("vip/4k-high", 1, 1440)))
    assert [name.partition("-")[0] for name in drawn(few)] == ["timeline"]


def bracketed(plot, *brackets):
    """The lines of brackets that the first strip of a timeline gets, as points (time, row)."""
    strips = (dataclasses.replace(plot.data.strips[0], brackets=brackets),)
    (axes,) = timeline.draw(dataclasses.replace(plot.data, strips=strips), style.WIDE_IN).axes
    _ranges, *lines = [each for each in axes.collections if isinstance(each, LineCollection)] or [None]
    return [segment.tolist() for each in lines for segment in each.get_segments()]


def test_a_year_of_trouble_is_drawn_without_a_bracket_for_each_stretch():
    path = facts("vip/4k-high", grid("vip/4k-high", 0.9, 60), model.State.DEGRADED)
    stretch = figures.Bracket(NOW, NOW, None, None, still_on=False)
    plot = drawn(seen(path))["timeline-scheduled"]
    assert len(bracketed(plot, *(stretch,) * timeline.MOST_BRACKETS)) == timeline.MOST_BRACKETS
    assert bracketed(plot, *(stretch,) * 500) == []


def test_a_stretch_that_began_before_the_period_runs_in_from_the_left_edge():
    plot = drawn(seen(facts("vip/4k-high", grid("vip/4k-high", 0.5, 60), model.State.DEGRADED)))["timeline-scheduled"]
    week = 168 * HOUR
    before = figures.Bracket(SINCE - week, NOW, (SINCE - week - HOUR, SINCE - week + HOUR), None, still_on=True)
    (points,) = bracketed(plot, before)
    assert [at for at, _ in points] == list(dates.date2num([plot.data.edges[0], NOW]))
    assert len({row for _, row in points}) == 1  # no foot at the left, where it did not begin


def test_the_frontier_holds_what_no_other_beats_in_both():
    def point(channel, usd, share):
        return figures.Cost(channel, usd, (usd, usd), share, (share, share), 100)

    cheap, sure, beaten = point("vip", 0.03, 0.95), point("official", 0.40, 0.99), point("nano", 0.15, 0.94)
    assert cost.frontier((sure, beaten, cheap)) == [cheap, sure]


def test_every_series_has_figures_of_its_own():
    simulated = grid("vip/4k-high", 0.9, 60, trigger=model.Trigger.SIMULATED)
    both = seen(facts("vip/4k-high", [*grid("vip/4k-high", 1, 60), *simulated]))
    assert {plot.data.series for plot in drawn(both).values()} == {str(series) for series in window.SAMPLES}


def test_channels_that_fail_in_the_same_windows_are_seen_to():
    rows = {(row.name, row.other): row for row in TOGETHER.data.rows}
    assert rows["twin", "vip"].while_failing.share > 0.9
    assert rows["twin", "vip"].while_fine.share < 0.01
    assert rows["official", "vip"].while_failing.high < 0.15
    assert ("vip", "official") not in rows  # the other never failed: nothing to stand beside
    assert TOGETHER.data.too_few == 2
    assert "simulated" not in " ".join(filter(None, text_of(plots.svg(TOGETHER))))


def test_what_attempts_bring_is_drawn_as_the_table_tells_it():
    panel = next(each for each in PLOTS["payoff"].data.panels if each.tier == "4k-high")
    found = {line.channel: line for line in panel.lines}
    assert found["vip"].shares[0] < found["vip"].shares[1] < found["vip"].shares[2] < 0.9
    assert found["official"].usd[0] == pytest.approx(0.40, abs=0.01)
    assert panel.too_few == ("nano",)
    assert "vip n 27, official n 214, nano: too few" in text_of(plots.svg(PLOTS["payoff"]))


@pytest.mark.parametrize("hours", [1, 2, 6, 24, 48, 72, 24 * 14, 24 * 90, 24 * 365, 24 * 730])
def test_a_time_axis_finds_ticks_for_every_period(hours):
    for width_in in (style.WIDE_IN, style.NARROW_IN):
        figure = style.figure(width_in, 2)
        axes = figure.add_subplot()
        axes.set_xlim(NOW, NOW + hours * HOUR)
        style.time_axis(axes, narrow=style.is_narrow(width_in))
        figure.savefig(io.BytesIO(), format="svg")
        assert 2 <= sum(bool(label.get_text()) for label in axes.get_xticklabels()) <= 10


def test_a_home_that_cannot_be_written_is_no_news():
    away = {"PATH": "", "HOME": "/dev/null", "MPLCONFIGDIR": "/dev/null/nowhere"}
    done = subprocess.run(
        [sys.executable, "-c", "import reports.plots"], env=away, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
