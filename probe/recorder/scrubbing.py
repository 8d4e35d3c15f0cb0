"""The prompt, what is quoted from it, and keys taken out of the words of an answer."""

import json
from collections.abc import Iterator

from probe.config import secrets

QUOTE_CHARACTERS, QUOTE_CHARACTERS_CJK = 24, 10
"""So many characters in a row that stand in the prompt too are a quotation of it; in Chinese they say more."""

SHORTEST_PROMPT = 4
"""A shorter prompt is not looked for: it stands in any text."""


class Scrub:
    """Takes the prompt, whatever is quoted from it, and the keys out of a text."""

    def __init__(self, prompt: str | None, keys: tuple[str, ...]) -> None:
        self._redact = secrets.Redactor(map(secrets.Secret, keys))
        self._prompt = (prompt or "").strip()
        self._length = QUOTE_CHARACTERS if self._prompt.isascii() else QUOTE_CHARACTERS_CJK
        self._grams: frozenset[str] | None = None

    def __call__(self, text: str) -> str:
        if not text:
            return text
        if self._prompt:
            text = self._without_quotes(text)
            if len(self._prompt) >= SHORTEST_PROMPT:
                text = text.replace(self._prompt, "[prompt]")
        return self._redact(text)

    def _without_quotes(self, text: str) -> str:
        """The text less every stretch of it that stands in the prompt too, as it is or as JSON writes it."""
        length = self._length
        if self._grams is None:
            forms = {self._prompt, json.dumps(self._prompt)[1:-1], json.dumps(self._prompt, ensure_ascii=False)[1:-1]}
            self._grams = frozenset(gram for form in forms for gram in grams(lowered(form), length))
        kept, end = list[str](), 0
        for at, gram in enumerate(grams(lowered(text), length)):
            if gram not in self._grams:
                continue
            if at > end:
                kept += [text[end:at], "[prompt]"]
            elif not kept:
                kept.append("[prompt]")
            end = at + length
        return "".join(kept) + text[end:]


def lowered(text: str) -> str:
    """The text in lower case, character by character: the few letters that would become two stay as they are."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(small if len(small := each.lower()) == 1 else each for each in text)


def grams(text: str, length: int) -> Iterator[str]:
    """Every stretch of so many characters."""
    return (text[at : at + length] for at in range(len(text) - length + 1))
