"""What `tierwatch status` says: from published states to one line, an exit code, and performance data for monitors.

Nothing heavy is imported: monitors call this every minute.
"""

import datetime as dt
import hashlib
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from probe import config as configs
from probe import escape, model
from probe.config import document as documents
from probe.inference import words as reasons
from probe.records import history, rows
from reports import states, words

OK, WARNING, CRITICAL, UNKNOWN = range(4)
WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
"""Exit codes and words of the monitoring plugins' convention."""


class Status(NamedTuple):
    """The answer: `message` is the first line without its word, `details` are the lines below."""

    code: int
    message: str
    details: tuple[str, ...] = ()
    figures: tuple[tuple[str, str], ...] = ()  # performance data, name and value with unit

    def text(self) -> str:
        """The plugin's output: `WARNING - ... | name=value ...`, then the details."""
        figures = " ".join(f"{name}={value}" for name, value in self.figures)
        first = f"{WORDS[self.code]} - {in_a_line(self.message)}" + (f" | {figures}" if figures else "")
        return "\n".join([first, *map(in_a_line, self.details)])


class Known(NamedTuple):
    """What the database knows at this moment."""

    states: Sequence[model.PathState]
    heartbeat: rows.Heartbeat | None
    spent_usd: float
    jobs: Mapping[str, Sequence[str]] = MappingProxyType({})  # tiers by `[[job]]`
    digest: str = ""  # of the config file as it is now


def in_a_line(text: str) -> str:
    """One visible line, without the bar that would start performance data."""
    return escape.visible(text).replace("|", "/")


def blind(reason: str) -> Status:
    """Nothing can be said, and that is a finding of its own."""
    first, *rest = reason.splitlines() or ["no reason given"]
    return Status(UNKNOWN, first, tuple(rest))


def status(known: Known, now: dt.datetime) -> Status:
    """The gravest thing first.

    3 no daemon or a stale one; 2 a tier of which no channel is healthy while one is bad; 1 a bad path;
    0 all well, with what is suspect, not known, below its target or too early to say said in words.
    """
    bad = [state for state in known.states if state.state in states.BAD]
    details = (
        *(told(state, now) for state in bad),
        *(told(state, now) for state in known.states if state.state is model.State.SUSPECT),
        *(told(state, now) for state in known.states if is_healthy(state) and state.reason),
        *named("too early to say", filter(is_learning, known.states)),
        *named("not known", (state for state in known.states if state.state is model.State.UNKNOWN)),
        *changed(known),
    )
    code, message = judged(known, bad, now)
    return Status(code, message, details, figures(known, now))


def judged(known: Known, bad: Sequence[model.PathState], now: dt.datetime) -> tuple[int, str]:
    beat = known.heartbeat
    if beat is None:
        return UNKNOWN, "no daemon has run here yet; start `tierwatch daemon`"
    if beat.stale(now):
        silent = f"the daemon's last sign of life was {words.ago(beat.at, now)}"
        if beat.at > now:
            silent = "no sign of life since this machine's clock was set back"
        return UNKNOWN, f"blind: {silent}; what follows may be over"
    if not known.states:
        return UNKNOWN, "the daemon has published no state yet"
    lost = lost_tiers(known)
    if lost:
        return CRITICAL, f"no healthy channel left for {words.listed(lost)}"
    if bad:
        return WARNING, f"{words.listed([str(state.path) for state in bad])} {'is' if len(bad) == 1 else 'are'} bad"
    counts = {state: sum(each.state is state for each in known.states) for state in model.State}
    doubtful = (
        (sum(map(is_learning, known.states)), "too early to say"),
        (counts[model.State.SUSPECT], "suspect"),
        (counts[model.State.UNKNOWN], "not known yet"),
    )
    healthy = f"{sum(map(is_healthy, known.states))} of {words.count(len(known.states), 'path')} healthy"
    return OK, ", ".join([healthy, *(f"{count} {word}" for count, word in doubtful if count)])


def is_learning(state: model.PathState) -> bool:
    """Called healthy by what is usual elsewhere: too little of its own was seen to say so."""
    return state.state is model.State.HEALTHY and reasons.FEW_SEEN in state.reason


def is_healthy(state: model.PathState) -> bool:
    """By its own canaries."""
    return state.state is model.State.HEALTHY and not is_learning(state)


def lost_tiers(known: Known) -> list[str]:
    """Tiers where a channel is bad and none is healthy, with the jobs that need them."""
    found = []
    for tier in dict.fromkeys(state.path.tier for state in known.states):
        here = [state.state for state in known.states if state.path.tier == tier]
        if any(state in states.BAD for state in here) and not any(state in states.FINE for state in here):
            jobs = [job for job, tiers in known.jobs.items() if tier in tiers]
            found.append(f"{tier} (job {words.listed(jobs)})" if jobs else tier)
    return found


def told(state: model.PathState, now: dt.datetime) -> str:
    """`vip/4k-high DEGRADED since 02:20 UTC: about 45 % fail: processing_error 5 of 16`."""
    since = f" since {words.moment(state.since, now)}" if state.since else ""
    reason = f": {state.reason}" if state.reason else ""
    return f"{state.path} {states.BAD.get(state.state, state.state)}{since}{reason}"


def named(what: str, found: Iterable[model.PathState]) -> list[str]:
    """`not known: vip/1k-low, vip/2k-high`, where there is any."""
    names = [str(state.path) for state in found]
    return [f"{what}: {', '.join(names)}"] if names else []


def changed(known: Known) -> list[str]:
    """What the daemon has to say; it may run with an older config than the file says."""
    beat = known.heartbeat
    if beat and beat.note:
        return [beat.note]
    if beat and known.digest and beat.digest != known.digest:
        return ["the config file has changed since the daemon read it"]
    return []


def figures(known: Known, now: dt.datetime) -> tuple[tuple[str, str], ...]:
    """Paths by state, canary money of the UTC day, age of the heartbeat."""
    if not known.states:
        return ()
    total = len(known.states)
    counts = [
        (state.value, f"{sum(each.state is state for each in known.states)};;;0;{total}") for state in model.State
    ]
    age = [("heartbeat_age", f"{(now - known.heartbeat.at).total_seconds():.0f}s")] if known.heartbeat else []
    return (*counts, ("canaries_usd", f"{known.spent_usd:.4f}"), *age)


def look(config_path: str | None, now: dt.datetime) -> tuple[Status, Known | None]:
    """The answer for a config, and what it was made from; a config or database that cannot be read is an answer too."""
    try:
        known = read(configs.find(config_path), now)
    except model.UserError as error:
        return blind(str(error)), None
    return status(known, now), known


def read(path: pathlib.Path, now: dt.datetime) -> Known:
    """What the database knows, and the little of the config that is needed; raises UserError."""
    content = documents.content(path)
    jobs = documents.parse(content, path).get("job", ())
    with history.open(configs.database(path)) as past:
        return Known(
            past.states(),
            past.heartbeat(),
            past.spent_usd(now.date()),
            {str(job.get("name", "")): job.get("tiers", ()) for job in jobs if isinstance(job, dict)},
            hashlib.sha256(content).hexdigest(),
        )


def document(found: Status, known: Known | None) -> dict[str, Any]:
    """The same for programs, with every path's state."""
    beat = known.heartbeat if known else None
    return {
        "status": WORDS[found.code].lower(),
        "exit_code": found.code,
        "message": found.message,
        "details": list(found.details),
        "heartbeat_at": words.rfc3339(beat.at) if beat else None,
        "spent_usd": known.spent_usd if known else None,
        "paths": [
            {
                "channel": state.path.channel,
                "tier": state.path.tier,
                "state": state.state.value,
                "since": words.rfc3339(state.since),
                "checked_at": words.rfc3339(state.checked_at),
                "next_at": words.rfc3339(state.next_at),
                "p_degraded": state.p_degraded,
                "reason": state.reason,
            }
            for state in (known.states if known else ())
        ],
    }
