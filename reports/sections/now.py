"""The first screen: what is degraded since when, why, what to use, what was paid, and what is not known."""

from collections.abc import Iterator

from probe import model
from reports import blocks, findings, sample, window, words

SHOUTED = {
    model.State.DEGRADED: "DEGRADED",
    model.State.RECOVERING: "RECOVERING (still degraded)",
    model.State.REFUSING: "REFUSING every prompt",
    model.State.NO_ACCESS: "NO ACCESS",
    model.State.MODEL_GONE: "MODEL GONE",
}


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    found = findings.incidents(seen)
    lines = [
        *watch(seen),
        *(line for each in found for line in incident(seen, each)),
        *calm(seen),
        *paid(seen),
        *unknown(seen),
    ]
    return (blocks.Headline(tuple(lines)),)


def watch(seen: window.Window) -> Iterator[blocks.Line]:
    """What spoils everything below: nothing there, made up, or nobody watching."""
    if not any(facts.shots for facts in seen.paths):
        yield blocks.Line("No data in this period: nothing is known, neither good nor bad.", tone="unknown")
        yield blocks.Line("`tierwatch daemon` sends canaries; `tierwatch plan` shows their price first.", "next")
        return
    if seen.is_simulated:
        yield blocks.Line("Part of this history is SIMULATED: it says nothing about real channels.", tone="warn")
    if seen.until >= seen.now and not seen.watched:
        when = f"its last sign of life was {words.ago(seen.beat_at, seen.now)}" if seen.beat_at else "it never ran here"
        yield blocks.Line(f"NOT WATCHED: no daemon is running ({when}). What follows may be over.", tone="warn")


def incident(seen: window.Window, found: findings.Incident) -> Iterator[blocks.Line]:
    first = found.first
    yield blocks.Line(f"{first.path} {opening(seen, first)}", tone="bad")
    since = findings.since(first) or seen.since
    shots = [shot for shot in first.of(*CANARIES) if shot.sent_at >= since and not shot.excluded]
    counts = sample.kinds(shots)
    told = f"{sample.told_kinds(counts)} of {words.count(len(shots), 'canary')} since; " if counts else ""
    yield blocks.Line(f"{told}{compared(found)}{findings.fault(found)}", "why")
    if spreading := spread(seen, found):
        yield blocks.Line(spreading, "spread")


CANARIES = (window.Series.SCHEDULED, window.Series.EXTRA, window.Series.SIMULATED)


def opening(seen: window.Window, facts: window.PathFacts) -> str:
    """State, since when with its 90 % range, and how much fails."""
    state, since, stretch = findings.state(facts), findings.since(facts), facts.degraded_now
    text = SHOUTED[state]
    if since:
        text += f" since {words.moment(since, seen.until)}"
    if stretch and stretch.start_range and since == stretch.start:
        text += f" (90 %: {words.clock_range(*stretch.start_range, seen.until)})"
    text += ", still on."
    if stretch and stretch.failing is not None:
        text += f" About {words.percent(stretch.failing)} fail."
    elif facts.state and facts.state.reason:
        text += f" {facts.state.reason[:1].upper()}{facts.state.reason[1:]}."
    return text


def compared(found: findings.Incident) -> str:
    """`official and 1k-low fine: `."""
    fine = [*found.fine_channels, *found.fine_tiers]
    return f"{words.listed(fine)} fine: " if fine else ""


def spread(seen: window.Window, found: findings.Incident) -> str:
    """`2k-high yes (since 05:10 UTC, about 20 %), 1k-low no`."""
    told = []
    for facts in found.others:
        since = findings.since(facts)
        about = facts.degraded_now.failing if facts.degraded_now else None
        extra = [
            *([f"since {words.moment(since, seen.until)}"] if since else []),
            *([f"about {words.percent(about)}"] if about is not None else []),
        ]
        told.append(f"{facts.path.tier} yes" + (f" ({', '.join(extra)})" if extra else ""))
    told += [f"{tier} no" for tier in found.fine_tiers]
    told += [f"{tier} not known" for tier in found.unknown_tiers]
    return f"Over this channel's tiers: {', '.join(told)}." if told else ""


def calm(seen: window.Window) -> Iterator[blocks.Line]:
    """What is well, and what is doubtful, in one sentence each."""
    by_state = {state: [each for each in seen.paths if findings.state(each) is state] for state in model.State}
    healthy, total = len(by_state[model.State.HEALTHY]), len(seen.paths)
    bad = sum(len(by_state[state]) for state in findings.BAD)
    if healthy and not bad:
        rest = "" if healthy == total else f" {words.count(total - healthy, 'path')} below."
        yield blocks.Line(
            f"No path is known to be degraded; {healthy} of {words.count(total, 'path')} healthy.{rest}", tone="good"
        )
    for facts in by_state[model.State.SUSPECT]:
        reason = f": {facts.state.reason}" if facts.state and facts.state.reason else ""
        yield blocks.Line(f"{facts.path} suspect, being re-checked{reason}.", tone="warn")
    over = [
        (stretch.end, facts, stretch)
        for facts in seen.paths
        for stretch in facts.degraded
        if stretch.end and (seen.until - stretch.end).total_seconds() < RECENT_S
    ]
    for end, facts, stretch in sorted(over, key=lambda each: each[0], reverse=True)[:3]:
        yield blocks.Line(
            f"{facts.path} was degraded {words.clock_range(stretch.start, end, seen.until)} UTC "
            f"({words.span((end - stretch.start).total_seconds())})"
            + (f", about {words.percent(stretch.failing)} failing." if stretch.failing is not None else "."),
            "over",
        )


RECENT_S = 86400.0


def paid(seen: window.Window) -> Iterator[blocks.Line]:
    lost = [
        shot for facts in seen.paths for shot in facts.of(window.Series.OWN) if shot.billed == "yes" and not shot.health
    ]
    text = f"{words.usd(seen.spent_today_usd)} canaries today of {words.usd(seen.budget_usd_per_day)}"
    if lost:
        text += (
            f"; {words.count(len(lost), 'own picture')} billed and lost ({words.usd(sum(s.price_usd for s in lost))})"
        )
    yield blocks.Line(f"{text}.", "paid")


def unknown(seen: window.Window) -> Iterator[blocks.Line]:
    """Paths of which too little is known to say anything: never to be taken for fine."""
    told = []
    for facts in seen.paths:
        if findings.state(facts) is model.State.UNKNOWN:
            n = len(facts.sample)
            told.append(f"{facts.path} ({words.count(n, 'canary')}, too few)" if n else f"{facts.path} (no data)")
    if told:
        more = f" and {len(told) - MOST} more" if len(told) > MOST else ""
        yield blocks.Line(f"{', '.join(told[:MOST])}{more}.", "unknown", tone="unknown")


MOST = 6
