"""How long pictures take: median and 90th percentile with their intervals; timeouts rank last."""

import datetime as dt

import numpy as np

from reports import blocks, figures, sample, window, words
from reports.outcomes import Outcomes

MOST_BANDS = 42
MOST_MARKS = 120
SUCCESSES_A_BAND = 12  # on average
FEWEST_IN_A_BAND = 6
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    tables = tuple(table(seen, series) for series in seen.series)
    plots = tuple(plot for series in seen.series if (plot := smoke(seen, series)))
    return (*tables, *plots) or (blocks.Note("No data: no latencies."),)


def table(seen: window.Window, series: window.Series) -> blocks.Table:
    rows: list[blocks.Row] = []
    for facts in seen.paths:
        successes_s, timeouts = sample.latencies_s(facts.sample(series))
        rows.append(
            (
                str(facts.path),
                sample.quantile(successes_s, timeouts, 0.5),
                sample.quantile(successes_s, timeouts, 0.9),
                timeouts,
                len(successes_s) + timeouts,
                words.seconds(facts.now.deadline_s) if facts.now.deadline_s else blocks.Missing("-"),
            )
        )
    return blocks.Table(
        ("path", "median (95 %)", "p90 (95 %)", "timeout", "n", "deadline"),
        tuple(rows),
        caption=f"Pictures and timeouts of {series} canaries; a timeout ranks as slower than any picture.",
    )


def smoke(seen: window.Window, series: window.Series) -> blocks.Plot | None:
    """Bands over time, a panel a path; None where no path has enough for a line."""
    panels = tuple(panel(seen, facts, facts.sample(series)) for facts in seen.paths)
    if not any(each.is_drawable for each in panels):
        return None
    return blocks.Plot(
        f"latency-{series}",
        "Slower, or only jittery; and is the deadline right?",
        figures.Latency(panels, seen.since, seen.until, str(series)),
        f"Medians of the first and the last stretch: {'; '.join(map(alt, panels))}.",
    )


def alt(found: figures.LatencyPanel) -> str:
    """`vip/4k-high 88 s then 95 s, timeouts at 4 times`."""
    medians_s = [band.quantiles_s[SHARES.index(0.5)] for band in found.smoke if band.quantiles_s]
    if not found.is_drawable:
        return f"{found.name} {'too few' if found.n else 'no data'}"
    first, last = words.seconds(medians_s[0]), words.seconds(medians_s[-1])
    late = f", timeouts at {words.count(len(found.timeouts), 'time')}" if found.timeouts else ""
    return f"{found.name} {first} then {last}{late}"


def panel(seen: window.Window, facts: window.PathFacts, taken: Outcomes) -> figures.LatencyPanel:
    """As many bands as leave enough successes in each."""
    n = len(sample.latencies_s(taken)[0])
    count = max(1, min(MOST_BANDS, n // SUCCESSES_A_BAND))
    step = (seen.until - seen.since) / count
    edges = [seen.since + index * step for index in range(count + 1)]
    bands = tuple(
        figures.Smoke(edge + step / 2, quantiles(sample.latencies_s(part)[0]))
        for edge, part in zip(edges, taken.split(edges), strict=False)
    )
    return figures.LatencyPanel(str(facts.path), bands, timeouts(seen, taken), facts.now.deadline_s, n)


def timeouts(seen: window.Window, taken: Outcomes) -> tuple[dt.datetime, ...]:
    """When timeouts were, one mark for those that would cover each other."""
    step_s = (seen.until - seen.since).total_seconds() / MOST_MARKS
    marks = np.unique(taken.sent_s[taken.timed_out] // step_s) * step_s
    return tuple(dt.datetime.fromtimestamp(each, dt.UTC) for each in marks.tolist())


def quantiles(latencies_s: list[float]) -> tuple[float, ...] | None:
    """Quantiles at `SHARES`; None where they are too few."""
    if len(latencies_s) < FEWEST_IN_A_BAND:
        return None
    return tuple(np.quantile(latencies_s, SHARES).tolist())
