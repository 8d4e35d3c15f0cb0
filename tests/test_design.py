"""docs/design.md is true: its map names every module, its floors are the import contract's, its doors are all there are."""

import ast
import pathlib
import re
import sys
import tomllib
from collections import Counter

import pytest

ROOT = pathlib.Path(__file__).parent.parent
DESIGN = (ROOT / "docs/design.md").read_text("utf-8")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
FLOORS = [set(floor.split(" : ")) for floor in CONTRACTS[0]["layers"]]
SOURCES = sorted(path for package in ("probe", "reports") for path in (ROOT / package).rglob("*.py"))


def table(head):
    """The rows of the table in docs/design.md that begins with this line, as cells."""
    lines = DESIGN[DESIGN.index(head) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def names(cell):
    return re.findall(r"`([^`]+)`", cell)


def room(path):
    """`probe/records/` and `probe/run.py` as the contract names them."""
    return path.removeprefix("probe/").removesuffix("/").removesuffix(".py")


def imported(path):
    """The libraries outside the standard one that a source file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - {"probe", "reports"}


def test_the_map_names_every_module_once_and_nothing_that_is_not_there():
    listed = Counter(name for _, rooms, _ in table("| floor |") for name in names(rooms))
    there = {
        f"probe/{path.name}{'/' if path.is_dir() else ''}"
        for path in (ROOT / "probe").iterdir()
        if (path.is_dir() and (path / "__init__.py").exists()) or (path.suffix == ".py" and path.name[:2] != "__")
    }
    assert listed == Counter(there)


def test_the_floors_of_the_map_are_those_of_the_import_contract():
    mapped = []
    for floor, rooms, _ in table("| floor |"):
        if floor:
            mapped.append((int(floor), set()))
        mapped[-1][1].update(map(room, names(rooms)))
    assert mapped == list(zip(range(len(FLOORS) - 2, -1, -1), FLOORS[1:], strict=True))


def test_reports_may_know_no_room_above_the_records():
    above = FLOORS[1 : FLOORS.index({"records"})]
    assert set(CONTRACTS[1]["forbidden_modules"]) == {f"probe.{name}" for floor in above for name in floor}


def test_every_outside_library_has_its_doors_and_no_others():
    doors = {library: set(names(cell)) for library, cell in table("| library |")}
    used = {(library, path.relative_to(ROOT).as_posix()) for path in SOURCES for library in imported(path)}
    strays = [(library, path) for library, path in used if not path.startswith(tuple(doors.get(library, ())))]
    assert sorted(strays) == []
    closed = [
        (library, door)
        for library, known in doors.items()
        for door in known
        if not any(name == library and path.startswith(door) for name, path in used)
    ]
    assert closed == []


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`((?:probe|reports|tests|bench|docs)/[\w/.]*)`", DESIGN))))
def test_every_file_that_the_page_names_is_there(name):
    assert (ROOT / name).exists()
