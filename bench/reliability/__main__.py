"""R1 to R21 on one screen: what is promised, measured on this machine.

usage: python bench/reliability [--only R5 ...] [--seed N] [--full] [--json]

Prints "figure, name, value, target, n, seed, seconds". Seeds that missed a target are kept in
failing-seeds.json and replayed first. What a machine lacks is named, and that figure says "not run".
Exit 1 where a target is missed.
"""

import argparse
import dataclasses
import importlib
import json
import os
import pathlib
import platform
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback

import board

FIGURES = {
    "R1": "kills",
    "R2": "power_loss",
    "R3": "hostile_replies",
    "R4": "bombs",
    "R5": "deadlines",
    "R6": "clock_jumps",
    "R7": "budget_races",
    "R8": "broken_disks",
    "R9": "broken_databases",
    "R10": "secrets_in_sinks",
    "R11": "hostile_texts",
    "R12": "traps",
    "R13": "config_mistakes",
    "R14": "bad_reloads",
    "R15": "stops",
    "R16": "two_daemons",
    "R17": "a_million",
    "R18": "memory",
    "R19": "lateness",
    "R20": "a_day",
    "R21": "alert_path",
}
"""Figure -> the module that measures it: `measure(case)` yields rows."""

HERE = pathlib.Path(__file__).parent
KEPT = HERE / "failing-seeds.json"
KEPT_MOST = 5
NOT_RUN = "not run"
LONGEST_S = {False: 420, True: 24 * 3600}


def main():
    options = arguments()
    os.nice(10)
    if options.alone:
        return alone(options.only[0], options.seed, full=options.full)
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    seed = random.SystemRandom().randrange(100_000) if options.seed is None else options.seed
    started_s, missed, not_run = time.monotonic(), 0, set()
    if not options.json:
        print(
            f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores, seed {seed}"
        )
    for figure in options.only or FIGURES:
        for turn in dict.fromkeys([*kept.get(figure, []), seed]):
            rows = measured(figure, turn, full=options.full)
            for row in rows:
                print(json.dumps(dataclasses.asdict(row)) if options.json else row.text(), flush=True)
            not_run |= {row.figure for row in rows if row.name.startswith(NOT_RUN)}
            if any(row.met is False for row in rows):
                missed += 1
                keep(kept, figure, turn)
    if not options.json:
        wholly = f"; not run, or in part: {', '.join(sorted(not_run))}" if not_run else ""
        print(f"{missed} figures missed a target{wholly}; {time.monotonic() - started_s:.0f} s")
    return int(missed > 0)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=FIGURES, metavar="R5")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def measured(figure, seed, *, full):
    """Run one figure in a process of its own, with a limit on its time."""
    words = [sys.executable, str(HERE), "--alone", "--only", figure, "--seed", str(seed), *(["--full"] if full else [])]
    started_s = time.monotonic()
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=LONGEST_S[full])
        failed = "" if process.returncode == 0 else f"ended with {process.returncode}"
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        failed = f"took more than {LONGEST_S[full]} s"
    rows = [board.Row(**json.loads(line)) for line in output.splitlines() if line.startswith("{")]
    if failed:
        rows.append(board.Row(figure, failed, "-", "", False, "-", seed, time.monotonic() - started_s))
    return rows


def alone(figure, seed, *, full):
    """Measure one figure here; each row is a line of JSON."""
    with tempfile.TemporaryDirectory(prefix="tierwatch-") as name:
        case = board.Case(figure, seed, full, pathlib.Path(name))
        try:
            for row in importlib.import_module(FIGURES[figure]).measure(case):
                print(json.dumps(dataclasses.asdict(row)), flush=True)
        except board.NotRun as reason:
            row = dataclasses.replace(case.row(f"{NOT_RUN}: {reason}", "-", "-"), met=None)
            print(json.dumps(dataclasses.asdict(row)), flush=True)
        except Exception:
            traceback.print_exc()
            return 1
    return 0


def keep(kept, figure, seed):
    seeds = kept.setdefault(figure, [])
    if seed not in seeds:
        kept[figure] = [*seeds, seed][-KEPT_MOST:]
        KEPT.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.exit(main())
