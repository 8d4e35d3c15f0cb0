"""The first screen: what is degraded since when, why, what to use, what was paid, and what is not known."""

import collections
from collections.abc import Iterable, Iterator, Sequence

from probe import model
from reports import advice, blocks, findings, outcomes, present, sample, trouble, window, words
from reports.sections import quality

RECENT_S = 86_400.0  # a stretch that ended within this is still news
MOST_TOLD = 3


def read(seen: window.Window) -> tuple[blocks.Block, ...]:
    """One group of sentences a matter, the gravest first."""
    found = findings.incidents(seen)
    told = {tier for one in found for tier in one.tiers}
    groups = (
        caveats(seen),
        *(trouble.incident(seen, one, told_before(seen, found, one)) for one in found),
        calm(seen),
        to_use(seen, [each for each in seen.advice if each.tier not in told]),
        (*own(seen), *money(seen), *unknown(seen)),
    )
    return tuple(blocks.Headline(lines) for lines in map(tuple, groups) if lines)


def told_before(
    seen: window.Window, found: Sequence[findings.Incident], one: findings.Incident
) -> frozenset[present.Advice]:
    """The advice that an incident before this one was told with."""
    return frozenset(each for before in found[: found.index(one)] for each in trouble.advised(seen, before))


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
        few, many = min(counts), max(counts)
        spread = f"{few} to {words.count(many, 'canary')}" if few < many else words.count(many, "canary")
        which = f"{learning} of {total}" if learning < len(seen.paths) else "any path"
        text = f"TOO EARLY to say of {which}: {spread} each so far, {window.LEARNED} are needed."
        tone: blocks.Tone = "unknown"
        yield blocks.Line(text, "early" if healthy or bad else "", tone)
        taken = outcomes.joined(facts.canaries() for facts in seen.paths if facts.is_learning)
        failed = taken.where(taken.telling).failures()
        n = words.count(int(taken.telling.sum()), "canary")
        yield blocks.Line(f"{sample.told_kinds(failed) or 'no failure'} among {n}.", "so far")


# --- what to use ------------------------------------------------------------------------------------------------------


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
                f"{share.refused:,} refused for their content: your prompts, not the channel; rewrite those prompts"
            )
        told.append(
            f"{share.failed:,} of the other {share.n:,} failed" if share.refused else f"{share.failed:,} failed"
        )
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
        if len(names) > trouble.MOST_NAMES:
            names = [*names[: trouble.MOST_NAMES - 1], f"{len(names) - trouble.MOST_NAMES + 1} more"]
        yield f"{words.listed(names)}: {reason}"
