"""A gateway's own log over a period, oldest day first and page by page: paging, limits and quirks as rows of PAGES."""

import collections
import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from probe import client, clock, model
from probe.config import secrets
from probe.gatewaylogs import apiyi, entry, new_api, openrouter

if TYPE_CHECKING:
    from probe.config import schema

WAITS_S = (2.0, 4.0, 8.0)
"""Between tries of one look-up while the gateway is busy: look-ups are free, one at a time."""

SHORTEST = dt.timedelta(hours=1)
"""A window that a gateway cannot answer in its own time limit is halved down to this."""

MOST_PAGES = 10_000
"""Of one window: a gateway that pages for ever is not followed."""

ANSWER_WITHIN_S = 65.0
ANSWER_CAP_BYTES = 64 * 2**20


class PullError(model.UserError):
    """A log that cannot be read: its own words, and the remedy."""


class BusyError(PullError):
    """It did not answer in time, or said that it cannot now."""


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a log. What ended before `read_until` has been read whole; None: more of that window follows."""

    rows: tuple[entry.Row, ...]
    bad: tuple[tuple[str, Mapping[str, Any]], ...] = ()  # (reason, row)
    aside: int = 0  # rows that are no requests: top-ups, refunds
    read_until: dt.datetime | None = None
    note: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Paging:
    """How a log is paged. `window` None: it takes no period and gives its newest rows."""

    request: Callable[["schema.GatewayLog", int, int, int], model.Request]  # (log, from, to, page): Unix seconds
    row: Callable[[Mapping[str, Any]], entry.Row]
    window: dt.timedelta | None
    size: int  # rows of a full page, as asked for
    usual: int  # rows of a page where the gateway ignores what was asked


APIYI_PAGE = 1000


def apiyi_page(log: "schema.GatewayLog", since: int, until: int, page: int) -> model.Request:
    """Pages count from 0 and only the camel-case `pageSize` counts; a window is at most a day."""
    query = {"p": page, "pageSize": APIYI_PAGE, "start_timestamp": since, "end_timestamp": until}
    return apiyi.request(log.url, {name: str(value) for name, value in query.items()})


def new_api_page(log: "schema.GatewayLog", since: int, until: int, page: int) -> model.Request:
    window = {"start_timestamp": str(since), "end_timestamp": str(until)}
    return new_api.of_account(log, window, page + 1)


def new_api_key(log: "schema.GatewayLog", _since: int, _until: int, _page: int) -> model.Request:
    """The log of one key: its newest rows, whatever is asked."""
    return new_api.of_key(log)


DAY = dt.timedelta(days=1)
PAGES: Mapping[tuple[str, bool], Paging] = MappingProxyType(
    {
        ("apiyi", False): Paging(apiyi_page, apiyi.row, DAY, APIYI_PAGE, entry.USUAL_PAGE),
        ("apiyi", True): Paging(apiyi_page, apiyi.row, DAY, APIYI_PAGE, entry.USUAL_PAGE),
        ("new-api", True): Paging(new_api_page, new_api.row, DAY, new_api.PAGE, entry.USUAL_PAGE),
        ("new-api", False): Paging(new_api_key, new_api.row, None, new_api.NEWEST, new_api.NEWEST),
    }
)
"""(kind, does the config name an account?) -> paging. OpenRouter lists nothing: it is asked for each known id."""

REQUEST_TYPES = (None, 2, 5)
"""Types of rows that are requests: served, failed. The others are top-ups, management, refunds."""


async def pages(
    log: "schema.GatewayLog",
    http: client.Client,
    key: secrets.Secret,
    time: clock.Clock,
    since: dt.datetime,
    until: dt.datetime,
    names: Iterable[str] = (),
) -> AsyncIterator[Page]:
    """What the log holds of requests that ended in [since, until), in order of windows.

    `names` are generations already known, which is all that OpenRouter can be asked for. Raises PullError.
    """
    asking = Asking(log, http, key, time)
    if log.kind == "openrouter":
        async for page in asking.each(names):
            yield page
        return
    paging = PAGES[log.kind, bool(log.user)]
    if paging.window is None:
        yield await asking.newest(paging, since, until)
        return
    waiting = collections.deque(windows(since, until, paging.window))
    while waiting:
        start, end = waiting.popleft()
        try:
            async for page in asking.window(paging, start, end):
                yield page
        except BusyError:
            if end - start < 2 * SHORTEST:
                raise
            middle = start + (end - start) / 2
            waiting.extendleft(((middle, end), (start, middle)))


def windows(since: dt.datetime, until: dt.datetime, length: dt.timedelta) -> list[tuple[dt.datetime, dt.datetime]]:
    """[since, until) cut into windows of at most this length."""
    found = []
    while since < until:
        found.append((since, min(since + length, until)))
        since += length
    return found


class Asking:
    """One log, asked one look-up at a time."""

    def __init__(self, log: "schema.GatewayLog", http: client.Client, key: secrets.Secret, time: clock.Clock) -> None:
        self._log, self._http, self._key, self._time = log, http, key, time

    async def window(self, paging: Paging, since: dt.datetime, until: dt.datetime) -> AsyncIterator[Page]:
        """One window, newest rows first as gateways give them, until a page is not full or brings nothing new.

        Rows that arrive meanwhile push others to a later page: some come twice, none is missed.
        """
        seen: set[str] = set()
        first, last = int(since.timestamp()), int(until.timestamp()) - 1
        for number in range(MOST_PAGES):
            found = await self._rows(paging.request(self._log, first, last, number))
            marked = {digest(row): row for row in found}
            new = [row for mark, row in marked.items() if mark not in seen]
            seen.update(marked)
            if not new or len(found) not in {paging.size, paging.usual}:
                yield dataclasses.replace(read(new, paging.row), read_until=until)
                return
            yield read(new, paging.row)
        raise PullError(f"{self._log.url}: more than {MOST_PAGES} pages for one window; ask the gateway's support.")

    async def newest(self, paging: Paging, since: dt.datetime, until: dt.datetime) -> Page:
        """The only page there is; told where the period reaches further back than it."""
        found = await self._rows(paging.request(self._log, 0, 0, 0))
        page = read(found, paging.row)
        done = [row.done_at for row in page.rows if row.done_at is not None]
        rows = tuple(row for row in page.rows if row.done_at is None or since <= row.done_at < until)
        note = ""
        if len(found) >= paging.usual and done and min(done) > since:
            note = (
                f"{self._log.url}: shows the newest {len(found):,} requests of a key only, back to "
                f"{min(done):%Y-%m-%d %H:%M} UTC. For more, set log.user and the account's access token."
            )
        return dataclasses.replace(page, rows=rows, read_until=until, note=note)

    async def each(self, names: Iterable[str]) -> AsyncIterator[Page]:
        """Generation by generation; those the log does not know are passed over."""
        for name in names:
            request = openrouter.request(self._log.url, name)
            reply = await self._send(request)
            if reply.status == 404:
                continue
            body = entry.object_in(reply.body.decode("utf-8", "replace"))
            data = body.get("data")
            if reply.status != 200 or not isinstance(data, dict):
                raise PullError(f"{self._log.url}: HTTP {reply.status}{self._remedy(reply.status, '')}")
            yield read([data], openrouter.row)

    async def _rows(self, request: model.Request) -> Sequence[Mapping[str, Any]]:
        reply = await self._send(request)
        rows = entry.rows_of(reply)
        if isinstance(rows, entry.Entry):
            reason = entry.without_key(rows, self._key).reason
            raise PullError(f"{self._log.url}: {reason}{self._remedy(reply.status, reason)}")
        return rows

    async def _send(self, request: model.Request) -> model.Reply:
        """The reply once the gateway is not busy; raises BusyError when it stays so."""
        reply = await self._once(request)
        for wait_s in WAITS_S:
            if not busy(reply):
                return reply
            await self._time.sleep(wait_s)
            reply = await self._once(request)
        if busy(reply):
            told = reply.fault_text or f"HTTP {reply.status}"
            raise BusyError(f"{self._log.url}: did not answer ({told}). Try again later; it goes on where it stopped.")
        return reply

    async def _once(self, request: model.Request) -> model.Reply:
        return await self._http.send(request, key=self._key, deadline_s=ANSWER_WITHIN_S, cap_bytes=ANSWER_CAP_BYTES)

    def _remedy(self, status: int | None, words: str) -> str:
        refused = status in {401, 403} or "token" in words.lower() or "令牌" in words
        return f". {REMEDIES[self._log.kind]}" if refused else ""


REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "apiyi": "Its log wants the system token of the profile page, not an sk- key: name it as log.key_env.",
        "new-api": "Its log wants the sk- key of the channel, or with log.user the account's access token.",
        "openrouter": "It wants the key that made the request: name it as log.key_env.",
    }
)


def busy(reply: model.Reply) -> bool:
    return reply.fault is not None or reply.status == 429 or (reply.status or 500) >= 500


def read(found: Iterable[Mapping[str, Any]], row: Callable[[Mapping[str, Any]], entry.Row]) -> Page:
    """Rows sorted into requests, bad ones and others. A request without an id is named by what its row says."""
    rows, bad, aside = [], [], 0
    for each in found:
        one = row(each)
        if each.get("type") not in REQUEST_TYPES:
            aside += 1
        elif one.done_at is None or not one.model:
            bad.append(("it has no model or no time", each))
        else:
            rows.append(one if one.ids else dataclasses.replace(one, ids=(f"row-{digest(each)[:24]}",)))
    return Page(tuple(rows), tuple(bad), aside)


def digest(row: Mapping[str, Any]) -> str:
    """Tells rows apart by what they say; `id` is their place in the list, which changes."""
    told = {name: value for name, value in row.items() if name != "id"}
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()
