"""Request ids of a reply by who issued them: gateway, trace, upstream, edge."""

import functools
import re
from collections.abc import Mapping

from probe import model
from probe.taxonomy import unwrap

ID_LIMIT = 128
IDS_LIMIT = 8
"""Ids kept per hop."""

HEADERS: Mapping[str, str] = {
    "x-oneapi-request-id": "gateway",
    "x-shellapi-request-id": "gateway",
    "request-id": "gateway",
    "x-request-id": "gateway",
    "x-generation-id": "gateway",
    "x-upstream-request-id": "upstream",
    "apim-request-id": "upstream",
    "x-ms-request-id": "upstream",
    "x-goog-request-id": "upstream",
    "x-fal-request-id": "upstream",
    "traceid": "trace",
    "x-trace-id": "trace",
    "traceparent": "trace",
    "x-cloud-trace-context": "trace",
    "cf-ray": "edge",
    "x-amz-cf-id": "edge",
    "x-amzn-requestid": "edge",
    "x-vercel-id": "edge",
    "x-azure-ref": "edge",
    "eagleid": "edge",
}
"""Response header -> hop. Any other `x-<brand>-request-id` is a gateway's (new-api forks rename theirs)."""

NONE = model.RequestIds()

_BRAND = re.compile(r"x-[a-z0-9]{2,20}-request-id")
_UNSAFE = re.compile(r"[^A-Za-z0-9._:/+=@~-]")
_UUID = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
_IN_TEXT = {
    "equest": re.compile(
        r"equest[ _-]?(?:id|ID|Id)\W{0,4}"
        r"(?:(?P<upstream>req_[0-9A-Za-z]{6,64}|"
        + _UUID
        + r"|[0-9A-Fa-f]{32})(?![0-9A-Za-z-])|(?P<gateway>[0-9A-Za-z][0-9A-Za-z_-]{7,127}))"
    ),
    "race": re.compile(r"race[ _-]?(?:id|ID|Id)\W{0,4}(?P<trace>[0-9A-Za-z][0-9A-Za-z_-]{5,127})"),
    "ay ID": re.compile(r"ay ID:?\s{0,3}(?:<[^<>]{0,120}>\s{0,3})?(?P<edge>[0-9A-Fa-f]{8,24}(?:-[A-Z]{3})?)"),
    "esponseId": re.compile(r"esponseId\"\s{0,4}:\s{0,4}\"(?P<upstream>[0-9A-Za-z_-]{6,128})\""),
    '"gen-': re.compile(r"\"id\"\s{0,4}:\s{0,4}\"(?P<gateway>gen-[0-9A-Za-z-]{6,100})\""),
}
"""Letters that must stand in the text -> the expression: most replies name no id, and looking for letters is quick."""


def clean(value: str) -> str:
    """An id as it may be stored and shown: harmless characters only, at most ID_LIMIT of them."""
    return _UNSAFE.sub("", value.strip()[: ID_LIMIT * 4])[:ID_LIMIT]


def request_ids(headers: Mapping[str, str], text: str) -> model.RequestIds:
    """Every id a reply names, by hop, without repeats; header ids first, then those in the text, last named first.

    A gateway appends its own id to the message it passes on, so the last one named belongs to the
    outermost gateway.
    """
    named = _in_headers(headers) if headers else []
    if text:
        named += reversed(_in_text(text))
    if not named:
        return NONE
    if len(named) == 1:
        (hop, value), name = named[0], clean(named[0][1])
        return model.RequestIds(**{hop: (name,)}) if name else NONE
    found: dict[str, list[str]] = {"gateway": [], "trace": [], "upstream": [], "edge": []}
    for hop, value in named:
        name = clean(value)
        if name and all(name not in kept for kept in found.values()) and len(found[hop]) < IDS_LIMIT:
            found[hop].append(name)
    return model.RequestIds(**{hop: tuple(values) for hop, values in found.items()})


def _in_headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    direct = "openai-processing-ms" in headers or "openai-version" in headers
    found = []
    for name, value in headers.items():
        hop = _hop(name)
        if hop == "gateway" and name.lower() == "x-request-id" and (direct or value.startswith("req_")):
            hop = "upstream"  # OpenAI's own answer, or passed on unchanged
        if hop:
            found.append((hop, value))
    return found


@functools.lru_cache(maxsize=1024)
def _hop(header: str) -> str:
    """Whose ids stand in this header; "" where none do. Remembered: all answers have the same few."""
    key = header.lower()
    return HEADERS.get(key) or ("gateway" if _BRAND.fullmatch(key) else "")


def _in_text(text: str) -> list[tuple[str, str]]:
    """(hop, id) of the ids a text names, in the order they stand."""
    text = unwrap.shorten(text)
    found: list[re.Match[str]] = []
    for letters, pattern in _IN_TEXT.items():
        if letters in text:
            found += pattern.finditer(text)
    if not found:
        return []
    found.sort(key=re.Match.start)
    return [(match.lastgroup or "gateway", match[match.lastgroup or 0]) for match in found]
