"""The command `tierwatch`: a table of commands by group, each in a module of its own that is imported when it is called."""

import importlib
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import click

import probe
from probe import escape, model
from probe.commands import streams

COMMANDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "Start": {
            "init": "Write a commented config.toml.",
            "doctor": "Is everything in order? Costs nothing.",
            "plan": "Check the config and show what it will cost.",
            "demo": "See the whole job in a minute, without a key.",
        },
        "Watch": {
            "daemon": "Send canaries on schedule and store what comes back.",
            "status": "One line and an exit code for monitors.",
            "alerts": "Who was told what; acknowledge, silence, test.",
            "serve": "The report and metrics on a local page.",
        },
        "Ask": {
            "report": "What is degraded since when, and what to use.",
            "recommend": "The channel to use per tier, with the reason.",
            "preflight": "Go, wait or split: what a batch would cost now.",
        },
        "Investigate": {
            "triage": "Why one request failed, and what to do now.",
            "prescreen": "Screen a batch of prompts before paying.",
            "classify": "Judge a pasted reply, or one reply a line.",
            "explain": "The taxonomy: every kind and rule.",
            "picture": "What a picture file really is: size, detail, flaws.",
        },
        "Own traffic": {
            "ingest": "Take in your own requests as evidence.",
        },
        "Data": {
            "backup": "Copy the database, also while it is written.",
            "recover": "Save what is readable of a damaged database.",
            "export": "Outcomes as one JSON object a line.",
            "import": "Add exported outcomes to this database.",
            "prune": "Remove outcomes that have had their time.",
        },
        "Lab": {
            "probe": "Send canaries now.",
            "simulate": "A stand-in upstream that misbehaves by scenario.",
            "backtest": "When would the alarms have come? In simulated time.",
            "rejudge": "Judge stored history again by today's rules.",
        },
    }
)
"""Group -> command -> one-line help. A command `x` is `probe.commands.x:command` (`import` is `import_`)."""

EXIT_CODES = """\
Exit codes: 0 done, 1 a finding or failure (output that cannot be written too),
2 usage or config, 130 Ctrl-C. `status` is for monitors: 0 all well, 1 a path is
degraded, 2 a tier or job has no healthy channel left, 3 blind (daemon stale,
config broken, output not written).
"""


class Program(click.Group):
    """The group of all commands: lazy to import, grouped in help, errors told in one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for group in COMMANDS.values() for name in group]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"probe.commands.{cmd_name}{'_' if cmd_name == 'import' else ''}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.list_commands(ctx) and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            hint = f" Did you mean {near[0]!r}?" if near else " `tierwatch --help` lists them."
            raise click.UsageError(f"There is no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; Ctrl-C ends it with the exit code that shells give it."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("\nInterrupted.", err=True)
            raise SystemExit(130) from None
        except BrokenPipeError as error:
            # Not left to click, which ends with 1: that is a finding.
            raise SystemExit(unheard(error)) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for group, commands in COMMANDS.items():
            with formatter.section(group):
                formatter.write_dl(list(commands.items()), col_max=14)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write("\n" + EXIT_CODES)


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(probe.__version__, prog_name="tierwatch")
def program() -> None:
    """Which image channel works now for which tier, since when it does not, and why a request failed.

    \b
    Start here:
      tierwatch demo      see it work, no key needed
      tierwatch init      write config.toml
      tierwatch plan      what it will cost per day, before anything is sent
      tierwatch daemon    leave it running
      tierwatch report    what it found
    """


def main(args: Sequence[str] | None = None, **extra: Any) -> None:
    """Run a command; a UserError becomes one line on stderr and its exit code."""
    streams.open_closed()
    try:
        program.main(args, prog_name="tierwatch", **extra)
    except model.UserError as error:
        complain(str(error))
        sys.exit(error.exit_code)
    except OSError as error:
        if error.filename is not None or error.errno not in streams.TAKES_NO_MORE:
            raise  # a bug: who opens a file or a socket says what is wrong with it
        streams.finish()
        sys.exit(unheard(error))
    except SystemExit:
        if fault := streams.finish():
            sys.exit(unheard(fault))
        raise


def unheard(fault: OSError, *, heard: int = 0, failed: int = 1) -> int:
    """The exit code where standard output took no more, which is said where it is not the reader's wish."""
    if isinstance(fault, BrokenPipeError):
        return heard  # `tierwatch report | head -1`: the reader has what it wanted
    complain(f"the output could not be written: {fault.strerror}. Free some space, or send it elsewhere.")
    return failed


def complain(text: str) -> None:
    """A message on stderr, with nothing in it that a terminal obeys."""
    click.echo("\n".join(escape.visible(line) for line in f"tierwatch: {text}".split("\n")), err=True)
