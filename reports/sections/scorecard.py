"""One supplier against its targets: did each tier reach what was promised, and what was billed for nothing."""

from collections.abc import Iterator

from probe.inference import statistics
from reports import blocks, outcomes, sample, window, words


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    tables = tuple(against_target(seen, series) for series in seen.series)
    return (blocks.Headline(tuple(summary(seen))), *tables, billed(seen))


def summary(seen: window.Window) -> Iterator[blocks.Line]:
    """The sentence that goes to the supplier."""
    name = words.listed(seen.channels)
    found = [verdict(facts, series) for series in seen.series for facts in seen.paths]
    missed = sum(word.word == "missed" for word in found)
    met = sum(word.word == "met" for word in found)
    unclear = len(found) - missed - met
    told = f"{met} of {words.count(len(found), 'tier')} met the target, {missed} missed it, {unclear} not clear"
    yield blocks.Line(f"{name}: {told}." if found else f"{name}: no data.", tone="bad" if missed else "")
    count, usd = lost(seen)
    if count:
        yield blocks.Line(
            f"{words.count(count, 'unusable answer')} surely billed, {words.usd(usd)} by list price.", "billed"
        )


def against_target(seen: window.Window, series: window.Series) -> blocks.Table:
    rows: list[blocks.Row] = []
    for facts in seen.paths:
        taken = facts.sample(series)
        target = facts.now.target_success
        rows.append(
            (
                facts.path.tier,
                sample.rate(taken),
                words.percent(target) if target is not None else blocks.Missing("none"),
                verdict(facts, series),
                sample.quantile(*sample.latencies_s(taken), 0.5),
            )
        )
    return blocks.Table(
        ("tier", "ok (95 %)", "target", "verdict", "median (95 %)"),
        tuple(rows),
        caption=f"Share ok of {series} canaries in this period against the promised share.",
        note="met or missed where the whole 95 % interval lies on one side of the target.",
    )


def verdict(facts: window.PathFacts, series: window.Series) -> blocks.Word:
    """By the interval, so that a few canaries decide nothing."""
    taken, target = facts.sample(series), facts.now.target_success
    if target is None or len(taken) < sample.ENOUGH:
        return blocks.Word("not clear", "unknown")
    low, high = statistics.wilson(int(taken.ok.sum()), len(taken))
    if high < target:
        return blocks.Word("missed", "bad")
    return blocks.Word("met", "good") if low >= target else blocks.Word("not clear", "unknown")


def billed(seen: window.Window) -> blocks.Table:
    """Real requests, canaries and own, that gave no usable picture, by whether they were billed."""
    rows: list[blocks.Row] = []
    for facts in seen.paths:
        taken = real(facts)
        unusable = taken.where(taken.included & ~sample.usable(taken, facts))
        surely, perhaps = (unusable.where(unusable.is_billed(each)) for each in ("yes", "unknown"))
        rows.append(
            (
                facts.path.tier,
                len(taken),
                len(unusable),
                len(surely),
                blocks.Usd(surely.usd),
                len(perhaps),
                blocks.Usd(perhaps.usd),
            )
        )
    return blocks.Table(
        ("tier", "requests", "unusable", "billed", "USD billed", "perhaps", "USD perhaps"),
        tuple(rows),
        caption="Canaries and own requests really sent; list prices. perhaps: the channel does not say whether it billed. "
        "`--claims FILE` lists each one.",
    )


def real(facts: window.PathFacts) -> outcomes.Outcomes:
    """What was really sent, whatever for."""
    kept = (window.Series.SCHEDULED, window.Series.EXTRA, window.Series.OWN)
    return outcomes.joined(facts.of(series) for series in kept)


def lost(seen: window.Window) -> tuple[int, float]:
    """Answers surely billed and not usable: how many, and their list price, USD."""
    count, usd = 0, 0.0
    for facts in seen.paths:
        taken = real(facts)
        found = taken.where(taken.included & ~sample.usable(taken, facts) & taken.is_billed("yes"))
        count, usd = count + len(found), usd + found.usd
    return count, usd
