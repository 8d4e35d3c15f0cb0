"""From what passed to one line of the spool: facts of the request and its answer, without prompt, picture or key."""

import datetime as dt
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from probe import headers, ids, model
from probe.recorder import bodies, faults, passing, scrubbing

SCHEMA_VERSION = 1

TEXT_CHARACTERS = 4_096
"""Of an answer without a picture."""

MOST_TOKENS, MOST_USD = 10_000_000, 1_000.0
"""An answer that tells of more is not believed."""

ORDER = ("size", "quality", "image_size", "aspect_ratio")
KEY_HEADERS = ("authorization", "x-goog-api-key", "api-key", "x-api-key", "x-key")

LAST_EVENTS = (b"[DONE]", b".completed")
"""After one of these in a stream of events nothing that matters follows."""


def line(item: Any, key: bytes) -> dict[str, Any] | None:
    """The object of one line; None where it was no request for a picture."""
    told = of_told(item, key) if isinstance(item, passing.Told) else of_seen(item, key)
    if told is None:
        return None
    return {name: value for name, value in told.items() if value not in (None, "", [], {})}


def of_seen(seen: passing.Seen, key: bytes) -> dict[str, Any] | None:
    """An attempt that a hook saw pass."""
    request, response = seen.request, seen.response
    asked = request_of(request)
    modalities = asked.get("modalities")
    if request.url.path.endswith("/chat/completions") and not (isinstance(modalities, list) and "image" in modalities):
        return None
    found = re.search(r"/models/([^/:]+):", request.url.path)
    prompt = prompt_of(asked)
    body = seen.body
    if response is not None and body.packed:
        body = unpacked(response, body)
    scrub = scrubbing.Scrub(prompt, keys_of(request))
    error = None if was_enough(seen) else seen.error
    retries = request.headers.get("x-stainless-retry-count", "")
    return {
        **common(seen.at, scrub, seen.batch),
        "elapsed_s": rounded(seen.elapsed_s),
        "headers_s": rounded(seen.headers_s),
        "url": f"{request.url.scheme}://{request.url.netloc.decode('ascii')}{request.url.path}",
        "model": found[1] if found else asked.get("model"),
        **order_of(asked),
        "operation": "edit" if request.url.path.endswith("/edits") else "generate",
        "n": asked.get("n"),
        "attempt": int(retries) + 1 if retries.isdecimal() else 1,
        "prompt_id": prompt_id(prompt, key),
        "status": response.status_code if response is not None else None,
        "headers": kept(response.headers, scrub) if response is not None else None,
        **answer(body, scrub, complete=error is None),
        **fault(error, scrub),
    }


def was_enough(seen: passing.Seen) -> bool:
    """Did the program leave after it had what matters: a failure's status, or the last event of a stream?"""
    if not isinstance(seen.error, GeneratorExit) or seen.response is None:
        return False
    return seen.response.status_code >= 300 or any(mark in seen.body.text for mark in LAST_EVENTS)


def of_told(told: passing.Told, key: bytes) -> dict[str, Any]:
    """An attempt that the program told of."""
    facts = told.facts
    scrub = scrubbing.Scrub(facts["prompt"], ())
    elapsed_s = facts["elapsed_s"]
    sent_at = facts["sent_at"] or told.at - dt.timedelta(seconds=elapsed_s or 0.0)
    error = facts["exception"]
    same = ("model", "size", "quality", "image_size", "aspect_ratio", "operation", "channel", "attempt", "charged_usd")
    return {
        **common(sent_at.astimezone(dt.UTC), scrub, facts["batch"]),
        "elapsed_s": rounded(elapsed_s),
        "url": facts["url"].partition("?")[0],
        **{name: facts[name] for name in same},
        "prompt_id": prompt_id(facts["prompt"], key),
        "status": facts["status"],
        "headers": kept(facts["headers"] or {}, scrub),
        **answer(told.body, scrub, complete=error is None),
        **({"fault_text": scrub(error)[:500]} if isinstance(error, str) else fault(error, scrub)),
    }


def common(sent_at: dt.datetime, scrub: scrubbing.Scrub, batch: str) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "id": ids.new(sent_at),
        "sent_at": sent_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "batch": scrub(str(batch))[:100],
    }


def rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def request_of(request: Any) -> dict[str, Any]:
    """The fields of a JSON or multipart request, files left out; empty where they cannot be read."""
    parts = getattr(request.stream, "fields", None)
    if parts is not None:
        return {part.name: part.value for part in parts if isinstance(getattr(part, "value", None), str)}
    try:
        found = json.loads(request.content)
    except Exception:  # noqa: BLE001 - an upload that was not held, or no JSON
        return {}
    return found if isinstance(found, dict) else {}


def prompt_of(asked: Mapping[str, Any]) -> str | None:
    """The prompt in the fields of any of the protocols."""
    if isinstance(asked.get("prompt"), str):
        return str(asked["prompt"])
    texts = [*texts_in(asked.get("contents")), *texts_in(asked.get("messages"))]
    return "\n".join(texts) or None


def texts_in(value: Any) -> Iterator[str]:
    """Texts of Gemini's `contents` and of chat messages."""
    if isinstance(value, list):
        for each in value:
            yield from texts_in(each)
    elif isinstance(value, dict):
        for name in ("text", "content", "parts"):
            found = value.get(name)
            if isinstance(found, str):
                yield found
            else:
                yield from texts_in(found)


def order_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What was ordered, in the words of the request."""
    config = asked.get("generationConfig")
    image = config.get("imageConfig") if isinstance(config, dict) else asked.get("image_config")
    image = image if isinstance(image, dict) else {}
    found = {
        "image_size": image.get("imageSize") or image.get("image_size"),
        "aspect_ratio": image.get("aspectRatio") or image.get("aspect_ratio"),
    }
    found |= {name: asked[name] for name in ORDER if asked.get(name)}
    return {name: str(value)[:40] for name, value in found.items() if value}


def prompt_id(prompt: str | None, key: bytes) -> str | None:
    """The name under which a prompt is recognised: a keyed hash, which nobody without the key can test a guess on."""
    if not prompt:
        return None
    return model.OWN_PROMPT + hmac.new(key, prompt.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:16]


def keys_of(request: Any) -> tuple[str, ...]:
    """Keys the request carries, which its answer may quote."""
    found = [request.headers.get(name, "").removeprefix("Bearer ").strip() for name in KEY_HEADERS]
    found += [value for name, value in request.url.params.multi_items() if name in {"key", "api_key"}]
    return tuple(value for value in found if len(value) >= 8)


def kept(found: Mapping[str, str], scrub: scrubbing.Scrub) -> dict[str, str]:
    """The headers that are facts."""
    pairs = ((name.lower(), value) for name, value in found.items())
    return {name: scrub(str(value))[:200] for name, value in pairs if headers.kept(name)}


def unpacked(response: Any, body: bodies.Body) -> bodies.Body:
    """A body in an encoding that only the program's own library undoes."""
    plain = bodies.Body()
    same = {"content-encoding": body.encoding}
    plain.feed(type(response)(response.status_code, headers=same, content=bytes(body.packed)).content)
    plain.end()
    return plain


def answer(body: bodies.Body, scrub: scrubbing.Scrub, *, complete: bool) -> dict[str, Any]:
    """Facts of the answer. Where it holds a picture, its words are not kept: they may quote the prompt."""
    text = body.text.decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    told = reported(found) if isinstance(found, dict) else {}
    if body.pictures and complete:
        return {**told, "picture_count": len(body.pictures), "picture": body.pictures[-1]}
    return {**told, "text": scrub(text)[:TEXT_CHARACTERS]}


def reported(found: Mapping[str, Any]) -> dict[str, Any]:
    """What the answer says of itself: size, quality, tokens, cost, and the model that served it; nonsense left out."""
    usage = found.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    details = usage.get("output_tokens_details")
    tokens = details.get("image_tokens") if isinstance(details, dict) else usage.get("output_tokens")
    metadata = found.get("usageMetadata")
    parts = metadata.get("candidatesTokensDetails") if isinstance(metadata, dict) else None
    for each in parts if isinstance(parts, list) else ():
        if isinstance(each, dict) and each.get("modality") == "IMAGE":
            tokens = each.get("tokenCount")
    return {
        "image_tokens": sane(tokens, MOST_TOKENS) if isinstance(tokens, int) else None,
        "echoed_size": found.get("size") if isinstance(found.get("size"), str) else None,
        "echoed_quality": found.get("quality") if isinstance(found.get("quality"), str) else None,
        "served_model": next(
            (found[name] for name in ("modelVersion", "model") if isinstance(found.get(name), str)), None
        ),
        "charged_usd": sane(usage.get("cost"), MOST_USD),
    }


def sane(value: Any, most: float) -> Any:
    """A number of at most so much, as a line may hold it; None for everything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= most else None


def fault(error: BaseException | None, scrub: scrubbing.Scrub) -> dict[str, Any]:
    """What kept the answer from coming, in the words of `model.Fault`, and the exception's own."""
    if error is None:
        return {}
    return {"fault": faults.named(error), "fault_text": scrub(f"{type(error).__name__}: {error}")[:500]}
