"""Why did a request fail: a posterior over eight causes, what each piece of evidence adds, and what to test next.

Source of the model and of every table: the triage specification in `docs/triage.md`. The tables are
assumptions written down as data, so that they can be replaced by counts; `bench/triage.py` measures
them in worlds that do not share their structure.
"""

import dataclasses
import enum
import math
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from probe import model


class Cause(enum.StrEnum):
    """What can be behind a failed request."""

    CONTENT = "content"
    UPSTREAM = "upstream"
    QUEUE = "queue"
    CHANNEL = "channel"
    PARAMETERS = "parameters"
    ACCOUNT = "account"
    NETWORK = "network"
    ONE_OFF = "one-off"


CAUSES = tuple(Cause)
PATH_CAUSES = frozenset({Cause.UPSTREAM, Cause.QUEUE, Cause.CHANNEL})
"""Causes that make a share of all requests on the path fail, whoever sends them: that share is the severity."""


class Said(enum.StrEnum):
    """What the failed reply said, as coarse as the tables know it."""

    MODERATION = "moderation"
    PROCESSING = "processing error"
    OVERLOAD = "overload"
    INVALID = "invalid request"
    ACCOUNT = "quota or key"
    TIMEOUT = "timeout"
    GATEWAY = "gateway error"
    NETWORK = "network"
    BROKEN = "broken picture"


class Check(enum.StrEnum):
    """What can be tried, or was seen for free. Each passes or fails."""

    PRE_SCREEN = "pre-screen"
    RETRY = "retry"
    CANARY = "canary"
    DOWNSCALE = "downscale"
    OTHER = "other channel"
    OTHER_CANARY = "canary on the other channel"
    LIGHTER_CANARY = "canary at a lighter tier"


class Result(enum.StrEnum):
    """What came of a check. A pre-screen that flags has failed; one that could not answer is no result."""

    PASSED = "passed"
    FAILED = "failed"
    REFUSED = "refused"  # by moderation, in so many words


ByCause = tuple[float, ...]
"""One number a cause, in the order of CAUSES."""


class Chance(NamedTuple):
    """P(a check fails) = fixed + per_severity * severity."""

    fixed: float
    per_severity: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class Tables:
    """What is believed before any evidence. `said` is P(words | cause) and sums to 1 over the words by cause.

    `background` is the chance that the path happens to be degraded although the cause is another one;
    `severities` are the shares failing on a degraded path, equally likely.
    """

    prior: ByCause
    said: Mapping[Said, ByCause]
    clues: Mapping[str, ByCause]
    fails: Mapping[Check, tuple[Chance, ...]]
    severities: tuple[float, ...] = (0.3, 0.6, 0.95)
    background: float = 0.05
    own_incident: float = 0.6  # share failing on another channel that is in an incident of its own


S = Chance

TABLES = Tables(
    #        content upstrm queue  channl params accnt  netwrk one-off
    prior=(.30, .28, .08, .10, .07, .03, .02, .12),
    said=MappingProxyType({
        Said.MODERATION: (.55, .005, .005, .005, .005, .003, .002, .005),
        Said.PROCESSING: (.38, .62, .14, .28, .03, .02, .01, .50),
        Said.OVERLOAD: (.005, .03, .74, .05, .002, .05, .002, .03),
        Said.INVALID: (.01, .005, .005, .01, .95, .01, .002, .005),
        Said.ACCOUNT: (.005, .005, .005, .05, .003, .90, .002, .005),
        Said.TIMEOUT: (.02, .20, .08, .16, .002, .005, .22, .20),
        Said.GATEWAY: (.01, .11, .02, .34, .003, .007, .012, .12),
        Said.NETWORK: (.005, .005, .0025, .015, .002, .002, .74, .04),
        Said.BROKEN: (.015, .02, .0025, .09, .003, .003, .01, .095),
    }),
    # P(a finer word or circumstance | cause, what was said): only ratios within a row matter.
    clues=MappingProxyType({
        "names the caller's account": (.3, .3, .3, .03, .3, .97, .3, .3),
        "names the gateway's pool": (.05, .1, .3, .95, .05, .05, .05, .1),
        "wrong picture": (.05, .15, .05, .95, .2, .02, .02, .2),
        "ended at a proxy's time limit": (.03, .10, .10, .60, .03, .03, .35, .10),
        "known-good prompt and parameters": (.02, .9, .9, .9, .05, .9, .9, .9),
        "gateway finished and billed": (.02, .15, .05, .45, .01, .005, .65, .35),
        "gateway failed too": (.80, .80, .80, .50, .80, .70, .02, .55),
        "gateway knows nothing of it": (.05, .05, .10, .20, .10, .30, .70, .10),
        "refused before it was drawn": (.95, .5, .5, .5, .9, .9, .5, .5),
    }),
    # P(check fails | cause, severity); published per check, see docs/triage.md.
    fails=MappingProxyType({
        Check.PRE_SCREEN: (S(.50), S(.02), S(.02), S(.02), S(.02), S(.02), S(.02), S(.02)),
        Check.RETRY: (S(.92), S(0, 1), S(0, .8), S(0, 1), S(.999), S(.995), S(.6), S(.03)),
        Check.CANARY: (S(.03), S(0, 1), S(0, .8), S(0, 1), S(.03), S(.95), S(.6), S(.03)),
        Check.DOWNSCALE: (S(.88), S(0, .35), S(0, .7), S(0, .8), S(.55), S(.995), S(.6), S(.03)),
        Check.OTHER: (S(.70), S(0, .6), S(0, .5), S(.03), S(.75), S(.05), S(.6), S(.03)),
        Check.OTHER_CANARY: (S(.03), S(0, .6), S(0, .5), S(.03), S(.03), S(.05), S(.6), S(.03)),
        Check.LIGHTER_CANARY: (S(.03), S(0, .35), S(0, .7), S(0, .8), S(.03), S(.95), S(.6), S(.03)),
    }),
)  # fmt: skip
"""Assumed; `clues` are this program's own, the rest is the specification's."""

SHARED: Mapping[bool | None, float] = MappingProxyType({None: 0.6, True: 0.95, False: 0.1})
"""How much of an upstream's trouble another channel shows: not known, the same upstream by config, another one."""

REFUSED_CANARY = {True: 0.9, False: 0.003}
"""P(a known-good prompt is refused | the channel refuses everything, it does not)."""

PRICES_USD: Mapping[Check, float] = MappingProxyType({
    Check.PRE_SCREEN: 0.0005, Check.RETRY: 0.20, Check.CANARY: 0.20, Check.DOWNSCALE: 0.10,
    Check.OTHER: 0.20, Check.OTHER_CANARY: 0.20,
})  # fmt: skip
"""What a check costs where nobody knows better; triage puts the list prices of the paths in their place."""

LIMITS: Mapping[Check, int] = MappingProxyType({
    Check.PRE_SCREEN: 1, Check.DOWNSCALE: 1, Check.OTHER: 1, Check.RETRY: 3, Check.CANARY: 3, Check.OTHER_CANARY: 3,
})  # fmt: skip
"""How often a check may be made in one triage."""

EFFORT_USD = 0.02
"""What a check costs besides money: nobody waits minutes for a bit that is free."""

SURE = 0.9
"""Enough: no further check."""

UNKNOWN_BELOW = 0.6
"""A leading cause less likely than this is called unknown."""

WORTH_NATS_PER_USD = 0.02
"""A check that promises less than this is not made."""

CORRELATED = 0.5
"""Retries seconds apart are nearly one observation: the second and third count half."""


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check, made for this triage or seen for free.

    `weight` (0..1) says how much of an observation it is: less when it lies hours away from the failure or
    repeats the one before. `of` is the other channel asked; `shared` whether that one has the same upstream.
    """

    check: Check
    result: Result
    weight: float = 1.0
    of: str = ""
    shared: bool | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Posterior:
    """What the evidence says. `cells` are P(cause, severity) with severity 0 first; the rest is drawn from them."""

    cells: Mapping[tuple[Cause, float], float]

    @property
    def p(self) -> dict[Cause, float]:
        """Probability by cause, the most likely first."""
        sums = {cause: math.fsum(p for (of, _), p in self.cells.items() if of is cause) for cause in CAUSES}
        return dict(sorted(sums.items(), key=lambda item: -item[1]))

    @property
    def lead(self) -> tuple[Cause, float]:
        """The most likely cause and its probability."""
        return next(iter(self.p.items()))

    @property
    def known(self) -> bool:
        """Does one cause stand out enough to be named?"""
        return self.lead[1] >= UNKNOWN_BELOW

    @property
    def path_failing(self) -> float:
        """Expected share of all requests on the path that fail."""
        return math.fsum(severity * p for (_, severity), p in self.cells.items())


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """The check that promises most information for its price."""

    check: Check
    price_usd: float
    nats: float  # expected drop of the entropy over causes


def weigh(
    said: Said | None, clues: Iterable[str] = (), findings: Iterable[Finding] = (), tables: Tables = TABLES
) -> Posterior:
    """Posterior over causes and severities: prior, then words and clues, then every group of findings.

    `said` None: what came back says nothing. Findings of one check on one channel are one group, because they
    share whatever was wrong there.
    """
    cells = {}
    for index, cause in enumerate(CAUSES):
        p = tables.prior[index]
        if said is not None:
            p *= tables.said[said][index] / math.fsum(row[index] for row in tables.said.values())
        for clue in clues:
            p *= tables.clues[clue][index]
        for severity, share in _severities(cause, tables):
            cells[cause, severity] = p * share
    groups = _groups(findings)
    for (cause, severity), p in cells.items():
        logs = math.fsum(_log_likelihood(group, cause, severity, said, tables) for group in groups)
        cells[cause, severity] = p * math.exp(logs)
    return _normalised(cells)


def next_check(
    posterior: Posterior,
    prices_usd: Mapping[Check, float],
    done: Mapping[Check, int] = MappingProxyType({}),
    tables: Tables = TABLES,
) -> Choice | None:
    """The check with the most expected information per dollar; None where it is time to stop.

    Stops when a cause is SURE, when every check was made as often as LIMITS allow, or when none is worth it.
    """
    if posterior.lead[1] >= SURE:
        return None
    best: Choice | None = None
    for check, price_usd in prices_usd.items():
        times = done.get(check, 0)
        if times >= LIMITS[check]:
            continue
        weight = CORRELATED if check is Check.RETRY and times else 1.0
        choice = Choice(check, price_usd, _information(posterior, check, weight, tables))
        if best is None or _value(choice) > _value(best):
            best = choice
    return best if best is not None and _value(best) >= WORTH_NATS_PER_USD else None


def learn(cases: Iterable[tuple[Said, Posterior]], tables: Tables = TABLES) -> Tables:
    """Tables re-estimated from finished cases: each adds its posterior as a fraction of a count.

    The tables count as PRIOR_CASES cases, and as ROW_CASES cases of each cause (Dirichlet priors).
    """
    prior = [PRIOR_CASES * p for p in tables.prior]
    said = {word: [ROW_CASES * p for p in row] for word, row in tables.said.items()}
    for word, posterior in cases:
        for index, cause in enumerate(CAUSES):
            p = posterior.p[cause]
            prior[index] += p
            said[word][index] += p
    total = math.fsum(prior)
    sums = [math.fsum(row[index] for row in said.values()) for index in range(len(CAUSES))]
    return dataclasses.replace(
        tables,
        prior=tuple(p / total for p in prior),
        said={word: tuple(p / whole for p, whole in zip(row, sums, strict=True)) for word, row in said.items()},
    )


PRIOR_CASES = 30.0
ROW_CASES = 40.0


def _value(choice: Choice) -> float:
    return choice.nats / (choice.price_usd + EFFORT_USD)


def _severities(cause: Cause, tables: Tables) -> Iterator[tuple[float, float]]:
    """(severity, probability given the cause); 0 = the path is well."""
    degraded = 1.0 if cause in PATH_CAUSES else tables.background
    if degraded < 1.0:
        yield 0.0, 1.0 - degraded
    for severity in tables.severities:
        yield severity, degraded / len(tables.severities)


class _Group(NamedTuple):
    """Findings of one check on one channel, as sums of weights."""

    check: Check
    shared: bool | None
    passed: float
    failed: float
    refused: float


def _groups(findings: Iterable[Finding]) -> list[_Group]:
    sums: dict[tuple[Check, str, bool | None], dict[Result, float]] = {}
    for each in findings:
        counts = sums.setdefault((each.check, each.of, each.shared), dict.fromkeys(Result, 0.0))
        counts[each.result] += each.weight
    return [
        _Group(check, shared, counts[Result.PASSED], counts[Result.FAILED], counts[Result.REFUSED])
        for (check, _, shared), counts in sums.items()
    ]


CANARIES = frozenset({Check.CANARY, Check.OTHER_CANARY, Check.LIGHTER_CANARY})
ELSEWHERE = frozenset({Check.OTHER, Check.OTHER_CANARY})


def _log_likelihood(group: _Group, cause: Cause, severity: float, said: Said | None, tables: Tables) -> float:
    """Log P(results of a group | cause, severity).

    A canary refused by moderation says something only when the request was refused too: then perhaps the
    channel refuses everything. Another channel may be in an incident of its own.
    """
    p = _fails(group.check, group.shared, cause, severity, tables)
    failed, logs = group.failed, 0.0
    if group.refused and group.check in CANARIES:
        if said is Said.MODERATION and group.check is Check.CANARY:
            logs += group.refused * math.log(REFUSED_CANARY[cause is Cause.CHANNEL])
    elif group.refused:
        failed += group.refused
        logs += group.refused * math.log(tables.said[Said.MODERATION][CAUSES.index(cause)])
    same = math.exp(failed * math.log(p) + group.passed * math.log1p(-p))
    if group.check in ELSEWHERE and tables.background:
        q = _clip(1 - (1 - p) * (1 - tables.own_incident))
        own = math.exp(failed * math.log(q) + group.passed * math.log1p(-q))
        same = (1 - tables.background) * same + tables.background * own
    return logs + math.log(max(same, 1e-300))


def _fails(check: Check, shared: bool | None, cause: Cause, severity: float, tables: Tables) -> float:
    """P(a check fails | cause, severity). On a degraded path any request may fail for that reason as well."""
    index = CAUSES.index(cause)
    fixed, per_severity = tables.fails[check][index]
    if check in ELSEWHERE and cause is Cause.UPSTREAM and shared is not None:
        per_severity = SHARED[shared]
    if cause in PATH_CAUSES:
        return _clip(fixed + per_severity * severity)
    path = tables.fails[check][CAUSES.index(Cause.UPSTREAM)].per_severity if check not in ELSEWHERE else 0.0
    return _clip(1 - (1 - fixed) * (1 - path * severity))


def _information(posterior: Posterior, check: Check, weight: float, tables: Tables) -> float:
    """Entropy over causes now less its expectation after the check, nats."""
    fails = {cell: _fails(check, None, *cell, tables) for cell in posterior.cells}
    p_failed = math.fsum(p * fails[cell] for cell, p in posterior.cells.items())
    expected = 0.0
    for share, chance in ((p_failed, fails), (1 - p_failed, {cell: 1 - p for cell, p in fails.items()})):
        after = _normalised({cell: p * chance[cell] ** weight for cell, p in posterior.cells.items()})
        expected += share * _entropy(after)
    return _entropy(posterior) - expected


def _entropy(posterior: Posterior) -> float:
    return -math.fsum(p * math.log(p) for p in posterior.p.values() if p > 0)


def _normalised(cells: Mapping[tuple[Cause, float], float]) -> Posterior:
    total = math.fsum(cells.values())
    return Posterior({cell: p / total for cell, p in cells.items()})


def _clip(p: float) -> float:
    return min(max(p, 1e-4), 1 - 1e-4)


SAID: Mapping[model.Kind, Said | None] = MappingProxyType({
    model.Kind.OK: None,
    model.Kind.MODERATION_INPUT: Said.MODERATION,
    model.Kind.MODERATION_OUTPUT: Said.MODERATION,
    model.Kind.INVALID_REQUEST: Said.INVALID,
    model.Kind.AUTH: Said.ACCOUNT,
    model.Kind.PERMISSION: Said.ACCOUNT,
    model.Kind.MODEL_NOT_FOUND: Said.INVALID,
    model.Kind.QUOTA_EXHAUSTED: Said.ACCOUNT,
    model.Kind.RATE_LIMITED: Said.OVERLOAD,
    model.Kind.OVERLOADED: Said.OVERLOAD,
    model.Kind.PROCESSING_ERROR: Said.PROCESSING,
    model.Kind.GATEWAY_ERROR: Said.GATEWAY,
    model.Kind.TIMEOUT: Said.TIMEOUT,
    model.Kind.NETWORK: Said.NETWORK,
    model.Kind.PAYLOAD_TOO_LARGE: Said.INVALID,
    model.Kind.NO_IMAGE: Said.PROCESSING,
    model.Kind.DEGRADED_IMAGE: Said.BROKEN,
    model.Kind.MALFORMED_RESPONSE: Said.BROKEN,
    model.Kind.UNKNOWN: None,
})  # fmt: skip
"""Which of the tables' words a kind is."""


def clues_of(verdict: model.Verdict) -> tuple[str, ...]:
    """Finer words of a verdict that tell causes apart within what was said."""
    said = SAID[verdict.kind]
    if said is Said.ACCOUNT and verdict.party is model.Party.CALLER:
        return ("names the caller's account",)
    if verdict.detail == "pool_exhausted" or (said is Said.ACCOUNT and verdict.party is model.Party.CHANNEL):
        return ("names the gateway's pool",)
    if verdict.kind is model.Kind.DEGRADED_IMAGE and verdict.party is model.Party.CHANNEL:
        return ("wrong picture",)
    return ()
