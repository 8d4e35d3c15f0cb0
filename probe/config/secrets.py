"""Keys: read from the environment or a private file, held so that nothing prints them, scrubbed from any text."""

import base64
import json
import os
import pathlib
import re
import stat
import urllib.parse
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

from probe import config

if TYPE_CHECKING:
    from probe.config import schema

MASK = "[key]"

KEY_TEXT = re.compile(r"[\x21-\x7e]+")
"""What a header can carry. A line break or a zero-width space would put the whole key into a traceback."""

KEY_SHAPES = re.compile(
    r"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4})|(?<=%[0-9A-Fa-f]{2}))"
    r"(?:sk-[A-Za-z0-9_-]{16,}|AIza[A-Za-z0-9_-]{30,}|AQ\.[A-Za-z0-9_-]{30,})"
)
"""Keys of OpenAI, its resellers and Google, recognisable without being loaded, also right after an escape of JSON or of a
URL. `Redactor` looks for their beginnings."""

BARE_KEY = re.compile(r"(?=.*\d)(?=.*[a-z])[A-Za-z0-9-]{24,}")
"""Long, with digits, without an underscore: no name of a variable or file."""

FILE_CAP_BYTES = 8192

KEY_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=%"
"""Characters of a key in a header (token68, RFC 9110, section 11.2), and `%` of its URL-encoded form."""

FRAGMENTS_FROM = 24
"""Shorter secrets have no fragment rule: 12 + 8 characters of them would be nearly all of it."""


class HasKey(Protocol):
    """A table of the config that names a key: a channel, a gateway log, the moderation service."""

    @property
    def key_env(self) -> str | None: ...

    @property
    def key_file(self) -> str | None: ...


SHORTEST_KEY = 8
"""No provider's key is shorter, and a shorter one could not be told from other text when it is masked."""


class Secret:
    """A key that prints as `[key]`; `reveal` is called where a header is written and nowhere else."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __deepcopy__(self, _memo: object) -> "Secret":
        return self

    def __reduce__(self) -> str:
        raise TypeError("a key is not pickled")


def place(source: HasKey) -> str:
    """Where a key is expected: the name of its variable or file."""
    return source.key_env or source.key_file or ""


def key(source: HasKey) -> Secret:
    """The key that a table names. Raises ConfigError naming the variable or the file, never the value."""
    if source.key_file is not None:
        return _checked(_from_file(source.key_file), f"key file {source.key_file}")
    name = source.key_env
    if name is None:
        raise config.ConfigError("no key is named; set key_env or key_file")
    value = os.environ.get(name)
    if value is None:
        raise config.ConfigError(f"environment variable {name} is not set; `export {name}=...`, or use key_file")
    return _checked(value, f"environment variable {name}")


def keys(channels: Iterable["schema.Channel"]) -> dict[str, Secret]:
    """The key of every channel by its name; raises ConfigError with all that are missing or malformed."""
    found: dict[str, Secret] = {}
    faults: list[str] = []
    for channel in channels:
        try:
            found[channel.name] = key(channel)
        except config.ConfigError as error:
            faults.extend(f"[[channel]] {channel.name}: {fault}" for fault in error.faults)
    if faults:
        raise config.ConfigError(faults)
    return found


def file(named: str) -> pathlib.Path:
    """Where a key file lies, its variables and `~` put in."""
    return pathlib.Path(os.path.expanduser(os.path.expandvars(named)))  # noqa: PTH111 - pathlib raises for a user it does not know


def _from_file(named: str) -> str:
    """The text of a key file less one trailing line break.

    A file that others on this machine can read is refused, except in systemd's credential folder,
    where the service manager has seen to it.
    """
    path = file(named)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe must not make us wait
        try:
            status = os.fstat(descriptor)  # of what is read, not of what the name means a moment later
            data = os.read(descriptor, FILE_CAP_BYTES + 1) if stat.S_ISREG(status.st_mode) else None
        finally:
            os.close(descriptor)
    except OSError as error:
        raise config.ConfigError(f"key file {named} cannot be read: {error.strerror}") from error
    if data is None:
        raise config.ConfigError(f"key file {named} is no regular file")
    if status.st_mode & 0o077 and not _is_credential(path):
        raise config.ConfigError(f"key file {named} can be read by others; `chmod 600 {named}`")
    if len(data) > FILE_CAP_BYTES:
        raise config.ConfigError(f"key file {named} is too long for a key")
    # Latin-1 maps every byte to one character, so that the check of the characters sees them all.
    return data.decode("latin-1").removesuffix("\n").removesuffix("\r")


def _is_credential(path: pathlib.Path) -> bool:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return bool(folder) and path.resolve().is_relative_to(pathlib.Path(str(folder)).resolve())


def _checked(value: str, where: str) -> Secret:
    if not value.strip():
        raise config.ConfigError(f"{where} is empty; put the key there")
    if not KEY_TEXT.fullmatch(value):
        raise config.ConfigError(
            f"{where} holds a space, a line break or another character no key has; copy the key again"
        )
    if len(value) < SHORTEST_KEY:
        raise config.ConfigError(f"{where} holds {len(value)} characters, too few for a key; copy the key again")
    return Secret(value)


def looks_like_key(text: str) -> bool:
    """Is this a key where the name of one belongs?"""
    return bool(KEY_SHAPES.search(text) or BARE_KEY.fullmatch(text))


def cut(text: str, most: int) -> str:
    """At most so many characters; a token that the cut would go through is left out: nothing recognises half a key."""
    return text if len(text) <= most else text[:most].rstrip(KEY_CHARACTERS)


class Redactor:
    """Replaces loaded keys, and whatever looks like one, by `[key]`: as they are, URL-, base64- and JSON-encoded.

    The first 12 or last 8 characters of a loaded key are replaced too, since gateways like to quote them.
    """

    def __init__(self, secrets: Iterable[Secret], earlier: "Redactor | None" = None) -> None:
        forms = {form for secret in secrets for form in _forms(secret.reveal()) if form}
        forms.update(earlier._forms if earlier else ())  # noqa: SLF001 - another of its kind; replaced keys stay secret
        self._forms: tuple[str, ...] = tuple(sorted(forms, key=lambda form: (-len(form), form)))

    def __call__(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, MASK)
        return KEY_SHAPES.sub(MASK, text) if "sk-" in text or "AIza" in text or "AQ." in text else text

    def __repr__(self) -> str:
        return f"Redactor({len(self._forms)} forms)"


scrubbed = Redactor(())
"""Takes out what looks like a key, where none is loaded: from the words of other programs and people."""


def _forms(value: str) -> Iterator[str]:
    """Every spelling of a key to look for."""
    quoted = urllib.parse.quote(value, safe="")
    escaped = json.dumps(value)[1:-1]
    html_safe = escaped.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")  # Go's encoder
    yield from (value, quoted, re.sub("%..", lambda octet: octet[0].lower(), quoted))
    yield from (escaped, escaped.replace("/", r"\/"), html_safe)
    for shift in range(3):  # where the key starts within base64's groups of three bytes
        yield from _base64_forms(value.encode(), shift)
    if len(value) >= FRAGMENTS_FROM:
        yield from (value[:12], value[-8:])


def _base64_forms(value: bytes, shift: int) -> Iterator[str]:
    """Base64 of a key with `shift` bytes before it, less the characters its neighbours have a part in."""
    encoded = base64.b64encode(b"\0" * shift + value).decode().rstrip("=")
    skipped = -(-8 * shift // 6)
    whole = (len(value) + shift) * 8 // 6
    core = encoded[skipped:whole]
    if len(core) >= 8:
        yield from (core, core.replace("+", "-").replace("/", "_"), core.replace("/", r"\/"))
