"""The checklist as rungs: what each would try, on which path, for how much, and what it has found so far."""

import dataclasses
from typing import TYPE_CHECKING

from probe import model
from probe.inference.causes import Check
from probe.triage import around, relations
from probe.triage.diagnosis import Diagnosis

if TYPE_CHECKING:
    from probe.config import Config

RETRY_WAITS_S = (1.0, 2.0, 4.0)
"""Waits before the three repeats, unless the answer asks for longer (Retry-After)."""

RESOLUTIONS = ("1k", "2k", "4k")


@dataclasses.dataclass(frozen=True, slots=True)
class Rung:
    """One step. `price_usd` is the list price of all its requests; `finding` what is known, perhaps for free."""

    name: str
    check: Check | None
    path: model.Path | None
    price_usd: float
    finding: str = ""
    needs_prompt: bool = False


def rungs(found: Diagnosis, config: "Config | None") -> tuple[Rung, ...]:
    """The textbook order: message, pre-screen, back-off retry, downscale, switch; then the canaries it leaves out."""
    steps = [message(found), Rung("pre-screen", Check.PRE_SCREEN, None, 0.0, needs_prompt=True)]
    path = found.about.path
    if path is not None and config is not None and known(config, path):
        steps += on_paths(path, config)
    return tuple(dataclasses.replace(rung, finding=rung.finding or finding(found, rung)) for rung in steps)


def message(found: Diagnosis) -> Rung:
    """What the reply's words mean."""
    verdict = found.about.verdict
    if verdict is None:
        return Rung("message", None, None, 0.0, "none is known")
    detail = f", {verdict.detail}" if verdict.detail else ""
    return Rung("message", None, None, 0.0, f"{verdict.kind}{detail}; action: {verdict.action}")


def on_paths(path: model.Path, config: "Config") -> list[Rung]:
    """The rungs that send something, with their list prices."""
    price_usd = config.price_usd(path)
    others = [other for other in relations.neighbours(path, config)[1] if known(config, other)]
    others.sort(key=config.price_usd)
    steps = [Rung("back-off retry", Check.RETRY, path, price_usd * len(RETRY_WAITS_S), needs_prompt=True)]
    steps += [
        Rung("downscale", Check.DOWNSCALE, down, config.price_usd(down), needs_prompt=True)
        for down in lighter(config, path)
    ]
    steps += [
        Rung("switch channel", Check.OTHER, other, config.price_usd(other), needs_prompt=True) for other in others
    ]
    steps.append(Rung("known-good canary", Check.CANARY, path, price_usd))
    steps += [Rung("canary", Check.OTHER_CANARY, other, config.price_usd(other)) for other in others]
    return steps


def known(config: "Config", path: model.Path) -> bool:
    """Does the config know what a request on this path is and costs?"""
    try:
        config.price_usd(path)
    except (KeyError, ValueError):
        return False
    return True


def lighter(config: "Config", path: model.Path) -> tuple[model.Path, ...]:
    """The same request one quality down, and one resolution down (high -> medium, 4K -> 2K)."""
    resolution, _, quality = path.tier.partition("-")
    tiers = []
    if quality in relations.QUALITIES[1:]:
        tiers.append(f"{resolution}-{relations.QUALITIES[relations.QUALITIES.index(quality) - 1]}")
    if resolution in RESOLUTIONS[1:]:
        tiers.append(f"{RESOLUTIONS[RESOLUTIONS.index(resolution) - 1]}-{quality}")
    paths = (model.Path(path.channel, tier) for tier in tiers)
    return tuple(down for down in paths if known(config, down))


def title(rung: Rung) -> str:
    """`back-off retry on vip/4k-high`: the name of the rung's piece of evidence."""
    return f"{rung.name} on {rung.path}" if rung.path else rung.name


def finding(found: Diagnosis, rung: Rung) -> str:
    """What the rung found when it was made, else what was seen on its path for free."""
    made = [piece.words for piece in found.pieces if piece.name == title(rung)]
    if made:
        return "; ".join(made)
    if rung.check not in {Check.CANARY, Check.OTHER_CANARY}:
        return ""
    counts = found.near.counts if found.near else ()
    return next((f"seen for free: {around.told(count)}" for count in counts if count.path == rung.path and count.n), "")
