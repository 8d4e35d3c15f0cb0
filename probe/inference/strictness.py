"""How strict a channel's moderation is, at which stage, and since when: read from its sentinels alone."""

import datetime as dt
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from probe import model

ANSWERS: Mapping[model.Kind, str] = MappingProxyType(
    {
        model.Kind.OK: "draws it",
        model.Kind.DEGRADED_IMAGE: "draws it",
        model.Kind.MODERATION_INPUT: "refuses the prompt",
        model.Kind.MODERATION_OUTPUT: "refuses the picture",
    }
)
"""What an outcome says of moderation; every other kind says nothing of it."""

DRAWS = ANSWERS[model.Kind.OK]


class Strictness(NamedTuple):
    """What one channel does with one sentinel prompt."""

    channel: str
    prompt_id: str
    asked: int  # answers that say something of moderation
    refused: int
    now: str  # the latest answer, one of ANSWERS
    since: dt.datetime  # when the first of the latest answers that are all alike was asked for
    before: str  # the answer before that; "": it has never been another


def read(judged: Iterable[model.Judged]) -> tuple[Strictness, ...]:
    """One row a channel and prompt, by name; outcomes of sentinels in order of sending."""
    answers: dict[tuple[str, str], list[tuple[dt.datetime, str]]] = {}
    for one in judged:
        said, outcome = ANSWERS.get(one.verdict.kind), one.outcome
        if said and not outcome.excluded:
            answers.setdefault((outcome.path.channel, outcome.prompt_id), []).append((outcome.sent_at, said))
    return tuple(_row(*key, answers[key]) for key in sorted(answers))


def _row(channel: str, prompt_id: str, answers: list[tuple[dt.datetime, str]]) -> Strictness:
    now = answers[-1][1]
    start = len(answers)
    while start and answers[start - 1][1] == now:
        start -= 1
    return Strictness(
        channel,
        prompt_id,
        len(answers),
        sum(said != DRAWS for _, said in answers),
        now,
        answers[start][0],
        answers[start - 1][1] if start else "",
    )
