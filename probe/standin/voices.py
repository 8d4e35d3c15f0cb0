"""Whose voice answers: request ids, headers and error words of each personality, as rows."""

import dataclasses
import datetime as dt
import json
import random
import string
from collections.abc import Mapping
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


def reverse(model_name: str) -> bool:
    """Is this a reseller's reverse channel (not the provider's own API), by its name?"""
    return model_name.endswith(("-vip", "-all"))


Headers = Mapping[str, str]
CLOUDFLARE: Headers = MappingProxyType({"server": "cloudflare", "cf-ray": "$cf_ray", "cf-cache-status": "DYNAMIC"})
OPENAI: Headers = MappingProxyType(
    {
        "x-request-id": "$request_id",
        "openai-organization": "org-standin",
        "openai-processing-ms": "$elapsed_ms",
        "openai-version": "2020-10-01",
        "x-ratelimit-limit-requests": "250",
        "x-ratelimit-remaining-requests": "249",
        "x-ratelimit-reset-requests": "240ms",
        **CLOUDFLARE,
    }
)
GOOGLE: Headers = MappingProxyType({"server-timing": "gfet4t7; dur=$elapsed_ms"})


@dataclasses.dataclass(frozen=True, slots=True)
class Personality:
    """Who answers. `speakers` are the voices of the catalogue it borrows words from, its own first."""

    name: str
    note: str
    speakers: tuple[str, ...]
    own_headers: Headers
    reverse_headers: Headers | None = None  # on reverse channels, where they differ
    gemini_headers: Headers | None = None  # on Gemini models, where they differ
    gateway: bool = False  # appends its request id to the errors it passes on
    no_key: str = "openai-missing-key"  # named replies to a request without a key,
    bad_key: str = "openai-bad-key"  # with a bad one,
    no_model: str = "openai-model-not-found"  # and for a model that nobody serves

    def headers(self, ids: Ids, elapsed_s: float, model_name: str) -> dict[str, str]:
        """Its response headers for one request."""
        special = self.gemini_headers if model_name.startswith("gemini") else None
        special = self.reverse_headers if reverse(model_name) else special
        chosen = self.own_headers if special is None else special
        values = {**dataclasses.asdict(ids), "elapsed_ms": str(round(elapsed_s * 1000))}
        return {name: string.Template(text).substitute(values) for name, text in chosen.items()}


PERSONALITIES: Mapping[str, Personality] = MappingProxyType(
    {
        row.name: row
        for row in (
            Personality("openai", "OpenAI's own API", (), OPENAI),
            Personality(
                "new-api",
                "new-api and one-api gateways",
                ("new-api",),
                {"x-oneapi-request-id": "$gateway_id"},
                gateway=True,
                no_key="new-api-invalid-token",
                bad_key="new-api-invalid-token",
                no_model="new-api-no-channel",
            ),
            Personality(
                "shell-api",
                "shell-api gateways such as APIYI",
                ("shell-api", "new-api"),
                {"x-request-id": "$gateway_id"},
                reverse_headers={"request-id": "$gateway_id"},
                gemini_headers={},
                gateway=True,
                no_key="shell-api-invalid-token",
                bad_key="shell-api-invalid-token",
                no_model="new-api-no-channel",
            ),
            Personality("nginx", "nginx or openresty in front of OpenAI", ("nginx",), {**OPENAI, "server": "nginx"}),
            Personality("cloudflare", "a Cloudflare edge in front of OpenAI", ("cloudflare",), OPENAI),
            Personality(
                "google",
                "Google AI Studio",
                (),
                GOOGLE,
                no_key="google-no-key",
                bad_key="google-bad-key",
                no_model="google-model-not-found",
            ),
            Personality(
                "vertex",
                "Google Vertex",
                ("vertex",),
                GOOGLE,
                no_key="google-no-key",
                bad_key="google-bad-key",
                no_model="vertex-model-not-found",
            ),
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
        "location": "us-central1",
        "method": "POST",
        "path": "/v1/images/generation",
    }
)
"""What stands in a reply that a scenario names without the request it would fit."""
EDGES = ("nginx", "cloudflare")
"""What they say themselves never saw the API behind them: its headers are missing."""


CONTENT_TYPES: Mapping[bytes, str] = MappingProxyType(
    {
        b"{": "application/json",
        b"[{": "application/json",
        b"<": "text/html",
        b"event:": "text/event-stream",
        b"": "text/plain",
    }
)
"""Content type by how a body begins."""


def headers(
    row: replies.Row, who: Personality, ids: Ids, elapsed_s: float, model_name: str, body: bytes
) -> dict[str, str]:
    """The personality's headers, a content type that fits the body, and over them the row's own."""
    kind = next(name for start, name in CONTENT_TYPES.items() if body.startswith(start))
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
