"""A body taken apart into what each speaker said: JSON in strings, Python repr, SDK prefixes, HTML, event streams.

Work is proportional to the text and bounded: TEXT_LIMIT here, and the limits of `relaxed`.
"""

import re
from collections.abc import Mapping
from typing import Any

from probe.taxonomy import contents, fields, pages, relaxed
from probe.taxonomy.layers import Layer, Unwrapped

TEXT_LIMIT = 65_536
"""Characters read of a body whose pictures are left out: the first three quarters from its head, the last from its end."""
STRING_NESTING = 5
"""Documents within strings within documents."""
WALK_NESTING, WALK_NODES = 24, 3_000
DOCUMENTS_IN_TEXT = 4
MESSAGE_LIMIT = 4_000

_FAILED = frozenset(
    (
        "failed",
        "fail",
        "error",
        "failure",
        "cancelled",
        "canceled",
        "incomplete",
        "rejected",
        "aborted",
        "timeout",
        "timed_out",
    )
)
_STARTS = re.compile(r"\{(?=\s{0,40}(?:\\{0,7}[\"'{]|[A-Za-z_]\w{0,40}\s{0,8}[:=]|\}))|\[(?=\s{0,40}\{)")
_ERROR_AS_ANSWER = re.compile(r"\A\W{0,4}(?:error\b|错误)|\berror code: ?\d{3}|['\"]error['\"]\s?:", re.IGNORECASE)
"""Relays and tools put their errors where a model's words belong."""
_MEMBER = re.compile(r"\"[A-Za-z_]\w{0,40}\"\s{0,8}:")
_ESCAPED_START = re.compile(r"[{\[]\s{0,40}\{?\s{0,40}\\")
_LONG_RUN = re.compile(r"[A-Za-z0-9+/_=-]{200,}+")
_QUOTED_HEAD = re.compile(r"[Uu]nexpected token .{1,6}?, ?\"(.{4,12}?)\"?\.\.\. is not valid JSON", re.DOTALL)

SENTENCES = (
    "Billing hard limit has been reached", "Insufficient balance", "Insufficient credits", "Insufficient quota", "You exceeded your current quota",
    "Payment Required", "Rate limit exceeded", "Rate limit reached for", "Too Many Requests", "Request Entity Too Large", "Payload Too Large",
    "Content Too Large", "Request timed out", "Gateway Timeout", "upstream request timeout", "stream timeout", "Internal Server Error",
    "Bad Gateway", "Service Unavailable", "upstream connect error", "no healthy upstream", "Unauthorized", "Forbidden", "Invalid API key",
    "Incorrect API key provided", "Invalid token", "Your request was rejected by the safety system", "Method Not Allowed", "Model not found",
)  # fmt: skip
"""Bodies that are one well-known sentence: JavaScript's parser quotes only the first ten characters of what it could not read."""


def shorten(text: str) -> str:
    """Leave out long base64 runs, then all but the head and the tail of what is longer than TEXT_LIMIT."""
    if len(text) <= 4_096:
        return text
    text = _LONG_RUN.sub(lambda run: f"<{len(run[0])} base64 characters>", text)
    if len(text) <= TEXT_LIMIT:
        return text
    tail = TEXT_LIMIT // 4
    return text[: TEXT_LIMIT - tail] + "\n" + text[-tail:]


def unwrap(text: str) -> Unwrapped:
    """Take a body apart; never raises."""
    text = shorten(text).strip().lstrip("\ufeff")
    if not text:
        return Unwrapped("empty")
    walk = _Walk()
    shape = walk.document(text)
    prose = " ".join(walk.prose)[:MESSAGE_LIMIT] if walk.prose else ""
    return Unwrapped(shape, tuple(walk.layers), walk.pictures, walk.links, prose)


class _Walk:
    """Collects layers, outermost first, and what is delivered, while documents are read."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.prose: list[str] = []
        self.pictures = self.links = self.nodes = 0

    def document(self, text: str) -> str:
        """Read a whole body and name its shape."""
        if text[0] == '"' and _MEMBER.match(text):
            text = f"{{{text}}}"  # the inside of an object, copied without its braces
        if text[0] in '{["-0123456789tfn':
            try:
                tree = relaxed.strict(text)
            except ValueError:
                pass
            else:
                self.value(tree, 0, 0, error=False)
                return "json"
        if pages.is_events(text):
            self.events(text)
            return "events"
        if pages.is_html(text, 2_000):
            self.html(text)
            return "html"
        if pages.is_markup(text):
            self.text(pages.words(text), 0, error=False)
            return "text"
        self.text(text, 0, error=False)
        if text[0] not in "{[":
            return "text"
        return "broken" if text[-1] in "}]" else "cut"

    def text(self, text: str, strings: int, *, error: bool) -> None:
        """Words around documents, then the documents: the words are the outer speaker's."""
        if strings >= STRING_NESTING:
            self.layers.append(Layer(message=text[:MESSAGE_LIMIT], error=error))
            return
        if strings and pages.is_html(text, 400):
            self.html(text)
            return
        around, trees = split(text)
        if words := _bare(around):
            self.layers.append(Layer(message=words[:MESSAGE_LIMIT], error=error))
            self.layers.extend(_quoted(words))
        known = len(self.layers)
        for tree in trees:
            self.value(tree, 0, strings + 1, error=error)
        if trees and len(self.layers) == known:
            self.layers.append(Layer(message=text[:MESSAGE_LIMIT], error=error))  # a dump of some other kind

    def events(self, text: str) -> None:
        """A server-sent event stream; drafts are not pictures, and the words of failed events are errors."""
        for name, data in pages.events(text):
            if data == "[DONE]" or "partial_image" in name:
                continue
            failed = "error" in name or "failed" in name
            try:
                tree = relaxed.strict(data)
            except ValueError:
                self.text(data, 1, error=failed)
                continue
            if not (isinstance(tree, dict) and "partial_image" in str(tree.get("type", ""))):
                self.value(tree, 0, 1, error=failed)

    def html(self, text: str) -> None:
        self.layers.append(Layer(message=pages.words(text)[:MESSAGE_LIMIT], speaker="edge"))

    def value(self, node: Any, depth: int, strings: int, *, error: bool) -> None:
        """Walk a parsed document; `strings` counts how many strings it was unpacked from."""
        self.nodes += 1
        if depth > WALK_NESTING or self.nodes > WALK_NODES:
            return
        if isinstance(node, dict):
            self.mapping(node, depth, strings, error=error)
        elif isinstance(node, list):
            for item in node:
                self.value(item, depth + 1, strings, error=error)
        elif isinstance(node, str) and node.strip():
            if contents.is_picture(node):
                self.pictures += 1
            else:
                self.text(node, strings + 1, error=error)

    def mapping(self, node: Mapping[str, Any], depth: int, strings: int, *, error: bool) -> None:
        """A mapping's own words and contents, then what is nested in its message, then its children."""
        brought = contents.of_mapping(node)
        if brought is not contents.NOTHING:
            self.pictures += brought.pictures
            self.links += brought.links
            if brought.prose and _ERROR_AS_ANSWER.search(brought.prose, 0, 240):
                self.text(brought.prose, strings + 1, error=True)
            else:
                self.prose.append(brought.prose)
        said = fields.read(node)
        error = error or said.status.lower() in _FAILED
        message, inner = _message(said.messages, nested=strings < STRING_NESTING)
        if message or said.telling:
            details = tuple(said.details)
            self.layers.append(Layer(message, said.code, said.type, said.param, said.status, details, "", error))
        for part in inner:
            if isinstance(part, str):
                self.html(part)
            else:
                self.value(part, 0, strings + 1, error=True)
        for key, child in said.nested:
            self.value(child, depth + 1, strings, error=error or key in ("error", "errors", "Error"))


def _message(messages: list[str], *, nested: bool) -> tuple[str, list[Any]]:
    """The words of a mapping's messages, and the pages and documents that stood within them."""
    words: list[str] = []
    inner: list[Any] = []
    for text in messages:
        if nested and pages.is_html(text, 400):
            inner.append(text)
        elif nested and "{" in text:
            around, trees = split(text)
            words.append(around.strip())
            inner.extend(trees)
        else:
            words.append(text)
    if len(words) == 1:
        return words[0][:MESSAGE_LIMIT], inner
    return " | ".join(dict.fromkeys(filter(None, words)))[:MESSAGE_LIMIT], inner


def split(text: str) -> tuple[str, list[Any]]:
    """Words outside, and the documents inside, a text; every character is read a bounded number of times."""
    if "{" not in text:
        return text, []
    outside: list[str] = []
    trees: list[Any] = []
    at = 0
    while len(trees) < DOCUMENTS_IN_TEXT and (start := _STARTS.search(text, at)):
        begin = start.start()
        if _ESCAPED_START.match(text, begin):
            outside.append(text[at:begin])
            text, at, begin = _unescaped(text[begin:]), 0, 0
        tree, end = relaxed.read(text, begin)
        if _says_something(tree):
            outside.append(text[at:begin])
            trees.append(tree)
        else:
            outside.append(text[at:end])
        at = end
    outside.append(text[at:])
    return " ".join(outside), trees


def _unescaped(text: str) -> str:
    """A document whose quotes are escaped once or twice, without the escapes."""
    text = relaxed.unescape(text)
    return relaxed.unescape(text) if _ESCAPED_START.match(text) else text


def _says_something(tree: Any) -> bool:
    if isinstance(tree, list):
        return any(isinstance(item, dict) and item for item in tree[:4])
    return bool(tree)


def _bare(text: str) -> str:
    """Without the punctuation that led to a document, and without quotes around the whole."""
    text = text.strip(" \t\r\n,:;")
    if text[:1] == text[-1:] and text[:1] in ("'", '"', "`"):
        return text.strip(text[0])
    return text


def _quoted(words: str) -> list[Layer]:
    """The known sentence of which a JavaScript parser quotes the head."""
    if "is not valid JSON" not in words or not (head := _QUOTED_HEAD.search(words)):
        return []
    return [Layer(message=whole) for whole in SENTENCES if whole.lower().startswith(head[1].lower())]
