"""`tierwatch picture`: pictures in, words and lines of JSON out."""

import contextlib
import json
import os
import zlib

import click.testing
import pytest
from PIL import Image

from probe import commands, prompts
from probe.standin import pictures


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for name, flaw in (("native", ""), ("enlarged", "enlarged"), ("blank", "blank"), ("truncated", "truncated")):
        (folder / f"{name}.png").write_bytes(pictures.picture(1280, 720, "a", "png", flaw))
    Image.new("RGB", (64, 64)).save(folder / "moving.gif")
    return folder


def run(folder, *arguments):
    with contextlib.chdir(folder):
        return click.testing.CliRunner().invoke(commands.program, ["picture", *arguments])


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_native_picture_of_the_ordered_size_has_no_finding(folder):
    result = run(folder, "native.png", "--ordered", "1280x720", "--json")
    (found,) = lines(result)
    assert result.exit_code == 0
    assert found["details"] == []
    assert (found["file"], found["width"], found["height"], found["format"]) == ("native.png", 1280, 720, "png")
    assert (found["blank"], found["effective_resolution"]) == (False, 1.0)


@pytest.mark.parametrize(
    ("arguments", "details"),
    [
        (["enlarged.png"], ["enlarged"]),
        (["blank.png"], ["blank"]),
        (["truncated.png"], ["truncated"]),
        (["moving.gif"], ["undecodable"]),
        (["native.png", "--ordered", "1920x1080"], ["size_reduced"]),
        (["native.png", "--ordered", "1024x768"], ["size_raised"]),
        (["native.png", "--ordered", "720x1280"], ["ratio_changed"]),
        (["native.png", "--ordered", "512x512"], ["pixel_cap", "size_raised"]),
    ],
)
def test_a_finding_is_named_in_the_words_of_verdicts_and_makes_the_exit_code_1(folder, arguments, details):
    result = run(folder, *arguments, "--json")
    assert result.exit_code == 1
    assert lines(result)[0]["details"] == details


def test_a_file_that_cannot_be_read_is_told_and_the_others_go_on(folder):
    os.mkfifo(folder / "pipe")
    names = ["nothing.png", "https://example.com/a.png", ".", "pipe", "native.png"]
    result = run(folder, "--json", *names)
    assert [found["file"] for found in lines(result)] == ["native.png"]
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == names[:4]
    assert result.exit_code == 1


def test_people_are_told_how_far_the_detail_reaches_and_what_cannot_be_excluded(folder):
    screen = run(folder, "enlarged.png", "native.png", "--ordered", "1280x720").stdout
    assert "no detail above 40 % of the edge: 512x288 would hold it all" in screen
    assert "super-resolution" in screen
    assert max(map(len, screen.splitlines())) < 80


def test_a_motif_that_tells_nothing_is_said_to(folder):
    assert "cannot be told" in run(folder, "blank.png").stdout


def test_control_characters_of_a_file_name_do_not_reach_the_terminal(folder):
    name = "a\x1b[2Jb.png"
    (folder / name).write_bytes(prompts.reference_picture())
    assert "\x1b" not in run(folder, name).stdout
    assert "\x1b" not in run(folder, f"no{name}").stderr


@pytest.mark.parametrize("size", ["4K", "3840", "0x10", "-1x5", "3840x", "99999999x99999999"])
def test_an_order_that_is_no_size_is_a_usage_error(folder, size):
    result = run(folder, "native.png", f"--ordered={size}")
    assert result.exit_code == 2
    assert "3840x2160" in result.stderr


def test_remarks_of_the_decoder_are_not_ours(folder):
    """An animation of no frames, over which Pillow warns and draws the first picture."""
    data = (folder / "native.png").read_bytes()
    frames = b"acTL" + bytes(8)
    chunk = b"\0\0\0\x08" + frames + zlib.crc32(frames).to_bytes(4)
    (folder / "animated.png").write_bytes(data[:33] + chunk + data[33:])
    result = run(folder, "animated.png")
    assert "findings   none" in result.stdout
    assert result.stderr == ""
