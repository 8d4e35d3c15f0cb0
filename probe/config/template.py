"""The shipped config.toml as a template: its channels by name, kept, changed or added to in their text."""

import dataclasses
import importlib.resources
import json
import pathlib
import re
from collections.abc import Mapping, Sequence

from probe import config

CHANNEL = re.compile(r'(?:^# .*\n)*^\[\[channel\]\]\nname = "(?P<name>[^"]+)"\n(?:.+\n)*\n', re.MULTILINE)
"""One channel of the template: the comment above it, its header, its keys, the empty line after it."""

NUMBERS = ("price_usd", "deadline_s", "usable_within_s", "target_success")
SETTINGS = ("protocol", "base_url", "model", "key_env", "key_file", *NUMBERS)
"""What can be set while a file is written; everything else is edited in it."""

OWN = "A channel of your own."


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """A channel to write: one of the template's by name with changes, or one of your own."""

    name: str
    settings: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "Choice":
        """Read `NAME` or `NAME,KEY=VALUE,...`; raises ConfigError."""
        name, *pairs = text.split(",")
        settings = {}
        for pair in pairs:
            key, equals, value = pair.partition("=")
            if not equals or key not in SETTINGS:
                # What follows the name is not shown: it may be a pasted key.
                raise config.ConfigError(f"--channel {name}: write NAME,KEY=VALUE,... with {', '.join(SETTINGS)}")
            settings[key] = value
        return cls(name, settings)


def text() -> str:
    """The shipped file: beside this module in an installed package, at the top of the repository in a checkout."""
    shipped = importlib.resources.files("probe.config") / config.FILE_NAME
    if shipped.is_file():
        return shipped.read_text("utf-8")
    return (pathlib.Path(__file__).parents[2] / config.FILE_NAME).read_text("utf-8")


def channels() -> dict[str, dict[str, str]]:
    """The template's channels: name -> its settings as they stand there, without quotes."""
    return {
        found["name"]: dict(re.findall(r'^(\w+) = "?(.*?)"?$', found[0], re.MULTILINE))
        for found in CHANNEL.finditer(text())
    }


def write(choices: Sequence[Choice], usd_per_day: float) -> str:
    """The template with these channels in this order and this budget; all its explanations stay."""
    template = text()
    blocks = {found["name"]: found[0] for found in CHANNEL.finditer(template)}
    first = template.index(next(iter(blocks.values())))
    chosen = "".join(_changed(blocks.get(choice.name) or _own(choice.name), choice.settings) for choice in choices)
    rest = CHANNEL.sub("", template)
    filled = rest[:first] + chosen + rest[first:]
    return re.sub(r"^usd_per_day = .*$", f"usd_per_day = {usd_per_day!r}", filled, count=1, flags=re.MULTILINE)


def _own(name: str) -> str:
    return f"# {OWN}\n[[channel]]\nname = {json.dumps(name)}\n\n"


def _changed(block: str, settings: Mapping[str, str]) -> str:
    """A channel's text with settings replaced where they stand, else added at its end."""
    if "key_file" in settings and "key_env" not in settings:
        block = re.sub(r"^key_env = .*\n", "", block, flags=re.MULTILINE)
    for key, value in settings.items():
        block = _set(block, key, f"{key} = {_toml(key, value)}")
    return block


def _set(block: str, key: str, line: str) -> str:
    changed, replaced = re.subn(rf"^{key} = .*$", lambda _: line, block, flags=re.MULTILINE)
    return changed if replaced else block.removesuffix("\n") + f"{line}\n\n"


def _toml(key: str, value: str) -> str:
    """A value as TOML: numbers bare where the key takes one, text in quotes."""
    if key in NUMBERS and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return value
    return json.dumps(value)
