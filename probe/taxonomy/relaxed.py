"""A forgiving reader of almost-JSON: Python repr, JavaScript literals, escaped, cut and hand-edited JSON.

It never raises and reads every character a bounded number of times, whatever the text.
"""

import json
import re
from typing import Any

NESTING_LIMIT = 24
"""Containers within containers; what lies deeper is not read."""
NODE_LIMIT = 2_000
"""Values in one document; the rest is not read."""

_SPACE = re.compile(r"[\s,;]*+")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*+)"?|\'((?:[^\'\\]|\\.)*+)\'?', re.DOTALL)
_BARE = re.compile(r"[^{}\[\]\n,]++")
_MORE_BARE = re.compile(r"(?!,\s{0,40}[\"']?[A-Za-z_]\w{0,40}[\"']?\s{0,4}[:=]|,\s{0,40}[}\]]),[^{}\[\]\n,]*+")
_KEY = re.compile(r"""(?:"([^"\\{}]{1,80})"|'([^'\\{}]{1,80})'|([@A-Za-z_][\w.@/-]{0,79}))\s{0,8}(?::|=>?)\s{0,40}""")
_QUOTED_OBJECT = re.compile(r'["\']\s{0,8}(?=\{\s{0,8}["\']\w)')
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_CONSTANTS = {"null": None, "None": None, "undefined": None, "nil": None, "true": True, "True": True, "false": False}


def unescape(text: str) -> str:
    """Undo one level of backslash escapes."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(
        lambda found: chr(int(found[1][1:], 16)) if len(found[1]) > 1 else _PLAIN.get(found[1], found[1]), text
    )


def strict(text: str) -> Any:
    """JSON as the standard has it, without NaN and Infinity.

    Raises ValueError for what is no JSON, and for documents nested too deep to be an answer.
    """
    try:
        return _STRICT.decode(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _integer(digits: str) -> float:
    # int() of thousands of digits raises; such a number is never a fact we use.
    return int(digits) if len(digits) < 40 else float("inf")


_STRICT = json.JSONDecoder(parse_constant=_refuse, parse_int=_integer)
"""Made once: `json.loads` with these arguments would make a decoder a call."""


def read(text: str, at: int) -> tuple[Any, int]:
    """The object or list that starts at `at` (a brace or bracket), and where reading ended.

    A missing end is taken as the end of everything open.
    """
    try:
        return _STRICT.raw_decode(text, at)  # regular JSON within a text: much faster
    except (ValueError, RecursionError):
        reader = _Reader(text, at)
    return reader.container(1), reader.at


class _Reader:
    """A cursor over the text; recursion is bounded by NESTING_LIMIT."""

    def __init__(self, text: str, at: int) -> None:
        self.text, self.at, self.nodes = text, at, 0

    def container(self, depth: int) -> Any:
        closing = "}" if self.text[self.at] == "{" else "]"
        self.at += 1
        found: dict[str, Any] = {}
        items: list[Any] = []
        while self.nodes < NODE_LIMIT:
            if space := _SPACE.match(self.text, self.at):
                self.at = space.end()
            if self.at >= len(self.text):
                break
            if self.text[self.at] in "}]":
                self.at += 1
                break
            self.nodes += 1
            key = _KEY.match(self.text, self.at) if closing == "}" else None
            if key:
                self.at = key.end()
                found[key[1] or key[2] or key[3]] = self.value(depth)
            else:
                items.append(self.value(depth))
        return found if closing == "}" else items

    def value(self, depth: int) -> Any:
        if nested := _QUOTED_OBJECT.match(self.text, self.at):
            self.at = (
                nested.end()
            )  # "{"error": ...}": quoted without escaping; the stray end quote is skipped as a word
        first = self.text[self.at : self.at + 1]
        if first and first in "{[":
            if depth < NESTING_LIMIT:
                return self.container(depth + 1)
            self.at = len(self.text)
            return None
        if string := _STRING.match(self.text, self.at):
            self.at = string.end()
            return unescape(string[1] if string[1] is not None else string[2])
        start = self.at
        bare = _BARE.match(self.text, self.at)
        self.at = bare.end() if bare else min(self.at + 1, len(self.text))
        while more := _MORE_BARE.match(self.text, self.at):
            self.at = more.end()
        word = self.text[start : self.at].strip()
        return _CONSTANTS.get(word, word)
