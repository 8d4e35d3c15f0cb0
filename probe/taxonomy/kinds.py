"""The kinds with their meaning and what each implies unless a rule says otherwise."""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from probe.model import Action, Billed, Kind, Party, Stage


@dataclasses.dataclass(frozen=True, slots=True)
class Defaults:
    """What a kind means, and the stage, party, retry, action and billing of a rule that names none."""

    meaning: str
    stage: Stage
    party: Party
    retryable: bool
    action: Action
    billed: Billed


def _row(meaning: str, stage: Stage, party: Party, retryable: bool, action: Action, billed: Billed) -> Defaults:
    return Defaults(meaning, stage, party, retryable, action, billed)


KINDS: Mapping[Kind, Defaults] = MappingProxyType(
    {
        Kind.OK: _row(
            "A picture of what was ordered came back.",
            Stage.DELIVERY, Party.UNKNOWN, False, Action.NONE, "yes",
        ),
        Kind.MODERATION_INPUT: _row(
            "The prompt or an input picture was refused before anything was drawn.",
            Stage.MODERATION_INPUT, Party.CALLER, False, Action.REWRITE_PROMPT, "no",
        ),
        Kind.MODERATION_OUTPUT: _row(
            "The picture was drawn and then withheld.",
            Stage.MODERATION_OUTPUT, Party.CALLER, False, Action.REWRITE_PROMPT, "unknown",
        ),
        Kind.INVALID_REQUEST: _row(
            "A parameter, a field or an input file is wrong for this model.",
            Stage.VALIDATION, Party.CALLER, False, Action.FIX_PARAMETERS, "no",
        ),
        Kind.AUTH: _row(
            "The key is missing, wrong or expired.",
            Stage.AUTH, Party.CALLER, False, Action.FIX_CREDENTIALS, "no",
        ),
        Kind.PERMISSION: _row(
            "The key is known and may not do this: organisation, region, plan, model scope, blocked account.",
            Stage.AUTH, Party.CALLER, False, Action.FIX_CREDENTIALS, "no",
        ),
        Kind.MODEL_NOT_FOUND: _row(
            "The model is unknown or gone on this channel.",
            Stage.VALIDATION, Party.CALLER, False, Action.SWITCH_CHANNEL, "no",
        ),
        Kind.QUOTA_EXHAUSTED: _row(
            "Money or an allowance is used up and does not come back within minutes.",
            Stage.AUTH, Party.CALLER, False, Action.TOP_UP_QUOTA, "no",
        ),
        Kind.RATE_LIMITED: _row(
            "Too many requests for this key; it heals in seconds to minutes.",
            Stage.QUEUE, Party.CALLER, True, Action.BACK_OFF_RETRY, "no",
        ),
        Kind.OVERLOADED: _row(
            "The provider or the channel has no capacity left for anybody.",
            Stage.QUEUE, Party.UPSTREAM, True, Action.BACK_OFF_RETRY, "no",
        ),
        Kind.PROCESSING_ERROR: _row(
            "The model's own servers failed while drawing.",
            Stage.PROCESSING, Party.UPSTREAM, True, Action.RETRY_THEN_CHECK_INPUT, "no",
        ),
        Kind.GATEWAY_ERROR: _row(
            "Something between the caller and the model failed and names no cause upstream.",
            Stage.NETWORK, Party.CHANNEL, True, Action.SWITCH_CHANNEL, "no",
        ),
        Kind.TIMEOUT: _row(
            "A timer fired somewhere; the picture may still be drawn and charged.",
            Stage.PROCESSING, Party.CHANNEL, True, Action.INCREASE_TIMEOUT, "unknown",
        ),
        Kind.NETWORK: _row(
            "The connection could not be made, or broke.",
            Stage.NETWORK, Party.NETWORK, True, Action.BACK_OFF_RETRY, "unknown",
        ),
        Kind.PAYLOAD_TOO_LARGE: _row(
            "The request itself is too big.",
            Stage.VALIDATION, Party.CALLER, False, Action.DOWNSCALE, "no",
        ),
        Kind.NO_IMAGE: _row(
            "A regular answer without a picture in it.",
            Stage.PROCESSING, Party.UPSTREAM, True, Action.RETRY_THEN_CHECK_INPUT, "unknown",
        ),
        Kind.DEGRADED_IMAGE: _row(
            "A picture came, and it is not what was ordered.",
            Stage.DELIVERY, Party.CHANNEL, False, Action.SWITCH_CHANNEL, "yes",
        ),
        Kind.MALFORMED_RESPONSE: _row(
            "The answer cannot be read.",
            Stage.DELIVERY, Party.CHANNEL, True, Action.SWITCH_CHANNEL, "unknown",
        ),
        Kind.UNKNOWN: _row(
            "Nothing in the reply says what happened.",
            Stage.PROCESSING, Party.UNKNOWN, False, Action.SWITCH_CHANNEL, "unknown",
        ),
    }
)  # fmt: skip
"""Kind -> meaning and defaults. A rule overrides what it knows better."""

RELAYED: Mapping[Kind, Action] = MappingProxyType(
    {
        Kind.AUTH: Action.SWITCH_CHANNEL,
        Kind.PERMISSION: Action.SWITCH_CHANNEL,
        Kind.QUOTA_EXHAUSTED: Action.SWITCH_CHANNEL,
        Kind.RATE_LIMITED: Action.BACK_OFF_RETRY,
    }
)
"""Refusals of an account: where a vendor's own words are passed on by a relay, the account is the relay's, and this helps."""
