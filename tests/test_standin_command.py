"""The command `tierwatch simulate`."""

import re
import signal
import subprocess
import sys

import httpx
import pytest
from click.testing import CliRunner

from probe import commands
from probe.standin import reading, replies, scenario


def simulate(*arguments):
    return CliRunner().invoke(commands.program, ["simulate", *arguments])


def test_the_list_names_every_scenario_reply_and_delivery():
    text = simulate("--list").output
    names = set(text.split())
    assert names >= set(scenario.shipped())
    assert names >= set(replies.catalogue())
    assert {"shell-api", "vertex", "enlarged"} <= names


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Missing argument 'SCENARIO'"),
        (("demo", "--listen", "8400"), "write HOST:PORT"),
        (("demo", "--listen", "127.0.0.1:99999"), "write HOST:PORT"),
        (("demo", "--speed", "0"), "--speed"),
    ],
)
def test_a_wrong_use_is_told_with_the_remedy(arguments, words):
    result = simulate(*arguments)
    assert result.exit_code == 2
    assert words in result.output


def test_an_unknown_scenario_is_told_with_the_remedy():
    result = simulate("quite")
    assert isinstance(result.exception, reading.ScenarioError)
    assert "did you mean 'quiet'" in str(result.exception)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_one_line_when_ready_and_ends_cleanly_by_a_signal_though_a_request_hangs(number, tmp_path):
    path = tmp_path / "hang.toml"
    path.write_text("[[steady]]\nsuccess = 0\nfailures = { timeout = 1.0 }\n")
    command = [sys.executable, "-m", "probe", "simulate", str(path), "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        assert re.fullmatch(r"listening on http://127\.0\.0\.1:\d+\n", line)
        url = line.split()[-1]
        order = {"model": "gpt-image-2", "prompt": "a cat", "size": "1280x720"}
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{url}/v1/images/generations", json=order, headers={"authorization": "Bearer k"}, timeout=0.2)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")


def test_a_port_that_is_taken_is_told_with_the_remedy():
    from probe import serving

    with serving.listen("127.0.0.1", 0, "port") as taken:
        port = taken.getsockname()[1]
        result = simulate("quiet", "--listen", f"127.0.0.1:{port}")
    assert isinstance(result.exception, serving.ListenError)
    assert "use another --listen" in str(result.exception)
