"""`docs/scenarios.md` keeps what it says."""

import pathlib
import re
import tomllib

from probe.standin import moderation, reading, scenario

TEXT = (pathlib.Path(__file__).parent.parent / "docs" / "scenarios.md").read_text(encoding="utf-8")


def test_the_example_is_a_scenario():
    (example,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert scenario.parse(tomllib.loads(example)).incidents


def test_every_key_and_marker_word_is_documented():
    keys = {key for keys in (reading.TOP, *reading.TABLES.values()) for key in keys}
    words = set(re.findall(r"`([a-z_-]+)`", TEXT))
    assert words >= keys | set(moderation.MARKERS)
