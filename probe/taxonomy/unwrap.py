"""A body taken apart into what each speaker said: JSON in strings, Python repr, SDK prefixes, HTML, event streams.

Work is proportional to the text and bounded: see `TEXT_LIMIT` and `relaxed`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from probe.taxonomy import relaxed
from probe.taxonomy.layers import Layer, Unwrapped

TEXT_LIMIT = 65_536
"""Characters that are read of a body whose pictures are already left out: the head, and the last quarter from its end."""
STRING_NESTING = 5
"""Documents within strings within documents."""
WALK_NESTING, WALK_NODES = 24, 3_000
EVENT_LIMIT = 400
MESSAGE_LIMIT = 4_000
DETAIL_LIMIT = 64

_MESSAGE = (
    "message", "msg", "Message", "error_message", "error_msg", "errorMessage", "errorMsg", "error_description", "detail", "error",
    "description", "title", "finishMessage", "finish_message", "blockReasonMessage", "localized_message", "raw", "fail_reason",
    "failReason", "failure_reason", "failureReason", "cause", "Error", "errMsg", "err_msg", "parse_error", "statusText", "raiFilteredReason",
)  # fmt: skip
_CODE = (
    "code",
    "error_code",
    "errorCode",
    "Code",
    "errcode",
    "err_code",
    "statusCode",
    "status_code",
    "name",
    "error_type",
)
_MERGED = (
    "details",
    "errors",
    "innererror",
    "inner_error",
    "metadata",
    "moderation_details",
    "moderationDetails",
    "additionalInfo",
)
"""Keys whose contents belong to the message they stand beside."""
_TELLING = frozenset(
    (
        "finishReason",
        "finish_reason",
        "blockReason",
        "reason",
        "quotaId",
        "retryDelay",
        "moderation_stage",
        "raiFilteredReason",
        "resets_in_seconds",
        "success",
    )
)
"""Details that make a layer even where nothing else stands beside them."""
_ECHOES = (
    "prompt",
    "input",
    "inputs",
    "requestParameters",
    "request",
    "request_body",
    "messages",
    "instructions",
    "contents",
    "revised_prompt",
    "debug_prompt",
)
"""Keys that repeat what the caller sent: never read as an answer."""
_ROLES = {
    **dict.fromkeys(_MESSAGE, "message"),
    **dict.fromkeys(_CODE, "code"),
    **dict.fromkeys(_MERGED, "merged"),
    **dict.fromkeys(_ECHOES, "echo"),
    "type": "type",
    "param": "param",
    "status": "status",
}
_FAILED = ("failed", "error", "failure", "cancelled", "canceled", "incomplete")
_STARTS = re.compile(r"\{(?=\s{0,40}(?:\\{0,7}[\"'{]|[A-Za-z_]\w{0,40}\s{0,8}[:=]|\}))|\[(?=\s{0,40}\{)")
_ESCAPED_START = re.compile(r"[{\[]\s{0,40}\{?\s{0,40}\\")
_QUOTED_HEAD = re.compile(
    r"unexpected token .{1,6}?, ?\"(.{4,12}?)\"?\.\.\. is not valid json", re.IGNORECASE | re.DOTALL
)
SENTENCES = (
    "Billing hard limit has been reached", "Insufficient balance", "Insufficient credits", "Insufficient quota", "You exceeded your current quota", "Payment Required",
    "Rate limit exceeded", "Rate limit reached for", "Too Many Requests", "Request Entity Too Large", "Payload Too Large", "Content Too Large",
    "Request timed out", "Gateway Timeout", "upstream request timeout", "stream timeout", "Internal Server Error", "Bad Gateway", "Service Unavailable",
    "upstream connect error", "no healthy upstream", "Unauthorized", "Forbidden", "Invalid API key", "Incorrect API key provided", "Invalid token",
    "Your request was rejected by the safety system", "Method Not Allowed", "Model not found", "<!DOCTYPE html>", "<html>",
)  # fmt: skip
"""Bodies that are one well-known sentence: JavaScript's parser quotes only the first ten characters of what it could not read."""
_EVENTS = re.compile(r"\s{0,40}(?:(?:event|data|id|retry):|:)")
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|title|body|center|h[1-6])\b", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,400}>")
_DATA_URL = re.compile(r"data:image/[a-z0-9.+-]{1,20};base64,", re.IGNORECASE)
_MARKDOWN_LINK = re.compile(r"!\[[^\]\n]{0,200}\]\(https?://")
_LONG_RUN = re.compile(r"[A-Za-z0-9+/_=-]{200,}+")


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
    return Unwrapped(
        shape, tuple(walk.layers), walk.pictures, walk.links, " ".join(walk.prose)[:MESSAGE_LIMIT], walk.partial
    )


class _Walk:
    """Collects layers, outermost first, while documents are read."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []
        self.prose: list[str] = []
        self.pictures = self.links = self.nodes = 0
        self.drafts = self.finished = 0

    @property
    def partial(self) -> bool:
        return self.drafts > 0 and not self.finished

    def document(self, text: str) -> str:
        """Read a whole body and name its shape."""
        if text[0] in '{["' or text[0].isdigit() or text[:4] in ("true", "null", "fals"):
            try:
                tree = relaxed.strict(text)
            except ValueError:
                pass
            else:
                self.value(tree, 0, 0, error=False)
                return "json"
        if _EVENTS.match(text) and "data:" in text:
            self.events(text)
            return "events"
        if text[0] == "<" or _HTML.search(text, 0, 2_000):
            self.html(text)
            return "html"
        self.text(text, 0, error=False)
        if text[0] not in "{[":
            return "text"
        return "broken" if text[-1] in "}]" else "cut"

    def text(self, text: str, depth: int, *, error: bool) -> None:
        """Words around a document, then the document: the words are the outer speaker's."""
        if depth >= STRING_NESTING:
            self.layers.append(Layer(message=text[:MESSAGE_LIMIT], error=error))
            return
        if depth and _HTML.search(text, 0, 400):
            self.html(text)
            return
        outside, trees = _split(text)
        outside = outside.strip(" \t\r\n,:;")
        if outside[:1] == outside[-1:] and outside[:1] in ("'", '"', "`"):
            outside = outside.strip(outside[0])
        if outside:
            self.layers.append(Layer(message=outside[:MESSAGE_LIMIT], error=error))
        if head := _QUOTED_HEAD.search(outside):
            self.layers.extend(Layer(message=whole) for whole in SENTENCES if whole.lower().startswith(head[1].lower()))
        known = len(self.layers)
        for tree in trees:
            self.value(tree, 0, depth + 1, error=error)
        if trees and len(self.layers) == known:
            self.layers.append(Layer(message=text[:MESSAGE_LIMIT], error=error))  # a dump of some other kind

    def events(self, text: str) -> None:
        """A server-sent event stream; the words of failed events are errors."""
        for name, data in _events(text):
            failed = "error" in name or "failed" in name
            if "partial_image" in name:
                self.drafts += 1
                continue
            if "completed" in name or name == "done":
                self.finished += 1
            if data == "[DONE]":
                continue
            try:
                tree = relaxed.strict(data)
            except ValueError:
                self.text(data, 1, error=failed)
                continue
            if isinstance(tree, dict) and "partial_image" in str(tree.get("type", "")):
                self.drafts += 1
                continue
            if isinstance(tree, dict) and "completed" in str(tree.get("type", "")):
                self.finished += 1
            self.value(tree, 0, 1, error=failed)

    def html(self, text: str) -> None:
        """The visible words of a page, from its head."""
        for tag in ("script", "style"):
            text = _without(text, tag)
        words = " ".join(_TAG.sub(" ", text).split())
        self.layers.append(Layer(message=words[:MESSAGE_LIMIT], speaker="edge"))

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
        elif isinstance(node, str):
            self.string(node, strings, error=error)

    def string(self, text: str, strings: int, *, error: bool) -> None:
        """A string that is no field of a mapping: a picture, or words."""
        if _DATA_URL.match(text) or _is_elided(text):
            self.pictures += 1
        elif text.strip():
            self.text(text, strings + 1, error=error)

    def mapping(self, node: Mapping[str, Any], depth: int, strings: int, *, error: bool) -> None:
        self.picture(node)
        layer, nested = _layer(node)
        state = node.get("status")
        error = error or (isinstance(state, str) and state.lower() in _FAILED)
        outside: list[str] = []
        inner: list[Any] = []
        for text in layer.pop("messages"):
            if ("{" in text or "<" in text) and strings < STRING_NESTING:
                if _HTML.search(text, 0, 400):
                    inner.append(text)
                    continue
                around, trees = _split(text)
                outside.append(around.strip())
                inner.extend(trees)
            elif text:
                outside.append(text)
        message = " | ".join(dict.fromkeys(filter(None, outside)))[:MESSAGE_LIMIT]
        if (
            message
            or layer["code"]
            or layer["type"]
            or layer["status"]
            or _TELLING & {key for key, _ in layer["details"]}
        ):
            self.layers.append(Layer(message=message, error=error, **layer))
        for tree in inner:
            if isinstance(tree, str):
                self.html(tree)
            else:
                self.value(tree, 0, strings + 1, error=True)
        for key, child in nested:
            blamed = error or key in ("error", "errors", "Error")
            self.value(child, depth + 1, strings, error=blamed)

    def picture(self, node: Mapping[str, Any]) -> None:
        """Count what this mapping itself delivers, and keep the model's prose."""
        if node.get("thought") is True:
            return
        inline = node.get("inlineData") or node.get("inline_data")
        if isinstance(inline, dict) and inline.get("data"):
            self.pictures += 1
        for key in ("b64_json", "image_base64", "bytesBase64Encoded", "b64"):
            if isinstance(node.get(key), str) and node[key].strip():
                self.pictures += 1
        if node.get("type") == "image_generation_call" and isinstance(node.get("result"), str) and node["result"]:
            self.pictures += 1
        url = node.get("url")
        if isinstance(url, str) and not node.get("b64_json"):
            if _DATA_URL.match(url):
                self.pictures += 1
            elif url.startswith(("http://", "https://")) and "message" not in node and "description" not in node:
                self.links += 1
        for key in ("text", "content", "output_text"):
            words = node.get(key)
            if isinstance(words, str):
                self.pictures += len(_DATA_URL.findall(words))
                self.links += len(_MARKDOWN_LINK.findall(words))
                self.prose.append(words[:MESSAGE_LIMIT])
        images = node.get("images")
        if isinstance(images, list):
            self.pictures += sum(isinstance(image, str) and not image.startswith("http") for image in images)
            self.links += sum(isinstance(image, str) and image.startswith("http") for image in images)


def _layer(node: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, Any]]]:
    """The fields of a mapping's own layer, and the children that may hold further ones."""
    fields: dict[str, Any] = {"code": "", "type": "", "param": "", "status": ""}
    messages: list[str] = []
    details: list[tuple[str, str]] = []
    nested: list[tuple[str, Any]] = []
    for key, child in node.items():
        role = _ROLES.get(key, "")
        if role == "echo" or child is None:
            continue
        if isinstance(child, (dict, list)):
            if (
                role in ("message", "merged")
                and isinstance(child, list)
                and all(isinstance(item, str) for item in child)
            ):
                messages.extend(child[:8])
            elif role == "merged":
                details.extend(_scalars(child))
                nested.extend(_documents(child))
            else:
                nested.append((key, child))
        elif role == "message" and isinstance(child, str):
            messages.append(child)
        elif value := _scalar(child):
            details.append((key, value[:200]))
            if role in fields and not fields[role]:
                fields[role] = value
    fields["messages"] = messages
    fields["details"] = tuple(details[:DETAIL_LIMIT])
    return fields, nested


def _scalars(node: Any, key: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """(key, value) of every scalar below a node, at most DETAIL_LIMIT of them."""
    if depth > 8:
        return
    if isinstance(node, dict):
        for name, child in list(node.items())[:DETAIL_LIMIT]:
            yield from _scalars(child, name, depth + 1)
    elif isinstance(node, list):
        for child in node[:DETAIL_LIMIT]:
            yield from _scalars(child, key, depth + 1)
    elif value := _scalar(node):
        yield key, value[:200]


def _documents(node: Any) -> Iterator[tuple[str, Any]]:
    """Errors within merged details: a mapping under `error`, and strings that hold a document (`metadata.raw`)."""
    for item in node if isinstance(node, list) else [node]:
        if isinstance(item, dict):
            for key, child in item.items():
                if key in ("error", "innererror", "cause") and isinstance(child, dict):
                    yield "error", child
                elif isinstance(child, str) and (key == "raw" or "{" in child):
                    yield "error", child


def _scalar(value: Any) -> str:
    """A string, number or true as text; everything else is empty."""
    if isinstance(value, str):
        return value.strip()[:400]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else ""


def _is_elided(text: str) -> bool:
    return text.startswith("<") and "base64" in text[:40]


def _split(text: str) -> tuple[str, list[Any]]:
    """Words outside, and the documents inside, a text; every character is read at most twice."""
    outside: list[str] = []
    trees: list[Any] = []
    at = 0
    while len(trees) < 4 and (start := _STARTS.search(text, at)):
        begin = start.start()
        if _ESCAPED_START.match(text, begin):
            text, begin, at = relaxed.unescape(text[begin:]), 0, _keep(outside, text[at:begin])
            if _ESCAPED_START.match(text):
                text = relaxed.unescape(text)
        tree, end = relaxed.read(text, begin)
        if _says_something(tree):
            at = _keep(outside, text[at:begin], end)
            trees.append(tree)
        else:
            at = _keep(outside, text[at:end], end)
    outside.append(text[at:])
    return " ".join(outside), trees


def _keep(outside: list[str], words: str, at: int = 0) -> int:
    outside.append(words)
    return at


def _says_something(tree: Any) -> bool:
    if isinstance(tree, list):
        return any(isinstance(item, dict) and item for item in tree[:4])
    return bool(tree)


def _events(text: str) -> Iterator[tuple[str, str]]:
    """(event name, data) of a server-sent event stream."""
    name, data, count = "", [], 0
    for line in [*text.splitlines(), ""]:
        field, _, value = line.partition(":")
        if field == "event":
            name = value.strip()
        elif field == "data":
            data.append(value.strip())
        elif not line.strip() and data:
            yield name, "\n".join(data)
            name, data, count = "", [], count + 1
            if count >= EVENT_LIMIT:
                return


def _without(text: str, tag: str) -> str:
    """A page without the contents of one tag; an unclosed one swallows the rest."""
    kept = []
    lower = text.lower()
    at = 0
    while (start := lower.find(f"<{tag}", at)) >= 0:
        kept.append(text[at:start])
        end = lower.find(f"</{tag}", start)
        if end < 0:
            return "".join(kept)
        at = end
    kept.append(text[at:])
    return "".join(kept)
