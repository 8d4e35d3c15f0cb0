"""Evidence prepared for the rules: every speaker's words and codes, the reply as a whole, and the conditions rules may name."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from probe import model
from probe.taxonomy import delivered, unwrap, waits, walls
from probe.taxonomy.layers import Layer

VOICES_LIMIT = 24
"""Speakers that are asked."""
LONG_WAIT_S = 600.0
"""A wait above this does not heal within minutes: an allowance, not a rate."""
LATE_S = 15.0
"""A refusal that took longer came after the picture was drawn; input checks answer within seconds."""


_TOKEN = re.compile(r"[a-z0-9]+")
_CODE = re.compile(r"(?<![a-z0-9_])[a-z0-9]++(?:_++[a-z0-9]++)++")
_NAMED_CODE = re.compile(r"\b(?:code|type|reason)['\"]?\s?[:=]\s?['\"]?([a-z][\w.:-]{2,60})")
_NAMED_FINISH = re.compile(r"finish[_ ]?reason\W{0,5}([a-z_]{4,40})")
_CJK = re.compile(r"[\u3400-\u9fff]+")
_CODE_DETAILS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("reason", "type", "code", "error_code", "error_type", "status"), ""),
        **dict.fromkeys(("finishReason", "finish_reason"), "finish:"),
        **dict.fromkeys(("blockReason", "block_reason"), "block:"),
        **dict.fromkeys(("moderation_stage", "moderationStage"), "stage:"),
    }
)
"""Details that are codes, and the prefix that keeps those of an answer apart from those of an error."""
NOBODY = Layer()
_WAIT_WORDS = frozenset(
    (
        "again",
        "retry",
        "wait",
        "after",
        "reset",
        "resets",
        "available",
        "retryafter",
        "retrydelay",
        "\u79d2\u540e",
        "\u5206\u949f",
        "\u5c0f\u65f6",
        "\u7a0d\u7b49",
    )
)
"""Words one of which a sentence that asks to wait must have."""
_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " "})
_SAID_STATUS = re.compile(
    r"(?:^|状态码|\b(?:errors?|status|code|https?(?:/\d(?:\.\d)?)?|statuscode|status_code|response|failed|returned|httperror|exception|upstream)"
    r"|[\[(:])"
    r"[\s:：=()\[\]\"'#,-]{0,6}(?:code|status|error)?[\s:=()\[\]\"'#-]{0,6}([45]\d\d)"
    r"(?![\d.]\d|\d|\s?(?:x|px|ms|s|sec|seconds|tokens|mb|kb|characters|bytes)\b)"
)
"""A status that words name: `error code: 429`, `[503 service unavailable]`, `resourceexhausted: 429`, `403 status code (no body)`."""
_STATUS_TOKENS = frozenset(str(status) for status in range(400, 600))
_REFUSAL = re.compile(
    r"\b(?:i'?m (?:sorry|unable|not able|just a language model)|i (?:can(?:'?t|not)|won'?t)|i am (?:unable|not able)|can(?:'?t|not) (?:generate|create|help|assist|fulfil)"
    r"|unable to (?:generate|create|help|fulfil)|sorry, |violates? (?:the|our|my) (?:policy|policies|guidelines|content)|against (?:the|our|my) (?:policy|policies|guidelines)|as an ai)"
    r"|无法(?:生成|创建|为您|为你|提供)|不能(?:生成|创建|为您|为你|提供)|抱歉|对不起"
)


class Voice(NamedTuple):
    """One speaker as the rules see it: folded words, the tokens in them, and codes."""

    layer: Layer
    words: str
    tokens: frozenset[str]
    codes: frozenset[str]


class Facts(NamedTuple):
    """Everything the rules may ask about one reply."""

    evidence: model.Evidence
    said: str  # body and exception text as they came
    shape: str  # of the body, as in `layers.Unwrapped`
    voices: tuple[Voice, ...]  # innermost first
    reply: Voice  # the reply as a whole
    status: int | None  # of the reply, or the one its words name
    pictures: int
    links: int
    prose: str
    wait_s: float | None  # what the reply asks us to wait, as it says it
    flaws: tuple[str, ...]


def fold(text: str) -> str:
    """Lower case, plain quotes, single spaces."""
    if not text.isascii():
        text = text.translate(_QUOTES)
    return " ".join(text.lower().split())


def tokens_of(words: str) -> frozenset[str]:
    """Whole words of folded text, and every two neighbouring characters of Chinese."""
    if words.isascii():
        return frozenset(_TOKEN.findall(words))
    found = set(_TOKEN.findall(words))
    for run in _CJK.findall(words):
        found.update(run[at : at + 2] for at in range(len(run) - 1))
    return frozenset(found)


def voice(layer: Layer) -> Voice:
    """A layer prepared for the rules."""
    words = fold(layer.message)
    tokens = tokens_of(words)
    codes = {value.lower() for value in (layer.code, layer.type, layer.status) if value}
    for key, value in layer.details:
        if (prefix := _CODE_DETAILS.get(key)) is not None:
            codes.add(prefix + value.lower())
    if "_" in words:
        codes.update(_CODE.findall(words))
    if "finish" in tokens or "finishreason" in tokens:
        codes.update("finish:" + reason for reason in _NAMED_FINISH.findall(words))
    if "code" in tokens or "type" in tokens or "reason" in tokens:
        codes.update(_NAMED_CODE.findall(words))
    return Voice(layer, words, tokens, frozenset(codes))


def prepare(evidence: model.Evidence) -> Facts:
    """Take a reply apart and measure it once, for all rules."""
    body = unwrap.unwrap(evidence.text)
    told = unwrap.unwrap(evidence.fault_text) if evidence.fault_text.strip() else None
    pictures = evidence.picture_count
    if pictures is None:
        pictures = max(body.pictures, 1 if evidence.picture is not None else 0)
    layers = ((*told.layers,) if told else ()) + body.layers
    if pictures and _is_success(evidence.status):
        layers = tuple(layer for layer in layers if layer.error)  # prompts and captions are no errors
    voices = tuple(voice(layer) for layer in _few(layers))
    flaws = delivered.flaws(evidence) if pictures else ()
    wait_s = _wait_s(evidence, layers, voices)
    return Facts(
        evidence=evidence,
        said=f"{evidence.text}\n{evidence.fault_text}" if evidence.fault_text else evidence.text,
        shape=body.shape,
        voices=voices,
        reply=_whole(evidence, body.shape, voices, flaws),
        status=evidence.status if evidence.status is not None else _said_status(voices),
        pictures=pictures,
        links=body.links,
        prose=fold(body.prose),
        wait_s=wait_s,
        flaws=flaws,
    )


def _few(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """Innermost first; of very many speakers the innermost and the outermost ones."""
    inward = layers[::-1]
    return inward if len(inward) <= VOICES_LIMIT else inward[: VOICES_LIMIT // 2] + inward[-VOICES_LIMIT // 2 :]


def _whole(evidence: model.Evidence, shape: str, voices: tuple[Voice, ...], flaws: tuple[str, ...]) -> Voice:
    """The reply as one voice without words: what was seen, as codes."""
    codes = {"shape:" + shape}
    if flaws:
        codes.update("picture:" + flaw for flaw in flaws)
    if evidence.fault is not None:
        codes.add(f"fault:{evidence.fault}")
    for spoken in voices:
        codes |= spoken.codes
    return Voice(NOBODY, "", frozenset(), frozenset(codes))


def _wait_s(evidence: model.Evidence, layers: tuple[Layer, ...], voices: tuple[Voice, ...]) -> float | None:
    """Header first, then structured delays, then sentences."""
    asked = waits.header_s(evidence.headers)
    if asked is None:
        asked = waits.structured_s(layers)
    if asked is None:
        asked = next(
            (
                wait
                for spoken in voices
                if _WAIT_WORDS & spoken.tokens and (wait := waits.sentence_s(spoken.words)) is not None
            ),
            None,
        )
    return asked


def _said_status(voices: tuple[Voice, ...]) -> int | None:
    """The HTTP status that words or a numeric code name, the innermost first."""
    for spoken in voices:
        if spoken.layer.code.isdecimal() and 100 <= int(spoken.layer.code[:4]) <= 599:
            return int(spoken.layer.code[:4])
    for spoken in voices:
        if _STATUS_TOKENS & spoken.tokens and (found := _SAID_STATUS.search(spoken.words)):
            return int(found[1])
    return None


def _is_success(status: int | None) -> bool:
    return status is None or 200 <= status < 300


# The conditions. Each asks one question of the reply, or of one speaker in it.


def _late(told: Facts, spoken: Voice) -> bool:
    """The refusal came after drawing began: late, on a status no input check gives, or within a stream."""
    elapsed_s = told.evidence.elapsed_s
    status = told.status
    return (
        told.shape == "events"
        or (status is not None and (status in (429, 451) or status >= 500))
        or (elapsed_s or 0) > LATE_S
    )


def _no_allowance(told: Facts, spoken: Voice) -> bool:
    """Google's and OpenAI's structured signs that waiting minutes will not help."""
    ids = " ".join(spoken.layer.detail("quotaId", "quota_id")).lower()
    limits = spoken.layer.detail("quotaValue", "quota_value", "limit", "quota_limit_value")
    return "perday" in ids or "permonth" in ids or "0" in limits or bool(_LIMIT_ZERO.search(spoken.words))


_RELAYED = re.compile(
    r"request id: 20\d{12}|new_api|shell_api|one_api|v_api|litellm|openrouter|provider returned|api returned error|upstream|error from provider|channel_error|上游|网关|渠道|接口返回|api ?返回"
)
"""Words that show a relay between the caller and the last speaker."""
_LIMIT_ZERO = re.compile(r"\blimit:? 0(?![\d.])")


def _long_wait(told: Facts, spoken: Voice) -> bool:
    return told.wait_s is not None and told.wait_s > LONG_WAIT_S


def _at_wall(told: Facts, spoken: Voice) -> bool:
    """The answer was lost at an elapsed time at which intermediaries give up."""
    elapsed_s = told.evidence.elapsed_s
    return elapsed_s is not None and walls.known(elapsed_s) is not None


def _dropped_reason(told: Facts, spoken: Voice) -> bool:
    """Gemini through a gateway that dropped the block reason: no candidates, prompt counted, nothing drawn."""
    text = told.evidence.text
    return '"promptFeedback"' in text and bool(_NO_CANDIDATES.search(text)) and bool(_NO_TOKENS.search(text))


_NO_CANDIDATES = re.compile(r'"candidates"\s{0,8}:\s{0,8}(?:null|\[\s{0,8}\])')
_NO_TOKENS = re.compile(r'"candidatesTokenCount"\s{0,8}:\s{0,8}0\b')

_EMPTY_DATA = re.compile(r'"(?:data|images|output)"\s{0,8}:\s{0,8}(?:null|\[\s{0,8}\])')
_ANNOUNCED = re.compile(
    r"\bhere(?:'s| is| are| you go)\b|i(?:'ve| have) (?:created|generated|drawn|made)|以下是|这是(?:您|你|为)|已(?:为您|为你)?生成"
)

CONDITIONS: Mapping[str, Callable[[Facts, Voice], bool]] = MappingProxyType(
    {
        "late": _late,
        "no_allowance": _no_allowance,
        "long_wait": _long_wait,
        "short_wait": lambda told, spoken: told.wait_s is not None and told.wait_s <= LONG_WAIT_S,
        "at_wall": _at_wall,
        "relayed": lambda told, spoken: any(_RELAYED.search(voice.words) for voice in told.voices),
        "told_by_server": lambda told, spoken: told.evidence.status is not None and told.evidence.status < 598,
        "not_prose": lambda told, spoken: (
            not (told.shape == "text" and told.status is not None and 200 <= told.status < 300)
        ),
        "not_page": lambda told, spoken: spoken.layer.speaker != "edge",
        "gemini": lambda told, spoken: '"candidates"' in told.evidence.text,
        "dropped_reason": _dropped_reason,
        "no_status": lambda told, spoken: told.evidence.status is None,
        "no_picture": lambda told, spoken: told.pictures == 0,
        "picture": lambda told, spoken: told.pictures > 0,
        "examined": lambda told, spoken: told.evidence.picture is not None,
        "link": lambda told, spoken: told.links > 0,
        "json": lambda told, spoken: told.shape in ("json", "events"),
        "prose": lambda told, spoken: bool(told.prose.strip()),
        "refusal": lambda told, spoken: any(
            _REFUSAL.search(words) for words in (told.prose, *(voice.words for voice in told.voices))
        ),
        "unsent": lambda told, spoken: not told.evidence.sent,
        "not_server_error": lambda told, spoken: told.status is None or told.status < 500,
        "not_client_error": lambda told, spoken: told.status is None or not 400 <= told.status < 500,
        "announced": lambda told, spoken: bool(_ANNOUNCED.search(told.prose)),
        "empty_data": lambda told, spoken: bool(_EMPTY_DATA.search(told.evidence.text)),
        "empty": lambda told, spoken: told.shape == "empty" and not told.evidence.fault_text.strip(),
        "large_order": lambda told, spoken: _is_large(told.evidence.order),
    }
)
"""Name -> condition, for `Rule.when`."""


def _is_large(order: model.Order | None) -> bool:
    """Does the order ask for a 2K or larger picture?"""
    if order is None:
        return False
    return (order.image_size or "").upper() in ("2K", "4K") or order.width_px * order.height_px > 2_500_000
