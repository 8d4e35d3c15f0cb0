"""All built-in rules in the order they are tried: each speaker's own sentences before the words everybody shares."""

from probe.taxonomy.rule import Rule
from probe.taxonomy.rules import (
    accounts,
    allowances,
    clouds,
    common,
    delivery,
    edge,
    gateways,
    google,
    openai,
    statuses,
    transport,
)

RULES: tuple[Rule, ...] = (
    *allowances.RULES,
    *accounts.RULES,
    *clouds.RULES,
    *google.RULES,
    *openai.RULES,
    *gateways.RULES,
    *edge.RULES,
    *transport.RULES,
    *delivery.RULES,
    *common.RULES,
    *statuses.RULES,
)
