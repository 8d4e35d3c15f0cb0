"""The benchmarks behind the figures of the documentation start, and say what they measure."""

import ast
import importlib
import importlib.util
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


def borrowed(tree):
    """(module of ours, name that a script takes from it) for every `from X import Y` and `Y.name` in it."""
    modules = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] in {"probe", "reports"}:
            for each in node.names:
                yield node.module, each.name
                if importlib.util.find_spec(node.module).submodule_search_locations is not None:
                    modules[each.asname or each.name] = f"{node.module}.{each.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            yield modules[node.value.id], node.attr


def has(module, name):
    """Does a module of ours, or a thing in one, have this name?"""
    above, _, last = module.rpartition(".")
    try:
        thing = importlib.import_module(module)
    except ModuleNotFoundError:
        thing = getattr(importlib.import_module(above), last)
    try:
        return hasattr(thing, name) or bool(importlib.import_module(f"{module}.{name}"))
    except ModuleNotFoundError:
        return False


@pytest.mark.parametrize("script", sorted(file.name for file in FOLDER.rglob("*.py")))
def test_every_name_that_a_benchmark_takes_from_the_product_is_there(script):
    (file,) = FOLDER.rglob(script)
    missing = [
        f"{module}.{name}" for module, name in borrowed(ast.parse(file.read_text("utf-8"))) if not has(module, name)
    ]
    assert missing == []
