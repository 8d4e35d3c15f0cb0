"""Every test and figure that docs/security.md names exists, and every threat names one."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
THREATS = re.findall(r"^\| ([SULCMD]\d+) \|.*\| (.*) \|$", SECURITY, re.MULTILINE)
COUNTS = {"S": 6, "U": 19, "L": 5, "C": 4, "M": 9, "D": 10}


def test_no_threat_is_left_out():
    expected = [f"{letter}{number}" for letter, last in COUNTS.items() for number in range(1, last + 1)]
    assert [name for name, _ in THREATS] == expected


@pytest.mark.parametrize(("threat", "shown_by"), THREATS, ids=[name for name, _ in THREATS])
def test_what_shows_it_exists(threat, shown_by):
    figures = (ROOT / "bench" / "reliability" / "__main__.py").read_text(encoding="utf-8")
    named = re.findall(r"`([^`]+)`", shown_by)
    assert named, threat
    for name in named:
        file, separator, test = name.partition("::")
        if not separator:
            measured_by = re.search(rf'"{name}": "(\w+)"', figures)
            assert measured_by, name
            assert (ROOT / "bench" / "reliability" / f"{measured_by[1]}.py").exists(), name
            continue
        text = (ROOT / "tests" / f"{file}.py").read_text(encoding="utf-8")
        assert re.search(rf"^def {test}\(", text, re.MULTILINE), name
