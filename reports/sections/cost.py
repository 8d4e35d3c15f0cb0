"""What canaries were paid, and what a usable picture costs at the measured failures, one attempt each."""

from collections.abc import Sequence

from probe import model
from probe.inference import statistics
from probe.records.rows import Point
from reports import blocks, figures, sample, window


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    plots = tuple(picture(seen, series) for series in seen.series)
    return (paid(seen), *(usable(seen, series) for series in seen.series), *plots)


def paid(seen: window.Window) -> blocks.Table:
    """Canaries really sent, at list price."""
    sent = {facts.path: [point for point in facts.points if window.is_paid(point)] for facts in seen.paths}
    rows: list[blocks.Row] = [
        (
            str(facts.path),
            blocks.Usd(facts.price_usd) if facts.price_usd is not None else blocks.Missing("not in config"),
            len(sent[facts.path]),
            blocks.Usd(sum(point.price_usd for point in sent[facts.path])),
        )
        for facts in seen.paths
    ]
    every = [point for points in sent.values() for point in points]
    rows.append(("all", blocks.Missing("-"), len(every), blocks.Usd(sum(point.price_usd for point in every))))
    return blocks.Table(
        ("path", "list price", "canaries", "paid"), tuple(rows), caption="Canaries sent in this period, list prices."
    )


def usable(seen: window.Window, series: window.Series) -> blocks.Table:
    """Cost of a usable picture, channel by tier."""
    found = {facts.path: facts for facts in seen.paths}
    rows = tuple(
        (tier, *(cell(found.get(model.Path(channel, tier)), series) for channel in seen.channels))
        for tier in seen.tiers
    )
    return blocks.Table(
        ("tier", *seen.channels),
        rows,
        caption=f"USD a usable picture by {series} canaries: one attempt, billed failures included.",
        note="A range where the channel does not say whether it billed a failure.",
    )


def cell(facts: window.PathFacts | None, series: window.Series) -> blocks.Cell:
    return blocks.Missing("-") if facts is None else sample.usd_per_usable(facts, facts.sample(series))


def picture(seen: window.Window, series: window.Series) -> blocks.Plot:
    """Cost against share usable, a panel a tier."""
    panels = []
    for tier in seen.tiers:
        taken = [facts for facts in seen.paths if facts.path.tier == tier]
        points = tuple(found for facts in taken if (found := cost(facts, facts.sample(series))))
        drawn = {each.channel for each in points}
        too_few = tuple(facts.path.channel for facts in taken if facts.path.channel not in drawn)
        panels.append(figures.CostPanel(tier, points, too_few))
    return blocks.Plot(
        f"cost-{series}",
        "Which channel is cheapest once failures are paid for?",
        figures.Costs(tuple(panels), seen.channels, str(series)),
        "; ".join(
            f"{point.channel}/{panel.tier} ${point.usd:.3f} at {100 * point.share:.0f} %"
            for panel in panels
            for point in panel.points
        ),
    )


def cost(facts: window.PathFacts, points: Sequence[Point]) -> figures.Cost | None:
    """None where a picture's cost cannot be said, or is nothing (a log axis has no zero)."""
    found = sample.usd_per_usable(facts, points)
    if isinstance(found, blocks.Missing) or found.value_usd <= 0:
        return None
    n, good = len(points), sum(sample.usable(point, facts) for point in points)
    return figures.Cost(
        facts.path.channel,
        found.value_usd,
        (found.low_usd or found.value_usd, found.high_usd or found.value_usd),
        good / n,
        statistics.wilson(good, n),
        n,
    )
