"""A file -> Config: the shape of each table, then the sense of the whole, all faults together."""

import hashlib
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import pydantic

from probe import config
from probe.config import checks, document, faults, lines, schema


def read(path: pathlib.Path) -> schema.Config:
    """The config in a file; raises ConfigError with every fault."""
    return parse(document.content(path), path)


def parse(data: bytes, path: pathlib.Path) -> schema.Config:
    """The config in `data`, which stands or will stand in `path`.

    1. Bytes to TOML tables.
    2. Each table to its type; faulty keys are noted and left out.
    3. The checks that need several keys or tables, over what is sound.
    4. ConfigError with all faults, or the Config with its source, digest and absolute file names.
    """
    draft = _draft(document.parse(data, path))
    found = (*draft.faults, *checks.find(draft))
    if found:
        text = data.decode("utf-8-sig")
        raise config.ConfigError(tuple(dict.fromkeys(located(fault, text) for fault in found)), str(path))
    origin = {"source": str(path.absolute()), "digest": hashlib.sha256(data).hexdigest()}
    return _with_absolute_files(draft.config, path).model_copy(update=origin)


def located(fault: faults.Fault, text: str) -> str:
    """A fault with the line of the file where it stands."""
    line = lines.line_of(text, fault.table, fault.key)
    return f"{fault} (line {line})" if line else str(fault)


def _draft(tables: Mapping[str, Any]) -> checks.Draft:
    """Each table read by itself."""
    found: list[faults.Fault] = list(_misplaced(tables))
    parts: dict[str, Any] = {}
    for name, kind in schema.TABLES.items():
        raw = tables.get(name)
        if name in schema.REPEATED:
            entries = raw if isinstance(raw, tuple) else ()
            parts[name] = tuple(
                _entry(kind, entry, faults.label(name, entry, n), found) for n, entry in enumerate(entries, 1)
            )
        elif name == "tiers":
            named = raw if isinstance(raw, dict) else {}
            parts[name] = {tier: _entry(kind, entry, f"[tiers.{tier}]", found) for tier, entry in named.items()}
        elif isinstance(raw, dict):
            parts[name] = _entry(kind, raw, f"[{name}]", found)
    return checks.Draft(schema.Config.model_construct(**parts), tables, tuple(found))


def _misplaced(tables: Mapping[str, Any]) -> Iterator[faults.Fault]:
    """Tables that do not exist, or are written with the wrong brackets."""
    for name, raw in tables.items():
        if name not in schema.TABLES:
            if isinstance(raw, dict) or (isinstance(raw, tuple) and raw and isinstance(raw[0], dict)):
                yield faults.Fault(f"[{name}]", "", f"unknown table{faults.near(name, schema.TABLES)}")
            else:
                yield faults.Fault("top of the file", name, faults.unknown_key(name, None))
        elif name in schema.REPEATED and not isinstance(raw, tuple):
            yield faults.Fault(f"[{name}]", "", f"write [[{name}]] with two brackets, once for each {name}")
        elif name not in schema.REPEATED and not isinstance(raw, dict):
            yield faults.Fault(f"[{name}]", "", f"write [{name}] once, with one pair of brackets")


def _entry(kind: type[schema.Table], raw: Any, label: str, found: list[faults.Fault]) -> schema.Table:
    """One table as its type. Faulty keys go to `found` and are left out, so that the others can be checked."""
    try:
        return kind.model_validate(raw)
    except pydantic.ValidationError as error:
        errors = error.errors(include_url=False)
    found.extend(faults.of_pydantic(entry, label, kind) for entry in errors)
    bad = {entry["loc"][0] for entry in errors if entry["loc"]}
    sound = {key: value for key, value in raw.items() if key not in bad} if isinstance(raw, dict) else {}
    required = {key for key, field in kind.model_fields.items() if field.is_required()}
    return kind.model_validate({key: faults.EXAMPLES[key] for key in required} | sound)


def _with_absolute_files(read: schema.Config, path: pathlib.Path) -> schema.Config:
    """Names of files made absolute; a key file that starts with a variable (`$CREDENTIALS_DIRECTORY`) stays."""

    def absolute(named: str) -> str:
        return named if named.startswith("$") else str(config.beside(path, named))

    def with_key_file(table: Any) -> Any:
        return table.model_copy(update={"key_file": absolute(table.key_file)}) if table and table.key_file else table

    monitor = read.monitor.model_copy(
        update={name: absolute(getattr(read.monitor, name)) for name in ("database", "spool", "pictures_dir")}
    )
    channels = tuple(
        with_key_file(channel.model_copy(update={"log": with_key_file(channel.log)})) for channel in read.channel
    )
    update = {"monitor": monitor, "channel": channels, "moderation": with_key_file(read.moderation)}
    return read.model_copy(update=update)
