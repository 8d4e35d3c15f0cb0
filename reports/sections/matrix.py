"""Channel by tier: the share that works, its interval and n; then shares of time."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

from probe import model
from probe.inference import statistics
from reports import blocks, figures, sample, window, words
from reports.outcomes import Outcomes


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    """A table and a picture for each series, so that none mixes them."""
    tables = [table for series in seen.series for table in (grid(seen, series), *against(seen, series))]
    plots = tuple(plot for series in seen.series if (plot := comparison(seen, series)))
    return (*tables, *occupancy(seen), *plots) or (blocks.Note("No scheduled canaries in this period: no rates."),)


def grid(seen: window.Window, series: window.Series) -> blocks.Table:
    found = {facts.path: facts for facts in seen.paths}
    rows = tuple(
        (tier, *(cell(found.get(model.Path(channel, tier)), series) for channel in seen.channels))
        for tier in seen.tiers
    )
    marked = any(isinstance(each, blocks.Rate) and each.mark for row in rows for each in row)
    return blocks.Table(
        ("tier", *seen.channels),
        rows,
        caption=f"Share ok of {series} canaries alone: 95 % interval in this period, n.",
        note="! bad at the period's end, whatever the share. < below the target." if marked else "",
    )


def cell(facts: window.PathFacts | None, series: window.Series) -> blocks.Cell:
    """The rate, marked while the path should not be used, or where the whole interval lies below the target."""
    if facts is None:
        return blocks.Missing("-")
    measured = sample.rate(facts.sample(series))
    if isinstance(measured, blocks.Missing):
        return measured
    if facts.is_bad:
        return dataclasses.replace(measured, tone="bad", mark="!")
    if facts.now.target_success is not None and measured.high < facts.now.target_success:
        return dataclasses.replace(measured, tone="warn", mark="<")
    return measured


def against(seen: window.Window, series: window.Series) -> tuple[blocks.Table, ...]:
    """The channel that delivers most often at each tier against the others, in words by posterior probability."""
    rows: list[blocks.Row] = []
    for tier in seen.tiers:
        samples = {facts.path.channel: facts.sample(series) for facts in seen.paths if facts.path.tier == tier}
        enough = {channel: taken for channel, taken in samples.items() if len(taken) >= sample.ENOUGH}
        if len(enough) > 1:
            best = max(enough, key=lambda channel: float(enough[channel].ok.mean()))
            found: dict[str, list[str]] = {}  # channels by what the comparison says
            for channel, taken in enough.items():
                if channel != best:
                    found.setdefault(compared(enough[best], taken), []).append(channel)
            told = (f"{said} {words.listed(channels)}" for said, channels in found.items())
            rows.append((tier, f"{best}: {', '.join(told)}"))
    if not rows:
        return ()
    return (
        blocks.Table(
            ("tier", "delivers most often"),
            tuple(rows),
            caption=f"By {series} canaries of the whole period; price, waiting and what is so now do not count here, "
            "but in what to use.",
        ),
    )


COMPARED: Mapping[statistics.Comparison, str] = MappingProxyType(
    {
        "better": "better than",
        "probably better": "probably better than",
        "no clear difference": "no clear difference to",
        "too few samples": "too few to compare with",
    }
)


def compared(one: Outcomes, other: Outcomes) -> str:
    return COMPARED[statistics.compare(int(one.ok.sum()), len(one), int(other.ok.sum()), len(other))]


def occupancy(seen: window.Window) -> tuple[blocks.Block, ...]:
    """What failed over time: all canaries as evidence, weighed by the time they stand for."""
    rows = tuple(shares(seen, facts, found) for facts in seen.paths if (found := facts.occupancy))
    if not rows:
        return ()
    return (
        blocks.Table(
            ("path", "failing over time (90 %)", "time degraded", "stretches"),
            rows,
            caption="Shares of time, from all canaries as evidence (hidden Markov model): not biased by looking more "
            "often at trouble.",
        ),
    )


def shares(seen: window.Window, facts: window.PathFacts, found: window.Occupancy) -> blocks.Row:
    """One path; where most of the period is unknown, its shares would be what is usual elsewhere."""
    first_at = dt.datetime.fromtimestamp(float(facts.canaries().sent_s[0]), dt.UTC)
    if first_at - seen.since > seen.until - first_at:
        watched = blocks.Missing(f"watched since {words.moment(first_at, seen.until)}")
        return (str(facts.path), watched, blocks.Missing("-"), len(facts.degraded))
    failing = blocks.Share(found.failing, found.low, found.high)
    return (str(facts.path), failing, blocks.Share(found.degraded), len(facts.degraded))


LATEST_SHARE = 7  # the latest seventh of the period, and at least a day
LATEST_LEAST = dt.timedelta(days=1)


def comparison(seen: window.Window, series: window.Series) -> blocks.Plot | None:
    """The whole period against its latest part, paths of one tier side by side; None where all are too few."""
    latest = max((seen.until - seen.since) / LATEST_SHARE, LATEST_LEAST)
    ranked = sorted(seen.paths, key=lambda facts: window.weight(facts.path.tier))
    rows = tuple(row(facts, facts.sample(series), seen.until - latest) for facts in ranked)
    if not any(each.period for each in rows):
        return None
    return blocks.Plot(
        f"rates-{series}",
        "What can I use now, and is it worse than before?",
        figures.Rates(
            rows,
            words.span((seen.until - seen.since).total_seconds()),
            words.span(latest.total_seconds()),
            str(series),
        ),
        "; ".join(alt(each) for each in rows) + ".",
    )


def row(facts: window.PathFacts, taken: Outcomes, latest_from: dt.datetime) -> figures.RateRow:
    period, latest = sample.rate(taken), sample.rate(taken.since(latest_from))
    bad = facts.state.replace("_", " ") if facts.is_bad else ""
    return figures.RateRow(str(facts.path), facts.path.tier, point(period), point(latest), len(taken), bad)


def point(rate: blocks.Rate | blocks.Missing) -> figures.Rate | None:
    return None if isinstance(rate, blocks.Missing) else figures.Rate(rate.share, rate.low, rate.high, rate.n)


def alt(each: figures.RateRow) -> str:
    bad = f", {each.bad} at the end" if each.bad else ""
    if each.period is None:
        return f"{each.name} {'too few' if each.n else 'no data'}{bad}"
    latest = f", latest {words.percent(each.latest.share)}" if each.latest else ""
    return f"{each.name} {words.percent(each.period.share)}{latest}{bad}"
