"""What canaries were paid, and what a usable picture costs at the measured failures, one attempt each."""

from probe import model
from probe.inference import statistics
from reports import blocks, figures, sample, window
from reports.outcomes import Outcomes


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    tables = tuple(usable(seen, series) for series in seen.series)
    return (paid(seen), *tables, *(plot for series in seen.series if (plot := picture(seen, series))))


def paid(seen: window.Window) -> blocks.Table | blocks.Note:
    """Canaries really sent, at list price."""
    rows: list[blocks.Row] = []
    count, usd = 0, 0.0
    for facts in seen.paths:
        sent = [facts.of(series) for series in window.PAID]
        n, spent = sum(map(len, sent)), sum(each.usd for each in sent)
        price_usd = facts.now.price_usd
        price = blocks.Missing("not in config") if price_usd is None else blocks.Usd(price_usd)
        rows.append((str(facts.path), price, n, blocks.Usd(spent)))
        count, usd = count + n, usd + spent
    if not count:
        return blocks.Note("No canary was sent in this period; `tierwatch plan` shows what one would cost.")
    rows.append(("all", blocks.Missing("-"), count, blocks.Usd(usd)))
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
        caption=f"USD a usable picture by {series} canaries: one attempt, billed failures included; a range where the "
        "channel does not say whether it billed a failure.",
    )


def cell(facts: window.PathFacts | None, series: window.Series) -> blocks.Cell:
    return blocks.Missing("-") if facts is None else sample.usd_per_usable(facts.sample(series), facts)


def picture(seen: window.Window, series: window.Series) -> blocks.Plot | None:
    """Cost against share usable, a panel a tier; None where nothing can be drawn."""
    panels = []
    for tier in seen.tiers:
        taken = [facts for facts in seen.paths if facts.path.tier == tier]
        points = tuple(found for facts in taken if (found := cost(facts.sample(series), facts)))
        drawn = {each.channel for each in points}
        too_few = tuple(facts.path.channel for facts in taken if facts.path.channel not in drawn)
        panels.append(figures.CostPanel(tier, points, too_few))
    told = [
        f"{point.channel}/{panel.tier} ${point.usd:.3f} at {100 * point.share:.0f} %"
        for panel in panels
        for point in panel.points
    ]
    if not told:
        return None
    return blocks.Plot(
        f"cost-{series}",
        "Which channel is cheapest once failures are paid for?",
        figures.Costs(tuple(panels), seen.channels, str(series)),
        "; ".join(told),
    )


def cost(taken: Outcomes, facts: window.PathFacts) -> figures.Cost | None:
    """None where a picture's cost cannot be said, or is nothing (a log axis has no zero)."""
    found = sample.usd_per_usable(taken, facts)
    if isinstance(found, blocks.Missing) or found.value_usd <= 0:
        return None
    n, good = len(taken), int(sample.usable(taken, facts).sum())
    return figures.Cost(
        facts.path.channel,
        found.value_usd,
        (found.low_usd or found.value_usd, found.high_usd or found.value_usd),
        good / n,
        statistics.wilson(good, n),
        n,
    )
