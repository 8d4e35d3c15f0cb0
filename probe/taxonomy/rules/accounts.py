"""Rules for refusals that hit an account behind a relay: the kind is what the provider says, the relay must act."""

from probe.model import Action, Kind, Party
from probe.taxonomy.rule import By, Rule, codes

# fmt: off
RULES = (
    Rule(
        "account.money",
        Kind.QUOTA_EXHAUSTED,
        "relay_account",
        any=(
            "spending limit", "past invoices", "unpaid invoice", "insufficient credits", "insufficient balance", "insufficient funds",
            "credits are depleted", "exceeded your current quota", "billing hard limit", "check your billing",
            "credit balance is too low",
        ),
        when=("relay_account",),
        party=Party.CHANNEL,
        action=Action.SWITCH_CHANNEL,
    ),
    Rule(
        "account.blocked",
        Kind.PERMISSION,
        "relay_account",
        any=("suspended", "banned", "deactivated", "verify your account", "does not have permission"),
        when=("relay_account",),
        party=Party.CHANNEL,
        action=Action.SWITCH_CHANNEL,
    ),
    Rule(
        "account.refused",
        Kind.PERMISSION,
        "relay_account",
        by=By.CODE,
        codes=codes("permission_denied"),
        when=("relay_account",),
        party=Party.CHANNEL,
        action=Action.SWITCH_CHANNEL,
    ),
    Rule(
        "account.verify",
        Kind.PERMISSION,
        "relay_account",
        any=("verify your account", "code assist license"),
        without=("organization",),
        party=Party.CHANNEL,
        action=Action.SWITCH_CHANNEL,
        note="Google asks it of personal logins of Gemini Code Assist: only a reverse channel draws through them.",
    ),
    Rule(
        "account.plan",
        Kind.MODEL_NOT_FOUND,
        "relay_account",
        any=("chatgpt account",),
        every=("not supported",),
        party=Party.CHANNEL,
        action=Action.SWITCH_CHANNEL,
        note="A reverse channel's login; no API key is meant.",
    ),
)
