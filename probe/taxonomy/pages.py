"""The words of an HTML page, and the events of a server-sent event stream."""

import re
from collections.abc import Iterator

EVENT_LIMIT = 400
"""Events read of one stream."""

_EVENTS = re.compile(r"\s{0,40}(?:(?:event|data|id|retry):|:)")
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|title|body|center|h[1-6])\b", re.IGNORECASE)
_MARKUP = re.compile(r"<[?A-Za-z][^<>]{0,400}>")
_TAG = re.compile(r"<[^<>]{0,400}>")


def is_html(text: str, within: int) -> bool:
    """Does a page begin within so many characters?"""
    return "<" in text and _HTML.search(text, 0, within) is not None


def is_markup(text: str) -> bool:
    """Is this other markup, such as the XML errors of object stores?"""
    return _MARKUP.match(text) is not None


def is_events(text: str) -> bool:
    """Does this look like a server-sent event stream?"""
    return "data:" in text and _EVENTS.match(text) is not None


def words(html: str) -> str:
    """The visible words of a page."""
    for tag in ("script", "style"):
        html = _without(html, tag)
    return " ".join(_TAG.sub(" ", html).split())


def events(text: str) -> Iterator[tuple[str, str]]:
    """(event name, data) of a stream, data lines joined; at most EVENT_LIMIT of them."""
    name, count = "", 0
    data: list[str] = []
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


def _without(html: str, tag: str) -> str:
    """A page without the contents of one tag; an unclosed one swallows the rest."""
    kept = []
    lower = html.lower()
    at = 0
    while (start := lower.find(f"<{tag}", at)) >= 0:
        kept.append(html[at:start])
        end = lower.find(f"</{tag}", start)
        if end < 0:
            return "".join(kept)
        at = end
    kept.append(html[at:])
    return "".join(kept)
