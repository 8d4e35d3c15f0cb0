"""A configuration for a scenario that is played without one."""

import re
from typing import TYPE_CHECKING

from probe import tokens
from probe.standin import reading
from probe.standin import scenario as scenarios

if TYPE_CHECKING:
    from probe.config import schema

PRICE_USD = 0.03
"""Of a picture on a channel whose model has no list price."""


def config(played: scenarios.Scenario, usd_per_day: float) -> "schema.Config":
    """The channels of the scenario at 1K low, 2K high and 4K high; raises ScenarioError for names that no config has."""
    from probe.config import schema, values  # noqa: PLC0415 - pydantic is slow to import

    models = {channel.name: channel.model for channel in played.channels}
    named = [row.channel for row in (*played.steady, *played.incidents) if not set(row.channel) & set("*?[")]
    names = dict.fromkeys([*models, *named])
    odd = [name for name in names if not re.fullmatch(values.NAME, name)]
    if odd:
        raise reading.ScenarioError(
            [f"channel {name!r} is none of a config: use letters, digits, . - _" for name in odd]
        )
    found = [channel(name, models.get(name, name)) for name in names]
    return schema.Config.model_validate(
        {
            "channel": tuple(found or [channel("vip", "gpt-image-2-vip")]),
            "budget": {"usd_per_day": usd_per_day},
        }
    )


def channel(name: str, model_name: str) -> dict[str, object]:
    """One channel, by tokens where a list price is known."""
    gemini = model_name.startswith("gemini") or "nano" in model_name
    protocol, asked = ("gemini", "gemini-3.1-flash-image") if gemini else ("openai-images", model_name)
    known = asked in tokens.GEMINI_TOKENS or asked == "gpt-image-2"
    return {
        "name": name,
        "protocol": protocol,
        "base_url": "http://127.0.0.1",
        "model": asked,
        "price_usd": "tokens" if known else PRICE_USD,
    }
