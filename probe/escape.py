"""Text from outside made harmless for a terminal and for Markdown; HTML is escaped by its template engine."""

import re

UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
"""C0, DEL, C1, bidirectional and zero-width controls, line separators, lone surrogates, tag characters."""

MARKDOWN = re.compile(
    r"""[\\`*\[\]<>|&$~@]          # syntax anywhere
    | (?<![A-Za-z0-9])_ | _(?![A-Za-z0-9])   # emphasis at a word's edge
    | !(?=\[)
    | ^[#+\-=]                     # syntax at the start of a line
    | (?<=http):|(?<=https):|(?<=ftp):|(?<=www)\.   # links nobody wrote as links""",
    re.VERBOSE | re.IGNORECASE,
)


def visible(text: str) -> str:
    r"""Show what a terminal would obey or a reader would not see: `\x1b`, `\u202e`; one line stays one line."""
    return UNSEEN.sub(lambda match: match[0].encode("unicode_escape", "surrogatepass").decode(), text)


def markdown(text: str) -> str:
    """`visible`, with every character that Markdown or inline HTML could take for syntax escaped."""
    escaped = MARKDOWN.sub(lambda match: f"\\{match[0]}", visible(text))
    return re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", escaped)
