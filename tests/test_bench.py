"""The benchmarks behind the figures of the documentation start, and say what they measure."""

import pathlib
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(__file__).parents[1] / "bench"
SCRIPTS = sorted(file.name for file in FOLDER.glob("*.py") if "__main__" in file.read_text("utf-8"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_benchmark_says_what_it_measures_and_how_it_is_called(script):
    done = subprocess.run([sys.executable, script, "--help"], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"python bench/{script}" in done.stdout
