"""The local page: the report, what is known now, and metrics over HTTP, read from the database alone."""

import asyncio
import datetime as dt
import pathlib
from typing import TYPE_CHECKING

from starlette import applications, concurrency, middleware, requests, responses, routing
from starlette.middleware import trustedhost

from probe import config as configs
from probe import model
from probe.records import history
from reports import html, metrics, reading, sections, status

if TYPE_CHECKING:
    from probe.config import schema

PERIODS = {name: dt.timedelta(days=days) for name, days in (("1d", 1), ("7d", 7), ("14d", 14), ("90d", 90))}
"""The periods that the page shows, as `/?since=7d` names them; few, so that few reports are kept."""

FRESH = dt.timedelta(seconds=60)
"""So long a report is shown again: rendering takes seconds, and canaries come minutes apart."""

HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}
"""Sent with every answer: nothing is kept on the way, nothing is loaded, no other site may frame it."""

NAMES = ("127.0.0.1", "localhost", "[::1]")
"""What a browser may call this machine; another name would be a page elsewhere that reaches for this one."""


class Site:
    """What the routes share: the config as it was last sound, and each period's report while it is fresh."""

    def __init__(self, config: "schema.Config") -> None:
        self.config = config
        self.path = pathlib.Path(config.source)
        self._reports: dict[str, tuple[dt.datetime, str]] = {}
        self.rendering = asyncio.Lock()  # one at a time; who waits holds no thread that others need

    def report(self, name: str, now: dt.datetime) -> str:
        """The report of a period in `PERIODS` as HTML, rendered anew where it is not fresh; raises UserError."""
        made_at, page = self._reports.get(name, (None, ""))
        if made_at is None or not made_at <= now < made_at + FRESH:
            page = self._render(PERIODS[name], now)
            self._reports[name] = now, page
        return page

    def _render(self, period: dt.timedelta, now: dt.datetime) -> str:
        config = self.sound_config()
        with history.open(config.database) as past:
            seen = reading.read(config, past, now, reading.Choice(since=now - period))
        report = sections.build(seen, sections.SECTIONS, "tierwatch", ())
        return html.render(report, {one: f"/?since={one}" for one in PERIODS})

    def sound_config(self) -> "schema.Config":
        """The config as its file is now; while that is refused, the one before: the daemon runs with it too."""
        try:
            self.config = configs.load(self.path)
        except configs.ConfigError:
            return self.config
        return self.config

    def look(self, now: dt.datetime) -> metrics.Look:
        """What the database knows, for metrics; raises UserError."""
        config = self.sound_config()
        with history.open(config.database) as past:
            known = status.Known(past.states(), past.heartbeat(), past.spent_usd(now.date()))
            return metrics.Look(known, config.budget.usd_per_day, tuple(past.totals()))


def app(site: Site) -> applications.Starlette:
    """The application that shows a site."""

    async def page(request: requests.Request) -> responses.Response:
        name = request.query_params.get("since", "14d")
        if name not in PERIODS:
            return responses.PlainTextResponse(f"since is one of {', '.join(PERIODS)}\n", 400, HEADERS)
        async with site.rendering:
            rendered = await concurrency.run_in_threadpool(site.report, name, now())
        return responses.HTMLResponse(rendered, headers=HEADERS)

    async def in_short(_: requests.Request) -> responses.Response:
        found, known = await concurrency.run_in_threadpool(status.look, str(site.path), now())
        return responses.JSONResponse({"schema_version": 1, **status.document(found, known)}, headers=HEADERS)

    async def measured(_: requests.Request) -> responses.Response:
        text = metrics.text(await concurrency.run_in_threadpool(site.look, now()))
        return responses.Response(text, media_type=metrics.CONTENT_TYPE, headers=HEADERS)

    async def health(_: requests.Request) -> responses.Response:
        found, _known = await concurrency.run_in_threadpool(status.look, str(site.path), now())
        code = 503 if found.code == status.UNKNOWN else 200
        return responses.PlainTextResponse(f"{found.text()}\n", code, HEADERS)

    return applications.Starlette(
        routes=[
            routing.Route("/", page),
            routing.Route("/status.json", in_short),
            routing.Route("/metrics", measured),
            routing.Route("/healthz", health),
        ],
        middleware=[middleware.Middleware(trustedhost.TrustedHostMiddleware, allowed_hosts=NAMES, www_redirect=False)],
        exception_handlers={model.UserError: told},
    )


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


async def told(_: requests.Request, error: Exception) -> responses.Response:
    """What the command line would say, for the browser."""
    return responses.PlainTextResponse(f"{error}\n", 503, HEADERS)
