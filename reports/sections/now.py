"""The first screen: what is degraded since when, why, what to use, what was paid, and what is not known."""

import collections
from collections.abc import Collection, Iterable, Iterator, Sequence

from probe import model
from probe.inference import incidents as grouping
from reports import advice, blocks, findings, outcomes, present, sample, states, window, words
from reports.sections import quality

RECENT_S = 86_400.0  # a stretch that ended within this is still news
MOST_NAMES = 6
MOST_TOLD = 3

NOT_AS_ORDERED = frozenset({"size", "format", "quality", "detail"})
"""Changes of what is delivered that make a picture another one than was ordered."""

LITTLE = 0.5
"""Where fewer pictures get through at the best channel, waiting is the advice."""


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    """One group of sentences a matter, the gravest first."""
    found = findings.incidents(seen)
    told = {tier for one in found for tier in one.tiers}
    groups = (
        caveats(seen),
        *(incident(seen, one, told_before(seen, found, one)) for one in found),
        calm(seen),
        to_use(seen, [each for each in seen.advice if each.tier not in told]),
        (*own(seen), *money(seen), *unknown(seen)),
    )
    return tuple(blocks.Headline(lines) for lines in map(tuple, groups) if lines)


# --- what spoils everything below -------------------------------------------------------------------------------------


def caveats(seen: window.Window) -> Iterator[blocks.Line]:
    """Nothing there, made up, or nobody watching."""
    if seen.is_empty:
        yield blocks.Line("No data in this period: nothing is known, neither good nor bad.", tone="unknown")
        yield blocks.Line("`tierwatch daemon` sends canaries; `tierwatch plan` shows their price first.", "next")
        return
    if window.Series.SIMULATED in seen.series:
        yield blocks.Line("SIMULATED history is part of this: it says nothing about real channels.", tone="warn")
    if seen.is_now and not seen.watched:
        last = f"last sign of life {words.ago(seen.beat_at, seen.now)}" if seen.beat_at else "it never ran here"
        yield blocks.Line(
            f"NOT WATCHED now: no daemon is running ({last}). What follows may be over. Start `tierwatch daemon`.",
            tone="warn",
        )
    elif seen.is_now and seen.budget_gone:
        last = f" The latest canary was sent {words.ago(seen.checked_at, seen.now)}." if seen.checked_at else ""
        yield blocks.Line(
            f"NOT WATCHED now: today's budget is used up ({of_budget(seen)}), no canaries before 00:00 UTC.{last} To go "
            "on today, raise usd_per_day in [budget].",
            tone="warn",
        )
    if lost := findings.lost_tiers(seen):
        yield blocks.Line(f"{words.listed(lost)}: no channel is known to be healthy.", tone="bad")


def of_budget(seen: window.Window) -> str:
    return f"{words.usd(seen.spent_usd)} of {words.usd(seen.budget_usd_per_day)}"


# --- what is bad ------------------------------------------------------------------------------------------------------


def told_before(
    seen: window.Window, found: Sequence[findings.Incident], one: findings.Incident
) -> frozenset[present.Advice]:
    """The advice that an incident before this one was told with."""
    return frozenset(each for before in found[: found.index(one)] for each in advised(seen, before))


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


# --- what is well, doubtful, or over ----------------------------------------------------------------------------------


def calm(seen: window.Window) -> Iterator[blocks.Line]:
    """What is well, what is doubtful, and what is over, in one sentence each."""
    yield from well(seen)
    for facts in seen.paths:
        if facts.state is model.State.SUSPECT:
            yield blocks.Line(f"{facts.path}: {facts.now.state.reason or 'being re-checked'}.", "suspect", "warn")
        elif facts.is_below_target:
            claim = f"`tierwatch report --supplier {facts.path.channel}` is the claim"
            yield blocks.Line(f"{facts.path}: {facts.now.state.reason}; {claim}.", "target", "warn")
    ended = [
        (stretch.end, stretch, facts)
        for facts in seen.paths
        for stretch in facts.degraded
        if stretch.end and (seen.until - stretch.end.at).total_seconds() < RECENT_S
    ]
    for end, stretch, facts in sorted(ended, key=lambda each: each[0].at, reverse=True)[:MOST_TOLD]:
        lasted = words.span((end.at - stretch.start.at).total_seconds())
        yield blocks.Line(
            f"{facts.path} was {'' if stretch.is_sure else 'perhaps '}degraded {words.clock_range(stretch.start.at, end.at, seen.until)} UTC ({lasted}), "
            f"{'slow' if stretch.failing is None else f'about {words.percent(stretch.failing)} failing'}.",
            "over",
        )


def well(seen: window.Window) -> Iterator[blocks.Line]:
    """How many are healthy; a path of which little was seen is not among them."""
    total = words.count(len(seen.paths), "path")
    healthy = sum(facts.is_healthy for facts in seen.paths)
    learning = sum(facts.is_learning for facts in seen.paths)
    bad = any(facts.is_bad for facts in seen.paths)
    if healthy and bad:
        yield blocks.Line(f"{healthy} of {total} healthy{'' if seen.watched else ' when last seen'}.", "others")
    elif healthy:
        latest = f" Latest canary {words.ago(seen.checked_at, seen.until)}." if seen.checked_at else ""
        below = sum(facts.is_below_target for facts in seen.paths)
        opening = "All well" if healthy == len(seen.paths) else "No path is known to be degraded"
        opening, but = ("No path is worse than usual", f", {below} below target") if below else (opening, "")
        yield blocks.Line(f"{opening}: {healthy} of {total} healthy{but}.{latest}", tone="good")
    if learning:
        counts = [facts.now.observations or 0 for facts in seen.paths if facts.is_learning]
        spread = f"{min(counts)} to {max(counts)}" if min(counts) < max(counts) else str(counts[0])
        which = f"{learning} of {total}" if learning < len(seen.paths) else "any path"
        text = f"TOO EARLY to say of {which}: {spread} canaries each so far, {window.LEARNED} are needed."
        tone: blocks.Tone = "unknown"
        yield blocks.Line(text, "early" if healthy or bad else "", tone)
        taken = outcomes.joined(facts.canaries() for facts in seen.paths if facts.is_learning)
        failed = taken.where(taken.telling).failures()
        n = words.count(int(taken.telling.sum()), "canary")
        yield blocks.Line(f"{sample.told_kinds(failed) or 'no failure'} among {n}.", "so far")


# --- what to use ------------------------------------------------------------------------------------------------------


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


def to_use(seen: window.Window, given: Sequence[present.Advice]) -> Iterator[blocks.Line]:
    """What to use where nothing is wrong, a line a tier and job."""
    if not given:
        return
    if not any(each.batch.choice for each in seen.advice):
        yield blocks.Line("Nothing can be recommended yet: too few canaries.", tone="unknown")
        return
    heading = "Use now:" if seen.is_now else "At the period's end this was the best to use:"
    if seen.is_now and (seen.budget_gone or not seen.watched):
        heading = "By what was last seen, this was the best to use:"
    yield blocks.Line(heading)
    told: dict[tuple[str, str], str] = {}  # label by tier and what is said of it
    for each in given:
        text, label = advice.sentence(each, seen.until), each.job or each.tier
        key = (each.tier, advice.offer(each.batch.choice) if each.batch.choice else text)
        same = told.setdefault(key, label)
        shown = f"as {same}." if same != label else f"{each.tier}: {text}" if each.job else text
        yield blocks.Line(shown, label, "" if each.batch.choice else "unknown")


# --- own traffic, money, and what is not known ------------------------------------------------------------------------


def own(seen: window.Window) -> Iterator[blocks.Line]:
    """What own requests met, beside the canaries and never mixed with them; refusals are the prompts'."""
    shares = sorted(seen.own_traffic.findings.shares, key=lambda each: (-each.refused, -each.failed, each.path))
    for share in shares[:MOST_TOLD]:
        told = [f"{share.path}: {words.count(share.requests, 'own request')}"]
        if share.refused:
            told.append(
                f"{share.refused} refused for their content: your prompts, not the channel; rewrite those prompts"
            )
        told.append(f"{share.failed} of the other {share.n} failed" if share.refused else f"{share.failed} failed")
        yield blocks.Line(f"{'; '.join(told)}.", "own", "warn" if share.refused else "")


def money(seen: window.Window) -> Iterator[blocks.Line]:
    """Canaries of the day against the budget, and what the user's own requests lost."""
    taken = outcomes.joined(facts.of(window.Series.OWN) for facts in seen.paths)
    lost = taken.where(taken.is_billed("yes") & ~taken.ok)
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
    """What is not known, never to be taken for fine: paths with too little data, and what says nothing."""
    missing = [facts for facts in seen.paths if facts.state is model.State.UNKNOWN]
    if missing:
        reasons = {facts.path: unseen(facts) for facts in missing}
        text = f"{'; '.join(listed(reasons.items()))}. Not known is not fine."
        yield blocks.Line(text, "not known", "unknown")
    if screen := seen.own_traffic.unscreened:
        at, why = screen
        text = f"moderation pre-screen not checked since {words.moment(at, seen.until)} ({why}): nobody knows whether "
        yield blocks.Line(f"{text}prompts are flagged. `tierwatch doctor` asks it again.", "not known", "unknown")
    excluded = sum((quality.excluded(facts) for facts in seen.paths), collections.Counter[model.Exclusion]())
    if excluded:
        told = ", ".join(f"{reason} {n}" for reason, n in excluded.most_common())
        text = f"{words.count(excluded.total(), 'outcome')} say nothing of any channel: our own fault ({told})."
        yield blocks.Line(text, "excluded")


def unseen(facts: window.PathFacts) -> str:
    """Why a path is not known: its canaries were refused, were too few, or did not come."""
    canaries = facts.canaries()
    aside = canaries.where(canaries.included & ~canaries.telling)
    checked_at = facts.now.state.checked_at
    if checked_at is not None:
        aside = aside.since(checked_at)
    if len(aside):
        return f"{sample.told_kinds(aside.failures())} in {words.count(len(aside), 'canary')}, which tells no health"
    if facts.now.state.reason:
        return facts.now.state.reason
    return f"{words.count(len(canaries), 'canary')}, too few" if len(canaries) else "no data"


def listed(reasons: Iterable[tuple[model.Path, str]]) -> Iterator[str]:
    """`vip/1k-low and vip/2k-high: no canary for 7 h`: paths of one reason together."""
    together: dict[str, list[model.Path]] = {}
    for path, reason in reasons:
        together.setdefault(reason, []).append(path)
    for reason, paths in together.items():
        names = [str(path) for path in paths]
        if len(names) > MOST_NAMES:
            names = [*names[: MOST_NAMES - 1], f"{len(names) - MOST_NAMES + 1} more"]
        yield f"{words.listed(names)}: {reason}"
