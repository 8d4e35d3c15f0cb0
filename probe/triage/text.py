"""A diagnosis as plain text in 80 columns: the answer in the first two lines, then why, then what to try next."""

import datetime as dt
import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from probe import escape, model
from probe.inference import habits
from probe.inference.causes import Check
from probe.triage import advice, answer, around, ladder, options
from probe.triage.diagnosis import Diagnosis

if TYPE_CHECKING:
    from probe.config import Config

WIDTH = 80
LABEL = 11


def render(found: Diagnosis, config: "Config | None", now: dt.datetime, again: str) -> str:
    """The whole text; `again` is what to type after `tierwatch triage` to name the request once more."""
    two = answer.answer(found, config)
    sections = (
        [*answered(two.cause), *answered(two.action)],
        list(reply(found)),
        list(neighbours(found)),
        list(weighed(found)),
        list(steps(found, config)),
        list(missing(found)),
        list(further(found, config, now, again)),
    )
    return "\n".join("".join(f"{escape.visible(line)}\n" for line in lines) for lines in sections if lines)


def answered(line: str) -> list[str]:
    """A line of the answer, under itself where names are long."""
    lines = textwrap.wrap(TOGETHER.sub("\x1f", line), WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    return [each.replace("\x1f", " ") for each in lines]


def reply(found: Diagnosis) -> Iterator[str]:
    """What came back, when, where it stopped, who must act."""
    about, verdict, evidence = found.about, found.about.verdict, found.about.evidence
    at = f", sent {about.sent_at:%Y-%m-%d %H:%M:%S} UTC" if about.sent_at else ""
    yield from row("request", f"{about.name}, {about.path or 'path unknown'}{at}")
    if verdict is None or evidence is None:
        return
    status = f"HTTP {evidence.status}" if evidence.status else "no HTTP status"
    after = f" after {evidence.elapsed_s:.1f} s" if evidence.elapsed_s is not None else ""
    yield from row("came back", f"{named(verdict)}: {status}{after}, by rule {verdict.rule}")
    yield from row("read alone", f"stopped at {verdict.stage}; who must act: {verdict.party}; billed: {verdict.billed}")
    yield from row("ids", ", ".join(f"{hop} {value}" for hop, value in about.ids))
    yield from row("phases", phases(about.outcome))


def named(verdict: model.Verdict) -> str:
    return f"{verdict.kind} ({verdict.detail})" if verdict.detail else str(verdict.kind)


def phases(outcome: model.Outcome | None) -> str:
    """The waterfall: seconds from sending to the end of each phase, and the phase it stopped in."""
    if outcome is None:
        return ""
    timings = outcome.timings
    ends = (
        ("connected", timings.connect_s),
        ("TLS", timings.tls_s),
        ("request sent", timings.request_sent_s),
        ("first byte", timings.headers_s),
        ("last byte", timings.body_s),
    )
    seen = [f"{name} {end_s:.1f} s" for name, end_s in ends if end_s is not None]
    ended_s = outcome.evidence.elapsed_s
    if seen and timings.body_s is None and ended_s is not None:
        waiting = "the rest of the body" if timings.headers_s is not None else "the first byte"
        seen.append(f"then waited for {waiting} until {ended_s:.1f} s")
    return ", ".join(seen)


def neighbours(found: Diagnosis) -> Iterator[str]:
    """Canaries on the path, lighter tiers and other channels around that minute."""
    near = found.near
    if near is None:
        return
    yield f"Around {near.at:%d %b %H:%M} UTC"
    if found.state is not None:
        since = f" since {found.state.since:%d %b %H:%M}" if found.state.since else ""
        if found.state.since and found.about.sent_at and found.state.since > found.about.sent_at:
            since += ", after this request"
        reason = f": {found.state.reason}" if found.state.reason else ""
        yield from row("state", f"{found.state.path} {found.state.state}{since}{reason}", 2)
    for label, counts in (("this path", near.path), ("lighter", near.lighter), ("elsewhere", near.others)):
        for count in counts:
            who = "own traffic" if count.own else "canaries"
            key = " (same key)" if any(each.purse for each in count.findings) else ""
            yield from row(label, f"{count.path} {who}{key}: {around.told(count)}", 2)
    yield from row("in 30 days", month(near), 2)


def month(near: around.Around) -> str:
    """What the path was like before, and whether its words tell anything."""
    usual = near.usual
    if not usual.sent:
        return ""
    said = ", ".join(f"{word} in {n:.0f}" for word, n in sorted(usual.words.items(), key=lambda item: -item[1]))
    hours = f" ({said} of the hours)" if said else ""
    told = f"{near.path[0].path}: {usual.failed} of {usual.sent} scheduled canaries failed{hours}"
    same, other = usual.same_hours, usual.other_hours
    if habits.at_this_hour(usual) < DAILY:
        return told
    return f"{told}; at this hour of the day on {same.failing} of {same.seen} days, at other hours {other.failing} of {other.seen} times"


DAILY = 0.05
"""So many more days in trouble at one hour of the day than at others are told."""


def weighed(found: Diagnosis) -> Iterator[str]:
    """The causes, and what each piece of evidence did to the leading one."""
    lead = found.now.lead[0]
    yield f"{'Why' if found.about.verdict else 'If it failed'} (probability of {lead} after each piece of evidence)"
    said = f"the reply says {named(found.about.verdict)}" if found.about.verdict else "nothing is known of the reply"
    yield from row(f"{found.after[0].p[lead]:.2f}", said, 2)
    for piece, after in zip(found.pieces, found.after[1:], strict=True):
        yield from row(f"{after.p[lead]:.2f}", f"{piece.name}: {piece.words}" if piece.words else "", 2)
    if found.learnt_from:
        yield from row("", f"(the tables count {found.learnt_from} settled triages of your own)", 2)
    others = [f"{cause} {p:.2f}" for cause, p in found.now.p.items() if p >= 0.02 and cause is not lead]
    yield from row("else", ", ".join(others), 2)
    if found.now.severity is not None:
        yield from row(
            "", f"(if {lead}: about {found.now.severity:.0%} of requests on {found.about.path or 'its path'} fail)", 2
        )


def steps(found: Diagnosis, config: "Config | None") -> Iterator[str]:
    """The checklist with the finding of each rung, or its price where it has none yet."""
    yield "Checklist"
    for number, rung in enumerate(ladder.rungs(found, config), start=1):
        yield from row(f"{number:2}", f"{ladder.title(rung)}: {rung.finding or untried(found, rung)}", 2)


def untried(found: Diagnosis, rung: ladder.Rung) -> str:
    if rung.check is Check.RETRY and advice.may_be_billed(found):
        return f"held back: {advice.paid_for(found) or 'the first one may be billed, its log decides'}"
    needs = ", needs the prompt" if rung.needs_prompt and found.about.prompt is None else ""
    return f"not tried ({advice.usd(rung.price_usd) if rung.price_usd else 'free'}{needs})"


def missing(found: Diagnosis) -> Iterator[str]:
    if found.lacks:
        yield "Missing"
    for lack in found.lacks:
        yield from row("-", lack, 2)


def further(found: Diagnosis, config: "Config | None", now: dt.datetime, again: str) -> Iterator[str]:
    """The most telling rung and the commands to copy, while the cause is not sure."""
    about = found.about
    if about.ok or found.now.sure:
        return
    lines: list[str] = []
    if about.path is None:
        lines += row("-", "where it was sent brings what canaries saw there then, and the rungs of the ladder:", 2)
        named = "" if config is not None else " --config FILE"
        lines += command(f"tierwatch triage {again}{named} --channel CHANNEL --tier TIER")
    elif config is not None and ladder.known(config, about.path):
        best = options.best(found, options.left(found, config), config, now)
        if best is not None:
            price = advice.usd(best.price_usd)
            lines += row("-", f"{ladder.title(best)} tells most per dollar ({price}); up to $1 in rungs:", 2)
            lines += command(f"tierwatch triage {again} --live --max-cost 1")
        if about.prompt is None and not about.canary:
            lines += row("-", "with the prompt the free pre-screen and the rungs that repeat the request:", 2)
            lines += command(f"tierwatch triage {again} --prompt-file PROMPT.txt --yes")
        elif not about.canary and not any(piece.name == "pre-screen" for piece in found.pieces):
            lines += row("-", "the free pre-screen:", 2)
            lines += command(f"tierwatch triage {again} --yes")
    if lines:
        yield from ("Next", *lines)


def command(words: str) -> list[str]:
    """A command to copy, broken before an option where it would not fit."""
    lines = [""]
    for part in re.split(r" (?=--)", words):
        if lines[-1] and len(lines[-1]) + len(part) + 9 > WIDTH:
            lines.append("")
        lines[-1] += f" {part}" if lines[-1] else part
    return [f"      {'  ' if number else ''}{line}" for number, line in enumerate(" \\\n".join(lines).split("\n"))]


def row(label: str, words: str, indent: int = 0) -> Iterator[str]:
    """`label      words`, wrapped under themselves; nothing where there are no words."""
    if not words:
        return
    width = LABEL if not indent else 4 if len(label) <= 4 else LABEL - 1
    head = " " * indent + label.ljust(width) + " "
    lines = textwrap.wrap(
        TOGETHER.sub("\x1f", words),
        WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_on_hyphens=False,
    )
    yield from (line.replace("\x1f", " ") for line in lines)


TOGETHER = re.compile(r"(?<=\d) (?=(?:s|min|h|of|UTC)\b)|(?<=\d) (?=\d\d:)|(?<=of) (?=\d)")
"""Spaces at which a line is not broken: `1.7 s`, `9 of 20`."""
