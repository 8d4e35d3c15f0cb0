"""All built-in rules in the order they are tried: each speaker's own sentences before the words everybody shares."""

from probe.taxonomy import conditions
from probe.taxonomy.rule import By, Rule
from probe.taxonomy.rules import (
    access,
    accounts,
    allowances,
    client,
    clouds,
    concepts,
    delivery,
    edge,
    gateways,
    google,
    google_answers,
    likely,
    no_picture,
    openai,
    refusals,
    requests,
    statuses,
    transport,
    upstreams,
    vague,
)

VENDORS: frozenset[str] = frozenset(
    rule.name for module in (clouds, google, google_answers, openai) for rule in module.RULES
)
"""Names of the rules in which a provider of models speaks, not a relay."""

LIKELY = likely.LIKELY
DEFAULTS: frozenset[str] = frozenset(
    rule.name
    for rule in (*vague.RULES, *statuses.RULES)
    if rule.by in (By.HINT, By.STATUS, By.TYPE) and rule.statuses.isdisjoint({404, *conditions.ONE_MEANING})
) | {"openai.type-server", "answer.failed"}
"""Names of the rules that go by a bare status or a word of many meanings; 404 stays what it is, unknown."""

RULES: tuple[Rule, ...] = (
    *allowances.RULES,
    *accounts.RULES,
    *clouds.RULES,
    *google.RULES,
    *google_answers.RULES,
    *openai.RULES,
    *gateways.RULES,
    *upstreams.RULES,
    *edge.RULES,
    *client.RULES,
    *transport.RULES,
    *no_picture.RULES,
    *delivery.RULES,
    *refusals.RULES,
    *access.RULES,
    *requests.RULES,
    *concepts.RULES,
    *vague.RULES,
    *likely.RULES,
    *statuses.RULES,
)
