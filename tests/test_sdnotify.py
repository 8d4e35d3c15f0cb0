"""What systemd is told, over a datagram socket of our own."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from probe import sdnotify

ROOT = pathlib.Path(__file__).parent.parent

CONFIG = """
[[channel]]
name = "vip"
protocol = "openai-images"
base_url = "http://127.0.0.1:9/v1"
model = "gpt-image-2-vip"
key_env = "VIP_KEY"
price_usd = 0.03
tiers = ["1k-low"]
"""


@pytest.fixture(params=["file", "abstract"])
def listening(request, tmp_path, monkeypatch):
    """systemd's end: a socket with a file, or in Linux's abstract namespace (`@`)."""
    if request.param == "abstract" and sys.platform != "linux":
        pytest.skip("abstract sockets are Linux's")
    name = str(tmp_path / "notify") if request.param == "file" else f"@tierwatch-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as at:
        at.bind(name.replace("@", "\0", 1))
        at.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        yield at


def received(at):
    """One datagram as a table."""
    return dict(line.split("=", 1) for line in at.recv(4096).decode().splitlines())


def test_fields_arrive_in_one_datagram(listening):
    sdnotify.send(READY=1, STATUS="9 of 9 paths healthy")
    assert received(listening) == {"READY": "1", "STATUS": "9 of 9 paths healthy"}


def test_a_line_break_in_a_status_starts_no_new_field(listening):
    sdnotify.send(STATUS="fine\nMAINPID=1")
    assert received(listening) == {"STATUS": "fine"}


def test_a_reload_carries_the_monotonic_time(listening):
    sdnotify.reloading()
    told = received(listening)
    assert told["RELOADING"] == "1"
    assert int(told["MONOTONIC_USEC"]) > 0


def test_a_drain_asks_for_the_time_it_needs(listening):
    sdnotify.stopping(630.0)
    assert received(listening) == {"STOPPING": "1", "EXTEND_TIMEOUT_USEC": "630000000"}


@pytest.mark.parametrize("address", [None, "", "nonsense", "/nowhere/at/all"])
def test_without_systemd_nothing_is_said_and_nothing_fails(address, monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if address is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    sdnotify.send(READY=1)


def test_a_full_queue_does_not_hold_up_the_daemon(listening):
    for _ in range(2000):
        sdnotify.send(WATCHDOG=1)
    assert received(listening) == {"WATCHDOG": "1"}


def test_the_daemon_tells_ready_then_lives_then_reloads_then_stops(listening, tmp_path):
    file = tmp_path / "config.toml"
    file.write_text(CONFIG)
    words = [sys.executable, "-m", "probe", "daemon", "--config", str(file)]
    environment = {**os.environ, "VIP_KEY": "sk-test-0123456789abcdef"}
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE) as process:
        told = [received(listening)]
        steps = {"STATUS": signal.SIGHUP, "RELOADING": None, "READY": signal.SIGTERM, "STOPPING": None}
        for wanted, then in steps.items():
            while wanted not in told[-1]:
                told.append(received(listening))
            if then is not None:
                process.send_signal(then)
                told.append(received(listening))
        process.stderr.read()
        assert process.wait(20) == 0
    assert told[0] == {"READY": "1"}
    assert {"WATCHDOG": "1"} in told


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_finds_no_fault_in_the_shipped_unit(tmp_path):
    text = (ROOT / "docs" / "systemd" / "tierwatch.service").read_text()
    assert "ExecStart=/opt/tierwatch/bin/tierwatch daemon " in text
    unit = tmp_path / "tierwatch.service"
    unit.write_text(text.replace("/opt/tierwatch/bin/tierwatch", sys.executable))
    found = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")
