"""How long commands take to start, as ratios to `python -c "import click"` measured in the same run.

python bench/startup.py [ROUNDS]
"""

import argparse
import contextlib
import datetime as dt
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from probe.commands import demo


def commands(folder):
    tierwatch = [sys.executable, "-m", "probe"]
    return {
        "tierwatch --help": [*tierwatch, "--help"],
        "tierwatch --version": [*tierwatch, "--version"],
        "tierwatch status": [*tierwatch, "status", "--config", f"{folder}/config.toml"],
        "tierwatch explain": [*tierwatch, "explain"],
    }


def seconds(words):
    started = time.perf_counter()
    subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", type=int, nargs="?", default=11)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        prepare(pathlib.Path(folder))
        rows = {'python -c "import click"': [sys.executable, "-c", "import click"], **commands(folder)}
        times = {name: [] for name in rows}
        for _ in range(rounds):
            for name, words in rows.items():  # interleaved, so that a busy moment hits all alike
                times[name].append(seconds(words))
    base = statistics.median(times['python -c "import click"'])
    for name, seen in times.items():
        print(
            f"{name:28} {statistics.median(seen) / base:5.2f} x  (best {min(seen) / min(times[next(iter(times))]):.2f} x, n {rounds})"
        )


def prepare(folder):
    """A database with the demo's two weeks."""
    with pathlib.Path(os.devnull).open("w") as sink, contextlib.redirect_stderr(sink):
        demo.prepare(folder, "https://gateway.example", dt.datetime.now(dt.UTC))


if __name__ == "__main__":
    main()
