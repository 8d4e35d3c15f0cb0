"""LiteLLM's rows as lines of own traffic: spend logs (`LiteLLM_SpendLogs`) and callbacks (`StandardLoggingPayload`)."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any

from probe import headers, model
from probe.config import secrets
from probe.own import fields
from probe.recorder import facts, scrubbing

SOURCE = "litellm"

IMAGE_CALLS = frozenset({"image_generation", "aimage_generation", "image_edit", "aimage_edit", "image_variation"})

TIMEOUT_CLASSES = frozenset({"Timeout", "APITimeoutError"})

TEXT_CHARACTERS, WORD_CHARACTERS = 4_096, 200


class NotAnImageError(ValueError):
    """A row of another kind of call, which is no fault of the file."""


def is_row(told: Mapping[str, Any]) -> bool:
    return "startTime" in told and "call_type" in told


def line(told: Mapping[str, Any], key: bytes | None) -> dict[str, Any]:
    """One attempt as a line of own traffic. `key` hashes the prompt, where the row holds one. Raises ValueError.

    The id of a call is the same for each attempt and fall-back; only with its start it names one attempt.
    """
    made_by = word(told.get("call_type"))
    if made_by not in IMAGE_CALLS:
        raise NotAnImageError(f"a {made_by} call of LiteLLM, which makes no picture")
    started, ended = moment(told, "startTime"), moment(told, "endTime")
    metadata = object_in(told.get("metadata"))
    call = word(told.get("litellm_call_id")) or word(told.get("request_id")) or word(told.get("id"))
    served = word(told.get("model")).rpartition("/")[2]
    group = word(told.get("model_group"))
    original = word(metadata.get("original_model_group")) or word(told.get("original_model_group"))
    extra = object_in(object_in(told.get("hidden_params")).get("additional_headers"))
    asked = asked_of(told, metadata)
    prompt = facts.prompt_of(asked) or facts.prompt_of({"messages": told.get("messages")})
    retries = number(extra.get("x-litellm-attempted-retries", metadata.get("attempted_retries")))
    return {
        "schema_version": fields.SCHEMA_VERSION,
        "id": f"litellm:{call}:{round(started.timestamp() * 1000)}",
        "source": SOURCE,
        "sent_at": stamp(started),
        "elapsed_s": round(max((ended - started).total_seconds(), 0.0), 3),
        "url": word(told.get("api_base")),
        "model": served,
        **facts.order_of(asked),
        "operation": "edit" if "edit" in made_by else "generate",
        "n": number(asked.get("n")),
        "tier": "" if asked.get("size") or asked.get("image_size") else tier_in(group),
        "attempt": 1,
        "batch": word(metadata.get("batch")),
        "prompt_id": facts.prompt_id(prompt, key) if prompt and key else "",
        "headers": {"x-litellm-call-id": call, **dict(upstream_headers(extra))},
        **answer(told, metadata, prompt),
        "gateway": {
            "kind": SOURCE,
            "id": f"{call}:{round(started.timestamp() * 1000)}",
            "began_at": stamp(started),
            "model": group,
            "asked_model": original or group,
            "duration_s": None,
            "attempts": 1 + (retries or 0),
        },
    }


def answer(told: Mapping[str, Any], metadata: Mapping[str, Any], prompt: str | None) -> dict[str, Any]:
    """What came back: a picture, by LiteLLM's word, or the error it passes on."""
    error = object_in(told.get("error_information")) or object_in(metadata.get("error_information"))
    failed = told.get("status") == "failure" or metadata.get("status") == "failure"
    usage = object_in(object_in(metadata.get("usage_object")).get("completion_tokens_details"))
    response = object_in(told.get("response"))
    if not failed:
        return {
            "status": 200,
            "picture_count": number(object_in(metadata.get("usage_object")).get("output_image_count")) or 1,
            "image_tokens": number(usage.get("image_tokens")),
            "echoed_size": word(response.get("size")) or None,
            "echoed_quality": word(response.get("quality")) or None,
        }
    said = (error.get("error_message"), told.get("error_str"))
    text = next((each for each in said if each and isinstance(each, str)), "")
    words = scrubbing.Scrub(prompt, ())(secrets.cut(text, TEXT_CHARACTERS))
    code = word(error.get("error_code"))
    if word(error.get("error_class")) in TIMEOUT_CLASSES:  # LiteLLM's own 408: no server said it
        return {"fault": str(model.Fault.DEADLINE), "fault_text": words}
    return {"status": int(code) if code.isdecimal() and int(code[:3]) >= 100 else None, "text": words}


def asked_of(told: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the request, as far as the row holds them.

    A payload of LiteLLM 1.106 has no size of images; the callback in docs/own-traffic.md adds `optional_params`.
    Spend logs have the whole request where `store_prompts_in_spend_logs` is on.
    """
    request = object_in(told.get("proxy_server_request")) or object_in(metadata.get("proxy_server_request"))
    body = object_in(request.get("body")) or request
    found = {name: body[name] for name in ("prompt", "size", "quality", "n", "imageSize") if name in body}
    return found | object_in(told.get("model_parameters")) | object_in(told.get("optional_params"))


def tier_in(group: str) -> str:
    """The built-in tier that a model group is named after, as `img-4k-high`."""
    names = [f"{resolution}-{quality}" for resolution in ("1k", "2k", "4k") for quality in ("low", "medium", "high")]
    return next((name for name in names if group == name or group.endswith(f"-{name}")), "")


def upstream_headers(extra: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Headers of the upstream's answer, which LiteLLM keeps under names of its own."""
    for name, value in extra.items():
        plain = name.lower().removeprefix("llm_provider-")
        if headers.kept(plain) and plain != "content-length" and not plain.startswith("x-litellm"):
            yield plain, str(value)


def moment(told: Mapping[str, Any], name: str) -> dt.datetime:
    """Seconds since 1970 (callbacks) or ISO 8601, UTC where no zone is named (spend logs); raises ValueError."""
    value = told.get(name)
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return dt.datetime.fromtimestamp(value, dt.UTC)
        at = dt.datetime.fromisoformat(value) if isinstance(value, str) else None
        if at is not None:
            return at.astimezone(dt.UTC) if at.tzinfo else at.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise ValueError(f"{name} is no time")


def stamp(at: dt.datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def object_in(value: Any) -> dict[str, Any]:
    """An object, also as the JSON text that database columns hold; empty where there is none."""
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def word(value: Any) -> str:
    return value[:WORD_CHARACTERS] if isinstance(value, str) else ""


def number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10_000_000 else None
