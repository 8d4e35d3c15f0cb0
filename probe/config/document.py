"""A file's bytes -> its TOML tables, or the line that is no TOML."""

import pathlib
import re
import tomllib
from typing import Any

from probe import config

SIZE_CAP_BYTES = 2**20
"""No config.toml is longer; a larger file is a mistake, and is not read."""

POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)")


def read(path: pathlib.Path) -> dict[str, Any]:
    """The tables of a file; a byte order mark is dropped. Raises ConfigError with file:line."""
    return parse(content(path), path)


def content(path: pathlib.Path) -> bytes:
    """The bytes of a file; raises ConfigError where it cannot be read or is too long."""
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_CAP_BYTES + 1)
    except OSError as error:
        raise config.ConfigError(f"cannot be read: {error.strerror}", str(path)) from error
    if len(data) > SIZE_CAP_BYTES:
        raise config.ConfigError("is larger than 1 MiB: this is no config.toml", str(path))
    return data


def parse(data: bytes, path: pathlib.Path) -> dict[str, Any]:
    """The tables in `data`; `path` is only named. Raises ConfigError with file:line."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return {key: _with_tuples(value) for key, value in tomllib.loads(data.decode()).items()}
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise config.ConfigError("not UTF-8 text; save the file as UTF-8", f"{path}:{line}") from error
    except RecursionError as error:
        raise config.ConfigError("tables or brackets are nested too deeply", str(path)) from error
    except tomllib.TOMLDecodeError as error:
        raise _syntax(str(error), path, data) from error
    except ValueError as error:  # of int()
        raise config.ConfigError("a number has thousands of digits", str(path)) from error


def _with_tuples(value: Any) -> Any:
    """TOML's lists as tuples, all the way down: what is read does not change."""
    if isinstance(value, dict):
        return {key: _with_tuples(item) for key, item in value.items()}
    return tuple(_with_tuples(item) for item in value) if isinstance(value, list) else value


def _syntax(text: str, path: pathlib.Path, data: bytes) -> config.ConfigError:
    """`Invalid value (at line 3, column 5)` as `config.toml:3: column 5: invalid value`."""
    at = POSITION.search(text)
    words = POSITION.sub("", text)
    words = words[:1].lower() + words[1:]
    if at is None:
        return config.ConfigError(f"not valid TOML: {words}", str(path))
    line = at[1] or str(data.count(b"\n") + 1)
    column = f"column {at[2]}: " if at[2] else ""
    return config.ConfigError(f"{column}not valid TOML: {words}", f"{path}:{line}")
