"""What the daemon has of alerts: it hands over what each path is now, and the desk sees to it that people hear of it."""

import asyncio
import datetime as dt
import logging
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from probe import client, model, records
from probe import clock as clocks
from probe.alerts import delivery, news, routes, rules, text
from probe.inference import incidents, words
from probe.records import told

if TYPE_CHECKING:
    from probe.config import schema
    from probe.inference import states

log = logging.getLogger("tierwatch")

DELIVER_S = 5.0
"""Real seconds between two looks at the outbox."""

PING_S = 60.0
PING_DEADLINE_S = 10.0
ROUTES_EVERY = dt.timedelta(hours=1)
STANDING_EVERY = dt.timedelta(minutes=1)
LONG_AGO = dt.datetime.min.replace(tzinfo=dt.UTC)

TOLD_TIERS = frozenset({news.Event.RAISED, news.Event.SPREAD, news.Event.RECOVERED})
"""Messages that say what to use for their tiers: a change of route there is told already."""


class Desk:
    """All that lasts is in the database, so that a restart forgets nothing and repeats nothing."""

    def __init__(self, config: "schema.Config", book: records.Records, clock: clocks.Clock) -> None:
        self._book, self._clock = book, clock
        self._delivery = delivery.Delivery(book.outbox, clock.now)
        self._turn = asyncio.Lock()
        self._routes_at = LONG_AGO
        self._below: Mapping[model.Path, model.PathState] = {}
        self._below_at = LONG_AGO
        self._http: client.Client | None = None
        self._pinged_s = -math.inf
        self._ping_failed = ""
        self.use(config)

    def use(self, config: "schema.Config") -> None:
        """Go by this config from now on."""
        self._config, self._rules = config, rules.of(config.alerts)
        self._shares = {
            channel.name: incidents.Shares(
                channel.upstream, f"{channel.base_url} {channel.key_env or channel.key_file}"
            )
            for channel in config.channel
        }
        self._delivery.addresses, self._delivery.zone = self._rules.addresses, self._rules.zone

    async def see(self, states: Sequence[model.PathState], board: "states.Board", at: dt.datetime) -> None:
        """Take in what each path is now; what is to be told goes to the outbox. Never raises."""
        if not -STANDING_EVERY < at - self._below_at < STANDING_EVERY:
            self._below, self._below_at = below_target(states, board, at), at
        try:
            async with self._turn:
                await asyncio.to_thread(self._see, tuple(states), at)
        except records.RecordsError as error:
            log.error("alerts not recorded reason=%s", error)  # noqa: TRY400 - the reason says it all
        except Exception:
            log.exception("bug in alerts")

    async def deliver(self) -> None:
        """Send what waits, and tell the dead man's switch that we live. Never raises."""
        try:
            await self._delivery.round()
            if self._config.alerts.heartbeat_url and self._clock.monotonic_s() - self._pinged_s >= PING_S:
                await self._ping()
        except records.RecordsError as error:
            log.error("alerts not sent reason=%s", error)  # noqa: TRY400 - the reason says it all
        except Exception:
            log.exception("bug in alerts")

    async def close(self) -> None:
        """End its threads and connections; call it after the last delivery."""
        self._delivery.close()
        if self._http is not None:
            await self._http.aclose()

    # --- what is to be told --------------------------------------------------------------------------------------

    def _see(self, states: tuple[model.PathState, ...], at: dt.datetime) -> None:
        """One look.

        1. what the open incidents have become;
        2. alarms of paths, raised and cleared with them;
        3. the routes, where something changed or an hour has gone by;
        4. the messages, kept in one transaction with the incidents and routes they tell of.
        """
        known = self._book.outbox.read(at)
        now = incidents.Situation(at, states, self._shares, self._below, budget_gone(known, self._config))
        after = incidents.follow(known.remembered, now, known.next_number)
        rows = {one.number: told.incident_row(one) for one in known.remembered}
        changed = [one for one in after if told.incident_row(one) != rows.get(one.number)]
        self._alarms(known.opened, after, at)
        current = {one.number: one for one in (*known.remembered, *after)}
        wanted = list(news.wanted(list(current.values()), known, self._rules, at))
        used = self._routes(known, at, urgent=bool(wanted))
        around = text.Around(self._config, states, used or known.routes, self._rules.zone, at)
        messages = [self._message(each, around) for each in wanted]
        messages += self._route_messages(known, used, wanted, around)
        if changed or messages or used:
            self._book.outbox.keep(changed, messages, used)
        for each in {(each.incident.number, each.event): each for each in wanted}.values():
            title = text.title(each.incident, each.event)
            log.warning("incident number=%d event=%s title=%s", each.incident.number, each.event, title)

    def _alarms(
        self, before: Sequence[incidents.Incident], after: Sequence[incidents.Incident], at: dt.datetime
    ) -> None:
        was, now = bad_paths(before), bad_paths(after)
        for path in now.keys() - was.keys():
            self._book.raise_alarm(path, now[path].state, at, since=now[path].since, reason=now[path].reason)
        for path in was.keys() - now.keys():
            self._book.clear_alarm(path, at)

    def _routes(self, known: told.Told, at: dt.datetime, *, urgent: bool) -> tuple[told.Route, ...]:
        """What to use now; empty where nobody would hear of it, where nothing can have changed, or where it fails.

        That something is wrong must be told, also where nothing can be said of what to use instead.
        """
        if not self._rules.addresses or not (urgent or abs(at - self._routes_at) >= ROUTES_EVERY):
            return ()
        self._routes_at = at
        try:
            return routes.read(self._config, known.routes, at)
        except Exception:
            log.exception("routes not chosen; people are told without")
            return ()

    def _message(self, each: news.News, around: text.Around) -> told.Message:
        one, severe = each.incident, False
        if each.event is not news.Event.RECOVERED:
            severe = incidents.is_severe(one, around.states)
        letter = text.letter(each, around)
        due_at = self._rules.due_at(around.at, severe=severe)
        return told.Message(
            each.key, each.destination, each.event, *letter, around.at, due_at, severe=severe, incident=one.number
        )

    def _route_messages(
        self, known: told.Told, used: Sequence[told.Route], wanted: Sequence[news.News], around: text.Around
    ) -> list[told.Message]:
        """One message an address about every change of route that no other message tells."""
        told_tiers = {path.tier for each in wanted if each.event in TOLD_TIERS for path in each.incident.touched}
        changed = [change for change in routes.changes(known.routes, used) if change.now.tier not in told_tiers]
        paths = [model.Path(route.channel, route.tier) for change in changed for route in change]
        if not changed or self._rules.is_held(paths, known.silences, around.at):
            return []
        key = f"route.{around.at:%Y%m%dT%H%M%S}"
        letter, due_at = text.route_letter(changed, around, key), self._rules.due_at(around.at, severe=False)
        return [
            told.Message(key, name, news.Event.ROUTE, *letter, around.at, due_at)
            for name in self._rules.destinations(paths)
        ]

    # --- the dead man's switch -----------------------------------------------------------------------------------

    async def _ping(self) -> None:
        """Call `heartbeat_url`, unless the daemon cannot write its own heartbeat: then the silence is to be heard."""
        now = self._clock.now()
        beat = (await asyncio.to_thread(self._book.outbox.read, now)).heartbeat
        if beat is None or beat.stale(now):
            return
        self._pinged_s = self._clock.monotonic_s()
        if self._http is None:
            self._http = client.Client(self._clock)
        request = model.Request("GET", self._config.alerts.heartbeat_url)
        reply = await self._http.send(request, key=None, deadline_s=PING_DEADLINE_S * self._clock.speed)
        answered = reply.status is not None and reply.status < 400
        failed = "" if answered else str(reply.fault or reply.status)
        if failed and failed != self._ping_failed:
            log.warning("heartbeat_url not reached reason=%s", failed)
        self._ping_failed = failed


def below_target(
    states: Sequence[model.PathState], board: "states.Board", at: dt.datetime
) -> dict[model.Path, model.PathState]:
    """Paths that are fine and yet surely below what was promised."""
    found = {}
    for state in states:
        standing = board.standing(state.path, at) if state.state in incidents.FINE else None
        if standing is not None:
            share, target = 100 * standing.successes / standing.n, 100 * standing.target
            since, reason = standing.since.at, f"{share:.1f} % of {target:.0f} % succeed"
            found[state.path] = model.PathState(state.path, state.state, since, state.checked_at, reason=reason)
    return found


def budget_gone(known: told.Told, config: "schema.Config") -> str:
    """The day's money is spent and canaries were left out for it; "" where not."""
    cap_usd = config.budget.usd_per_day
    dearest_usd = max(config.price_usd(path) for path in config.paths())
    if not known.budget_skips or known.reserved_usd + dearest_usd <= cap_usd:
        return ""
    left_out = f"{words.canaries(known.budget_skips)} left out"
    return f"${known.reserved_usd:.2f} of ${cap_usd:.2f} reserved today, {left_out}; more at 00:00 UTC"


def bad_paths(found: Sequence[incidents.Incident]) -> dict[model.Path, model.PathState]:
    """The paths that are bad by their state, of incidents that are open."""
    return {
        state.path: state
        for one in found
        if one.cleared_at is None and one.trouble in incidents.BAD
        for state in one.states
    }
