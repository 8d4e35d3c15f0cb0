"""R18: many small probes and real 4K ones in one process: how memory grows with each, and its peak."""

import asyncio
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import board
import probing
import upstream

from probe import heap

SLOPE_KB, PEAK_MIB, PICTURE_MIB = 1.0, 150, 120
SAMPLES = 100


def measure(case):
    small, large = case.times(6000, 20_000), case.times(40, 200)
    replies = [upstream.picture(seed, (3840, 2160)) for seed in range(4)]

    def reply(number, _head, _body):
        return upstream.FAILED if number < small else replies[number % len(replies)]

    with upstream.Upstream(reply) as up:
        words = [sys.executable, __file__, up.url, str(small), str(large)]
        found = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    settled = found["small"][len(found["small"]) // 2 :]  # SQLite's cache of 2 MB fills in the first thousands
    n = f"{small} small + {large} 4K of {len(replies[0]) / 1e6:.0f} MB"
    yield case.row("memory growth a small probe, kB", round(slope(settled), 3), n, at_most=SLOPE_KB)
    yield case.row("memory growth a 4K probe, kB", round(slope(found["large"][len(found["large"]) // 2 :])), n)
    yield case.row("peak of memory, MiB", round(found["peak_mib"]), n, at_most=PEAK_MIB + PICTURE_MIB)


def slope(points):
    """Least squares through (probes so far, kB)."""
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def memory_kb(name):
    return int(re.search(rf"{name}:\s+(\d+) kB", pathlib.Path("/proc/self/status").read_text())[1])


async def run(url, small, large):
    heap.give_back_large_buffers()  # as the daemon does
    found = {"small": [], "large": []}
    with tempfile.TemporaryDirectory() as name:
        async with probing.prober(name, url=url, tier="4k-high", extra="") as prober:
            for part, times in (("small", small), ("large", large)):
                for number in range(times):
                    await prober.send(deadline_s=60)
                    if number % max(1, times // SAMPLES) == 0:
                        found[part].append((number, memory_kb("VmRSS")))
            assert not prober.crashes, prober.crashes
    print(json.dumps({**found, "peak_mib": memory_kb("VmHWM") / 1024}))


if __name__ == "__main__":
    if not pathlib.Path("/proc/self/status").exists():
        raise board.NotRun("needs Linux's /proc")
    asyncio.run(run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
