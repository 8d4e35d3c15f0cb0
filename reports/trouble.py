"""What is told of one incident: since when, how much fails, why, how far it has spread, and what to use instead."""

from collections.abc import Collection, Iterator, Sequence

from probe import model
from probe.inference import incidents as grouping
from reports import advice, blocks, findings, present, sample, states, window, words

MOST_NAMES = 6
"""Paths named in one sentence."""

NOT_AS_ORDERED = frozenset({"size", "format", "quality", "detail"})
"""Changes of what is delivered that make a picture another one than was ordered."""

LITTLE = 0.5
"""Where fewer pictures get through at the best channel, waiting is the advice."""


def incident(
    seen: window.Window, found: findings.Incident, before: Collection[present.Advice]
) -> Iterator[blocks.Line]:
    """State, since when, how much fails; why; how far it has spread; what to use instead."""
    yield blocks.Line(f"{name(seen, found)} {opening(seen, found.first)}", tone="bad")
    check = " `tierwatch doctor` looks at your network." if is_everything(seen, found) else ""
    yield blocks.Line(f"{counted(seen, found.first)}{findings.fault(found)}.{check}", "why")
    if change := delivered(seen, found.first):
        yield blocks.Line(f"{change}.", "pictures", "bad")
    if spread := spreading(seen, found):
        yield blocks.Line(spread, "spread")
    given = advised(seen, found)
    fresh = list(instead(seen, [each for each in given if each not in before], found.channels))
    yield from fresh
    if not before and any(line.tone != "bad" for line in fresh):
        yield blocks.Line(advice.RULE, "rule")
    if again := [each for each in given if each in before]:
        tiers = words.listed(dict.fromkeys(each.tier for each in again))
        yield blocks.Line(f"{tiers}: as above.", again[0].job or "batch")


def name(seen: window.Window, found: findings.Incident) -> str:
    """`vip/4k-high`; what has taken everything says so first."""
    if is_everything(seen, found):
        return f"EVERYTHING, all {len(seen.paths)} paths of {words.listed(found.channels)}:"
    (channel, tier), whole = found.first.path, not found.siblings and len(found.paths) > 1
    return f"{channel}, every tier:" if whole and len(found.channels) == 1 else f"{channel}/{tier}"


def is_everything(seen: window.Window, found: findings.Incident) -> bool:
    """Is there no path left that is not part of it?"""
    return found.scope is grouping.Scope.EVERYTHING and len(found.paths) == len(seen.paths)


def opening(seen: window.Window, facts: window.PathFacts) -> str:
    """`DEGRADED since 02:20 UTC (90 %: 01:55-02:35), still on. About 45 % fail.`."""
    since = findings.since(facts)
    dated = f" since {words.moment(since, seen.until)}" if since else ""
    if facts.now.since:
        dated += f" (90 %: {words.around(facts.now.since.low, facts.now.since.high, seen.until)})"
    word = states.BAD[model.State.DEGRADED if facts.state in findings.DEGRADED else facts.state]
    text = f"{word}{dated}{still(seen, facts)}"
    if facts.now.failing is not None:
        share, over = words.percent(facts.now.failing), is_perhaps_over(facts)
        return f"{text}. About {share} {'failed' if over else 'fail'}."
    return f"{text}: {facts.now.state.reason}." if facts.now.state.reason else f"{text}."


def still(seen: window.Window, facts: window.PathFacts) -> str:
    """Is it on now? One canary that succeeded within an incident says little: half-failing paths do that often."""
    if facts.state not in findings.DEGRADED:
        return ""
    if not seen.is_now:
        return ", still on at the period's end"
    checked_at = facts.now.state.checked_at
    if not seen.watched:
        return f", on at its last canary, {words.moment(checked_at, seen.until)}" if checked_at else ""
    if facts.state is not model.State.RECOVERING:
        return ", still on"
    if is_perhaps_over(facts):
        return f", perhaps over by now ({words.percent(1 - facts.p_degraded)} likely)"
    return ", still on though its latest canary succeeded"


def is_perhaps_over(facts: window.PathFacts) -> bool:
    return facts.state is model.State.RECOVERING and facts.p_degraded < 0.5


def counted(seen: window.Window, facts: window.PathFacts) -> str:
    """`processing_error 14, timeout 5 of 41 canaries; `: what was seen since it began, by every canary."""
    if facts.state not in findings.DEGRADED:
        return ""
    since = findings.since(facts) or seen.since
    canaries = facts.canaries().since(since)
    telling = canaries.where(canaries.telling)
    n = words.count(len(telling), "canary")
    counts = telling.failures()
    return f"{sample.told_kinds(counts)} of {n}; " if counts else f"none of {n} failed; " if len(telling) else ""


def delivered(seen: window.Window, facts: window.PathFacts) -> str:
    """What the path delivers since it went bad, where its pictures have changed for good."""
    since = facts.now.since
    rows = [row for row in seen.pictures if row.path == facts.path]
    changes = [change for row in rows for change in row.changes if since and change.at >= since.low]
    told = [change.sentence(facts.path) for change in changes if change.what != "pace"]
    if any(change.what in NOT_AS_ORDERED for change in changes):
        told.append("your own since then are as likely so: to have them as ordered, order them again elsewhere")
    return "; ".join(told)


def spreading(seen: window.Window, found: findings.Incident) -> str:
    """`yes: 2k-high since 05:10 UTC (about 20 % fail); no: 1k-low fine.`: the rest of its channels."""
    if is_everything(seen, found):
        return "yes: every tier of every channel."
    several = len(found.channels) > 1
    names = {each.path: str(each.path) if several else each.path.tier for each in (*found.paths, *found.siblings)}
    reached = [f"{names[each.path]}{extent(seen, each)}" for each in found.others]
    more = f" and {len(reached) - MOST_NAMES} more" if len(reached) > MOST_NAMES else ""
    fine = [names[each.path] for each in found.siblings if each.is_fine]
    if found.rivals and all(each.is_fine for each in found.rivals):
        fine.append("the other channels")
    likely = [
        f"{names[each.path]} ({words.percent(each.p_degraded)} likely)"
        for each in found.siblings
        if each.state is model.State.SUSPECT and not each.is_fine
    ]
    unknown = [names[each.path] for each in found.siblings if each.state is model.State.UNKNOWN or each.is_learning]
    told = [
        f"yes: {', '.join(reached[:MOST_NAMES])}{more}" if reached else "",
        f"perhaps: {', '.join(likely)}" if likely else "",
        f"no: {words.listed(fine)} fine" if fine else "",
        f"not known: {words.listed(unknown)}" if unknown else "",
    ]
    return f"{'; '.join(filter(None, told))}." if any(told) else ""


def extent(seen: window.Window, facts: window.PathFacts) -> str:
    """` since 05:10 UTC (90 %: 04:50-05:25; about 20 % fail)`."""
    since, found = findings.since(facts), facts.now.since
    told = [
        *([f"90 %: {words.around(found.low, found.high, seen.until)}"] if found else []),
        *([f"about {words.percent(facts.now.failing)} fail"] if facts.now.failing is not None else []),
    ]
    dated = f" since {words.moment(since, seen.until)}" if since else ""
    return f"{dated} ({'; '.join(told)})" if told else dated


def advised(seen: window.Window, found: findings.Incident) -> list[present.Advice]:
    """Advice for the tiers of an incident, heaviest first, and for the jobs at them."""
    return [each for tier in found.tiers for each in seen.advice if each.tier == tier]


def instead(seen: window.Window, given: Sequence[present.Advice], here: Sequence[str]) -> Iterator[blocks.Line]:
    """`batch`, `urgent` and jobs at the tiers of an incident; to wait, where no channel gets enough through."""
    chosen = [each.batch.choice for each in given if each.batch.choice]
    if chosen and len(chosen) == len(given) and all(one.usable_share < LITTLE for one in chosen):
        tiers = words.listed(dict.fromkeys(each.tier for each in given))
        text = f"wait: no channel is well at {tiers}. At best, {given[0].tier}: {advice.offer(chosen[0])}."
        yield blocks.Line(text, "batch", "bad")
        return
    told: dict[str, str] = {}  # label by text
    for each in given:
        bad = [facts.path.channel for facts in seen.paths if facts.path.tier == each.tier and facts.is_bad]
        for label, text in advice.choices(each, bad, here, seen.until):
            same = told.setdefault(text, label)
            shown = text if same == label else f"{each.tier}: as {same}."
            yield blocks.Line(shown, label, "" if each.batch.choice else "unknown")
