"""What an answer delivers, by the keys of its mappings: pictures, links to pictures, a language model's prose."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

PROSE_LIMIT = 4_000

_KEYS = frozenset(
    (
        "inlineData", "inline_data", "b64_json", "image_base64", "bytesBase64Encoded", "b64", "result", "url", "text", "content", "output_text",
        "images",
    )
)  # fmt: skip
_BASE64 = ("b64_json", "image_base64", "bytesBase64Encoded", "b64")
_PROSE = ("text", "content", "output_text")
_DATA_URL = re.compile(r"data:image/[a-z0-9.+-]{1,20};base64,", re.IGNORECASE)
_MARKDOWN_LINK = re.compile(r"!\[[^\]\n]{0,200}\]\(https?://")


class Contents(NamedTuple):
    """What one mapping, or one string, delivers."""

    pictures: int = 0
    links: int = 0
    prose: str = ""


NOTHING = Contents()


def of_mapping(node: Mapping[str, Any]) -> Contents:
    """What a mapping itself delivers; pictures that are marked as thoughts are drafts and do not count."""
    if _KEYS.isdisjoint(node) or node.get("thought") is True:
        return NOTHING
    inline = node.get("inlineData") or node.get("inline_data")
    pictures = int(isinstance(inline, dict) and bool(inline.get("data")))
    pictures += sum(isinstance(node.get(key), str) and bool(node[key].strip()) for key in _BASE64)
    if node.get("type") == "image_generation_call":
        pictures += isinstance(node.get("result"), str) and bool(node["result"])
    at_url = _of_url(node)
    listed = [of_string(item) for item in node["images"]] if isinstance(node.get("images"), list) else []
    prose = [node[key] for key in _PROSE if isinstance(node.get(key), str)]
    written = " ".join(prose)
    return Contents(
        pictures + at_url.pictures + sum(item.pictures for item in listed) + len(_DATA_URL.findall(written)),
        at_url.links + sum(item.links for item in listed) + len(_MARKDOWN_LINK.findall(written)),
        written[:PROSE_LIMIT],
    )


def _of_url(node: Mapping[str, Any]) -> Contents:
    """A picture by URL, unless the same mapping brings the bytes, or the URL belongs to an error."""
    url = node.get("url")
    if not isinstance(url, str) or node.get("b64_json") or "message" in node or "description" in node:
        return NOTHING
    return of_string(url) if url.startswith(("http://", "https://", "data:")) else NOTHING


def of_string(item: Any) -> Contents:
    """A string in a list of pictures, or a URL: bytes, a data URL, a note that bytes were left out, or a link."""
    if not isinstance(item, str) or not item.strip():
        return NOTHING
    if " " in item[:64].strip() and not is_picture(item):
        return NOTHING  # words where a picture belongs
    return Contents(links=1) if item.startswith(("http://", "https://")) else Contents(pictures=1)


def is_picture(text: str) -> bool:
    """Is this string a data URL, or a note that base64 was left out?"""
    return bool(_DATA_URL.match(text)) or (text.startswith("<") and "base64" in text[:40])
