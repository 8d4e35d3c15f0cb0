"""The checklist as rungs: what each would try, on which path, for how much, and what it has found so far."""

import dataclasses
from typing import TYPE_CHECKING

from probe import model
from probe.inference.causes import Check
from probe.triage import around
from probe.triage.diagnosis import Diagnosis, told

if TYPE_CHECKING:
    from probe.config import Config

RETRY_WAITS_S = (1.0, 2.0, 4.0)
"""Waits before the three repeats, unless the answer asks for longer (Retry-After)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rung:
    """One step. `price_usd` is the list price of doing it now; `finding` what is known without."""

    name: str
    check: Check | None
    path: model.Path | None
    price_usd: float
    finding: str = ""
    needs_prompt: bool = False


def rungs(found: Diagnosis, config: "Config | None") -> tuple[Rung, ...]:
    """The textbook order: message, pre-screen, canary, back-off retry, downscale, switch, canary there."""
    about = found.about
    said = f"{about.verdict.kind} by rule {about.verdict.rule}" if about.verdict else "no reply is known"
    steps = [
        Rung("message", None, None, 0.0, said),
        Rung("pre-screen", Check.PRE_SCREEN, None, 0.0, needs_prompt=True),
    ]
    path = about.path
    if path is not None and config is not None and known(config, path):
        price_usd = config.price_usd(path)
        steps += [
            Rung("known-good canary", Check.CANARY, path, price_usd, seen(found, path)),
            Rung("back-off retry", Check.RETRY, path, price_usd * len(RETRY_WAITS_S), needs_prompt=True),
        ]
        steps += [
            Rung("downscale", Check.DOWNSCALE, down, config.price_usd(down), needs_prompt=True)
            for down in lighter(config, path)
        ]
        for other in around.neighbours(path, config)[1]:
            cost_usd = config.price_usd(other)
            steps += [
                Rung("switch channel", Check.OTHER, other, cost_usd, seen(found, other), needs_prompt=True),
                Rung("canary there", Check.OTHER_CANARY, other, cost_usd, seen(found, other)),
            ]
    return tuple(dataclasses.replace(rung, finding=done(found, rung) or rung.finding) for rung in steps)


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
    if quality in around.QUALITIES[1:]:
        tiers.append(f"{resolution}-{around.QUALITIES[around.QUALITIES.index(quality) - 1]}")
    if resolution in RESOLUTIONS[1:]:
        tiers.append(f"{RESOLUTIONS[RESOLUTIONS.index(resolution) - 1]}-{quality}")
    paths = (model.Path(path.channel, tier) for tier in tiers)
    return tuple(down for down in paths if known(config, down))


RESOLUTIONS = ("1k", "2k", "4k")


def seen(found: Diagnosis, path: model.Path) -> str:
    """What canaries on a path said around the failure, for free."""
    counts = found.near.counts if found.near else ()
    return next((f"seen for free: {told(count)}" for count in counts if count.path == path and count.n), "")


def done(found: Diagnosis, rung: Rung) -> str:
    """What a piece of evidence made by this very rung says."""
    label = title(rung)
    return next((piece.words for piece in found.pieces if piece.name == label), "")


def title(rung: Rung) -> str:
    """`back-off retry on vip/4k-high`: the name of the rung's piece of evidence."""
    return f"{rung.name} on {rung.path}" if rung.path else rung.name
