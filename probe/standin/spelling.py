"""What a misspelt word of a scenario was meant to be."""

import difflib
from collections.abc import Iterable


def hint(word: str, known: Iterable[str], otherwise: str) -> str:
    """`did you mean 'x'?` where something similar is known, else the other advice."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {near[0]!r}?" if near else otherwise
