"""The renderers: what they show, and what they never let through."""

import functools
import json
import re
from html.parser import HTMLParser

import pytest
from report_samples import HOUR, NOW, SINCE, degraded_window, empty_window, estimate, facts, grid, seen

from probe import escape, model
from reports import blocks, formats, html, markdown, sections, text, window, words
from reports import json as json_format

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><svg onload=alert(1)>",
    "{{ 7 * 7 }} {% raw %}",
    "\x1b[31mred\x1b[0m \x1b]8;;http://x.example\x07link\x1b]8;;\x07",
    "\x9b2J\x00\x07\r\noverwritten",
    "\u202egnp.exe\u2066 \u200b\u200f\ufeff",
    "\ud800 lone surrogate",
    "| cell | break | `code` [link](javascript:alert(1)) ![i](http://x) **bold** @team",
    "$x^2$ \\alpha $\\frac{1}{0}",
    "=cmd|' /C calc'!A0",
)


def hostile_report(words_in):
    """A report with this text in every field that can hold one."""
    word = words_in
    headline = blocks.Headline((blocks.Line(word, "", "bad"), blocks.Line(word, word)))
    table = blocks.Table((word, "b"), ((word, blocks.Word(word, "bad")), (blocks.Missing(word), 1)), word, word)
    return blocks.Report(word, SINCE, NOW, NOW, (blocks.Section("now", word, (headline, table, blocks.Note(word))),))


@functools.cache
def degraded_report():
    return sections.build(degraded_window())


@functools.cache
def degraded_page():
    return html.render(degraded_report())


class Elements(HTMLParser):
    """Every start tag with its attributes."""

    def __init__(self, page):
        super().__init__()
        self.tags = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("word", HOSTILE)
def test_hostile_text_adds_no_element_and_no_attribute_to_the_page(word):
    calm = Elements(html.render(hostile_report("calm"))).tags
    found = Elements(html.render(hostile_report(word))).tags

    def shape(tags):
        return [(tag, sorted(attributes)) for tag, attributes in tags]

    assert shape(found) == shape(calm)


@pytest.mark.parametrize("word", HOSTILE)
@pytest.mark.parametrize("name", list(formats.FORMATS))
def test_no_format_lets_a_control_or_reordering_character_through(word, name):
    rendered = formats.render(hostile_report(word), name)
    assert not re.search(
        r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]", rendered
    )
    rendered.encode()


def test_the_terminal_sees_only_our_own_colours():
    coloured = text.render(hostile_report("\x1b[2J\x1b]52;c;AAAA\x07"), colour=True)
    assert set(re.findall(r"\x1b[^m]*m", coloured)) <= {"\x1b[1;31m", "\x1b[35m", "\x1b[0m"}
    assert "\x1b[2J" not in coloured


def test_markdown_takes_nothing_from_outside_for_syntax():
    rendered = markdown.render(hostile_report(HOSTILE[8]))
    table_rows = [line for line in rendered.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in table_rows} == {3}
    for raw in ("[link](", "![i](", "**bold**", "`code`", " @team"):
        assert raw not in rendered


def test_markdown_escapes_syntax_at_the_start_of_a_line():
    assert [escape.markdown(word) for word in ("# h", "- a", "1. b", "2.5 min", "a_b", "_a_")] == [
        "\\# h", "\\- a", "1\\. b", "2.5 min", "a_b", "\\_a\\_"
    ]  # fmt: skip


def test_what_a_reader_cannot_see_is_shown_as_an_escape():
    assert escape.visible("a\x1b[0m\u202eb\U000e0041\n") == "a\\x1b[0m\\u202eb\\U000e0041\\n"


@pytest.mark.parametrize("make", [degraded_window, empty_window])
def test_text_fits_80_columns_and_has_no_colour_unasked(make):
    lines = text.render(sections.build(make())).splitlines()
    assert max(map(text.columns_of, lines)) <= 80
    assert not any("\x1b" in line for line in lines)


def test_wide_characters_count_as_two_columns():
    table = blocks.Table(("path", "n"), (("通道/4k", 1), ("vip/4k", 22)))
    report = blocks.Report("t", SINCE, NOW, NOW, (blocks.Section("s", "", (table,)),))
    rows = text.render(report).splitlines()[2:]
    assert {text.columns_of(row) for row in rows} == {11}


def test_columns_that_do_not_fit_go_on_below_under_the_first():
    table = blocks.Table(("path", *"abcdef"), (("vip/4k-high", *["x" * 20] * 6),))
    report = blocks.Report("t", SINCE, NOW, NOW, (blocks.Section("s", "", (table,)),))
    lines = text.render(report).splitlines()[2:]
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("vip/4k-high") for line in lines) == 2
    assert sum(line.count("x" * 20) for line in lines) == 6


def test_a_cell_that_is_too_long_for_any_line_goes_on_below_itself():
    words_in = " ".join(f"channel-{index:02}," for index in range(30))
    long = "a" * 60 + "/" + "b" * 30
    table = blocks.Table(("path", "compared", "n"), ((long, words_in, 7), ("vip/4k-high", "alone", 8)))
    report = blocks.Report("t", SINCE, NOW, NOW, (blocks.Section("s", "", (table,)),))
    lines = text.render(report).splitlines()[2:]
    assert max(map(len, lines)) <= 80
    assert "".join(line[:40].strip() for line in lines[1:4]) == long
    assert sum(line.count("channel-") for line in lines) == 30


def test_sentences_of_wide_characters_end_at_80_columns():
    note = blocks.Note("模型已下线，请更换。" * 20 + " and so on")
    report = blocks.Report("t", SINCE, NOW, NOW, (blocks.Section("s", "", (note,)),))
    lines = text.render(report).splitlines()[2:]
    assert 70 < max(map(text.columns_of, lines)) <= 80
    assert "".join(lines).replace(" ", "") == note.text.replace(" ", "")


def test_what_belongs_to_no_incident_is_not_listed_under_one_in_markdown():
    lines = (blocks.Line("vip/4k-high DEGRADED.", tone="bad"), blocks.Line("the vip route", "why"))
    section = blocks.Section("now", "", (blocks.Headline(lines), blocks.Headline((blocks.Line("2 paths", "others"),))))
    rendered = markdown.render(blocks.Report("t", SINCE, NOW, NOW, (section,)))
    assert "- **vip/4k-high DEGRADED.**\n  - why: the vip route\n\n- others: 2 paths" in rendered


def test_a_number_and_its_unit_stay_on_one_line_of_the_page():
    assert html.held_together("77 % fail in 2.3 min, 5 such, on Nov 23 02:20") == (
        "77\xa0% fail in 2.3\xa0min, 5 such, on Nov\xa023 02:20"
    )


def test_a_sentence_that_begins_with_a_path_leaves_its_name_as_it_is():
    assert words.sentence("nano/4k-high is the best") == "nano/4k-high is the best."
    assert words.sentence("a picture costs less") == "A picture costs less."


def test_the_page_loads_nothing_and_runs_nothing():
    page = degraded_page()
    tags = Elements(page).tags
    policy = next(attributes["content"] for tag, attributes in tags if attributes.get("http-equiv"))
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    assert not {"script", "link", "iframe", "img", "object", "form"} & {tag for tag, _ in tags}
    targets = [
        value for _, attributes in tags for name, value in attributes.items() if name in {"src", "href", "xlink:href"}
    ]
    assert targets
    assert all(target.startswith("#") for target in targets)
    assert not any(name.startswith("on") for _, attributes in tags for name in attributes)
    assert not re.search(r"url\((?!#)", page)


def test_headings_rows_and_figures_are_told_to_who_cannot_see_them():
    tags = Elements(degraded_page()).tags
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert set(levels[1:]) == {2}
    scopes = [attributes.get("scope") for tag, attributes in tags if tag == "th"]
    assert set(scopes) == {"col", "row"}
    assert all(attributes["tabindex"] == "0" for _, attributes in tags if attributes.get("class") == "scroll")
    (figure,) = [each for tag, each in tags if tag == "figure" and each["aria-label"].startswith("When did")]
    assert figure["role"] == "img"
    assert "vip/4k-high 6 of 337 failed" in figure["aria-label"]


def luminance(colour):
    """Relative luminance of `#rrggbb` (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def test_texts_and_what_fails_stand_out_in_light_and_in_dark():
    themes = [
        dict(re.findall(r"--([\w-]+): (#\w{6})", block)) for block in html.TEMPLATE.read_text().split(":root")[1:3]
    ]
    for theme in themes:
        for ground in ("paper", "card"):
            for ink in ("ink", "soft", "good", "warn", "bad", "unknown"):
                assert contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground)
        assert contrast(theme["failing"], theme["ok"]) >= 3


def test_ids_of_figures_do_not_collide_on_the_page():
    ids = [attributes["id"] for _, attributes in Elements(degraded_page()).tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_json_carries_its_version_and_the_raw_values():
    document = json.loads(json_format.render(sections.build(degraded_window())))
    assert document["schema_version"] == 1
    assert (document["since"], document["until"]) == ("2026-11-10T06:10:00Z", "2026-11-24T06:10:00Z")
    matrix = next(section for section in document["sections"] if section["key"] == "matrix")
    row = next(row for row in matrix["blocks"][0]["rows"] if row[0] == "4k-high")
    assert row[1]["cell"] == "rate"
    assert row[1]["good"] < row[1]["n"] == 337
    assert row[3] == {"cell": "missing", "reason": "too few (11 of 11 ok)", "text": "too few (11 of 11 ok)"}


def test_every_format_tells_the_same_first_sentence():
    report = degraded_report()
    sentence = "vip/4k-high DEGRADED since 02:20 UTC (90 %: 01:55-02:35), still on. About 45 % fail."
    for name in formats.FORMATS:
        rendered = degraded_page() if name == "html" else formats.render(report, name)
        assert sentence in " ".join(rendered.split()), name


def test_a_share_that_is_not_all_never_reads_as_all():
    assert [words.percent(share) for share in (1, 0.999, 0.97, 0.001, 0)] == ["100 %", ">99 %", "97 %", "<1 %", "0 %"]
    assert words.percent(0.9996, 1) == ">99.9 %"


def test_a_strip_shows_silence_failure_and_success_apart():
    strip = blocks.Strip((None, 0.0, 0.049, 0.05, 0.5, 0.999, 1.0))
    assert strip.text(NOW) == ".oo159X"


@pytest.mark.parametrize(
    ("value_usd", "shown"),
    [
        (0.4, "$0.40"),
        (0.03, "$0.03"),
        (0.0055, "$0.0055"),
        (0.0672, "$0.067"),
        (1234.5, "$1,234.50"),
        (0, "$0.00"),
        (1e-9, "<$0.0001"),
    ],
)
def test_small_prices_keep_their_digits(value_usd, shown):
    assert words.usd(value_usd) == shown


def test_a_range_of_moments_names_its_day_once():
    assert words.clock_range(NOW, NOW.replace(hour=7), NOW) == "06:10-07:10"
    assert words.clock_range(SINCE, NOW, NOW) == "Nov 10 06:10 to Nov 24 06:10"


def test_a_range_around_a_moment_names_the_days_that_are_not_its_own():
    late = NOW.replace(hour=23)
    assert words.around(late - 2 * HOUR, late + HOUR / 2, late) == "21:10-23:40"
    assert words.around(late - 2 * HOUR, late + 3 * HOUR, late) == "21:10-Nov 25 02:10"
    assert words.around(late - 26 * HOUR, late, late) == "Nov 23 21:10-23:10"


def test_a_moment_on_another_day_names_it():
    stretch = window.Degraded(estimate(SINCE), None, 0.5)
    report = sections.build(
        seen(facts("vip/4k-high", grid("vip/4k-high", 1, 60), model.State.DEGRADED, degraded=(stretch,)))
    )
    assert "Nov 10 06:10 (05:50-06:25)" in text.render(report)
