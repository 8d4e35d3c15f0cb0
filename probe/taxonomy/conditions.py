"""Questions a rule may ask by name (`Rule.when`) because no phrase, code or status can answer them."""
# ruff: noqa: ARG001, ARG005 - all conditions have the same signature

import itertools
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from probe.taxonomy import facts, walls
from probe.taxonomy.facts import Facts, Voice

LONG_WAIT_S = 600.0
"""A longer wait does not heal within minutes: an allowance, not a rate."""
ONE_MEANING = frozenset({401, 402, 407, 408, 411, 413, 414, 415, 451, 504, 522, 524})
"""Statuses whose meaning a single word in an unknown sentence does not outweigh."""
PLAIN_WORDS = 16
"""Characters from which on a body is taken for words that somebody says."""
LATE_S = 15.0
"""A refusal that took longer came after the picture was drawn; input checks answer within seconds."""

_LIMIT_ZERO = re.compile(r"\blimit:? 0(?![\d.])")
_RELAYED = re.compile(
    r"request id: 20\d{12}|饱和|load is saturated|(?:new_api|shell_api|one_api|v_api|channel)_error|openrouter|provider returned"
    r"|api returned error|upstream|error from provider|上游|网关|渠道|接口返回|api ?返回"
)
_RELAY_CODES = frozenset(
    ("new_api_error", "shell_api_error", "one_api_error", "v_api_error", "channel_error", "upstream_error")
)
_RELAY_ACCOUNT = re.compile(
    r"(?:all|every) (?:\w+ )?(?:accounts?|credentials?|keys?) (?:\w+ )?(?:exhausted|failed|unavailable|unhealthy)"
    r"|upstreamerror|(?:image )?provider error:|(?:账号|账户)(?:全部|都|均)"
)
_BARE = facts.tokens_of(
    "an api axioserror bad badrequest badrequesterror body call client code e error errors exception failed failure for"
    " has http https httperror httpstatuserror invalid message more no null occurred of org or please request response"
    " returned server status the this to type unprocessable entity url was with your"
)
"""Words that a bare status is told with."""
_REFUSAL = re.compile(
    r"\b(?:i'?m (?:sorry|unable|not able|just a language model)|i (?:can(?:'?t|not)|won'?t)|i am (?:unable|not able)"
    r"|can(?:'?t|not) (?:generate|create|help|assist|fulfil)|unable to (?:generate|create|help|fulfil)|sorry, "
    r"|violates? (?:the|our|my) (?:policy|policies|guidelines|content)|against (?:the|our|my) (?:policy|policies|guidelines)"
    r"|as an ai)|无法(?:生成|创建|为您|为你|提供)|不能(?:生成|创建|为您|为你|提供)|抱歉|对不起"
)
_ANNOUNCED = re.compile(
    r"\bhere(?:'s| is| are| you go)\b|i(?:'ve| have) (?:created|generated|drawn|made)|以下是|这是(?:您|你|为)|已(?:为您|为你)?生成"
)
_STATED_S = re.compile(
    r"(?:after|waited|for|about|elapsed|took|等待|约|耗时)\W{0,3}(\d{1,4}(?:\.\d{1,3})?) ?(?:s|secs?|seconds?|秒)(?![a-z])"
)
"""The time a sentence says the request ran, in seconds."""
_PICTURE_WORDS = facts.tokens_of(
    "image images imagefile imageurl url urls file files mask masks mime mimetype media base64 asset assets 图片 图像 考图"
)
_NO_CANDIDATES = re.compile(r'"candidates"\s{0,8}:\s{0,8}(?:null|\[\s{0,8}\])')
_NO_TOKENS = re.compile(r'"candidatesTokenCount"\s{0,8}:\s{0,8}0\b')
_EMPTY_DATA = re.compile(r'\A\s{0,8}\[\s{0,8}\]\s{0,8}\Z|"(?:data|images|output)"\s{0,8}:\s{0,8}(?:null|\[\s{0,8}\])')


class Condition(NamedTuple):
    """A question about a reply, or about one speaker in it, and what a yes means."""

    meaning: str
    holds: Callable[[Facts, Voice], bool]


def late(told: Facts, spoken: Voice) -> bool:
    status = told.status
    if told.shape == "events" or (status is not None and (status in {429, 451} or status >= 500)):
        return True
    return (told.evidence.elapsed_s or 0.0) > LATE_S


def no_allowance(told: Facts, spoken: Voice) -> bool:
    ids = " ".join(spoken.layer.detail("quotaId", "quota_id")).lower()
    limits = spoken.layer.detail("quotaValue", "quota_value", "limit", "quota_limit_value")
    return "perday" in ids or "permonth" in ids or "0" in limits or bool(_LIMIT_ZERO.search(spoken.words))


def uncoded(told: Facts, spoken: Voice) -> bool:
    return not any("_" in code and code not in facts.PLAIN_NAMES for voice in told.voices for code in voice.codes)


def per_minute(told: Facts, spoken: Voice) -> bool:
    ids = " ".join(spoken.layer.detail("quotaId", "quota_id")).lower()
    return "perminute" in ids and "perday" not in ids


def relayed(told: Facts, spoken: Voice) -> bool:
    return any(not _RELAY_CODES.isdisjoint(voice.codes) or _RELAYED.search(voice.words) for voice in told.voices)


def explained(told: Facts, spoken: Voice) -> bool:
    return any(_has_words(voice, 4) for voice in told.voices)


def _has_words(spoken: Voice, at_least: int) -> bool:
    own = (word for word in spoken.tokens if word not in _BARE and not word.isdecimal())
    return sum(1 for _ in itertools.islice(own, at_least)) == at_least


def told_refusal(told: Facts, spoken: Voice) -> bool:
    status = facts.said_status(spoken.words)
    return status is not None and status < 500 and status not in {408, 425, 429}


def of_picture(told: Facts, spoken: Voice) -> bool:
    return not _PICTURE_WORDS.isdisjoint(spoken.tokens)


def worded(told: Facts, spoken: Voice) -> bool:
    return any(_has_words(voice, 2) for voice in told.voices)


def vague_status(told: Facts, spoken: Voice) -> bool:
    status = told.status or 0
    return not (400 <= status < 500 or status in {502, 503, 504} or 520 <= status <= 530)


def relay_account(told: Facts, spoken: Voice) -> bool:
    return any(
        _RELAY_ACCOUNT.search(voice.words) or "upstreamerror" in map(str.lower, voice.layer.detail("name"))
        for voice in told.voices
    )


def at_wall(told: Facts, spoken: Voice) -> bool:
    elapsed_s = told.evidence.elapsed_s
    if elapsed_s is None and (stated := _STATED_S.search(spoken.words)):
        elapsed_s = float(stated[1])
    return elapsed_s is not None and walls.known(elapsed_s) is not None


def refusal(told: Facts, spoken: Voice) -> bool:
    return any(_REFUSAL.search(words) for words in (told.prose, *(voice.words for voice in told.voices)))


def reason_dropped(told: Facts, spoken: Voice) -> bool:
    text = told.evidence.text
    return '"promptFeedback"' in text and bool(_NO_CANDIDATES.search(text)) and bool(_NO_TOKENS.search(text))


CONDITIONS: Mapping[str, Condition] = MappingProxyType(
    {
        "late": Condition("after drawing began: on a 429, 451 or 5xx, within a stream, or after 15 s", late),
        "no_allowance": Condition("a quota per day or month, or a limit of 0", no_allowance),
        "long_wait": Condition(
            "asked to wait more than ten minutes", lambda told, spoken: (told.wait_s or 0.0) > LONG_WAIT_S
        ),
        "short_wait": Condition(
            "asked to wait at most ten minutes",
            lambda told, spoken: told.wait_s is not None and told.wait_s <= LONG_WAIT_S,
        ),
        "silent": Condition(
            "no status and no words", lambda told, spoken: told.evidence.status is None and not told.said.strip()
        ),
        "relay_account": Condition("a relay tells of its own accounts, or of its own provider", relay_account),
        "at_wall": Condition("ended at an elapsed time at which intermediaries give up", at_wall),
        "uncoded": Condition("no code that names a cause", uncoded),
        "per_minute": Condition("a quota per minute, and none per day", per_minute),
        "relayed": Condition("passed on by a relay", relayed),
        "not_answered": Condition("told without an HTTP answer", lambda told, spoken: told.evidence.status is None),
        "answered": Condition(
            "told in an HTTP answer",
            lambda told, spoken: told.evidence.status is not None and told.evidence.status < 598,
        ),
        "not_plain_success": Condition(
            "no bare text with a 2xx", lambda told, spoken: told.shape != "text" or not 200 <= (told.status or 0) < 300
        ),
        "not_page": Condition("not a web page", lambda told, spoken: spoken.layer.speaker != "edge"),
        "of_request": Condition(
            "not the words of a reader about a successful answer",
            lambda told, spoken: not 200 <= (told.status or 0) < 300 or told.shape not in {"text", "empty"},
        ),
        "not_4xx": Condition("no 4xx", lambda told, spoken: not 400 <= (told.status or 0) < 500),
        "not_success": Condition("not a 2xx", lambda told, spoken: not 200 <= (told.status or 0) < 300),
        "may_blame": Condition(
            "neither a 429 nor a 5xx", lambda told, spoken: (told.status or 0) < 500 and told.status != 429
        ),
        "explained": Condition("words that say more than the status", explained),
        "told_refusal": Condition("words that name a 4xx of somebody else", told_refusal),
        "of_picture": Condition("words about a picture, a file or where it lies", of_picture),
        "worded": Condition("more than one word of its own", worded),
        "vague_status": Condition(
            "no status that says more than vague words: no 4xx, no 502 or 503, no gateway's timeout, none of a CDN's own",
            vague_status,
        ),
        "loose_status": Condition(
            "a status that stands for many causes, or none", lambda told, spoken: told.status not in ONE_MEANING
        ),
        "failed": Condition(
            "an error in the answer", lambda told, spoken: any(voice.layer.error for voice in told.voices)
        ),
        "picture": Condition("a picture in the answer", lambda told, spoken: told.pictures > 0),
        "no_picture": Condition("no picture in the answer", lambda told, spoken: told.pictures == 0),
        "examined": Condition("the picture was looked at", lambda told, spoken: told.evidence.picture is not None),
        "link": Condition("a link to a picture", lambda told, spoken: told.links > 0),
        "json": Condition("regular JSON", lambda told, spoken: told.shape in {"json", "events"}),
        "empty_list": Condition(
            "an empty list of pictures", lambda told, spoken: bool(_EMPTY_DATA.search(told.evidence.text))
        ),
        "gemini": Condition("Gemini's own format", lambda told, spoken: '"candidates"' in told.evidence.text),
        "reason_dropped": Condition("no candidates, nothing drawn, and no block reason", reason_dropped),
        "plain_words": Condition(
            "a body of plain words, which our own client has not called unreadable",
            lambda told, spoken: (
                told.shape == "text"
                and told.evidence.fault is None
                and len(told.evidence.text) >= PLAIN_WORDS
                and not told.evidence.text.lstrip().startswith("<")
            ),
        ),
        "prose": Condition("a language model's words", lambda told, spoken: bool(told.prose)),
        "announced": Condition(
            "words that announce a picture", lambda told, spoken: bool(_ANNOUNCED.search(told.prose))
        ),
        "refusal": Condition("words that decline", refusal),
    }
)
"""Name -> condition."""
