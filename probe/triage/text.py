"""A diagnosis as plain text: the answer in the first two lines, then why, then what to try next. At most 80 columns."""

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from probe import logs
from probe.triage import answer, ladder
from probe.triage.diagnosis import Diagnosis, told

if TYPE_CHECKING:
    from probe.config import Config

WIDTH = 80
LABEL = 11


def render(found: Diagnosis, config: "Config | None") -> str:
    """The whole text, control characters made visible."""
    two = answer.answer(found, config)
    lines = [two.cause, two.action, ""]
    lines += reply(found)
    lines += neighbours(found)
    lines += weighed(found)
    lines += steps(found, config)
    return "".join(f"{logs.visible(line)}\n" for line in lines)


def reply(found: Diagnosis) -> Iterator[str]:
    """What came back, when, where it stopped, who must act."""
    about, verdict, evidence = found.about, found.about.verdict, found.about.evidence
    at = f"{about.sent_at:%Y-%m-%d %H:%M:%S} UTC" if about.sent_at else "an unknown time"
    yield from row("request", f"{about.name}, {about.path or 'unknown path'}, sent {at}")
    if verdict is None or evidence is None:
        return
    status = f"HTTP {evidence.status}" if evidence.status else "no HTTP status"
    after = f" after {evidence.elapsed_s:.1f} s" if evidence.elapsed_s is not None else ""
    detail = f" ({verdict.detail})" if verdict.detail else ""
    yield from row("came back", f"{verdict.kind}{detail}: {status}{after}, by rule {verdict.rule}")
    yield from row("stopped at", f"{verdict.stage}; who must act: {verdict.party}; billed: {verdict.billed}")
    if about.ids:
        yield from row("ids", ", ".join(f"{hop} {value}" for hop, value in about.ids))
    yield from row("phases", phases(found))


def phases(found: Diagnosis) -> str:
    """The waterfall: when each phase ended, seconds from sending; the one it stopped in."""
    outcome = found.about.outcome
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
    return ", ".join(seen)


def neighbours(found: Diagnosis) -> Iterator[str]:
    """Canaries on the path, lighter tiers and other channels around that minute."""
    near = found.near
    if near is None:
        return
    yield ""
    yield f"Around {near.at:%d %b %H:%M} UTC"
    if found.state is not None and found.state.reason:
        yield from row("state", f"{found.state.path} {found.state.state}: {found.state.reason}", 2)
    for label, counts in (("this path", near.path), ("lighter", near.lighter), ("elsewhere", near.others)):
        for count in counts:
            who = "own traffic" if count.own else "canaries"
            yield from row(label, f"{count.path} {who}: {told(count)}", 2)


def weighed(found: Diagnosis) -> Iterator[str]:
    """The causes, and what each piece of evidence did to the leading one."""
    yield ""
    yield "Why"
    likely = [f"{cause} {p:.2f}" for cause, p in found.now.p.items() if p >= 0.05]
    yield from row("causes", ", ".join(likely), 2)
    lead = found.now.lead[0]
    start = found.after[0].p[lead]
    if found.about.verdict is not None:
        yield from row(f"{start:.2f}", f"{lead} by what the reply says ({found.about.verdict.kind})", 2)
    for piece, after in zip(found.pieces, found.after[1:], strict=True):
        if piece.words:
            yield from row(f"{after.p[lead]:.2f}", f"{piece.name}: {piece.words}", 2)
    for lack in found.lacks:
        yield from row("missing", lack, 2)


def steps(found: Diagnosis, config: "Config | None") -> Iterator[str]:
    """The ladder with costs, then commands to copy."""
    yield ""
    yield "Ladder"
    for number, rung in enumerate(ladder.rungs(found, config), start=1):
        price = f"${rung.price_usd:.3f}" if rung.price_usd else "free"
        needs = " (needs --prompt-file)" if rung.needs_prompt and found.about.prompt is None else ""
        finding = rung.finding or f"not tried{needs}"
        yield from row(f"{number} {price}", f"{ladder.title(rung)}: {finding}", 2)


def row(label: str, words: str, indent: int = 0) -> Iterator[str]:
    """`label      words`, wrapped under themselves; nothing where there are no words."""
    if not words:
        return
    head = " " * indent + label.ljust(LABEL - indent) + " "
    yield from textwrap.wrap(
        words,
        WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_on_hyphens=False,
    )
