"""What a message says: what, since when, how sure, whose fault, what to do, what it costs. Plain text, the short title first."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from probe import escape, model
from probe.alerts import news, routes
from probe.inference import blame, incidents, words
from probe.inference.incidents import Trouble
from probe.records import told

if TYPE_CHECKING:
    from probe.config import schema

TITLE_CAP = 60
"""Characters of a title that a phone shows."""

LINE_CAP = 300
PATHS_TOLD = 6
DIGEST_LINES = 30
DAYS_IN_A_MONTH = 30.0


class Letter(NamedTuple):
    """What is sent."""

    title: str
    body: str


@dataclasses.dataclass(frozen=True, slots=True)
class Around:
    """What a message needs to know beside its incident."""

    config: "schema.Config"
    states: Sequence[model.PathState]
    routes: Sequence[told.Route]  # what to use now
    zone: dt.tzinfo
    at: dt.datetime

    def moment(self, at: dt.datetime) -> str:
        """`02:20 UTC (10:20 CST)`, with the day where it is another one."""
        day = (
            ""
            if at.astimezone(dt.UTC).date() == self.at.astimezone(dt.UTC).date()
            else f"{at.astimezone(dt.UTC):%b %d} "
        )
        local = at.astimezone(self.zone)
        beside = f" ({local:%H:%M %Z})" if local.utcoffset() else ""
        return f"{day}{at.astimezone(dt.UTC):%H:%M} UTC{beside}"


NAMES: Mapping[Trouble, str] = MappingProxyType(
    {
        Trouble.DEGRADED: "degraded",
        Trouble.REFUSING: "refuses every prompt",
        Trouble.NO_ACCESS: "no access",
        Trouble.MODEL_GONE: "model gone",
        Trouble.BELOW_TARGET: "below target",
        Trouble.BUDGET_GONE: "canary budget spent",
        Trouble.BLIND: "blind: nothing is watched",
    }
)

OVER: Mapping[Trouble, str] = MappingProxyType(
    {
        Trouble.DEGRADED: "recovered",
        Trouble.REFUSING: "takes prompts again",
        Trouble.NO_ACCESS: "has access again",
        Trouble.MODEL_GONE: "has its model again",
        Trouble.BELOW_TARGET: "is no longer below target",
        Trouble.BUDGET_GONE: "canaries are paid again",
        Trouble.BLIND: "seeing again: canaries come back",
    }
)

BEFORE: Mapping[news.Event, str] = MappingProxyType({news.Event.SPREAD: "Spread: ", news.Event.REPEATED: "Still: "})

FIRST_DO: Mapping[Trouble, str] = MappingProxyType(
    {
        Trouble.NO_ACCESS: "mend the account: key, permission or balance",
        Trouble.MODEL_GONE: "correct `model` of the channel in config.toml, or take the channel out",
        Trouble.REFUSING: "your prompts are not the reason; ask the provider",
        Trouble.BELOW_TARGET: "look for another channel, or set target_success to what you accept",
        Trouble.BUDGET_GONE: "raise usd_per_day in config.toml, or wait for 00:00 UTC; until then trouble is seen late",
        Trouble.BLIND: "look at this machine's network and at the daemon's log; `tierwatch status` tells more",
    }
)
"""What to do about the cause; about work in hand the routes tell."""


def letter(told_now: news.News, around: Around) -> Letter:
    """The message about an incident."""
    one, event = told_now.incident, told_now.event
    if event is news.Event.RECOVERED:
        lines = [*_over(one, around)]
    else:
        lines = [*_what(one), *_facts(one, around), ("Repeats", f"end with `tierwatch alerts ack {one.number}`")]
    footer = f"tierwatch {around.config.monitor.vantage}, incident {one.number}, key {told_now.key}"
    return Letter(title(one, event), _body([*lines, ("", footer)]))


def title(one: incidents.Incident, event: news.Event) -> str:
    """`vip 4k-high degraded`, `Spread: vip, official degraded`, `vip 4k-high recovered`."""
    name = (OVER if event is news.Event.RECOVERED else NAMES)[one.trouble]
    if one.cleared_at and one.reason == incidents.UNWATCHED:
        name = incidents.UNWATCHED
    if one.touched:
        return _cut(f"{BEFORE.get(event, '')}{where(one)} {name}", TITLE_CAP)
    return f"{BEFORE.get(event, '')}{name[:1].upper()}{name[1:]}"


def where(one: incidents.Incident) -> str:
    """`everything`, `vip, official`, `vip 2k-high, 4k-high` or `vip (5 tiers)`."""
    paths = [state.path for state in one.states] or list(one.touched)
    channels = list(dict.fromkeys(path.channel for path in paths))
    if one.scope is incidents.Scope.EVERYTHING and set(channels) == set(one.channels):
        return "everything"
    tiers = sorted(dict.fromkeys(path.tier for path in paths))
    if len(channels) > 1:
        return ", ".join(channels)
    return f"{channels[0]} {', '.join(tiers)}" if len(tiers) <= 2 else f"{channels[0]} ({len(tiers)} tiers)"


def _what(one: incidents.Incident) -> Iterator[tuple[str, str]]:
    for state in one.states[:PATHS_TOLD]:
        yield "", f"{state.path}: {state.reason or state.state.value.replace('_', ' ')}"
    if len(one.states) > PATHS_TOLD:
        yield "", f"and {len(one.states) - PATHS_TOLD} more paths"
    if one.reason:
        yield "", one.reason


def _facts(one: incidents.Incident, around: Around) -> Iterator[tuple[str, str]]:
    since = one.since or one.raised_at
    yield "Since", f"about {around.moment(since)}, {words.ago(since, around.at)} ago"
    if sure := _sure(one):
        yield "Sure", sure
    yield "Fault", blame.clause(one, around.states)
    yield "Do", "; ".join(filter(None, (FIRST_DO.get(one.trouble), *_instead(one, around)))) or "wait"
    if costs := "; ".join(_costs(one, around)):
        yield "Costs", costs


def _over(one: incidents.Incident, around: Around) -> Iterator[tuple[str, str]]:
    if one.touched:
        yield "", ", ".join(map(str, one.touched[:PATHS_TOLD])) + (" ..." if len(one.touched) > PATHS_TOLD else "")
    since, until = one.since or one.raised_at, one.cleared_at or around.at
    yield "Lasted", f"from about {around.moment(since)} to {around.moment(until)}, {words.ago(since, until)}"
    if again := "; ".join(_use(around, {path.tier for path in one.touched})):
        yield "Now", again


def _sure(one: incidents.Incident) -> str:
    if one.trouble is Trouble.DEGRADED:
        surest = max((state.p_degraded or 0.0 for state in one.states), default=0.0)
        return f"{100 * surest:.0f} % likely" if 0 < surest < 0.995 else "more than 99 % likely" if surest else ""
    if one.trouble is Trouble.BELOW_TARGET:
        return "95 %, over the last 30 days"
    return "" if one.scope is incidents.Scope.MONITOR else "certain: the answers say so"


def _instead(one: incidents.Incident, around: Around) -> Iterator[str]:
    """Where to send the work of the tiers that are bad."""
    if one.trouble is Trouble.BELOW_TARGET:
        return
    tiers = dict.fromkeys(state.path.tier for state in one.states)
    yield from _use(around, tiers)
    lost = [tier for tier in incidents.lost_tiers(around.states) if tier in tiers]
    if lost:
        yield f"no channel is healthy at {', '.join(lost)}: wait, or take a lighter tier"


def _use(around: Around, tiers: Iterable[str]) -> Iterator[str]:
    """`for 2k-high, 4k-high use official`, tiers with the same route together."""
    wanted, by_route = set(tiers), dict[str, list[str]]()
    for route in around.routes:
        if route.tier in wanted and not route.job:
            by_route.setdefault(_attempts(route), []).append(route.tier)
    for route_words, served in by_route.items():
        yield f"for {', '.join(served)} use {route_words}"


def _attempts(route: told.Route) -> str:
    """`official`, or `vip with 3 attempts, then official`."""
    if route.attempts == 1:
        return route.channel
    return f"{route.channel} with {route.attempts} attempts" + (f", then {route.then}" if route.then else "")


def _costs(one: incidents.Incident, around: Around) -> Iterator[str]:
    """What the way round costs against the cheapest bad path, a picture and for each job a day."""
    prices_usd: dict[str, float] = {}
    for state in one.states:
        if state.path in around.config.paths() and one.trouble is not Trouble.BELOW_TARGET:
            price_usd = around.config.price_usd(state.path)
            prices_usd[state.path.tier] = min(price_usd, prices_usd.get(state.path.tier, price_usd))
    images = {job.name: job.images_per_month for job in around.config.job}
    of_jobs = {route.tier for route in around.routes if route.job}
    for route in around.routes:
        if not route.job and route.tier in of_jobs:
            continue
        more_usd = route.usd - prices_usd.get(route.tier, route.usd)
        if more_usd > 0.01 * route.usd:
            a_day = f", {job_usd(more_usd, images[route.job])} a day" if images.get(route.job) else ""
            work = f"{route.job} at {route.tier}" if route.job else route.tier
            yield f"{work}: {usd(more_usd)} more a picture{a_day}"


def job_usd(more_usd: float, images_per_month: float) -> str:
    return f"about {usd(more_usd * images_per_month / DAYS_IN_A_MONTH)}"


def usd(value_usd: float) -> str:
    return f"${value_usd:,.0f}" if value_usd >= 10 else f"${value_usd:.2f}" if value_usd >= 0.1 else f"${value_usd:.3f}"


# --- routes and digests ----------------------------------------------------------------------------------------------


def route_letter(changed: Sequence[routes.Change], around: Around, key: str) -> Letter:
    """The message that other channels are to be used from now on."""
    tiers = dict.fromkeys(change.now.tier for change in changed)
    channels = dict.fromkeys(change.now.channel for change in changed)
    lines = []
    for before, now in changed:
        work = f"{now.job} at {now.tier}" if now.job else now.tier
        lines.append(("", f"{work}: {_attempts(now)} instead of {before.channel}"))
        lines.append(
            (
                "",
                f"  {usd(now.usd)} and {now.minutes:.1f} min a usable picture, before {usd(before.usd)} and {before.minutes:.1f} min",
            )
        )
    lines += [("Why", "`tierwatch recommend`"), ("", f"tierwatch {around.config.monitor.vantage}, key {key}")]
    return Letter(_cut(f"Use {', '.join(channels)} for {', '.join(tiers)}", TITLE_CAP), _body(lines))


def digest(messages: Sequence[told.Message], around_zone: dt.tzinfo) -> Letter:
    """Several messages as one, the severe first."""
    ordered = sorted(messages, key=lambda message: (not message.severe, message.id))
    lines = [
        f"{message.made_at.astimezone(around_zone):%b %d %H:%M %Z} {message.title} [{message.key}]"
        for message in ordered[:DIGEST_LINES]
    ]
    if len(ordered) > DIGEST_LINES:
        lines.append(f"and {len(ordered) - DIGEST_LINES} more")
    lines.append("All of it: `tierwatch alerts list`")
    return Letter(f"{len(ordered)} alerts: {_cut(ordered[0].title, TITLE_CAP - 16)}", "\n".join(lines))


def _body(lines: Iterable[tuple[str, str]]) -> str:
    return "\n".join(_cut(f"{label}: {text}" if label else text, LINE_CAP) for label, text in lines)


def _cut(text: str, length: int) -> str:
    """One visible line of at most so many characters."""
    shown = escape.visible(text)
    return shown if len(shown) <= length else shown[: length - 3] + "..."
