"""Which keys of a JSON mapping are a speaker's message, code, type and details, over the dialects that are met."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

DETAIL_LIMIT = 64
"""Details kept of one mapping."""

_MESSAGE = (
    "message", "msg", "error_message", "error_msg", "error_description", "detail", "error", "description", "title", "finish_message",
    "block_reason_message", "localized_message", "raw", "fail_reason", "failure_reason", "failed_reason", "cause", "err", "err_msg", "parse_error",
    "status_text", "rai_filtered_reason", "status_msg", "status_message", "ret_msg", "failure", "error_detail", "explanation", "exception",
    "task_status_msg", "failure_message", "fail_msg", "fail_message", "errors", "user_message", "display_message", "result_msg", "error_text",
    "error_info", "reason_phrase", "warning",
)  # fmt: skip
_CODE = (
    "code", "error_code", "err_code", "status_code", "name", "error_type", "failure_code", "fail_code", "ret", "ret_code", "__type", "error_name",
)  # fmt: skip
_MERGED = (
    "details",
    "innererror",
    "inner_error",
    "metadata",
    "moderation_details",
    "additional_info",
)
"""Keys whose contents belong to the message they stand beside."""
_ECHOES = (
    "prompt", "input", "inputs", "request_parameters", "request", "request_body", "messages", "instructions", "contents", "revised_prompt",
)  # fmt: skip
"""Keys that repeat what the caller sent: never read as an answer."""


def _spellings(name: str) -> Iterator[str]:
    """`fail_msg`, `failMsg`, `FailMsg` and `failmsg`: services agree on words, not on how to join them."""
    words = name.split("_")
    joined = "".join(word.title() for word in words)
    yield from (name, name.replace("_", ""), joined[:1].lower() + joined[1:], joined)


_ROLES: Mapping[str, str] = {
    spelling: role
    for role, names in (
        ("message", _MESSAGE),
        ("code", _CODE),
        ("merged", _MERGED),
        ("echo", _ECHOES),
        ("type", ("type",)),
        ("param", ("param",)),
        ("status", ("status", "task_status", "state", "task_state", "job_status")),
    )
    for name in names
    for spelling in _spellings(name)
}
_TELLING = frozenset(
    (
        "finishReason", "finish_reason", "blockReason", "reason", "quotaId", "retryDelay", "moderation_stage", "raiFilteredReason",
        "resets_in_seconds", "success",
    )
)  # fmt: skip
"""Details that make a speaker even where nothing else stands beside them."""


class Fields(NamedTuple):
    """What one mapping says itself, and the children in which others may speak."""

    messages: list[str]
    code: str
    type: str
    param: str
    status: str
    details: list[tuple[str, str]]
    nested: list[tuple[str, Any]]

    @property
    def telling(self) -> bool:
        """Does it say anything besides its message?"""
        return bool(self.code or self.type or self.status) or any(key in _TELLING for key, _ in self.details)


def read(node: Mapping[str, Any]) -> Fields:
    """Sort the keys of a mapping by their role."""
    named = {"code": "", "type": "", "param": "", "status": ""}
    messages: list[str] = []
    details: list[tuple[str, str]] = []
    nested: list[tuple[str, Any]] = []
    for key, child in node.items():
        role = _ROLES.get(key, "")
        if role == "echo" or child is None:
            continue
        if isinstance(child, (dict, list)):
            if role in ("message", "merged") and _is_words(child):
                messages.extend(child[:8])
            elif role == "merged":
                details.extend(_scalars(child))
                nested.extend(_documents(child))
            else:
                nested.append((key, child))
        elif role == "message" and isinstance(child, str):
            messages.append(child)
        elif value := scalar(child):
            details.append((key, value[:200]))
            if role in named and not named[role]:
                named[role] = value
    return Fields(
        messages, named["code"], named["type"], named["param"], named["status"], details[:DETAIL_LIMIT], nested
    )


def scalar(value: Any) -> str:
    """A string, number or truth value as text; everything else is empty."""
    if isinstance(value, str):
        return value.strip()[:400]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, float)) else ""


def _is_words(child: Any) -> bool:
    return isinstance(child, list) and all(isinstance(item, str) for item in child)


def _scalars(node: Any, key: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """(key, value) of the scalars below a node."""
    if depth > 8:
        return
    if isinstance(node, dict):
        for name, child in list(node.items())[:DETAIL_LIMIT]:
            yield from _scalars(child, name, depth + 1)
    elif isinstance(node, list):
        for child in node[:DETAIL_LIMIT]:
            yield from _scalars(child, key, depth + 1)
    elif value := scalar(node):
        yield key, value[:200]


def _documents(node: Any) -> Iterator[tuple[str, Any]]:
    """Speakers within merged details: a mapping with a message of its own, one under `error`, and strings that hold a document (`metadata.raw`)."""
    for item in node if isinstance(node, list) else [node]:
        if not isinstance(item, dict):
            continue
        if isinstance(item.get("message") or item.get("msg"), str):
            yield "error", item
            continue
        for key, child in item.items():
            is_error = key in ("error", "innererror", "cause") and isinstance(child, dict)
            is_document = isinstance(child, str) and (key == "raw" or "{" in child)
            if is_error or is_document:
                yield "error", child
