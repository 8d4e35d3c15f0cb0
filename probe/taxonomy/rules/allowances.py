"""Rules that tell an allowance from a rate by how long the refusal lasts, whoever speaks: a stated wait, a limit of 0, a period."""

from probe.model import Action, Kind
from probe.taxonomy.rule import By, Rule, codes

# fmt: off
LIMIT_WORDS = ("limit", "quota", "too many requests", "resource_exhausted", "throttled")

RULES = (
    Rule(
        "limit.long-wait",
        Kind.QUOTA_EXHAUSTED,
        "long_wait",
        any=LIMIT_WORDS,
        when=("long_wait",),
        action=Action.SWITCH_CHANNEL,
        note="A `rate` whose wait is hours is an allowance, whatever it is called.",
    ),
    Rule(
        "limit.long-wait-code",
        Kind.QUOTA_EXHAUSTED,
        "long_wait",
        by=By.CODE,
        codes=codes(
            "rate_limit_exceeded rate_limit_error too_many_requests resource_exhausted throttling_error slow_down"
        ),
        when=("long_wait",),
        action=Action.SWITCH_CHANNEL,
    ),
    Rule(
        "limit.window-code",
        Kind.QUOTA_EXHAUSTED,
        "window",
        by=By.CODE,
        codes=codes("usage_limit_reached usage_limit_exceeded"),
        action=Action.SWITCH_CHANNEL,
    ),
    Rule(
        "limit.zero",
        Kind.QUOTA_EXHAUSTED,
        "no_allowance",
        any=LIMIT_WORDS,
        when=("no_allowance",),
        note="`limit: 0` or a quota per day: waiting minutes does not help, whatever retryDelay says.",
    ),
    Rule(
        "limit.window",
        Kind.QUOTA_EXHAUSTED,
        "window",
        any=(
            "usage limit has been reached", "hit your usage limit", "reached your usage limit", "hit your limit",
            "reached your limit for",
        ),
        without=("per minute",),
        action=Action.SWITCH_CHANNEL,
        note="A subscription's window of hours, often behind reverse channels.",
    ),
    Rule(
        "limit.per-day",
        Kind.QUOTA_EXHAUSTED,
        "per_day",
        any=("requests per day", "images per day", "tokens per day", "(rpd)", "(tpd)", "limit per day", "requests_per_day", "perday"),
        action=Action.SWITCH_CHANNEL,
    ),
)
