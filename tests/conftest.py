"""What every test starts with: no key and no home of the user's, and a stand-in upstream on demand."""

import contextlib
import os
import threading
import tomllib

import pytest

KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "TIERWATCH_HOSTILE", "PYTHONDONTWRITEBYTECODE")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path_factory):
    """No key, proxy or folder of the user reaches a test."""
    home = tmp_path_factory.mktemp("home")
    for name in os.environ:
        if name not in KEPT and not name.startswith(("PYTEST", "COV")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    monkeypatch.setenv("MPLCONFIGDIR", str(home / "matplotlib"))


@pytest.fixture(scope="session")
def ending():
    """Threads of servers that were told to end: waited for once, since each takes a moment."""
    threads = []
    yield threads
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


@contextlib.contextmanager
def serving_standins(ending):
    """The function that `standin` is; its servers end with the context."""
    from probe import serving
    from probe.standin import acts, scenario, server

    running = []

    def start(played="", speed=1000.0, seed=0, time=None):
        table = tomllib.loads(played) if isinstance(played, str) else played
        app = server.app(scenario.parse(table), speed, seed, time)
        listening = serving.listen("127.0.0.1", 0, "port")
        ready = threading.Event()
        upstream = serving.Server(app, ready.set, acts.Protocol)
        thread = threading.Thread(target=upstream.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        ending.append(thread)
        assert ready.wait(10)
        running.append(upstream)
        return serving.address(listening)

    yield start
    for upstream in running:
        upstream.should_exit = True


@pytest.fixture
def standin(ending):
    """A function: scenario (TOML text or table) -> base URL of a stand-in upstream that plays it.

    Latencies are divided by `speed`; the servers end with the test.
    """
    with serving_standins(ending) as start:
        yield start


@pytest.fixture(scope="module")
def module_standin(ending):
    """`standin` whose servers end with the module."""
    with serving_standins(ending) as start:
        yield start
