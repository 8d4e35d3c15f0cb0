"""From judged outcomes and states to a recommendation for every tier and every job."""

import datetime as dt
import math
import random
import statistics as numbers
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from probe import model
from probe.inference import recommend, states
from probe.inference.detect import Detection

if TYPE_CHECKING:
    from probe.config.schema import Config, Job

USUALLY_DEGRADED = 0.04
"""Share of time a path of which nothing recent is known is taken to be degraded (0.3 incidents a day of 150 min)."""

URGENT_USD_PER_MINUTE = 0.20
"""Worth of a minute's waiting for work that somebody waits for (assumed); batch work waits for nothing."""

BATCH, URGENT = recommend.Needs(), recommend.Needs(usd_per_minute=URGENT_USD_PER_MINUTE)


def tiers(
    judged: Iterable[model.Judged],
    config: "Config",
    now: dt.datetime,
    *,
    rng: random.Random | None,
    needs: recommend.Needs = BATCH,
    board: states.Board | None = None,
) -> tuple[recommend.Recommendation, ...]:
    """One recommendation for every tier that a channel is configured for, in the order of the file."""
    seen = list(judged)
    board = board or states.board(seen, config)
    names = dict.fromkeys(path.tier for path in config.paths())
    return tuple(recommend.rank(tier, candidates(seen, config, tier, board, now), needs, rng=rng) for tier in names)


def job(
    judged: Iterable[model.Judged],
    config: "Config",
    wanted: "Job",
    now: dt.datetime,
    *,
    rng: random.Random,
    board: states.Board | None = None,
) -> tuple[recommend.Recommendation, ...]:
    """One recommendation for every tier of a job, within its limits."""
    seen = list(judged)
    board = board or states.board(seen, config)
    needs = recommend.Needs(wanted.usd_per_minute, wanted.max_usd, wanted.max_wait_s)
    return tuple(
        recommend.rank(tier, candidates(seen, config, tier, board, now, native_only=wanted.native_only), needs, rng=rng)
        for tier in wanted.tiers
    )


def candidates(
    judged: Iterable[model.Judged],
    config: "Config",
    tier: str,
    board: states.Board,
    now: dt.datetime,
    *,
    native_only: bool = True,
) -> tuple[recommend.Candidate, ...]:
    """What is known of every channel at one tier."""
    by_path: dict[model.Path, list[model.Judged]] = {path: [] for path in config.paths() if path.tier == tier}
    for one in judged:
        if one.outcome.path in by_path and one.outcome.trigger is not model.Trigger.OWN_TRAFFIC:
            by_path[one.outcome.path].append(one)
    published = {state.path: state.state for state in board.states(now)}
    detections = board.detections(now)
    return tuple(
        _candidate(
            path,
            config,
            published[path],
            detections[path],
            [one for one in board.calm(path, canaries) if one.outcome.trigger in model.SAMPLE_TRIGGERS],
            amid(board, path, detections[path], canaries),
            native_only=native_only,
        )
        for path, canaries in by_path.items()
    )


def amid(
    board: states.Board, path: model.Path, detection: Detection, canaries: Iterable[model.Judged]
) -> list[model.Judged]:
    """The canaries, whatever for, sent since the trouble began that is on or suspected: none where there is none."""
    begun = board.trouble_since(path)
    if begun is None and detection.state is model.State.SUSPECT:
        begun = detection.since
    return [one for one in canaries if begun is not None and one.outcome.sent_at >= begun.at]


def _candidate(
    path: model.Path,
    config: "Config",
    state: model.State,
    detection: Detection,
    healthy: Sequence[model.Judged],
    troubled: Sequence[model.Judged],
    *,
    native_only: bool,
) -> recommend.Candidate:
    """The healthy rate from scheduled canaries sent outside its incidents, the present from the detector.

    What trouble costs is told by the canaries sent since it began, whatever for: late ones and time-outs of a slow
    path are lost pictures, too.
    """
    channel, limit_s = config.find(path.channel), config.usable_within_s(path) or math.inf
    counted, amid_trouble = ([one for one in part if model.health(one) is not None] for part in (healthy, troubled))
    unusable = [one for one in counted if not _usable(one, limit_s, native_only=native_only)]
    lost = [one for one in amid_trouble if not _usable(one, limit_s, native_only=native_only)]
    billed = sum(one.ok or one.verdict.kind in channel.billed_on or one.verdict.billed == "yes" for one in unusable)
    p_degraded = USUALLY_DEGRADED if detection.p_degraded is None else detection.p_degraded
    healthy_s, slow = _attempt_s(counted), detection.slow_factor
    slow_s = healthy_s * (slow or 1.0)
    troubled_s = _attempt_s(amid_trouble) if len(amid_trouble) >= recommend.ENOUGH_IN_TROUBLE else slow_s
    return recommend.Candidate(
        path,
        state,
        price_usd=config.price_usd(path),
        latency_s=(1 - p_degraded) * healthy_s + p_degraded * troubled_s,
        usable=len(counted) - len(unusable),
        n=len(counted),
        p_degraded=p_degraded,
        severity_weights=severity_weights(detection),
        billed_failures=billed / len(unusable) if unusable else 0.0,
        upstream=channel.upstream,
        trouble_usable=len(amid_trouble) - len(lost),
        trouble_n=len(amid_trouble),
        slow=slow is not None,
    )


def severity_weights(detection: Detection) -> tuple[float, ...]:
    """How likely each severity is should the path be degraded, from its outcomes since suspicion arose."""
    failed, n = detection.incident_failed, detection.incident_n
    likelihoods = [share**failed * (1 - share) ** (n - failed) for share in recommend.SEVERITIES]
    total = math.fsum(likelihoods)
    return tuple(likelihood / total for likelihood in likelihoods)


def _usable(judged: model.Judged, limit_s: float, *, native_only: bool) -> bool:
    enlarged = judged.verdict.kind is model.Kind.DEGRADED_IMAGE and judged.verdict.detail == "enlarged"
    delivered = judged.ok or (enlarged and not native_only)
    return delivered and (judged.outcome.latency_s or 0.0) <= limit_s


def _attempt_s(judged: Sequence[model.Judged]) -> float:
    """Mean seconds of an attempt, failed ones included; 0 where nothing was timed."""
    times = (one.outcome.latency_s or one.outcome.evidence.elapsed_s for one in judged)
    return numbers.fmean([seconds for seconds in times if seconds] or [0.0])
