"""What only Linux has is not needed: the Python of a Mac is made by taking it away."""

import subprocess
import sys

LIKE_A_MAC = """
import pkgutil, socket, time
for name in ("TCP_KEEPIDLE", "SOCK_CLOEXEC", "SOCK_NONBLOCK", "SO_BINDTODEVICE"):
    if hasattr(socket, name):
        delattr(socket, name)
socket.TCP_KEEPALIVE = 16
if hasattr(time, "CLOCK_BOOTTIME"):
    del time.CLOCK_BOOTTIME
"""
LOAD_ALL = """
import importlib, probe, reports
for package in (probe, reports):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(found.name)
"""
SLEEP_IS_SEEN = """
from probe import clock, standstill
real, asleep_s = time.clock_gettime, 0.0
time.clock_gettime = lambda which: real(which) + asleep_s
still = standstill.Standstill(clock.RealClock())
assert not still.since(-1.0)
asleep_s = 3600.0
assert still.since(-1.0)
"""


def done(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_every_module_loads_where_what_only_linux_has_is_missing():
    ran = done(LIKE_A_MAC + LOAD_ALL)
    assert ran.returncode == 0, ran.stderr


def test_a_machine_that_slept_is_noticed_by_either_systems_clocks():
    for code in (LIKE_A_MAC + SLEEP_IS_SEEN, "import time" + SLEEP_IS_SEEN):
        ran = done(code)
        assert ran.returncode == 0, ran.stderr
