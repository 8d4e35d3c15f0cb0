"""Help texts, tables and transcripts in the documentation are what the program writes."""

import click.testing
import documentation
import pytest

from probe import commands

NAMES = [name for group in commands.COMMANDS.values() for name in group]


def invoke(*words):
    return click.testing.CliRunner().invoke(commands.program, words, prog_name="tierwatch")


@pytest.mark.parametrize("path", documentation.documents(), ids=lambda path: path.name)
def test_every_block_is_what_the_program_writes_now(path):
    text = path.read_text(encoding="utf-8")
    assert documentation.filled(text) == text, "run `make docs`"


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_a_help_text_with_an_example_within_80_columns(name):
    result = invoke(name, "--help")
    assert result.exit_code == 0
    assert "Example" in result.output
    assert max(map(len, result.output.splitlines())) <= 80


@pytest.mark.parametrize("name", [name for group in commands.COMMANDS.values() for name in group])
def test_every_help_text_stands_in_the_page_of_commands(name):
    assert f"<!-- output: tierwatch {name} --help -->" in (documentation.ROOT / "docs/commands.md").read_text("utf-8")


def test_the_program_lists_every_command_by_group():
    output = invoke("--help").output
    assert all(f"  {name} " in output for name in NAMES)
    assert [group for group in commands.COMMANDS if f"\n{group}:\n" not in output] == []


def test_a_misspelt_command_is_answered_with_the_nearest_one():
    result = invoke("reprot")
    assert result.exit_code == 2
    assert "Did you mean 'report'?" in result.output
