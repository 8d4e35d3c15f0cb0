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
from report_samples import HOUR, NOW, SINCE, degraded_window, empty_window, estimate, facts, grid, point, seen

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
    assert {"vip n 27, official n 214", "too few: nano"} <= set(text_of(plots.svg(PLOTS["payoff"])))


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


LONG = "reseller-with-a-very-long-channel-name.eu-west-2_backup"


def test_a_dozen_channels_with_long_names_leave_room_for_what_is_drawn():
    channels = [f"{LONG}-{index}" for index in range(12)]
    points = tuple(figures.Cost(name, 0.03, (0.03, 0.03), 0.9, (0.8, 0.95), 84) for name in channels)
    lines = tuple(figures.PayOffLine(name, (0.9,) * 3, (0.03,) * 3, (2.0,) * 3, 84) for name in channels)
    rate = figures.Rate(0.9, 0.8, 0.95, 84)
    rows = tuple(figures.RateRow(f"{name}/4k-high", "4k-high", rate, rate, 84, "degraded") for name in channels)
    strips = tuple(figures.Strip(f"{name}/4k-high", (0.5,), 84, 42, ()) for name in channels)
    pairs = tuple(figures.Beside(name, channels[0], "4k-high", rate, rate) for name in channels[1:])
    for data in (
        figures.Costs((figures.CostPanel("4k-high", points, ()),), tuple(channels), "scheduled"),
        figures.PayOff((figures.PayOffPanel("4k-high", lines, ()),), tuple(channels)),
        figures.Rates(rows, "14 d", "2 d", "scheduled"),
        figures.Timeline((SINCE, NOW), strips, "scheduled"),
        figures.Concordance(pairs, 0, 0, "2 h", "scheduled"),
    ):
        for width_in in (style.WIDE_IN, style.NARROW_IN):
            figure = plots.FIGURES[type(data)](data, width_in)
            figure.savefig(io.BytesIO(), format="svg")  # warns where axes collapse
            assert figure.axes[0].get_position().width * width_in > 1.0


def test_channels_of_one_colour_have_different_marks():
    assert len({(style.colour(index), style.marker(index)) for index in range(49)}) == 49


def test_a_path_that_is_bad_now_is_marked_however_good_the_period_was():
    bad = facts("vip/4k-high", grid("vip/4k-high", 1, 60), model.State.DEGRADED)
    plot = drawn(seen(bad, facts("official/4k-high", grid("official/4k-high", 1, 60))))["rates-scheduled"]
    shown = text_of(plots.svg(plot))
    assert shown.count("! degraded") == 1
    assert plot.alt == "vip/4k-high 100 %, latest 100 %, degraded at the end; official/4k-high 100 %, latest 100 %."


def test_what_is_slow_and_fails_no_more_is_not_called_failing():
    stretch = window.Degraded(estimate(NOW - 2 * HOUR), None, None)
    slow = facts("vip/4k-high", grid("vip/4k-high", 1, 60), model.State.DEGRADED, degraded=(stretch,))
    plot = drawn(seen(slow))["timeline-scheduled"]
    assert "slow since Nov 24 04:10" in text_of(plots.svg(plot))
    assert plot.alt == "vip/4k-high 0 of 336 failed, 1 degraded stretch, since 04:10 UTC still on."


def test_of_very_many_pairs_of_channels_those_are_drawn_that_most_surely_fail_together():
    def points(path, *, every):
        bad = (n % every < 2 for n in range(14 * 24))
        return [
            point(path, SINCE + n * HOUR, model.Kind.PROCESSING_ERROR if failed else model.Kind.OK)
            for n, failed in enumerate(bad)
        ]

    paths = [model.Path(f"channel-{index}", "4k-high") for index in range(7)]
    shown = seen(*(facts(str(path), points(path, every=20 if path in paths[:2] else 9)) for path in paths))
    data = drawn(shown)["concordance-scheduled"].data
    assert (len(data.rows), data.left_out) == (24, 18)
    assert ("channel-0", "channel-1") in {(row.name, row.other) for row in data.rows}


def test_what_a_figure_shows_is_told_in_words():
    alts = {name: plot.alt for name, plot in PLOTS.items()}
    assert "vip/4k-high 6 of 337 failed, 2 degraded stretches, since 02:20 UTC still on" in alts["timeline-scheduled"]
    assert "nano/4k-high too few" in alts["latency-scheduled"]
    assert "vip/4k-high 81 s then" in alts["latency-scheduled"]
    assert "official processing_error" in alts["kinds-scheduled"]
