"""The stand-in upstream as a Starlette application: routes, and the way of one request through it."""

import asyncio
import collections
import concurrent.futures
import contextlib
import dataclasses
import datetime as dt
import functools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from probe import clock, model, tokens
from probe.standin import (
    acts,
    answers,
    calls,
    delivery,
    gatewaylog,
    moderation,
    orders,
    replies,
    rows,
    scenario,
    voices,
)

REFUSAL_S = 0.3
"""How long it takes to refuse a request that is not valid, scenario seconds."""
MODERATION = "moderation"
"""Name of the channel that the moderation endpoint is; only rows with exactly this name touch it."""
VERSIONS = ("v1", "v1beta")
MODELS = (
    "gpt-image-2",
    "gpt-image-2-vip",
    "gpt-image-2-all",
    "gpt-image-2.5-flare",
    "gpt-image-2.5-sunburst",
    "gemini-3.1-flash-image",
    "gemini-3-pro-image",
    "gemini-nano-banana-2.1",
    "omni-moderation-latest",
)
"""What is listed where the scenario names no models."""


def app(played: scenario.Scenario, speed: float = 1.0, seed: int = 0, time: clock.Clock | None = None) -> Starlette:
    """The application. Scenario time is that of `time`; without it, it starts at the first request."""
    standin = Standin(played, speed, seed, time)
    return Starlette(routes=standin.routes(), lifespan=standin.lifespan)


class Standin:
    """One run of a scenario: its clock, its counters, its log."""

    def __init__(self, played: scenario.Scenario, speed: float, seed: int, time: clock.Clock | None) -> None:
        self.played = played
        self.moderating = only_moderation(played)
        self.speed = speed
        self.seed = seed
        self.started = time
        self.counts: collections.Counter[tuple[str, str]] = collections.Counter()
        self.log = gatewaylog.Log()
        self.makers = concurrent.futures.ThreadPoolExecutor(2, "pictures")

    @contextlib.asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        yield
        self.makers.shutdown(wait=False, cancel_futures=True)

    def routes(self) -> list[Route]:
        return [
            Route("/v1/images/generations", self.generations, methods=["POST"]),
            Route("/v1/images/edits", self.edits, methods=["POST"]),
            Route("/v1/moderations", self.moderations, methods=["POST"]),
            # Google's SDK asks /v1, its documents and gateways /v1beta; /v1/models is OpenAI's too.
            *(Route(f"/{version}/models", self.models) for version in VERSIONS),
            *(
                Route(f"/{version}/models/{{name}}:generateContent", self.generate_content, methods=["POST"])
                for version in VERSIONS
            ),
            *(Route(f"/{version}/models/{{name}}", self.one_model) for version in VERSIONS),
            Route("/api/log/self", self.log_self),
            Route("/api/log/token", self.log_token),
            Route("/api/usage/token/", self.usage),
        ]

    @property
    def time(self) -> clock.Clock:
        """The scenario's clock; it starts when it is first looked at."""
        if self.started is None:
            self.started = clock.FastClock(self.played.start, self.speed)
        return self.started

    def call(self, request: Request, protocol: str, name: str) -> calls.Call:
        return calls.call(request, protocol, name, self.played, self.time.now())

    async def generations(self, request: Request) -> Response:
        return await self.images(request, "generate")

    async def edits(self, request: Request) -> Response:
        return await self.images(request, "edit")

    async def images(self, request: Request, operation: model.Operation) -> Response:
        try:
            body = await calls.fields(request, "openai-images")
        except orders.Refused as refused:
            return await self.refuse(self.call(request, "openai-images", ""), refused)
        name = str(body.get("model") or "gpt-image-2")
        call = self.call(request, "openai-images", name)
        return await self.serve(call, lambda: orders.openai({**body, "model": name}, operation))

    async def generate_content(self, request: Request) -> Response:
        call = self.call(request, "gemini", request.path_params["name"])
        try:
            body = await calls.fields(request, "gemini")
        except orders.Refused as refused:
            return await self.refuse(call, refused)
        return await self.serve(call, lambda: orders.google(call.model, body))

    async def serve(self, call: calls.Call, read: Callable[[], orders.Wanted]) -> Response:
        """Refuse what the original would refuse; else answer as the scenario says."""
        try:
            channel = calls.admit(call)
            wanted = read()
        except orders.Refused as refused:
            return await self.refuse(call, refused)
        tier = calls.tier(wanted.order)
        self.counts[channel.name, tier] += 1
        n = self.counts[channel.name, tier]
        answer = scenario.answer(self.played, channel.name, tier, call.at, n, self.seed)
        if answer.kind is model.Kind.OK and moderation.flagged(wanted.prompt):
            answer = dataclasses.replace(answer, kind=model.Kind.MODERATION_INPUT, latency_s=3.0)
        limit_s = calls.server_timeout_s(call) * self.speed
        if answer.latency_s > limit_s:
            answer = dataclasses.replace(
                answer, kind=model.Kind.TIMEOUT, reply="google-deadline-exceeded", latency_s=limit_s
            )
        return await self.play(call, wanted, answer, f"{self.seed}/{channel.name}/{tier}", n)

    async def play(
        self, call: calls.Call, wanted: orders.Wanted, answer: scenario.Answer, path: str, n: int
    ) -> Response:
        """Log the request, then wait and answer as the scenario says; a picture is made while the wait goes on."""
        ids = voices.ids(call.at, f"{path}/{n}")
        row = voices.choose(call.who, call.protocol, answer.kind, answer.reply, call.language)
        delivers = delivery.parse(row.delivers) if row.delivers else answer.delivers
        made = answers.made(wanted, delivers, path, f"{path}/{n}")
        self.remember(call, wanted, answer, row, ids)
        if row.pictured:
            wait_s = answer.made_s
            make = functools.partial(body_of, call, wanted, made, delivers, ids)
            work = asyncio.get_running_loop().run_in_executor(self.makers, make)
            _, body = await asyncio.gather(self.time.sleep(wait_s), work)
        else:
            wait_s = 0.0 if row.act == "hang" else answer.latency_s
            body = voices.say(row, call.who, ids, {"model": call.model, "size": wanted.order.size})
            await self.time.sleep(wait_s)
        return self.response(call, row, ids, wait_s, body)

    async def refuse(self, call: calls.Call, refused: orders.Refused) -> Response:
        """The original's refusal of an invalid request, which never reaches its path."""
        self.counts["", ""] += 1
        ids = voices.ids(call.at, f"{self.seed}/refused/{self.counts['', '']}")
        row = voices.choose(call.who, call.protocol, model.Kind.INVALID_REQUEST, refused.reply, call.language)
        await self.time.sleep(REFUSAL_S)
        body = voices.say(row, call.who, ids, {"model": call.model, **refused.words})
        return self.response(call, row, ids, REFUSAL_S, body)

    def response(self, call: calls.Call, row: replies.Row, ids: voices.Ids, elapsed_s: float, body: bytes) -> Response:
        headers = voices.headers(row, call.who, ids, elapsed_s, call.model, body)
        if row.act:
            return acts.Misbehaving(row.act, row.status, headers, body, self.time, scenario.HANG_S)
        return Response(body, row.status, headers)

    def remember(
        self, call: calls.Call, wanted: orders.Wanted, answer: scenario.Answer, row: replies.Row, ids: voices.Ids
    ) -> None:
        """Write the request into the gateway's log: what was made is billed, whoever was still there."""
        billed = row.pictured or row.act == "hang"
        duration_s = answer.made_s if billed else answer.latency_s
        order = wanted.order
        self.log.add(
            gatewaylog.Entry(
                request_id=voices.own_id(call.who, ids),
                done_at=call.at + dt.timedelta(seconds=duration_s),
                duration_s=duration_s,
                model=call.model,
                quota=round(gatewaylog.QUOTA_PER_USD * price_usd(order)) if billed else 0,
                error_code="" if billed else row.kind.value,
                message="" if billed else row.name,
                status=row.status,
                prompt_tokens=answers.words(wanted.prompt),
                completion_tokens=0,
                path=call.request.url.path,
                size=order.size,
                quality=order.quality or "",
            )
        )

    async def models(self, request: Request) -> Response:
        """The models of the scenario that are called in this protocol."""
        protocol = listed_in(request)
        named = [
            listing(protocol, name) for name in self.names() if name.startswith("gemini") == (protocol == "gemini")
        ]
        found = {"models": named} if protocol == "gemini" else {"object": "list", "data": named}
        return await self.look_up(request, protocol, self.names()[0], found)

    async def one_model(self, request: Request) -> Response:
        protocol, name = listed_in(request), request.path_params["name"]
        return await self.look_up(request, protocol, name, listing(protocol, name))

    def names(self) -> tuple[str, ...]:
        return tuple(channel.model for channel in self.played.channels) or MODELS

    async def look_up(self, request: Request, protocol: str, name: str, found: Mapping[str, Any]) -> Response:
        """What is known of a model, for who has a key; a refusal where nobody serves it."""
        call = self.call(request, protocol, name)
        try:
            calls.admit(call)
        except orders.Refused as refused:
            return await self.refuse(call, refused)
        self.counts["", ""] += 1
        ids = voices.ids(call.at, f"{self.seed}/look-up/{self.counts['', '']}")
        return JSONResponse(found, headers=call.who.headers(ids, REFUSAL_S, name))

    async def moderations(self, request: Request) -> Response:
        """Scores by marker words, or a failure where the scenario has rows for the channel `moderation`."""
        call = calls.call(request, "openai-images", MODERATION, self.moderating, self.time.now())
        try:
            calls.admit(call)
            body = await calls.fields(request, "openai-images")
        except orders.Refused as refused:
            return await self.refuse(call, refused)
        self.counts[MODERATION, ""] += 1
        n = self.counts[MODERATION, ""]
        answer = scenario.answer(self.moderating, MODERATION, "", call.at, n, self.seed)
        ids = voices.ids(call.at, f"{self.seed}/{MODERATION}/{n}")
        if answer.kind is model.Kind.OK:
            name = str(body.get("model") or "omni-moderation-latest")
            found = moderation.answer(body.get("input"), name, ids.trace_id)
            row, said = replies.catalogue()["picture"], json.dumps(found).encode()
        else:
            row = voices.choose(call.who, call.protocol, answer.kind, answer.reply, call.language)
            said = voices.say(row, call.who, ids, {"model": MODERATION})
        wait_s = 0.0 if row.act == "hang" else answer.latency_s
        await self.time.sleep(wait_s)
        return self.response(call, row, ids, wait_s, said)

    async def log_self(self, request: Request) -> Response:
        """APIYI's look-up wants the raw system token, without Bearer."""
        token = request.headers.get("authorization", "")
        if not token or token.startswith("Bearer ") or calls.BAD_KEY in token:
            message = "You are not authorized to perform this operation. The access token is invalid."
            return JSONResponse({"success": False, "message": message}, 401)
        try:
            return JSONResponse(gatewaylog.apiyi(self.log, request.query_params, self.time.now()))
        except gatewaylog.BadQuery as error:
            return JSONResponse({"success": False, "message": str(error)})

    async def log_token(self, request: Request) -> Response:
        if calls.BAD_KEY in (calls.key_of(request) or calls.BAD_KEY):
            return JSONResponse({"success": False, "message": "无效的令牌"}, 401)
        return JSONResponse(gatewaylog.new_api(self.log, request.query_params, self.time.now()))

    async def usage(self, request: Request) -> Response:
        if calls.BAD_KEY in (calls.key_of(request) or calls.BAD_KEY):
            return JSONResponse({"code": False, "message": "无效的令牌"}, 401)
        return JSONResponse(gatewaylog.usage(self.log, self.time.now()))


def only_moderation(played: scenario.Scenario) -> scenario.Scenario:
    """The scenario's rows for the moderation endpoint alone, over half a second of latency."""
    calm = rows.Row(channel=MODERATION, latency=rows.Latency(0.5, 0.2))
    steady = (row for row in played.steady if row.channel == MODERATION)
    incidents = (row for row in played.incidents if row.channel == MODERATION)
    channels = (rows.Channel(MODERATION, MODERATION, "openai"),)
    return dataclasses.replace(played, channels=channels, steady=(calm, *steady), incidents=tuple(incidents))


def body_of(
    call: calls.Call, wanted: orders.Wanted, made: answers.Made, delivers: delivery.Delivery, ids: voices.Ids
) -> bytes:
    """The body of a success. CPU work of up to a second."""
    if call.protocol == "gemini":
        return answers.google(wanted, made, delivers, call.at, call.who, ids)
    return answers.openai(wanted, made, delivers, call.at, str(call.request.base_url).rstrip("/"))


def price_usd(order: model.Order) -> float:
    """What the gateway charges for one picture: 0.03 USD flat on reverse channels, else the list price."""
    if voices.reverse(order.model):
        return 0.03
    listed = tokens.list_price_usd(order.model, order.width_px, order.height_px, order.quality, order.image_size)
    return 0.1 if listed is None else listed


def listed_in(request: Request) -> str:
    """The protocol in which a list of models is asked for: /v1beta and Google's key header mean Gemini."""
    google = request.url.path.startswith("/v1beta") or "x-goog-api-key" in request.headers
    return "gemini" if google else "openai-images"


def listing(protocol: str, name: str) -> dict[str, Any]:
    """One entry of a list of models."""
    if protocol == "gemini":
        return {"name": f"models/{name}", "displayName": name, "supportedGenerationMethods": ["generateContent"]}
    return {"id": name, "object": "model", "created": 1_777_371_362, "owned_by": "standin"}
