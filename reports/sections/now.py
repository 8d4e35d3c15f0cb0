"""The first screen: what is degraded since when, why, what to use, what was paid, and what is not known."""

import collections
from collections.abc import Iterator

from probe import model
from reports import advice, blocks, findings, outcomes, sample, states, window, words
from reports.sections import quality

RECENT_S = 86_400.0  # a stretch that ended within this is still news
MOST_NAMES = 6


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    """One group of sentences a matter, the gravest first."""
    groups = (
        caveats(seen),
        *(incident(seen, found) for found in findings.incidents(seen)),
        calm(seen),
        to_use(seen),
        (*money(seen), *unknown(seen)),
    )
    return tuple(blocks.Headline(lines) for lines in map(tuple, groups) if lines)


def caveats(seen: window.Window) -> Iterator[blocks.Line]:
    """What spoils everything below: nothing there, made up, or nobody watching."""
    if seen.is_empty:
        yield blocks.Line("No data in this period: nothing is known, neither good nor bad.", tone="unknown")
        yield blocks.Line("`tierwatch daemon` sends canaries; `tierwatch plan` shows their price first.", "next")
        return
    if window.Series.SIMULATED in seen.series:
        yield blocks.Line("SIMULATED history is part of this: it says nothing about real channels.", tone="warn")
    if seen.is_now and not seen.watched:
        last = f"last sign of life {words.ago(seen.beat_at, seen.now)}" if seen.beat_at else "it never ran here"
        yield blocks.Line(f"NOT WATCHED now: no daemon is running ({last}). What follows may be over.", tone="warn")
    if lost := findings.lost_tiers(seen):
        yield blocks.Line(f"{words.listed(lost)}: no channel is known to be healthy.", tone="bad")


def incident(seen: window.Window, found: findings.Incident) -> Iterator[blocks.Line]:
    """State, since when, how much fails; why; how far it has spread."""
    first = found.first
    yield blocks.Line(f"{first.path} {opening(seen, first)}", tone="bad")
    yield blocks.Line(f"{counted(seen, first)}{findings.fault(found)}.", "why")
    if spread := spreading(seen, found):
        yield blocks.Line(spread, "spread")


def opening(seen: window.Window, facts: window.PathFacts) -> str:
    """`DEGRADED since 02:20 UTC (90 %: 01:55-02:35), still on. About 45 % fail.`."""
    since = findings.since(facts)
    text = states.BAD[facts.state] + (f" since {words.moment(since, seen.until)}" if since else "")
    if facts.now.since:
        low, high = facts.now.since.low, facts.now.since.high
        text += f" (90 %: {words.around(low, high, seen.until)})"
    if facts.state is model.State.DEGRADED:
        text += ", still on" if seen.is_now else ", still on at the period's end"
    if facts.now.failing is not None:
        return f"{text}. About {words.percent(facts.now.failing)} fail."
    return f"{text}: {facts.now.state.reason}." if facts.now.state.reason else f"{text}."


def counted(seen: window.Window, facts: window.PathFacts) -> str:
    """`processing_error 14, timeout 5 of 41 canaries; `: what was seen since it began, by every canary."""
    if facts.state in findings.PLAIN_FAULTS:
        return ""
    since = findings.since(facts) or seen.since
    canaries = facts.canaries().since(since)
    counts, n = canaries.failures(), int(canaries.included.sum())
    return f"{sample.told_kinds(counts)} of {words.count(n, 'canary')}; " if counts else ""


def spreading(seen: window.Window, found: findings.Incident) -> str:
    """`to 2k-high (since 05:10 UTC, about 20 % fail), not to 1k-low`: the channel's other tiers."""
    told = []
    for facts in found.others:
        since = findings.since(facts)
        extra = [
            *([f"since {words.moment(since, seen.until)}"] if since else []),
            *([f"about {words.percent(failing)} fail"] if (failing := facts.now.failing) is not None else []),
        ]
        told.append(f"to {facts.path.tier}" + (f" ({', '.join(extra)})" if extra else ""))
    if found.fine_tiers:
        told.append(f"not to {words.listed(found.fine_tiers, 'or')}")
    if found.unknown_tiers:
        told.append(f"{words.listed(found.unknown_tiers)} not known")
    return f"{', '.join(told)}." if told else ""


def calm(seen: window.Window) -> Iterator[blocks.Line]:
    """What is well, what is doubtful, and what is over, in one sentence each."""
    healthy = sum(facts.state is model.State.HEALTHY for facts in seen.paths)
    if healthy and not any(facts.is_bad for facts in seen.paths):
        checked = max((at for facts in seen.paths if (at := facts.now.state.checked_at)), default=None)
        latest = f" Latest canary {words.ago(checked, seen.until)}." if checked else ""
        all_well = "All well" if healthy == len(seen.paths) else "No path is known to be degraded"
        yield blocks.Line(
            f"{all_well}: {healthy} of {words.count(len(seen.paths), 'path')} healthy.{latest}", tone="good"
        )
    elif healthy:
        yield blocks.Line(f"{words.count(healthy, 'path')} of {len(seen.paths)} healthy.", "others")
    for facts in seen.paths:
        if facts.state is model.State.SUSPECT:
            yield blocks.Line(f"{facts.path}: {facts.now.state.reason or 'being re-checked'}.", "suspect", "warn")
    over = [
        (stretch.end.at, stretch, facts)
        for facts in seen.paths
        for stretch in facts.degraded
        if stretch.end and (seen.until - stretch.end.at).total_seconds() < RECENT_S
    ]
    for end, stretch, facts in sorted(over, key=lambda each: each[0], reverse=True)[:3]:
        lasted = words.span((end - stretch.start.at).total_seconds())
        yield blocks.Line(
            f"{facts.path} was degraded {words.clock_range(stretch.start.at, end, seen.until)} UTC ({lasted}), "
            f"{'slow' if stretch.failing is None else f'about {words.percent(stretch.failing)} failing'}.",
            "over",
        )


def to_use(seen: window.Window) -> Iterator[blocks.Line]:
    """What to use, a line a tier and job."""
    if not seen.advice:
        return
    yield blocks.Line("Use now:" if seen.is_now else "At the period's end this was the best to use:")
    for each in seen.advice:
        text = advice.sentence(each, seen.until)
        told = f"{each.tier}: {text}" if each.job else text
        yield blocks.Line(told, each.job or each.tier, "" if each.batch.choice else "unknown")


def money(seen: window.Window) -> Iterator[blocks.Line]:
    """Canaries of the day against the budget, and what the user's own requests lost."""
    own = outcomes.joined(facts.of(window.Series.OWN) for facts in seen.paths)
    lost = own.where(own.is_billed("yes") & ~own.ok)
    day = "today" if seen.is_now else f"on {seen.until:%b %d}"
    text = f"{words.usd(seen.spent_usd)} canaries {day} of {words.usd(seen.budget_usd_per_day)}"
    if len(lost):
        text += f"; {words.count(len(lost), 'own picture')} billed and lost ({words.usd(lost.usd)})"
    elif seen.own_traffic.findings.lost.n:
        told = seen.own_traffic.findings.lost
        text += f"; {words.count(told.n, 'own picture')} billed and lost ({words.usd(told.usd)})"
    if seen.own_traffic.saved:
        text += f"; own traffic saved {words.count(seen.own_traffic.saved, 'canary')} ({words.usd(seen.own_traffic.saved_usd)})"
    yield blocks.Line(f"{text}.", "paid")


def unknown(seen: window.Window) -> Iterator[blocks.Line]:
    """What is not known, never to be taken for fine: paths with too little data, and canaries that say nothing."""
    names = [
        f"{facts.path}: {facts.now.state.reason or little(facts)}"
        for facts in seen.paths
        if facts.state is model.State.UNKNOWN
    ]
    if names:
        more = f"; and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        yield blocks.Line(f"{'; '.join(names[:MOST_NAMES])}{more}. Not known is not fine.", "unknown", "unknown")
    excluded = sum((quality.excluded(facts) for facts in seen.paths), collections.Counter[model.Exclusion]())
    if excluded:
        reasons = ", ".join(f"{reason} {n}" for reason, n in excluded.most_common())
        told = f"{words.count(excluded.total(), 'outcome')} say nothing of any channel: our own fault ({reasons})."
        yield blocks.Line(told, "excluded")


def little(facts: window.PathFacts) -> str:
    n = len(facts.canaries())
    return f"{words.count(n, 'canary')}, too few" if n else "no data"
