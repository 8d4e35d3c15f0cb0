"""Why did a request fail: a posterior over eight causes, what each piece of evidence adds, and what to test next.

Source of the model and of every table: the triage specification in `docs/triage.md`. The tables are
assumptions written down as data, so that they can be replaced by counts; `bench/triage.py` measures
them in worlds that do not share their structure.
"""

import dataclasses
import enum
from collections.abc import Mapping
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
SUDDEN = frozenset({Cause.ACCOUNT, Cause.NETWORK})
"""Causes that begin and end at one moment: what was sent at another one may have gone well."""

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


class Clue(enum.StrEnum):
    """A finer word or circumstance of a failure that tells causes apart within what was said."""

    REFUSES_CONTENT = "refuses the content in so many words"
    BLAMES_CALLER = "blames the caller"
    BLAMES_CHANNEL = "blames the channel"
    DECLINES = "declines in words"
    NAMES_POOL = "names the gateway's pool"
    NO_OTHER_HOST = "no other host could be reached"
    WRONG_PICTURE = "brings a wrong picture"
    TIME_LIMIT = "ended at a proxy's time limit"
    KNOWN_GOOD = "known-good prompt and parameters"
    AT_ONCE = "came at once"
    LATE = "came as late as a picture"
    CUT_SHORT = "cut off when a picture may not be ready yet"
    OVERDUE = "given up long after a picture is due"
    LOST = "gateway finished and billed"
    LOG_FAILED = "gateway failed too"
    NOT_LOGGED = "gateway knows nothing of it"


DENIED = frozenset({Clue.LOG_FAILED, Clue.NOT_LOGGED})
"""A log that says one of these says that nothing was billed."""


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
    BARRED = "barred"  # by key, rights or balance, in so many words


ByCause = tuple[float, ...]
"""One number a cause, in the order of CAUSES."""


class Chance(NamedTuple):
    """P(a check fails) = fixed + per_severity * severity."""

    fixed: float
    per_severity: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """What is believed before any evidence. `said` is P(words | cause) and sums to 1 over the words by cause.

    `background` is the chance that a path happens to be in trouble although the cause is another one;
    `severities` are the shares failing on a path in trouble, equally likely.
    """

    prior: ByCause
    said: Mapping[Said, ByCause]
    clues: Mapping[Clue, ByCause]
    fails: Mapping[Check, tuple[Chance, ...]]
    slow: ByCause  # share of the pictures that come late where the cause makes trouble, of those that come at all
    one_phrase: Mapping[Said, float]  # P(a channel that says this says nothing else, whatever is wrong)
    severities: tuple[float, ...] = (0.3, 0.6, 0.95)
    background: float = 0.03  # 0.3 incidents a day of 150 minutes
    blind: float = 0.03  # the path's trouble meets such requests and no canary: another account, a heavier prompt
    own_incident: float = 0.6  # share failing on another channel that is in trouble of its own


S = Chance

ONE_PHRASE = 0.05
"""P(a channel has one phrase for everything), before anything was heard of it. Assumed; see `docs/triage.md`."""

PHRASES: Mapping[Said, float] = MappingProxyType({
    Said.PROCESSING: .60, Said.GATEWAY: .20, Said.TIMEOUT: .10, Said.OVERLOAD: .05, Said.MODERATION: .01,
    Said.INVALID: .01, Said.ACCOUNT: .01, Said.NETWORK: .01, Said.BROKEN: .01,
})  # fmt: skip
"""Which phrase it then is. Assumed."""

UNHEARD: Mapping[Said, float] = MappingProxyType(
    {said: ONE_PHRASE * share / (ONE_PHRASE * share + 1 - ONE_PHRASE) for said, share in PHRASES.items()}
)

TABLES = Tables(
    #        content upstrm queue  channl params accnt  netwrk one-off
    prior=(.30, .28, .08, .10, .07, .03, .02, .12),
    said=MappingProxyType({
        Said.MODERATION: (.55, .005, .005, .005, .005, .003, .002, .005),
        Said.PROCESSING: (.38, .62, .14, .28, .03, .10, .01, .50),
        Said.OVERLOAD: (.005, .03, .74, .05, .002, .08, .002, .03),
        Said.INVALID: (.01, .005, .005, .01, .95, .01, .002, .005),
        Said.ACCOUNT: (.005, .005, .005, .05, .003, .63, .002, .005),
        Said.TIMEOUT: (.02, .20, .08, .16, .002, .03, .22, .20),
        Said.GATEWAY: (.01, .11, .02, .34, .003, .142, .012, .12),
        Said.NETWORK: (.005, .005, .0025, .015, .002, .002, .74, .04),
        Said.BROKEN: (.015, .02, .0025, .09, .003, .003, .01, .095),
    }),
    # P(a finer word or circumstance | cause, what was said): only ratios within a row matter.
    clues=MappingProxyType({
        Clue.REFUSES_CONTENT: (.95, .1, .1, .3, .1, .1, .1, .1),
        Clue.BLAMES_CALLER: (.3, .05, .05, .05, .9, .95, .1, .05),
        Clue.BLAMES_CHANNEL: (.05, .1, .3, .95, .05, .05, .05, .1),
        Clue.DECLINES: (.90, .03, .02, .10, .10, .02, .02, .05),
        Clue.NAMES_POOL: (.05, .1, .3, .95, .05, .05, .05, .1),
        Clue.NO_OTHER_HOST: (.02, .02, .02, .02, .02, .02, .95, .02),
        Clue.WRONG_PICTURE: (.05, .15, .05, .95, .2, .02, .02, .2),
        Clue.TIME_LIMIT: (.03, .30, .30, .60, .03, .03, .35, .10),
        Clue.KNOWN_GOOD: (.02, .9, .9, .9, .05, .9, .9, .9),
        # Refusals and full queues answer at once; what fails while drawing takes as long as a picture.
        Clue.AT_ONCE: (.55, .28, .75, .55, .90, .85, .45, .40),
        Clue.LATE: (.45, .72, .25, .45, .10, .15, .55, .60),
        Clue.CUT_SHORT: (.20, .15, .15, .70, .15, .15, .30, .20),
        Clue.OVERDUE: (.80, .85, .85, .30, .85, .85, .70, .80),
        Clue.LOST: (.02, .15, .05, .45, .01, .005, .65, .35),
        Clue.LOG_FAILED: (.80, .80, .80, .50, .80, .70, .02, .55),
        Clue.NOT_LOGGED: (.4, .4, .5, .5, .5, .6, .9, .4),
    }),
    # P(check fails | cause, severity); published per check, see docs/triage.md.
    fails=MappingProxyType({
        Check.PRE_SCREEN: (S(.50), S(.02), S(.02), S(.02), S(.02), S(.02), S(.02), S(.02)),
        Check.RETRY: (S(.92), S(0, 1), S(0, .8), S(0, 1), S(.999), S(.995), S(.6), S(.03)),
        Check.CANARY: (S(.03), S(0, 1), S(0, .8), S(0, 1), S(.03), S(.95), S(.6), S(.03)),
        # At another place the second number is the chance that it shares the trouble. The share that a lighter
        # tier has in an upstream's trouble is the one number tuned by the bench: the specification says .35.
        Check.DOWNSCALE: (S(.88), S(.03, .5), S(.03, .7), S(.03, .8), S(.55), S(.995), S(.6), S(.03)),
        Check.OTHER: (S(.70), S(.03, .6), S(.03, .5), S(.03), S(.75), S(.05), S(.6), S(.03)),
        Check.OTHER_CANARY: (S(.03), S(.03, .6), S(.03, .5), S(.03), S(.03), S(.05), S(.6), S(.03)),
        Check.LIGHTER_CANARY: (S(.03), S(.03, .5), S(.03, .7), S(.03, .8), S(.03), S(.95), S(.6), S(.03)),
    }),
    # Load makes pictures late; a gateway in trouble fails them. Trouble by coincidence may be either.
    slow=(.30, .50, .50, .15, .30, .30, .30, .30),
    one_phrase=UNHEARD,
)  # fmt: skip
"""Assumed; `clues`, `slow` and `one_phrase` are this program's own, the rest is the specification's."""

SHARED: Mapping[bool | None, float] = MappingProxyType({None: 0.6, True: 0.95, False: 0.1})
"""Chance that another channel shares the upstream's trouble: not known, the same upstream by config, another one.

A lighter tier of the same pixels shares the trouble of its path as surely as a channel on the same upstream.
"""

PURSE: Mapping[bool | None, float] = MappingProxyType({None: 0.3, True: 0.97, False: 0.03})
"""Chance that another channel is stopped by the same account: not known, one key by config, another gateway."""

HELD = 0.5
"""P(a sudden cause lasted longer than a minute)."""

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

REPEATS = frozenset({Check.RETRY, Check.DOWNSCALE, Check.OTHER})
"""Checks that send the caller's own request again."""

CANARIES = frozenset({Check.CANARY, Check.OTHER_CANARY, Check.LIGHTER_CANARY})
ELSEWHERE = frozenset({Check.OTHER, Check.OTHER_CANARY})
LIGHTER = frozenset({Check.DOWNSCALE, Check.LIGHTER_CANARY})


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check, made for this triage or seen for free.

    `weight` (0..1) says how much of an observation it is: less when it lies hours away from the failure or
    repeats the one before. `of` is the other channel asked; `shared` whether that one has the same upstream, or
    the lighter tier the same pixels.
    `minutes`: sent so long after the failure, before it where negative; the trouble may not have begun, or be over.
    None: it was sent for this triage, and counts as the same minute. `said`: the words in
    which it failed, where they leave the cause open. `slow`: a picture that came later than nine of ten do on
    its path; None where that is not known. `purse`: is the other channel paid from the same key or balance?
    None: nobody says. `pace`: a failure came at once, or as late as a picture; None: in between, or not known.
    """

    check: Check
    result: Result
    weight: float = 1.0
    of: str = ""
    shared: bool | None = None
    minutes: float | None = None
    said: Said | None = None
    slow: bool | None = None
    purse: bool | None = None
    pace: Clue | None = None


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


DETAILS: Mapping[str, Clue] = MappingProxyType({
    "pool_exhausted": Clue.NAMES_POOL,
    "own_credential": Clue.NAMES_POOL,
    "channel_config": Clue.NAMES_POOL,
    "saturated": Clue.NAMES_POOL,
    "time_wall": Clue.TIME_LIMIT,
    "gateway_timeout": Clue.TIME_LIMIT,
    "edge_timeout": Clue.TIME_LIMIT,
    "relay_timer": Clue.TIME_LIMIT,
    "refusal_text": Clue.DECLINES,
})  # fmt: skip
"""The clue in a verdict's detail, where it is one."""


def clues_of(verdict: model.Verdict) -> tuple[Clue, ...]:
    """Finer words of a verdict that tell causes apart within what was said."""
    if verdict.detail in DETAILS:
        return (DETAILS[verdict.detail],)
    if verdict.kind is model.Kind.DEGRADED_IMAGE and verdict.party is model.Party.CHANNEL:
        return (Clue.WRONG_PICTURE,)
    if SAID[verdict.kind] is Said.MODERATION:
        return (Clue.REFUSES_CONTENT,) if verdict.confidence == "high" else ()
    if SAID[verdict.kind] in {Said.ACCOUNT, Said.INVALID}:
        return (Clue.BLAMES_CALLER if verdict.party is model.Party.CALLER else Clue.BLAMES_CHANNEL,)
    return ()


def said_of(verdict: model.Verdict) -> Said | None:
    """The words of a reply as the tables know them. Whoever's patience ended, what he waited for said nothing."""
    return word_of(verdict.kind, verdict.detail)


def word_of(kind: model.Kind, detail: str) -> Said | None:
    """The same by a verdict's kind and detail."""
    return Said.TIMEOUT if DETAILS.get(detail) == Clue.TIME_LIMIT else SAID[kind]
