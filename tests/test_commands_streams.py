"""Standard streams that are closed, full, or not read: no traceback, and an exit code that does not lie."""

import pathlib
import subprocess
import sys

import pytest

PROGRAM = f"{sys.executable} -m probe"


def shell(line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("command", ["explain --markdown", "simulate --list", "classify --text overloaded"])
def test_full_standard_output_is_told_in_one_line(command: str) -> None:
    done = shell(f"{PROGRAM} {command} >/dev/full")
    assert done.returncode == 1
    assert done.stderr.startswith("tierwatch: the output could not be written: No space left on device.")
    assert done.stderr.count("\n") == 1


def test_a_monitor_whose_output_is_full_is_blind_and_told_of_no_degraded_path(tmp_path: pathlib.Path) -> None:
    done = shell(f"{PROGRAM} status --config {tmp_path}/none.toml >/dev/full")
    assert done.returncode == 3
    assert done.stderr.startswith("tierwatch: the output could not be written: No space left on device.")


def test_a_reader_that_has_enough_is_no_finding() -> None:
    done = shell(f"yes '{{}}' | head -20000 | {PROGRAM} classify --ndjson | head -1; echo ${{PIPESTATUS[2]}}")
    assert done.stdout.splitlines()[-1] == "0"
    assert done.stderr == ""


@pytest.mark.parametrize("command", ["explain", "classify --text overloaded", "--version"])
def test_closed_streams_are_none_of_our_business(command: str) -> None:
    done = shell(f"{PROGRAM} {command} >&-")
    assert (done.returncode, done.stderr) == (0, "")
    assert shell(f"{PROGRAM} {command} <&- >&- 2>&-").returncode == 0


def test_closed_standard_output_swallows_lines_and_no_file_gets_its_number(tmp_path: pathlib.Path) -> None:
    source = tmp_path / "replies.ndjson"
    source.write_text("{}\n")
    assert shell(f"{PROGRAM} classify --ndjson {source} >&- <&-").stderr == ""
    assert source.read_text() == "{}\n"


def test_a_message_cannot_steer_the_terminal() -> None:
    done = shell(f"{PROGRAM} plan --config $'\\e]0;mine\\a\\xe2\\x80\\xaefile.toml'")
    assert done.returncode == 2
    assert "\\x1b]0;mine\\x07\\u202efile.toml" in done.stderr
    assert not any(character in done.stderr for character in "\x1b\x07\u202e")
