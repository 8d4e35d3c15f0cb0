"""What a bare status means when nothing else speaks: the weakest evidence, so confidence is low."""

from probe.model import Action, Kind, Party, Stage
from probe.taxonomy.rule import CLIENT_ERROR, SERVER_ERROR, By, Rule

S = By.STATUS
BODY = "the body of the reply"

RULES = (
    Rule(
        "time.wall",
        Kind.TIMEOUT,
        "time_wall",
        by=By.TIME,
        when=("silent", "at_wall"),
        confidence="low",
        would_decide="the exception's own words",
        note="Nothing came, at a time at which intermediaries give up.",
    ),
    Rule(
        "status.400",
        Kind.INVALID_REQUEST,
        by=S,
        statuses=frozenset({400, 405, 406, 411, 414, 415, 416, 417, 422, 431, 501}),
        party=Party.UNKNOWN,
        would_decide=BODY,
    ),
    Rule("status.401", Kind.AUTH, by=S, statuses=frozenset({401, 407})),
    Rule("status.402", Kind.QUOTA_EXHAUSTED, by=S, statuses=frozenset({402})),
    Rule("status.403", Kind.PERMISSION, by=S, statuses=frozenset({403}), would_decide=BODY),
    Rule(
        "status.404",
        Kind.UNKNOWN,
        by=S,
        statuses=frozenset({404}),
        party=Party.UPSTREAM,
        would_decide="GET /models on the same channel: a wrong path, a gone model or a gone deployment",
    ),
    Rule("status.408", Kind.TIMEOUT, by=S, statuses=frozenset({408, 504, 522, 524})),
    Rule("status.410", Kind.MODEL_NOT_FOUND, by=S, statuses=frozenset({410})),
    Rule("status.413", Kind.PAYLOAD_TOO_LARGE, by=S, statuses=frozenset({413})),
    Rule(
        "status.429-long",
        Kind.QUOTA_EXHAUSTED,
        "long_wait",
        by=S,
        statuses=frozenset({429}),
        when=("long_wait",),
        action=Action.SWITCH_CHANNEL,
        would_decide=BODY,
    ),
    Rule(
        "status.429",
        Kind.RATE_LIMITED,
        by=S,
        statuses=frozenset({429, 425, 420}),
        party=Party.UNKNOWN,
        would_decide="the body, or how long the wait is",
    ),
    Rule(
        "status.451",
        Kind.MODERATION_OUTPUT,
        by=S,
        statuses=frozenset({451}),
        note="Firefly lines answer 451 for a withheld picture.",
        confidence="medium",
    ),
    Rule(
        "status.499",
        Kind.TIMEOUT,
        "cancelled",
        by=S,
        statuses=frozenset({499}),
        stage=Stage.CLIENT,
        party=Party.CALLER,
        note="The client hung up first.",
    ),
    Rule("status.500", Kind.PROCESSING_ERROR, by=S, statuses=frozenset({500}), party=Party.UNKNOWN, would_decide=BODY),
    Rule(
        "status.502",
        Kind.GATEWAY_ERROR,
        by=S,
        statuses=frozenset({502, 424, 520, 521, 523, 525, 526, 527, 530}),
        action=Action.BACK_OFF_RETRY,
    ),
    Rule("status.503", Kind.OVERLOADED, by=S, statuses=frozenset({503, 529})),
    Rule(
        "status.599",
        Kind.NETWORK,
        by=S,
        statuses=frozenset({598, 599}),
        note="Some clients give a lost connection a status of their own.",
    ),
    Rule("status.other-5xx", Kind.PROCESSING_ERROR, "odd_status", by=S, statuses=SERVER_ERROR),
    Rule("status.other-4xx", Kind.INVALID_REQUEST, "odd_status", by=S, statuses=CLIENT_ERROR, party=Party.UNKNOWN),
    Rule(
        "nothing-said",
        Kind.UNKNOWN,
        by=By.TYPE,
        action=Action.SWITCH_CHANNEL,
        confidence="low",
        would_decide="the status, the body or the exception of the reply",
    ),
)
