"""Whose voice answers: request ids, headers and error words of each personality, as rows."""

import dataclasses
import datetime as dt
import json
import random
import string
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from probe import model
from probe.standin import replies


@dataclasses.dataclass(frozen=True, slots=True)
class Ids:
    """What one request is called by everyone on its way."""

    request_id: str  # of OpenAI: req_ and 32 hex digits
    gateway_id: str  # of the new-api family: time, nine digits, eight characters
    trace_id: str
    upstream_id: str
    response_id: str  # Google's, in the body
    cf_ray: str


def ids(at: dt.datetime, key: str) -> Ids:
    """Ids of the request sent at `at`; the same `key` gives the same ids."""
    draw = random.Random(key)  # noqa: S311 - reproducible by purpose
    letters = string.ascii_letters + string.digits
    u = f"{draw.getrandbits(128):032x}"
    return Ids(
        request_id=f"req_{draw.getrandbits(128):032x}",
        gateway_id=f"{at:%Y%m%d%H%M%S}{draw.randrange(10**9):09d}" + "".join(draw.choices(letters, k=8)),
        trace_id=f"{draw.getrandbits(128):032x}",
        upstream_id=f"{u[:8]}-{u[8:12]}-4{u[13:16]}-a{u[17:20]}-{u[20:]}",
        response_id="".join(draw.choices(letters + "-_", k=22)),
        cf_ray=f"{draw.getrandbits(64):016x}-{draw.choice(('IAD', 'SJC', 'HKG', 'FRA'))}",
    )


def openai_headers(ids: Ids, elapsed_s: float, model_name: str) -> dict[str, str]:
    return {
        "x-request-id": ids.request_id,
        "openai-organization": "org-standin",
        "openai-processing-ms": str(round(elapsed_s * 1000)),
        "openai-version": "2020-10-01",
        "x-ratelimit-limit-requests": "250",
        "x-ratelimit-remaining-requests": "249",
        "x-ratelimit-reset-requests": "240ms",
        "alt-svc": 'h3=":443"; ma=86400',
        **cloudflare_headers(ids, elapsed_s, model_name),
    }


def cloudflare_headers(ids: Ids, elapsed_s: float, model_name: str) -> dict[str, str]:
    return {"server": "cloudflare", "cf-ray": ids.cf_ray, "cf-cache-status": "DYNAMIC"}


def nginx_headers(ids: Ids, elapsed_s: float, model_name: str) -> dict[str, str]:
    return {"server": "nginx", "x-request-id": ids.request_id}


def new_api_headers(ids: Ids, elapsed_s: float, model_name: str) -> dict[str, str]:
    return {"x-oneapi-request-id": ids.gateway_id}


def shell_api_headers(ids: Ids, elapsed_s: float, model_name: str) -> dict[str, str]:
    """`x-request-id` on official models, `request-id` on the reverse ones, none on Gemini ones."""
    if model_name.startswith("gemini"):
        return {}
    return {"request-id" if reverse(model_name) else "x-request-id": ids.gateway_id}


def google_headers(ids: Ids, elapsed_s: float, model_name: str) -> dict[str, str]:
    return {"server-timing": f"gfet4t7; dur={round(elapsed_s * 1000)}"}


def reverse(model_name: str) -> bool:
    """Is this a reseller's reverse channel (not the provider's own API), by its name?"""
    return model_name.endswith(("-vip", "-all"))


@dataclasses.dataclass(frozen=True, slots=True)
class Personality:
    """Who answers. `speakers` are the voices of the catalogue it borrows words from, its own first."""

    name: str
    note: str
    speakers: tuple[str, ...]
    headers: Callable[[Ids, float, str], dict[str, str]]
    gateway: bool = False  # appends its request id to the errors it passes on
    no_key: str = "openai-missing-key"  # named replies to a request without a key,
    bad_key: str = "openai-bad-key"  # with a bad one,
    no_model: str = "openai-model-not-found"  # and for a model that nobody serves


NEW_API_REFUSALS = ("new-api-invalid-token", "new-api-invalid-token", "new-api-no-channel")
SHELL_API_REFUSALS = ("shell-api-invalid-token", "shell-api-invalid-token", "new-api-no-channel")
GOOGLE_REFUSALS = ("google-no-key", "google-bad-key", "google-model-not-found")

PERSONALITIES: Mapping[str, Personality] = MappingProxyType(
    {
        row.name: row
        for row in (
            Personality("openai", "OpenAI's own API", (), openai_headers),
            Personality(
                "new-api", "new-api and one-api gateways", ("new-api",), new_api_headers, True, *NEW_API_REFUSALS
            ),
            Personality(
                "shell-api",
                "shell-api gateways such as APIYI",
                ("shell-api", "new-api"),
                shell_api_headers,
                True,
                *SHELL_API_REFUSALS,
            ),
            Personality("nginx", "an nginx or openresty in front of OpenAI's", ("nginx",), nginx_headers),
            Personality("cloudflare", "a Cloudflare edge in front of OpenAI's", ("cloudflare",), cloudflare_headers),
            Personality("google", "Google AI Studio", (), google_headers, False, *GOOGLE_REFUSALS),
            Personality("vertex", "Google Vertex", ("vertex",), google_headers, False, *GOOGLE_REFUSALS),
        )
    }
)
ORIGINALS: Mapping[str, str] = MappingProxyType({"openai-images": "openai", "gemini": "google"})
"""Whose API a protocol is: it speaks where a personality has no words of its own."""


def personality(named: str, protocol: str, model_name: str) -> Personality:
    """The personality a channel names; else by the model's name: reverse models live on shell-api gateways."""
    if named:
        return PERSONALITIES[named]
    return PERSONALITIES["shell-api" if reverse(model_name) else ORIGINALS[protocol]]


def choose(who: Personality, protocol: str, kind: model.Kind, name: str, language: str) -> replies.Row:
    """The named reply, else what this personality usually says for the kind, in Chinese where asked and known."""
    speakers = ("wire", *who.speakers, ORIGINALS[protocol])
    row = replies.catalogue()[name] if name else replies.usual(kind, protocol, speakers)
    return replies.catalogue()[row.zh] if row.zh and language == "zh" else row


EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "key": "sk-abc***xyz",
        "field": "response_format",
        "value": "standard",
        "supported": "'low', 'medium', 'high', and 'auto'",
        "low": "1",
        "high": "10",
        "length": "40000",
        "size": "1792x936",
        "place": " at 'generation_config'",
        "modalities": "TEXT",
        "method": "POST",
        "path": "/v1/images/generation",
    }
)
"""What stands in a reply that a scenario names without the request it would fit."""
EDGES = ("nginx", "cloudflare")
"""What they say themselves never saw the API behind them: its headers are missing."""


def headers(
    row: replies.Row, who: Personality, ids: Ids, elapsed_s: float, model_name: str, body: bytes
) -> dict[str, str]:
    """The personality's headers, a content type that fits the body, and over them the row's own."""
    kind = "application/json" if body[:1] in (b"{", b"[") else "text/html" if body[:1] == b"<" else "text/plain"
    own = {name: string.Template(value).safe_substitute(dataclasses.asdict(ids)) for name, value in row.headers.items()}
    said = {} if row.voice in EDGES else who.headers(ids, elapsed_s, model_name)
    return {"content-type": kind, **said, **own}


def own_id(who: Personality, ids: Ids) -> str:
    """The id under which who answered keeps the request in its log."""
    return ids.gateway_id if who.gateway else ids.request_id


def say(row: replies.Row, who: Personality, ids: Ids, words: Mapping[str, str]) -> bytes:
    """The body of a reply with its `$names` filled in and, through a gateway, the gateway's id appended."""
    values = {**EXAMPLES, **dataclasses.asdict(ids), **words}
    try:
        body = fill(json.loads(row.body), values)
    except ValueError:
        return string.Template(row.body).safe_substitute(values).encode()
    if who.gateway and row.voice in ORIGINALS.values():
        append_id(body, ids.gateway_id)
    return json.dumps(body, ensure_ascii=False).encode()


def fill(value: Any, values: Mapping[str, str]) -> Any:
    """The same JSON value with `$names` replaced in every string."""
    if isinstance(value, str):
        return string.Template(value).safe_substitute(values)
    if isinstance(value, list):
        return [fill(part, values) for part in value]
    if isinstance(value, dict):
        return {key: fill(part, values) for key, part in value.items()}
    return value


def append_id(body: Any, gateway_id: str) -> None:
    """What new-api's family does to each error it passes on."""
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict) and isinstance(error.get("message"), str):
        error["message"] += f" (request id: {gateway_id})"
