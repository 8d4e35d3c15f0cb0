"""R17: a database of a million outcomes over two years: how long the report and status take, and their memory."""

import datetime as dt
import os
import sys
import time

import installation

sys.path.insert(0, str(installation.ROOT / "tests"))
import record_samples as samples

from probe import config as configs
from probe import model, records, taxonomy

END = dt.datetime.now(dt.UTC)
REPORT_S, STATUS_S, PEAK_MIB = 5.0, 0.5, 250


def measure(case):
    rows = case.times(200_000, 1_000_000)
    place = installation.Installation(case.path("million"), "http://127.0.0.1:9", tiers=9, interval="5m", deadline_s=60)
    fill(place, rows, case.draw)
    size = f"{rows:,} outcomes, {place.database.stat().st_size / 1e6:.0f} MB"
    for words, limit_s in ((("report",), REPORT_S), (("report", "--since", "730d"), None), (("status",), STATUS_S)):
        cpu_s, seconds, mib = timed(place, *words)
        name = " ".join(words)
        yield case.row(f"{name}, s of one processor", round(cpu_s, 2), size, at_most=limit_s)
        yield case.row(f"{name}, s on this machine as busy as it is", round(seconds, 2), size)
        yield case.row(f"{name}, peak MiB", round(mib), size, at_most=PEAK_MIB if limit_s else None)


def fill(place, rows, draw):
    config = configs.load(place.file)
    paths, ok = config.paths(), model.Evidence(status=200, picture=model.Picture(), picture_count=1)
    verdicts = {True: taxonomy.judge(ok), False: samples.VERDICT}
    step = dt.timedelta(days=730) / rows

    def made():
        for number in range(rows):
            path = paths[number % len(paths)]
            good = draw.random() < 0.95
            yield model.Judged(
                model.Outcome(
                    f"{number:08d}-0000",
                    path,
                    model.Trigger.SCHEDULED,
                    END - step * (rows - number),
                    ok if good else samples.FAILED,
                    latency_s=draw.lognormvariate(4, 0.4) if good else None,
                    price_usd=0.03,
                    fingerprint=configs.fingerprint(config, path),
                ),
                verdicts[good],
            )

    with records.open(place.database) as book:
        book.store_all(made())
        book.beat(END, pid=1, digest=config.digest, stale_after_s=1e9)
        book.publish([model.PathState(path, model.State.HEALTHY) for path in paths], END)


def timed(place, *words):
    """(seconds of processor, seconds by the clock, peak MiB) of one command, run twice so that the files are warm."""
    line, around = place.command(*words)
    for _ in range(2):
        started_s = time.monotonic()
        child = os.fork()
        if child == 0:
            os.chdir(around["cwd"])
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            os.execve(line[0], line, around["env"])
        _, status, usage = os.wait4(child, 0)
        seconds = time.monotonic() - started_s
        assert os.waitstatus_to_exitcode(status) in (0, 1), words
    return usage.ru_utime + usage.ru_stime, seconds, usage.ru_maxrss / 1024
