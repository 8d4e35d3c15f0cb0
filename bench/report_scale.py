"""What reports cost on a million outcomes over two years, against one SQL group-by over the same rows.

    python bench/report_scale.py [--outcomes 1000000] [--folder FOLDER]

Three channels at three tiers, with incidents, bursts while they last, and pictures; the closed months are
stored as the daemon stores them. Each command is a process of its own, the group-by too; the best of ROUNDS
interleaved rounds counts, CPU and wall-clock. Two ratios: to the group-by over all rows, and to the one over
the rows of the period. With a folder the database is kept there and used again.
"""

import argparse
import contextlib
import datetime as dt
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

from probe import config, keeping, model, protocols, records, taxonomy

ROUNDS = 3
DAYS = 730
TARGETS = {"report of 30 days": 3.0, "report of two years": 10.0, "status": 0.5}
PEAK_MIB = 400

CHANNEL = """
[[channel]]
name = "{name}"
protocol = "{protocol}"
base_url = "https://api.example.com{version}"
model = "{model}"
key_env = "KEY"
price_usd = {price_usd}
tiers = ["1k-low", "2k-high", "4k-high"]
"""
CONFIG = "".join(
    CHANNEL.format(name=name, protocol=protocol, version=version, model=named, price_usd=price_usd)
    for name, protocol, version, named, price_usd in (
        ("vip", "openai-images", "/v1", "gpt-image-2-vip", 0.03),
        ("official", "openai-images", "/v1", "gpt-image-2", 0.25),
        ("nano", "gemini", "", "gemini-3.1-flash-image", 0.1),
    )
)

FAILURES = tuple(
    (taxonomy.judge(evidence), evidence)
    for evidence in (
        model.Evidence(
            500, {"content-type": "application/json"}, '{"error": {"message": "Bad", "type": "server_error"}}'
        ),
        model.Evidence(
            429, {"content-type": "application/json"}, '{"error": {"message": "The upstream is saturated"}}'
        ),
        model.Evidence(fault=model.Fault.DEADLINE, elapsed_s=360.0),
    )
)

GROUP_BY = """
import sqlite3, sys
rows = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True).execute(
    "SELECT channel, tier, substr(sent_at, 1, 13), trigger, kind, count(*), avg(latency_s) "
    "FROM outcome JOIN verdict USING (seq) WHERE sent_at >= ? GROUP BY 1, 2, 3, 4, 5", [sys.argv[2]]).fetchall()
"""


def made(settings, rows, now):
    """Outcomes in order of sending: calm but for incidents of hours, in which bursts go out as well."""
    draw = random.Random(1)
    paths = settings.paths()
    orders = {path: protocols.order(settings, path) for path in paths}
    prints = {path: config.fingerprint(settings, path) for path in paths}
    step, until = dt.timedelta(days=DAYS) / rows, dict.fromkeys(paths, now - dt.timedelta(days=DAYS + 1))
    for number in range(rows):
        path, at = paths[number % len(paths)], now - step * (rows - number)
        if at > until[path] and draw.random() < 0.0004:
            until[path] = at + dt.timedelta(minutes=draw.lognormvariate(5, 0.8))
        troubled = at < until[path]
        if draw.random() < (0.5 if troubled else 0.012):
            verdict, evidence = draw.choice(FAILURES)
            latency_s = None
        else:
            order = orders[path]
            picture = model.Picture(
                order.width_px or 4096, order.height_px or 4096, "png", 9_000_000, f"{number:064x}", f"{number:016x}"
            )
            latency_s = 90 * draw.lognormvariate(0, 0.3)
            evidence = model.Evidence(200, elapsed_s=latency_s, order=order, picture=picture, picture_count=1)
            verdict = OK
        trigger = model.Trigger.BURST if troubled and draw.random() < 0.7 else model.Trigger.SCHEDULED
        yield model.Judged(
            model.Outcome(
                f"{number:010d}", path, trigger, at, evidence, latency_s, price_usd=settings.price_usd(path),
                fingerprint=prints[path],
            ),
            verdict,
        )  # fmt: skip


OK = taxonomy.judge(model.Evidence(200, picture=model.Picture(1024, 1024, "png"), picture_count=1))


def fill(folder, rows, now):
    settings = config.load(folder / "config.toml")
    with records.open(folder / "tierwatch.db") as book:
        book.store_all(made(settings, rows, now))
        book.beat(now, pid=1, digest=settings.digest, stale_after_s=1e9)
        book.publish([model.PathState(path, model.State.HEALTHY) for path in settings.paths()], now)
        for begin in keeping.closable(settings, now):
            keeping.close(settings, book, begin)


def cost(line, folder):
    """(CPU seconds, wall-clock seconds, peak MiB) of one process."""
    started_s = time.perf_counter()
    child = subprocess.Popen(line, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    assert os.waitstatus_to_exitcode(status) in {0, 1}, line
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - started_s, usage.ru_maxrss / 1024


def lines(folder, now):
    def group_by(days):
        since = (now - dt.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return [sys.executable, "-c", GROUP_BY, str(folder / "tierwatch.db"), since]

    def report(days):
        return [sys.executable, "-m", "probe", "report", "--since", f"{days}d", "--output", f"{days}.html"]

    return {
        "group-by of 30 days": group_by(30),
        "group-by of two years": group_by(DAYS + 1),
        "report of 30 days": report(30),
        "report of two years": report(DAYS),
        "status": [sys.executable, "-m", "probe", "status"],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outcomes", type=int, default=1_000_000)
    parser.add_argument("--folder", type=pathlib.Path)
    arguments = parser.parse_args()
    os.environ["PYTHONPATH"] = str(pathlib.Path(__file__).parents[1])
    now = dt.datetime.now(dt.UTC)
    with contextlib.ExitStack() as stack:
        folder = arguments.folder or pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(exist_ok=True)
        (folder / "config.toml").write_text(CONFIG)
        if not (folder / "tierwatch.db").exists():
            fill(folder, arguments.outcomes, now)
        records.open(folder / "tierwatch.db").close()  # brings one of an earlier version up to date
        found = {name: [] for name in lines(folder, now)}
        for _ in range(ROUNDS):
            for name, line in lines(folder, now).items():
                found[name].append(cost(line, folder))
        tell({name: [min(column) for column in zip(*rounds, strict=True)] for name, rounds in found.items()})


def tell(found):
    print(f"{'':<24}{'CPU s':>8}{'wall s':>8}{'MiB':>7}{'of all':>9}{'of its rows':>13}")
    whole_s, month_s = (found[f"group-by of {period}"][0] for period in ("two years", "30 days"))
    for name, (cpu_s, wall_s, mib) in found.items():
        own_s = month_s if "30" in name else whole_s
        target = f"  <= {TARGETS[name]:g}" if name in TARGETS else ""
        print(f"{name:<24}{cpu_s:8.2f}{wall_s:8.2f}{mib:7.0f}{cpu_s / whole_s:8.2f}x{cpu_s / own_s:12.2f}x{target}")
    print(f"peak memory at most {max(mib for _, _, mib in found.values()):.0f} MiB (<= {PEAK_MIB})")


if __name__ == "__main__":
    main()
