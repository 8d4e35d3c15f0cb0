"""Own prompts that fail: which failure is news about a channel, which is a repeat, and which is the prompt's own."""

import datetime as dt
from typing import Literal, NamedTuple

REPEAT = dt.timedelta(hours=6)
"""A prompt that fails again within this says nothing new."""

MEMORY = dt.timedelta(days=7)
"""So long a prompt that failed is remembered."""

WORKS = 3
"""A channel that in between drew so many pictures of other prompts, and as many times its failures, was working."""

MOST_PROMPTS = 50_000

Fails = Literal["new", "repeat", "prompt"]


class Failure(NamedTuple):
    """A prompt's latest failure, and what the channel had done by then: pictures drawn, failures that counted."""

    at: dt.datetime
    drawn: int
    failed: int


class Memory:
    """What one channel did with own prompts.

    A prompt that fails again, though the channel worked for others in between, fails for what it says (on
    this channel): neither failure counts against the channel's health. While the channel is in trouble
    others fail too, and every failing prompt counts, once.
    """

    def __init__(self) -> None:
        self._failures: dict[str, Failure] = {}
        self._stubborn: set[str] = set()
        self._drawn = self._failed = 0

    def passes(self, prompt_id: str) -> None:
        """A picture came back."""
        self._drawn += 1
        self._failures.pop(prompt_id, None)
        self._stubborn.discard(prompt_id)

    def fails(self, prompt_id: str, at: dt.datetime) -> Fails:
        """`new`: it counts. `repeat`: it counted before. `prompt`: it is the prompt, and its last one should not have."""
        before = self._failures.get(prompt_id) if prompt_id else None
        said = self._said(prompt_id, before, at)
        self._failed += said == "new"
        if prompt_id:
            self._failures[prompt_id] = Failure(at, self._drawn, self._failed)
            self._forget(at)
        return said

    def _said(self, prompt_id: str, before: Failure | None, at: dt.datetime) -> Fails:
        if before is None or abs(at - before.at) > MEMORY:
            self._stubborn.discard(prompt_id)
            return "new"
        if prompt_id in self._stubborn:
            return "repeat"
        drawn, failed = self._drawn - before.drawn, self._failed - before.failed
        if drawn >= WORKS * max(1, failed):
            self._stubborn.add(prompt_id)
            return "prompt"
        return "repeat" if abs(at - before.at) < REPEAT else "new"

    def _forget(self, now: dt.datetime) -> None:
        if len(self._failures) > MOST_PROMPTS:
            self._failures = {each: seen for each, seen in self._failures.items() if abs(now - seen.at) < REPEAT}
            self._stubborn &= self._failures.keys()
