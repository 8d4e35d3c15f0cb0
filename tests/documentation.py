"""Documentation that the program writes: every marked block in README and docs is the output of the command it names.

A block looks like this, and `make docs` fills it in:

    <!-- output: tierwatch plan -->
    ```console
    $ tierwatch plan
    ...
    ```
    <!-- end -->

`tierwatch` runs in a folder with the demo's config.toml and two weeks of simulated history, so that
the transcripts are the same everywhere.
"""

import contextlib
import os
import pathlib
import re
import shlex
import sys
import tempfile

import click.testing

ROOT = pathlib.Path(__file__).parent.parent
BLOCK = re.compile(r"<!-- output: (?P<command>.+?) -->\n(?P<body>.*?)<!-- end -->", re.DOTALL)


def documents():
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def filled(text):
    """The text with every block as the program writes it now."""
    return BLOCK.sub(lambda block: f"<!-- output: {block['command']} -->\n{body(block['command'])}<!-- end -->", text)


def body(command):
    """A fenced transcript; Markdown output (`--markdown`) stands as it is."""
    output = run(command)
    if "--markdown" in command:
        return output
    return f"```console\n$ {command}\n{output}```\n"


def run(command):
    """What the program prints for a command line, both streams, in the example folder."""
    from probe import commands

    words = shlex.split(command)
    assert words[0] == "tierwatch", command
    with example():
        result = click.testing.CliRunner().invoke(
            commands.program, words[1:], prog_name="tierwatch", env={"COLUMNS": "80"}
        )
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return "".join(line.rstrip() + "\n" for line in result.output.splitlines())


@contextlib.contextmanager
def example():
    """Inside: the current folder holds config.toml and tierwatch.db of the demo's history."""
    before = pathlib.Path.cwd()
    folder = pathlib.Path(_example_folder())
    os.chdir(folder)
    try:
        yield folder
    finally:
        os.chdir(before)


def _example_folder(made=[]):  # noqa: B006 - made once per process
    if not made:
        from probe.commands import demo

        folder = tempfile.TemporaryDirectory(prefix="tierwatch-docs-")
        demo.prepare(pathlib.Path(folder.name), "https://gateway.example")
        made.append(folder)
    return made[0].name


def main():
    """Rewrite the blocks of every document."""
    for path in documents():
        text = path.read_text(encoding="utf-8")
        new = filled(text)
        if new != text:
            path.write_text(new, encoding="utf-8")
            sys.stderr.write(f"rewrote {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
