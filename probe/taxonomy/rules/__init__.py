"""All built-in rules in the order they are tried: each speaker's own sentences before the words everybody shares."""

from probe.taxonomy.rule import Rule
from probe.taxonomy.rules import (
    accounts,
    allowances,
    clouds,
    concepts,
    delivery,
    edge,
    gateways,
    google,
    openai,
    refusals,
    requests,
    statuses,
    transport,
    vague,
)

VENDORS: frozenset[str] = frozenset(rule.name for module in (clouds, google, openai) for rule in module.RULES)
"""Names of the rules in which a provider of models speaks, not a relay."""

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
    *refusals.RULES,
    *requests.RULES,
    *concepts.RULES,
    *vague.RULES,
    *statuses.RULES,
)
