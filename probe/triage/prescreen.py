"""The pre-screen of a batch of prompts before they are paid for: paced, resumable, and no prompt is kept."""

import contextlib
import dataclasses
import json
import pathlib
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence

from probe import clock as clocks
from probe import model, moderation

PROMPTS_A_REQUEST = 20
"""The service takes a list; an answer has one result each."""

ATTEMPTS = 5
"""How often a request is made before its prompts are left unchecked, as long as the service is believed to be up."""

FIRST_PAUSE_S = 2.0
"""Doubled after each refusal that names no pause of its own."""

PROMPT_CAP_CHARACTERS = 32_000
LINE_CAP_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True, slots=True)
class Prompt:
    """One line of the file. `mark` tells a changed prompt from the one screened before; it is too short to guess by."""

    line: int
    id: str
    text: str = dataclasses.field(repr=False)

    @property
    def mark(self) -> str:
        return f"{zlib.crc32(self.text.encode('utf-8', 'replace')):08x}"


class PromptError(model.UserError):
    """A line that holds no prompt."""

    exit_code = 2


def read(lines: Iterable[bytes]) -> Iterator[Prompt]:
    """Prompts from NDJSON: an object with `prompt` (and `id`), or a string; raises PromptError naming the line."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line) if len(line) <= LINE_CAP_BYTES else None
        except (ValueError, RecursionError):
            found = None
        text = found.get("prompt") if isinstance(found, dict) else found
        if not isinstance(text, str) or not text.strip() or len(text) > PROMPT_CAP_CHARACTERS:
            raise PromptError(
                f'line {number} holds no prompt: write {{"prompt": "..."}} with 1 to {PROMPT_CAP_CHARACTERS} characters'
            )
        named = found.get("id") if isinstance(found, dict) else None
        yield Prompt(number, str(named)[:200] if isinstance(named, str | int) else "", text)


def done(path: pathlib.Path) -> dict[int, str]:
    """Line -> mark of what an earlier run has checked; a line cut by a crash is checked again.

    Raises OSError where there is a file and it cannot be read.
    """
    checked = {}
    with contextlib.suppress(FileNotFoundError), path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                found = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(found, dict) and found.get("state") in {"clean", "flagged"}:
                checked[found.get("line")] = found.get("mark")
    return {line: mark for line, mark in checked.items() if isinstance(line, int) and isinstance(mark, str)}


def facts(prompt: Prompt, screen: moderation.Screen) -> dict[str, object]:
    """One line of the result, without the prompt."""
    return {
        "line": prompt.line,
        "id": prompt.id or None,
        "mark": prompt.mark,
        "state": screen.state,
        "categories": list(screen.categories),
        "reason": screen.reason,
    }


async def run(
    prompts: Sequence[Prompt],
    ask: Callable[[Sequence[str]], Awaitable[list[moderation.Screen]]],
    clock: clocks.Clock,
    per_minute: float,
) -> AsyncIterator[tuple[Prompt, moderation.Screen]]:
    """Ask about all, a list at a time, at most `per_minute` requests; yields each answer as it comes.

    A service that left a whole list unchecked is asked once about each further one, until it answers again.
    """
    attempts = ATTEMPTS
    for first in range(0, len(prompts), PROMPTS_A_REQUEST):
        chosen = prompts[first : first + PROMPTS_A_REQUEST]
        started_s = clock.monotonic_s()
        answers = await patiently(chosen, ask, clock, attempts)
        attempts = 1 if all(answer.again for answer in answers) else ATTEMPTS
        for pair in zip(chosen, answers, strict=True):
            yield pair
        if first + PROMPTS_A_REQUEST < len(prompts):
            await clock.sleep(max(0.0, 60.0 / per_minute - (clock.monotonic_s() - started_s)))


async def patiently(
    chosen: Sequence[Prompt],
    ask: Callable[[Sequence[str]], Awaitable[list[moderation.Screen]]],
    clock: clocks.Clock,
    attempts: int,
) -> list[moderation.Screen]:
    """Ask again after a refusal that may pass, as long as it asks for or twice as long as before."""
    pause_s = FIRST_PAUSE_S
    for attempt in range(1, attempts + 1):
        answers = await ask([prompt.text for prompt in chosen])
        if attempt == attempts or not any(answer.again for answer in answers):
            break
        asked_s = next((answer.retry_after_s for answer in answers if answer.retry_after_s is not None), None)
        await clock.sleep(asked_s if asked_s is not None else pause_s)
        pause_s *= 2
    return answers


def counts(screens: Iterable[Mapping[str, object]]) -> dict[str, int]:
    """How many of each state."""
    found = {"clean": 0, "flagged": 0, "not checked": 0}
    for screen in screens:
        found[str(screen["state"])] += 1
    return found
