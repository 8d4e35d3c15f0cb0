"""Which keys of a JSON mapping are a speaker's message, code, type and details, over the dialects that are met."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

DETAIL_LIMIT = 64
"""Details kept of one mapping."""

_MESSAGE = (
    "message", "msg", "Message", "error_message", "error_msg", "errorMessage", "errorMsg", "error_description", "detail", "error", "Error",
    "description", "title", "finishMessage", "finish_message", "blockReasonMessage", "localized_message", "raw", "fail_reason", "failReason",
    "failure_reason", "failureReason", "cause", "errMsg", "err_msg", "errmsg", "parse_error", "statusText", "raiFilteredReason",
    "status_msg", "statusMessage", "status_message", "retMsg", "ret_msg", "failure", "failed_reason", "error_detail", "errorDetail", "explanation",
    "exception", "task_status_msg", "failure_message", "fail_msg",
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
    "errorType",
    "failureCode",
    "fail_code",
    "failCode",
    "ret",
    "retCode",
    "ret_code",
    "__type",
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
_ECHOES = (
    "prompt", "input", "inputs", "requestParameters", "request", "request_body", "messages", "instructions", "contents", "revised_prompt",
)  # fmt: skip
"""Keys that repeat what the caller sent: never read as an answer."""

_ROLES: Mapping[str, str] = {
    **dict.fromkeys(_MESSAGE, "message"),
    **dict.fromkeys(_CODE, "code"),
    **dict.fromkeys(_MERGED, "merged"),
    **dict.fromkeys(_ECHOES, "echo"),
    "type": "type",
    "param": "param",
    "status": "status",
    "task_status": "status",
    "taskStatus": "status",
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
    """Speakers within merged details: a mapping under `error`, and strings that hold a document (`metadata.raw`)."""
    for item in node if isinstance(node, list) else [node]:
        if not isinstance(item, dict):
            continue
        for key, child in item.items():
            is_error = key in ("error", "innererror", "cause") and isinstance(child, dict)
            is_document = isinstance(child, str) and (key == "raw" or "{" in child)
            if is_error or is_document:
                yield "error", child
