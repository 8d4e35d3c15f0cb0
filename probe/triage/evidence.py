"""Turns what is known about a failed request into pieces of evidence: its reply, its neighbours, its prompt elsewhere."""

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

from probe import gatewaylogs, model, moderation
from probe.inference import posterior, states, walls
from probe.inference.causes import DENIED, Check, Clue, Finding, Result, Said, clues_of, said_of
from probe.triage import around, relations, usual
from probe.triage.diagnosis import Piece
from probe.triage.subject import Subject

if TYPE_CHECKING:
    from probe.config import Config
    from probe.records.history import History

STATE_REACH = dt.timedelta(days=3)
"""How far back the state of a path is rebuilt from."""

TOGETHER = dt.timedelta(seconds=60)
"""Sends of one prompt on one path so close together are nearly one observation."""

THE_REPLY = "the reply"
"""Name of the pieces that are clues in the reply's words."""

BACKGROUND = frozenset({Clue.KNOWN_GOOD, Clue.AT_ONCE, Clue.LATE, Clue.OVERDUE, *DENIED})
"""Clues that weigh and are no reason a person would give."""

NOT_YET = dt.timedelta(minutes=15)
"""A log that knows nothing so soon may learn of it yet: requests are logged when they end."""

MODERATED = frozenset({model.Kind.MODERATION_INPUT, model.Kind.MODERATION_OUTPUT})


def of_reply(about: Subject) -> list[Piece]:
    """What the reply's finer words and the request's origin say."""
    pieces = [Piece(THE_REPLY, clue, clue) for clue in (clues_of(about.verdict) if about.verdict else ())]
    if about.outcome is not None and about.outcome.excluded is model.Exclusion.LOCAL_NETWORK:
        clue = Clue.NO_OTHER_HOST
        pieces.append(Piece("control check", clue, clue))
    if about.canary:
        known = "its prompt and parameters are known to be good"
        pieces.append(Piece("it was a canary", known, Clue.KNOWN_GOOD))
    return pieces


def of_pace(about: Subject, near: around.Around) -> list[Piece]:
    """Did the failure come at once, or as late as a picture takes on this path? Only where the words leave it open.

    Where somebody's patience ended: before a picture may be ready, or long after one is due.
    """
    if about.verdict is None or about.evidence is None or about.evidence.elapsed_s is None:
        return []
    elapsed_s, said = about.evidence.elapsed_s, said_of(about.verdict)
    usual_s = near.usual.median_s or next((count.median_s for count in near.path if count.median_s), None)
    if usual_s is None:
        return []
    if said is Said.TIMEOUT:
        clue: Clue | None = Clue.CUT_SHORT if elapsed_s / usual_s < DUE else Clue.OVERDUE
    else:
        clue = around.pace(said, elapsed_s, usual_s)
    if clue is None:
        return []
    words = f"after {elapsed_s:.0f} s, where a picture takes {usual_s:.0f} s"
    return [Piece("its time", words, clue, brief=f"it ended {words}")]


DUE = 2.0
"""Share of a picture's usual time: 99 of 100 take less than twice as long (lognormal, sigma 0.3)."""


def of_walls(about: Subject, history: "History", config: "Config") -> list[Piece]:
    """Do failures of this path end at one elapsed time, and this one too? Then a timer on the way cuts them."""
    path, sent_at, seen, verdict = about.path, about.sent_at, about.evidence, about.verdict
    if path is None or sent_at is None or seen is None or verdict is None or verdict.kind not in CUT:
        return []
    stored = list(history.outcomes(sent_at - STATE_REACH, sent_at + around.REACH, path=path))
    failures_s = [one.outcome.evidence.elapsed_s for one in stored if one.verdict.kind in CUT]
    delivered_s = [one.outcome.latency_s for one in stored if one.ok]
    found = walls.find_walls(
        [time_s for time_s in failures_s if time_s is not None],
        [time_s for time_s in delivered_s if time_s is not None],
        (config.deadline_s(path),) if path in config.paths() else (),
    )
    elapsed_s = seen.elapsed_s or 0.0
    wall = next((each for each in found if each.low_s - 1 <= elapsed_s <= each.high_s + 1), None)
    if wall is None:
        return []
    return [Piece("time wall", wall.sentence(), None if Clue.TIME_LIMIT in clues_of(verdict) else Clue.TIME_LIMIT)]


CUT = frozenset({model.Kind.TIMEOUT, model.Kind.NETWORK, model.Kind.GATEWAY_ERROR})
"""Kinds that a timer on the way may be behind."""


def look_around(about: Subject, history: "History", config: "Config", but: Iterable[str] = ()) -> around.Around | None:
    """What was stored around its minute; `but` are ids of triage's own rungs, which are evidence of their own."""
    if about.path is None or about.sent_at is None:
        return None
    stored = history.outcomes(about.sent_at - around.REACH, about.sent_at + around.REACH + dt.timedelta(seconds=1))
    known = frozenset((about.outcome.id, *but) if about.outcome else but)
    lighter, others = relations.neighbours(about.path, config)
    months = usual.months((about.path, *lighter, *others), about.sent_at, history)
    return around.look(about.path, about.sent_at, around.Neighbourhood(stored), config, known, months)


def of_neighbours(near: around.Around) -> list[Piece]:
    """Canaries and own traffic on the path, lighter tiers and other channels."""
    return [
        Piece(name_of(count), around.told(count), findings=count.findings, brief=around.brief(count))
        for count in near.counts
        if count.n or count.refused
    ]


def name_of(count: around.Count) -> str:
    return f"{'own traffic' if count.own else 'canaries'} on {count.path}"


def state_at(about: Subject, history: "History", config: "Config") -> model.PathState | None:
    """The state of the path as the half hour after the failure showed it, from the outcomes of its channel."""
    if about.path is None or about.sent_at is None or about.path not in config.paths():
        return None
    until = about.sent_at + around.WIDER[0]
    stored = list(history.outcomes(until - STATE_REACH, until, channel=about.path.channel))
    latest = max((one.outcome.sent_at for one in stored), default=about.sent_at)
    return next((state for state in states.of(stored, config, latest) if state.path == about.path), None)


def of_same_prompt(about: Subject, same: Iterable[model.Judged], config: "Config", but: Iterable[str]) -> list[Piece]:
    """What became of the same prompt sent at other times or elsewhere."""
    path, sent_at, left_out = about.path, about.sent_at, set(but)
    if path is None or sent_at is None:
        return []
    pieces = []
    for one in same:
        outcome = one.outcome
        if outcome.id in left_out or (about.outcome is not None and outcome.id == about.outcome.id):
            continue
        said = of_repeat(
            path, one, config, close=abs(outcome.sent_at - sent_at) <= TOGETHER, minutes=around.minutes(one, sent_at)
        )
        if said is not None:
            words = f"{said.result} at {outcome.sent_at:%d %b %H:%M} UTC ({kind_of(one)})"
            brief = f"the same prompt {said.result} on {outcome.path}"
            pieces.append(Piece(f"same prompt on {outcome.path}", words, findings=(said,), brief=brief))
    return pieces


def of_repeat(
    path: model.Path, one: model.Judged, config: "Config", *, close: bool = False, minutes: float | None = None
) -> Finding | None:
    """What a repeat of the request says: on the path, at a lighter tier, on another channel."""
    result = repeated(one)
    if result is None:
        return None
    other, weight, said = one.outcome.path, posterior.CORRELATED if close else 1.0, said_of(one.verdict)
    if other == path:
        return Finding(Check.RETRY, result, weight, minutes=minutes, said=said)
    if other.channel == path.channel:
        same = relations.as_large(config, path, other)
        return Finding(Check.DOWNSCALE, result, weight, shared=same, minutes=minutes, said=said)
    same, paid = (ask(config, path.channel, other.channel) for ask in (relations.shared, relations.purse))
    return Finding(Check.OTHER, result, weight, other.channel, same, minutes, said, purse=paid)


def repeated(one: model.Judged) -> Result | None:
    """Result of sending people's own prompt; None where our own side was at fault."""
    if one.ok:
        return Result.PASSED
    if one.verdict.kind in MODERATED:
        return Result.REFUSED
    if one.verdict.kind in model.ACCOUNT_KINDS:
        return Result.BARRED
    return None if one.outcome.excluded not in {None, model.Exclusion.OWN_CONTENT} else Result.FAILED


def kind_of(one: model.Judged) -> str:
    verdict = one.verdict
    return f"{verdict.kind}, {verdict.detail}" if verdict.detail else str(verdict.kind)


def of_bill(judged: model.Judged) -> list[Piece]:
    """What was charged for a request of which no picture came."""
    charged_usd = judged.outcome.charged_usd
    if not charged_usd or judged.verdict.kind in {model.Kind.OK, model.Kind.DEGRADED_IMAGE}:
        return []
    return [Piece("the bill", f"charged ${charged_usd:.2f}: the picture was made and lost", Clue.LOST)]


def of_log(entry: gatewaylogs.Entry, channel: str, age: dt.timedelta) -> Piece:
    """What the gateway's own log says, `age` after the request was sent."""
    name = f"{channel}'s log"
    how = " (found by model and time)" if entry.by_time else ""
    took = f" after {entry.duration_s:.0f} s" if entry.duration_s is not None else ""
    charged = f", billed ${entry.charged_usd:.2f}" if entry.charged_usd else ", not billed"
    if entry.state == "finished":
        words = f"finished{took}{charged}: the picture was made and lost{how}"
        return Piece(name, words, Clue.LOST, live=True)
    if entry.state == "failed":
        words = f"failed there too{took} ({entry.error}){charged}{how}"
        return Piece(name, words, Clue.LOG_FAILED, live=True)
    if entry.state == "absent" and age < NOT_YET:
        return Piece(name, "has nothing of it yet; it may still be running, ask again in some minutes")
    if entry.state == "absent":
        return Piece(name, "knows nothing of it", Clue.NOT_LOGGED, live=True)
    return Piece(name, f"not answered: {entry.reason}")


def of_screen(screen: moderation.Screen) -> Piece:
    """What the pre-screen says; "not checked" weighs nothing."""
    if screen.state == "not checked":
        return Piece("pre-screen", f"not checked: {screen.reason}")
    if screen.state == "flagged":
        flagged = ", ".join(screen.categories) or "no category named"
        return Piece(
            "pre-screen", f"flagged {flagged}", findings=(Finding(Check.PRE_SCREEN, Result.FAILED),), live=True
        )
    words = "clean, which does not clear brands, likeness or attire"
    return Piece("pre-screen", words, findings=(Finding(Check.PRE_SCREEN, Result.PASSED),), live=True)
