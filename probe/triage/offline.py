"""Triage from what is stored: nothing is sent, nothing is paid, and what is missing is said."""

import dataclasses
import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from probe import model
from probe.inference import habits
from probe.triage import around, evidence, ladder, learning, stored, subject
from probe.triage.diagnosis import Diagnosis, Piece, diagnose
from probe.triage.subject import Subject

if TYPE_CHECKING:
    from probe.config import Config
    from probe.records.history import History


def examine(about: Subject, history: "History | None", config: "Config | None") -> Diagnosis:
    """Weigh the reply, what was found by earlier triages of it, its neighbours, and its prompt elsewhere."""
    pieces = evidence.of_reply(about)
    if history is None or config is None:
        return diagnose(about, pieces, lacks=lacks(about, None, history, config))
    earlier = stored.earlier_pieces(about, history)
    own_rungs = [piece.outcome_id for piece in earlier if piece.outcome_id]
    prompt_id = prompt_id_of(about, history)
    same = history.of_prompt(prompt_id) if prompt_id else ()
    near = evidence.look_around(about, history, config, [*own_rungs, *(one.outcome.id for one in same)])
    if near is not None:
        pieces += [
            *evidence.of_pace(about, near),
            *evidence.of_walls(about, history, config),
            *evidence.of_neighbours(near),
        ]
    pieces += evidence.of_same_prompt(about, same, config, own_rungs)
    if about.outcome is not None and about.verdict is not None:
        pieces += evidence.of_bill(model.Judged(about.outcome, about.verdict))
    pieces += earlier
    tables, learnt_from = learning.tables(history, config)
    if near is not None:
        tables = habits.adapted(tables, near.usual)
    return diagnose(
        about,
        pieces,
        near=near,
        state=evidence.state_at(about, history, config),
        lacks=lacks(about, near, history, config),
        tables=tables,
        learnt_from=learnt_from,
    )


def with_pieces(found: Diagnosis, more: Sequence[Piece]) -> Diagnosis:
    """The diagnosis with further evidence weighed in."""
    again = diagnose(found.about, (*found.pieces, *more), tables=found.tables)
    return dataclasses.replace(found, pieces=again.pieces, after=again.after)


def prompt_id_of(about: Subject, history: "History") -> str:
    """The hash by which the caller's own prompt is known here; "" where it is not."""
    if about.outcome is not None and about.outcome.prompt_id.startswith(model.OWN_PROMPT):
        return about.outcome.prompt_id
    key = history.prompt_key() if about.prompt is not None else None
    return subject.hashed(about.prompt, key) if key is not None and about.prompt is not None else ""


def lacks(
    about: Subject, near: around.Around | None, history: "History | None", config: "Config | None"
) -> tuple[str, ...]:
    """What would help and is not there, each with the remedy."""
    found = []
    if about.verdict is None:
        found.append(f"{about.name} is not stored here: paste the reply with --reply FILE or --text")
    if config is None:
        found.append("no history of canaries: no config could be read; mend it, or name one with --config FILE")
    elif history is None:
        found.append(
            f"no history of canaries: {config.monitor.database} is missing or unreadable; `tierwatch daemon` fills it"
        )
    elif about.path is None:
        found.append("where it was sent: add --channel NAME --tier NAME")
    elif not ladder.known(config, about.path):
        near_by_name = difflib.get_close_matches(str(about.path), map(str, config.paths()), n=1)
        hint = f" (did you mean {near_by_name[0]}?)" if near_by_name else ""
        found.append(f"{about.path} is not in the config{hint}: no price and no neighbours are known")
    elif near is not None and sum(count.n for count in near.path) < around.ENOUGH:
        found.append(f"canaries on {about.path} around then: fewer than {around.ENOUGH}")
    if about.outcome is None and about.assumed_now:
        found.append("when it was sent: taken as now, --sent-at TIME is better")
    channel = next((each for each in config.channel if each.name == about.channel), None) if config else None
    if channel is not None and channel.log is None and about.verdict is not None and about.verdict.billed == "unknown":
        found.append(f"{channel.name}'s own log, which says whether it was billed: log = {{...}} in its [[channel]]")
    return (*found, *prompt_lacks(about))


def prompt_lacks(about: Subject) -> tuple[str, ...]:
    """What is wrong with the prompt that was given, or that none was."""
    if about.other_prompt:
        return ("the prompt as it was sent: --prompt-file holds another one (its hash differs), which was left out",)
    if about.prompt is None and not about.canary:
        return ("the prompt: --prompt-file FILE allows the pre-screen and the rungs that repeat the request",)
    return ()
