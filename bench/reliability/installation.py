"""A whole installation in a folder: config.toml, key, database, and the real daemon as a process of its own."""

import contextlib
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import sys
import time

KEY = "sk-test-0123456789abcdef"
ROOT = pathlib.Path(__file__).parents[2]
PYTHON = os.path.realpath(sys.executable)
"""The interpreter itself: a launcher in between would be what is traced."""

SEARCHED = os.pathsep.join([str(ROOT), *(path for path in sys.path if "site-packages" in path)])
"""Where that interpreter finds this program and its libraries: it knows no virtual environment."""

CONFIG = """
[budget]
usd_per_day = {usd_per_day}
[monitor]
shutdown_grace = "{grace}"
parallel = 16
{monitor}
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "{url}/v1"
model = "gpt-image-2-vip"
key_env = "BENCH_KEY"
price_usd = 0.03
parallel = 16
tiers = [{tiers}]
interval = "{interval}"
deadline_s = {deadline_s}
"""
TIERS = ("1k-low", "1k-medium", "1k-high", "2k-low", "2k-medium", "2k-high", "4k-low", "4k-medium", "4k-high")


class Installation:
    def __init__(
        self, folder, url, *, tiers=1, interval="3s", deadline_s=2, usd_per_day=10000, grace="5s", monitor="", extra=""
    ):
        self.folder = pathlib.Path(folder)
        self.file = self.folder / "config.toml"
        self.database = self.folder / "tierwatch.db"
        self.log = self.folder / "log"
        named = ", ".join(f'"{tier}"' for tier in (TIERS[:tiers] if isinstance(tiers, int) else tiers))
        self.text = CONFIG.format(
            url=url,
            tiers=named,
            interval=interval,
            deadline_s=deadline_s,
            usd_per_day=usd_per_day,
            grace=grace,
            monitor=monitor,
        )
        self.text += extra
        self.file.write_text(self.text)

    def command(self, *words, before=(), environment=None, **how):
        """The words and the environment of a tierwatch command."""
        full = [*before, PYTHON, "-m", "probe", *words, "--config", str(self.file)]
        around = {**os.environ, "PYTHONPATH": SEARCHED, "BENCH_KEY": KEY, **(environment or {})}
        return full, {"env": around, "cwd": self.folder, **how}

    def run(self, *words, **how):
        """Run a command to its end; its output as text."""
        line, around = self.command(*words, **how)
        return subprocess.run(
            line, capture_output=True, text=True, errors="replace", check=False, timeout=120, **around
        )

    @contextlib.contextmanager
    def daemon(self, **how):
        """A running daemon; ended by SIGTERM, then killed."""
        process = self.start(**how)
        try:
            yield process
        finally:
            end(process)

    def start(self, **how):
        line, around = self.command("daemon", **how)
        log = self.log.open("ab")
        try:
            return subprocess.Popen(line, stdout=log, stderr=log, start_new_session=True, **around)
        finally:
            log.close()

    def said(self):
        """The lines of the log so far."""
        return self.log.read_text(errors="replace").splitlines() if self.log.exists() else []

    def wait_for(self, text, times=1, seconds=30.0):
        """Wait until the log has so many lines with a text; False where it never does."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            if sum(text in line for line in self.said()) >= times:
                return True
            time.sleep(0.02)
        return False

    def acknowledged(self):
        """Ids that the log says are stored; the last line may be cut."""
        whole = self.log.read_bytes().rpartition(b"\n")[0].decode(errors="replace") if self.log.exists() else ""
        unsaved = set(re.findall(r" unsaved outcome id=(\S+)", whole)) - set(
            re.findall(r" saved outcome id=(\S+)", whole)
        )
        return set(re.findall(r" outcome path=.* id=(\S+)$", whole, re.MULTILINE)) - unsaved

    def ask(self, sql, *parameters):
        with contextlib.closing(sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True, timeout=30)) as db:
            return db.execute(sql, parameters).fetchall()

    def ids(self, table):
        return {identity for (identity,) in self.ask(f"SELECT id FROM {table}")}

    def damage(self):
        """0 where the database is sound."""
        return int(self.ask("PRAGMA integrity_check(1)") != [("ok",)])


def end(process, seconds=20.0):
    """SIGTERM, then SIGKILL, to the process and what it started."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return process.returncode
