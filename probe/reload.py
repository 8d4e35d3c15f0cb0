"""The config while the daemon runs: noticed when its files change, taken over whole or not at all."""

import hashlib
import pathlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from probe import config as configs
from probe import run
from probe.config import secrets

if TYPE_CHECKING:
    from probe.config import schema

Stamp = tuple[int, int, int] | None
"""What tells one content of a file from the next: time of change, inode, size; None: there is no file."""


class Files:
    """The files that a config was read from: config.toml and the key files it names."""

    def __init__(self, config: "schema.Config") -> None:
        self._config = config
        self._before = self._stamps()
        self._read = self._before if is_current(config) else ()

    def changed(self) -> bool:
        """True once for a change that has settled: a file still being written differs from one look to the next."""
        now = self._stamps()
        settled, self._before = now == self._before, now
        if now == self._read or not settled:
            return False
        self._read = now
        return True

    def again(self) -> None:
        """Let the next looks find the change again."""
        self._read = ()

    def _stamps(self) -> tuple[Stamp, ...]:
        return tuple(stamp(name) for name in names(self._config))


def names(config: "schema.Config") -> Iterable[str]:
    yield config.source
    for channel in config.channel:
        if channel.key_file is not None:
            yield str(secrets.file(channel.key_file))


def is_current(config: "schema.Config") -> bool:
    """Does config.toml still hold what was read from it?"""
    try:
        return hashlib.sha256(pathlib.Path(config.source).read_bytes()).hexdigest() == config.digest
    except OSError:
        return False


def stamp(name: str) -> Stamp:
    try:
        found = pathlib.Path(name).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def load(tools: run.Tools) -> run.Tools:
    """New tools by the files as they are now, taking over what is unsaved; raises ConfigError, then nothing changed."""
    config = configs.load(pathlib.Path(tools.config.source))
    if config.monitor.database != tools.config.monitor.database:
        raise configs.ConfigError("[monitor] database cannot change while the daemon runs; restart it")
    return run.tools(config, tools.clock, tools.book, before=tools)
