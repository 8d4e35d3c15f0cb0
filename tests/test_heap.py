"""Memory that a large buffer needed goes back to the system."""

import pathlib
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import pathlib, re, sys
from probe import heap

def resident_mb():
    return int(re.search(r"VmRSS:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) / 1000

if sys.argv[1] == "give back":
    heap.give_back_large_buffers()
before = resident_mb()
bytes_freed = b"x" * 24_000_000  # glibc now takes such buffers from the heap
del bytes_freed
kept, small = [], []
for _ in range(3):
    kept.append(b"x" * 23_000_000)
    small.append(b"y" * 60_000)  # stands in the heap above the large one
del kept
print(resident_mb() - before)
"""


def grown_mb(how):
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return float(done.stdout)


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc" or not pathlib.Path("/proc/self/status").exists(), reason="glibc on Linux"
)
def test_large_buffers_go_back_to_the_system_when_they_are_freed():
    assert grown_mb("give back") < 10 < grown_mb("leave it")
