"""A request for the gateway's support, in Markdown: ids, UTC times, what came back; no key and no prompt."""

from typing import TYPE_CHECKING

from probe import escape, model
from probe.config import secrets
from probe.taxonomy import unwrap
from probe.triage import around
from probe.triage.diagnosis import Diagnosis

if TYPE_CHECKING:
    from probe.config import Config

WORDS_CAP = 600
"""Characters of the reply's own words that are quoted."""


def render(found: Diagnosis, config: "Config | None") -> str:
    """What a support desk asks for first. Everything from outside stands in a block of code."""
    lines = ["# Image request failed", "", "Please look up what happened to this request.", "", "```"]
    lines += [
        f"{label:14}{escape.visible(words).replace('```', '` ` `')}" for label, words in facts(found, config) if words
    ]
    lines += ["```", "", "What we saw on the same account around that minute (UTC):", "", "```"]
    lines += [escape.visible(words) for words in seen(found)] or ["no other requests are on record"]
    lines += ["```", "", request(found)]
    return "\n".join(lines) + "\n"


def request(found: Diagnosis) -> str:
    """What the support is asked to do."""
    verdict = found.about.verdict
    if verdict is not None and verdict.kind is model.Kind.DEGRADED_IMAGE:
        return "This is not the picture that was ordered. If it was billed, please refund it."
    if verdict is not None and verdict.billed == "no":
        return "Was it billed on your side? By our reading it should not be."
    return "Was it finished and billed on your side? If billed without delivery, please refund it."


def facts(found: Diagnosis, config: "Config | None") -> list[tuple[str, str]]:
    """(label, words) of the request."""
    about, evidence, verdict = found.about, found.about.evidence, found.about.verdict
    channel = next((each for each in config.channel if each.name == about.channel), None) if config else None
    order, picture = (evidence.order, evidence.picture) if evidence else (None, None)
    logged = next((piece.words for piece in found.pieces if piece.live and piece.name == f"{about.channel}'s log"), "")
    return [
        ("sent (UTC)", f"{about.sent_at:%Y-%m-%d %H:%M:%S}" if about.sent_at else "unknown"),
        ("endpoint", channel.base_url if channel else ""),
        ("model", channel.model if channel else order.model if order else ""),
        ("size", f"{order.size} {order.quality or ''}".strip() if order else about.tier or ""),
        *((f"id ({hop})", value) for hop, value in about.ids if hop != "ours"),
        ("id (client)", about.outcome.id if about.outcome is not None and about.canary else ""),
        ("status", f"HTTP {evidence.status}" if evidence and evidence.status else "no answer"),
        ("after", f"{evidence.elapsed_s:.1f} s" if evidence and evidence.elapsed_s is not None else ""),
        ("reads as", f"{verdict.kind} {verdict.detail}".strip() if verdict else ""),
        ("words", words_of(found)),
        ("delivered", f"{picture.width_px}x{picture.height_px} {picture.format}" if picture else ""),
        ("your log", logged),
    ]


def words_of(found: Diagnosis) -> str:
    """What the speakers in the reply said, echoes of the request left out, keys and the prompt scrubbed."""
    evidence = found.about.evidence
    if evidence is None:
        return ""
    layers = unwrap.unwrap(evidence.text).layers
    words = " | ".join(dict.fromkeys(layer.message for layer in layers if layer.message)) or evidence.fault_text
    if found.about.prompt:
        words = words.replace(found.about.prompt, "[prompt]")
    return " ".join(secrets.scrubbed(words).split())[:WORDS_CAP]


def seen(found: Diagnosis) -> list[str]:
    """Counts of the channel's own paths; other channels are nobody else's business."""
    if found.near is None:
        return []
    counts = (*found.near.path, *found.near.lighter)
    return [
        f"{count.path.tier:12}{'our traffic' if count.own else 'test requests':15}{around.told(count)}"
        for count in counts
        if count.n
    ]
