"""Recommendations as a fragment of a LiteLLM router config: a model group a tier, tried in the recommended order."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from probe import escape, model
from reports import words

if TYPE_CHECKING:
    from probe.config import schema
    from reports import present

PROVIDERS: Mapping[str, str] = MappingProxyType({"openai-images": "openai", "gemini": "gemini"})
"""Protocol -> LiteLLM's provider; a channel that speaks another protocol is left out, and that is said."""


def render(advice: "Sequence[present.Advice]", config: "schema.Config", now: dt.datetime) -> str:
    """YAML: `model_list` with `order` (the lowest is used first), keys as references to the environment."""
    lines = [f"# Made {words.rfc3339(now)} by tierwatch recommend.", "model_list:"]
    for one in advice:
        lines += group(one, config)
    if lines[-1] == "model_list:":
        lines[-1] = "model_list: []"
    # Retries are per deployment below; another one here would multiply them.
    return "\n".join([*lines, "router_settings:", "  num_retries: 0"]) + "\n"


def group(one: "present.Advice", config: "schema.Config") -> Iterator[str]:
    """The deployments of one tier (and job), the choice first."""
    name = "-".join(filter(None, ("img", one.job, one.tier)))
    choice = one.batch.choice
    if choice is None:
        yield f"  # {name}: {escape.visible(one.batch.no_choice)}"
        return
    attempts = {offer.candidate.path: offer.attempts for offer in one.batch.offers}
    order = 0
    for path in (choice.candidate.path, *one.batch.fall_back):
        if config.find(path.channel).protocol not in PROVIDERS:
            yield f"  # {name}: {path.channel} speaks a protocol that LiteLLM does not know"
            continue
        order += 1
        yield from deployment(name, config, path, order, attempts.get(path, 1))


def deployment(name: str, config: "schema.Config", path: model.Path, order: int, attempts: int) -> Iterator[str]:
    """One entry of `model_list`."""
    channel, tier = config.find(path.channel), config.tier(path.tier)
    parameters: dict[str, Any] = {
        "model": f"{PROVIDERS[channel.protocol]}/{channel.model}",
        "api_base": channel.base_url,
        "api_key": f"os.environ/{channel.key_env}" if channel.key_env else None,
    }
    if channel.protocol == "gemini":
        # LiteLLM appends `/models/...` itself, and knows no version of the API for a base of one's own.
        parameters["api_base"] = f"{channel.base_url}/v1beta"
        parameters["imageConfig"] = {"aspectRatio": tier.aspect_ratio, "imageSize": tier.image_size}
    else:
        parameters |= {"size": tier.size, "quality": tier.quality}
    parameters |= {
        "timeout": config.deadline_s(path),
        "num_retries": attempts - 1,  # the router heeds no `max_retries` here
        "order": order,
    }
    yield f"  - model_name: {json.dumps(name)}"
    yield "    litellm_params:"
    yield from (f"      {key}: {json.dumps(value)}" for key, value in parameters.items() if value is not None)
    yield "    model_info: {mode: image_generation}"
