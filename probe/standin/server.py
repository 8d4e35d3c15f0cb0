"""The stand-in upstream as a Starlette application: routes, and the way of one request through it."""

import asyncio
import collections
import concurrent.futures
import contextlib
import dataclasses
import functools
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from probe import clock, model
from probe.standin import (
    acts,
    answers,
    calls,
    gatewaylog,
    moderation,
    orders,
    pictures,
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
VERTEX = "/publishers/google/models/{name}:generateContent"
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
    handlers = {404: standin.no_such_address, 405: standin.no_such_address}
    return Starlette(routes=standin.routes(), exception_handlers=handlers, lifespan=standin.lifespan)


class Standin:
    """One run of a scenario: its clock, its counters, its log."""

    def __init__(self, played: scenario.Scenario, speed: float, seed: int, time: clock.Clock | None) -> None:
        self.played = played
        self.moderating = scenario.alone(played, rows.Row(channel=MODERATION, latency=rows.Latency(0.5, 0.2)))
        self.speed = speed
        self.seed = seed
        self.started = time
        self.counts: collections.Counter[tuple[str, str]] = collections.Counter()  # requests by path
        self.others = itertools.count(1)  # refusals and look-ups, which belong to no path
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
            Route(f"/{{version}}{VERTEX}", self.generate_content, methods=["POST"]),
            Route(
                f"/{{version}}/projects/{{project}}/locations/{{location}}{VERTEX}",
                self.generate_content,
                methods=["POST"],
            ),
            Route("/files/{width:int}x{height:int}/{image_format}", self.file),
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
        return await self.serve(call, lambda: orders.google(call.model, body, request.path_params.get("location")))

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
            refusal = replies.catalogue().get(channel.refusal)
            kind = refusal.kind if refusal else model.Kind.MODERATION_INPUT
            answer = dataclasses.replace(answer, kind=kind, reply=channel.refusal, latency_s=3.0)
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
        key = f"{path}/{n}"
        ids = voices.ids(call.at, key)
        row = voices.choose(call.who, call.protocol, answer.kind, answer.reply, call.language)
        self.log.add(gatewaylog.entry(call, wanted.order, answer, row, ids))
        waited = self.time.sleep(wait_s(row, answer))
        if row.pictured:
            make = functools.partial(answers.body, call, wanted, answer.delivers, path, key)
            work = asyncio.get_running_loop().run_in_executor(self.makers, make)
            _, body = await asyncio.gather(waited, work)
        else:
            await waited
            body = voices.say(row, call.who, ids, {"model": call.model, "size": wanted.order.size})
        return self.response(call, row, ids, wait_s(row, answer), body)

    async def refuse(self, call: calls.Call, refused: orders.Refused) -> Response:
        """The original's refusal of an invalid request, which never reaches its path."""
        ids = voices.ids(call.at, f"{self.seed}/refused/{next(self.others)}")
        row = voices.choose(call.who, call.protocol, model.Kind.INVALID_REQUEST, refused.reply, call.language)
        await self.time.sleep(REFUSAL_S)
        body = voices.say(row, call.who, ids, {"model": call.model, **refused.words})
        return self.response(call, row, ids, REFUSAL_S, body)

    def response(self, call: calls.Call, row: replies.Row, ids: voices.Ids, elapsed_s: float, body: bytes) -> Response:
        headers = voices.headers(row, call.who, ids, elapsed_s, call.model, body)
        if row.act:
            return acts.Misbehaving(row.act, row.status, headers, body, self.time, scenario.HANG_S)
        return Response(body, row.status, headers)

    async def models(self, request: Request) -> Response:
        """The models of the scenario that are called in this protocol."""
        protocol = calls.listed_in(request)
        listed = [calls.listing(protocol, name) for name in self.names() if calls.protocol_of(name) == protocol]
        found = {"models": listed} if protocol == "gemini" else {"object": "list", "data": listed}
        return await self.look_up(request, protocol, self.names()[0], found)

    async def one_model(self, request: Request) -> Response:
        protocol, name = calls.listed_in(request), request.path_params["name"]
        return await self.look_up(request, protocol, name, calls.listing(protocol, name))

    def names(self) -> tuple[str, ...]:
        return tuple(channel.model for channel in self.played.channels) or MODELS

    async def no_such_address(self, request: Request, _: Exception | None = None) -> Response:
        """What every OpenAI-compatible API says to a wrong path or method."""
        call = self.call(request, "openai-images", self.names()[0])
        words = {"method": request.method, "path": request.url.path}
        return await self.refuse(call, orders.Refused("openai-invalid-url", **words))

    async def look_up(self, request: Request, protocol: str, name: str, found: Mapping[str, Any]) -> Response:
        """What is known of a model, for who has a key; a refusal where nobody serves it."""
        call = self.call(request, protocol, name)
        try:
            calls.admit(call)
        except orders.Refused as refused:
            return await self.refuse(call, refused)
        ids = voices.ids(call.at, f"{self.seed}/look-up/{next(self.others)}")
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
        row = voices.choose(call.who, call.protocol, answer.kind, answer.reply, call.language)
        await self.time.sleep(wait_s(row, answer))
        said = voices.say(row, call.who, ids, {"model": MODERATION})
        if row.pictured:
            name = str(body.get("model") or "omni-moderation-latest")
            said = json.dumps(moderation.answer(body.get("input"), name, ids.trace_id)).encode()
        return self.response(call, row, ids, wait_s(row, answer), said)

    async def file(self, request: Request) -> Response:
        """The picture behind an address that was delivered in place of base64."""
        width_px, height_px = request.path_params["width"], request.path_params["height"]
        image_format = request.path_params["image_format"]
        if image_format not in answers.MIME or not 0 < width_px * height_px <= orders.LARGEST_PX:
            return await self.no_such_address(request)
        make = functools.partial(
            pictures.picture, width_px, height_px, request.query_params.get("seed", ""), image_format
        )
        data = await asyncio.get_running_loop().run_in_executor(self.makers, make)
        return Response(data, media_type=answers.MIME[image_format])

    async def log_self(self, request: Request) -> Response:
        """APIYI's look-up wants the raw system token, without Bearer."""
        token = request.headers.get("authorization", "")
        if not token or token.startswith("Bearer ") or calls.BAD_KEY in token:
            message = "You are not authorized to perform this operation. The access token is invalid."
            return JSONResponse({"success": False, "message": message}, 401)
        try:
            return JSONResponse(gatewaylog.apiyi(self.log, request.query_params, self.time.now()))
        except gatewaylog.QueryError as error:
            return JSONResponse({"success": False, "message": str(error)})

    async def log_token(self, request: Request) -> Response:
        if calls.BAD_KEY in (calls.key_of(request) or calls.BAD_KEY):
            return JSONResponse({"success": False, "message": "无效的令牌"}, 401)
        return JSONResponse(gatewaylog.new_api(self.log, request.query_params, self.time.now()))

    async def usage(self, request: Request) -> Response:
        if calls.BAD_KEY in (calls.key_of(request) or calls.BAD_KEY):
            return JSONResponse({"code": False, "message": "无效的令牌"}, 401)
        return JSONResponse(gatewaylog.usage(self.log, self.time.now()))


def wait_s(row: replies.Row, answer: scenario.Answer) -> float:
    """How long nothing is sent, scenario seconds; a hanging act does its own waiting."""
    if row.act == "hang":
        return 0.0
    return answer.made_s if row.pictured else answer.latency_s
