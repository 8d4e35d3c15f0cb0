"""Channel by tier: the share that works, its interval and n, and the state now."""

from probe import model
from reports import blocks, findings, sample, window

MARKS: dict[model.State, str] = {
    model.State.HEALTHY: "",
    model.State.SUSPECT: "suspect",
    model.State.DEGRADED: "DEGRADED",
    model.State.RECOVERING: "RECOVERING",
    model.State.UNKNOWN: "",
    model.State.REFUSING: "REFUSING",
    model.State.NO_ACCESS: "NO ACCESS",
    model.State.MODEL_GONE: "MODEL GONE",
}


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    series = sorted({facts.rate_series for facts in seen.paths if facts.rate_series}, key=list(window.Series).index)
    return tuple(grid(seen, each) for each in series) or (
        blocks.Note("No scheduled canaries in this period: no rates."),
    )


def grid(seen: window.Window, series: window.Series) -> blocks.Table:
    """One table a series, so that no table mixes them."""
    rows = tuple(
        (tier, *(cell(seen.find(model.Path(channel, tier)), series) for channel in seen.channels))
        for tier in seen.tiers
    )
    return blocks.Table(
        ("tier", *seen.channels),
        rows,
        caption=f"Share ok ({series} canaries only), 95 % interval in this period, n.",
    )


def cell(facts: window.PathFacts | None, series: window.Series) -> blocks.Cell:
    if facts is None:
        return blocks.Missing("-")
    if facts.rate_series not in {series, None}:
        return blocks.Missing("see other table")
    return sample.rate(facts.sample, tone(facts))


def tone(facts: window.PathFacts) -> blocks.Tone:
    """Bad while the path should not be used, warned where the whole interval lies below the target."""
    if findings.state(facts) in findings.BAD:
        return "bad"
    measured = sample.rate(facts.sample)
    if isinstance(measured, blocks.Missing) or facts.target_success is None:
        return ""
    return "warn" if measured.high < facts.target_success else "good" if measured.share >= facts.target_success else ""
