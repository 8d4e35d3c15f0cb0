"""The bodies of successful answers: pictures, echo and usage as the originals report them."""

import base64
import dataclasses
import json
import math
import urllib.parse
from typing import Any

from probe import tokens
from probe.standin import calls, delivery, orders, pictures, voices

MIME = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
OTHER_FORMAT = {"png": "jpeg", "jpeg": "png", "webp": "png"}


def body(call: calls.Call, wanted: orders.Wanted, delivers: delivery.Delivery, path: str, key: str) -> bytes:
    """The body of a success: up to a second of CPU work.

    `path` names what all requests of a path share, `key` this one.
    """
    result = made(wanted, delivers, path, key)
    if call.protocol == "gemini":
        return google(call, wanted, result, delivers, voices.ids(call.at, key))
    return openai(call, wanted, result, delivers)


@dataclasses.dataclass(frozen=True, slots=True)
class Made:
    """What is delivered in place of what was ordered."""

    width_px: int
    height_px: int
    quality: str
    image_format: str
    flaw: str
    seed: str


def made(wanted: orders.Wanted, delivers: delivery.Delivery, path: str, key: str) -> Made:
    """What a request really gets; `key` names the request, `path` what all its fellows share."""
    order = wanted.order
    return Made(
        delivers.width_px or order.width_px,
        delivers.height_px or order.height_px,
        delivers.quality or order.quality or "",
        OTHER_FORMAT[wanted.output_format] if "mislabelled" in delivers.forms else wanted.output_format,
        "" if delivers.flaw == "repeated" else delivers.flaw,
        path if delivers.flaw == "repeated" else key,
    )


def encoded(made: Made, number: int) -> str:
    """The base64 of the picture of that number in an answer. CPU work."""
    seed = f"{made.seed}/{number}" if number else made.seed
    data = pictures.picture(made.width_px, made.height_px, seed, made.image_format, made.flaw)
    return base64.b64encode(data).decode("ascii")


def openai(call: calls.Call, wanted: orders.Wanted, made: Made, delivers: delivery.Delivery) -> bytes:
    """An Images API answer, JSON or events."""
    pictured = [one(call, wanted, made, delivers, number) for number in range(wanted.count)]
    honest = "dishonest" not in delivers.forms
    order = wanted.order
    shown = {
        "background": wanted.background,
        "output_format": wanted.output_format,
        "quality": made.quality if honest else order.quality or "low",
        "size": f"{made.width_px}x{made.height_px}" if honest else order.size,
    }
    body: dict[str, Any] = {"created": int(call.at.timestamp()), "data": pictured}
    if "no echo" not in delivers.forms:
        body |= shown
    if "no usage" not in delivers.forms:
        body["usage"] = openai_usage(wanted, shown["quality"], shown["size"])
    return events(wanted, body) if wanted.stream else json.dumps(body).encode()


def one(
    call: calls.Call, wanted: orders.Wanted, made: Made, delivers: delivery.Delivery, number: int
) -> dict[str, str]:
    """One entry of `data`."""
    if "url" in delivers.forms:
        seed = urllib.parse.quote(f"{made.seed}/{number}", safe="")
        address = f"files/{made.width_px}x{made.height_px}/{made.image_format}?seed={seed}"
        return {"url": f"{call.request.base_url}{address}"}
    prefix = f"data:{MIME[wanted.output_format]};base64," if "data:" in delivers.forms else ""
    return {"b64_json": prefix + encoded(made, number)}


def openai_usage(wanted: orders.Wanted, quality: str, size: str) -> dict[str, Any]:
    """Token counts by the token law; an edit's reference counts 1000 image tokens."""
    name = wanted.order.model
    factors = tokens.factors(name) or (
        tokens.GPT_IMAGE_25_FACTORS if name.startswith("gpt-image-2.6") else tokens.GPT_IMAGE_2_FACTORS
    )
    width_px, height_px = (int(edge) for edge in size.split("x"))
    factor = factors.get(quality) or tokens.GPT_IMAGE_25_FACTORS[quality]  # a delivery the model does not know
    output = wanted.count * tokens.gpt_image_tokens(width_px, height_px, factor)
    text, image = words(wanted.prompt), 1000 if wanted.order.operation == "edit" else 0
    return {
        "input_tokens": text + image,
        "input_tokens_details": {"image_tokens": image, "text_tokens": text},
        "output_tokens": output,
        "output_tokens_details": {"image_tokens": output, "text_tokens": 0},
        "total_tokens": text + image + output,
    }


def words(prompt: str) -> int:
    """Tokens of a prompt, about four characters each."""
    return max(1, len(prompt) // 4)


def events(wanted: orders.Wanted, body: dict[str, Any]) -> bytes:
    """The same answer as server-sent events."""
    name = "image_edit.completed" if wanted.order.operation == "edit" else "image_generation.completed"
    rest = {key: value for key, value in body.items() if key not in ("data", "created")}
    if "usage" in rest:
        rest["usage"] = {key: value for key, value in rest["usage"].items() if key != "output_tokens_details"}
    event = {"type": name, "created_at": body["created"], **body["data"][0], **rest}
    return f"event: {name}\ndata: {json.dumps(event)}\n\ndata: [DONE]\n\n".encode()


def google(call: calls.Call, wanted: orders.Wanted, made: Made, delivers: delivery.Delivery, ids: voices.Ids) -> bytes:
    """A generateContent answer."""
    name = wanted.order.model
    count = 2 if "draft" in delivers.forms else 1
    parts = [google_part(wanted, made, delivers, number) for number in range(count)]
    if "text" in delivers.forms:
        parts.insert(0, {"text": "Here is the picture you asked for."})
    body: dict[str, Any] = {
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}],
        "modelVersion": name,
        "responseId": ids.response_id,
    }
    if "no usage" not in delivers.forms:
        size = wanted.order.image_size if "dishonest" in delivers.forms else image_size(made)
        body["usageMetadata"] = google_usage(wanted, size or "1K", count, ids)
    if call.who.name == "vertex":
        body["createTime"] = f"{call.at:%Y-%m-%dT%H:%M:%S.%fZ}"
        if "usageMetadata" in body:
            body["usageMetadata"]["trafficType"] = "ON_DEMAND"
    if call.who.name == "shell-api":
        body["promptFeedback"] = {"safetyRatings": None}
    return json.dumps(body).encode()


def google_part(wanted: orders.Wanted, made: Made, delivers: delivery.Delivery, number: int) -> dict[str, Any]:
    """One picture as a part of the content."""
    mime, data = MIME[wanted.output_format], encoded(made, number)
    if "markdown" in delivers.forms:
        return {"text": f"![image](data:{mime};base64,{data})"}
    if "snake" in delivers.forms:
        return {"inline_data": {"mime_type": mime, "data": data}}
    return {"inlineData": {"mimeType": mime, "data": data}}


def image_size(made: Made) -> str:
    """The `imageSize` a picture belongs to, by the geometric mean of its edges (LiteLLM's thresholds)."""
    edge = math.sqrt(made.width_px * made.height_px)
    return "512" if edge < 768 else "1K" if edge < 1536 else "2K" if edge < 3072 else "4K"


def google_usage(wanted: orders.Wanted, size: str, count: int, ids: voices.Ids) -> dict[str, Any]:
    """`usageMetadata`: IMAGE tokens by the table; the candidates' count lies 88 to 630 above them."""
    table = tokens.GEMINI_TOKENS.get(wanted.order.model, tokens.GEMINI_TOKENS["gemini-3.1-flash-image"])
    image = count * table.get(size, table["1K"])
    above = 88 + int(ids.trace_id[:8], 16) % 543
    prompt = words(wanted.prompt)
    return {
        "promptTokenCount": prompt,
        "candidatesTokenCount": image + above,
        "totalTokenCount": prompt + image + above,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": image}],
        "serviceTier": "standard",
    }
