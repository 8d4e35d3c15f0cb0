"""`tierwatch demo`: the whole job in about a minute, on loopback, without a key."""

import asyncio
import contextlib
import datetime as dt
import errno
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from probe import model

if TYPE_CHECKING:
    from probe.config import schema

SCENARIO = "demo"
HISTORY = dt.timedelta(days=14)
LIVE = dt.timedelta(minutes=50)
SPEED = 60.0
SEED = 7

CONFIG = """\
# Written by `tierwatch demo`: three channels, all of them the stand-in upstream on loopback.
[budget]
usd_per_day = 100.0

[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "{base_url}/v1"
model = "gpt-image-2-vip"
key_file = "demo.key"
price_usd = 0.03
tiers = ["1k-low", "2k-high", "4k-high"]
interval = {{ "1k-low" = "16m", "2k-high" = "8m", "4k-high" = "8m" }}

[[channel]]
name = "official"
protocol = "openai-images"
base_url = "{base_url}/v1"
model = "gpt-image-2"
key_file = "demo.key"
price_usd = "tokens"
tiers = ["1k-low", "2k-high", "4k-high"]
interval = {{ "1k-low" = "20m", "2k-high" = "20m", "4k-high" = "20m" }}
deadline_s = 600

[[channel]]
name = "nano"
protocol = "gemini"
base_url = "{base_url}"
model = "gemini-3.1-flash-image"
key_file = "demo.key"
price_usd = "tokens"
tiers = ["1k-low", "2k-high", "4k-high"]
interval = {{ "1k-low" = "20m", "2k-high" = "16m", "4k-high" = "16m" }}

[[job]]
name = "nightly-batch"
tiers = ["4k-high"]
images_per_month = 50000
"""


@click.command(short_help="See the whole job in a minute, without a key.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=pathlib.Path),
    default="demo-output",
    show_default=True,
    help="Where config, database, report and plots are left.",
)
def command(folder: pathlib.Path) -> None:
    """See the whole job in about a minute, on loopback, without a key.

    Two weeks of history are made up; then the real daemon sends real requests to a
    stand-in upstream on this machine, with time running 60 times faster, while
    the heavy tiers of one channel degrade. Real pictures come back and are decoded.

    \b
    Example:
      tierwatch demo --folder demo-output
    """
    started_s = time.monotonic()
    live_from = dt.datetime.now(dt.UTC) - LIVE
    claim(folder)
    say("Everything below is simulated: no real API is called and nothing is paid.")
    with standin() as base_url:
        config = prepare(folder, base_url, live_from)
        judged = watch(config, live_from)
    decoded = sum(1 for one in judged if one.outcome.path.tier == "4k-high" and one.outcome.evidence.picture)
    say(
        f"3/4  {len(judged)} canaries sent over HTTP, {decoded} 4K pictures decoded, "
        f"{sum(not one.ok for one in judged)} failures judged"
    )
    tell(folder, judged)
    say(
        f"done in {time.monotonic() - started_s:.0f} s. Left in {folder}/: report.html, plots/, tierwatch.db, config.toml"
    )
    say(f"next, in a folder of your own: {pathlib.Path(sys.argv[0]).absolute()} init")


SCENARIO_MARK = "Written by `tierwatch demo`"


def claim(folder: pathlib.Path) -> None:
    """Make the folder; raises UserError where it cannot be written or holds somebody's own config.toml."""
    config = folder / "config.toml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_ours = not config.exists() or SCENARIO_MARK in config.read_text("utf-8", "replace")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise model.UserError(f"{folder} cannot be used: {error.strerror}; choose another --folder.") from error
    if not is_ours:
        raise model.UserError(f"{config} is not the demo's: choose another --folder.")


def say(text: str) -> None:
    click.echo(text, err=True)


@contextlib.contextmanager
def standin() -> Iterator[str]:
    """The stand-in upstream in a process of its own; gives its base URL."""
    words = [sys.executable, "-m", "probe", "simulate", SCENARIO, "--listen", "127.0.0.1:0"]
    words += ["--speed", f"{SPEED:g}", "--seed", str(SEED), "--skip-hours", f"{HISTORY.total_seconds() / 3600:g}"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ourselves
        try:
            first = process.stdout.readline() if process.stdout else ""
            if not first.startswith("listening on "):
                raise model.UserError("the stand-in upstream did not start; see above")
            yield first.split()[-1]
        finally:
            process.terminate()


def prepare(folder: pathlib.Path, base_url: str, live_from: dt.datetime) -> "schema.Config":
    """A fresh folder with config, key and two weeks of simulated history up to `live_from`."""
    from probe import config as configs
    from probe import records
    from probe.standin import past, scenario

    folder.mkdir(parents=True, exist_ok=True)
    for name in ("tierwatch.db", "tierwatch.db-wal", "tierwatch.db-shm"):
        (folder / name).unlink(missing_ok=True)
    (folder / "config.toml").write_text(CONFIG.format(base_url=base_url), "utf-8")
    key = folder / "demo.key"
    key.touch(mode=0o600)
    key.write_text("sk-demo-not-a-real-key-0000\n", "ascii")
    config = configs.load(folder / "config.toml")
    played = scenario.moved(scenario.load(scenario.find(SCENARIO)), live_from - HISTORY)
    say("1/4  two weeks of made-up history ...")
    hourly = config.model_copy(
        update={"channel": tuple(channel.model_copy(update={"interval": 3600.0}) for channel in config.channel)}
    )
    with records.open(config.database) as book:
        book.store_all(past.outcomes(hourly, played, live_from - HISTORY, live_from, SEED))
    return config


def watch(config: "schema.Config", live_from: dt.datetime) -> list[model.Judged]:
    """The real daemon on a fast clock until the live period is over; what it saw, in order."""
    from probe import clock, daemon, logs, records, run

    seen: list[model.Judged] = []

    async def go() -> None:
        ticking = clock.FastClock(live_from, SPEED)
        with records.open(config.database) as book:
            tools = run.tools(config, ticking, book)
            logs.start(tools.redact, "text", quiet=True)
            watching = daemon.Daemon(tools, on_outcome=lambda judged: show(judged, seen))
            asyncio.get_running_loop().call_later(LIVE.total_seconds() / SPEED, watching.stop)
            try:
                await watching.run()
            finally:
                await run.close(tools)
                # The clock on the wall holds again: half a minute from now nobody is watching any more.
                book.beat(
                    clock.RealClock().now(),
                    pid=os.getpid(),
                    digest=config.digest,
                    stale_after_s=30.0,
                    note="the demo is over",
                )

    say(
        f"2/4  the daemon watches for {LIVE.total_seconds() / 60:.0f} minutes, in {LIVE.total_seconds() / SPEED:.0f} s ..."
    )
    asyncio.run(go())
    return seen


def show(judged: model.Judged, seen: list[model.Judged]) -> None:
    """One line an outcome."""
    seen.append(judged)
    outcome, verdict = judged.outcome, judged.verdict
    kind = str(verdict.kind) + (f" ({verdict.detail})" if verdict.detail else "")
    after = f"{outcome.latency_s:4.0f} s" if outcome.latency_s is not None else "     -"
    say(f"     {outcome.sent_at:%H:%M} {outcome.path!s:18} {after}  {kind}")


def tell(folder: pathlib.Path, judged: list[model.Judged]) -> None:
    """Report, recommendation and the triage of one failed id, by the commands a person would use."""
    from probe import commands

    path = str(folder / "config.toml")
    say("4/4  the report, the recommendation, and the triage of one failure")
    for words in (
        ["report", "--config", path, "--section", "now"],
        ["report", "--config", path, "--output", str(folder / "report.html"), "--plots", str(folder / "plots")],
        ["recommend", "--config", path],
        *triage_words(path, judged),
    ):
        click.echo(f"\n$ tierwatch {' '.join(words)}")
        with contextlib.suppress(SystemExit):  # exit 1 says "a finding": that is what the demo is about
            commands.program.main(words, prog_name="tierwatch", standalone_mode=False)


def triage_words(path: str, judged: list[model.Judged]) -> list[list[str]]:
    """The command that explains the latest failure."""
    failed = [one for one in judged if model.health(one) is False]
    return [["triage", failed[-1].outcome.id, "--config", path]] if failed else []
