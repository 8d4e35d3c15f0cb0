"""Documentation that the program writes: every marked block in README and docs is the output of the command it names.

A block looks like this, and `make docs` fills it in:

    <!-- output: tierwatch plan -->
    ```console
    $ tierwatch plan
    ...
    ```
    <!-- end -->

`tierwatch` runs in a folder with the shipped config.toml and a demo-output/ as the demo leaves it, always at
the same moment, so that the transcripts are the same everywhere. `<<< 'text'` is its standard input.
"""

import atexit
import contextlib
import datetime as dt
import functools
import io
import os
import pathlib
import re
import shlex
import shutil
import sys
import tempfile

import click.testing
import time_machine

from probe.records import history

NOW = dt.datetime(2026, 11, 24, 9, 30, tzinfo=dt.UTC)
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
    """What the program prints for a command line, both streams, in the example folder at the example's time."""
    from probe import commands

    line, _, text = command.partition(" <<< ")
    words = shlex.split(line)
    assert words[0] == "tierwatch", command
    with example(), time_machine.travel(NOW, tick=False):
        result = click.testing.CliRunner().invoke(
            commands.program,
            words[1:],
            input=shlex.split(text)[0] if text else None,
            prog_name="tierwatch",
            env={"COLUMNS": "80"},
        )
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return "".join(line.rstrip() + "\n" for line in result.output.splitlines())


@contextlib.contextmanager
def example():
    """Inside: the current folder holds the shipped config.toml, and demo-output/ as a demo leaves it."""
    before = pathlib.Path.cwd()
    os.chdir(_example_folder())
    try:
        yield
    finally:
        os.chdir(before)


@functools.cache
def _example_folder():
    """Made once per process: two weeks and an hour of the demo's scenario, watched until NOW."""
    from probe import records
    from probe.commands import demo
    from probe.inference import states
    from probe.standin import past, scenario

    folder = pathlib.Path(tempfile.mkdtemp(prefix="tierwatch-docs-"))
    atexit.register(shutil.rmtree, folder)
    shutil.copy(ROOT / "config.toml", folder)
    live_from = NOW - demo.LIVE
    with contextlib.redirect_stderr(io.StringIO()):
        config = demo.prepare(folder / "demo-output", "https://gateway.example", live_from)
    played = scenario.moved(scenario.load(scenario.find(demo.SCENARIO)), live_from - demo.HISTORY)
    live = list(past.outcomes(config, played, live_from, NOW, demo.SEED))
    with records.open(config.database) as book:
        book.store_all(live)
        with history.open(config.database) as stored:
            board = states.board(stored.outcomes(), config)
        book.publish(board.states(NOW), NOW)
        book.beat(NOW, pid=1, digest=config.digest, stale_after_s=90.0)
    return folder


def draw():
    """The picture of the README: the timeline of the example's report."""
    with tempfile.TemporaryDirectory() as plots:
        run(f"tierwatch report --config demo-output/config.toml --output {plots}/report.html --plots {plots}")
        shutil.copy(pathlib.Path(plots, "timeline-simulated.png"), ROOT / "docs" / "demo.png")


def main():
    """Rewrite the blocks of every document, and the README's picture."""
    draw()
    for path in documents():
        text = path.read_text(encoding="utf-8")
        new = filled(text)
        if new != text:
            path.write_text(new, encoding="utf-8")
            sys.stderr.write(f"rewrote {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
