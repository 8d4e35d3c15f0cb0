"""How long pictures take: median and 90th percentile with their intervals; timeouts rank last."""

from collections.abc import Sequence

from probe import model
from probe.records.rows import Point
from reports import blocks, figures, sample, window, words

MOST_BANDS = 42
SUCCESSES_A_BAND = 12  # on average
FEWEST_IN_A_BAND = 6
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    tables = tuple(table(seen, series) for series in seen.series)
    return (*tables, *(smoke(seen, series) for series in seen.series)) or (blocks.Note("No data: no latencies."),)


def table(seen: window.Window, series: window.Series) -> blocks.Table:
    rows = []
    for facts in seen.paths:
        successes_s, timeouts = sample.latencies_s(facts.sample(series))
        rows.append(
            (
                str(facts.path),
                sample.quantile(successes_s, timeouts, 0.5),
                sample.quantile(successes_s, timeouts, 0.9),
                timeouts,
                len(successes_s) + timeouts,
                words.seconds(facts.deadline_s) if facts.deadline_s else blocks.Missing("-"),
            )
        )
    return blocks.Table(
        ("path", "median (95 %)", "p90 (95 %)", "timeout", "n", "deadline"),
        tuple(rows),
        note=f"Pictures and timeouts of {series} canaries; a timeout ranks as slower than any picture.",
    )


def smoke(seen: window.Window, series: window.Series) -> blocks.Plot:
    """Bands over time, a panel a path."""
    panels = tuple(panel(seen, facts, facts.sample(series)) for facts in seen.paths)
    return blocks.Plot(
        f"latency-{series}",
        "Slower, or only jittery; and is the deadline right?",
        figures.Latency(panels, seen.since, seen.until, str(series)),
        f"Latency over time of {words.count(len(panels), 'path')}: median, middle half, 5 to 95 %, deadline, timeouts.",
    )


def panel(seen: window.Window, facts: window.PathFacts, points: Sequence[Point]) -> figures.LatencyPanel:
    """As many bands as leave enough successes in each."""
    n = len(sample.latencies_s(points)[0])
    count = max(1, min(MOST_BANDS, n // SUCCESSES_A_BAND))
    step = (seen.until - seen.since) / count
    bands = []
    for index, taken in enumerate(window.bucket(points, seen.since, seen.until, count)):
        ranked_s = sorted(sample.latencies_s(taken)[0])
        enough = len(ranked_s) >= FEWEST_IN_A_BAND
        bands.append(figures.Smoke(seen.since + (index + 0.5) * step, quantiles(ranked_s) if enough else None))
    timeouts = tuple(each.sent_at for each in points if each.kind is model.Kind.TIMEOUT)
    return figures.LatencyPanel(str(facts.path), tuple(bands), timeouts, facts.deadline_s, n)


def quantiles(ranked_s: list[float]) -> tuple[float, float, float, float, float]:
    """Quantiles at `SHARES`, interpolated."""
    found = []
    for share in SHARES:
        place = share * (len(ranked_s) - 1)
        below = int(place)
        above = min(below + 1, len(ranked_s) - 1)
        found.append(ranked_s[below] + (place - below) * (ranked_s[above] - ranked_s[below]))
    return found[0], found[1], found[2], found[3], found[4]
