"""What would change a recommendation: the nearest prices, failures and worths of waiting at which another channel is chosen."""

import dataclasses
from collections.abc import Callable, Iterator

from probe import model
from probe.inference import recommend, words

MOST = 3
"""Conditions told."""

STEPS = 12
"""Halvings on the way to a turning point: to 1 in 4000 of where they begin."""

DEAREST_WAIT_USD = 1.0
"""Nobody's minute is taken to be worth more, USD a picture."""

FAILING = dict(zip(recommend.SEVERITIES, ("a quarter of", "half of", "nearly all"), strict=True))

Chooses = Callable[[float], bool]


def conditions(found: recommend.Recommendation) -> tuple[str, ...]:
    """Each a change that by itself would turn the choice, what is likeliest to happen first; none where nothing would.

    Every one was tried: the ranking is made again with the one thing changed.
    """
    if found.choice is None:
        return ()
    return tuple(told for _, told in zip(range(MOST), _conditions(found, found.choice), strict=False))


def _conditions(found: recommend.Recommendation, choice: recommend.Offer) -> Iterator[str]:
    chosen = choice.candidate
    for severity, share in FAILING.items():
        failing = {"p_degraded": 1.0, "severity_weights": _only(severity), "trouble_n": 0, "slow": False}
        if chosen.p_degraded < 0.5 and not _keeps(found, chosen, **failing):
            yield f"{chosen.path.channel} fails {share} attempts"
            break
    for rival in (one.candidate for one in found.offers if one.candidate is not chosen):
        if rival.p_degraded >= 0.5 and not _keeps(found, rival, p_degraded=0.0, state=model.State.HEALTHY):
            yield f"{rival.path.channel} is healthy again"
    if found.runner_up:
        rival = found.runner_up.candidate
        price_usd = _turning_point(lambda usd: _keeps(found, rival, price_usd=usd), rival.price_usd, 0.0)
        if price_usd:
            yield f"{rival.path.channel} falls below {words.usd(price_usd)}"
    worth_usd = _turning_point(lambda usd: _patient(found, usd), found.needs.usd_per_minute, DEAREST_WAIT_USD)
    if worth_usd:
        yield f"a minute's waiting is worth over {words.usd(worth_usd)}"


def _only(severity: float) -> tuple[float, ...]:
    return tuple(float(each == severity) for each in recommend.SEVERITIES)


def _keeps(found: recommend.Recommendation, changed: recommend.Candidate, **fields: object) -> bool:
    """Is the same channel chosen when a candidate is changed so?"""
    candidates = [one.candidate for one in found.offers]
    after = [dataclasses.replace(each, **fields) if each is changed else each for each in candidates]  # type: ignore[arg-type]
    return _same(found, recommend.rank(found.tier, after, found.needs, rng=None))


def _patient(found: recommend.Recommendation, usd_per_minute: float) -> bool:
    """Is the same channel chosen when waiting is worth so much?"""
    needs = dataclasses.replace(found.needs, usd_per_minute=usd_per_minute)
    return _same(found, recommend.rank(found.tier, [one.candidate for one in found.offers], needs, rng=None))


def _same(before: recommend.Recommendation, after: recommend.Recommendation) -> bool:
    chosen = [one.choice.candidate.path if one.choice else None for one in (before, after)]
    return chosen[0] == chosen[1]


def _turning_point(keeps: Chooses, kept: float, turned: float) -> float | None:
    """The value between the two at which the choice turns; None where it never does, or has turned already."""
    if keeps(turned) or not keeps(kept):
        return None
    for _ in range(STEPS):
        middle = (kept + turned) / 2
        kept, turned = (middle, turned) if keeps(middle) else (kept, middle)
    return turned
