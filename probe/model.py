"""The nouns every room shares: words, frozen values, and which of them count for a channel's health."""

import dataclasses
import datetime as dt
import fnmatch
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, NamedTuple


class UserError(Exception):
    """Something the person can mend, told in one line without a traceback; `exit_code` as documented in `--help`."""

    exit_code = 1


class Kind(StrEnum):
    """What happened to one request, in one word; finer words are the verdict's `detail`."""

    OK = "ok"
    MODERATION_INPUT = "moderation_input"
    MODERATION_OUTPUT = "moderation_output"
    INVALID_REQUEST = "invalid_request"
    AUTH = "auth"
    PERMISSION = "permission"
    MODEL_NOT_FOUND = "model_not_found"
    QUOTA_EXHAUSTED = "quota_exhausted"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    PROCESSING_ERROR = "processing_error"
    GATEWAY_ERROR = "gateway_error"
    TIMEOUT = "timeout"
    NETWORK = "network"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    NO_IMAGE = "no_image"
    DEGRADED_IMAGE = "degraded_image"
    MALFORMED_RESPONSE = "malformed_response"
    UNKNOWN = "unknown"


class Stage(StrEnum):
    """Where on its way the request stopped, in the order a request passes them."""

    CLIENT = "client"
    NETWORK = "network"
    AUTH = "auth"
    VALIDATION = "validation"
    MODERATION_INPUT = "moderation_input"
    QUEUE = "queue"
    PROCESSING = "processing"
    MODERATION_OUTPUT = "moderation_output"
    DELIVERY = "delivery"


class Party(StrEnum):
    """Who must act."""

    CALLER = "caller"
    CHANNEL = "channel"
    UPSTREAM = "upstream"
    NETWORK = "network"
    UNKNOWN = "unknown"


class Action(StrEnum):
    """What the one who must act should do; `VERBS` gives the five words people read first."""

    NONE = "none"
    FIX_PARAMETERS = "fix_parameters"
    REWRITE_PROMPT = "rewrite_prompt"
    FIX_CREDENTIALS = "fix_credentials"
    TOP_UP_QUOTA = "top_up_quota"
    BACK_OFF_RETRY = "back_off_retry"
    RETRY_THEN_CHECK_INPUT = "retry_then_check_input"
    SWITCH_CHANNEL = "switch_channel"
    DOWNSCALE = "downscale"
    INCREASE_TIMEOUT = "increase_timeout"
    FIX_NETWORK = "fix_network"
    REPORT_BUG = "report_bug"


VERBS: Mapping[Action, str] = MappingProxyType(
    {
        Action.NONE: "-",
        Action.FIX_PARAMETERS: "rewrite",
        Action.REWRITE_PROMPT: "rewrite",
        Action.FIX_CREDENTIALS: "fix account",
        Action.TOP_UP_QUOTA: "fix account",
        Action.BACK_OFF_RETRY: "wait",
        Action.RETRY_THEN_CHECK_INPUT: "resend",
        Action.SWITCH_CHANNEL: "switch",
        Action.DOWNSCALE: "rewrite",
        Action.INCREASE_TIMEOUT: "wait",
        Action.FIX_NETWORK: "fix account",
        Action.REPORT_BUG: "switch",
    }
)
"""Five verbs a person reads first: resend, wait, switch, rewrite, fix account (`-`: nothing to do)."""


class Trigger(StrEnum):
    """Why an outcome exists. Rates are never computed over mixed triggers."""

    SCHEDULED = "scheduled"
    BURST = "burst"
    RECOVERY = "recovery"
    CHECK_FALLBACK = "check_fallback"
    MANUAL = "manual"
    TRIAGE = "triage"
    OWN_TRAFFIC = "own_traffic"
    SIMULATED = "simulated"
    SENTINEL = "sentinel"  # a prompt that strict filters refuse: shows moderation, and is never evidence of health


SAMPLE_TRIGGERS = frozenset({Trigger.SCHEDULED, Trigger.SIMULATED})
"""Sent whatever was seen before: only these are an unbiased sample, so only these make a rate."""


class Exclusion(StrEnum):
    """Why an outcome says nothing about its channel."""

    LOCAL_NETWORK = "local_network"
    LOCAL_SUSPEND = "local_suspend"
    CANCELLED = "cancelled"
    OWN_CONFIG = "own_config"
    OWN_POOL = "own_pool"
    OWN_CONTENT = "own_content"  # people's own prompt failed when triage repeated it: perhaps for what it says


class SkipReason(StrEnum):
    """Why a scheduled slot was not sent."""

    OVERRUN = "overrun"  # the path's last canary was still out
    BUDGET = "budget"  # the day's cap left no room for it
    OWN_TRAFFIC = "own_traffic"  # own traffic on the path was fresher than its interval


class Fault(StrEnum):
    """What went wrong below HTTP, or while a body became a picture: the client's and the protocols' own words.

    Every exception class of httpx maps to one of these (`probe.client.FAULTS`).
    """

    DEADLINE = "deadline"  # our total deadline passed
    CONNECT_TIMEOUT = "connect_timeout"
    READ_TIMEOUT = "read_timeout"
    WRITE_TIMEOUT = "write_timeout"
    DNS = "dns"
    REFUSED = "refused"  # or unreachable
    RESET = "reset"  # connection broken before or while the answer came
    TLS_ERROR = "tls_error"
    PROXY_ERROR = "proxy_error"
    PROTOCOL_ERROR = "protocol_error"  # not HTTP, or broken HTTP
    TRUNCATED_BODY = "truncated_body"  # closed inside the body
    OVERSIZED = "oversized"  # over the byte cap, on the wire or decoded
    BAD_ENCODING = "bad_encoding"  # Content-Encoding that does not decode
    BAD_JSON = "bad_json"
    BAD_BASE64 = "bad_base64"
    OWN_POOL = "own_pool"  # our own connection pool was exhausted
    CANCELLED = "cancelled"  # we gave up ourselves
    BAD_REQUEST = "bad_request"  # our own request could not be built or sent


Billed = Literal["yes", "no", "unknown"]
Confidence = Literal["high", "medium", "low"]
Operation = Literal["generate", "edit"]


class Path(NamedTuple):
    """One channel at one tier: what degrades and what is recommended. Written `vip/4k-high`."""

    channel: str
    tier: str

    def __str__(self) -> str:
        return f"{self.channel}/{self.tier}"

    def matches(self, pattern: str) -> bool:
        """Does a glob over channels or over `channel/tier` mean this path? `vip`, `vip/*` and `*/4k-*` do `vip/4k-high`."""
        return any(fnmatch.fnmatchcase(name, pattern) for name in (self.channel, str(self)))

    @classmethod
    def parse(cls, text: str) -> "Path":
        """Read `channel/tier`; raises ValueError where a part is missing."""
        channel, slash, tier = text.partition("/")
        if not (channel and slash and tier):
            raise ValueError(f"{text!r} is not a path: write channel/tier, for example vip/4k-high")
        return cls(channel, tier)


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """What one request asks for, in pixels and in the protocol's own words.

    `width_px` and `height_px` are the pixels a correct answer has (0 = the protocol cannot say);
    `quality`, `image_size` and `aspect_ratio` are None where the protocol does not know them.
    """

    protocol: str
    model: str
    width_px: int = 0
    height_px: int = 0
    quality: str | None = None
    image_size: str | None = None
    aspect_ratio: str | None = None
    operation: Operation = "generate"
    relayed: bool | None = None  # asked of a host that is no provider's own; None: nobody knows

    @property
    def size(self) -> str:
        """`3840x2160`, or `auto` where the order names no pixels."""
        return f"{self.width_px}x{self.height_px}" if self.width_px and self.height_px else "auto"


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """What a delivered picture is, measured from its bytes (`probe.picture.inspect`)."""

    width_px: int = 0
    height_px: int = 0
    format: str = ""  # png, jpeg, webp; "" where the bytes are none of these
    image_bytes: int = 0
    sha256: str = ""
    fingerprint: str = ""  # perceptual hash, 16 hex digits; "" where not decoded
    flaw: str = ""  # undecodable, truncated, pixel_cap; "" = it decoded whole
    blank: bool = False  # uniform or nearly so
    effective_resolution: float | None = None  # fraction of the long edge that carries detail; None: cannot tell
    provenance: str = ""  # C2PA generator string where present
    repeated: bool = False  # set before it is judged: this channel delivered the same picture lately
    motif: str = ""  # how much a motif could show; "flat" explains an effective_resolution of None


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """The few facts a verdict may depend on. Stored, so that history can be judged again.

    `text` is the body as it came, with pictures replaced by `<N base64 characters>`, keys and the
    prompt scrubbed, and cut to 16 KiB; the classifier parses it again. Headers are lower-case and
    allow-listed (request ids, retry-after, content-type, server and the like).
    """

    status: int | None = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    text: str = ""
    fault: Fault | None = None
    fault_text: str = ""  # scrubbed words of the exception, or of the client that reported it
    elapsed_s: float | None = None
    order: Order | None = None
    picture: Picture | None = None
    picture_count: int | None = None  # pictures found in the answer; None: nobody looked
    image_tokens: int | None = None  # usage as reported; None: missing
    echoed_size: str | None = None
    echoed_quality: str | None = None
    sent: bool = True  # False: the request certainly never left this machine


@dataclasses.dataclass(frozen=True, slots=True)
class RequestIds:
    """Ids by who issued them; one message may hold several."""

    gateway: tuple[str, ...] = ()
    trace: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    edge: tuple[str, ...] = ()

    def all(self) -> tuple[tuple[str, str], ...]:
        """(hop, id) pairs, gateway first."""
        hops = {"gateway": self.gateway, "trace": self.trace, "upstream": self.upstream, "edge": self.edge}
        return tuple([(hop, value) for hop, values in hops.items() for value in values])


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What an evidence means: a pure function of it (`probe.taxonomy.judge`)."""

    kind: Kind
    detail: str
    stage: Stage
    party: Party
    retryable: bool  # the identical request could succeed within minutes; whether to resend is action + billed
    action: Action
    rule: str
    confidence: Confidence = "high"
    retry_after_s: float | None = None  # what the answer asks us to wait; clamped to 0..3600
    billed: Billed = "unknown"
    request_ids: RequestIds = RequestIds()
    runner_up: str | None = None  # the rule that would have decided next, where it was asked for
    would_decide: str = ""  # the evidence that would settle a doubtful verdict


@dataclasses.dataclass(frozen=True, slots=True)
class Timings:
    """Seconds from the start of sending to each phase's end; None = that phase was not seen.

    On a kept-alive connection there is no connect phase.
    """

    connect_s: float | None = None
    tls_s: float | None = None
    request_sent_s: float | None = None
    headers_s: float | None = None  # time to first byte
    body_s: float | None = None  # last byte: the latency people feel
    decode_s: float | None = None  # our own work afterwards, not part of the latency


@dataclasses.dataclass(frozen=True, slots=True)
class Canary:
    """One deliberate paid request on a path, decided by the plan and not yet sent."""

    id: str
    path: Path
    trigger: Trigger
    order: Order
    prompt_id: str
    prompt: str = dataclasses.field(repr=False)
    price_usd: float = 0.0  # list price, reserved before it is sent
    deadline_s: float = 360.0
    slot: int | None = None  # number of the scheduled slot; None for the other triggers
    fingerprint: str = ""  # of the path's configuration; a change starts a new baseline
    reference: bytes | None = dataclasses.field(default=None, repr=False)  # what an edit starts from; None: built in


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as a protocol wants it, without the key: the client adds that under `auth_header`."""

    method: str
    url: str
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    body: bytes = dataclasses.field(default=b"", repr=False)
    auth_header: str = "authorization"
    bare_key: bool = False  # `authorization` carries the key alone, without "Bearer"


@dataclasses.dataclass(frozen=True, slots=True)
class Reply:
    """The raw facts of what came back (`probe.client.send`): never an exception, at most 64 MiB."""

    status: int | None = None
    headers: Mapping[str, str] = dataclasses.field(
        default_factory=dict
    )  # lower-case names; repeated ones joined by ", "
    body: bytes = dataclasses.field(default=b"", repr=False)
    fault: Fault | None = None
    fault_text: str = ""
    elapsed_s: float = 0.0  # from sending to the last byte, or to the fault
    timings: Timings = Timings()
    sent: bool = True  # False: nothing of the request left this machine


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """A canary or an own request with timings and evidence: one immutable row."""

    id: str
    path: Path
    trigger: Trigger
    sent_at: dt.datetime  # aware, UTC; fixed before the outcome is known
    evidence: Evidence
    latency_s: float | None = None  # send to last byte; None where nothing came back
    timings: Timings = Timings()
    price_usd: float = 0.0  # list price
    charged_usd: float | None = None  # what the gateway says it charged, where known
    prompt_id: str = ""
    fingerprint: str = ""
    slot: int | None = None
    vantage: str = "default"
    excluded: Exclusion | None = None
    attempt: int = 1
    source: str = ""  # who told of an own request: recorder, litellm, a gateway's log; "": we sent it
    batch: str = ""  # of the caller's work
    served_model: str = ""  # that the answer names; "": as ordered, or not told

    @property
    def own(self) -> bool:
        """Was it people's own content (their traffic, or triage repeating it), which nobody knows to be harmless?"""
        return self.trigger is Trigger.OWN_TRAFFIC or self.prompt_id.startswith(OWN_PROMPT)


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """An outcome with its current verdict: what history hands to inference, reports and triage."""

    outcome: Outcome
    verdict: Verdict

    @property
    def ok(self) -> bool:
        return self.verdict.kind is Kind.OK


class State(StrEnum):
    """What a path is now. The last three are immediate: they need no statistics."""

    HEALTHY = "healthy"
    SUSPECT = "suspect"
    DEGRADED = "degraded"
    RECOVERING = "recovering"  # still degraded; the latest canary succeeded
    UNKNOWN = "unknown"  # no data, or too few
    REFUSING = "refusing"  # every prompt of the rotation is refused by moderation
    NO_ACCESS = "no_access"  # key, permission or quota: the account must be mended
    MODEL_GONE = "model_gone"


@dataclasses.dataclass(frozen=True, slots=True)
class PathState:
    """The state of one path as the daemon published it after its latest evidence."""

    path: Path
    state: State
    since: dt.datetime | None = None  # estimated start of this state; None while nothing was seen
    checked_at: dt.datetime | None = None  # when its latest evidence was sent
    p_degraded: float | None = None
    reason: str = ""  # one clause: "about 40 % fail: processing_error 5, timeout 2 of 16"
    next_at: dt.datetime | None = None  # when its next canary is due


OWN_PROMPT = "own-"
"""How the ids of people's own prompts begin; a keyed hash follows."""

CONTENT_KINDS = frozenset({Kind.MODERATION_INPUT, Kind.MODERATION_OUTPUT, Kind.INVALID_REQUEST})
"""On a canary these are faults of the canary, not of the channel: they carry no health evidence."""

ACCOUNT_KINDS = frozenset({Kind.AUTH, Kind.PERMISSION, Kind.QUOTA_EXHAUSTED, Kind.MODEL_NOT_FOUND})
"""These are states of their own at once, without statistics."""


def health(judged: Judged) -> bool | None:
    """Does this outcome count for (True) or against (False) the channel's health, or not at all (None)?

    Source of the exclusions: statistics of detection, evidence and exclusions (`docs/detection.md`).
    """
    return health_of(judged.verdict.kind, judged.outcome.excluded)


def health_of(kind: Kind, excluded: Exclusion | None) -> bool | None:
    """`health` of an outcome of which only these are at hand."""
    if excluded or kind in CONTENT_KINDS or kind in ACCOUNT_KINDS:
        return None
    return kind is Kind.OK
