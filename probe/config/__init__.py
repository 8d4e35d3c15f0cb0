"""config.toml -> Config: found, read, checked whole, or refused with every fault at once.

Light to import: pydantic and the checks load only inside `load` and `read_warnings`.
"""

import hashlib
import json
import os
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from probe import model

if TYPE_CHECKING:
    from probe.config.schema import Config as Config

FILE_NAME = "config.toml"

FAULTS_SHOWN = 50


class ConfigError(model.UserError):
    """config.toml or something it names is wrong; `faults` holds one sentence each."""

    exit_code = 2

    def __init__(self, faults: str | Sequence[str], source: str = "") -> None:
        self.faults = (faults,) if isinstance(faults, str) else tuple(faults)
        head = f"{source}: " if source else ""
        if len(self.faults) == 1:
            super().__init__(head + self.faults[0])
            return
        lines = [f"{head}{len(self.faults)} faults", *self.faults[:FAULTS_SHOWN]]
        if len(self.faults) > FAULTS_SHOWN:
            lines.append(f"and {len(self.faults) - FAULTS_SHOWN} more")
        super().__init__("\n  ".join(lines))


def find(path: str | None) -> pathlib.Path:
    """The file to read, absolute: `path` where given, else ./config.toml, else the user's own under XDG_CONFIG_HOME.

    Raises ConfigError with the remedy where there is none.
    """
    if path is not None:
        named = beside(pathlib.Path(FILE_NAME), path)
        if not path or not is_file(named):
            raise ConfigError(_absent(path, named))
        return named
    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    places = (pathlib.Path(FILE_NAME).absolute(), beside(pathlib.Path(FILE_NAME), home) / "tierwatch" / FILE_NAME)
    for place in places:
        if is_file(place):
            return place
    raise ConfigError(
        f"no {FILE_NAME} here, nor {places[1]}; `tierwatch init` writes one, --config names another, "
        "and `tierwatch demo` needs none"
    )


def is_file(path: pathlib.Path) -> bool:
    """Is there a file that can be read; raises ConfigError where that cannot be known, as in a locked folder."""
    try:
        return path.is_file()
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", str(path)) from error


def _absent(named: str, path: pathlib.Path) -> str:
    """What is wrong with a name that is no file's, and the remedy."""
    if not named:
        return "--config is empty: give it the name of a file"
    if path.is_dir():
        return f"{named} is a folder; name the file in it, such as {pathlib.Path(named) / FILE_NAME}"
    if path.exists():
        return f"{named} is no regular file; --config must name one that can be read again"
    return f"there is no file {named}; `tierwatch init {named}` writes one"


def load(path: pathlib.Path) -> "Config":
    """Read and check a file whole; `source` and `digest` are set and the paths in it made absolute.

    Raises ConfigError with every fault of the file.
    """
    from probe.config import reading  # noqa: PLC0415 - pydantic is slow to import

    return reading.read(path)


def read_warnings(config: "Config") -> tuple[str, ...]:
    """What is allowed and worth saying: known traps of providers and gateways."""
    from probe.config import traps  # noqa: PLC0415 - only two commands ask

    return traps.find(config)


def database(path: pathlib.Path) -> pathlib.Path:
    """Absolute path of the database that a config file names, without reading the rest of it; raises ConfigError."""
    from probe.config import document  # noqa: PLC0415 - tomllib is not needed by `--help`

    monitor = document.read(path).get("monitor", {})
    named = monitor.get("database", "tierwatch.db") if isinstance(monitor, dict) else None
    if not isinstance(named, str) or not named or not named.isprintable():
        raise ConfigError("[monitor] database must be the name of a file in quotes", str(path))
    return beside(path, named)


def beside(path: pathlib.Path, named: str) -> pathlib.Path:
    """A file named in a config file, absolute: relative names start at the config file's folder, `~` at home."""
    expanded = os.path.expanduser(named)  # noqa: PTH111 - pathlib raises for a user it does not know
    return path.absolute().parent / expanded


def fingerprint(config: "Config", path: model.Path) -> str:
    """12 hex digits over what a path asks for: endpoint, model, tier and price. A change starts a new baseline."""
    channel = config.find(path.channel)
    facts = [channel.base_url, channel.model, config.tier(path.tier).model_dump(), config.price_usd(path)]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]
