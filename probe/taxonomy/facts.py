"""Evidence prepared for the rules: every speaker's words and codes, and the reply as a whole."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from probe import model
from probe.taxonomy import delivered, glossary, unwrap, waits
from probe.taxonomy.layers import Layer, Unwrapped

VOICES_LIMIT = 24
"""Speakers that are asked."""

_TOKEN = re.compile(r"[a-z0-9]+")
_CODE = re.compile(r"(?<![a-z0-9_])[a-z0-9]++(?:_++[a-z0-9]++)++")
_NAMED_CODE = re.compile(r"\b(?:code|type|reason)['\"]?\s?[:=]\s?['\"]?([a-z][\w.:-]{2,60})")
_NAMED_FINISH = re.compile(r"finish[_ ]?reason\W{0,5}([a-z_]{4,40})")
_NAMED_BLOCK = re.compile(r"block[_ ]?reason\W{0,5}([a-z_]{4,40})")
_NAMED_STAGE = re.compile(r"moderation[_ ]stage\W{0,5}(input|output)")
_APART = "".join(chr(each) if chr(each).isalnum() else " " for each in range(128))
"""ASCII with a space for all that parts words: as a table of `str.translate` it takes half the time of a regular expression."""
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
_NAME = re.compile(
    r"\b(?:[A-Z]?[a-z]+\d*[A-Z][A-Za-z0-9]{2,80}|[A-Za-z][A-Za-z0-9]{0,40}(?:_[A-Za-z0-9]{1,40}){1,12})\b"
)
"""An identifier within a sentence: `InsufficientBalanceError`, `RATE_LIMIT_EXCEEDED`."""
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[\u3400-\u9fff]+")
PLAIN_NAMES = frozenset(
    (
        "error", "errors", "failed", "apiconnectionerror", "none", "null", "invalid_request_error", "invalidrequesterror", "server_error", "api_error", "apierror",
        "upstream_error", "new_api_error", "shell_api_error", "one_api_error", "v_api_error", "rix_api_error", "channel_error", "request_error",
        "image_generation_user_error", "invalid_argument", "failed_precondition", "out_of_range", "bad_response_status_code", "err_bad_request", "err_bad_response", "axioserror", "httperror", "statuscode", "badrequest", "badrequesterror",
        "xsrfcookiename", "xsrfheadername", "silentjsonparsing", "forcedjsonparsing", "clarifytimeouterror", "maxcontentlength", "maxbodylength",
        "validatestatus", "transformrequest", "transformresponse", "responsetype", "timeouterrormessage", "maxredirects", "maxrate",
    )
)  # fmt: skip
"""Types that say only that something failed, whatever the cause, and settings that clients print with every failure."""
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
        "秒后",
        "分钟",
        "小时",
        "稍等",
    )
)
"""Words one of which a sentence that asks to wait must have."""
_DIGIT = re.compile(r"\d")
_SUPPOSED = re.compile(
    r"\b(?:(?:may|might|could) (?:also )?(?:be (?:due|caused|because|that|the result|unavailable|down|busy|overloaded)|have been|happen|mean|indicate)"
    r"|possibl[ey]|perhaps|maybe|probably|usually|often|typically|likely cause|common (?:cause|reason))\b|也?可能(?:是|因为|由于|被|触发)|通常是|或许|原因可能"
)
"""Where a speaker begins to suppose: what follows is no evidence."""
_SUPPOSING = frozenset(
    (
        "may", "might", "could", "possibly", "possible", "perhaps", "maybe", "probably", "usually", "often", "typically", "likely", "common",
        "可能", "通常", "或许",
    )
)  # fmt: skip
_PLAINER = {**glossary.SIMPLIFIED, **str.maketrans("\u2019\u2018\u201c\u201d\u00a0", "''\"\" ")}
_SAID_STATUS = re.compile(
    r"(?:^|状态码|返回|\b(?:errors?|status|code|https?(?:/\d(?:\.\d)?)?|statuscode|status_code|response|failed|returned|httperror|exception|upstream)"
    r"|[\[(:])"
    r"[\s:：=()\[\]\"'#,-]{0,6}(?:code|status|error)?[\s:=()\[\]\"'#-]{0,6}([45]\d\d)"
    r"(?![\d.]\d|\d|\s?(?:x|px|ms|s|sec|seconds|tokens|mb|kb|characters|bytes)\b)"
    r"|\b([45]\d\d), message="
)
"""A status that words name: `error code: 429`, `[503 service unavailable]`, `resourceexhausted: 429`, `403 status code (no body)`."""
_OUTER = frozenset((*range(200, 300), 400, 500, 502))
"""Statuses under which a relay passes on a failure that has a status of its own."""
_ERROR_STATUS = re.compile(r"[45]\d\d")
_STATUS_TOKENS = frozenset(str(status) for status in range(400, 600))


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
    """Lower case, plain quotes, simplified Chinese, single spaces."""
    if not text.isascii():
        text = text.translate(_PLAINER)
    return " ".join(text.lower().split())


def tokens_of(words: str) -> frozenset[str]:
    """Whole words of folded text, and every two neighbouring characters of Chinese, for look-up."""
    return frozenset(words.translate(_APART).split() if words.isascii() else words_of(words))


def words_of(words: str) -> list[str]:
    """The same in the order they stand, Chinese last."""
    if words.isascii():
        return _TOKEN.findall(words)
    found: list[str] = _TOKEN.findall(words)
    for run in _CJK.findall(words):
        found += [run[at : at + 2] for at in range(len(run) - 1)]
    return found


def voice(layer: Layer) -> Voice:
    """A layer prepared for the rules."""
    words = fold(layer.message)
    tokens = tokens_of(words)
    if heard := glossary.english(words, tokens):
        words = f"{words} | {heard}"
        tokens |= tokens_of(heard)
    codes = {value.lower() for value in (layer.code, layer.type, layer.status) if value}
    for key, value in layer.details:
        if (prefix := _CODE_DETAILS.get(key)) is not None:
            codes.add(prefix + value.lower())
    if "_" in words:
        codes.update(_CODE.findall(words))
    if "finish" in tokens or "finishreason" in tokens:
        codes.update("finish:" + reason for reason in _NAMED_FINISH.findall(words))
    if "block" in tokens or "blockreason" in tokens:
        codes.update("block:" + reason for reason in _NAMED_BLOCK.findall(words))
    if "stage" in tokens:
        codes.update("stage:" + stage for stage in _NAMED_STAGE.findall(words))
    if (":" in words or "=" in words) and ("code" in tokens or "type" in tokens or "reason" in tokens):
        codes.update(_NAMED_CODE.findall(words))
    return Voice(layer, words, tokens, frozenset(codes))


def named(spoken: Voice) -> Voice | None:
    """The identifiers a speaker uses, read as words: `BILLING_BALANCE_NOT_ENOUGH` -> `billing balance not enough`; None where it uses none."""
    layer = spoken.layer
    names = dict.fromkeys((layer.code, layer.type, layer.status))
    names.update(dict.fromkeys(value for key, value in layer.details if _CODE_DETAILS.get(key) == ""))
    names.update(dict.fromkeys(_NAME.findall(layer.message)))
    said = [" ".join(_HUMP.findall(name)).lower() for name in names if name.lower() not in PLAIN_NAMES]
    words = "; ".join(filter(None, said))
    return Voice(layer, words, tokens_of(words), frozenset()) if words else None


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
    voices: tuple[Voice, ...] = ()
    for layer in _few(layers):
        spoken = voice(layer)
        voices += (spoken,) if _SUPPOSING.isdisjoint(spoken.tokens) else _parted(spoken)
    flaws = delivered.flaws(evidence) if pictures else ()
    wait_s = _wait_s(evidence, layers, voices)
    status = _status(evidence, body, voices, pictures)
    if status in _OUTER:
        voices = tuple(_naming_status(spoken, status) for spoken in voices)
    return Facts(
        evidence=evidence,
        said=f"{evidence.text}\n{evidence.fault_text}" if evidence.fault_text else evidence.text,
        shape=body.shape,
        voices=voices,
        reply=_whole(evidence, body.shape, voices, flaws),
        status=status,
        pictures=pictures,
        links=body.links,
        prose=fold(body.prose) if body.prose else "",
        wait_s=wait_s,
        flaws=flaws,
    )


def _parted(spoken: Voice) -> tuple[Voice, ...]:
    """A speaker who supposes as two voices: what it says, then what it only supposes."""
    begin = _SUPPOSED.search(spoken.words, 8)
    if begin is None:
        return (spoken,)
    parts = (spoken.words[: begin.start()], spoken.words[begin.start() :])
    return tuple(spoken._replace(words=words, tokens=tokens_of(words)) for words in parts)


def _few(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """Innermost first; of very many speakers the innermost and the outermost ones."""
    if len(layers) > VOICES_LIMIT:
        layers = layers[: VOICES_LIMIT // 2] + layers[-VOICES_LIMIT // 2 :]
    return layers[::-1]


def _whole(evidence: model.Evidence, shape: str, voices: tuple[Voice, ...], flaws: tuple[str, ...]) -> Voice:
    """The reply as one voice without words: what was seen, as codes."""
    codes = {"shape:" + shape}
    if flaws:
        codes.update("picture:" + flaw for flaw in flaws)
    if evidence.fault is not None:
        codes.add(f"fault:{evidence.fault}")
    if "cf-mitigated" in evidence.headers:
        codes.add("header:cf-mitigated")
    for spoken in voices:
        codes |= spoken.codes
    return Voice(NOBODY, "", frozenset(), frozenset(codes))


def _wait_s(evidence: model.Evidence, layers: tuple[Layer, ...], voices: tuple[Voice, ...]) -> float | None:
    """Header first, then structured delays, then sentences."""
    asked = waits.header_s(evidence.headers)
    told = evidence.text + evidence.fault_text
    if asked is None and ("etry" in told or "esets_in" in told):
        asked = waits.structured_s(layers)
    if asked is not None:
        return asked
    for spoken in voices:
        if _WAIT_WORDS.isdisjoint(spoken.tokens) or not _DIGIT.search(spoken.words):
            continue
        if (asked := waits.sentence_s(spoken.words)) is not None:
            return asked
    return None


def _status(evidence: model.Evidence, body: Unwrapped, voices: tuple[Voice, ...], pictures: int) -> int | None:
    """The status of the reply; of a success without a picture the one that its body gives as code, as many services do."""
    status = evidence.status
    if status is None:
        return _told_status(evidence, body, voices)
    if 200 <= status < 300 and not pictures and body.shape == "json":
        return next(
            (int(code) for code in (layer.code for layer in body.layers) if _ERROR_STATUS.fullmatch(code)), status
        )
    return status


def _told_status(evidence: model.Evidence, body: Unwrapped, voices: tuple[Voice, ...]) -> int | None:
    """Where the status is unknown: 200 for a document that delivers a picture or blames nobody, else the one words name."""
    silent = not voices and body.shape in {"json", "events"}
    if evidence.fault is None and not evidence.fault_text and (body.pictures or silent):
        return 200
    return _said_status(voices)


def _said_status(voices: tuple[Voice, ...]) -> int | None:
    """The HTTP status that words or a numeric code name, the innermost first."""
    for spoken in voices:
        if spoken.layer.code.isdecimal() and 100 <= int(spoken.layer.code[:4]) <= 599:
            return int(spoken.layer.code[:4])
    return next(
        (status for spoken in voices if _STATUS_TOKENS & spoken.tokens and (status := said_status(spoken.words))), None
    )


def _naming_status(spoken: Voice, status: int | None) -> Voice:
    """A speaker whose words name another status than the reply has, with `told:429` as a code."""
    if _STATUS_TOKENS.isdisjoint(spoken.tokens):
        return spoken
    said = said_status(spoken.words)
    if said is None or said == status:
        return spoken
    return spoken._replace(codes=spoken.codes | {f"told:{said}"})


def said_status(words: str) -> int | None:
    """The HTTP status that words name."""
    found = _SAID_STATUS.search(words)
    return int(found[1] or found[2]) if found else None


def _is_success(status: int | None) -> bool:
    return status is None or 200 <= status < 300
