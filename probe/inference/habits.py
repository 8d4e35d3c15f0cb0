"""What is usual on a path: how often its canaries fail, at which hours, in which words; tables that know it.

Three things that no table can know beforehand: how often this path is in trouble anyway, whether it is so at the
same hours of every day, and whether the channel has one phrase for everything, so that its words tell no cause
from another.
"""

import collections
import dataclasses
import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from probe import model
from probe.inference.causes import CAUSES, PATH_CAUSES, SAID, Cause, Said, Tables

T = TypeVar("T")

SILENT = frozenset({Said.MODERATION, Said.ACCOUNT, Said.NETWORK})
"""Words that say nothing about the health of the path."""

HARMLESS = PATH_CAUSES | {Cause.ONE_OFF}
"""Causes that stop a known-good prompt."""

EXCEPTIONS = 0.05
"""Share of a one-phrase channel's failures that speak otherwise all the same. Assumed."""

WORTH_CANARIES = 60.0
"""So many canaries the assumed share of failing ones is worth when a month's are counted: three days of them."""

ONE_OFFS = 0.0115
"""Share of canaries that fail while the path is well, as assumed; with `Tables.background` 0.03 fail in all."""

MEAN_SEVERITY = 0.617
"""Of the severities of the tables: the share failing while a path is in trouble."""

WELL, DOOMED = 0.01, 0.5
"""Bounds of the share of time in trouble that a month may teach."""

WINDOW_HOURS = 3
"""Demand that peaks daily does so for some hours, and not on the minute."""

WINDOWS = 24 // WINDOW_HOURS

DAILY_ODDS = 0.2
"""That a path's trouble comes at this hour of the day, before the month was looked at. Assumed."""

DAILY: Mapping[Cause, float] = MappingProxyType({Cause.QUEUE: 0.7, Cause.UPSTREAM: 0.25, Cause.CHANNEL: 0.05})
"""What trouble that comes at the same hours of the day is: demand comes in daily peaks. Assumed."""

MONTH_CASES = 6.0
"""So many failures the expected mix of words is worth when a month's words are weighed: incidents repeat theirs."""

MOST_WORDS = 20.0
"""A month's words weigh no more than so many."""

ENOUGH_PICTURES = 20
"""Fewer do not tell how long a picture takes."""


class Sent(NamedTuple):
    """One scheduled canary of a path."""

    hour: int  # since any midnight of UTC; failures of one hour say one thing once
    kind: model.Kind
    latency_s: float | None


class Windows(NamedTuple):
    """Stretches of three hours in which canaries went out, and those of them in which one failed."""

    seen: int = 0
    failing: int = 0


NO_WINDOWS = Windows()


@dataclasses.dataclass(frozen=True, slots=True)
class Month:
    """What a month of scheduled canaries on one path showed."""

    sent: int = 0
    failed: int = 0
    words: Mapping[Said, float] = dataclasses.field(default_factory=dict)  # of the failures, one an hour
    median_s: float | None = None  # of the pictures
    late_s: float | None = None  # nine of ten pictures take no longer
    same_hours: Windows = NO_WINDOWS  # of the days before: around the hour of day of the failure
    other_hours: Windows = NO_WINDOWS
    same_words: Mapping[Said, float] = dataclasses.field(default_factory=dict)  # `words` at those same hours


def read(canaries: Iterable[Sent], hour: int) -> Month:
    """Count them; refusals of moderation and of an account, and our own network, say nothing here.

    `hour`: of the failure, counted like those of the canaries.
    """
    sent = failed = 0
    words: dict[tuple[int, Said], None] = {}
    windows: dict[int, bool] = {}  # by number, 0 around the failure; did a canary fail?
    latencies_s: list[float] = []
    for each in canaries:
        said = SAID[each.kind]
        if said in SILENT or each.kind is model.Kind.UNKNOWN:
            continue
        sent += 1
        window = window_of(each.hour, hour)
        windows[window] = windows.get(window, False) or said is not None
        if said is not None:
            failed += 1
            words[each.hour, said] = None
        elif each.latency_s is not None:
            latencies_s.append(each.latency_s)
    counts = collections.Counter(said for _, said in words)
    enough = len(latencies_s) >= ENOUGH_PICTURES
    latencies_s.sort()
    median_s, late_s = (latencies_s[int(len(latencies_s) * share)] if enough else None for share in (0.5, 0.9))
    same, other = (
        [failing for window, failing in windows.items() if (window % WINDOWS == 0) is is_same]
        for is_same in (True, False)
    )
    same_hours, other_hours = Windows(len(same), sum(same)), Windows(len(other), sum(other))
    same_words = collections.Counter(said for at, said in words if window_of(at, hour) % WINDOWS == 0)
    return Month(sent, failed, dict(counts), median_s, late_s, same_hours, other_hours, dict(same_words))


def window_of(hour: int, failure: int) -> int:
    """Number of the stretch of WINDOW_HOURS that an hour lies in; 0 holds the failure in its middle."""
    return (hour - failure + 1) // WINDOW_HOURS


def adapted(tables: Tables, month: Month) -> Tables:
    """The tables, knowing how often this path is in trouble, at which hours, and how its channel speaks."""
    if not month.sent:
        return tables
    assumed = tables.background * MEAN_SEVERITY + ONE_OFFS
    failing = (month.failed + WORTH_CANARIES * assumed) / (month.sent + WORTH_CANARIES)
    troubled = min(max((failing - ONE_OFFS) / MEAN_SEVERITY, WELL), DOOMED)
    daily, shares = at_this_hour(month), of_this_hour(month, tables)
    usual = {
        cause: p * failing / assumed for cause, p in zip(CAUSES, tables.prior, strict=True) if cause in PATH_CAUSES
    }
    again = {cause: math.fsum(usual.values()) * daily / troubled * share for cause, share in shares.items()}
    weights = [
        usual[cause] + again[cause] if cause in PATH_CAUSES else p
        for cause, p in zip(CAUSES, tables.prior, strict=True)
    ]
    total = math.fsum(weights)
    known = {cause: again[cause] / (again[cause] + usual[cause]) for cause in PATH_CAUSES}
    return dataclasses.replace(
        tables,
        prior=tuple(weight / total for weight in weights),
        background=min(troubled + daily, DOOMED),
        said=said_at_this_hour(tables, month, known) if daily else tables.said,
        one_phrase=MappingProxyType({phrase: one_phrase(phrase, month.words, tables) for phrase in Said}),
    )


def at_this_hour(month: Month) -> float:
    """By how much the share of days in trouble at this hour of the day exceeds that at other hours; 0..1.

    As far as it is no chance: the ratio of the binomial likelihoods, less what a fitted share costs (Schwarz 1978).
    """
    (days, failing), (others, others_failing) = month.same_hours, month.other_hours
    if not days or not others:
        return 0.0
    share, usual = (failing + 0.5) / (days + 1), (others_failing + 0.5) / (others + 1)
    if share <= usual:
        return 0.0
    logs = failing * math.log(share / usual) + (days - failing) * math.log((1 - share) / (1 - usual))
    odds = DAILY_ODDS * math.exp(min(logs, 50.0)) / math.sqrt(days)
    return (share - usual) * odds / (1 + odds)


def of_this_hour(month: Month, tables: Tables) -> dict[Cause, float]:
    """P(trouble that comes at this hour of the day is each cause | what was said at these hours)."""
    n = math.fsum(month.same_words.values())
    heard = {word: weight * min(1.0, MOST_WORDS / n) for word, weight in month.same_words.items()}
    weights = {}
    for cause, share in DAILY.items():
        cases = {word: MONTH_CASES * row[CAUSES.index(cause)] for word, row in tables.said.items()}
        weights[cause] = share * math.exp(log_habit(heard, cases, MONTH_CASES))
    total = math.fsum(weights.values())
    return {cause: weight / total for cause, weight in weights.items()}


def said_at_this_hour(tables: Tables, month: Month, known: Mapping[Cause, float]) -> Mapping[Said, tuple[float, ...]]:
    """The words of each cause, as far as it is the trouble of this hour (`known`) those that were heard at it."""
    n = math.fsum(month.same_words.values())
    return MappingProxyType(
        {
            word: tuple(
                p
                + known.get(cause, 0.0) * ((month.same_words.get(word, 0.0) + MONTH_CASES * p) / (n + MONTH_CASES) - p)
                for cause, p in zip(CAUSES, row, strict=True)
            )
            for word, row in tables.said.items()
        }
    )


def one_phrase(phrase: Said, words: Mapping[Said, float], tables: Tables) -> float:
    """P(a channel that just said `phrase` never says anything else | what it said in a month)."""
    n = math.fsum(words.values())
    if not n:
        return tables.one_phrase[phrase]
    heard = {word: weight * min(1.0, MOST_WORDS / n) for word, weight in words.items()}
    logs = log_habit(heard, {word: MONTH_CASES * share for word, share in mixed(tables).items()}, MONTH_CASES)
    before = tables.one_phrase[phrase]
    odds = before / (1 - before) * math.exp(log_one_phrase(heard, phrase) - logs)
    return odds / (1 + odds)


def log_habit(counts: Mapping[T, float], cases: Mapping[T, float], total: float) -> float:
    """Log chance of what one speaker said, who has habits: Dirichlet-multinomial with so many `cases` expected, in all `total`."""
    logs = math.lgamma(total) - math.lgamma(total + math.fsum(counts.values()))
    for each, weight in counts.items():
        logs += math.lgamma(cases[each] + weight) - math.lgamma(cases[each])
    return logs


def log_one_phrase(words: Mapping[Said, float], phrase: Said) -> float:
    """Log chance of words where the channel has this one phrase for everything."""
    other = math.log(EXCEPTIONS / (len(Said) - 1))
    return math.fsum(weight * (math.log1p(-EXCEPTIONS) if word is phrase else other) for word, weight in words.items())


def mixed(tables: Tables) -> dict[Said, float]:
    """In which words harmless requests fail, over all causes that stop them."""
    sums = {
        said: math.fsum(
            p * share for cause, p, share in zip(CAUSES, tables.prior, row, strict=True) if cause in HARMLESS
        )
        for said, row in tables.said.items()
    }
    total = math.fsum(sums.values())
    return {said: each / total for said, each in sums.items()}
